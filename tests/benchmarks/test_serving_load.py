"""The client that drives the service under load counts what it should."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.serving.load import Orders, ask


def measured(status: str, connections: int = 3) -> dict:
    """What the client says of a server that answers everything with this status."""

    async def answer(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok".encode())

    async def serve():
        async def connected(reader, writer):
            try:
                await answer(reader, writer)
            except asyncio.IncompleteReadError:  # it has hung up
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        orders = Orders(
            f"http://127.0.0.1:{port}/predict", ["{}", "[{}]"], {"X-API-Key": "key"}, connections, 0.05, 0.2
        )
        try:
            return await ask(orders)
        finally:
            server.close()
            await asyncio.sleep(0)

    return asyncio.run(serve())


def test_answers_are_counted_and_timed():
    told = measured("200 OK")
    assert told["requests"] > 0
    assert told["failures"] == 0
    assert 0 < told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"] <= told["longest_ms"]
    assert told["per_second"] * told["seconds"] == pytest.approx(told["requests"])


def test_answers_that_are_none_are_told_of():
    told = measured("422 Unprocessable Content")
    assert told["failures"] >= told["requests"] > 0
    assert told["first_failure"].startswith("HTTP/1.1 422")
