"""Local evaluating processes: what is submitted comes back once, and nothing is left behind."""

from __future__ import annotations

import psutil
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from experiments.search import idle_sandboxes
from experiments.search.order import Order
from experiments.search.pool import Limits, Pool, PoolUnreachable, open_pool
from tests.search import hostile
from tests.search.conftest import PATIENCE, make_problem, wait_until

LIMITS = Limits(per_run_limit=PATIENCE, memory_limit_mb=1000)


@pytest.fixture(scope="module")
def pool():
    with open_pool(make_problem(), LIMITS, "local", n_jobs=2) as opened:
        yield opened


def results_of(pool: Pool, count: int) -> dict:
    """As many results as were submitted, by number."""
    results: list = []
    while len(results) < count:
        arrived = pool.wait(PATIENCE)
        assert arrived, "no result in time"
        results += arrived
    assert len(results) == count
    return {result.number: result for result in results}


def test_every_evaluation_comes_back_once(pool):
    for number in range(10):
        pool.submit(Order(number, LogisticRegression(C=number + 1)))
    results = results_of(pool, 10)
    assert sorted(results) == list(range(10))
    assert {result.worker for result in results.values()} <= {"local-0", "local-1"}
    assert all(len(result.looks) == 3 and min(result.looks) > 0.8 for result in results.values())
    assert pool.wait(0.0) == []


def test_a_failure_has_a_cause_and_no_looks(pool):
    pool.submit(Order(0, hostile.Complainer()))
    result = results_of(pool, 1)[0]
    assert (result.outcome, result.looks, result.measures) == ("invalid", (), None)
    assert result.cause == "Complainer: ValueError: does not like the data"


def test_what_was_abandoned_never_comes_back(pool, tmp_path):
    for number in range(6):
        pool.submit(Order(number, hostile.Holder(str(tmp_path / f"{number}"))))
    wait_until(lambda: (tmp_path / "0").exists() and (tmp_path / "1").exists())
    assert pool.abandon() > 0.0
    pool.submit(Order(9, hostile.Constant()))
    assert list(results_of(pool, 1)) == [9]


def test_a_limit_of_its_own_goes_before_the_pool_s(pool):
    pool.submit(Order(0, hostile.Sleeper(), seconds=0.1))
    result = results_of(pool, 1)[0]
    assert (result.outcome, result.cause) == ("timeout", "longer than 0.1 seconds")


def test_a_pool_of_its_own_is_not_shared(pool):
    assert pool.share() == 1.0


def test_an_innocent_evaluation_that_lost_its_process_is_evaluated_again(pool, tmp_path):
    pool.submit(Order(0, hostile.SandboxKillerOnce(str(tmp_path / "killed"))))
    result = results_of(pool, 1)[0]
    assert (result.outcome, result.retried) == ("valid", 1)


def test_an_evaluation_that_always_ends_its_process_is_given_up(pool):
    pool.submit(Order(0, hostile.SandboxKiller()))
    result = results_of(pool, 1)[0]
    assert (result.outcome, result.cause) == ("crashed", "its process was lost 3 times")
    pool.submit(Order(1, hostile.Constant()))
    assert results_of(pool, 1)[1].outcome == "valid"


def test_processes_get_ready_while_the_problem_is_made():
    with open_pool(None, LIMITS, "local", n_jobs=1) as pool:
        pool.submit(Order(0, hostile.Constant()))
        assert pool.wait(0.1) == []
        pool.learn(make_problem())
        assert results_of(pool, 1)[0].outcome == "valid"
    open_pool(None, LIMITS, "local", n_jobs=1).close()


def test_a_process_that_cannot_start_ends_the_search_with_its_reason(monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with open_pool(make_problem(), LIMITS, "local", n_jobs=1) as pool:
        pool.submit(Order(0, hostile.Constant()))
        with pytest.raises(PoolUnreachable, match="no evaluating process can be started: .* ended with 1: no message"):
            pool.wait(PATIENCE)


def test_mode_off_is_one_process_which_waits_for_the_next_pool_when_it_is_closed(tmp_path):
    idle_sandboxes.close_all()
    before = set(psutil.Process().children())
    pool = open_pool(make_problem(), LIMITS, "off", n_jobs=7)
    assert pool.workers() == 1
    (process,) = set(psutil.Process().children()) - before
    pool.submit(Order(0, hostile.Holder(str(tmp_path / "runs"))))
    wait_until((tmp_path / "runs").exists)
    pool.close()
    pool.close()
    wait_until(lambda: not process.children())
    with open_pool(make_problem("regression"), LIMITS, "off") as pool:
        assert set(psutil.Process().children()) - before == {process}
        pool.submit(Order(0, LinearRegression()))
        assert results_of(pool, 1)[0].outcome == "valid"


def test_a_process_that_is_not_ready_when_its_pool_is_closed_ends():
    idle_sandboxes.close_all()
    before = set(psutil.Process().children())
    pool = open_pool(make_problem(), LIMITS, "off")
    (process,) = set(psutil.Process().children()) - before
    pool.close()
    wait_until(lambda: not process.is_running())
