"""A distributed pool that is lost in the middle of a search: nothing of the search is."""

from __future__ import annotations

from pathlib import Path

from experiments.search.lasting_pool import LastingPool
from experiments.search.order import Order
from experiments.search.pool import Limits, Pool, open_pool, open_pool_or_fall_back
from tests.search import hostile
from tests.search.conftest import PATIENCE, make_problem, wait_until
from tests.search.test_local_pool import results_of

LIMITS = Limits(per_run_limit=PATIENCE, memory_limit_mb=1000)


def begun(go_on: Path) -> list[Path]:
    """By what the evaluations that wait for a file show it; which of those that a worker holds is first, is open."""
    return list(go_on.parent.glob(f"{go_on.name} *"))


def forget_begun(go_on: Path) -> None:
    for shown in begun(go_on):
        shown.unlink()


def test_all_workers_and_the_scheduler_may_be_killed_and_come_back(cluster, tmp_path, caplog):
    worker = cluster.add_worker()
    warnings: list[str] = []
    pool = open_pool_or_fall_back(
        make_problem(), LIMITS, "distributed",
        scheduler_file=str(cluster.scheduler_file), timeout=PATIENCE, warn=warnings.append,
    )  # fmt: skip
    with pool:
        go_on = tmp_path / "go on"
        for number in range(4):
            pool.submit(Order(number, hostile.Waiter(str(go_on), number)))
        wait_until(lambda: begun(go_on))

        # all workers
        worker.kill()
        worker.wait()
        forget_begun(go_on)
        cluster.add_worker()
        wait_until(lambda: pool.wait(0.0) == [] and begun(go_on))

        # the scheduler, with which the workers go; the next one is elsewhere
        cluster.scheduler.kill()
        forget_begun(go_on)
        cluster.start_scheduler()
        cluster.add_worker()
        wait_until(lambda: pool.wait(0.0) == [] and begun(go_on))
        assert pool.workers() == 1

        go_on.touch()
        results = results_of(pool, 4)
        assert {result.outcome for result in results.values()} == {"valid"}
        assert all(result.retried >= 1 for result in results.values())
    assert warnings == []
    assert [record.message.partition(" at ")[0] for record in caplog.records] == [
        "the Dask scheduler",
        "the pool is there again, with 1 workers",
    ]


def test_a_pool_that_does_not_come_back_is_replaced_by_a_local_worker(cluster, tmp_path):
    cluster.add_worker()
    reasons: list[str] = []

    def reach(timeout: float = 0.5) -> Pool:
        return open_pool(None, LIMITS, "distributed", dask_address=cluster.address, timeout=timeout)

    def fall_back(reason: str) -> Pool:
        reasons.append(reason)
        return open_pool(None, LIMITS, "local", 1)

    with LastingPool(reach(PATIENCE), reach, fall_back) as pool:
        pool.learn(make_problem())
        go_on = tmp_path / "go on"
        for number in range(3):
            pool.submit(Order(number, hostile.Waiter(str(go_on), number)))
        wait_until(lambda: begun(go_on))
        cluster.scheduler.kill()
        wait_until(lambda: pool.wait(0.0) == [] and reasons)
        go_on.touch()
        results = results_of(pool, 3)
        assert {(result.outcome, result.worker) for result in results.values()} == {("valid", "local-0")}
        assert pool.workers() == 1
        assert pool.share() == 1.0
    assert len(reasons) == 1
    assert reasons[0].startswith(f"the Dask scheduler at {cluster.address} does not answer")
