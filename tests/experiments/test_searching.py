"""What a search leaves to what follows, and what one evaluation may take."""

from __future__ import annotations

import pytest

from config.settings import Settings
from experiments.closing import fit_seconds
from experiments.search.events import Evaluated, Evaluation, Measures
from experiments.searching import CLOSING_SHARE, PUBLISHING_SECONDS, Reserve, limits


def evaluated(score: float | None, seconds: float) -> Evaluated:
    evaluation = Evaluation(
        0, 0, "p", None, "valid" if score else "dropped", "", score, (0.5,) * 5, Measures(1.0), seconds, "w", (),
        "random",
    )  # fmt: skip
    return Evaluated(evaluation, 1.0)


@pytest.mark.parametrize(("time_left", "limit"), [(20, 10), (300, 30), (6000, 60)])
def test_an_evaluation_may_take_a_tenth_of_a_short_run(time_left, limit):
    assert limits(Settings(time_left=time_left)).per_run_limit == limit


def test_a_smaller_limit_of_the_person_counts():
    assert limits(Settings(time_left=600, per_run_limit=3)).per_run_limit == 3


def test_the_reserve_follows_the_best_pipeline_so_far():
    reserve = Reserve(600.0, PUBLISHING_SECONDS, is_ensemble=False)
    assert reserve.seconds == PUBLISHING_SECONDS
    slow = evaluated(0.8, 20.0)
    assert reserve.after(slow) == PUBLISHING_SECONDS + fit_seconds(slow.evaluation)
    assert reserve.after(evaluated(0.7, 1.0)) == PUBLISHING_SECONDS + fit_seconds(slow.evaluation)
    assert reserve.after(evaluated(None, 1.0)) == PUBLISHING_SECONDS + fit_seconds(slow.evaluation)
    quick = evaluated(0.9, 1.0)
    assert reserve.after(quick) == PUBLISHING_SECONDS + fit_seconds(quick.evaluation)


def test_the_search_keeps_most_of_the_time_however_slow_the_best_is():
    assert Reserve(20.0, PUBLISHING_SECONDS, is_ensemble=False).after(evaluated(0.9, 500.0)) == 20.0 * CLOSING_SHARE
