"""Style sheets, scripts and plotly, at addresses that change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
import importlib.util
import mimetypes
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
FOR_EVER = "public, max-age=31536000, immutable"


def address(name: str) -> str:
    """Where a browser finds a file; one version for all, so that scripts import each other by relative names."""
    return f"/static/{version()}/{name}"


@cache
def version() -> str:
    """A digest of all files; plotly's is that of its size, for it is large and changes with its release only."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    plotly = find(PLOTLY)
    digest.update(str(plotly.stat().st_size if plotly else 0).encode())
    return digest.hexdigest()[:12]


def find(name: str) -> Path | None:
    """The file of a name, or None."""
    if name == PLOTLY:
        found = importlib.util.find_spec("plotly")  # does not import it, which would cost a second and much memory
        folders = list(found.submodule_search_locations or ()) if found else []
        file = Path(folders[0]) / "package_data" / PLOTLY if folders else FOLDER / name
    else:
        file = FOLDER / name
    return file if "/" not in name and not name.startswith(".") and file.is_file() else None


async def static(request: Request) -> Response:
    """One of the files; anybody may see them."""
    file = find(request.path_params["name"])
    if file is None:
        return PlainTextResponse("Not found", 404)
    # An open page of an older version still finds its scripts, but a browser must not keep those under its address.
    kept = FOR_EVER if request.path_params["version"] == version() else "no-store"
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return FileResponse(file, media_type=kind, headers={"Cache-Control": kept})


ROUTES = [Route("/static/{version}/{name}", static)]
