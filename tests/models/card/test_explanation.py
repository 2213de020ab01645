"""SHAP of raw columns, where its package is installed."""

from __future__ import annotations

import importlib.util
import time

import numpy as np
import pytest

from models.card.card import make_card
from models.card.outcome import Outcome

HAS_SHAP = importlib.util.find_spec("shap") is not None
needs_shap = pytest.mark.skipif(not HAS_SHAP, reason="the extra explanation is not installed")


@needs_shap
def test_of_a_line_it_is_the_slope_times_the_distance_from_the_usual(numbers):
    from models.card.explanation import BACKGROUND_ROWS, EXPLAINED_ROWS, explanation

    outcome = Outcome.of(numbers.fitted, numbers.holdout, "r2")
    section = explanation(numbers.fitted, outcome, seed=3)
    (figure,) = section.figures
    chosen = np.random.default_rng(3).permutation(len(outcome))
    values = numbers.holdout.X["matters"].to_numpy()
    usual = values[chosen[:BACKGROUND_ROWS]].mean()
    explained = values[chosen[BACKGROUND_ROWS : BACKGROUND_ROWS + EXPLAINED_ROWS]]
    scaler = numbers.fitted.named_steps["columns"].named_transformers_["numbers"]
    slope = numbers.fitted.named_steps["model"].coef_[0] / scaler.scale_[0]
    assert figure.names[0] == "matters"
    assert figure.values[0] == pytest.approx(np.abs(slope * (explained - usual)).mean(), rel=1e-6)
    assert "not used" not in figure.names


@needs_shap
@pytest.mark.parametrize("name", ["binary", "many_classes"])
def test_of_classes_it_is_about_probabilities(name, request):
    made = request.getfixturevalue(name)
    text = make_card(made.facts, made.fitted, made.holdout).markdown
    assert "## SHAP" in text
    assert "the probability of" in text


@needs_shap
def test_without_time_it_says_so(binary):
    text = make_card(binary.facts, binary.fitted, binary.holdout, deadline=time.monotonic() + 0.2).markdown
    assert "## SHAP\n\nThere was no time for it." in text
