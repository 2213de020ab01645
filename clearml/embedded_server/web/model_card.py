"""The card of a model: an artifact of the experiment that made it, shown on the model's page.

Whoever may write to the server may write a card, so it is shown as the work of a stranger: in a frame of no origin, in
which nothing runs, nothing is loaded, and nothing of the page around it can be reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.responses import Response

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.web import stored_files
from embedded_server.web.page import NotThere, Visit

#: names of the artifacts; an experiment that made an ensemble, too, has a second card
_CARD, _ENSEMBLE_CARD = "model_card", "model_card_ensemble"
_ENSEMBLE_TAG = "ensemble"
#: bytes of a card that is shown; a card of 1,000 columns has a tenth of it
_LARGEST = 4 << 20

HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    # with any other value, a browser refuses a page that is in a sandbox of its own
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "no-referrer",
}


def card_of(store: Store, model: Document) -> dict[str, str | None] | None:
    """Where a model has its card: ``page`` to show it, ``html`` and ``markdown`` to download it; None without one."""
    task = store.documents.get("tasks", model.get("task") or "")
    html, markdown = (_uri(task, model, ending) for ending in (".html", ".md"))
    if _file(store, html) is None:
        return None
    return {
        "page": f"/models/{model['id']}/card",
        "html": stored_files.link(store, html),
        "markdown": stored_files.link(store, markdown),
    }


def show_card(visit: Visit) -> Response:
    """``/models/{id}/card``: the card itself, under a policy that keeps it from everything."""
    store = visit.store
    model = store.documents.get("models", visit.place("id"))
    task = store.documents.get("tasks", model.get("task") or "") if model else None
    file = _file(store, _uri(task, model, ".html")) if model else None
    if file is None:
        raise NotThere("There is no such model, or it has no card.")
    with file.open("rb") as stream:
        content = stream.read(_LARGEST)
    return Response(content, media_type="text/html; charset=utf-8", headers=HEADERS)


def _uri(task: Document | None, model: Document, ending: str) -> Any:
    """What the experiment says of where the card lies; None where it has none."""
    own = _ENSEMBLE_CARD if is_ensemble(model) else _CARD
    return next((artifact.get("uri") for artifact in _artifacts(task) if artifact.get("key") == own + ending), None)


def is_ensemble(model: Document) -> bool:
    """Whether a model is the ensemble beside an experiment's best, of which the experiment's own scores do not tell."""
    return _ENSEMBLE_TAG in (model.get("tags") or ())


def _artifacts(task: Document | None) -> Iterator[dict[str, Any]]:
    for artifact in ((task or {}).get("execution") or {}).get("artifacts") or ():
        if isinstance(artifact, dict):
            yield artifact


def _file(store: Store, uri: Any) -> Path | None:
    """The file, if it lies in the file store of this server."""
    if not isinstance(uri, str) or not uri.lower().startswith(("http://", "https://")):
        return None
    path = stored_files.path_of(store, uri)
    return store.files.find(path) if path else None
