"""``python -m embedded_server``: starts the server, or prints a login link of the one that runs."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

from embedded_server.neighbours import COMMAND_OPTION, POOL_OPTION, Neighbours, command_words
from embedded_server.ports import StartError, is_loopback

DEFAULT_PORTS = {"api": 8008, "files": 8081, "web": 8080}
ANSWER_WITHIN = 5.0  # seconds

_REACHABLE = (
    "warning: other machines can reach this server at {}. It speaks plain HTTP: whoever can read the network can read"
    " keys, files and results along; and whoever has a key pair or a login link can change and delete everything here,"
    " and run any code on machines whose agents serve its queues. Do this inside a network that you trust only, or"
    " behind a proxy that speaks HTTPS."
)


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
            print(_REACHABLE.format(options.host), file=sys.stderr)
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        from embedded_server.process import run
        from embedded_server.storage.database import (
            UnusableDatabaseError,  # imports of a server, after all cheap refusals
        )

        try:
            ports = {name: getattr(options, f"{name}_port") for name in DEFAULT_PORTS}
            neighbours = Neighbours(options.experiment_command, options.pool_file)
            run(folder, options.host, ports, options.web_origin, neighbours)
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
        "--web-origin",
        type=_origin,
        action="append",
        default=[],
        metavar="URL",
        help="another address under which browsers reach the web port, as through a proxy; can be given repeatedly",
    )
    parser.add_argument(
        COMMAND_OPTION,
        type=_command,
        default=(),
        metavar="WORDS",
        help="command that makes experiments out of tables which are dropped on a page, as a JSON list of words",
    )
    parser.add_argument(
        POOL_OPTION, type=Path, metavar="FILE", help="scheduler file of the Dask pool that a page tells of"
    )
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


def _command(text: str) -> tuple[str, ...]:
    try:
        return command_words(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _origin(text: str) -> str:
    parts = urlsplit(text)
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if parts.scheme not in ("http", "https") or not parts.netloc or text.rstrip("/").lower() != origin:
        raise argparse.ArgumentTypeError(f"{text!r} is no origin; type one such as https://clearml.example")
    return origin


def _login_link(folder: Path) -> str:
    """A fresh login link of the server that runs in a folder, from its web port's ``POST /login-link``."""
    from embedded_server.access.accounts import read_credentials
    from embedded_server.process import read_address

    web = read_address(folder)["web"]
    try:
        pair = read_credentials(folder / "credentials.json")
    except (OSError, ValueError):
        raise StartError(
            f"{folder / 'credentials.json'} holds no key pair; restart the server, which makes it"
        ) from None
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
