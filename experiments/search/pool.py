"""Where evaluations run: three verbs and a count, and the way to the pool that the settings ask for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from config.errors import BadInput
from experiments.search.events import Measures, Outcome
from experiments.search.order import Order
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits
from experiments.search.verdict import Verdict

__all__ = [
    "Limits",
    "Mode",
    "Pool",
    "PoolLost",
    "PoolUnreachable",
    "Result",
    "open_pool",
    "open_pool_or_fall_back",
]

Mode = Literal["local", "distributed", "off"]


class PoolUnreachable(Exception):
    """A distributed pool does not answer or has no workers, in one line."""


class PoolLost(PoolUnreachable):
    """The connection to a distributed pool broke; a new one may be had."""


@dataclass(frozen=True)
class Result:
    """How an evaluation ended."""

    #: the one that it was submitted with
    number: int
    outcome: Outcome
    #: why it is not valid, in one line; empty where it is
    cause: str
    #: score of each look that was taken; see `Verdict`
    looks: tuple[float, ...]
    #: None unless valid or dropped
    measures: Measures | None
    #: compute time on the worker, in seconds
    seconds: float
    #: the worker's name
    worker: str
    #: how often it was sent again because a worker was lost
    retried: int
    #: out-of-fold predictions, where they were wanted
    predictions: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, number: int, verdict: Verdict, worker: str, retried: int) -> Result:
        """The result that a worker's verdict amounts to."""
        assert verdict.outcome is not None
        return cls(
            number, verdict.outcome, verdict.cause, verdict.looks, verdict.measures, verdict.seconds, worker, retried,
            verdict.predictions,
        )  # fmt: skip


class Pool(ABC):
    """Workers that evaluate estimators on one problem.

    An evaluation that is submitted comes back from `wait` exactly once, unless it is abandoned; in any order. A pool is
    driven by one thread. Used as a context manager, it closes itself.
    """

    @abstractmethod
    def learn(self, problem: Problem) -> None:
        """Gives the workers the problem, where they were not opened with it; once, before anything is submitted."""

    @abstractmethod
    def submit(self, order: Order) -> None:
        """Gives an evaluation to be done; returns at once.

        Args:
            order: its estimator must be picklable by cloudpickle.
        """

    @abstractmethod
    def wait(self, timeout: float) -> list[Result]:
        """Waits until an evaluation ends, at most so many seconds.

        Returns:
            All that have ended since the last call; empty when the time is over.

        Raises:
            PoolUnreachable: no worker can be had any more.
        """

    @abstractmethod
    def workers(self) -> int:
        """Workers that evaluate, or will in a moment, at this time."""

    #: whether its evaluating processes, once it is closed, wait in this process for whoever needs one
    leaves_sandboxes = False

    def share(self) -> float:
        """This run's part of what the workers lately computed for all runs, from 0 to 1."""
        return 1.0

    @abstractmethod
    def abandon(self) -> float:
        """Ends what runs and forgets what waits, within a second; the pool stays usable.

        Returns:
            Compute seconds of what it ended, as far as they are known here.
        """

    @abstractmethod
    def close(self) -> None:
        """Ends everything and gives back what the pool holds; a second call does nothing."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_pool(
    problem: Problem | None,
    limits: Limits,
    mode: Mode = "local",
    n_jobs: int = 1,
    dask_address: str = "",
    scheduler_file: str = "",
    timeout: float = 10.0,
    seed: int = 0,
) -> Pool:
    """Opens the pool of a mode; local ones get ready in the background.

    Args:
        problem: that all evaluations are about; None where it is not ready yet: the workers get ready meanwhile, and
            `Pool.learn` gives it to them.
        limits: of each evaluation.
        mode: ``local`` for `n_jobs` processes of this machine, ``off`` for one, ``distributed`` for Dask workers, in
            whose environment this project must be installed.
        dask_address: the scheduler's, such as ``tcp://host:8786``.
        scheduler_file: that the scheduler wrote, instead of an address.
        timeout: how long to try to reach the scheduler and its workers, in seconds.
        seed: of the random generators that an evaluation finds.

    Raises:
        BadInput: neither address nor scheduler file, or a worker that does not fit.
        PoolUnreachable: the scheduler does not answer, or has no workers.
    """
    if mode == "distributed":
        if not dask_address and not scheduler_file:
            raise BadInput("parallel mode distributed needs a scheduler: set dask_address to tcp://host:port")
        from experiments.search.dask_pool import DaskPool  # dask takes half a second to import

        pool: Pool = DaskPool(limits, dask_address, scheduler_file, timeout, seed)
    else:
        from experiments.search.local_pool import LocalPool

        pool = LocalPool(limits, n_jobs if mode == "local" else 1, seed)
    if problem is not None:
        pool.learn(problem)
    return pool


def open_pool_or_fall_back(
    problem: Problem | None,
    limits: Limits,
    mode: Mode = "local",
    n_jobs: int = 1,
    dask_address: str = "",
    scheduler_file: str = "",
    timeout: float = 10.0,
    seed: int = 0,
    warn: Callable[[str], None] = lambda message: None,
) -> Pool:
    """`open_pool`, but instead of an unreachable distributed pool there is a warning and one local worker.

    The same where the distributed pool is lost later and does not come back within the timeout; where it does, even
    with another scheduler at another address in the scheduler file, what was not back is done again there.

    Args:
        warn: is told in one line that and why the pool is not the one that was asked for, at the beginning or later, at
            most once. The others are `open_pool`'s.

    Raises:
        BadInput: as `open_pool`.
    """

    def reach() -> Pool:
        return open_pool(None, limits, mode, n_jobs, dask_address, scheduler_file, timeout, seed)

    def fall_back(reason: str) -> Pool:
        warn(f"{reason}; the search goes on locally with one worker")
        return open_pool(None, limits, "local", 1, seed=seed)

    try:
        pool = reach()
    except PoolUnreachable as error:
        pool = fall_back(str(error))
    else:
        if mode == "distributed":
            from experiments.search.lasting_pool import LastingPool

            pool = LastingPool(pool, reach, fall_back)
    if problem is not None:
        pool.learn(problem)
    return pool
