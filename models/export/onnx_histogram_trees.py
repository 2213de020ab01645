"""scikit-learn's histogram gradient boosting in ONNX: the converter of skl2onnx 1.20 writes it wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import numpy_helper

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_graph import Graph


def add_histogram_trees(graph: Graph, estimator: Any, method: str, value: str, step: str) -> str:
    """Adds a fitted `HistGradientBoostingClassifier` or `HistGradientBoostingRegressor` to a graph.

    Thresholds are compared in 64 bits, as scikit-learn does; only the sum of the leaves is told in 32.

    Args:
        graph: it grows.
        estimator: fitted.
        method: ``predict`` of a regression, ``predict_proba`` of a classification.
        value: its input in the graph, (n_rows, n_features) of 64-bit floats.
        step: what people call it.

    Returns:
        Predictions or probabilities, (n_rows, n_columns) of 64-bit floats.

    Raises:
        NotConvertible: it splits by categories, or has a loss of its own link.
    """
    trees = [(target, tree.nodes) for trees in estimator._predictors for target, tree in enumerate(trees)]
    if any(nodes["is_categorical"].any() for _, nodes in trees):
        raise NotConvertible(Obstacle(step, f"{type(estimator).__name__} splits by categories"))
    is_classification = method == "predict_proba"
    if not is_classification and estimator.loss not in ("squared_error", "absolute_error", "quantile"):
        raise NotConvertible(
            Obstacle(step, f"{type(estimator).__name__} with loss {estimator.loss!r} does not convert")
        )
    targets = len(estimator._predictors[0]) if trees else 1
    raw = graph.node("TreeEnsembleRegressor", value, domain="ai.onnx.ml", n_targets=targets, **_attributes(trees))
    baseline = np.ravel(estimator._baseline_prediction).astype(np.float64).reshape(1, -1)
    raw = graph.node("Add", graph.cast(raw, "double"), graph.constant(baseline))
    if not is_classification:
        return raw
    if targets > 1:
        return graph.node("Softmax", raw, axis=1)
    positive = graph.node("Sigmoid", raw)
    return graph.joined([graph.node("Sub", graph.constant(np.ones((1, 1))), positive), positive])


def _attributes(trees: list[tuple[int, np.ndarray]]) -> dict[str, Any]:
    """The trees, node by node; leaves carry what they add to their target."""
    number = np.concatenate([np.full(len(nodes), tree) for tree, (_, nodes) in enumerate(trees)])
    place = np.concatenate([np.arange(len(nodes)) for _, nodes in trees])
    target = np.concatenate([np.full(len(nodes), target) for target, nodes in trees])
    every = np.concatenate([nodes for _, nodes in trees])
    is_leaf = every["is_leaf"].astype(bool)

    def whole(numbers: np.ndarray) -> list[int]:
        return [int(each) for each in numbers]

    return {
        "nodes_treeids": whole(number),
        "nodes_nodeids": whole(place),
        "nodes_featureids": whole(np.where(is_leaf, 0, every["feature_idx"])),
        "nodes_modes": ["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf],
        "nodes_values_as_tensor": _tensor(np.where(is_leaf, 0.0, every["num_threshold"])),
        "nodes_truenodeids": whole(np.where(is_leaf, 0, every["left"])),
        "nodes_falsenodeids": whole(np.where(is_leaf, 0, every["right"])),
        "nodes_missing_value_tracks_true": whole(np.where(is_leaf, 0, every["missing_go_to_left"])),
        "target_treeids": whole(number[is_leaf]),
        "target_nodeids": whole(place[is_leaf]),
        "target_ids": whole(target[is_leaf]),
        "target_weights_as_tensor": _tensor(every["value"][is_leaf]),
    }


def _tensor(numbers: np.ndarray) -> Any:
    return numpy_helper.from_array(np.ascontiguousarray(numbers, dtype=np.float64), "numbers")
