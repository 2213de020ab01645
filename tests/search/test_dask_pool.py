"""Workers of a real Dask scheduler: used when they join, not missed when they go."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable

import psutil
import pytest
from sklearn.linear_model import LogisticRegression

from config.errors import BadInput
from experiments.search.order import Order
from experiments.search.pool import Limits, Pool, PoolUnreachable, open_pool, open_pool_or_fall_back
from tests.search import hostile
from tests.search.conftest import PATIENCE, make_problem, wait_until
from tests.search.test_local_pool import results_of

LIMITS = Limits(per_run_limit=PATIENCE, memory_limit_mb=1000)


def distributed(cluster, limits: Limits = LIMITS):
    return open_pool(make_problem(), limits, "distributed", dask_address=cluster.address, timeout=PATIENCE)


def test_workers_evaluate_join_and_leave(cluster, tmp_path, caplog):
    first = cluster.add_worker()
    with distributed(cluster) as pool:
        assert pool.workers() == 1
        for number in range(5):
            pool.submit(Order(number, LogisticRegression(C=number + 1)))
        results = results_of(pool, 5)
        assert all(result.outcome == "valid" and result.retried == 0 for result in results.values())

        # an evaluation's misfortune stays its own
        pool.submit(Order(0, hostile.Segfaulter()))
        pool.submit(Order(1, hostile.Complainer()))
        pool.submit(Order(2, hostile.SandboxKillerOnce(str(tmp_path / "killed"))))
        results = results_of(pool, 3)
        assert [results[number].outcome for number in range(3)] == ["crashed", "invalid", "valid"]
        assert results[2].retried == 1
        pool.submit(Order(0, hostile.Sleeper(), seconds=0.1))
        assert results_of(pool, 1)[0].cause == "longer than 0.1 seconds"
        assert pool.share() == 1.0

        # a second worker joins, the first is killed in the middle of an evaluation
        go_on = tmp_path / "go on"
        for number in range(6):
            pool.submit(Order(number, hostile.Waiter(str(go_on), number)))
        cluster.add_worker()
        wait_until(lambda: pool.wait(0.0) == [] and pool.workers() == 2)
        first.kill()
        wait_until(lambda: pool.wait(0.0) == [] and pool.workers() == 1)
        go_on.touch()
        results = results_of(pool, 6)
        assert {result.outcome for result in results.values()} == {"valid"}
        assert sum(result.retried for result in results.values()) == 2  # what it did and what it was to go on with
        assert len({result.worker for result in results.values()}) == 1

        # one that does not fit is not used, and told of
        with caplog.at_level(logging.WARNING):
            cluster.add_worker("--memory-limit", "10MiB")
            wait_until(lambda: "memory limit" in caplog.text)
        assert pool.workers() == 1

        # what is abandoned never comes back, even where it hangs in native code
        for number in range(3):
            pool.submit(Order(number, hostile.Holder(str(tmp_path / f"{number}"))))
        wait_until((tmp_path / "0").exists)
        assert pool.abandon() > 0.0
        pool.submit(Order(9, hostile.Constant()))
        assert list(results_of(pool, 1)) == [9]


class Driver(threading.Thread):
    """A run that always has something to do.

    Args:
        seconds: that its evaluations take.
        until: whether it may end, asked with the number of its results.
    """

    def __init__(self, pool: Pool, seconds: float, until: Callable[[int], bool]) -> None:
        super().__init__()
        self.pool = pool
        self.until = until
        self.seconds: list[float] = []
        self._orders = (Order(number, hostile.Pauser(seconds / 3, number)) for number in itertools.count())
        self.pool.submit(next(self._orders))  # so that its sandboxes are ready
        results_of(self.pool, 1)

    def run(self) -> None:
        for _ in range(2 * self.pool.workers()):
            self.pool.submit(next(self._orders))
        while not self.until(len(self.seconds)):
            for result in self.pool.wait(0.1):
                self.seconds.append(result.seconds)
                self.pool.submit(next(self._orders))


def test_a_worker_joins_when_it_is_ready_and_keeps_its_sandbox_from_run_to_run(cluster):
    worker = psutil.Process(cluster.add_worker("--preload", "experiments.search.idle_sandboxes").pid)
    used = []
    for problem in (make_problem(), make_problem("regression")):
        with open_pool(problem, LIMITS, "distributed", dask_address=cluster.address, timeout=PATIENCE) as pool:
            used.append([process.pid for process in worker.children() if "sandbox_process" in str(process.cmdline())])
            pool.submit(Order(0, hostile.Constant()))
            assert results_of(pool, 1)[0].outcome == "valid"
    assert len(used[0]) == 1
    assert used[0] == used[1]


def test_two_runs_share_a_worker_whatever_their_evaluations_cost(cluster):
    cluster.add_worker("--preload", "experiments.search.idle_sandboxes")
    enough = threading.Event()

    def slow_one_has_enough(count: int) -> bool:
        if count >= 6:
            enough.set()
        return enough.is_set()

    with distributed(cluster) as first, distributed(cluster) as second:
        quick = Driver(first, 0.1, lambda count: enough.is_set())
        slow = Driver(second, 0.4, slow_one_has_enough)
        quick.start()
        slow.start()
        quick.join()
        slow.join()
        # they differ by no more than the longest evaluation, and one more is not back yet
        assert abs(sum(slow.seconds) - sum(quick.seconds)) <= 2 * max(slow.seconds)
        shares = first.share(), second.share()
        assert 0.9 < sum(shares) < 1.1


def test_an_absurd_worker_is_refused_at_once(cluster):
    cluster.add_worker("--memory-limit", "1KiB")
    with pytest.raises(BadInput, match="has a memory limit of 1024 bytes"):
        distributed(cluster)


def test_a_scheduler_without_workers_is_unreachable(cluster):
    with pytest.raises(PoolUnreachable, match=f"scheduler at {cluster.address} has no workers"):
        open_pool(make_problem(), LIMITS, "distributed", dask_address=cluster.address, timeout=5.0)


@pytest.mark.parametrize("where", [{"dask_address": "tcp://127.0.0.1:9"}, {"scheduler_file": "no-such-file.json"}])
def test_an_unreachable_pool_falls_back_to_one_local_worker(where):
    warnings: list[str] = []
    with open_pool_or_fall_back(
        make_problem(), LIMITS, "distributed", n_jobs=4, timeout=0.5, warn=warnings.append, **where
    ) as pool:
        assert pool.workers() == 1
    (warning,) = warnings
    assert next(iter(where.values())) in warning
    assert warning.endswith("the search goes on locally with one worker")


def test_a_distributed_pool_needs_an_address():
    with pytest.raises(BadInput, match="needs a scheduler: set dask_address"):
        open_pool(make_problem(), LIMITS, "distributed")
