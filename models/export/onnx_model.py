"""A published pipeline as one ONNX file: typed columns in, the person's own labels or numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_columns import DATE_FORMAT, add_columns, date_formats
from models.export.onnx_graph import Graph
from models.export.onnx_steps import add_steps
from models.published import classes_of, coded

#: outputs
LABEL, PROBABILITIES, NUMBER = "label", "probabilities", "prediction"


def onnx_model(fitted: Any, X: pd.DataFrame, about: Mapping[str, str]) -> bytes:
    """Converts a published pipeline.

    The inputs are its columns by name, (n_rows, 1) each, typed as `models.export.onnx_columns` says. The outputs of a
    classification are ``label``, (n_rows,), and where the pipeline knows them ``probabilities``, (n_rows, n_classes),
    in the order of the labels sorted; of a regression ``prediction``, (n_rows, 1).

    Args:
        fitted: as `models.published.publishable` makes it.
        X: raw rows, with which every step is checked, (n_rows, n_columns).
        about: what the file says of itself.

    Returns:
        Content of ``model.onnx``.

    Raises:
        NotConvertible: with every step that does not convert.
    """
    pipeline: Pipeline = coded(fitted)
    columns, model = pipeline.named_steps["columns"], pipeline.named_steps["model"]
    classes = classes_of(fitted)
    graph, features = Graph(), ""
    obstacles: list[Obstacle] = []
    try:
        features = add_columns(graph, columns)
    except NotConvertible as error:
        obstacles += error.obstacles
    about = {**about, **{DATE_FORMAT + name: written for name, written in date_formats(columns).items()}}
    Z = np.asarray(columns.transform(X), dtype=np.float64)
    has_probabilities = classes is not None and hasattr(pipeline, "predict_proba")
    try:
        answers = add_steps(graph, model, "predict_proba" if has_probabilities else "predict", features, Z)
    except NotConvertible as error:
        obstacles += error.obstacles
    if obstacles:
        raise NotConvertible(*obstacles)
    if classes is None:
        column = graph.node("Reshape", answers, graph.constant(np.array([-1, 1])))
        return graph.model({NUMBER: (graph.cast(column, "double"), "double", ["rows", 1])}, about).SerializeToString()
    code = graph.node("ArgMax", answers, axis=1, keepdims=0) if has_probabilities else answers
    code = graph.node("Reshape", graph.cast(code, "int64"), graph.constant(np.array([-1])))
    outputs: dict[str, Any] = {LABEL: (graph.node("Gather", graph.constant(classes), code), _kind(classes), ["rows"])}
    if has_probabilities:
        outputs[PROBABILITIES] = (answers, "double", ["rows", len(classes)])
    return graph.model(outputs, about).SerializeToString()


def _kind(classes: np.ndarray) -> str:
    return {"b": "bool", "i": "int64", "f": "double"}.get(np.asarray(classes).dtype.kind, "string")
