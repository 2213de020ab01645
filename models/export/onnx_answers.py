"""What an ONNX file says of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd

from models.export.onnx_columns import typed_rows
from models.export.onnx_model import LABEL, NUMBER, PROBABILITIES
from models.export.parity import Answers
from models.published import coded


def onnx_answers(content: bytes, fitted: Any, X: pd.DataFrame) -> Answers:
    """Asks an ONNX file.

    Args:
        content: of ``model.onnx``.
        fitted: the published pipeline, which reads the cells into types.
        X: raw rows, (n_rows, n_columns).
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised, too
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    feeds = typed_rows(coded(fitted).named_steps["columns"], X)
    names = [output.name for output in session.get_outputs()]
    told = dict(zip(names, session.run(None, feeds), strict=True))
    if NUMBER in told:
        return Answers(np.ravel(told[NUMBER]))
    return Answers(np.asarray(told[LABEL]), told.get(PROBABILITIES))
