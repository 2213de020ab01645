"""Which nodes keep failing on this table, so that they are drawn less often."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sklearn.base import BaseEstimator

from experiments.search.canonical import parts
from experiments.search.events import Evaluation

#: evaluations that count for every node from the start, all of them fine: one failure is no habit
BENEFIT_OF_DOUBT = 3


class Reliability:
    """How often pipelines with a node came through, as far as evaluations were shown.

    A failure counts against the node that its cause names, and where it names none (a limit, a crash) against all of
    the pipeline's nodes.
    """

    def __init__(self) -> None:
        self._tried: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def learn(self, evaluation: Evaluation) -> None:
        """Takes note of how an evaluation ended."""
        nodes = node_names(evaluation.estimator)
        self._tried.update(nodes)
        if evaluation.outcome not in ("valid", "dropped"):
            culprit = evaluation.cause.partition(":")[0]
            self._failed.update({culprit} if culprit in nodes else nodes)

    def of(self, estimator: Any) -> float:
        """Share of the evaluations that its least reliable node came through, from 0 to 1; 1 for unknown nodes."""
        return min((self._of_node(name) for name in node_names(estimator)), default=1.0)

    def _of_node(self, name: str) -> float:
        return 1 - self._failed[name] / (self._tried[name] + BENEFIT_OF_DOUBT)


def node_names(estimator: Any) -> set[str]:
    """Class names of all estimators in an estimator."""
    names = set()
    for part in parts(estimator):
        nested = part.get_params(deep=True).values()
        names |= {type(each).__name__ for each in (part, *nested) if isinstance(each, BaseEstimator)}
    return names
