"""The light baseline."""

from __future__ import annotations

import numpy as np
import pytest

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
    scores = fold_scores(light_baseline(table.task, metric), problem)
    assert len(scores) == 3
    assert np.mean(scores) > at_least
    assert scores == fold_scores(light_baseline(table.task, metric), problem)


def test_classes_weigh_the_same_only_where_the_metric_says_so():
    def weights(metric):
        return light_baseline("classification", metric)[-1].class_weight

    assert weights("balanced_accuracy") == weights("f1_macro") == "balanced"
    assert weights("accuracy") is weights("roc_auc") is weights("neg_log_loss") is None
