"""Nodes that never hold a combination of hyperparameters that their class refuses.

A person's lists are combined freely: ``penalty`` with a ``solver`` that does not know it, ``ward`` with another metric
than the Euclidean. What a class refuses is in no table; so each combination of what is not a number is tried once, on
a few rows, with everything else at its default.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from experiments.search.canonical import canonical
from experiments.search.problem import Fold, Problem, Task
from experiments.search.soundness import Facts, sound
from experiments.search.tpot_repairs import MendedNode, MendedNodeIndividual

#: draws until a combination must work
ATTEMPTS = 50
#: rows of a trial for each class, or in all for regression; columns
ROWS_PER_CLASS = 15
ROWS = 40
COLUMNS = 6
#: what an ensemble or an iteration is cut down to in a trial
FEW = {"n_estimators": 2, "max_iter": 20, "n_iter": 20}


class Trial:
    """A table of a few rows, and what has been tried on it.

    Args:
        facts: of the problem, whose task and number of classes the table has.
    """

    def __init__(self, facts: Facts) -> None:
        rng = np.random.default_rng(0)
        n_rows = max(ROWS, ROWS_PER_CLASS * facts.n_classes)
        X = rng.random((n_rows, COLUMNS))  # not negative, so that nothing is refused that soundness will mend
        y = np.arange(n_rows) % max(facts.n_classes, 2) if facts.classification else X[:, 0] + rng.random(n_rows)
        X[:, 0] += y
        fold = Fold(X, y, X, y)
        task: Task = "classification" if facts.classification else "regression"
        self._facts = Facts.of(Problem(task, "accuracy", (fold,), COLUMNS, facts.n_classes))
        self._fold = fold
        self._faults: dict[Any, str] = {}

    def __deepcopy__(self, memo: Any) -> Trial:
        return self

    def fault(self, method: Any, parameters: dict[str, Any]) -> str:
        """Why a class does not work with these parameters; empty where it does."""
        key = (method, repr(sorted(parameters.items(), key=lambda item: item[0])))
        if key not in self._faults:
            self._faults[key] = self._tried(method, parameters)
        return self._faults[key]

    def _tried(self, method: Any, parameters: dict[str, Any]) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.fit(method(**parameters))
            except Exception as error:  # of any kind: classes are strangers
                return f"{type(error).__name__}: {error}"
        return ""

    def fit(self, estimator: Any) -> None:
        """Fits an estimator, cut down, and uses it.

        Raises:
            Exception: whatever it raises.
        """
        estimator = canonical(sound(estimator, self._facts), seed=0)
        known = estimator.get_params(deep=True)
        few = {name: FEW[last] for name in known if (last := name.rpartition("__")[2]) in FEW}
        estimator.set_params(**{name: few[name] for name in few if isinstance(known[name], int)})
        estimator.fit(self._fold.train_X, self._fold.train_y)
        (estimator.predict if hasattr(estimator, "predict") else estimator.transform)(self._fold.test_X)


class CheckedNode(MendedNode):
    """A node of a class that a person named.

    Args:
        method: the class.
        space: of its hyperparameters.
        hyperparameter_parser: from what is drawn to parameters.
        trial: that tells what works.
    """

    def __init__(self, method: Any, space: Any, hyperparameter_parser: Any, trial: Trial) -> None:
        super().__init__(method, space, hyperparameter_parser=hyperparameter_parser)
        self.trial = trial

    def generate(self, rng: Any = None) -> Any:
        return CheckedNodeIndividual(self.method, self.space, self.hyperparameter_parser, self.trial, rng)


class CheckedNodeIndividual(MendedNodeIndividual):
    """See `CheckedNode`."""

    def __init__(self, method: Any, space: Any, hyperparameter_parser: Any, trial: Trial, rng: Any) -> None:
        rng = np.random.default_rng(rng)
        super().__init__(method, space, hyperparameter_parser=hyperparameter_parser, rng=rng)
        self.trial = trial
        if not self.fault(self.hyperparameters):
            return
        self.mutate(rng)

    def mutate(self, rng: Any = None) -> bool:
        if isinstance(self.space, dict):
            return False
        rng = np.random.default_rng(rng)
        for _ in range(ATTEMPTS):
            self.space.seed(int(rng.integers(0, 2**32)))
            if self.take(dict(self.space.sample_configuration())):
                return True
        return False

    def take(self, values: dict[str, Any]) -> bool:
        return not self.fault(values) and super().take(values)

    def fault(self, values: dict[str, Any]) -> str:
        """Why the class refuses these values, numbers aside; empty where it does not."""
        told = {name: value for name, value in values.items() if not _is_number(value)}
        return self.trial.fault(self.method, self.hyperparameter_parser(told))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
