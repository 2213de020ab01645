"""The server as a process: three ports in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from embedded_server import application
from embedded_server.connections import Connection
from embedded_server.neighbours import NO_NEIGHBOURS, Neighbours
from embedded_server.ports import Listeners, StartError, listen
from embedded_server.storage.folder_lock import FolderLock
from embedded_server.version import SERVER_VERSION

ADDRESS_FILE = "server.json"
GRACE = 1  # seconds that calls under way have to end after a signal
KEEP_ALIVE = 75  # seconds that an idle connection stays; longer than clients pause between calls


def run(
    folder: Path,
    host: str,
    ports: Mapping[str, int],
    web_origins: Sequence[str] = (),
    neighbours: Neighbours = NO_NEIGHBOURS,
) -> None:
    """Serves until SIGTERM or SIGINT.

    ``server.json`` in the folder says where, from the moment at which all ports answer until the end.

    Args:
        folder: the data folder.
        host: to bind to.
        ports: number by name (api, files, web); 0 for any that is free.
        web_origins: further addresses under which browsers reach the web port, as through a proxy.
        neighbours: what runs beside the server, for its pages.

    Raises:
        StartError: a port is taken, or the folder is in use or cannot be written; nothing has been written then.
    """
    os.umask(0o077)  # what the server writes is its owner's business only
    _take_file_descriptors()
    lock = FolderLock(folder)
    lock.check()
    listeners = listen(host, ports)
    try:
        _make(folder)
        lock.take()
        (folder / ADDRESS_FILE).unlink(missing_ok=True)  # a killed server leaves its own behind
        try:
            applications = application.build(folder, [*_web_origins(listeners), *web_origins], neighbours)
        except (OSError, sqlite3.OperationalError) as error:
            raise StartError(f"the folder {folder} cannot be used ({error}); choose another by --folder") from None
        except sqlite3.DatabaseError as error:
            raise StartError(
                f"the database in {folder} is damaged ({error}); put it aside and restore a backup, or choose another"
                " by --folder"
            ) from None
        try:
            served = {"api": applications.api, "files": applications.files, "web": applications.web}
            asyncio.run(_serve(folder, listeners, served))
        finally:
            applications.database.close()
    finally:
        if lock.is_held:
            (folder / ADDRESS_FILE).unlink(missing_ok=True)
        listeners.close()
        lock.release()


def _take_file_descriptors() -> None:
    """Lets the process have as many files open as all connections need, and the database and the file store besides."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * Connection.most
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # then it makes do with what it has
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"the folder {folder} cannot be made ({error.strerror}); choose another by --folder") from None


def read_address(folder: Path) -> dict[str, str]:
    """Where the server of a folder answers: pid, api, files, web, version.

    Raises:
        StartError: no server runs in the folder.
    """
    try:
        found: dict[str, str] = json.loads((folder / ADDRESS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StartError(f"no server runs in the folder {folder}; start one by python -m embedded_server") from None
    return found


async def _serve(folder: Path, listeners: Listeners, applications: Mapping[str, Starlette]) -> None:
    servers = {name: _Server(_configuration(one)) for name, one in applications.items()}
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers.values():
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.create_task(servers[name].serve([listeners.sockets[name]])) for name in servers]
    try:
        while not all(server.started for server in servers.values()) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.005)
        if all(server.started for server in servers.values()):
            _announce(folder, listeners)
        await asyncio.gather(*tasks)
    finally:
        stop()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to the process, which holds three of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _configuration(one: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        one,
        loop="asyncio",
        http=Connection,
        ws="none",
        proxy_headers=False,  # whoever may say by a header where he is could try keys without a limit
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def _announce(folder: Path, listeners: Listeners) -> None:
    address = {
        "pid": os.getpid(),
        "version": SERVER_VERSION,
        **{name: listeners.address(name) for name in ("api", "files", "web")},
    }
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{ADDRESS_FILE}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(address, stream, indent=2)
        stream.write("\n")
    os.replace(temporary, folder / ADDRESS_FILE)
    for name in ("api", "files", "web"):
        print(f"{name:5} {listeners.address(name)}", flush=True)


def _web_origins(listeners: Listeners) -> list[str]:
    """Under which addresses a browser reaches the web port."""
    port = listeners.port("web")
    host = f"[{listeners.host}]" if ":" in listeners.host else listeners.host
    names = dict.fromkeys(("127.0.0.1", "localhost", "[::1]", host.lower(), socket.gethostname().lower()))
    return [f"http://{name}" if port == 80 else f"http://{name}:{port}" for name in names]  # as browsers write them
