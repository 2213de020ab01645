"""The driver: what contenders are given, and one whole measurement by the one that takes a second."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from experiments.data.split import folds
from experiments.data.table import read_table
from tests.benchmarks.search.benchmark import BOOSTING, CONTENDERS, assign, chosen_contenders, hold, rotated
from tests.benchmarks.search.contenders.assignment import ASSIGNMENT, DEVELOPMENT, HOLDOUT, NUMBERS, Assignment
from tests.benchmarks.search.environments import python_of
from tests.benchmarks.search.results import Cell
from tests.benchmarks.search.tables import HOLDOUT_SHARE, TABLES, chosen_tables

CELL = Cell("german_credit", 0, 60.0)


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assignment")
    return folder, assign(TABLES[CELL.table], CELL, folder, folder)


def test_hold_out_rows_are_given_without_their_target(assigned):
    folder, truth = assigned
    development, holdout = pd.read_parquet(folder / DEVELOPMENT), pd.read_parquet(folder / HOLDOUT)
    assert set(development.columns) - set(holdout.columns) == {TABLES[CELL.table].target}
    assert len(holdout) == len(truth) == HOLDOUT_SHARE * (len(development) + len(holdout))
    assert truth.mean() == pytest.approx(development[TABLES[CELL.table].target].mean(), abs=0.01)


def test_whoever_takes_only_numbers_is_given_numbers(assigned):
    folder, truth = assigned
    with np.load(folder / NUMBERS) as numbers:
        assert np.isfinite(numbers["development"]).all()
        assert len(numbers["holdout"]) == len(truth)


@pytest.mark.parametrize("name", ["german_credit", "diabetes"])
def test_stock_tpot_is_given_the_folds_that_our_search_uses(name, tmp_path):
    cell = Cell(name, 3, 60.0)
    assign(TABLES[name], cell, tmp_path, tmp_path)
    given = Assignment(tmp_path, **json.loads((tmp_path / ASSIGNMENT).read_text()))
    rows = read_table(str(tmp_path / DEVELOPMENT), given.target, task_type=given.task)
    X, y = given.development()
    ours, theirs = folds(rows, given.folds, given.seed), given.splitter().split(X, y)
    for mine, other in zip(ours, theirs, strict=True):
        assert np.array_equal(mine[0], other[0])
        assert np.array_equal(mine[1], other[1])


@pytest.mark.parametrize("name", ["german_credit", "abalone", "diabetes", "digits"])
def test_the_same_seed_draws_the_same_rows_and_another_seed_others(name, tmp_path):
    table = TABLES[name]
    frame = table.frame(tmp_path).reset_index(names="row")
    (development, holdout), again, other = (table.split(frame, seed) for seed in (1, 1, 2))
    assert sorted([*development["row"], *holdout["row"]]) == list(range(len(frame)))
    assert list(again[1]["row"]) == list(holdout["row"]) != list(other[1]["row"])
    assert list(tmp_path.iterdir()) == [], "these need no package"


def test_a_contender_is_measured_from_assignment_to_score(tmp_path):
    measurement = hold(CELL, CONTENDERS[BOOSTING], Path(sys.executable), tmp_path, tmp_path / "log")
    assert (measurement.status, measurement.error) == ("done", "")
    assert (measurement.cell, measurement.version) == (CELL, CONTENDERS[BOOSTING].version())
    assert measurement.holdout["single"] > 0.7
    assert measurement.library.startswith("scikit-learn ")
    assert measurement.fit_seconds < measurement.wall_seconds
    assert (tmp_path / "log").exists()


def test_the_one_that_begins_rotates():
    contenders = list(CONTENDERS.values())
    assert [rotated(contenders, number)[0] for number in range(len(contenders))] == contenders
    assert sorted(contender.name for contender in rotated(contenders, 3)) == sorted(CONTENDERS)


def test_those_without_pinned_versions_run_where_the_driver_runs(tmp_path):
    assert python_of(CONTENDERS[BOOSTING].script, tmp_path) == Path(sys.executable)
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_of_the_script_and_what_it_runs_with():
    versions = [contender.version() for contender in CONTENDERS.values()]
    assert len(set(versions)) == len(versions)


def test_the_untuned_boosting_takes_part_in_any_case():
    assert [contender.name for contender in chosen_contenders("ours")] == ["ours", "boosting"]


def test_unknown_names_are_told_with_those_that_there_are():
    with pytest.raises(BadInput, match="--tables: 'iris' is unknown; choose among german_credit"):
        chosen_tables("iris")
    with pytest.raises(BadInput, match="--contenders: 'h2o' is unknown; choose among ours, tpot"):
        chosen_contenders("h2o")


def test_every_table_says_whose_it_is():
    assert all(table.licence and table.credit for table in TABLES.values())
    assert len(TABLES) >= 5
