"""The loop: what depends on what, what is told when, and when it ends."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from config.errors import BadInput
from experiments.search.budget import Budget
from experiments.search.canonical import text
from experiments.search.events import Evaluated, Event, Finished, Generation
from experiments.search.evolution import evolve, lag
from experiments.search.pool import Limits, Pool, Result, open_pool
from experiments.search.problem import Problem
from experiments.search.verdict import Verdict
from tests.search.conftest import PATIENCE, make_problem

SIZE = 16


class ScriptedPool(Pool):
    """Scores by the pipeline's text, at once, in an order of its own.

    Args:
        n_workers: that it claims to have.
        seed: of the order in which evaluations end.
        stuck: numbers that end only when nothing else can.
        failing: share that comes out invalid.
    """

    def __init__(self, n_workers: int = 2, seed: int = 0, stuck: tuple[int, ...] = (), failing: float = 0.0) -> None:
        self.n_workers = n_workers
        self.running: dict[int, Any] = {}
        self.most_ahead_of_stuck = 0
        self.abandoned = False
        self._order = np.random.default_rng(seed)
        self._stuck = stuck
        self._failing = failing

    def learn(self, problem: Problem) -> None:
        pass

    def submit(self, number: int, estimator: Any) -> None:
        assert number not in self.running
        self.running[number] = estimator
        ahead = [number - each for each in self._stuck if each in self.running]
        self.most_ahead_of_stuck = max([self.most_ahead_of_stuck, *ahead])

    def wait(self, timeout: float) -> list[Result]:
        free = [number for number in self.running if number not in self._stuck] or list(self.running)
        if not free:
            return []
        number = int(self._order.choice(free))
        digest = zlib.crc32(text(self.running.pop(number)).encode())
        if digest % 1000 < 1000 * self._failing:
            verdict = Verdict("invalid", f"Step: ValueError: {digest} is bad", seconds=0.5)
        else:
            verdict = Verdict("valid", "", (digest % 997 / 997,) * 3, float(digest % 91), 0.5)
        return [Result.of(number, verdict, "scripted", retried=0)]

    def workers(self) -> int:
        return self.n_workers

    def abandon(self) -> None:
        self.abandoned = True
        self.running.clear()

    def close(self) -> None:
        self.abandon()


class SilentPool(ScriptedPool):
    """Never ends an evaluation."""

    def wait(self, timeout: float) -> list[Result]:
        time.sleep(timeout)
        return []


@pytest.fixture(scope="module")
def problem():
    return make_problem()


def run(problem, pool: Pool, **settings: Any) -> list[Event]:
    given = {"space": "linear-light", "population_size": SIZE, "generations": 4, "seed": 1} | settings
    return list(evolve(problem, pool=pool, **given))


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    assert not any(isinstance(event, Finished) for event in events[:-1])
    return events[-1]


def generations(events: list[Event]) -> Iterator[Generation]:
    return (event for event in events if isinstance(event, Generation))


def story(events: list[Event]) -> list[tuple]:
    """What must not depend on workers and their speed."""
    return [
        (each.number, each.pipeline, each.score, each.parents, each.variation) for each in finished(events).evaluations
    ]


@pytest.mark.parametrize("space", ["linear-light", "graph"])
def test_same_seed_same_evaluations_for_any_workers_in_any_order(problem, space):
    alone = run(problem, ScriptedPool(1, seed=1), space=space)
    crowd = run(problem, ScriptedPool(7, seed=2, stuck=(3, 30)), space=space)
    assert story(alone) == story(crowd)
    told = [[replace(each, evaluations_per_second=0, utilisation=0, workers=0, spent_seconds=0)
             for each in generations(events)] for events in (alone, crowd)]  # fmt: skip
    assert told[0] == told[1]


def test_another_seed_is_another_search(problem):
    assert story(run(problem, ScriptedPool(), seed=1)) != story(run(problem, ScriptedPool(), seed=2))


def test_workers_go_on_while_one_evaluation_hangs(problem):
    pool = ScriptedPool(8, stuck=(20,))
    run(problem, pool)
    assert pool.most_ahead_of_stuck == lag(SIZE) - 1


def test_offspring_descend_from_evaluations_at_least_the_lag_back(problem):
    evaluations = finished(run(problem, ScriptedPool())).evaluations
    offspring = [each for each in evaluations if each.parents]
    assert len(offspring) > SIZE
    assert {each.variation for each in offspring} == {"mutation", "crossover"}
    assert all(parent <= each.number - lag(SIZE) for each in offspring for parent in each.parents)
    assert all(evaluations[parent].outcome == "valid" for each in offspring for parent in each.parents)


def test_the_portfolio_comes_first(problem):
    evaluations = finished(run(problem, ScriptedPool())).evaluations
    first = [each.variation for each in evaluations[:11]]
    assert first == ["portfolio"] * 11
    assert evaluations[11].variation == "random"


def test_no_pipeline_is_evaluated_twice(problem):
    evaluations = finished(run(problem, ScriptedPool(), generations=10)).evaluations
    assert len(evaluations) == 10 * SIZE
    assert len({each.pipeline for each in evaluations}) == len(evaluations)


def test_a_generation_is_told_of_when_all_of_its_evaluations_have_ended(problem):
    ended: set[int] = set()
    told = 0
    for event in evolve(problem, space="linear-light", population_size=SIZE, generations=4, seed=1,
                        pool=ScriptedPool(5, seed=3)):  # fmt: skip
        if isinstance(event, Evaluated):
            ended.add(event.evaluation.number)
        if isinstance(event, Generation):
            assert event.number == told
            told += 1
            assert ended >= set(range(told * SIZE))
            assert event.evaluations == told * SIZE
            assert all(each.number < told * SIZE for each in event.valid)
            assert event.best_score == event.leaderboard[0].score == event.front[0].score
            assert 0 <= event.utilisation <= 1
    assert told == 4


def test_failures_are_grouped_by_cause_with_their_cost(problem):
    end = finished(run(problem, ScriptedPool(failing=0.3)))
    count = sum(each.outcome == "invalid" for each in end.evaluations)
    assert count > 5
    assert end.failures == {"Step: ValueError: N is bad": (count, 0.5 * count)}
    assert len(end.leaderboard) == len(end.evaluations) - count


def test_where_nothing_is_valid_it_ends_without_a_winner(problem):
    events = run(problem, ScriptedPool(failing=1.0), generations=2)
    assert finished(events).leaderboard == ()
    assert [each.best_score for each in generations(events)] == [None, None]


def test_at_the_deadline_what_runs_is_ended_and_what_is_known_is_told(problem):
    pool = SilentPool()
    began = time.monotonic()
    events = run(problem, pool, budget=Budget.of(1.0))
    assert time.monotonic() - began < 2.0
    assert pool.abandoned
    assert finished(events).reason == "time"
    assert len(events) == 1


def test_a_person_can_stop_it(problem):
    seen: list[Event] = []
    for event in evolve(problem, space="linear-light", population_size=SIZE, generations=40, seed=1,
                        pool=ScriptedPool(), should_stop=lambda: len(seen) >= 20):  # fmt: skip
        seen.append(event)
    end = finished(seen)
    assert end.reason == "stopped"
    assert len(end.evaluations) < 40
    told = list(generations(seen))
    assert told[-1].evaluations == len(end.evaluations) > SIZE  # the incomplete last one included
    assert end.generations == len(told)


def test_leaving_the_loop_early_ends_what_runs(problem):
    pool = ScriptedPool()
    for event in evolve(problem, space="linear-light", population_size=SIZE, generations=40, seed=1, pool=pool):
        if isinstance(event, Evaluated):
            break
    del event
    assert pool.abandoned


def test_an_unknown_space_is_refused(problem):
    with pytest.raises(BadInput, match="search space tree does not exist"):
        run(problem, ScriptedPool(), space="tree")


def test_one_real_worker_and_two_find_the_same():
    problem = make_problem(n_rows=60)
    stories = []
    for n_jobs in (1, 2):
        with open_pool(problem, Limits(PATIENCE, 2000), "local", n_jobs) as pool:
            stories.append(story(run(problem, pool, population_size=8, generations=4)))
    assert stories[0] == stories[1]
    assert len(stories[0]) == 32
