"""A search without any server."""

from __future__ import annotations

import pandas as pd
import pytest

from config.errors import BadInput
from config.samples import SAMPLES
from config.settings import Settings
from experiments.notebook import evolve
from experiments.search.events import Evaluated, Finished, Generation
from tests.end_to_end.conftest import QUICK_SPACE

SMALL = Settings(
    target_column="species", population_size=2, generations=4, cv_folds=2, search_space=QUICK_SPACE, n_jobs=1,
    time_left=120, metric="accuracy",
)  # fmt: skip


def test_a_frame_is_searched_event_by_event(capsys):
    table = pd.read_csv(SAMPLES["penguins"].path)
    events = list(evolve(table, SMALL))
    assert sum(isinstance(event, Evaluated) for event in events) == 8
    assert sum(isinstance(event, Generation) for event in events) == 4
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.leaderboard[0].score > 0.8
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "generation   3" in shown.err


def test_bad_input_is_refused_before_anything_is_searched():
    with pytest.raises(BadInput, match="objective speed does not exist"):
        next(evolve("penguins", SMALL.model_copy(update={"objectives": "score,speed"}), progress=False))
