"""A small search by hand: real estimators, made-up scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from experiments.search.events import Evaluation, Finished, Generation, Measures


def make_evaluation(number: int = 0, **changes: Any) -> Evaluation:
    """A valid evaluation with some fields changed; ``complexity`` stands for measures that know nothing else."""
    complexity = changes.pop("complexity", 12.0)
    estimator = changes.pop("estimator", make_pipeline(StandardScaler(), LogisticRegression(C=0.5)))
    fields: dict[str, Any] = {
        "number": number,
        "generation": 0,
        "pipeline": " ".join(str(estimator).split()),
        "estimator": estimator,
        "outcome": "valid",
        "cause": "",
        "score": 0.8,
        "fold_scores": (0.7, 0.8, 0.9),
        "measures": None if complexity is None else Measures(complexity),
        "seconds": 1.5,
        "worker": "worker-1",
        "parents": (),
        "variation": "random",
    }
    return Evaluation(**fields | changes)


def make_failure(number: int, cause: str, **changes: Any) -> Evaluation:
    """An evaluation that came to nothing."""
    nothing = {"outcome": "invalid", "cause": cause, "score": None, "fold_scores": (), "complexity": None}
    return make_evaluation(number, **nothing | changes)


def make_dropped(number: int, **changes: Any) -> Evaluation:
    """An evaluation that was left after its first fold."""
    return make_evaluation(number, **{"outcome": "dropped", "score": None, "fold_scores": (0.5,)} | changes)


def make_generation(number: int = 0, valid: Sequence[Evaluation] = (), **changes: Any) -> Generation:
    """A generation over some valid evaluations, the first of which is the front."""
    ranked = tuple(sorted(valid, key=lambda evaluation: -(evaluation.score or 0.0)))
    fields: dict[str, Any] = {
        "number": number,
        "best_score": ranked[0].score if ranked else None,
        "mean_score": 0.75 if ranked else None,
        "evaluations": 4 * (number + 1),
        "valid_share": 0.75,
        "evaluations_per_second": 2.5,
        "front": ranked[:2],
        "leaderboard": ranked,
        "valid": tuple(valid),
        "failures": {"ValueError: negative values": (1, 0.2)},
        "workers": 2,
        "utilisation": 0.8,
        "retried": 0,
        "spent_seconds": 3.0 * (number + 1),
    }
    return Generation(**fields | changes)


@dataclass(frozen=True)
class SmallSearch:
    """Two generations and an end."""

    generations: tuple[Generation, ...]
    finished: Finished


@pytest.fixture
def small_search() -> SmallSearch:
    """A search of two generations: three pipelines fine, one invalid, one out of time."""
    forest = make_evaluation(
        0,
        estimator=make_pipeline(
            make_union(PCA(2), FunctionTransformer()), RandomForestClassifier(n_estimators=5, random_state=1)
        ),
        score=0.86,
        fold_scores=(0.85, 0.86, 0.87),
        complexity=900.0,
    )
    logistic = make_evaluation(1, score=0.81, complexity=12.0, variation="portfolio")
    tree = make_evaluation(
        3, estimator=DecisionTreeClassifier(max_depth=3), score=0.78, complexity=40.0, parents=(0, 1), generation=1,
        variation="crossover",
    )  # fmt: skip
    invalid = make_failure(2, "ValueError: Input X must be non-negative <chi2>", seconds=0.2)
    late = make_failure(4, "longer than 60 s", outcome="timeout", seconds=60.0, generation=1)
    failures = {invalid.cause: (1, 0.2), late.cause: (1, 60.0)}
    first = make_generation(0, [forest, logistic], evaluations=3, valid_share=2 / 3)
    second = make_generation(1, [forest, logistic, tree], evaluations=5, valid_share=0.6, failures=failures)
    finished = Finished(
        reason="generations",
        generations=2,
        evaluations=(forest, logistic, invalid, tree, late),
        front=(forest, logistic),
        leaderboard=(forest, logistic, tree),
        failures=failures,
        retried=1,
        spent_seconds=6.5,
    )
    return SmallSearch((first, second), finished)


@pytest.fixture
def evaluation() -> Callable[..., Evaluation]:
    """Makes a valid evaluation: its number, and the fields that shall differ."""
    return make_evaluation


@pytest.fixture
def dropped() -> Callable[..., Evaluation]:
    """Makes an evaluation that was left early: its number, and the fields that shall differ."""
    return make_dropped


@pytest.fixture
def generation() -> Callable[..., Generation]:
    """Makes a generation: its number, its valid evaluations, and the fields that shall differ."""
    return make_generation
