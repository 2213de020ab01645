"""A table is read whole and checked, or refused in one line that says what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from experiments.data.table import Roles, check_folds, read_table
from tests.data.awkward import AWKWARD_KINDS, awkward_frame, awkward_labels


@pytest.fixture
def saved(tmp_path):
    """Writes columns to a CSV file and returns its path."""

    def save(frame=None, name="shop.csv", **columns):
        path = tmp_path / name
        (pd.DataFrame(columns) if frame is None else frame).to_csv(path, index=False)
        return str(path)

    return save


def refused(*arguments, **settings):
    with pytest.raises(BadInput) as error:
        read_table(*arguments, **settings)
    return str(error.value)


def test_a_sample_knows_its_target():
    table = read_table("german_credit")
    assert table.name == "german_credit"
    assert table.X.shape == (1000, 20)
    assert "credit_risk" not in table.X
    assert table.y.value_counts().to_dict() == {"good": 700, "bad": 300}
    assert table.task == "classification"
    assert list(table.kinds) == list(table.X.columns)
    assert sorted(set(table.kinds.values())) == ["categorical", "numeric"]


def test_the_samples_cover_regression_and_missing_cells():
    assert read_table("abalone").task == "regression"
    assert read_table("penguins").X.isna().any().any()


def test_another_column_of_a_sample_can_be_the_target():
    assert read_table("penguins", "island").task == "classification"


def test_a_file_is_named_after_itself(saved):
    assert read_table(saved(x=range(10), y=["a", "b"] * 5), "y").name == "shop"


def test_an_awkward_table_survives_csv_and_parquet(saved, tmp_path):
    frame = awkward_frame().assign(antwort=awkward_labels())
    from_csv = read_table(saved(frame), "antwort")
    assert from_csv.kinds == {**AWKWARD_KINDS, "code": "numeric"}  # CSV knows no text beside numbers
    frame.drop(columns="mixed").to_parquet(tmp_path / "t.parquet")
    from_parquet = read_table(str(tmp_path / "t.parquet"), "antwort")
    assert from_parquet.kinds == {name: kind for name, kind in AWKWARD_KINDS.items() if name != "mixed"}
    assert from_csv.y.tolist() == from_parquet.y.tolist() == awkward_labels().tolist()


@pytest.mark.parametrize(
    ("cells", "task", "dtype"),
    [
        (["a", "b"] * 30, "classification", None),
        ([True, False] * 30, "classification", "bool"),
        ([0, 1] * 30, "classification", "int64"),
        ([0.0, 1.0] * 30, "classification", "int64"),
        ([1, 2, 3, 4, 5, 6] * 10, "classification", "int64"),
        (range(60), "regression", "float64"),
        ([*range(19), *range(41)], "regression", "float64"),
        ([0.5, 1.5] * 30, "regression", "float64"),
    ],
)
def test_the_task_follows_from_the_labels(saved, cells, task, dtype):
    table = read_table(saved(x=range(60), y=list(cells)), "y")
    assert table.task == task
    assert dtype is None or table.y.dtype == dtype


@pytest.mark.parametrize(
    ("cells", "task", "first"),
    [(["0", "1"] * 30, "classification", "0"), ([f"{number}.5" for number in range(60)], "regression", 0.5)],
)
def test_texts_that_spell_amounts_are_amounts_and_others_classes(tmp_path, cells, task, first):
    pd.DataFrame({"x": range(60), "y": cells}).to_parquet(tmp_path / "t.parquet")
    table = read_table(str(tmp_path / "t.parquet"), "y")
    assert (table.task, table.y.iloc[0]) == (task, first)


def test_whole_labels_stay_whole_beside_missing_ones(saved):
    table = read_table(saved(x=range(61), y=[None, *[0, 1] * 30]), "y", missing_labels="drop")
    assert table.y.dtype == "int64"


def test_the_task_can_be_chosen(saved):
    path = saved(x=range(60), y=[1, 2, 3, 4, 5, 6] * 10)
    assert read_table(path, "y", task_type="regression").y.dtype == "float64"
    path = saved(x=range(60), y=list(range(30)) * 2)
    assert read_table(path, "y", task_type="classification").task == "classification"


def test_kinds_can_be_chosen(saved):
    path = saved(zip=range(1000, 1060), id=range(60), x=range(60), y=[0, 1] * 30)
    table = read_table(path, "y", kinds={"zip": "categorical", "id": "drop"})
    assert table.kinds == {"zip": "categorical", "id": "drop", "x": "numeric"}
    assert "id" in table.X


def test_rows_without_a_label_are_refused_or_dropped(saved):
    path = saved(x=range(10), y=["a", "b", None, "a", "b", "", "a", "b", "a", "b"])
    said = refused(path, "y")
    assert "column 'y' is empty in 2 of 10 rows (the first is row 3)" in said
    assert "--missing-labels drop" in said
    table = read_table(path, "y", missing_labels="drop")
    assert len(table.y) == len(table.X) == 8
    assert table.X["x"].tolist() == [0, 1, 3, 4, 6, 7, 8, 9]
    assert table.X.index.tolist() == list(range(8))


def test_labels_come_in_the_persons_own_type(tmp_path):
    frame = pd.DataFrame({"x": range(12), "y": pd.Series(["a", "b", "c"] * 4, dtype="category")})
    frame["n"] = pd.Series([1, 2] * 6, dtype="Int64")
    frame["b"] = pd.Series([True, False] * 6, dtype="boolean")
    frame.to_parquet(tmp_path / "t.parquet")
    path = str(tmp_path / "t.parquet")
    assert set(read_table(path, "y").y) == {"a", "b", "c"}
    assert read_table(path, "n").y.dtype == "int64"
    assert read_table(path, "b").y.dtype == "bool"


@pytest.mark.parametrize(
    ("columns", "settings", "said"),
    [
        ({"Price": [1, 2] * 9, "x": range(18)}, {"target": "prise"},
         "no column 'prise' to predict; did you mean 'Price'?"),
        ({"a": [1, 2] * 9, "x": range(18)}, {"target": "qqq"}, "the columns are a, x"),
        ({"a": [1, 2] * 9, "x": range(18)}, {}, "Type --target and one of a, x"),
        ({"x": range(18), "y": [7] * 18}, {}, "column 'y' is '7' in every row"),
        ({"x": range(18), "y": [None] * 18}, {}, "column 'y' is empty in all 18 rows"),
        ({"x": range(18), "y": [np.inf, *range(17)]}, {}, "infinite in 1 of 18 rows (the first is row 1)"),
        ({"x": range(18), "y": ["?", *range(17)]}, {}, "column 'y' holds '?' in row 1 where a number is expected"),
        ({"x": range(18), "y": ["a", "b"] * 9}, {"task_type": "regression"}, "holds 'a' in row 1 where a number"),
        ({"x": range(18), "y": [0.5, 1.5] * 9}, {"task_type": "classification"}, "it holds fractions (0.5 in row 1)"),
        ({"x": range(18), "y": ["2024-01-01", "2024-01-02"] * 9}, {}, "holds dates, which cannot be predicted"),
        ({"y": [0, 1] * 9}, {}, "has only one column"),
        ({"x": range(18), "e": [None] * 18, "y": [0, 1] * 9}, {}, 'leave it out with feat_type {"e": "drop"}'),
        ({"x": [1] * 18, "y": [0, 1] * 9}, {}, "nothing to learn from"),
        ({"x": [1], "y": [0]}, {}, "has 1 row below its header"),
        ({"x": [], "y": []}, {}, "has 0 rows below its header"),
        ({"x": range(18), "y": [0, 1] * 9}, {"kinds": {"y": "text"}}, "'y' is the column to predict"),
        ({"x": range(18), "y": [0, 1] * 9}, {"kinds": {"z": "text"}}, "no feature column 'z'"),
    ],
)  # fmt: skip
def test_what_a_person_has_to_mend_is_said_in_one_line(saved, columns, settings, said):
    settings = {"target": "y" if "y" in columns else "", **settings}
    message = refused(saved(**columns), **settings)
    assert said in message
    assert "\n" not in message


def test_an_empty_column_may_be_dropped(saved):
    path = saved(x=range(18), e=[None] * 18, y=[0, 1] * 9)
    assert read_table(path, "y", kinds={"e": "drop"}).kinds["e"] == "drop"


class TestFolds:
    def test_enough_rows_pass(self):
        check_folds(read_table("german_credit"), 5, 0.2)
        check_folds(read_table("abalone"), 5, 0.2)

    def test_a_class_with_fewer_members_than_folds_is_named_and_counted(self, saved):
        table = read_table(saved(x=range(100), y=["often"] * 96 + ["rare"] * 4), "y")
        with pytest.raises(BadInput, match=r"class 'rare' has 4 rows, of which 3 remain .* set cv_folds to 3"):
            check_folds(table, 5, 0.2)
        check_folds(table, 3, 0.2)

    def test_a_class_of_one_cannot_be_saved_by_fewer_folds(self, saved):
        table = read_table(saved(x=range(100), y=["often"] * 99 + ["once"]), "y")
        with pytest.raises(BadInput, match=r"class 'once' has 1 row, of which 0 remain .* or take the class out"):
            check_folds(table, 5, 0.2)

    def test_the_hold_out_part_needs_a_row_of_every_class(self, saved):
        table = read_table(saved(x=range(100), y=[f"c{number % 10}" for number in range(100)]), "y")
        with pytest.raises(
            BadInput, match=r"hold-out share of 0\.05 is 5 rows for 10 classes; set holdout_share to 0\.1"
        ):
            check_folds(table, 5, 0.05)

    def test_a_regression_needs_two_rows_a_fold(self, saved):
        table = read_table(saved(x=range(10), y=[number / 3 for number in range(10)]), "y")
        with pytest.raises(BadInput, match="10 rows are too few for 5 folds"):
            check_folds(table, 5, 0.2)
        check_folds(table, 4, 0.2)


def test_weights_and_groups_are_no_features(saved):
    path = saved(x=range(12), y=["a", "b"] * 6, w=[1, 2, 3] * 4, g=["p", "q", "r", "s"] * 3)
    table = read_table(path, "y", roles=Roles(weight="w", group="g"))
    assert list(table.X) == list(table.kinds) == ["x"]
    assert table.weight.tolist() == [1.0, 2.0, 3.0] * 4
    assert table.groups.tolist() == [0, 1, 2, 3] * 3
    other = read_table(path, "y", roles=Roles(weight="w"))
    assert len({table.fingerprint, other.fingerprint, read_table(path, "y").fingerprint}) == 3


def test_rows_of_weight_0_are_left_out(saved):
    path = saved(x=range(12), y=["a", "b"] * 5 + ["never"] * 2, w=[0, 1] * 5 + [1, 0], when=range(12, 0, -1))
    table = read_table(path, "y", roles=Roles(weight="w", by_time=True, time="when"))
    assert table.X["x"].tolist() == [1, 3, 5, 7, 9, 10]
    assert table.order.tolist() == [11, 9, 7, 5, 3, 2]
    assert table.X.index.tolist() == table.weight.index.tolist() == table.order.index.tolist() == list(range(6))


def test_the_time_stays_a_feature_and_the_order_of_the_file_is_one(saved):
    path = saved(x=range(8), y=["a", "b"] * 4, when=[f"2024-01-0{day}" for day in range(8, 0, -1)])
    table = read_table(path, "y", roles=Roles(by_time=True, time="when"))
    assert table.kinds["when"] == "date"
    assert table.order.is_monotonic_decreasing
    assert read_table(path, "y", roles=Roles(by_time=True)).order.tolist() == list(range(8))


def test_a_weight_of_a_row_without_a_label_does_not_matter_and_rows_keep_their_numbers(saved):
    y = ["a", None] + ["a", "b"] * 4
    path = saved(x=range(10), y=y, w=[1, None, 1, 1, 1, 1, 1, 1, 1, 1])
    assert len(read_table(path, "y", missing_labels="drop", roles=Roles(weight="w")).y) == 9
    bad = saved(x=range(10), y=y, w=[1, None, 1, 1, 1, 1, 1, 1, 1, -1], name="bad.csv")
    assert "in row 10" in refused(bad, "y", missing_labels="drop", roles=Roles(weight="w"))


def test_too_few_groups_or_moments_for_the_folds_are_refused(saved):
    columns = {"x": range(40), "y": ["a", "b"] * 20, "g": ["p", "q", "r", "s"] * 10}
    table = read_table(saved(**columns), "y", roles=Roles(group="g"))
    check_folds(table, 3, 0.2)
    with pytest.raises(BadInput, match="column 'g' has 4 groups, but 4 folds and a hold-out need 5; set cv_folds to 3"):
        check_folds(table, 4, 0.2)
    table = read_table(saved(**columns), "y", roles=Roles(by_time=True, time="x"))
    check_folds(table, 5, 0.2)
    moments = {**columns, "g": [1, 2, 3, 4] * 10}
    table = read_table(saved(**moments), "y", roles=Roles(by_time=True, time="g"))
    with pytest.raises(BadInput, match="column 'g' has 4 moments, .* need 5; set cv_folds to 2"):
        check_folds(table, 3, 0.2)
