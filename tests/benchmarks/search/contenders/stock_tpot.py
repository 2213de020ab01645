"""TPOT as it comes, on the folds that this project's search uses.

Its own preprocessing fails on category columns, so that it is given numbers: the rows after this project's
preprocessing, fitted on all development rows before its clock starts. That is in its favour twice: it pays nothing for
the preprocessing, and its cross-validation scores are those of rows whose preprocessing has seen them.
"""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import tpot
from assignment import Answer, Assignment


def main() -> None:
    """Fits and hands in."""
    assignment = Assignment.given()
    _, y = assignment.development()
    X, holdout = assignment.numbers()
    regression = assignment.task == "regression"
    search = (tpot.TPOTRegressor if regression else tpot.TPOTClassifier)(
        search_space="linear",
        scorers=[assignment.metric],
        scorers_weights=[1],
        cv=assignment.splitter(),
        max_time_mins=assignment.budget / 60,
        n_jobs=assignment.workers,
        random_state=assignment.seed,
        verbose=1,
    )
    with assignment.clock():
        began = time.time()
        search.fit(X, y.to_numpy())
    assignment.hand_in_predictions("single", search.fitted_pipeline_, holdout)
    # a column of scores is named after the scorer's function: roc_auc_score for roc_auc
    scores = search.objective_names[0]
    assignment.hand_in(answer(search.evaluated_individuals, scores, began, str(search.fitted_pipeline_)))


def answer(evaluated: pd.DataFrame, column: str, began: float, pipeline: str) -> Answer:
    """What its table of individuals amounts to.

    Args:
        evaluated: one row an individual. Those that waited or were at work when time was up have neither a score nor an
            error; like ours, they do not count.
        column: of the scores.
        began: when the fit began, in seconds since 1970, as its timestamps are.
        pipeline: the winner.
    """
    ended = evaluated[evaluated[column].notna() | evaluated["Eval Error"].notna()].sort_values("Completed Timestamp")
    scores = pd.to_numeric(ended[column], errors="coerce")
    trajectory = best_so_far(ended["Completed Timestamp"] - began, scores)
    causes = ended.loc[scores.isna(), "Eval Error"].astype(str).value_counts().to_dict()
    return Answer(
        f"tpot {tpot.__version__}",
        cv_score=trajectory[-1][1] if trajectory else None,
        evaluations=len(ended),
        valid=int(scores.notna().sum()),
        trajectory=trajectory,
        notes={"pipeline": pipeline, "invalid": causes},
    )


def best_so_far(seconds: Any, scores: Any) -> list[tuple[float, float]]:
    """The steps of the best score, from scores in order of time; those that are missing are passed over."""
    steps: list[tuple[float, float]] = []
    for when, score in zip(seconds, scores, strict=True):
        if score == score and (not steps or score > steps[-1][1]):
            steps.append((float(when), float(score)))
    return steps


if __name__ == "__main__":
    main()
