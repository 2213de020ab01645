"""When two forms of a pipeline agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from models.evidence import HoldoutRows
from models.export.parity import TIE, TOLERANCE, Answers, compare, rows_to_compare
from models.export.skops_file import loaded, skops_file
from models.published import publishable
from tests.data.awkward import awkward_frame, awkward_labels

LABELS = np.array(["a", "b", "b", "a"])
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.5 - TIE / 4, 0.5 + TIE / 4], [0.7, 0.3]])


def test_the_same_answers_agree_without_any_tolerance():
    same = Answers(LABELS.copy(), PROBABILITIES.copy())
    result = compare("a form", Answers(LABELS, PROBABILITIES), same, 0.0)
    assert (result.agrees, result.rows, result.largest_difference) == (True, 4, 0)


@pytest.mark.parametrize(("tolerance", "differing"), [(0.0, 1), (TOLERANCE, 0)])
def test_a_tie_may_go_either_way_only_where_there_is_a_tolerance(tolerance, differing):
    told = Answers(np.array(["a", "b", "a", "a"]), PROBABILITIES)
    assert compare("a form", Answers(LABELS, PROBABILITIES), told, tolerance).differing == differing


def test_another_label_and_another_probability_are_counted():
    told = Answers(
        np.array(["b", "b", "b", "a"]), PROBABILITIES + np.array([[0, 0], [0, 0], [0, 0], [2 * TOLERANCE, 0]])
    )
    result = compare("a form", Answers(LABELS, PROBABILITIES), told, TOLERANCE)
    assert (result.differing, result.agrees) == (2, False)
    assert result.largest_difference == pytest.approx(2 * TOLERANCE)


def test_numbers_are_compared_relative_to_the_largest():
    expected = Answers(np.array([1e6, 0.0, -5.0]))
    assert compare("a form", expected, Answers(np.array([1e6, 50.0, -5.0])), TOLERANCE).agrees
    assert compare("a form", expected, Answers(np.array([1e6, 500.0, -5.0])), TOLERANCE).differing == 1


def test_not_a_number_and_missing_rows_never_agree():
    expected = Answers(np.array([1.0, 2.0]))
    assert compare("a form", expected, Answers(np.array([1.0, np.nan])), TOLERANCE).differing == 1
    assert compare("a form", expected, Answers(np.array([1.0])), TOLERANCE).differing == 2


def test_rows_to_compare_are_the_held_out_ones_and_some_with_a_cell_emptied():
    X = pd.DataFrame({"n": [1, 2, 3], "t": [True, False, True], "c": ["x", "y", "z"], "unused": [1, 2, 3]})
    kinds = {"n": "numeric", "t": "boolean", "c": "categorical", "unused": "drop"}
    rows = rows_to_compare(HoldoutRows(X, pd.Series(list("aba"), name="y"), "classification", kinds))
    assert len(rows) == 6
    assert rows.iloc[:3].to_numpy().tolist() == X.to_numpy().tolist()
    assert rows.iloc[3:].isna().sum().to_dict() == {"n": 1, "t": 1, "c": 1, "unused": 0}


def test_a_pipeline_reads_them_as_it_reads_the_held_out_ones():
    X, y = awkward_frame(), awkward_labels()
    kinds = detect_kinds(X)
    fitted = publishable(preprocessing(kinds, X, "classification"), GaussianNB(), X, y, "classification")
    rows = rows_to_compare(HoldoutRows(X[:40], y[:40], "classification", kinds))
    assert len(rows) == 80
    assert np.array_equal(Answers.of(fitted, rows[:40]).probabilities, Answers.of(fitted, X[:40]).probabilities)
    file = skops_file(fitted)
    assert compare("skops", Answers.of(fitted, rows), Answers.of(loaded(file), rows), 0.0).agrees
