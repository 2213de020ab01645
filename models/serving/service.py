"""The service's front process: HTTP on one side, workers on the other, the registry in a thread beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from types import FrameType
from typing import Any, NoReturn

import uvicorn

from config.errors import BadInput
from models import catalog
from models.catalog import RegistryModel
from models.serving.application import Application
from models.serving.connection import limited_protocol
from models.serving.crew import CannotStart, Crew
from models.serving.desk import Desk
from models.serving.follower import CannotLoad, Follower, Refused, fetch
from models.serving.keys import Guard
from models.serving.model_folder import ModelFolder
from models.serving.nursery import Nursery
from models.serving.observer import Blind, Observer, ObserverThread
from models.serving.options import ServiceOptions
from models.serving.service_metrics import ServiceMetrics
from models.serving.status import Status

log = logging.getLogger(__name__)

#: seconds that a thread may hold the interpreter while a request waits for it; Python's own 5 ms would be seen
SWITCH_INTERVAL = 0.0005
KEEP_ALIVE = 60  # seconds that an idle connection stays open
#: seconds that requests in flight have when the service is told to stop, beside their own limit
GRACE = 5.0


def run(
    name: str, options: ServiceOptions, observer: Observer | None, on_ready: Callable[[str, RegistryModel], None]
) -> int:
    """Serves the champion of a name until it is told to stop.

    SIGTERM and Ctrl-C stop it once everything in flight is answered; the second at once.

    Args:
        name: of the models, see `models.catalog.find`.
        options: how.
        observer: who sees the rows; None for nobody.
        on_ready: called when it answers, with its address and its model.

    Returns:
        The exit code.

    Raises:
        BadInput: there is no champion, it cannot be loaded, or the port is taken.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    listener = _listener(options)
    with contextlib.closing(listener), contextlib.closing(Nursery()) as nursery:
        nursery.start()  # it imports what workers need while the registry is asked
        champion = catalog.find(name)
        if not champion.has_champion_tag:
            raise BadInput(
                f"{name!r} is no champion, and only champions are served; type its name, or promote it first"
            )
        folder = fetch(champion, options.trust_unsigned, options.home)
        service = _Service(options, nursery, observer, on_ready)
        return _run_in_loop(service.serve(champion, folder, listener))


def _run_in_loop(work: Coroutine[Any, Any, int]) -> int:
    if sys.platform == "win32":
        raise BadInput("serving needs a system with forks: Linux or macOS")
    import uvloop

    loop = uvloop.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Service:
    """What belongs to one service."""

    def __init__(
        self,
        options: ServiceOptions,
        nursery: Nursery,
        observer: Observer | None,
        on_ready: Callable[[str, RegistryModel], None],
    ) -> None:
        self._options, self._nursery, self._on_ready = options, nursery, on_ready
        self._metrics = ServiceMetrics()
        self._observer = ObserverThread(observer or Blind())
        self._changing: asyncio.Task[Any] | None = None
        self._desk = Desk(self._metrics, self._observer if observer else None, options.timeout)

    async def serve(self, champion: RegistryModel, folder: ModelFolder, listener: socket.socket) -> int:
        """Starts, serves, stops; the exit code."""
        self._loop = asyncio.get_running_loop()
        self._forking = asyncio.Lock()
        crew = self._crew(champion, folder)
        try:
            await crew.start()
        except CannotStart as error:
            raise BadInput(f"model {champion.id} ({champion.name}) cannot be loaded here: {error}") from None
        self._status = Status(champion, crew.facts)
        self._desk.crew = crew
        self._metrics.model_answers(champion.id, champion.name, is_swap=False)
        self._say_how(champion, crew)
        self._observer.on_model(champion)
        follower = Follower(
            champion.name, champion, self._options.poll_seconds,
            fetched=self._fetch, change_to=self._change_from_thread, tell=self._tell_from_thread,
        )  # fmt: skip
        application = Application(
            self._desk, self._status, self._metrics, Guard(self._options.keys), self._observer,
            self._options.maximum_body, self._options.timeout,
        )  # fmt: skip
        server = _Server(
            uvicorn.Config(
                application, http=limited_protocol(self._options.timeout), ws="none", lifespan="off",
                interface="asgi3", log_config=None, access_log=False, server_header=False, proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE, timeout_graceful_shutdown=int(self._options.timeout + GRACE),
            ),
            self._stop,
            self._end_at_once,
        )  # fmt: skip
        server.once_started(lambda: self._on_ready(_address(listener), champion))
        follower.start()
        try:
            await server.serve(sockets=[listener])
        finally:
            follower.end()
            if self._changing:  # a champion that is being loaded comes too late
                self._changing.cancel()
                await asyncio.wait([self._changing])
            await self._desk.crew.end()
            await self._loop.run_in_executor(None, self._observer.close)
        return 0

    @staticmethod
    def _say_how(model: RegistryModel, crew: Crew) -> None:
        log.info("model %s answers now", model.id)
        if not crew.facts["compiled"]:
            why = crew.facts["not_compiled_because"]
            log.warning("model %s answers slowly, by its own preprocessing: %s", model.id, why)

    def _stop(self) -> None:
        self._status.is_stopping = True
        log.info("no new connections are taken; what is in flight is answered")

    def _end_at_once(self, number: int) -> NoReturn:
        """Workers notice that the front process is gone, and end."""
        if self._desk.crew:
            self._desk.crew.forget()
        os._exit(128 + number)

    def _crew(self, model: RegistryModel, folder: ModelFolder) -> Crew:
        return Crew(
            model, folder, self._options.workers, self._nursery, self._forking,
            on_done=self._desk.take_back, on_free=self._desk.hand_over_soon, on_restart=self._metrics.worker_restarted,
        )  # fmt: skip

    async def _change_to(self, model: RegistryModel, folder: ModelFolder) -> None:
        """Starts workers for another model beside those that answer, and has them take over when all are warm."""
        self._changing = asyncio.current_task()
        crew = self._crew(model, folder)
        await crew.start()
        before, self._desk.crew = self._desk.crew, crew
        self._desk.hand_over_soon()
        self._status.change_to(model, crew.facts)
        self._metrics.model_answers(model.id, model.name, is_swap=True)
        self._observer.on_model(model)
        self._say_how(model, crew)
        if before is not None:
            await before.end()

    def _fetch(self, model: RegistryModel) -> ModelFolder:
        return fetch(model, self._options.trust_unsigned, self._options.home)

    def _change_from_thread(self, model: RegistryModel, folder: ModelFolder) -> None:
        future = asyncio.run_coroutine_threadsafe(self._change_to(model, folder), self._loop)
        try:
            future.result()
        except CannotStart as error:
            raise CannotLoad(str(error)) from None
        except CancelledError:
            raise CannotLoad("the service ends") from None

    def _tell_from_thread(self, is_reachable: bool, refused: Refused | None) -> None:
        with contextlib.suppress(RuntimeError):  # the service has ended meanwhile
            self._loop.call_soon_threadsafe(self._tell, is_reachable, refused)

    def _tell(self, is_reachable: bool, refused: Refused | None) -> None:
        self._status.is_registry_reachable = is_reachable
        if refused != self._status.refused:
            self._status.refused = refused
            if refused:
                self._metrics.model_refused(refused.model_id)
            else:
                self._metrics.nothing_refused()


class _Server(uvicorn.Server):
    """uvicorn's server; told to stop by a signal it ends with exit code 0, by a second one at once."""

    def __init__(
        self, config: uvicorn.Config, on_stop: Callable[[], None], on_second_signal: Callable[[int], NoReturn]
    ) -> None:
        super().__init__(config)
        self._on_stop, self._on_second_signal = on_stop, on_second_signal
        self._on_started: Callable[[], None] | None = None

    def once_started(self, call: Callable[[], None]) -> None:
        """Calls a function when it listens."""
        self._on_started = call

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        if self._on_started:
            self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listens to signals; unlike uvicorn's own, it does not send them again at the end."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal has come."""
        if self.should_exit:
            self._on_second_signal(sig)
        self.should_exit = True
        self._on_stop()


def _listener(options: ServiceOptions) -> socket.socket:
    try:
        family = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0][0]
        with contextlib.ExitStack() as failed:
            listener = failed.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((options.host, options.port))
            failed.pop_all()
    except OSError as error:
        where = f"{options.host}:{options.port}"
        raise BadInput(
            f"cannot listen on {where}: {error.strerror or error}; choose another --port or --host"
        ) from None
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
