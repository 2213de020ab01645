"""Where a model errs on its held-out rows: confusion matrix and curves of a classifier, errors of a regression."""

from __future__ import annotations

import numpy as np

from models.card.curves import MOST_CLASSES, ClassCurves, class_curves
from models.card.figure import Chart, Matrix, Series, thinned
from models.card.outcome import Outcome
from models.card.section import Section, joined
from models.card.text import interval, name, number, shown, table

#: classes of a confusion matrix, those with most rows; the rest is one
MATRIX_CLASSES = 12
#: points of a scatter plot, at most
POINTS = 500


def mistakes(outcome: Outcome) -> list[Section]:
    """Confusion matrix and curves of a classifier, prediction errors of a regression."""
    if outcome.classes is None:
        return [_errors(outcome)]
    curves = class_curves(outcome)
    return [_confusion(outcome), *([_curves(outcome, curves)] if curves else [])]


def _confusion(outcome: Outcome) -> Section:
    counts = np.bincount(outcome.y, minlength=outcome.n_classes)
    kept = sorted(np.argsort(-counts, kind="stable")[:MATRIX_CLASSES].tolist())
    names = [outcome.class_names[code] for code in kept]
    place = np.full(outcome.n_classes, len(kept))
    place[kept] = np.arange(len(kept))
    if outcome.n_classes > len(kept):
        names.append(f"({outcome.n_classes - len(kept)} others)")
    matrix = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(matrix, (place[outcome.y], place[outcome.predicted]), 1)
    right = int((outcome.y == outcome.predicted).sum())
    rows = [(name(label), *(f"{count:,}" for count in row)) for label, row in zip(names, matrix.tolist(), strict=True)]
    figure = Matrix(
        "Confusion matrix",
        f"{right:,} of {len(outcome):,} held-out rows are right",
        tuple(shown(label) for label in names),
        tuple(tuple(row) for row in matrix.tolist()),
    )
    return Section(
        "Confusion matrix",
        joined(
            f"Of {len(outcome):,} held-out rows, {right:,} ({right / max(1, len(outcome)):.1%}) are put into their own "
            "class. A line is a true class, a column what the model said.",
            table(
                ("true \\ predicted", *(name(label) for label in names)), rows, numbers=range(1, len(names) + 1)
            ),
        ),
        (figure,),
    )  # fmt: skip


def _curves(outcome: Outcome, curves: tuple[ClassCurves, ...]) -> Section:
    rows = [
        (
            name(each.name), f"{each.rows:,}", number(each.roc_auc), number(each.average_precision), number(each.brier),
            number(_calibration_error(each)),
        )
        for each in curves
    ]  # fmt: skip
    rest = f" The {MOST_CLASSES} classes with most rows are shown." if outcome.n_classes > MOST_CLASSES else ""
    subject = f"of {shown(curves[0].name)}" if outcome.n_classes == 2 else "each class against the rest"
    charts = [
        Chart(
            "ROC", subject, "false positive rate", "true positive rate",
            (
                *(Series(_legend(c, "AUC", c.roc_auc), *thinned(c.false_rates, c.true_rates)) for c in curves),
                Series("guessing", (0.0, 1.0), (0.0, 1.0), "reference"),
            ),
            (0.0, 1.0),
        ),
        Chart(
            "Precision and recall", subject, "recall", "precision",
            tuple(Series(_legend(c, "AP", c.average_precision), *thinned(c.recalls, c.precisions)) for c in curves),
            (0.0, 1.0),
        ),
    ]  # fmt: skip
    calibrated = [each for each in curves if len(each.predicted) > 1]
    if calibrated:
        charts.append(
            Chart(
                "Calibration", subject, "predicted probability", "observed share",
                (
                    *(Series(shown(c.name), tuple(c.predicted), tuple(c.observed)) for c in calibrated),
                    Series("as it should be", (0.0, 1.0), (0.0, 1.0), "reference"),
                ),
                (0.0, 1.0),
            )
        )  # fmt: skip
    probabilities = (
        "The calibration error is the mean distance between a predicted probability and the share that came true."
        if outcome.has_probabilities
        else "The model gives no probabilities; so there is no calibration to show."
    )
    return Section(
        "Curves",
        joined(
            f"On the held-out rows, {subject if outcome.n_classes != 2 else 'of ' + name(curves[0].name)}.{rest} "
            "The area under the ROC curve is the share of pairs of a row of the class and another that the model puts "
            f"in order; 0.5 is guessing. {probabilities}",
            table(
                ("class", "rows", "ROC AUC", "average precision", "Brier score", "calibration error"),
                rows,
                numbers=range(1, 6),
            ),
        ),
        tuple(charts),
    )


def _calibration_error(curves: ClassCurves) -> float | None:
    """Mean distance over the parts, which hold about equally many rows."""
    return float(np.mean(np.abs(np.subtract(curves.predicted, curves.observed)))) if len(curves.predicted) else None


def _legend(curves: ClassCurves, word: str, value: float) -> str:
    return f"{shown(curves.name, 40)} ({word} {value:.3f})"


def _errors(outcome: Outcome) -> Section:
    residuals = outcome.y - outcome.predicted
    quantiles = np.quantile(residuals, [0.05, 0.25, 0.5, 0.75, 0.95])
    rows = [
        ("mean absolute error", number(float(np.abs(residuals).mean()))),
        ("median absolute error", number(float(np.median(np.abs(residuals))))),
        ("root mean squared error", number(float(np.sqrt(np.square(residuals).mean())))),
        ("mean residual (0 is best)", number(float(residuals.mean()))),
        ("half of the residuals lie within", interval(quantiles[1], quantiles[3])),
        ("90 % of the residuals lie within", interval(quantiles[0], quantiles[4])),
    ]
    order = np.argsort(outcome.predicted, kind="stable")
    predicted, actual = thinned(outcome.predicted[order].tolist(), outcome.y[order].tolist(), POINTS)
    low, high = min((*predicted, *actual)), max((*predicted, *actual))
    left = tuple(a - p for a, p in zip(actual, predicted, strict=True))
    charts = (
        Chart(
            "Prediction errors", "actual against predicted, on held-out rows", "predicted", "actual",
            (Series("rows", predicted, actual, "points"), Series("exact", (low, high), (low, high), "reference")),
        ),
        Chart(
            "Residuals", "actual less predicted, on held-out rows", "predicted", "residual",
            (Series("rows", predicted, left, "points"), Series("exact", (low, high), (0.0, 0.0), "reference")),
        ),
    )  # fmt: skip
    return Section(
        "Prediction errors",
        joined(
            f"On {len(outcome):,} held-out rows; a residual is the actual value less the predicted one.",
            table(("", "value"), rows, numbers=(1,)),
        ),
        charts,
    )
