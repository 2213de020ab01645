"""The metric of a search: any scikit-learn scorer that fits the task."""

from __future__ import annotations

import difflib
from typing import Literal

from sklearn import metrics

from config.errors import BadInput

Task = Literal["classification", "regression"]

DEFAULTS: dict[Task, str] = {"classification": "accuracy", "regression": "r2"}

REGRESSION = (
    "r2",
    "explained_variance",
    "d2_absolute_error_score",
    "neg_mean_absolute_error",
    "neg_median_absolute_error",
    "neg_mean_squared_error",
    "neg_root_mean_squared_error",
    "neg_max_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_squared_log_error",
    "neg_root_mean_squared_log_error",
    "neg_mean_poisson_deviance",
    "neg_mean_gamma_deviance",
)
ANY_CLASSES = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "jaccard_macro",
    "jaccard_micro",
    "jaccard_weighted",
    "matthews_corrcoef",
    "neg_log_loss",
    "d2_log_loss_score",
    "d2_brier_score",
    "neg_brier_score",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
    "top_k_accuracy",
)
#: need two classes; each with what to type instead where there are more
TWO_CLASSES = {
    "roc_auc": "roc_auc_ovr",
    "average_precision": "roc_auc_ovr",
    "f1": "f1_macro",
    "jaccard": "jaccard_macro",
    "precision": "precision_macro",
    "recall": "recall_macro",
    "positive_likelihood_ratio": "balanced_accuracy",
    "neg_negative_likelihood_ratio": "balanced_accuracy",
}
#: needs more than two classes: with two it is 1 for everything
MANY_CLASSES = ("top_k_accuracy",)

#: count a class the same however few its rows are: learning does so too, by row weights
EVEN_METRICS = ("balanced_accuracy", "f1_macro", "jaccard_macro", "precision_macro", "recall_macro")
#: count right answers row by row: a rare class hardly matters
ROW_METRICS = ("accuracy", "f1_micro", "jaccard_micro")
#: of a class below this share of the rows a person is told where the metric is one of `ROW_METRICS`
RARE_SHARE = 0.1
#: are undefined on rows in which a class is missing
COMPLETE_METRICS = (
    "neg_log_loss",
    "d2_log_loss_score",
    "d2_brier_score",
    "neg_brier_score",
    "roc_auc",
    "average_precision",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
    "top_k_accuracy",
    "positive_likelihood_ratio",
    "neg_negative_likelihood_ratio",
)


def fitting_metrics(task: Task, n_classes: int) -> tuple[str, ...]:
    """Names of the installed scikit-learn's scorers that fit a task, the default first."""
    names: tuple[str, ...]
    if task == "regression":
        names = REGRESSION
    elif n_classes == 2:
        names = tuple(name for name in ANY_CLASSES if name not in MANY_CLASSES) + tuple(TWO_CLASSES)
    else:
        names = ANY_CLASSES
    installed = set(metrics.get_scorer_names())
    return tuple(name for name in names if name in installed)


def check_metric(metric: str, task: Task, n_classes: int) -> str:
    """The metric's name, ``auto`` resolved.

    Args:
        metric: a scorer's name, or ``auto`` for accuracy or r2.
        n_classes: of the target; ignored for regression.

    Raises:
        BadInput: there is no such scorer, or it does not fit the task; the message lists those that do.
    """
    if metric == "auto":
        return DEFAULTS[task]
    fitting = fitting_metrics(task, n_classes)
    if metric in fitting:
        return metric
    if task == "classification" and n_classes > 2 and metric in TWO_CLASSES:
        what = f"metric {metric} needs two classes and the target has {n_classes}; use {TWO_CLASSES[metric]}"
    elif metric in metrics.get_scorer_names():
        what = f"metric {metric} does not fit {task}"
        if task == "classification" and metric in MANY_CLASSES:
            what += " with two classes"
    else:
        near = difflib.get_close_matches(metric, fitting, n=1, cutoff=0.5)
        what = f"metric {metric} is unknown" + (f"; did you mean {near[0]}?" if near else "")
    raise BadInput(f"{what} (metrics that fit: {', '.join(fitting)})")
