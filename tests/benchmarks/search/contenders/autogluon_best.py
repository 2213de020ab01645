"""AutoGluon tabular with the presets best_quality, and those of its models that need no torch."""

from __future__ import annotations

import autogluon.tabular
import numpy as np
from assignment import Answer, Assignment
from autogluon.tabular import TabularPredictor

METRICS = {
    "accuracy": "accuracy",
    "f1": "f1",
    "f1_macro": "f1_macro",
    "neg_log_loss": "log_loss",
    "neg_mean_absolute_error": "mean_absolute_error",
    "neg_root_mean_squared_error": "root_mean_squared_error",
    "r2": "r2",
    "roc_auc": "roc_auc",
    "roc_auc_ovr": "roc_auc_ovr_macro",
}


class Fitted:
    """A predictor as scikit-learn would have it."""

    def __init__(self, predictor: TabularPredictor) -> None:
        self._predictor = predictor
        if predictor.problem_type != "regression":
            # by the order of the class codes; the attribute is missing for regression, where nothing has probabilities
            self.predict_proba = lambda X: predictor.predict_proba(X)[predictor.class_labels].to_numpy()

    def predict(self, X: object) -> np.ndarray:
        """Labels or numbers."""
        return self._predictor.predict(X).to_numpy()


def main() -> None:
    """Fits and hands in."""
    assignment = Assignment.given()
    X, y = assignment.development()
    frame = X.assign(**{assignment.target: y})
    problem = "regression" if assignment.task == "regression" else "multiclass" if y.nunique() > 2 else "binary"
    predictor = TabularPredictor(
        label=assignment.target,
        problem_type=problem,
        eval_metric=METRICS[assignment.metric],
        path=str(assignment.folder / "autogluon"),
        verbosity=2,
    )
    with assignment.clock():
        predictor.fit(
            frame,
            presets="best_quality",
            time_limit=assignment.budget,
            num_cpus=assignment.workers,
            num_gpus=0,
        )
    assignment.hand_in_predictions("single", Fitted(predictor), assignment.holdout())
    notes = {"best model": predictor.model_best, "models": predictor.model_names()}
    assignment.hand_in(Answer(f"autogluon.tabular {autogluon.tabular.__version__}", notes=notes))


if __name__ == "__main__":
    main()
