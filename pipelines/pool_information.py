"""What the local pool's scheduler tells of its workers over HTTP, as ``/json/pool.json``, for the server's pages.

Dask's own ``/json/identity.json`` fails while workers are busy: their metrics then have keys that JSON cannot hold.
This is the same without those. The scheduler takes it by its configuration ``distributed.scheduler.http.routes``.
"""

from __future__ import annotations

import json
from typing import Any

from distributed.http.utils import RequestHandler


def told(identity: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's identity with only those metrics of its workers that JSON can hold."""
    workers = {
        address: {**worker, "metrics": {name: value for name, value in worker["metrics"].items() if _fits(value)}}
        for address, worker in identity["workers"].items()
    }
    return {**identity, "workers": workers}


def _fits(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


class Pool(RequestHandler):
    """Answers with what the scheduler knows of itself and its workers."""

    def get(self) -> None:
        """The answer."""
        self.write(told(self.server.identity()))


routes: list[tuple[str, type[Pool], dict[str, Any]]] = [("json/pool.json", Pool, {})]
