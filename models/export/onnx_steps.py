"""The steps of a pipeline in ONNX: sequences, unions, graphs and votes of estimators, each leaf converted alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import FastICA
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import RBFSampler
from sklearn.pipeline import FeatureUnion, Pipeline

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_graph import Graph
from models.export.onnx_histogram_trees import add_histogram_trees
from models.export.onnx_leaf import add_leaf


def add_steps(graph: Graph, estimator: Any, method: str, value: str, Z: np.ndarray, step: str = "model") -> str:
    """Adds an estimator, whatever it is made of, to a graph.

    Args:
        graph: it grows.
        estimator: fitted.
        method: of which the answers are wanted: ``transform``, ``predict``, ``predict_proba``, ``decision_function``.
        value: its input in the graph, (n_rows, n_features) of 64-bit floats.
        Z: rows of that input, with which every part is checked.
        step: what people call it.

    Returns:
        The answers, (n_rows, n_columns) of 64-bit floats; labels as integers, (n_rows,).

    Raises:
        NotConvertible: with every part that does not convert.
    """
    if isinstance(estimator, FrozenEstimator):
        return add_steps(graph, estimator.estimator, method, value, Z, step)
    if isinstance(estimator, Pipeline):
        return _sequence(graph, estimator, method, value, Z, step)
    if isinstance(estimator, FeatureUnion):
        members = [(name, member, "transform") for name, member in estimator.transformer_list if member != "drop"]
        weights = estimator.transformer_weights or {}
        if weights:
            raise NotConvertible(Obstacle(step, "FeatureUnion with weights does not convert"))
        return _side_by_side(graph, members, value, Z, step)
    if isinstance(estimator, VotingRegressor) or (isinstance(estimator, VotingClassifier) and method != "transform"):
        return _vote(graph, estimator, method, value, Z, step)
    if estimator == "passthrough" or estimator is None:
        return value
    if _name(estimator) in _OWN and method == "transform":
        return _OWN[_name(estimator)](graph, estimator, value, Z, step)
    if hasattr(estimator, "graph") and hasattr(estimator, "topo_sorted_nodes"):
        return _graph(graph, estimator, method, value, Z, step)
    if _name(estimator).startswith("HistGradientBoosting") and method in ("predict_proba", "predict"):
        return add_histogram_trees(graph, estimator, method, value, step)
    return add_leaf(graph, step, estimator, method, value, Z)


def _name(estimator: Any) -> str:
    return type(estimator).__name__


def _sequence(graph: Graph, pipeline: Pipeline, method: str, value: str, Z: np.ndarray, step: str) -> str:
    """Step after step; where one does not convert, the later ones are tried all the same, to name them all."""
    obstacles: list[Obstacle] = []
    *before, (last_name, last) = pipeline.steps
    for name, member in before:
        if member is None or member == "passthrough":
            continue
        try:
            value = add_steps(graph, member, "transform", value, Z, f"{step}, {name}")
        except NotConvertible as error:
            obstacles += error.obstacles
        Z = _array(member.transform(Z))
    try:
        value = add_steps(graph, last, method, value, Z, f"{step}, {last_name}")
    except NotConvertible as error:
        obstacles += error.obstacles
    if obstacles:
        raise NotConvertible(*obstacles)
    return value


def _side_by_side(graph: Graph, members: list[tuple[str, Any, str]], value: str, Z: np.ndarray, step: str) -> str:
    made: list[str] = []
    obstacles: list[Obstacle] = []
    for name, member, method in members:
        if _name(member) == "SkipTransformer":
            continue
        try:
            made.append(add_steps(graph, member, method, value, Z, f"{step}, {name}"))
        except NotConvertible as error:
            obstacles += error.obstacles
    if obstacles:
        raise NotConvertible(*obstacles)
    return graph.joined(made)


def _graph(graph: Graph, pipeline: Any, method: str, value: str, Z: np.ndarray, step: str) -> str:
    """TPOT's graph: leaves see the rows, every other node what its successors say, side by side in their order."""
    from tpot.graphsklearn import get_ordered_successors

    nodes = pipeline.graph.nodes
    made: dict[Any, str] = {}
    told: dict[Any, np.ndarray] = {}
    obstacles: list[Obstacle] = []
    if getattr(pipeline, "use_label_encoder", False):
        raise NotConvertible(Obstacle(step, "GraphPipeline with a label encoder does not convert"))
    for node in pipeline.topo_sorted_nodes:
        children = list(get_ordered_successors(pipeline.graph, node))
        given = graph.joined([made[child] for child in children]) if children else value
        rows = np.hstack([told[child] for child in children]) if children else Z
        member = nodes[node]["instance"]
        wanted = method if node == pipeline.root else _said(member, pipeline.method)
        try:
            made[node] = add_steps(graph, member, wanted, given, rows, f"{step}, {node}")
        except NotConvertible as error:
            obstacles += error.obstacles
            made[node] = value
        if node != pipeline.root:
            told[node] = _array(getattr(member, wanted)(rows))
            if wanted == "predict" and not obstacles:
                made[node] = _as_column(graph, made[node])
    if obstacles:
        raise NotConvertible(*obstacles)
    return made[pipeline.root]


def _said(member: Any, method: str) -> str:
    """What a node passes on, as `tpot.graphsklearn` decides it."""
    from tpot.graphsklearn import _method_name

    return str(_method_name(name=_name(member), estimator=member, method=method))


def _vote(graph: Graph, vote: Any, method: str, value: str, Z: np.ndarray, step: str) -> str:
    names = [name for name, member in vote.estimators if member != "drop"]
    if isinstance(vote, VotingClassifier) and vote.voting != "soft":
        raise NotConvertible(Obstacle(step, "VotingClassifier that counts labels does not convert"))
    wanted = "predict" if isinstance(vote, VotingRegressor) else "predict_proba"
    weights = np.ones(len(names)) if vote.weights is None else np.asarray(vote._weights_not_none, dtype=np.float64)
    total = ""
    obstacles: list[Obstacle] = []
    for name, member, weight in zip(names, vote.estimators_, weights / weights.sum(), strict=True):
        try:
            said = add_steps(graph, member, wanted, value, Z, f"{step}, {name}")
        except NotConvertible as error:
            obstacles += error.obstacles
            continue
        weighed = graph.node("Mul", _as_column(graph, said) if wanted == "predict" else said, graph.constant(weight))
        total = graph.node("Add", total, weighed) if total else weighed
    if obstacles:
        raise NotConvertible(*obstacles)
    if method == "predict" and wanted == "predict_proba":
        return graph.node("ArgMax", total, axis=1, keepdims=0)
    return total


def _as_column(graph: Graph, value: str) -> str:
    return graph.cast(graph.node("Reshape", value, graph.constant(np.array([-1, 1]))), "double")


def _array(told: Any) -> np.ndarray:
    rows = np.asarray(told, dtype=np.float64)
    return rows.reshape(len(rows), -1)


def _passed_through(graph: Graph, estimator: Any, value: str, Z: np.ndarray, step: str) -> str:
    return value


def _zero_count(graph: Graph, estimator: Any, value: str, Z: np.ndarray, step: str) -> str:
    is_zero = graph.cast(graph.node("Equal", value, graph.constant(np.zeros(1))), "double")
    zeros = graph.node("ReduceSum", is_zero, graph.constant(np.array([1])), keepdims=1)
    others = graph.node("Sub", graph.constant(np.array([float(Z.shape[1])])), zeros)
    return graph.joined([zeros, others, value])


def _said_by_estimator(graph: Graph, estimator: Any, value: str, Z: np.ndarray, step: str) -> str:
    """TPOT's wrapper of an estimator in the middle of a pipeline."""
    inner, method = estimator.estimator, estimator.method
    if method == "auto":
        wanted = ("predict_proba", "decision_function", "predict")
        method = next((each for each in wanted if hasattr(inner, each)), "predict")
    said = add_steps(graph, inner, method, value, Z, f"{step}, {_name(inner)}")
    said = _as_column(graph, said) if _array(getattr(inner, method)(Z)).shape[1] == 1 else said
    return graph.joined([said, value]) if estimator.passthrough else said


def _independent_components(graph: Graph, estimator: FastICA, value: str, Z: np.ndarray, step: str) -> str:
    if hasattr(estimator, "mean_"):
        value = graph.node("Sub", value, graph.constant(np.asarray(estimator.mean_, dtype=np.float64)))
    return graph.node("MatMul", value, graph.constant(np.asarray(estimator.components_.T, dtype=np.float64)))


def _merged_columns(graph: Graph, estimator: FeatureAgglomeration, value: str, Z: np.ndarray, step: str) -> str:
    if estimator.pooling_func is not np.mean:
        raise NotConvertible(Obstacle(step, "FeatureAgglomeration converts only where it pools by the mean"))
    members = np.eye(int(estimator.labels_.max()) + 1)[estimator.labels_]
    return graph.node("MatMul", value, graph.constant(members / members.sum(axis=0)))


def _random_cosines(graph: Graph, estimator: RBFSampler, value: str, Z: np.ndarray, step: str) -> str:
    weights = np.asarray(estimator.random_weights_, dtype=np.float64)
    angle = graph.node("MatMul", value, graph.constant(weights))
    angle = graph.node("Add", angle, graph.constant(np.asarray(estimator.random_offset_, dtype=np.float64)))
    return graph.node("Mul", graph.node("Cos", angle), graph.constant(np.sqrt(2.0 / weights.shape[1])))


def _products(graph: Graph, estimator: Any, value: str, Z: np.ndarray, step: str) -> str:
    """Polynomials as products of columns; the converter of skl2onnx takes minutes for a hundred columns."""
    powers = np.asarray(estimator.powers_)
    one = Z.shape[1]  # a column of ones that is put beside the others
    factors = [np.repeat(np.arange(one), row) for row in powers]
    degree = max(1, *(len(each) for each in factors))
    first = graph.node("Gather", value, graph.constant(np.array([0], dtype=np.int64)), axis=1)
    ones = graph.node("Exp", graph.node("Sub", first, first))
    beside = graph.joined([value, ones])
    product = ""
    for number in range(degree):
        chosen = np.array([each[number] if number < len(each) else one for each in factors], dtype=np.int64)
        column = graph.node("Gather", beside, graph.constant(chosen), axis=1)
        product = graph.node("Mul", product, column) if product else column
    return product


#: Transformers that no converter knows, or none in reasonable time; by name, so that TPOT need not be imported.
_OWN: dict[str, Callable[[Graph, Any, str, np.ndarray, str], str]] = {
    "Passthrough": _passed_through,
    "ZeroCount": _zero_count,
    "EstimatorTransformer": _said_by_estimator,
    "FastICA": _independent_components,
    "FeatureAgglomeration": _merged_columns,
    "RBFSampler": _random_cosines,
    "PolynomialFeatures": _products,
}
