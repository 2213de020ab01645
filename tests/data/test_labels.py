"""Labels and codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.data.labels import Labels


@pytest.mark.parametrize("y", [["no", "yes", "no"], [True, False, True], [3, 1, 2], pd.Series(["b", "a", "b"])])
def test_codes_lead_back_to_the_persons_own_labels(y):
    labels = Labels.of(y)
    codes = labels.encode(y)
    assert codes.dtype == np.int64
    assert set(codes) == set(range(len(labels.classes)))
    decoded = labels.decode(codes)
    assert decoded.tolist() == list(y)
    assert decoded.dtype == np.asarray(y).dtype


def test_codes_follow_the_sorted_labels():
    assert Labels.of(["b", "c", "a"]).encode(["a", "b", "c"]).tolist() == [0, 1, 2]


def test_an_unknown_label_is_named():
    with pytest.raises(ValueError, match="label 'z' is none of the classes"):
        Labels.of(["a", "b"]).encode(["a", "z"])


def test_no_rows_no_codes():
    assert Labels.of(["a", "b"]).encode([]).tolist() == []
