"""SHAP: how far each raw column moves single answers; only where the package ``shap`` is installed.

Shapley values (S. M. Lundberg and S.-I. Lee, NeurIPS 2017) of any pipeline, by permutation. The package wants numbers,
and raw columns hold anything; so it is given, for each cell, the number of the row whose value stands there.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from models.card.figure import Bars
from models.card.outcome import Outcome, answers
from models.card.section import Section, joined
from models.card.text import name, number, shown, table

#: rows whose answers are explained, at most
EXPLAINED_ROWS = 30
#: rows that stand for what a column usually holds
BACKGROUND_ROWS = 20
#: columns that are shown, at most
COLUMNS = 25
TITLE = "SHAP"


def explanation(
    fitted: Any,
    outcome: Outcome,
    deadline: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Section:
    """Mean absolute Shapley value of each column, on some held-out rows.

    Args:
        fitted: the published pipeline.
        outcome: held-out rows.
        deadline: on the clock; None where there is time enough. At least one row is explained.
        seed: of the rows that are taken.
        clock: seconds.

    Raises:
        ImportError: ``shap`` is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, at import
        import shap  # type: ignore[import-not-found, unused-ignore]

    X = outcome.holdout.X
    names = [column for column in X.columns if outcome.holdout.kinds.get(str(column)) != "drop"]
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(X))
    n_background = min(BACKGROUND_ROWS, max(1, len(X) // 2))
    background, explained = chosen[:n_background], chosen[n_background : n_background + EXPLAINED_ROWS]
    if not len(explained):
        explained = background

    def ask(cells: np.ndarray) -> np.ndarray:
        """Answers to rows made of cells, each of them given by the number of the row that it is taken from."""
        positions = np.asarray(cells, dtype=int)
        frame = X.iloc[positions[:, 0]].reset_index(drop=True)
        for place, column in enumerate(names):
            frame[column] = X[column].take(positions[:, place]).array  # in the column's own type
        return answers(fitted, frame)

    cells = np.tile(np.arange(len(X))[:, None], (1, len(names)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.PermutationExplainer(
            ask, shap.maskers.Independent(cells[background], max_samples=n_background), seed=seed
        )
        values: list[np.ndarray] = []
        for row in explained:
            if values and deadline is not None and clock() >= deadline:
                break
            found = explainer(cells[[row]], max_evals=2 * len(names) + 1, silent=True)
            values.append(np.abs(np.asarray(found.values)[0]).reshape(len(names), -1))
    return _section(np.mean(values, axis=0), names, len(values), outcome)


def _section(values: np.ndarray, names: list[Any], n_rows: int, outcome: Outcome) -> Section:
    """A section of mean absolute values, (n_columns, n_answers)."""
    moved = values[:, -1] if outcome.n_classes == 2 else values.mean(axis=1)
    order = np.argsort(-moved, kind="stable")[:COLUMNS]
    if outcome.classes is None:
        what = "the prediction, in the target's unit"
    elif outcome.n_classes == 2:
        what = f"the probability of {name(outcome.class_names[1])}"
    else:
        what = "the probability of a class, on average"
    rows = [(name(names[column]), number(float(moved[column]))) for column in order]
    figure = Bars(
        "SHAP",
        f"on {n_rows} held-out rows",
        "mean absolute Shapley value",
        tuple(shown(names[column]) for column in order),
        tuple(float(moved[column]) for column in order),
        (None,) * len(order),
        (None,) * len(order),
    )
    return Section(
        TITLE,
        joined(
            f"How far a column's value moves {what}, on {n_rows} held-out rows against what the column usually holds "
            "(mean absolute Shapley values; Lundberg and Lee, 2017).",
            table(("column", "SHAP"), rows, numbers=(1,)),
        ),
        (figure,),
    )
