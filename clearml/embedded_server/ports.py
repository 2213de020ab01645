"""The ports that a server listens at."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("api", "files", "web")
_BACKLOG = 512  # connections that wait to be accepted


class StartError(Exception):
    """The server cannot be started as asked; its text is one line that says why and what to do."""


@dataclass(frozen=True)
class Listeners:
    """Bound sockets, by the name of their port."""

    host: str
    sockets: Mapping[str, socket.socket]

    def address(self, name: str) -> str:
        """The URL of a port, as other processes reach it."""
        # A wildcard is no address that anybody could call.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port(name)}"

    def port(self, name: str) -> int:
        """The number of a port."""
        number: int = self.sockets[name].getsockname()[1]
        return number

    def close(self) -> None:
        """Gives the ports back."""
        for one in self.sockets.values():
            one.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to a host.

    Raises:
        StartError: the host has no address.
    """
    addresses = {str(found[4][0]).partition("%")[0] for found in _addresses(host)}
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def listen(host: str, ports: Mapping[str, int]) -> Listeners:
    """Takes all ports, or none.

    Args:
        host: name or address to bind to.
        ports: number by name; 0 for any that is free.

    Raises:
        StartError: a port is taken, or may not be taken; the text names the flag that chooses another.
    """
    family, address = _addresses(host)[0][0], str(_addresses(host)[0][4][0])
    sockets: dict[str, socket.socket] = {}
    for name, port in ports.items():
        # asyncio turns Nagle's algorithm off only where the protocol is named; with it, every answer takes 40 ms.
        one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sockets[name] = one
        try:
            # Lets a port be taken again at once after a restart; never one that somebody listens at.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address, port))
            one.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            Listeners(host, sockets).close()
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StartError(
                f"port {port} of {host} cannot be used ({why}); choose another by --{name}-port, 0 for any free one"
            ) from None
    return Listeners(host, sockets)


def _addresses(host: str) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int, ...]]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise StartError(f"the host {host!r} has no address; choose another by --host") from None
    return found  # type: ignore[return-value]
