"""Runs the cases against any server that speaks ClearML's API.

    python -m tests.conformance --api URL --files URL --key KEY --secret SECRET [--web URL --sdk] [--only NAME] [-v]

A line for each case that does not hold; the last line is "N of M cases hold". The exit status is 0 if all hold, 1 if
some do not, 2 if the server cannot be used.
With ``--sdk`` the scenarios of the genuine SDK run as well, which takes a minute or two.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import requests

from tests.conformance import cases, scenario_process
from tests.conformance.cases import Case
from tests.conformance.expectations import Mismatch
from tests.conformance.scenario_process import Addresses
from tests.conformance.server import Server

#: name, the reason why it does not hold or None, seconds
Held = tuple[str, str | None, float]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--api", required=True, help="URL of the API server")
    parser.add_argument("--files", required=True, help="URL of the file server")
    parser.add_argument("--web", default="http://localhost:8080", help="URL of the web server")
    parser.add_argument("--key", required=True, help="access key")
    parser.add_argument("--secret", required=True, help="secret key")
    parser.add_argument("--sdk", action="store_true", help="run the scenarios of the genuine SDK, too")
    parser.add_argument("--only", metavar="NAME", default="", help="run only what has NAME in its name")
    parser.add_argument("-v", "--verbose", action="store_true", help="also print what holds, with its seconds")
    options = parser.parse_args()

    addresses = Addresses(options.api, options.files, options.web, options.key, options.secret)
    try:
        server = Server(options.api, options.files, options.key, options.secret)
        server.prime()
    except (requests.RequestException, Mismatch, KeyError, ValueError) as error:
        print(f"the server at {options.api} cannot be used with this key pair: {error}", file=sys.stderr)
        return 2
    failed = _report("cases", _run_cases(server, options.only), options.verbose)
    if options.sdk:
        failed += _report("scenarios", scenario_process.run_all(addresses, options.only), options.verbose)
    return 1 if failed else 0


def _run_cases(server: Server, only: str) -> Iterator[Held]:
    for name, case in cases.load().items():
        if only in name:
            start = time.monotonic()
            reason = _reason(case, server)
            yield name, reason, time.monotonic() - start


def _reason(case: Case, server: Server) -> str | None:
    try:
        case(server)
    except Mismatch as error:
        return str(error).replace("\n", " ")
    except Exception as error:  # a missing field, a dropped connection: the case does not hold either
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    return None


def _report(noun: str, results: Iterator[Held], verbose: bool) -> int:
    held = count = 0
    for name, reason, seconds in results:
        count += 1
        held += reason is None
        if reason is not None:
            print(f"FAIL {name}: {reason}", flush=True)
        elif verbose:
            print(f"ok   {name} ({seconds:.2f} s)", flush=True)
    print(f"{held} of {count} {noun} hold")
    return count - held


if __name__ == "__main__":
    sys.exit(main())
