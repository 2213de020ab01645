"""The compiled preprocessing is the fitted one, bit by bit, or it is not used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from config.samples import SAMPLES
from experiments.data.columns import preprocessing
from experiments.data.table import read_table
from models.published import coded, publishable
from models.schema import input_schema
from models.serving.predictor import Predictor
from models.serving.quick_columns import NotSeparable, QuickColumns, frame_of, identical
from models.serving.trial_rows import holdout_cells, strange_cells
from models.serving.validation import InputSchema
from tests.models.serving.made_models import Made, awkward, plain


def compared(made):
    """The numbers of held-out and of strange rows: compiled, and fitted."""
    columns = coded(made.fitted).steps[0][1]
    reader = InputSchema(made.schema)
    quick = QuickColumns(columns, made.schema)
    for cells in (holdout_cells(made.holdout(), reader), strange_cells(made.schema, reader)):
        for some in (cells, {name: column[:1] for name, column in cells.items()}, cells):
            yield quick.transform(some), np.asarray(columns.transform(frame_of(some)))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_bit_is_the_same_on_the_samples(name):
    table = read_table(name)
    columns = preprocessing(table.kinds, table.X, table.task).fit(table.X, table.y)
    schema = input_schema(table.X, table.kinds)
    cells = InputSchema(schema)
    quick = QuickColumns(columns, schema)
    strange = strange_cells(schema, cells)
    assert identical(quick.transform(strange), np.asarray(columns.transform(frame_of(strange))))
    real = {name: column.astype(object).where(column.notna(), None).tolist() for name, column in table.X.items()}
    read = {name: cells.readable(name, real[name]) for name in cells.required}
    assert identical(quick.transform(read), np.asarray(columns.transform(table.X)))


def test_every_bit_is_the_same_on_every_kind_of_column():
    for quick, fitted in compared(awkward()):
        assert quick.shape[0] > 0
        assert identical(quick, fitted)


def test_numbers_as_categories_rare_ones_and_missing_ones_are_the_same():
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "number of rooms": pd.Series(random.integers(1, 5, 200)).astype("category"),
            "rare": random.choice([f"r{number}" for number in range(29)], 200),
            "many": random.choice([f"m{number}" for number in range(45)], 200),
            "too many": [f"t{number % 120}" for number in range(200)],
            "empty in training": pd.Series([np.nan] * 199 + [1.0]),
        }
    )
    y = pd.Series(random.choice(["a", "b", "c"], 200))
    made = Made(X, y, make_pipeline(MinMaxScaler(), LogisticRegression()))
    for quick, fitted in compared(made):
        assert identical(quick, fitted)


def test_the_predictor_uses_it_and_answers_as_the_pipeline_does():
    made = plain()
    predictor = Predictor(made.fitted, made.schema)
    cells = holdout_cells(made.holdout(), InputSchema(made.schema))
    predictor.check(cells)
    assert predictor.is_quick
    labels, probabilities = predictor.predict(cells)
    frame = made.X.head(60)
    assert labels == made.fitted.predict(frame).tolist()
    assert np.array_equal(probabilities, made.fitted.predict_proba(frame))


def test_where_a_bit_differs_the_fitted_preprocessing_answers():
    made = plain()
    predictor = Predictor(made.fitted, made.schema)
    predictor._quick._parts[0]._replacements += 1e-9
    predictor.check({"age": [None], "income": [1.0], "colour": ["red"], "member": [True]})
    assert not predictor.is_quick
    assert "differ" in predictor.why_slow
    cells = holdout_cells(made.holdout(), InputSchema(made.schema))
    assert predictor.predict(cells)[0] == made.fitted.predict(made.X.head(60)).tolist()


def test_a_preprocessing_of_somebody_else_is_not_compiled():
    made = plain()
    others = ColumnTransformer([("scaled", MinMaxScaler(), ["age", "income"])]).fit(made.X)
    with pytest.raises(NotSeparable, match="MinMaxScaler"):
        QuickColumns(others, made.schema)
    fitted = publishable(
        ColumnTransformer([("scaled", MinMaxScaler(), ["age", "income"])]), LogisticRegression(), made.X, made.y,
        "classification",
    )  # fmt: skip
    predictor = Predictor(fitted, made.schema)
    assert not predictor.is_quick
    cells = holdout_cells(made.holdout(), InputSchema(made.schema))
    assert predictor.predict(cells)[0] == fitted.predict(made.X.head(60)).tolist()
