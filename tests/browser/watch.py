"""What a page does besides being shown: errors on its console, and requests that leave the server's machine."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

#: schemes that reach no other machine
LOCAL_SCHEMES = ("data", "blob", "about", "chrome-error")


class Watch:
    """Takes note of a page's faults, from its first request on.

    Args:
        page: the page.
        host: the one that it may ask, whatever the port: artifacts come from the files port.
        forgiven: a pattern of faults that a test provokes.
    """

    def __init__(self, page: Page, host: str, forgiven: str | None = None) -> None:
        self._host = host
        self._forgiven = forgiven
        self._faults: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("request", self._on_request)

    def check(self) -> None:
        """Fails where the page has faults."""
        assert [fault for fault in self._faults if not (self._forgiven and re.search(self._forgiven, fault))] == []

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._faults.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _on_error(self, error: Error) -> None:
        self._faults.append(f"uncaught: {error.message}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in LOCAL_SCHEMES and parts.hostname != self._host:
            self._faults.append(f"request to another host: {request.url}")
