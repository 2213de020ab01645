"""``best_pipeline.py``: run as a script of its own, it gives the published predictions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, VotingRegressor
from sklearn.feature_selection import SelectPercentile, f_classif, f_regression
from sklearn.linear_model import LassoLarsCV, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from xgboost import XGBClassifier

from config.samples import SAMPLES
from config.settings import Settings
from experiments.data.columns import preprocessing
from experiments.data.split import split
from experiments.data.table import Table, read_table
from experiments.preparation import prepare
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


#: an interpreter where this project is not at hand: it imports what takes seconds, then runs each script in a fork
INTERPRETER = """
import os, runpy, sys, traceback
import pyarrow.csv, skrub, tpot, xgboost
for line in sys.stdin:
    output, *sys.argv = line.rstrip().split(chr(9))
    if not os.fork():
        try:
            sys.stdout = open(output, "w")
            runpy.run_path(sys.argv[0], run_name="__main__")
            sys.stdout.close()
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    print(os.wait()[1], flush=True)
"""


@pytest.fixture(scope="module")
def interpreter():
    command = [sys.executable, "-I", "-W", "ignore", "-c", INTERPRETER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture
def run_script(interpreter, tmp_path):
    """Runs a script with arguments and returns the predictions that it prints."""

    def run(code: str, *arguments: str) -> pd.Series:
        script, output = tmp_path / "best_pipeline.py", tmp_path / "predictions.csv"
        script.write_text(code, encoding="utf-8")
        print(output, script, *arguments, sep="\t", file=interpreter.stdin, flush=True)
        assert interpreter.stdout.readline() == "0\n", "the script failed; its traceback is among the captured output"
        return pd.read_csv(output).iloc[:, 0]

    return run


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
def test_the_script_gives_the_published_predictions(sample, estimator, holdout_share, run_script):
    path = SAMPLES[sample].path
    table = read_table(sample, "")
    development = split(table, holdout_share, 7)[0] if holdout_share else table
    pipeline = published(development, estimator)
    fitting = Fitting.of(table, path, str(table.y.name), holdout_share, 7)
    code = pipeline_code(pipeline, fitting, metric="accuracy", cv_score=0.75, holdout_score=0.74, origin="a test")
    assert not any(f"import {room}" in code or f"from {room}" in code for room in ("experiments", "models", "config"))
    predictions = run_script(code, str(path.resolve()))
    expected = pipeline.predict(table.X)
    if table.task == "classification":
        assert (predictions.astype(str) == expected.astype(str)).all()
    else:
        np.testing.assert_allclose(predictions, expected, rtol=1e-12)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A file of 320 visits in no order: labels are missing here and there, and some weights are 0."""
    random = np.random.default_rng(0)
    rows = 320
    x = random.normal(size=rows)
    ill = x + random.normal(size=rows) > 0.7
    table = pd.DataFrame(
        {
            "x": x,
            "noise": random.normal(size=rows),
            "town": random.choice(["Ulm", "Bonn", None], rows),
            "how often": random.choice([0, 0.5, 1, 3], rows),
            "patient": [f"p{number}" for number in random.zipf(1.4, rows) % 30],
            "seen": pd.Timestamp("2020-01-31") + pd.to_timedelta(random.integers(0, 900, rows), "D"),
            "state": pd.Series(np.where(ill, "ill", "well")).mask(random.random(rows) < 0.05),
            "amount": x + random.normal(size=rows),
        }
    )
    table["seen"] = table["seen"].dt.strftime("%d.%m.%Y")
    path = tmp_path_factory.mktemp("clinic") / "visits.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_column": "how often"},
        {"group_column": "patient"},
        {"split": "time", "time_column": "seen"},
        {"metric": "balanced_accuracy", "weight_column": "how often", "split": "time"},
        {"metric": "f1_macro", "weight_column": "how often", "group_column": "patient"},
    ],
    ids=lambda settings: ", ".join(f"{name} {value}" for name, value in settings.items()),
)
@pytest.mark.parametrize("estimator", [linear(), graph()], ids=["linear", "graph"])
def test_it_finds_the_same_rows_and_weights_again(clinic, estimator, settings, run_script):
    settings = Settings(data=str(clinic), target_column="state", missing_labels="drop", cv_folds=3, **settings)
    prepared = prepare(settings)
    rows = prepared.development
    pipeline = publishable(prepared.columns(), estimator, rows.X, rows.y, rows.task, prepared.weight(rows))
    fitting = Fitting.of(prepared.table, prepared.path, "state", settings.holdout_share, settings.seed)
    code = pipeline_code(pipeline, fitting, metric=prepared.metric)
    assert not any(f"import {room}" in code or f"from {room}" in code for room in ("experiments", "models", "config"))
    predictions = run_script(code, str(clinic))
    assert (predictions == pipeline.predict(pd.read_csv(clinic))).all()


def test_a_weighted_ensemble_is_fitted_again(clinic, run_script):
    settings = Settings(
        data=str(clinic), target_column="amount", weight_column="how often", split="time", feat_type='{"seen": "drop"}'
    )
    prepared = prepare(settings)
    rows = prepared.development
    members = [("a", make_pipeline(StandardScaler(), LassoLarsCV(cv=3))), ("b", make_pipeline(Ridge(alpha=50)))]
    vote = VotingRegressor(members, weights=[1, 3])
    pipeline = publishable(prepared.columns(), vote, rows.X, rows.y, rows.task, prepared.weight(rows))
    fitting = Fitting.of(prepared.table, prepared.path, "amount", settings.holdout_share, settings.seed)
    code = pipeline_code(pipeline, fitting, metric=prepared.metric)
    predictions = run_script(code, str(clinic))
    np.testing.assert_allclose(predictions, pipeline.predict(pd.read_csv(clinic)), rtol=1e-12)
    unweighted = publishable(prepared.columns(), vote, rows.X, rows.y, rows.task)
    assert not np.allclose(predictions, unweighted.predict(pd.read_csv(clinic)))


def test_another_files_rows_can_be_predicted(tmp_path, run_script):
    lines = ["size;weight;kind"] + [f"{n};{n % 7},5;{'big' if n > 20 else 'small'}" for n in range(40)]
    path = tmp_path / "things.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    new = tmp_path / "new.csv"
    new.write_text("size;weight\n1;2,5\n39;1,5\n", encoding="utf-8")
    table = read_table(str(path), "kind")
    pipeline = published(table, make_pipeline(StandardScaler(), GaussianNB()))
    code = pipeline_code(pipeline, Fitting.of(table, path, "kind", 0.0, 0), metric="accuracy")
    assert run_script(code, str(path), str(new)).tolist() == ["small", "big"]


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
