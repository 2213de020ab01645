"""Writes what the typed settings say into the documents: ``python -m config.documentation``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

from config.settings import SECTIONS, describe

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"
DOCUMENTS = ("README.md", "docs/settings.md")


def settings_table(with_sections: bool) -> str:
    """The settings as Markdown.

    Args:
        with_sections: a table for each section with every setting's help; else one table of the essentials.
    """
    if not with_sections:
        return _table([d for d in describe() if d.name in ESSENTIAL])
    parts = []
    for section in (*SECTIONS, "Launch"):
        parts.append(f"## {section}\n\n" + _table([d for d in describe() if d.section == section]))
    return "\n\n".join(parts)


#: what the README shows; docs/settings.md has all
ESSENTIAL = (
    "data", "target_column", "metric", "time_left", "generations", "population_size", "per_run_limit", "cv_folds",
    "search_space", "seed", "parallel_mode", "n_jobs",
)  # fmt: skip


def _table(descriptions: list) -> str:
    rows = ["| option | environment | default | what |", "|---|---|---|---|"]
    for d in descriptions:
        default = "processors - 1, but 2 where there are 2; at most 8" if d.name == "n_jobs" else d.default_text
        choices = f" One of {', '.join(get_args(d.type))}." if get_origin(d.type) is Literal else ""
        rows.append(f"| `{d.option}` | `{d.environment}` | {default} | {d.help}{choices} |")
    return "\n".join(rows)


def documented(text: str, with_sections: bool) -> str:
    """A document with its settings made anew between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_table(with_sections)}\n\n{END}{after}"


def main() -> int:
    """Writes the documents; with ``--check`` only says whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 where a document is out of date"
    )
    check = parser.parse_args().check
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        made = documented(text, with_sections=name != "README.md")
        if made != text:
            stale.append(name)
            if not check:
                path.write_text(made, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run 'make docs'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
