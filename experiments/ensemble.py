"""A weighted ensemble of pipelines that a search has evaluated, chosen by their out-of-fold predictions.

The choice is the greedy one of Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of models
(ICML 2004): again and again the candidate is added whose predictions, averaged with those chosen so far, score best. A
candidate may be added more than once, and its weight is how often it was.

- It begins with the best candidates, as many of the `INITIAL` best as score best together: the paper's sorted
  initialisation, without which the first rounds overfit.
- Of equal additions it takes one that is in the ensemble already, then the one that is better alone; of pipelines that
  predict the same only one takes part. So there are no more members than it needs.
- On a large table the rows that it compares by are thinned, evenly over folds and classes.
- It ends after `rounds` additions in all, or `PATIENCE` without a better score, and keeps the best state that it saw.

The score of a choice on the rows that it was made on flatters it. So the choice is made once more for every fold, on
the other folds alone, and scored on that fold; the mean over the folds is the score that is published. That all
candidates are among the best of the search on these folds flatters it still, as it does the score of the single best.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor

from experiments.search.metric import Task
from models.prediction_scorer import PredictionScorer

#: best candidates of which the choice begins with some
INITIAL = 5
#: additions in all
ROUNDS = 50
#: additions without a better score after which the choice ends
PATIENCE = 10
#: rows that a choice is made on, about; its score is that of all rows
CHOICE_ROWS = 10_000
#: scores that differ by less are equal
TIE = 1e-12


@dataclass(frozen=True)
class Member:
    """A pipeline of an ensemble."""

    #: canonical text
    pipeline: str
    #: how often it was chosen
    votes: int
    #: share of the votes
    weight: float


@dataclass(frozen=True)
class Ensemble:
    """What was chosen, and what it is worth."""

    #: by falling weight
    members: tuple[Member, ...]
    #: mean of `fold_scores`: free of the optimism of the choice
    score: float
    #: of each fold, of what was chosen on the other folds
    fold_scores: tuple[float, ...]
    #: mean over the folds of what was chosen on all of them: flattered
    chosen_score: float
    #: mean over the folds of the single candidate that is the best on the other folds: what `score` compares with
    single_score: float
    #: that it was chosen among
    candidates: int
    #: whether the choice had the time that it wanted
    complete: bool = True


def greedy(
    predictions: Mapping[str, np.ndarray],
    scorer: PredictionScorer,
    rounds: int = ROUNDS,
    seconds: float = float("inf"),
    fit_seconds: Mapping[str, float] | None = None,
    fit_limit: float = float("inf"),
) -> Ensemble | None:
    """Chooses an ensemble.

    Args:
        predictions: canonical text of a fully evaluated pipeline -> its out-of-fold predictions, the folds' test rows
            one after the other: probabilities, (n_rows, n_classes), or predicted numbers, (n_rows, 1). Others, such as
            the labels of a classifier without probabilities, take no part.
        scorer: of the same folds.
        rounds: additions in all.
        seconds: wall clock that it may take; then it makes do with what was chosen by then.
        fit_seconds: canonical text -> seconds that fitting the pipeline takes; one that is not named takes none.
        fit_limit: seconds that fitting all members may take. The choice keeps to it, so that its score is that of an
            ensemble which can be fitted.

    Returns:
        The ensemble, maybe of one member; None where nothing can take part, or there are no two folds.
    """
    cost = {name: (fit_seconds or {}).get(name, 0.0) for name in predictions}
    fitting = _different(
        {name: array for name, array in predictions.items() if array.shape == scorer.shape and cost[name] <= fit_limit}
    )
    n_folds = len(scorer.folds)
    if not fitting or n_folds < 2:
        return None
    names, arrays = list(fitting), list(fitting.values())
    judge, rows = scorer.thinned(CHOICE_ROWS)
    # class by class in memory: what is done most, the highest of each row, is many times faster so
    candidates = [np.asfortranarray(array[rows]) for array in arrays]
    choice = _Choice(candidates, judge, rounds, np.array([cost[name] for name in names]), fit_limit)
    deadline = time.monotonic() + seconds
    everywhere = np.ones(n_folds, dtype=bool)
    # each of the choices may take an equal share of the time that is left
    chosen = choice.make(everywhere, _share(deadline, n_folds + 1))
    fold_scores, singles = [], []
    for fold, tested in enumerate(scorer.folds):
        others = everywhere.copy()
        others[fold] = False
        bag = choice.make(others, _share(deadline, n_folds - fold))
        fold_scores.append(scorer.score(fold, _mean([array[tested] for array in arrays], bag)))
        singles.append(scorer.score(fold, arrays[choice.ranked(others)[0]][tested]))
    return Ensemble(
        members=tuple(
            Member(names[candidate], votes, votes / len(chosen))
            for candidate, votes in sorted(Counter(chosen).items(), key=lambda item: (-item[1], item[0]))
        ),
        score=float(np.mean(fold_scores)),
        fold_scores=tuple(map(float, fold_scores)),
        chosen_score=float(np.mean(scorer.fold_scores(_mean(arrays, chosen)))),
        single_score=float(np.mean(singles)),
        candidates=len(fitting),
        complete=choice.complete,
    )


def vote(members: Sequence[tuple[Any, int]], task: Task) -> Any:
    """One unfitted scikit-learn estimator that predicts the weighted mean of its members' predictions.

    Args:
        members: unfitted estimators and how often each was chosen.
        task: what they predict; classifiers must know probabilities.

    Returns:
        A soft vote, or a mean; the member itself where there is but one.
    """
    if len(members) == 1:
        return clone(members[0][0])
    estimators = [(f"pipeline_{number}", clone(estimator)) for number, (estimator, _) in enumerate(members, start=1)]
    weights = [votes for _, votes in members]
    if task == "classification":
        return VotingClassifier(estimators, voting="soft", weights=weights)
    return VotingRegressor(estimators, weights=weights)


def _different(predictions: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One pipeline, that of the shortest text, of those that predict the same; always in the same order."""
    found: dict[bytes, str] = {}
    for name in sorted(predictions, key=lambda each: (len(each), each)):
        found.setdefault(hashlib.blake2b(predictions[name].tobytes()).digest(), name)
    return {name: predictions[name] for name in found.values()}


#: numbers of candidates, one for each time that it was chosen, sorted
Bag = tuple[int, ...]


def _mean(candidates: Sequence[np.ndarray], bag: Bag) -> np.ndarray:
    """What an ensemble predicts."""
    parts = [votes * candidates[number].astype(np.float64) for number, votes in Counter(bag).items()]
    return functools.reduce(np.add, parts) / len(bag)


@dataclass
class _Choice:
    """Choices among the same candidates, on different folds; what two of them come by is scored once."""

    candidates: list[np.ndarray]
    scorer: PredictionScorer
    rounds: int
    #: of each candidate, in seconds
    fit_seconds: np.ndarray
    #: of all members together, at most
    fit_limit: float
    #: scores of single candidates, (n_candidates, n_folds)
    alone: np.ndarray = field(init=False)
    complete: bool = True
    #: bag -> scores of the bag with each candidate added, (n_candidates, n_folds)
    _known: dict[Bag, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.alone = np.array([self.scorer.fold_scores(candidate) for candidate in self.candidates])

    def ranked(self, folds: np.ndarray) -> list[int]:
        """The candidates by falling score on the folds that a mask names."""
        return [int(number) for number in np.argsort(-self.alone[:, folds].mean(axis=1), kind="stable")]

    def make(self, folds: np.ndarray, deadline: float) -> Bag:
        """The choice on the folds that a mask names, ended by a deadline."""
        ranking = self.ranked(folds)
        rank = {candidate: place for place, candidate in enumerate(ranking)}
        best, value = self._beginning(ranking, folds)
        bag, total = best, functools.reduce(np.add, [self.candidates[candidate] for candidate in best])
        since_best = 0
        while len(bag) < self.rounds and since_best < PATIENCE:
            added = self._additions(bag, total, deadline)
            if added is None:
                self.complete = False
                break
            means = np.where(self._affordable(bag), added[:, folds].mean(axis=1), -np.inf)
            equals = [int(candidate) for candidate in np.flatnonzero(means >= means.max() - TIE)]
            taken = min(equals, key=lambda candidate: (candidate not in bag, rank[candidate]))
            bag = tuple(sorted((*bag, taken)))
            total = total + self.candidates[taken]
            since_best += 1
            if means[taken] > value + TIE:
                best, value, since_best = bag, means[taken], 0
        return best

    def _beginning(self, ranking: list[int], folds: np.ndarray) -> tuple[Bag, float]:
        """The best candidates, as many of them as score best together, and their score."""
        best, value = ranking[:1], self.alone[ranking[0], folds].mean()
        for count in range(2, min(INITIAL, self.rounds, len(ranking)) + 1):
            mean = self.scorer.fold_scores(_mean(self.candidates, tuple(ranking[:count])))[folds].mean()
            if mean > value + TIE and self.fit_seconds[ranking[:count]].sum() <= self.fit_limit:
                best, value = ranking[:count], mean
        return tuple(sorted(best)), float(value)

    def _affordable(self, bag: Bag) -> np.ndarray:
        """Which candidates can be added and still all be fitted in time, (n_candidates,); members always can."""
        members = sorted(set(bag))
        affordable: np.ndarray = self.fit_seconds[members].sum() + self.fit_seconds <= self.fit_limit
        affordable[members] = True
        return affordable

    def _additions(self, bag: Bag, total: np.ndarray, deadline: float) -> np.ndarray | None:
        """Scores of a bag with each candidate added; None where the deadline comes first.

        Args:
            bag: numbers of candidates.
            total: sum of their predictions.
            deadline: on `time.monotonic`'s clock.
        """
        if bag in self._known:
            return self._known[bag]
        share = np.float32(1 / (len(bag) + 1))
        scores = np.empty_like(self.alone)
        for number, candidate in enumerate(self.candidates):
            if time.monotonic() > deadline:
                return None
            for fold, rows in enumerate(self.scorer.folds):  # one fold at a time stays in the processor's cache
                scores[number, fold] = self.scorer.score(fold, (total[rows] + candidate[rows]) * share)
        self._known[bag] = scores
        return scores


def _share(deadline: float, choices: int) -> float:
    """When the next of some choices must end so that all of them end by the deadline."""
    now = time.monotonic()
    return now + max(0.0, deadline - now) / choices
