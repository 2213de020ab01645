"""Writes docs/embedded-server-actions.md, what is served: ``python -m embedded_server.actions_document``."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

from embedded_server import schemas, services
from embedded_server.calls import ACTIONS
from embedded_server.version import API_VERSION

DOCUMENT = Path(__file__).parents[2] / "docs" / "embedded-server-actions.md"

_HEAD = """# Actions of the embedded server

Made by `make docs` from the server's code and from the installed SDK; do not edit.

The SDK carries a schema of the request of **{known}** actions. The embedded server serves **{served}** of them,
validates their requests with these very schemas, and answers the other {refused} with the error 400, subcode 18, "...
is not supported by the embedded server": they are the hyper-datasets of ClearML's enterprise edition, and the sharing
of tasks between companies. {more} more actions are served that the SDK has no schema of, mostly for web interfaces. An
action that neither knows is a 404. The version of the API is {version}; any version in the path is taken.
"""


def document() -> str:
    """The document, as Markdown."""
    services.load()
    known = schemas.known_endpoints()
    served = [endpoint for endpoint in known if endpoint in ACTIONS]
    more = sorted(set(ACTIONS) - set(known))
    refused = sorted(set(known) - set(served))
    head = _HEAD.format(known=len(known), served=len(served), refused=len(refused), more=len(more), version=API_VERSION)
    parts = [head, "## Served\n"]
    for service in sorted({endpoint.partition(".")[0] for endpoint in ACTIONS}):
        rows = [_row(endpoint, known) for endpoint in sorted(ACTIONS) if endpoint.partition(".")[0] == service]
        parts.append("\n".join([f"### {service}\n", "| action | schema | what |", "|---|---|---|", *rows, ""]))
    parts.append("## Not supported\n")
    for service in sorted({endpoint.partition(".")[0] for endpoint in refused}):
        names = [f"`{endpoint}`" for endpoint in refused if endpoint.partition(".")[0] == service]
        parts.append(f"- {', '.join(names)}")
    return "\n".join(parts) + "\n"


def _row(endpoint: str, known: dict[str, str]) -> str:
    summary = (inspect.getdoc(ACTIONS[endpoint]) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    return f"| `{endpoint}` | {known.get(endpoint, '-').lstrip('v').replace('_', '.')} | {summary} |"


def main() -> int:
    """Writes the document; with ``--check`` only says whether it is up to date."""
    parser = argparse.ArgumentParser(prog="python -m embedded_server.actions_document", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 where the document is out of date"
    )
    if not DOCUMENT.parent.is_dir():
        print(f"there is no folder {DOCUMENT.parent}: run this in a checkout", file=sys.stderr)
        return 2
    made = document()
    if parser.parse_args().check:
        if DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == made:
            return 0
        print(f"out of date: {DOCUMENT.name}; run 'make docs'", file=sys.stderr)
        return 1
    DOCUMENT.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
