"""``python -m embedded_server``: starts the server, or prints a login link of the one that runs."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path

from embedded_server.ports import StartError, is_loopback

DEFAULT_PORTS = {"api": 8008, "files": 8081, "web": 8080}
ANSWER_WITHIN = 5.0  # seconds


def main() -> int:
    """Runs the command line; its exit code: 2 where the server cannot be started as asked."""
    options = _parser().parse_args()
    folder = Path(options.folder).expanduser().absolute()
    try:
        if options.print_login_link:
            print(_login_link(folder))
            return 0
        if not is_loopback(options.host):
            if not options.allow_remote:
                raise StartError(
                    f"--host {options.host} lets other machines reach the server, over plain HTTP, where every file and"
                    " key can be read along; add --allow-remote if that is what you want"
                )
            print(
                f"warning: other machines can reach this server at {options.host}; it speaks plain HTTP, so whoever can"
                " read the network can read keys, files and results",
                file=sys.stderr,
            )
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        from embedded_server.database import UnusableDatabaseError  # imports of a server, after all cheap refusals
        from embedded_server.process import run

        try:
            run(folder, options.host, {name: getattr(options, f"{name}_port") for name in DEFAULT_PORTS})
        except UnusableDatabaseError as error:
            raise StartError(str(error)) from None
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedded_server", description="A ClearML-compatible server on SQLite and local files."
    )
    parser.add_argument("--folder", required=True, help="data folder, made at the first start")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to bind to (default: %(default)s, this machine only)"
    )
    for name, port in DEFAULT_PORTS.items():
        parser.add_argument(
            f"--{name}-port",
            type=_port,
            default=port,
            metavar="PORT",
            help=f"{name} port, 0 for any free one (default: {port})",
        )
    parser.add_argument("--allow-remote", action="store_true", help="let --host be reachable from other machines")
    parser.add_argument(
        "--print-login-link",
        action="store_true",
        help="print a link that logs a browser in, once, to the server that runs in the folder",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; type a number from 0 to 65535")
    return int(text)


def _login_link(folder: Path) -> str:
    """A fresh login link of the server that runs in a folder, from its web port's ``POST /login-link``."""
    from embedded_server.accounts import read_credentials
    from embedded_server.process import read_address

    web = read_address(folder)["web"]
    pair = read_credentials(folder / "credentials.json")
    basic = b64encode(f"{pair.access_key}:{pair.secret_key}".encode()).decode()
    request = urllib.request.Request(f"{web}/login-link", method="POST", headers={"Authorization": f"Basic {basic}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's server
    try:
        with opener.open(request, timeout=ANSWER_WITHIN) as answer:
            link: str = json.load(answer)["link"]
    except (OSError, ValueError, KeyError) as error:
        raise StartError(f"the server at {web} gives no login link ({error}); is it running?") from None
    return link


if __name__ == "__main__":
    sys.exit(main())
