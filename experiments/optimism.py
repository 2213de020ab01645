"""How much of the best cross-validation score is luck: the best of many is chosen by the same folds that score it.

The method is the bootstrap bias correction of cross-validation (BBC-CV: I. Tsamardinos, E. Greasidou, G. Borboudakis,
Machine Learning 107, 2018, doi:10.1007/s10994-018-5714-4): choose the winner on data drawn with replacement, score it
on what was not drawn. They draw rows of the out-of-fold predictions. Here whole folds are drawn, since a search keeps
the fold scores of every pipeline, and the predictions of some. The winner of a few folds is chosen by less than the
winner of all, so the estimate errs to the safe side where some pipelines truly are better than others.

The older correction from fold scores (R. J. Tibshirani and R. Tibshirani, The Annals of Applied Statistics 3, 2009,
doi:10.1214/08-AOAS224) compares the winner with the best of each fold. In simulations of pipelines that are equally
good it came to 0.7 times the truth with 3 folds, 1.3 times with 5 and 2.2 times with 10, so it is not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from experiments.search.events import Evaluation

#: share of such intervals that hold the true score
CONFIDENCE = 0.95
DRAWS = 1000
#: dropped pipelines are left out where fewer pipelines than this tell how scores go on from fold to fold
FEWEST_COMPLETE = 10
#: the best so many tell it: a hopeless pipeline's folds differ more
COMPARED = 100


@dataclass(frozen=True)
class CrossValidation:
    """A cross-validation score, and how far it can be trusted; greater scores are better."""

    #: mean over the folds
    score: float
    #: ends of its 95 % interval; None where there are fewer than two folds
    low: float | None
    high: float | None
    #: by how much the score overstates, because it is the best of ``candidates``; at least 0
    optimism: float
    #: pipelines that it is the best of, those that were left after their first folds among them
    candidates: int
    #: folds behind the score
    folds: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Ends of its 95 % interval; None where there are fewer than two folds."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def corrected(self) -> float:
        """The score without the optimism: what to expect of new rows."""
        return self.score - self.optimism

    def as_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return {**asdict(self), "corrected": self.corrected}


def cross_validation(
    champion: Sequence[float], evaluations: Sequence[Evaluation], metric: str, seed: int = 0
) -> CrossValidation:
    """What the fold scores of a run tell of its winner.

    Pipelines with a better mean than the winner's do not count: they could not be fitted, so nobody could have chosen
    them.

    Args:
        champion: fold scores of the pipeline that was chosen.
        evaluations: all of the run; empty where there was no choice.
        metric: a scikit-learn scorer's name.
        seed: of the draws.
    """
    folds = len(champion)
    score = float(sum(champion) / folds)
    low, high = corrected_interval(champion, metric)
    complete = [e for e in evaluations if e.outcome == "valid" and len(e.fold_scores) == folds]
    choices = sorted((e for e in complete if _mean(e) <= score), key=lambda e: (-_mean(e), e.number))
    dropped = [e.fold_scores for e in evaluations if e.outcome == "dropped" and 0 < len(e.fold_scores) < folds]
    scores = _whole([e.fold_scores for e in choices] or [tuple(champion)], dropped, folds, seed)
    return CrossValidation(score, low, high, optimism(scores, seed), max(1, len(choices) + len(dropped)), folds)


def optimism(scores: np.ndarray, seed: int = 0) -> float:
    """By how much the best mean over folds overstates, because it is the best; at least 0.

    Args:
        scores: of each pipeline in each fold, the pipeline that was chosen first, (n_pipelines, n_folds).
        seed: of the draws.
    """
    n_pipelines, folds = scores.shape
    if n_pipelines < 2 or folds < 2:
        return 0.0
    relative = scores - scores.mean(axis=0)  # some folds are harder than others, for all
    drawn = np.random.default_rng(seed).multinomial(folds, [1 / folds] * folds, size=DRAWS)
    winners = (relative @ drawn.T).argmax(axis=0)
    left = drawn == 0
    counts = left.sum(axis=0)
    # fold by fold first, so that each counts the same however often it happened not to be drawn
    expected = float(np.mean((relative[winners] * left).sum(axis=0) / np.maximum(counts, 1)))
    return max(0.0, float(relative[0].mean()) - expected)


def corrected_interval(fold_scores: Sequence[float], metric: str) -> tuple[float | None, float | None]:
    """The 95 % interval of a mean over folds: Student's, with the variance corrected for shared training rows.

    Folds learn mostly from the same rows, so their scores are not independent: the variance of the mean is not
    ``s² / k`` but about ``s² (1 / k + n_test / n_train)``, here ``n_test / n_train = 1 / (k - 1)`` (C. Nadeau and
    Y. Bengio, Machine Learning 52, 2003, doi:10.1023/A:1024068626366; for folds: R. R. Bouckaert and E. Frank, PAKDD
    2004, doi:10.1007/978-3-540-24775-3_3).

    Args:
        fold_scores: of one pipeline, (n_folds,).
        metric: a scikit-learn scorer's name; the interval ends at the best that it can give.

    Returns:
        Its ends; None where there are fewer than two folds.
    """
    folds = len(fold_scores)
    if folds < 2:
        return None, None
    mean = sum(fold_scores) / folds
    half = float(student.ppf((1 + CONFIDENCE) / 2, folds - 1)) * float(np.std(fold_scores, ddof=1))
    half *= math.sqrt(1 / folds + 1 / (folds - 1))
    return float(mean - half), float(max(mean, min(mean + half, greatest(metric))))


def greatest(metric: str) -> float:
    """The best score that a metric of scikit-learn can give."""
    if metric == "positive_likelihood_ratio":
        return math.inf
    return 0.0 if metric.startswith("neg_") else 1.0


def _mean(evaluation: Evaluation) -> float:
    return sum(evaluation.fold_scores) / len(evaluation.fold_scores)


def _whole(
    complete: Sequence[Sequence[float]], dropped: Sequence[Sequence[float]], folds: int, seed: int
) -> np.ndarray:
    """Scores of all pipelines in all folds; what dropped ones lack is drawn as complete ones went on.

    Without them the first folds would flatter: who is left has been chosen by these folds. Whether a pipeline is
    dropped depends on nothing but the scores that it has, so that those tell how the rest would have been distributed
    (missing at random, monotone: R. J. A. Little and D. B. Rubin, Statistical Analysis with Missing Data, chapter 7).

    Returns:
        Shape (n_complete + n_dropped, folds), the complete ones first.
    """
    scores = np.array(complete, dtype=np.float64)
    if not dropped or len(complete) < FEWEST_COMPLETE:
        return scores
    random = np.random.default_rng(seed)
    rest = np.full((len(dropped), folds), np.nan)
    for row, known in zip(rest, dropped, strict=True):
        row[: len(known)] = known
    for fold in range(1, folds):
        missing = np.isnan(rest[:, fold])
        before = np.concatenate([scores[:COMPARED, :fold], rest[~missing, :fold]]).mean(axis=1)
        after = np.concatenate([scores[:COMPARED, fold], rest[~missing, fold]])
        slope = _slope(before, after)
        level = after.mean() - slope * before.mean()
        spread = float(np.std(after - level - slope * before, ddof=2))  # two numbers of the line were fitted
        rest[missing, fold] = level + slope * rest[missing, :fold].mean(axis=1)
        rest[missing, fold] += spread * random.standard_normal(int(missing.sum()))
    return np.concatenate([scores, rest])


def _slope(before: np.ndarray, after: np.ndarray) -> float:
    """How much of a lead stays, from 0 to 1: all of it where pipelines truly differ, none where it was luck."""
    variance = float(np.var(before))
    return min(1.0, max(0.0, float(np.cov(before, after, bias=True)[0, 1]) / variance)) if variance else 1.0
