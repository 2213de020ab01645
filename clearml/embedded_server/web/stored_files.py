"""Files of the file store, served to the pages: the browser may know this host by another name than the SDK did."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.responses import Response
from starlette.routing import Route

from embedded_server.calls import Store
from embedded_server.downloads import download
from embedded_server.web.page import NotThere, Visit, data


def link(store: Store, uri: Any) -> str | None:
    """Where a browser finds what a URI names: here, if the file store has it; None for what no browser can follow."""
    if not isinstance(uri, str) or not uri.lower().startswith(("http://", "https://")):
        return None  # any other scheme could do more than open a page
    path = path_of(store, uri)
    return uri if path is None else f"/files/{quote(path)}"


def path_of(store: Store, uri: str) -> str | None:
    """The path under which the file store has what an address names, or None."""
    try:
        path = unquote(urlsplit(uri).path).lstrip("/")
    except ValueError:
        return None
    return path if path and store.files.find(path) else None


def stored_file(visit: Visit) -> Response:
    """A file, to be saved, or drawn where a page shows a picture; never to be run."""
    file = visit.store.files.find(visit.place("path"))
    if file is None:
        raise NotThere("The file store has no such file.")
    return download(file)


ROUTES: list[Route] = [data("/files/{path:path}", stored_file)]
