"""Milliseconds to predict 1,000 rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.inference import ROWS, inference_ms


class Recorder:
    """Predicts, and remembers how many rows it was given."""

    def __init__(self):
        self.calls = []

    def predict(self, rows):
        self.calls.append(len(rows))
        return np.zeros(len(rows))


@pytest.mark.parametrize("n_rows", [7, ROWS, 5 * ROWS])
def test_a_thousand_rows_are_predicted_however_many_there_are(n_rows):
    recorder = Recorder()
    assert inference_ms(recorder, pd.DataFrame({"x": range(n_rows)}), repeats=3) > 0
    assert recorder.calls == [ROWS] * 4
