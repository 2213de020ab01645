"""The workers of one model, as the front process keeps them: started, given batches, replaced when lost, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from models.catalog import RegistryModel
from models.serving.messages import Answered, Failed, Ready
from models.serving.model_folder import ModelFolder
from models.serving.nursery import Nursery, NurseryLost
from models.serving.request import Request
from models.serving.worker_line import WorkerLine

log = logging.getLogger(__name__)

#: Starts of one worker before a crew counts as unable to start: somebody may have killed it.
STARTS = 3
#: seconds before the next start of a worker that did not live to be ready; doubled each time
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
#: seconds that a worker may take to load and warm its model
LOADING = 300.0

#: called with the batch that a worker had, and its answer, None where the worker was lost
OnDone = Callable[[list[Request], Answered | None], None]


class CannotStart(Exception):
    """The model cannot be loaded, or its workers do not live; why, in one line."""


class Worker:
    """One worker as the front process sees it."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._line: WorkerLine | None = None
        self._process_id = 0
        self._batch: list[Request] | None = None
        self._limit: asyncio.TimerHandle | None = None
        #: what it said of its start: `Ready`, `Failed`, or None where it was lost before
        self.started: asyncio.Future[Ready | Failed | None] = asyncio.get_running_loop().create_future()

    @property
    def is_busy(self) -> bool:
        """Whether it has a batch."""
        return self._batch is not None

    async def start(self, nursery: Nursery, folder: ModelFolder, forking: asyncio.Lock) -> Ready | Failed | None:
        """Has the process forked, and waits until it has loaded its model."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            async with forking:
                self._process_id = await loop.run_in_executor(None, nursery.fork, folder.path, theirs)
        except NurseryLost as error:
            ours.close()
            log.warning("%s; it is started again", error)
            return None
        finally:
            theirs.close()
        _, self._line = await loop.create_unix_connection(lambda: WorkerLine(self._take, self._lose), sock=ours)
        return await self.started

    def give(self, batch: list[Request], is_observed: bool, seconds: float) -> None:
        """Gives it a batch; it must be free.

        Args:
            batch: requests.
            is_observed: whether somebody wants to see the rows.
            seconds: after which it is killed, because it hangs.
        """
        assert self._line is not None
        self._batch = batch
        self._limit = asyncio.get_running_loop().call_later(seconds, self._take_too_long)
        self._line.send(([request.question for request in batch], is_observed))

    def hang_up(self) -> None:
        """Ends it."""
        if self._line is not None:
            self._line.hang_up()

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        self.hang_up()
        if self._process_id:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process_id, signal.SIGKILL)

    def _take_too_long(self) -> None:
        log.warning("worker %d takes too long; it is ended and replaced", self._process_id)
        self.kill()

    def _take(self, message: Any) -> None:
        if isinstance(message, Answered):
            self._crew.on_answer(self, self._returned_batch(), message)
        elif not self.started.done():
            self.started.set_result(message)

    def _lose(self) -> None:
        if not self.started.done():
            self.started.set_result(None)
        self._crew.on_loss(self, self._returned_batch())

    def _returned_batch(self) -> list[Request]:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        batch, self._batch = self._batch or [], None
        return batch


class Crew:
    """All workers of one model.

    Args:
        model: of the registry.
        folder: of the model; the crew removes it when it ends.
        size: how many workers there are.
        nursery: where they come from.
        forking: held while one is forked.
        on_done: called when a batch comes back.
        on_free: called when a worker has become free.
        on_restart: called when a worker was lost and is replaced.
    """

    def __init__(
        self,
        model: RegistryModel,
        folder: ModelFolder,
        size: int,
        nursery: Nursery,
        forking: asyncio.Lock,
        *,
        on_done: OnDone,
        on_free: Callable[[], None],
        on_restart: Callable[[], None],
    ) -> None:
        self.model = model
        self._folder, self._size, self._nursery, self._forking = folder, size, nursery, forking
        self._on_done, self._on_free, self._on_restart = on_done, on_free, on_restart
        self._workers: set[Worker] = set()
        self._free: deque[Worker] = deque()
        self._replacing: set[asyncio.Task[None]] = set()
        self._is_started = self._is_ended = False
        self._drained = asyncio.Event()
        #: what a worker has found out about the model, see `models.serving.answering.Answering.facts`
        self.facts: Mapping[str, Any] = {}

    @property
    def workers_ready(self) -> int:
        """Workers that can answer."""
        return len(self._workers)

    async def start(self) -> None:
        """Starts all workers and waits until each has loaded and warmed the model.

        Raises:
            CannotStart: one cannot.
        """
        starts = [asyncio.ensure_future(self._start_one(STARTS)) for _ in range(self._size)]
        try:
            workers = await asyncio.gather(*starts)
        except BaseException:
            self._is_ended = True
            for start in starts:
                start.cancel()
            await asyncio.gather(*starts, return_exceptions=True)
            for worker in list(self._workers):
                worker.hang_up()
            self._folder.remove()
            raise
        self._is_started = True
        self._free.extend(worker for worker in workers if worker in self._workers)
        for _ in range(self._size - len(self._workers)):  # killed while the others were still loading
            self._replace()

    def take_free(self) -> Worker | None:
        """A worker that is free; it must be given a batch now."""
        return self._free.popleft() if self._free else None

    def put_back(self, worker: Worker) -> None:
        """It is not needed after all."""
        self._free.appendleft(worker)

    async def end(self) -> None:
        """Lets the workers answer what they have, and ends them."""
        self._is_ended = True
        self._free.clear()
        for task in self._replacing:
            task.cancel()
        for worker in list(self._workers):
            if not worker.is_busy:
                self._workers.discard(worker)
                worker.hang_up()
        try:
            if self._workers:
                await self._drained.wait()
        finally:
            self._folder.remove()

    def forget(self) -> None:
        """Leaves nothing on disk; for a process that is about to end without another word."""
        self._folder.remove()

    def on_answer(self, worker: Worker, batch: list[Request], answered: Answered) -> None:
        """A worker has answered its batch."""
        if self._is_ended:
            self._dismiss(worker)
            worker.hang_up()
        elif worker in self._workers:
            self._free.append(worker)
        self._on_done(batch, answered)
        if not self._is_ended:
            self._on_free()

    def on_loss(self, worker: Worker, batch: list[Request]) -> None:
        """A worker is gone: it was killed, or hung up on."""
        was_ours = worker in self._workers
        self._dismiss(worker)
        with contextlib.suppress(ValueError):
            self._free.remove(worker)
        if batch:
            self._on_done(batch, None)
        if was_ours and self._is_started and not self._is_ended:
            self._replace()

    def _dismiss(self, worker: Worker) -> None:
        self._workers.discard(worker)
        if self._is_ended and not self._workers:
            self._drained.set()

    def _replace(self) -> None:
        log.warning("a worker of model %s was lost; another one takes its place", self.model.id)
        self._on_restart()
        task = asyncio.ensure_future(self._start_another())
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _start_another(self) -> None:
        pause = FIRST_PAUSE
        while not self._is_ended:
            try:
                worker = await self._start_one(1)
            except CannotStart as error:
                log.error("a worker of model %s cannot be replaced: %s; next try in %g s", self.model.id, error, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if worker in self._workers and not self._is_ended:
                    self._free.append(worker)
                    self._on_free()
                return

    async def _start_one(self, starts: int) -> Worker:
        for _ in range(starts):
            worker = Worker(self)
            try:
                said = await asyncio.wait_for(worker.start(self._nursery, self._folder, self._forking), LOADING)
            except asyncio.TimeoutError:
                worker.kill()
                raise CannotStart(f"it is not loaded and warm within {LOADING:g} s") from None
            except asyncio.CancelledError:
                worker.hang_up()
                raise
            if isinstance(said, Ready):
                if self._is_ended:
                    worker.hang_up()
                    raise CannotStart("the service has gone on to another model")
                self.facts = said.facts
                self._workers.add(worker)
                return worker
            if isinstance(said, Failed):
                raise CannotStart(said.reason)
        raise CannotStart("its workers end while they load it; is there memory enough for another one?")
