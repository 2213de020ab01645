"""One estimator in ONNX, by the converters of skl2onnx and onnxmltools, checked against the estimator itself."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import onnx
import onnxruntime
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_graph import OPSETS, Graph

#: Largest difference between an estimator and its conversion, relative to the largest answer: what 32 bits leave of it.
TOLERANCE = 1e-4


def add_leaf(graph: Graph, step: str, estimator: Any, method: str, value: str, Z: np.ndarray) -> str:
    """Adds an estimator to a graph, in 64 bits where its operators allow, else in 32.

    Args:
        graph: it grows.
        step: what people call it.
        estimator: fitted.
        method: ``transform``, ``predict``, ``predict_proba`` or ``decision_function``.
        value: its input in the graph, of 64-bit floats.
        Z: rows of that input, (n_rows, n_features), on which both are compared.

    Returns:
        What the method gives, (n_rows, n_columns) of 64-bit floats; labels as integers, (n_rows,).

    Raises:
        NotConvertible: there is no converter, or what it makes does not run or answers differently.
    """
    name = type(estimator).__name__
    expected = np.asarray(getattr(estimator, method)(Z))
    reasons = []
    for kind in ("double", "float"):
        try:
            converted = _converted(estimator, method, kind, Z.shape[1])
            position = _position(converted, method)
            apart = _apart(_answers(converted, Z, kind)[position], expected)
        except Exception as error:  # of any kind: each converter and runtime has its own
            reasons.append(_one_line(error))
            continue
        if apart:
            reasons.append(f"its converted form answers differently in {apart:.1%} of the rows")
            continue
        given = value if kind == "double" else graph.cast(value, "float")
        output = graph.attach(converted, {"X": given})[position]
        return output if method == "predict" and hasattr(estimator, "classes_") else graph.cast(output, "double")
    raise NotConvertible(Obstacle(step, f"{name} does not convert ({reasons[-1]})"))


def _converted(estimator: Any, method: str, kind: str, width: int) -> onnx.ModelProto:
    _register()
    tensor = DoubleTensorType if kind == "double" else FloatTensorType
    options: dict[str, Any] = {}
    if hasattr(estimator, "classes_") and method != "transform":
        # without probabilities there is no map of them to leave out
        options = {"zipmap": False} if hasattr(estimator, "predict_proba") else {}
        if method == "decision_function":
            options["raw_scores"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return convert_sklearn(
            estimator,
            initial_types=[("X", tensor([None, width]))],
            options={id(estimator): options} if options else None,
            target_opset=OPSETS,
        )


def _position(converted: onnx.ModelProto, method: str) -> int:
    """Which output is meant: classifiers give labels first, then probabilities or scores."""
    return 1 if method in ("predict_proba", "decision_function") and len(converted.graph.output) > 1 else 0


def _answers(converted: onnx.ModelProto, Z: np.ndarray, kind: str) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised, too
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"X": Z.astype(np.float64 if kind == "double" else np.float32)})


def _apart(answers: np.ndarray, expected: np.ndarray) -> float:
    """Share of the rows in which two answers differ by more than the tolerance; raises where their shapes differ."""
    if expected.dtype.kind in "iub":
        return float(np.mean(np.ravel(answers) != np.ravel(expected)))
    expected = expected.reshape(len(expected), -1).astype(np.float64)
    difference = np.abs(np.asarray(answers, dtype=np.float64).reshape(expected.shape) - expected)
    scale = np.maximum(1.0, np.abs(expected).max(axis=0, initial=0.0))
    return float(np.mean(~(difference <= TOLERANCE * scale).all(axis=1)))


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if "Unable to find a" in text:
        return "skl2onnx has no converter for it"
    return text if len(text) <= 120 else text[:117] + "..."


@functools.cache
def _register() -> None:
    """Makes the converters of xgboost and lightgbm known to skl2onnx."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from xgboost import XGBClassifier, XGBRegressor

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]}
    for estimator, convert in ((XGBClassifier, convert_xgboost), (LGBMClassifier, convert_lightgbm)):
        update_registered_converter(
            estimator, estimator.__name__, calculate_linear_classifier_output_shapes, convert, options=options
        )
    shapes = calculate_linear_regressor_output_shapes
    update_registered_converter(XGBRegressor, "XGBRegressor", shapes, convert_xgboost)
    update_registered_converter(
        LGBMRegressor, "LGBMRegressor", shapes, convert_lightgbm, options={"split": [None, *range(1, 10_000)]}
    )
