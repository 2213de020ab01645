"""A report finds shifts of a size that matters, and says of rows of the same distribution that nothing moved."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from models.drift.column_drift import FALSE_ALARMS, ROWS_AT_LEAST
from models.drift.counts import Counts
from models.drift.profile import Profile, training_profile
from models.drift.report import drift_report
from tests.models.drift.rows import KINDS, frame, probabilities, profile, report


@pytest.fixture(scope="module")
def training():
    return profile()


def some(X):
    """Every twelfth row."""
    return np.arange(len(X)) % 12 == 0


def column(found, name):
    return next(each for each in found if each.name == name)


def test_false_alarms_are_as_rare_as_promised():
    reports = 150
    alarms = 0
    for number in range(reports):
        if number % 30 == 0:
            training = profile(800, seed=1000 + number)
        rows = (60, 200, 1000)[number % 3]
        alarms += report(training, frame(rows, number), probabilities(rows, number)).is_drift
    assert alarms <= 3 * FALSE_ALARMS * reports


def test_two_hundred_rows_of_the_same_distribution_raise_no_alarm(training):
    found = report(training, frame(200, 1))
    assert not found.is_drift
    assert found.summary == "200 rows, and no column has moved beyond 0.1"
    assert any(each.worst.psi > 0.04 for each in found)  # which is chance


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({"age": lambda X: X["age"] + 6.0}, "higher than in training"),  # 0.6 standard deviations: a PSI of 0.36
        ({"age": lambda X: X["age"] - 6.0}, "lower than in training"),
        ({"age": lambda X: X["age"].mask(np.arange(len(X)) % 10 == 0)}, "10.0% missing, 0.0% in training"),
        ({"colour": lambda X: X["colour"].replace("red", "blue")}, "'blue' in"),
        ({"colour": lambda X: X["colour"].mask(some(X), "pink")}, "new categories in 8.3% of the rows: 'pink'"),
        ({"town": lambda X: X["town"].mask(some(X), "Ulm")}, "new categories in 8.3% of the rows: 'Ulm'"),
        ({"member": lambda X: np.arange(len(X)) % 10 > 0}, "'1' in 90% of the rows"),
        ({"note": lambda X: X["note"] + " and so on and on"}, "longer than in training"),
        ({"day": lambda X: ["01.01.1999"] * len(X)}, "earlier than in training"),
        ({"visits": lambda X: X["visits"] * 10}, "higher than in training"),
    ],
)  # fmt: skip
def test_a_shift_is_found_and_only_the_column_that_moved(training, changed, finding):
    X = frame(300, 5)
    found = report(training, X.assign(**{name: change(X) for name, change in changed.items()}))
    (name,) = changed
    assert [each.name for each in found.moved_columns] == [name]
    assert finding in found.columns[0].finding
    assert found.is_drift
    assert found.summary.startswith(f"drift in 300 rows: 1 of 7 columns has moved: {name}")


def test_a_shift_that_matters_little_is_no_alarm_however_many_rows_show_it(training):
    X = frame(20_000, 5)
    found = report(training, X.assign(age=X["age"] + 2.0))  # a PSI of 0.04
    assert column(found, "age").worst.p_value < 1e-3
    assert not found.is_drift
    assert [each.name for each in report(training, X.assign(age=X["age"] + 2.0), limit=0.01).moved_columns] == ["age"]


def test_later_dates_are_no_alarm(training):
    X = frame(300, 5)
    later = pd.to_datetime(X["day"], format="%d.%m.%Y") + pd.Timedelta(400, "D")
    found = report(training, X.assign(day=later.dt.strftime("%d.%m.%Y")))
    assert not found.is_drift
    assert column(found, "day").verdict == "later"
    assert column(found, "day").above == pytest.approx(1.0)


def test_but_later_dates_of_which_many_are_missing_are(training):
    X = frame(300, 5)
    found = report(training, X.assign(day=pd.Series("01.01.2026", X.index).mask(some(X))))
    assert [each.name for each in found.moved_columns] == ["day"]
    assert column(found, "day").finding == "8.3% missing, 0.0% in training"


def test_few_rows_say_nothing(training):
    found = report(training, frame(ROWS_AT_LEAST - 1).assign(age=1e6))
    assert not found.is_drift
    assert {each.verdict for each in found} == {"too few rows"}
    assert found.summary == "49 rows, too few to say anything: at least 50 are needed"


def test_no_rows_are_a_report_too(training):
    found = report(training, frame(0), probabilities(0))
    assert not found.is_drift
    assert json.loads(json.dumps(found.as_json()))["rows"] == 0


def test_predictions_that_moved_are_told_apart(training):
    moved = np.column_stack([np.full(300, 0.9), np.full(300, 0.1)])
    found = report(training, frame(300, 5), moved)
    assert not found.moved_columns
    assert [each.name for each in found.moved_predictions] == ["prediction", "confidence"]
    assert "'no' in 100% of the rows" in found.predictions[0].finding
    assert found.summary == "drift in 300 rows: the predictions moved (prediction, confidence)"


def test_predicted_numbers_are_compared_too():
    y = np.random.default_rng(0).normal(100.0, 15.0, 300)
    training = Profile.from_json(training_profile(frame(500), KINDS, y, "regression"))
    for rise, moved in ((0.0, []), (15.0, ["prediction"])):
        counted = Counts(training)
        counted.add(frame(200, 1), np.random.default_rng(1).normal(100.0 + rise, 15.0, 200))
        assert [each.name for each in drift_report(counted).moved_predictions] == moved


def test_the_worst_comes_first(training):
    X = frame(300, 5)
    found = report(training, X.assign(age=X["age"] + 6.0, colour="red", visits=X["visits"] + 50))
    assert [each.name for each in found.moved_columns] == ["visits", "colour", "age"]


def test_the_table_and_the_json_say_the_same(training):
    X = frame(300, 5)
    found = report(training, X.assign(age=X["age"] + 6.0))
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["drift"] is True
    assert told["moved"] == ["age"]
    assert told["columns"][0]["psi"] > 0.25 > told["limit"]
    assert sum(told["columns"][0]["shares"]["now"]) == pytest.approx(1.0)
    lines = found.text().splitlines()
    assert lines[1].startswith("age ")
    assert "moved: higher than in training" in lines[1]
    assert lines[-1] == found.summary
    assert len(lines) == 1 + 7 + 2 + 2
