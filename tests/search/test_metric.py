"""A metric fits the task, or the message says which do."""

from __future__ import annotations

import pytest
from sklearn.metrics import get_scorer_names

from config.errors import BadInput
from experiments.search import metric
from experiments.search.metric import check_metric
from models.scoring import UNWEIGHTED_METRICS


@pytest.mark.parametrize(
    ("name", "task", "n_classes", "resolved"),
    [
        ("auto", "classification", 3, "accuracy"),
        ("auto", "regression", 0, "r2"),
        ("roc_auc", "classification", 2, "roc_auc"),
        ("roc_auc_ovr", "classification", 3, "roc_auc_ovr"),
        ("neg_mean_squared_error", "regression", 0, "neg_mean_squared_error"),
    ],
)
def test_a_fitting_metric_is_resolved(name, task, n_classes, resolved):
    assert check_metric(name, task, n_classes) == resolved


@pytest.mark.parametrize(
    ("name", "task", "n_classes", "told"),
    [
        ("roc_auc", "classification", 3, "needs two classes and the target has 3; use roc_auc_ovr"),
        ("f1", "classification", 4, "use f1_macro"),
        ("r2", "classification", 2, "metric r2 does not fit classification"),
        ("accuracy", "regression", 0, "metric accuracy does not fit regression"),
        ("acuracy", "classification", 2, "metric acuracy is unknown; did you mean accuracy?"),
        ("no such thing at all", "regression", 0, "is unknown \\(metrics that fit: r2, "),
        ("top_k_accuracy", "classification", 2, "does not fit classification with two classes"),
    ],
)
def test_another_is_refused_with_what_to_type_instead(name, task, n_classes, told):
    with pytest.raises(BadInput, match=told):
        check_metric(name, task, n_classes)


def test_every_metric_named_here_is_a_scorer():
    named = {*metric.REGRESSION, *metric.ANY_CLASSES, *metric.TWO_CLASSES, *metric.TWO_CLASSES.values()}
    assert named <= set(get_scorer_names())


def test_what_is_known_of_a_metric_is_of_metrics_that_there_are():
    known = {*metric.EVEN_METRICS, *metric.ROW_METRICS, *UNWEIGHTED_METRICS, *metric.COMPLETE_METRICS}
    assert known <= {*metric.REGRESSION, *metric.ANY_CLASSES, *metric.TWO_CLASSES}
    assert not set(metric.EVEN_METRICS) & set(metric.ROW_METRICS)
