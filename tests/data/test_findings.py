"""Tables are checked before a search: what is found, what is not, and what a person reads of it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from config.samples import SAMPLES
from experiments.data.findings import as_json, findings, refusal
from experiments.data.split import split
from experiments.data.table import Roles, Table, read_table
from tests.data.awkward import awkward_frame, awkward_labels

ROWS = 400


@pytest.fixture
def honest() -> pd.DataFrame:
    """Rows of which nothing is to be said: some signal, some noise, in random order."""
    random = np.random.default_rng(5)
    signal = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "height": signal,
            "weight": random.normal(size=ROWS),
            "colour": random.choice(["red", "green", "blue"], ROWS),
            "cents": random.integers(100, 10_000_000, ROWS),
            "note": [" ".join(random.choice(["a", "few", "words", "of", "text"], 9)) for _ in range(ROWS)],
            "day": pd.date_range("2024-01-01", periods=ROWS)[random.permutation(ROWS)].strftime("%Y-%m-%d"),
            "answer": np.where(signal + random.normal(size=ROWS) > 0, "yes", "no"),
        }
    )


@pytest.fixture
def found(tmp_path):
    """What is found in a frame, as kind -> finding."""

    def check(frame: pd.DataFrame, target: str = "answer", kinds=None, **roles):
        path = tmp_path / "table.csv"
        frame.to_csv(path, index=False)
        table = read_table(str(path), target, roles=Roles(**roles), kinds=kinds)
        return findings(table, *split(table, 0.25, seed=1), seed=1)

    return check


def kinds_of(result) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.column) for finding in result]


def test_an_honest_table_raises_nothing(found, honest):
    assert found(honest) == ()
    assert found(honest, "height") == ()


@pytest.mark.parametrize(
    "leak",
    [
        pytest.param(lambda y, random: (y == "yes") * 1.0 + random.normal(size=len(y)) / 50, id="a number"),
        pytest.param(lambda y, random: np.where(y == "yes", random.choice(["p", "q"], len(y)), "r"), id="a category"),
        pytest.param(lambda y, random: pd.Series(np.where(y == "yes", random.normal(size=len(y)), np.nan)), id="a gap"),
        pytest.param(
            lambda y, random: np.where(y == "yes", random.choice(["2024-03-15", "2024-04-02"], len(y)), ""),
            id="a date that only some rows have",
        ),
        pytest.param(lambda y, random: np.where(random.random(len(y)) < 0.003, y == "no", y == "yes"), id="nearly"),
    ],
)  # fmt: skip
def test_a_column_that_alone_predicts_the_class_is_found(found, honest, leak):
    result = found(honest.assign(closed=leak(honest["answer"], np.random.default_rng(0))))
    assert kinds_of(result) == [("leak", "closed")]
    assert result[0].refusable
    assert 'feat_type {"closed": "drop"}' in result[0].line
    assert "balanced accuracy" in result[0].line


@pytest.mark.parametrize("copy", [lambda y: 1.19 * y + 3, np.exp, lambda y: -(y**3), lambda y: y.round(1)])
def test_a_column_from_which_an_amount_follows_is_found(found, honest, copy):
    assert kinds_of(found(honest.assign(gross=copy(honest["height"])), "height")) == [("leak", "gross")]


def test_a_strong_column_is_no_leak(found, honest):
    random = np.random.default_rng(0)
    wrong = random.random(ROWS) < 0.05
    strong = np.where(wrong, random.choice(["yes", "no"], ROWS), honest["answer"])
    assert found(honest.assign(strong=strong)) == ()


def test_rare_classes_count_as_much_in_a_leak(found, honest):
    rare = np.arange(ROWS) % 40 == 7
    frame = honest.assign(
        answer=np.where(rare, "ill", "well"), marker=np.where(rare, 1.0, 0.0) + honest["weight"] / 100
    )
    assert kinds_of(found(frame)) == [("leak", "marker")]


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param(np.arange(1, ROWS + 1), id="running"),
        pytest.param(np.random.default_rng(0).permutation(ROWS) + 5000, id="running, in any order"),
        pytest.param(np.cumsum(np.random.default_rng(0).integers(1, 9, ROWS)), id="rising, with gaps"),
        pytest.param([f"C-{number * 7919 % 100003:06d}" for number in range(ROWS)], id="codes"),
    ],
)
def test_an_identifier_is_found_and_is_no_leak(found, honest, codes):
    result = found(honest.assign(customer=codes))
    assert kinds_of(result) == [("identifier", "customer")]
    assert f"feat_type {json.dumps({'customer': 'drop'})}" in result[0].line


def test_an_identifier_that_is_left_out_already_is_not_told_of(found, honest):
    assert found(honest.assign(customer=range(ROWS)), kinds={"customer": "drop"}) == ()


def test_columns_with_a_role_are_no_findings(found, honest):
    frame = honest.assign(when=range(ROWS), patient=np.arange(ROWS) // 2, counts=np.arange(ROWS) + 1)
    assert found(frame.drop(columns="patient"), weight="counts", by_time=True, time="when") == ()
    assert found(frame.drop(columns="when"), weight="counts", group="patient") == ()


def test_copies_are_found_in_the_table_and_on_both_sides(found, honest):
    frame = pd.concat([honest, honest.iloc[:60]]).sample(frac=1, random_state=0)
    both = found(frame)
    assert kinds_of(both) == [("duplicates", None), ("both parts", None)]
    assert "60 of 460 rows (13.0%) repeat an earlier one" in both[0].line
    assert "group_column=" in both[1].line


def test_an_identifier_does_not_hide_copies(found, honest):
    frame = pd.concat([honest, honest.iloc[:60]]).sample(frac=1, random_state=0)
    result = found(frame.assign(row=range(len(frame))))
    assert kinds_of(result) == [("identifier", "row"), ("duplicates", None), ("both parts", None)]
    assert "'row' aside" in result[1].line


def test_copies_that_contradict_each_other_are_counted(found, honest):
    copies = honest.iloc[:60].assign(answer=["yes" if answer == "no" else "no" for answer in honest["answer"][:60]])
    result = found(pd.concat([honest, copies]).sample(frac=1, random_state=0))
    assert "120 of 120 rows that have a copy differ from it in 'answer'" in result[0].line


def test_copies_in_one_group_are_not_on_both_sides(found, honest):
    copies = pd.concat([honest, honest.iloc[:60]])
    frame = copies.assign(patient=copies.index).sample(frac=1, random_state=0)
    assert kinds_of(found(frame, group="patient")) == [("duplicates", None)]


def test_coarse_columns_are_alike_by_chance(found):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({name: random.choice(list("abc"), ROWS) for name in ("one", "two", "answer")})
    assert found(frame) == ()


def test_a_target_that_drifts_is_found(found, honest):
    later = np.random.default_rng(0).random(ROWS) < np.arange(ROWS) / ROWS
    result = found(honest.assign(answer=np.where(later, "yes", "no")))
    assert kinds_of(result) == [("drift", "answer")]
    assert "split=time" in result[0].line
    assert "group_column=" in result[0].line
    amounts = found(honest.assign(answer=honest["weight"] + np.arange(ROWS) / 100))
    assert kinds_of(amounts) == [("drift", "answer")]
    assert "its mean is" in amounts[0].line


def test_where_the_split_goes_by_time_a_drift_is_only_told(found, honest):
    later = np.random.default_rng(0).random(ROWS) < np.arange(ROWS) / ROWS
    frame = honest.assign(answer=np.where(later, "yes", "no"), when=range(ROWS)).sample(frac=1, random_state=0)
    (told,) = found(frame, by_time=True, time="when")
    assert (told.kind, told.refusable) == ("drift", False)
    assert "changes with time" in told.line
    assert "split=time" not in told.line


def test_a_sorted_file_does_not_drift(found, honest):
    (told,) = found(honest.sort_values("answer"))
    assert (told.kind, told.refusable) == ("drift", False)
    assert "sorted by 'answer'" in told.line


def test_groups_that_stand_together_are_no_drift(found, honest):
    patient = np.arange(ROWS) // 10
    answers = np.random.default_rng(0).choice(["yes", "no"], ROWS // 10)[patient]
    assert kinds_of(found(honest.assign(answer=answers, patient=patient), group="patient")) == []


@pytest.mark.parametrize(
    ("name", "kinds"), [("german_credit", []), ("abalone", [("drift", "rings")]), ("penguins", [("drift", "species")])]
)
def test_samples_raise_only_what_is_true_of_them(name, kinds):
    assert name in SAMPLES
    table = read_table(name)
    assert kinds_of(findings(table, *split(table, 0.2, seed=42), seed=42)) == kinds


def test_a_tiny_table_can_be_checked(found):
    frame = pd.DataFrame({"x": range(8), "answer": list("abababab")})
    assert found(frame) == ()


def test_findings_are_told_as_json_and_as_one_refusal(found, honest):
    result = found(honest.assign(customer=range(ROWS), closed=honest["answer"]))
    told = as_json(result)
    assert json.loads(json.dumps(told)) == told
    assert [entry["kind"] for entry in told["findings"]] == ["leak", "identifier"]
    assert set(told["findings"][0]) == {"kind", "column", "line", "refusable"}
    assert refusal(result).startswith("table_checks=refuse: column 'closed' alone predicts")
    assert "1 more" in refusal(result)
    assert refusal(found(honest.sort_values("answer"))) == ""
    assert "\n" not in refusal(result)


@pytest.mark.parametrize("target", ["answer", "whole"])
def test_every_kind_and_type_of_column_can_be_checked(tmp_path, target):
    frame = awkward_frame(150).drop(columns="mixed").assign(answer=awkward_labels(150))
    path = tmp_path / "awkward.parquet"
    frame.to_parquet(path)
    table = read_table(str(path), target, task_type="regression" if target == "whole" else "auto")
    # which numbers the rows, but for a few cells
    assert kinds_of(findings(table, *split(table, 0.2, seed=0))) == [("identifier", "numbers as text")]


def test_cells_of_mixed_types_can_be_checked():
    frame = awkward_frame(150)
    kinds = {"mixed": "categorical", "whole": "numeric"}
    table = Table("mixed", frame[list(kinds)], awkward_labels(150), "classification", kinds, "0" * 64)
    assert kinds_of(findings(table, table.rows(np.arange(100)), table.rows(np.arange(100, 150)))) == []
