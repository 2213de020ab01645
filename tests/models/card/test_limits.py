"""What a card warns of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.card.facts import Score
from models.card.limits import FEW_HOLDOUT_ROWS, limits
from models.card.outcome import Outcome


@pytest.fixture(scope="module")
def outcome(binary):
    return Outcome.of(binary.fitted, binary.holdout, "accuracy")


def few(outcome, rows):
    chosen = np.arange(rows)
    return replace(outcome, holdout=outcome.holdout.rows(chosen), y=outcome.y[chosen], answers=outcome.answers[chosen])


def test_few_rows_are_a_limit(binary, outcome):
    assert "Only" not in limits(replace(binary.facts, development_rows=10_000), outcome).text
    text = limits(binary.facts, few(outcome, FEW_HOLDOUT_ROWS - 1)).text
    assert f"Only {FEW_HOLDOUT_ROWS - 1} rows were held out" in text
    assert "It learnt from 280 rows only" in text


def test_rare_classes_are_named(many_classes):
    y = np.repeat(np.arange(0, 100, 10), [12, 12, 12, 12, 12, 12, 12, 12, 8, 2])
    rare = replace(many_classes.holdout.rows(np.arange(len(y))), y=pd.Series(y))
    text = limits(many_classes.facts, Outcome.of(many_classes.fitted, rare, "accuracy")).text
    assert "Some classes have hardly any held-out rows: `90` (2), `80` (8)." in text


def test_much_optimism_is_a_limit(binary, outcome):
    cv = Score(0.8, 0.75, 0.85)
    assert "much to pick from" not in limits(replace(binary.facts, cv=cv, optimism=0.04), outcome).text
    assert "much to pick from" in limits(replace(binary.facts, cv=cv, optimism=0.06), outcome).text


def test_findings_are_a_list_of_their_own(binary, outcome):
    text = limits(replace(binary.facts, findings=("a leak", "1. duplicates")), outcome).text
    assert text.startswith("The checks of the table found:\n\n- a leak\n- 1\\. duplicates\n\nBesides:\n\n- ")
