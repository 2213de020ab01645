"""Workers of a real Dask scheduler: used when they join, not missed when they go."""

from __future__ import annotations

import logging

import pytest
from sklearn.linear_model import LogisticRegression

from config.errors import BadInput
from experiments.search.pool import Limits, PoolUnreachable, open_pool, open_pool_or_fall_back
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
            pool.submit(number, LogisticRegression(C=number + 1))
        results = results_of(pool, 5)
        assert all(result.outcome == "valid" and result.retried == 0 for result in results.values())

        # an evaluation's misfortune stays its own
        pool.submit(0, hostile.Segfaulter())
        pool.submit(1, hostile.Complainer())
        pool.submit(2, hostile.SandboxKillerOnce(str(tmp_path / "killed")))
        results = results_of(pool, 3)
        assert [results[number].outcome for number in range(3)] == ["crashed", "invalid", "valid"]
        assert results[2].retried == 1

        # a second worker joins, the first is killed in the middle of an evaluation
        go_on = tmp_path / "go on"
        for number in range(6):
            pool.submit(number, hostile.Waiter(str(go_on), number))
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

        # what is abandoned never comes back
        for number in range(3):
            pool.submit(number, hostile.Sleeper())
        pool.wait(0.5)
        pool.abandon()
        pool.submit(9, hostile.Constant())
        assert list(results_of(pool, 1)) == [9]


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
    opened = open_pool_or_fall_back(
        make_problem(), LIMITS, "distributed", n_jobs=4, timeout=0.5, warn=warnings.append, **where
    )
    with opened.pool as pool:
        assert opened.fell_back
        assert pool.workers() == 1
    assert opened.reason in warnings[0]
    assert warnings[0].endswith("the search goes on locally with one worker")


def test_a_distributed_pool_needs_an_address():
    with pytest.raises(BadInput, match="needs a scheduler: set dask_address"):
        open_pool(make_problem(), LIMITS, "distributed")
