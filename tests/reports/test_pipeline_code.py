"""``best_pipeline.py``: run as a script of its own, it gives the published predictions."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectPercentile, f_classif, f_regression
from sklearn.linear_model import LassoLarsCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from xgboost import XGBClassifier

from config.samples import SAMPLES
from experiments.data.columns import preprocessing
from experiments.data.split import split
from experiments.data.table import Table, read_table
from experiments.reports.pipeline_code import Fitting, pipeline_code
from experiments.search.tpot_repairs import tpot
from models.published import publishable

EstimatorTransformer = tpot.builtin_modules.EstimatorTransformer


def linear():
    """A pipeline as the space ``linear`` has them, with a numpy scalar, a function, and a class that was mended."""
    inner = EstimatorTransformer(GaussianNB(), cross_val_predict_cv=3)
    return make_pipeline(
        StandardScaler(),
        SelectPercentile(f_classif, percentile=np.int64(40)),
        make_union(inner, tpot.builtin_modules.Passthrough()),
        ExtraTreesClassifier(n_estimators=np.int64(15), min_samples_leaf=2, random_state=42),
    )


def graph():
    """A pipeline as the space ``graph`` has them."""
    made = nx.DiGraph()
    made.add_node("XGBClassifier_01", instance=XGBClassifier(n_estimators=8, n_jobs=1, random_state=3))
    made.add_node("GaussianNB_01", instance=GaussianNB())
    made.add_node("MinMaxScaler_01", instance=MinMaxScaler())
    made.add_node("SelectPercentile_01", instance=SelectPercentile(f_classif, percentile=np.int64(50)))
    made.add_edges_from(
        [
            ("XGBClassifier_01", "GaussianNB_01"),
            ("XGBClassifier_01", "MinMaxScaler_01"),
            ("GaussianNB_01", "SelectPercentile_01"),
        ]
    )
    return tpot.GraphPipeline(made, cross_val_predict_cv=3)


def published(development: Table, estimator):
    """The fitted pipeline as a run publishes it."""
    columns = preprocessing(development.kinds, development.X, development.task)
    return publishable(columns, estimator, development.X, development.y, development.task)


def run_script(code: str, folder: Path, *arguments: str) -> pd.Series:
    """The predictions that the script prints, run where this project is not at hand."""
    script = folder / "best_pipeline.py"
    script.write_text(code, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", str(script), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return pd.read_csv(io.StringIO(answer.stdout)).iloc[:, 0]


@pytest.mark.parametrize(
    ("sample", "estimator", "holdout_share"),
    [
        ("german_credit", linear(), 0.2),
        ("german_credit", graph(), 0.2),
        ("abalone", make_pipeline(SelectPercentile(f_regression, percentile=60), LassoLarsCV(cv=3)), 0.25),
        ("penguins", make_pipeline(StandardScaler(), GaussianNB()), 0.0),
    ],
    ids=["linear", "graph", "regression", "missing values, all rows"],
)
def test_the_script_gives_the_published_predictions(sample, estimator, holdout_share, tmp_path):
    path = SAMPLES[sample].path
    table = read_table(sample, "")
    development = split(table, holdout_share, 7)[0] if holdout_share else table
    pipeline = published(development, estimator)
    fitting = Fitting.of(table, path, str(table.y.name), holdout_share, 7)
    code = pipeline_code(pipeline, fitting, metric="accuracy", cv_score=0.75, holdout_score=0.74, origin="a test")
    assert not any(f"import {room}" in code or f"from {room}" in code for room in ("experiments", "models", "config"))
    predictions = run_script(code, tmp_path, str(path.resolve()))
    expected = pipeline.predict(table.X)
    if table.task == "classification":
        assert (predictions.astype(str) == expected.astype(str)).all()
    else:
        np.testing.assert_allclose(predictions, expected, rtol=1e-12)


def test_another_files_rows_can_be_predicted(tmp_path):
    lines = ["size;weight;kind"] + [f"{n};{n % 7},5;{'big' if n > 20 else 'small'}" for n in range(40)]
    path = tmp_path / "things.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    new = tmp_path / "new.csv"
    new.write_text("size;weight\n1;2,5\n39;1,5\n", encoding="utf-8")
    table = read_table(str(path), "kind")
    pipeline = published(table, make_pipeline(StandardScaler(), GaussianNB()))
    code = pipeline_code(pipeline, Fitting.of(table, path, "kind", 0.0, 0), metric="accuracy")
    assert run_script(code, tmp_path, str(path), str(new)).tolist() == ["small", "big"]


def test_scores_and_origin_stand_at_its_head():
    fitting = Fitting(Path("my.csv"), 'the """target"""', "str")
    code = pipeline_code(GaussianNB(), fitting, metric="roc_auc", cv_score=0.91234567, origin="task 7")
    compile(code, "best_pipeline.py", "exec")
    assert "cross-validated roc_auc 0.912346" in code
    assert "hold-out" not in code
    assert "From task 7." in code
    assert "python best_pipeline.py my.csv" in code


def test_without_arguments_it_says_how_to_run_it(tmp_path):
    script = tmp_path / "best_pipeline.py"
    script.write_text(pipeline_code(GaussianNB(), Fitting(Path("my.csv"), "y", "str"), metric="accuracy"))
    answer = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True)
    assert answer.returncode == 1
    assert "python best_pipeline.py my.csv" in answer.stderr
