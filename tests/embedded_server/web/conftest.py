"""A server with its pages, in threads of this process, and a browser that is logged in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from starlette.applications import Starlette

from embedded_server import application
from embedded_server.neighbours import NO_NEIGHBOURS, Neighbours
from embedded_server.storage.events import SINGLE_VALUE
from tests.embedded_server.conftest import Api

#: what a browser says of a request that comes from one of our own pages
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Site(Api):
    """Calls actions of a server, and visits its pages."""

    #: the application of the web port
    pages: Starlette

    def __init__(self, api_url: str, web_url: str, folder: Path, store: Any) -> None:
        pair = json.loads((folder / "credentials.json").read_text(encoding="utf-8"))
        super().__init__(api_url, pair["access_key"], pair["secret_key"], store)
        self.folder = folder
        self.web = web_url
        self.browser = requests.Session()
        link = requests.post(f"{web_url}/login-link", auth=self.key_pair, timeout=20).json()["link"]
        assert self.browser.get(link, timeout=20).status_code == 200
        self.browser.headers.update(SAME_ORIGIN)

    def page(self, path: str) -> str:
        """The HTML of a page that is there."""
        answer = self.browser.get(self.web + path, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text

    def twin(self, path: str) -> Any:
        """The content of a page's JSON twin."""
        answer = self.browser.get(self.web + path, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> requests.Response:
        """A change, as one of our pages sends it."""
        return self.browser.post(self.web + path, json=body, timeout=60)

    def experiment(self, name: str = "", **sections: dict[str, str]) -> str:
        """A task that runs, with hyperparameters by section."""
        hyperparams = {
            section: {key: {"section": section, "name": key, "value": value} for key, value in values.items()}
            for section, values in sections.items()
        }
        return self.task("in_progress", name=name or self.unique("experiment"), hyperparams=hyperparams)

    def report(self, task: str, title: str, series: str, *values: float) -> None:
        """Scalars, one an iteration from 0."""
        for iteration, value in enumerate(values):
            self._event(task, "training_stats_scalar", title, series, iteration, value=value)

    def report_value(self, task: str, name: str, value: float) -> None:
        """A value that belongs to no iteration, as the SDK reports it."""
        self._event(task, "training_stats_scalar", "Summary", name, SINGLE_VALUE, value=value)

    def report_plot(self, task: str, title: str, figure: dict[str, Any], iteration: int = 0) -> None:
        """A plot, as the SDK reports it."""
        self._event(task, "plot", title, "some series", iteration, plot_str=json.dumps(figure))

    def _event(self, task: str, type: str, metric: str, variant: str, iteration: int, **more: Any) -> None:
        self.ok("events.add", type=type, task=task, metric=metric, variant=variant, iter=iteration, **more)


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """An application on a free port, in a thread; its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def running_site(folder: Path, neighbours: Neighbours = NO_NEIGHBOURS) -> Iterator[Site]:
    """API and pages of a server that runs in a folder."""
    made = application.build(folder, neighbours=neighbours)
    with ExitStack() as cleanup:
        cleanup.callback(made.database.close)
        api, web = (cleanup.enter_context(served(app)) for app in (made.api, made.web))
        site = Site(api, web, folder, made.store)
        site.pages = made.web
        cleanup.callback(site.http.close)
        cleanup.callback(site.browser.close)
        yield site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests, which therefore make their own, uniquely named objects."""
    with running_site(tmp_path_factory.mktemp("site")) as found:
        yield found
