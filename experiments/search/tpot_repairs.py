"""What is broken in TPOT 1.1.0, mended from outside: no fork, no copy of its files.

Importing this module imports TPOT, quietly, and puts the repairs of its code in force in this process; everything in
this project gets TPOT from here (``from experiments.search.tpot_repairs import tpot``), the evaluating processes
included. A fitted pipeline needs none of them to predict.

Each entry of `REPAIRS` names the upstream lines that it mends and a check that says whether they still need it: when
upstream has mended one, its check turns False, the test of this file fails, and the repair can go.
"""

from __future__ import annotations

import inspect
import sys
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import update_checker
from ConfigSpace.exceptions import ForbiddenValueError
from ConfigSpace.util import deactivate_inactive_hyperparameters
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_val_predict

from experiments.data.late_pyplot import pyplot_later


def _import_quietly() -> ModuleType:
    """Imports TPOT without its question to the package index and without stopit's warning of pkg_resources."""
    asked = update_checker.update_check
    update_checker.update_check = lambda *arguments, **options: None
    try:
        with warnings.catch_warnings(), pyplot_later():
            warnings.simplefilter("ignore")
            import tpot
    finally:
        update_checker.update_check = asked
    return tpot


tpot = _import_quietly()

# Attributes of these packages shadow their modules of the same name: sys.modules tells them apart.
_estimatortransformer: Any = sys.modules["tpot.builtin_modules.estimatortransformer"]
_graphsklearn: Any = sys.modules["tpot.graphsklearn"]
_nsgaii: Any = sys.modules["tpot.selectors.nsgaii"]
_tournament: Any = sys.modules["tpot.selectors.tournament_selection_dominated"]
_template_search_spaces: Any = sys.modules["tpot.config.template_search_spaces"]
_estimator_node: Any = sys.modules["tpot.search_spaces.nodes.estimator_node"]
_graph: Any = sys.modules["tpot.search_spaces.pipelines.graph"]


def _output_method(estimator: Any) -> str:
    for method in ("predict_proba", "decision_function"):
        if hasattr(estimator, method):
            return method
    return "predict"


def _fit_transform(self: Any, X: Any, y: Any = None) -> np.ndarray:
    """Out-of-fold output of the same method that ``transform`` will use, so that both have the same columns."""
    self.estimator.fit(X, y)
    method = _output_method(self.estimator) if self.method == "auto" else self.method
    folds = self.cross_val_predict_cv
    if folds is None or (isinstance(folds, int) and folds < 2):
        output = getattr(self.estimator, method)(X)
    else:
        output = cross_val_predict(self.estimator, X, y, cv=folds, method=method)
    output = np.asarray(output)
    output = output.reshape(-1, 1) if output.ndim == 1 else output
    return np.hstack((output, X)) if self.passthrough else output


class _FitOnly(BaseEstimator):
    """Stands in for a graph's root while the graph is fitted: nothing consumes the root's output."""

    def __init__(self, root: Any, parameters: Any) -> None:
        self.root = root
        self.parameters = parameters

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        self.root.fit(X, y, **self.parameters)
        return np.zeros((len(X), 0))


_upstream_graph_fit = _graphsklearn.GraphPipeline.fit


def _graph_fit(self: Any, X: Any, y: Any, **root_parameters: Any) -> Any:
    """Fits the root once, and with what it takes beside X and y, such as row weights."""
    node = self.graph.nodes[self.root]
    root = node["instance"]
    node["instance"] = _FitOnly(root, root_parameters)
    try:
        _upstream_graph_fit(self, X, y)
    finally:
        node["instance"] = root
    return self


def _crowding_distance(matrix: Any) -> list[float]:
    """Crowding distance of Deb and others, 2002 (NSGA-II), section III.B: greater is lonelier.

    Args:
        matrix: scores, (n_individuals, n_objectives).
    """
    scores = np.asarray(matrix, dtype=float)
    distances = np.zeros(len(scores))
    for column in scores.T:
        order = np.argsort(column, kind="stable")
        distances[order[[0, -1]]] = np.inf
        spread = column[order[-1]] - column[order[0]]
        if spread > 0:
            distances[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / (spread * scores.shape[1])
    return list(distances)


_upstream_crowding_distance = _nsgaii.crowding_distance
_upstream_crossover = _estimator_node.EstimatorNodeIndividual.crossover
_upstream_graph_mutate = _graph.GraphPipelineIndividual.mutate
_upstream_fit_transform = _estimatortransformer.EstimatorTransformer.fit_transform


class MendedNode(_estimator_node.EstimatorNode):
    """A node whose individuals keep valid hyperparameters through crossover."""

    def generate(self, rng: Any = None) -> Any:
        return MendedNodeIndividual(self.method, self.space, hyperparameter_parser=self.hyperparameter_parser, rng=rng)


class MendedNodeIndividual(_estimator_node.EstimatorNodeIndividual):
    """See `MendedNode`."""

    #: name -> value, as TPOT draws them
    hyperparameters: dict[str, Any]

    def crossover(self, other: Any, rng: Any = None) -> bool:
        if rng is None:  # search_spaces/pipelines/graph.py:506 forgets it, which would make a seeded run unrepeatable
            rng = zlib.crc32(repr(sorted(map(str, self.hyperparameters.items()))).encode())
        before = self.hyperparameters
        self.hyperparameters = dict(before)
        if not super().crossover(other, rng=rng):
            self.hyperparameters = before
            return False
        mixed, self.hyperparameters = self.hyperparameters, before
        return self.take(mixed)

    def take(self, values: dict[str, Any]) -> bool:
        """Changes its hyperparameters, made consistent first; False where the space forbids them."""
        if isinstance(self.space, dict):
            return False
        try:
            self.hyperparameters = consistent(values, self.space)
        except ForbiddenValueError:
            return False
        return True


def consistent(values: dict[str, Any], space: Any) -> dict[str, Any]:
    """Hyperparameters with the inactive ones left out and the active ones that are missing at their default.

    Where nothing depends on anything, they may lie outside the space, or be left to the class.

    Raises:
        ForbiddenValueError: the space excludes this combination.
    """
    if not space.conditions and not space.forbidden_clauses:
        return dict(values)
    complete = {name: values.get(name, space[name].default_value) for name in space}
    return dict(deactivate_inactive_hyperparameters(complete, space))


def _graph_mutate(self: Any, rng: Any = None) -> bool:
    rng = np.random.default_rng(rng)
    rng.shuffle(self.mutate_methods_list)
    for mutate in self.mutate_methods_list:
        if mutate(rng=rng):
            self._merge_duplicated_nodes()
            self.graphkey = None
            return True
    return False


@dataclass(frozen=True)
class Repair:
    """One fault of TPOT 1.1.0."""

    #: file inside the tpot package and line of 1.1.0
    upstream: str
    fault: str
    #: whether the installed TPOT still has the fault
    needed: Callable[[], bool]


def _source(thing: Any) -> str:
    return inspect.getsource(thing)


def _shadowed_light_names() -> bool:
    source = _source(_template_search_spaces.get_template_search_spaces)
    return 'search_space == "light"' in source and 'search_space == "linear-light"' in source


def _crossover_leaves_gaps() -> bool:
    return "deactivate" not in _source(_upstream_crossover)


def _wrong_crowding() -> bool:
    return bool(_upstream_crowding_distance([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]])[1] < 0)


REPAIRS = {
    "inner predictions": Repair(
        "builtin_modules/estimatortransformer.py:122",
        "fit_transform gives labels where transform gives probabilities: every wrapped classifier fails",
        lambda: "method=method" not in _source(_upstream_fit_transform),
    ),
    "graph root": Repair(
        "graphsklearn.py:171",
        "a graph's root is fitted once for each inner fold besides the fit that counts, and the rest thrown away; "
        "row weights do not reach it",
        lambda: "root" not in _source(_graphsklearn.fit_sklearn_digraph),
    ),
    "crowding distance": Repair(
        "selectors/nsgaii.py:152",
        "the crowding distance is negative, so that NSGA-II prefers the crowded to the lonely",
        _wrong_crowding,
    ),
    "light names": Repair(
        "config/template_search_spaces.py:260,266",
        "linear-light and graph-light are not recognised as light and get inner predictors with inner folds",
        _shadowed_light_names,
    ),
    "crossover": Repair(
        "search_spaces/nodes/estimator_node.py:90",
        "crossover leaves conditional hyperparameters out, or in where they are inactive",
        _crossover_leaves_gaps,
    ),
    "graph mutation": Repair(
        "search_spaces/pipelines/graph.py:149",
        "a mutation of a graph does all five of its changes at once, so that little is left of the parent",
        lambda: "return True" not in _source(_upstream_graph_mutate),
    ),
    "pyplot": Repair(
        "graphsklearn.py:41",
        "importing tpot imports pyplot, a fifth of all that it imports, which only its drawing of graphs needs",
        lambda: "\nimport matplotlib.pyplot as plt\n" in _source(_graphsklearn),
    ),
    "update check": Repair(
        "__init__.py:59",
        "importing tpot asks the package index for a newer version",
        lambda: "update_check(" in _source(tpot),
    ),
}


def apply() -> None:
    """Puts the repairs of code in force in this process; a second call changes nothing."""
    _estimatortransformer.EstimatorTransformer.fit_transform = _fit_transform
    _graphsklearn.GraphPipeline.fit = _graph_fit
    _nsgaii.crowding_distance = _crowding_distance
    _tournament.crowding_distance = _crowding_distance
    _graph.GraphPipelineIndividual.mutate = _graph_mutate


apply()
