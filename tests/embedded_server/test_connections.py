"""Clients that do nothing, or next to nothing."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from embedded_server.connections import Connection
from tests.embedded_server.server_process import raw, wait_until

LARGE = 64 << 20  # bytes, many times what the system holds for a connection
LONG = threading.Event()  # nobody sets it: waiting for it passes time


class Impatient(Connection):
    """Waits as the real one does, only shorter."""

    head_within = longest_pause = rest_within = 0.2
    look_every = 0.02


@dataclass(frozen=True)
class Impatience:
    """A server of such connections."""

    address: str
    connections: set[Any]

    def wait_until_it_hangs_up(self) -> None:
        wait_until(lambda: not self.connections)


@pytest.fixture(scope="module")
def server() -> Iterator[Impatience]:
    async def take(request: Request) -> Response:
        return PlainTextResponse(f"{len(await request.body())} bytes", headers={"Connection": "keep-alive"})

    async def refuse(request: Request) -> Response:
        return PlainTextResponse("no", 413)

    async def give(request: Request) -> Response:
        return Response(bytes(LARGE))

    routes = [
        Route("/", take, methods=["GET", "POST"]),
        Route("/refuse", refuse, methods=["POST"]),
        Route("/give", give),
    ]
    configuration = uvicorn.Config(
        Starlette(routes=routes), port=0, http=Impatient, ws="none", lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Impatience(f"http://127.0.0.1:{port}", server.server_state.connections)
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(server: Impatience) -> Iterator[socket.socket]:
    with raw(server.address) as client:
        yield client


def rest(client: socket.socket) -> bytes:
    """What still comes, until the other side hangs up."""
    found = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(1 << 20):
            found += chunk
    return bytes(found)


def answer(client: socket.socket, end: bytes = b" bytes") -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = client.recv(1000)
        assert chunk, found
        found += chunk
    return found


def drip(client: socket.socket, drop: Callable[[int], bytes]) -> None:
    """Sends drop after drop until the other side hangs up."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for number in itertools.count():
            assert number < 10_000, "it is never hung up on"
            client.sendall(drop(number))
            LONG.wait(0.01)


def header(number: int) -> bytes:
    return f"X-{number}: x\r\n".encode()


def test_who_says_nothing_is_hung_up_on(client: socket.socket) -> None:
    assert rest(client) == b""


def test_whose_head_drips_is_hung_up_on(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    drip(client, header)


def test_whose_second_head_drips_is_hung_up_on(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer(client)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    drip(client, header)


def test_who_stops_in_the_middle_of_a_body_is_hung_up_on(client: socket.socket) -> None:
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert rest(client) == b""


def test_who_goes_on_and_on_with_a_refused_body_reads_why_and_is_hung_up_on(client: socket.socket) -> None:
    client.sendall(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert b" 413 " in answer(client, b"no")
    drip(client, lambda number: b"x")


def test_who_does_not_fetch_the_answer_is_hung_up_on(server: Impatience, client: socket.socket) -> None:
    client.sendall(b"GET /give HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.recv(1)
    server.wait_until_it_hangs_up()
    assert len(rest(client)) < LARGE


def test_who_comes_when_all_are_taken_is_hung_up_on(server: Impatience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Impatient, "most", 3)
    monkeypatch.setattr(Impatient, "head_within", 60)
    taken = [raw(server.address) for _ in range(3)]
    wait_until(lambda: len(server.connections) == 3)
    with raw(server.address) as late:
        assert rest(late) == b""
    taken.pop().close()
    wait_until(lambda: len(server.connections) == 2)
    with raw(server.address) as next_one:
        next_one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in answer(next_one)
    for one in taken:
        one.close()
    server.wait_until_it_hangs_up()


def test_who_is_slow_but_steady_is_served(client: socket.socket) -> None:
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n")
    for _ in range(50):
        client.sendall(b"x")
        LONG.wait(0.01)
    assert b"50 bytes" in answer(client)


def test_who_is_idle_between_two_calls_is_left_alone(client: socket.socket) -> None:
    for _ in range(2):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in answer(client)
        LONG.wait(2 * Impatient.head_within)
