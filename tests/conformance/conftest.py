"""One embedded server in a process of its own, on free ports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.scenario_process import Addresses
from tests.conformance.server import Server
from tests.embedded_server.server_process import ServerProcess


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Where the server answers, and its key pair."""
    process = ServerProcess(tmp_path_factory.mktemp("conformance") / "server")
    at = process.address
    yield Addresses(at["api"], at["files"], at["web"], *process.key_pair)
    process.stop()


@pytest.fixture(scope="session")
def server(addresses: Addresses) -> Iterator[Server]:
    """A client of the server."""
    client = Server(addresses.api, addresses.files, addresses.key, addresses.secret)
    yield client
    client.http.close()
