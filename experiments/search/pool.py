"""Where evaluations run: three verbs and a count, and the way to the pool that the settings ask for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from config.errors import BadInput
from experiments.search.events import Outcome
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits
from experiments.search.verdict import Verdict

__all__ = ["Limits", "Mode", "Opened", "Pool", "PoolUnreachable", "Result", "open_pool", "open_pool_or_fall_back"]

Mode = Literal["local", "distributed", "off"]


class PoolUnreachable(Exception):
    """A distributed pool does not answer or has no workers, in one line."""


@dataclass(frozen=True)
class Result:
    """How an evaluation ended."""

    #: the one that it was submitted with
    number: int
    outcome: Outcome
    #: why it is not valid, in one line; empty where it is
    cause: str
    #: mean of `fold_scores`; None unless valid
    score: float | None
    fold_scores: tuple[float, ...]
    #: TPOT's complexity of the pipeline fitted on the last fold; None unless valid
    complexity: float | None
    #: compute time on the worker, in seconds
    seconds: float
    #: the worker's name
    worker: str
    #: how often it was sent again because a worker was lost
    retried: int

    @classmethod
    def of(cls, number: int, verdict: Verdict, worker: str, retried: int) -> Result:
        """The result that a worker's verdict amounts to."""
        assert verdict.outcome is not None
        valid = verdict.outcome == "valid"
        score = sum(verdict.fold_scores) / len(verdict.fold_scores) if valid else None
        return cls(
            number, verdict.outcome, verdict.cause, score, verdict.fold_scores, verdict.complexity, verdict.seconds,
            worker, retried,
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
    def submit(self, number: int, estimator: Any) -> None:
        """Gives an unfitted estimator to be evaluated; returns at once.

        Args:
            number: by which the result is known; not in use by another evaluation.
            estimator: must be picklable by cloudpickle.
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

    @abstractmethod
    def abandon(self) -> None:
        """Ends what runs and forgets what waits, within a second; the pool stays usable."""

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


@dataclass(frozen=True)
class Opened:
    """A pool, and whether it is the one that was asked for."""

    pool: Pool
    fell_back: bool
    #: why it fell back, in one line; empty where it did not
    reason: str = ""


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
) -> Opened:
    """`open_pool`, but an unreachable distributed pool gives a warning and one local worker.

    Args:
        warn: is told in one line what happened. The others are `open_pool`'s.

    Raises:
        BadInput: as `open_pool`.
    """
    try:
        pool = open_pool(problem, limits, mode, n_jobs, dask_address, scheduler_file, timeout, seed)
    except PoolUnreachable as error:
        warn(f"{error}; the search goes on locally with one worker")
        return Opened(open_pool(problem, limits, "local", 1, seed=seed), fell_back=True, reason=str(error))
    return Opened(pool, fell_back=False)
