"""FLAML, with cross-validation on as many folds as everybody."""

from __future__ import annotations

import flaml
from assignment import Answer, Assignment

METRICS = {
    "accuracy": "accuracy",
    "f1": "f1",
    "f1_macro": "macro_f1",
    "neg_log_loss": "log_loss",
    "neg_mean_absolute_error": "mae",
    "neg_root_mean_squared_error": "rmse",
    "r2": "r2",
    "roc_auc": "roc_auc",
    "roc_auc_ovr": "roc_auc_ovr",
}


def main() -> None:
    """Fits and hands in."""
    assignment = Assignment.given()
    X, y = assignment.development()
    automl = flaml.AutoML()
    with assignment.clock():
        automl.fit(
            X,
            y,
            task=assignment.task,
            metric=METRICS[assignment.metric],
            time_budget=assignment.budget,
            eval_method="cv",
            n_splits=assignment.folds,
            n_jobs=assignment.workers,
            seed=assignment.seed,
            verbose=1,
        )
    assignment.hand_in_predictions("single", automl, assignment.holdout())
    notes = {"best estimator": automl.best_estimator, "estimators": automl.estimator_list}
    assignment.hand_in(Answer(f"flaml {flaml.__version__}", notes=notes))


if __name__ == "__main__":
    main()
