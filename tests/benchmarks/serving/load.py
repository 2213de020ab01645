"""The client of the benchmark, a process of its own: keep-alive connections, each asking again when it is answered.

Reads its orders as JSON from standard input and prints what it measured as JSON. Requests are made beforehand and
answers are only looked at for their status and length, so that the client takes little of the machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True)
class Orders:
    """What to ask, and how."""

    url: str
    #: bodies of requests, taken in turn
    bodies: list[str]
    headers: dict[str, str]
    connections: int
    warm_up: float  # seconds
    seconds: float


@dataclass
class Tally:
    """What came of it."""

    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    first_failure: str = ""
    is_counting: bool = False
    is_over: bool = False


class Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: list[bytes], offset: int, tally: Tally) -> None:
        self._requests, self._next, self._tally = requests, offset, tally
        self._received = b""
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self._transport = transport
        self._ask()

    def data_received(self, data):
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        tally = self._tally
        if tally.is_counting:
            tally.latencies.append(time.perf_counter() - self._asked)
        if not head.startswith(b"HTTP/1.1 200"):
            tally.failures += 1
            tally.first_failure = tally.first_failure or self._received[:500].decode(errors="replace")
        self._received = b""
        if tally.is_over:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, error):
        if not self._tally.is_over:
            self._tally.failures += 1
            self._tally.first_failure = self._tally.first_failure or "the connection was closed"
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self):
        self._next = (self._next + 1) % len(self._requests)
        self._asked = time.perf_counter()
        self._transport.write(self._requests[self._next])


async def ask(orders: Orders) -> dict:
    """Asks as long as ordered, and tells what came."""
    parts = urlsplit(orders.url)
    given = "".join(f"{name}: {value}\r\n" for name, value in orders.headers.items())
    requests = []
    for text in orders.bodies:
        body = text.encode()
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{given}Content-Length: {len(body)}\r\n\r\n"
        requests.append(head.encode() + body)
    tally = Tally()
    loop = asyncio.get_running_loop()
    askers = []
    for number in range(orders.connections):
        offset = number * len(requests) // orders.connections
        _, asker = await loop.create_connection(
            lambda offset=offset: Asker(requests, offset, tally), parts.hostname, parts.port
        )
        askers.append(asker)
    await asyncio.sleep(orders.warm_up)
    cpu, began = time.process_time(), time.perf_counter()
    tally.is_counting = True
    await asyncio.sleep(orders.seconds)
    tally.is_counting = False
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    tally.is_over = True
    await asyncio.wait([asker.ended for asker in askers], timeout=30)
    ordered = sorted(tally.latencies)

    def quantile(share: float) -> float:
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    return {
        "requests": len(ordered), "seconds": seconds, "per_second": len(ordered) / seconds,
        "p50_ms": quantile(0.50), "p95_ms": quantile(0.95), "p99_ms": quantile(0.99), "longest_ms": quantile(1.0),
        "failures": tally.failures, "first_failure": tally.first_failure, "client_cpu": cpu / seconds,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(uvloop.run(ask(Orders(**json.load(sys.stdin))))))
