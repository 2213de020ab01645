"""Dask pools: the local one as its scheduler tells of itself, and others as the experiments on them report."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from embedded_server.calls import Store
from embedded_server.web.experiment_row import link, summaries

ANSWER_WITHIN = 1.0  # seconds
LARGEST_ANSWER = 16 << 20  # bytes
#: the title under which experiments report on their pools
POOL = "Pool"
#: A worker's own metrics that count its sub-processes as well, where it has them; else Dask's, of the process itself.
_LOAD, _MEMORY = ("tree cpu", "cpu"), ("tree memory", "memory")
#: states of a task that a worker is at; one that has left Dask's own threads counts, too
_AT_WORK = ("executing", "long-running")


def local_pool(scheduler_file: Path | None) -> dict[str, Any]:
    """The pool of a scheduler file.

    Args:
        scheduler_file: as ``dask scheduler --scheduler-file`` writes it; None where no pool is known.

    Returns:
        ``state``: unknown (no such pool), stopped, silent (it does not answer, ``reason`` says why) or running, then
        with ``address`` and ``workers``, each with its ``name``, ``threads``, the number of ``tasks`` that it is at,
        ``load`` (1 is one processor), ``memory`` and ``memory_limit`` in bytes, and when it was ``seen`` (epoch).
    """
    if scheduler_file is None:
        return {"state": "unknown", "workers": []}
    try:
        address = _information_address(json.loads(scheduler_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"state": "stopped", "workers": []}
    try:
        identity = _identity(address)
        found = [_worker(worker) for worker in identity["workers"].values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return {"state": "silent", "reason": f"{address} does not answer ({error})", "workers": []}
    return {
        "state": "running",
        "address": str(identity.get("address", "")),
        "workers": sorted(found, key=lambda worker: (len(worker["name"]), worker["name"])),
    }


def reported_pools(store: Store) -> list[dict[str, Any]]:
    """What the experiments that run now report of the pools that they use."""
    running = store.documents.query("tasks", "json_extract(body, '$.\"status\"') = 'in_progress'", order_by=["started"])
    found = []
    for task in running:
        values = {str(one.get("variant", "")): one["value"] for one in summaries(task) if one.get("metric") == POOL}
        if values:
            found.append({"id": task["id"], "name": task.get("name", ""), "link": link(task), "values": values})
    return found


def _information_address(content: dict[str, Any]) -> str:
    """Where a scheduler answers questions over HTTP."""
    host = urlsplit(content["address"]).hostname or "127.0.0.1"
    port = int(content["services"]["dashboard"])
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _identity(address: str) -> dict[str, Any]:
    """What a scheduler tells of itself and its workers.

    Dask's own ``identity.json`` fails while workers are busy (their metrics have keys that JSON cannot hold), so a pool
    may offer the same, mended, as ``pool.json``.
    """
    try:
        return _fetched(f"{address}/json/pool.json")
    except urllib.error.HTTPError:
        return _fetched(f"{address}/json/identity.json")


def _fetched(address: str) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's pool
    with opener.open(address, timeout=ANSWER_WITHIN) as answer:
        found: dict[str, Any] = json.loads(answer.read(LARGEST_ANSWER))
    return found


def _worker(identity: dict[str, Any]) -> dict[str, Any]:
    metrics = identity.get("metrics") or {}
    counts = metrics.get("task_counts") or {}
    load, memory = (next(_numbers(metrics, names), None) for names in (_LOAD, _MEMORY))
    return {
        "name": str(identity.get("name") or identity.get("id") or ""),
        "threads": identity.get("nthreads"),
        "tasks": sum(counts.get(state, 0) for state in _AT_WORK),
        "load": None if load is None else load / 100,
        "memory": memory,
        "memory_limit": identity.get("memory_limit") or None,
        "seen": identity.get("last_seen"),
        "status": str(identity.get("status", "")),
    }


def _numbers(metrics: dict[str, Any], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        if isinstance(metrics.get(name), (int, float)):
            yield float(metrics[name])
