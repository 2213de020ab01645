"""The preprocessing of raw columns in ONNX, on typed input.

The published pipeline reads whatever cells come: numbers as texts, texts as numbers. ONNX knows types: here a column of
numbers or truth values is 64-bit floats with NaN for a missing cell, a column of dates is seconds since 1970 in UTC as
such floats, a column of categories is texts with the empty text for a missing cell. What remains is written operator by
operator, in 64 bits, since converters know none of these steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_calendar import add_calendar
from models.export.onnx_graph import Graph

#: The steps of a part of the preprocessing -> the step after which its cells are typed, and what is written of the
#: others. The parts are those of `experiments.data.columns`; a part that is none of them does not convert.
READ = {
    ("read", "float", "finite", "bounded", "filled"): ("float", "numbers"),
    ("words", "truths", "read", "float", "finite", "bounded", "filled"): ("float", "numbers"),
    ("read", "float", "finite", "bounded", "one-hot"): ("float", "numbered categories"),
    ("read", "filled", "one-hot"): ("filled", "categories"),
    ("read", "filled", "mean target"): ("filled", "many categories"),
    ("read", "parts", "filled"): ("read", "dates"),
    ("text", "read", "parts", "filled"): ("read", "dates"),
}
#: What the ONNX file says of a column of dates: how its texts are written, for `pandas.to_datetime`.
DATE_FORMAT = "date format of "


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
    for name, part, chosen in _parts(columns):
        try:
            made.append(_writer(part)(graph, part, _listed(chosen)))
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
    for _, part, chosen in _parts(columns):
        last, what = READ[tuple(part.named_steps)]
        read = part[: list(part.named_steps).index(last) + 1].transform(X[chosen])
        for name in _listed(chosen):
            cells = read if what == "dates" else read[name]
            feeds[name] = _typed(cells, what).reshape(-1, 1)
    return feeds


def date_formats(columns: ColumnTransformer) -> dict[str, str]:
    """How the dates of each column of dates are written, for `pandas.to_datetime`."""
    return {
        name: str(part.named_steps["read"].kw_args["format"])
        for _, part, name in _parts(columns)
        if isinstance(part, Pipeline) and READ.get(tuple(part.named_steps), ("", ""))[1] == "dates"
    }


def _typed(cells: pd.Series, what: str) -> np.ndarray:
    if what == "dates":
        return ((cells - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta("1s")).to_numpy(dtype=np.float64)
    is_text = what in ("categories", "many categories")
    return cells.to_numpy(dtype=object if is_text else np.float64)


def _parts(columns: ColumnTransformer) -> list[tuple[str, Any, Any]]:
    return [
        (name, part, chosen)
        for name, part, chosen in columns.transformers_
        if not (name == "remainder" or part == "drop")
    ]


def _listed(chosen: Any) -> list[str]:
    return [chosen] if isinstance(chosen, str) else list(chosen)


def _writer(part: Any) -> Callable[[Graph, Pipeline, list[str]], str]:
    steps = tuple(part.named_steps) if isinstance(part, Pipeline) else ()
    if steps in READ:
        return _WRITERS[READ[steps][1]]
    inner = [type(step).__name__ for _, step in part.steps] if isinstance(part, Pipeline) else [type(part).__name__]
    culprit = next((name for name in inner if name == "HashingVectorizer"), inner[-1])
    raise NotConvertible(Obstacle("columns", f"{culprit} has no form in ONNX"))


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
    return _imputed(graph, part, _bounded(graph, part, present), missing)


def _dates(graph: Graph, part: Pipeline, names: list[str]) -> str:
    present, missing = _numbers(graph, names)
    parts = add_calendar(graph, part.named_steps["parts"], present)
    width = graph.constant(np.zeros((1, len(part.named_steps["parts"].extracted_features_)), dtype=bool))
    return _imputed(graph, part, parts, graph.node("Or", missing, width))


def _imputed(graph: Graph, part: Pipeline, cells: str, missing: str) -> str:
    imputer = part.named_steps["filled"]
    fill = np.nan_to_num(np.asarray(imputer.statistics_, dtype=np.float64)).reshape(1, -1)
    filled = graph.node("Where", missing, graph.constant(fill), cells)
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
    "numbers": _filled,
    "numbered categories": _numbered_one_hot,
    "categories": _one_hot,
    "many categories": _mean_target,
    "dates": _dates,
}
