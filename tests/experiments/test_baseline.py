"""The light baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from experiments.baseline import fold_scores, light_baseline
from experiments.data.columns import preprocessing
from experiments.data.labels import Labels
from experiments.data.split import folds
from experiments.data.table import read_table
from experiments.search.problem import prepare


@pytest.mark.parametrize(
    ("sample", "metric", "at_least"),
    [("german_credit", "accuracy", 0.73), ("german_credit", "roc_auc", 0.76), ("penguins", "accuracy", 0.97),
     ("abalone", "r2", 0.5)],
)  # fmt: skip
def test_it_reaches_what_a_linear_model_reaches(sample, metric, at_least):
    table = read_table(sample)
    y = Labels.of(table.y).encode(table.y) if table.task == "classification" else table.y.to_numpy()
    problem = prepare(
        table.X, y, preprocessing(table.kinds, table.X, table.task), folds(table, 3, seed=0), metric, table.task
    )
    scores = fold_scores(light_baseline(table.task), problem)
    assert len(scores) == 3
    assert np.mean(scores) > at_least
    assert scores == fold_scores(light_baseline(table.task), problem)


def test_classes_weigh_the_same_only_where_the_metric_says_so():
    random = np.random.default_rng(0)
    X = pd.DataFrame({"x": random.normal(size=400)})
    y = (X["x"] + random.normal(size=400) > 1.8).to_numpy().astype(int)
    splits = [(np.arange(200), np.arange(200, 400)), (np.arange(200, 400), np.arange(200))]

    def scores(metric, judged_by):
        problem = prepare(X, y, StandardScaler(), splits, metric, "classification")
        return np.mean(fold_scores(light_baseline("classification"), replace(problem, metric=judged_by)))

    assert scores("balanced_accuracy", "balanced_accuracy") > scores("accuracy", "balanced_accuracy") + 0.05
    assert scores("accuracy", "accuracy") > scores("balanced_accuracy", "accuracy") + 0.05
