"""A stored file as an answer to a browser, which saves it or draws it, and never runs it."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.responses import FileResponse

#: Whatever a file says it is, a browser must not run it: it lies on the host that the token's cookie is sent to.
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}
#: shown in the window where a person opens one; a picture made of dots holds no script
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"})
#: kept as they are, to be saved: a page may draw, play or read them, and none of it runs
_KEPT = frozenset(
    {"image/svg+xml", "application/json", "text/plain", "text/csv", "application/zip", "application/gzip"}
)
_UNKNOWN = "application/octet-stream"


def download(file: Path) -> FileResponse:
    """A file of the store.

    Args:
        file: whole; its name says what it is, and what it says is believed only where that is harmless.
    """
    kind, encoding = mimetypes.guess_type(file.name)
    is_harmless = kind in _SHOWN or kind in _KEPT or (kind or "").startswith(("audio/", "video/"))
    return FileResponse(
        file,
        media_type=kind if kind and is_harmless and not encoding else _UNKNOWN,
        filename=file.name,
        content_disposition_type="inline" if kind in _SHOWN and not encoding else "attachment",
        headers=SAFETY,
    )
