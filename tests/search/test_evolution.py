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
from experiments.search.events import Evaluated, Event, Finished, Generation, Measures
from experiments.search.evolution import evolve, lag
from experiments.search.journal import Journal
from experiments.search.objectives import Objectives
from experiments.search.order import Order
from experiments.search.pool import Limits, Pool, Result, open_pool
from experiments.search.portfolio import portfolio
from experiments.search.problem import Problem
from experiments.search.verdict import Verdict
from tests.end_to_end.conftest import QUICK_SPACE
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
        self.running: dict[int, Order] = {}
        self.submitted: list[str] = []
        self.most_ahead_of_stuck = 0
        self.abandoned = False
        self._order = np.random.default_rng(seed)
        self._stuck = stuck
        self._failing = failing

    def learn(self, problem: Problem) -> None:
        pass

    def submit(self, order: Order) -> None:
        number = order.number
        assert number not in self.running
        self.running[number] = order
        self.submitted.append(text(order.estimator))
        ahead = [number - each for each in self._stuck if each in self.running]
        self.most_ahead_of_stuck = max([self.most_ahead_of_stuck, *ahead])

    def wait(self, timeout: float) -> list[Result]:
        free = [number for number in self.running if number not in self._stuck] or list(self.running)
        if not free:
            return []
        number = int(self._order.choice(free))
        return [Result.of(number, self._verdict(self.running.pop(number)), "scripted", retried=0)]

    def _verdict(self, order: Order) -> Verdict:
        digest = zlib.crc32(text(order.estimator).encode())
        if digest % 1000 < 1000 * self._failing:
            return Verdict("invalid", f"Step: ValueError: {digest} is bad", seconds=0.5)
        measures = Measures(float(digest % 91))
        looks = tuple(digest % 997 / 997 + digest // 1000 ** (fold + 1) % 1000 / 1e5 for fold in range(3))
        for taken in range(max(1, len(order.known)), 3):
            if order.bars.rule_out(looks[:taken], False, measures):
                return Verdict("dropped", "", looks[:taken], measures, seconds=0.5)
        return Verdict("valid", "", looks, measures, seconds=0.5)

    def workers(self) -> int:
        return self.n_workers

    def share(self) -> float:
        return 1.0

    def abandon(self) -> float:
        self.abandoned = True
        self.running.clear()
        return 0.0

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
        (each.number, each.pipeline, each.outcome, each.score, each.fold_scores, each.parents, each.variation)
        for each in finished(events).evaluations
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
    entries = len(list(portfolio(problem)))
    assert {each.variation for each in evaluations[:entries]} == {"portfolio"}
    assert "portfolio" not in {each.variation for each in evaluations[entries:]}


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
    assert len(end.leaderboard) == sum(each.outcome == "valid" for each in end.evaluations)


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


def test_what_cannot_reach_the_front_is_dropped_and_the_front_is_evaluated_in_full(problem):
    end = finished(run(problem, ScriptedPool(), generations=10))
    dropped = [each for each in end.evaluations if each.outcome == "dropped"]
    assert len(dropped) > len(end.evaluations) / 3
    assert all(each.number >= lag(SIZE) and each.score is None and len(each.fold_scores) < 3 for each in dropped)
    assert all(len(each.fold_scores) == 3 for each in end.front + end.leaderboard)
    assert not {each.number for each in dropped} & {each.number for each in end.front}


def test_dropping_can_be_left_off(problem):
    end = finished(run(problem, ScriptedPool(), early_drop=False))
    assert {each.outcome for each in end.evaluations} == {"valid"}


def test_dropping_does_not_change_the_front_of_what_was_evaluated(problem):
    """The scripted scores of the folds differ less than two deviations, so nothing good is lost."""
    dropping = finished(run(problem, ScriptedPool(), generations=10))
    scores = {
        each.pipeline: each.score for each in finished(run(problem, ScriptedPool(), early_drop=False)).leaderboard
    }
    best = dropping.leaderboard[0].score
    lost = [scores[each.pipeline] for each in dropping.evaluations
            if each.outcome == "dropped" and each.pipeline in scores]  # fmt: skip
    assert all(score < best for score in lost)


def test_it_ends_when_nothing_better_was_found_for_so_many_generations(problem):
    ends = [
        finished(run(problem, ScriptedPool(workers, seed=workers), generations=200, early_stop=2)) for workers in (1, 6)
    ]
    assert ends[0].reason == "early stop"
    assert len(ends[0].evaluations) < 200 * SIZE
    assert [each.pipeline for each in ends[0].evaluations] == [each.pipeline for each in ends[1].evaluations]
    best = min(each.number for each in ends[0].evaluations if each.score == ends[0].leaderboard[0].score)
    assert len(ends[0].evaluations) >= best + 2 * SIZE


@pytest.mark.parametrize("after", [1, 20, 55])
def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(problem, tmp_path, after):
    undisturbed = run(problem, ScriptedPool(3, seed=5))
    ended = 0
    for event in evolve(problem, space="linear-light", population_size=SIZE, generations=4, seed=1, pool=ScriptedPool(),
                        journal=Journal(problem, 1, "run", tmp_path)):  # fmt: skip
        ended += isinstance(event, Evaluated)
        if ended == after:
            break
    pool = ScriptedPool(2, seed=9)
    resumed = run(problem, pool, journal=Journal(problem, 1, "run", tmp_path))
    assert story(resumed) == story(undisturbed)
    assert len(pool.submitted) == 4 * SIZE - after
    assert sum(each.reused for each in finished(resumed).evaluations) == after


def test_an_interrupted_search_whose_time_is_over_still_knows_what_was_evaluated(problem, tmp_path):
    run(problem, ScriptedPool(), generations=2, journal=Journal(problem, 1, "run", tmp_path))
    pool = ScriptedPool()
    end = finished(run(problem, pool, budget=Budget.of(0.0), journal=Journal(problem, 1, "run", tmp_path)))
    assert (end.reason, len(end.evaluations), pool.submitted) == ("time", 2 * SIZE, [])


def test_another_run_pays_for_nothing_that_was_evaluated_and_finds_the_same(problem, tmp_path):
    alone = run(problem, ScriptedPool(), generations=6)
    first = ScriptedPool()
    run(problem, first, generations=2, journal=Journal(problem, 1, "first", tmp_path))
    second = ScriptedPool()
    events = run(problem, second, generations=6, journal=Journal(problem, 1, "second", tmp_path))
    assert story(events) == story(alone)
    assert not set(first.submitted) & set(second.submitted)
    third = ScriptedPool()
    run(problem, third, generations=1, journal=Journal(problem, 1, "third", tmp_path, reuse=False))
    assert len(third.submitted) == SIZE


def test_the_front_is_about_the_objectives_that_were_asked_for(problem):
    end = finished(run(problem, ScriptedPool(), objectives=Objectives(())))
    assert len(end.front) == 1
    assert end.front[0] == end.leaderboard[0]


def test_an_unknown_space_is_refused(problem):
    with pytest.raises(BadInput, match="search space tree does not exist"):
        run(problem, ScriptedPool(), space="tree")


def test_one_real_worker_and_two_find_the_same():
    problem = make_problem(n_rows=60)
    stories = []
    for n_jobs in (1, 2):
        with open_pool(problem, Limits(PATIENCE, 2000), "local", n_jobs) as pool:
            stories.append(story(run(problem, pool, population_size=8, generations=3, space=QUICK_SPACE)))
    assert stories[0] == stories[1]
    assert len(stories[0]) == 24
