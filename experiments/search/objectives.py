"""What a search weighs: the score first, and what a pipeline costs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from config.errors import BadInput
from experiments.search.events import Evaluation, Measures

#: name -> what it means; all but the score are costs, smaller is better
NAMES = {
    "score": "the metric, greater is better",
    "complexity": "learned parameters, as TPOT counts them",
    "inference_ms": "milliseconds to predict 1,000 rows",
    "size_kb": "kilobytes of the pickled pipeline",
}


@dataclass(frozen=True)
class Objectives:
    """The score and some costs."""

    #: fields of `Measures`
    cost_names: tuple[str, ...] = ("complexity",)

    @classmethod
    def parse(cls, text: str) -> Objectives:
        """Objectives from names separated by commas.

        Raises:
            BadInput: an unknown name, a name twice, or no score among them.
        """
        names = [name.strip() for name in text.split(",") if name.strip()]
        for name in names:
            if name not in NAMES:
                near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise BadInput(f"objective {name} does not exist{hint} (there are {', '.join(NAMES)})")
        if len(set(names)) < len(names):
            raise BadInput(f"objectives {text} names one twice")
        if "score" not in names:
            raise BadInput(f"objectives {text} lack the score; write {','.join(['score', *names])}")
        return cls(tuple(name for name in names if name != "score"))

    @property
    def names(self) -> tuple[str, ...]:
        """The score's and the costs', in this order."""
        return ("score", *self.cost_names)

    def costs(self, measures: Measures | None) -> tuple[float, ...]:
        """The costs among the measures of a pipeline."""
        assert measures is not None
        return tuple(float(getattr(measures, name)) for name in self.cost_names)

    def matrix(self, evaluations: Iterable[Evaluation]) -> np.ndarray:
        """(n_evaluations, n_objectives), greater is better in all of them, as TPOT's selectors take them."""
        return np.array([(each.score, *(-cost for cost in self.costs(each.measures))) for each in evaluations])

    def front(self, ranked: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
        """Those that none dominates; of equals the first.

        Args:
            ranked: valid evaluations by falling score.
        """
        front: list[Evaluation] = []
        for each in ranked:
            own = self.costs(each.measures)
            if not any(all(its <= mine for its, mine in zip(self.costs(m.measures), own, strict=True)) for m in front):
                front.append(each)
        return tuple(front)


def by_score(evaluations: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """The fully evaluated by falling score; of equals the simpler, then the earlier first."""
    valid = (each for each in evaluations if each.outcome == "valid")
    return tuple(sorted(valid, key=lambda each: (-(each.score or 0.0), each.complexity or 0.0, each.number)))
