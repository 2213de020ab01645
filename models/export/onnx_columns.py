"""The preprocessing of raw columns in ONNX, on typed input.

The published pipeline reads whatever cells come: numbers as texts, texts as numbers. ONNX knows types: here a column of
numbers or truth values is 64-bit floats with NaN for a missing cell, a column of categories is texts with the empty
text for one. What remains is written operator by operator, in 64 bits, since converters know none of these steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_graph import Graph

#: The steps of a part of the preprocessing -> the step after which its cells are typed. The parts are those of
#: `experiments.data.columns`; a part that is none of them does not convert.
READ = {
    ("read", "float", "finite", "bounded", "filled"): "float",
    ("words", "truths", "read", "float", "finite", "bounded", "filled"): "float",
    ("read", "float", "finite", "bounded", "one-hot"): "float",
    ("read", "filled", "one-hot"): "filled",
    ("read", "filled", "mean target"): "filled",
}


def add_columns(graph: Graph, columns: ColumnTransformer) -> str:
    """Adds inputs and preprocessing to a graph.

    Args:
        graph: it grows.
        columns: the fitted preprocessing.

    Returns:
        The value that holds what ``columns.transform`` gives, (n_rows, n_features) of 64-bit floats.

    Raises:
        NotConvertible: with every part that does not convert.
    """
    made, obstacles = [], []
    for name, part, names in _parts(columns):
        try:
            made.append(_writer(part)(graph, part, names))
        except NotConvertible as error:
            obstacles += [Obstacle(f"columns, {name}", obstacle.reason) for obstacle in error.obstacles]
    if obstacles:
        raise NotConvertible(*obstacles)
    return graph.joined(made)


def typed_rows(columns: ColumnTransformer, X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Rows as the ONNX file takes them: column name -> (n_rows, 1), 64-bit floats or texts.

    Args:
        columns: the fitted preprocessing, all of whose parts convert.
        X: raw columns, (n_rows, n_columns).
    """
    feeds = {}
    for _, part, names in _parts(columns):
        last = READ[tuple(part.named_steps)]
        read = part[: list(part.named_steps).index(last) + 1].transform(X[names])
        for name in names:
            cells = read[name]
            dtype: Any = object if last == "filled" else np.float64
            feeds[name] = cells.to_numpy(dtype=dtype).reshape(-1, 1)
    return feeds


def _parts(columns: ColumnTransformer) -> list[tuple[str, Any, list[str]]]:
    return [
        (name, part, [names] if isinstance(names, str) else list(names))
        for name, part, names in columns.transformers_
        if not (name == "remainder" or part == "drop")
    ]


def _writer(part: Any) -> Callable[[Graph, Pipeline, list[str]], str]:
    steps = tuple(part.named_steps) if isinstance(part, Pipeline) else ()
    if steps not in READ:
        last = type(part.steps[-1][1] if isinstance(part, Pipeline) else part).__name__
        inner = [type(step).__name__ for _, step in part.steps] if isinstance(part, Pipeline) else []
        culprit = next((step for step in inner if step in ("HashingVectorizer", "DatetimeEncoder")), last)
        raise NotConvertible(Obstacle("columns", f"{culprit} has no form in ONNX"))
    return _WRITERS[steps[-1] if READ[steps] == "filled" else f"numbers {steps[-1]}"]


def _numbers(graph: Graph, names: list[str]) -> tuple[str, str]:
    """Columns side by side within bounds, and where they are missing or infinite, (n_rows, n_names) each."""
    cells = graph.joined([graph.input(name, "double") for name in names])
    missing = graph.node("Or", graph.node("IsNaN", cells), graph.node("IsInf", cells))
    # a NaN is not to reach the bounds, where runtimes differ
    present = graph.node("Where", missing, graph.constant(np.zeros(1)), cells)
    return present, missing


def _bounded(graph: Graph, part: Pipeline, cells: str) -> str:
    bounds = part.named_steps["bounded"].kw_args
    low, high = graph.constant(np.float64(bounds["a_min"])), graph.constant(np.float64(bounds["a_max"]))
    return graph.node("Clip", cells, low, high)


def _filled(graph: Graph, part: Pipeline, names: list[str]) -> str:
    present, missing = _numbers(graph, names)
    imputer = part.named_steps["filled"]
    fill = np.nan_to_num(np.asarray(imputer.statistics_, dtype=np.float64)).reshape(1, -1)
    filled = graph.node("Where", missing, graph.constant(fill), _bounded(graph, part, present))
    indicated = [] if imputer.indicator_ is None else list(imputer.indicator_.features_)
    if not indicated:
        return filled
    chosen = graph.node("Gather", missing, graph.constant(np.array(indicated, dtype=np.int64)), axis=1)
    return graph.joined([filled, graph.cast(chosen, "double")])


def _numbered_one_hot(graph: Graph, part: Pipeline, names: list[str]) -> str:
    encoder = _without_infrequent(part.named_steps["one-hot"])
    made = []
    for name, categories in zip(names, encoder.categories_, strict=True):
        numbers = np.asarray(categories, dtype=np.float64)
        present, missing = _numbers(graph, [name])
        known = numbers[~np.isnan(numbers)].reshape(1, -1)
        is_present = graph.node("Not", missing)
        equal = graph.node("Equal", _bounded(graph, part, present), graph.constant(known))
        made.append(graph.cast(graph.node("And", equal, is_present), "double"))
        if np.isnan(numbers).any():  # always the last
            made.append(graph.cast(missing, "double"))
    return graph.joined(made)


def _codes(graph: Graph, name: str, categories: Any) -> str:
    """Which category a text is, (n_rows, 1); one beyond the last where it is none."""
    return graph.node(
        "LabelEncoder",
        graph.input(name, "string"),
        domain="ai.onnx.ml",
        keys_strings=[str(category) for category in categories],
        values_int64s=list(range(len(categories))),
        default_int64=len(categories),
    )


def _one_hot(graph: Graph, part: Pipeline, names: list[str]) -> str:
    encoder = _without_infrequent(part.named_steps["one-hot"])
    made = []
    for name, categories in zip(names, encoder.categories_, strict=True):
        every = graph.constant(np.arange(len(categories), dtype=np.int64).reshape(1, -1))
        made.append(graph.cast(graph.node("Equal", _codes(graph, name, categories), every), "double"))
    return graph.joined(made)


def _mean_target(graph: Graph, part: Pipeline, names: list[str]) -> str:
    encoder = part.named_steps["mean target"]
    # with several classes, the means of each class of the first column, then of the second
    classes = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
    unknown = np.atleast_1d(np.asarray(encoder.target_mean_, dtype=np.float64))
    made = []
    for position, name in enumerate(names):
        means = encoder.encodings_[position * classes : (position + 1) * classes]
        table = np.column_stack([np.append(mean, unknown[number]) for number, mean in enumerate(means)])
        code = graph.node("Squeeze", _codes(graph, name, encoder.categories_[position]), graph.constant(np.array([1])))
        made.append(graph.node("Gather", graph.constant(table), code, axis=0))
    return graph.joined(made)


def _without_infrequent(encoder: Any) -> Any:
    if any(infrequent is not None for infrequent in getattr(encoder, "infrequent_categories_", [])):
        raise NotConvertible(Obstacle("one-hot", "OneHotEncoder pools infrequent categories"))
    return encoder


_WRITERS: Mapping[str, Callable[[Graph, Pipeline, list[str]], str]] = {
    "numbers filled": _filled,
    "numbers one-hot": _numbered_one_hot,
    "one-hot": _one_hot,
    "mean target": _mean_target,
}
