"""A verdict can be read by people and by programs, whatever became of the comparison."""

from __future__ import annotations

import json

import pytest

from models.gate.comparison import Comparison
from models.gate.fairness import Fairness
from models.gate.limits import at_least, at_most
from models.gate.verdict import Measured, Verdict
from models.gate.verdict_figure import verdict_figure

COMPARED = Comparison("accuracy", 0.91, 0.88, 0.01, 0.05, 200, 12, 1000, "rows", tuple(n / 800 for n in range(41)))


def verdict(**changes) -> Verdict:
    facts = {
        "name": "AutoML/owls", "metric": "accuracy", "decision": "promote", "reasons": ("better",),
        "challenger": Measured("new", 0.91, 12.0, 2_000_000), "champion": Measured("old", 0.88, None, None),
        "comparison": COMPARED, "limits": (), "fairness": None, "judged_at": "2026-11-21T12:00:00+00:00",
    }  # fmt: skip
    return Verdict(**{**facts, **changes})


LIMITED = verdict(
    decision="refuse", champion=None, comparison=None,
    limits=(at_least("minimum score", 0.95, 0.91, ""), at_most("size", 1, None, " MB", "nobody knows")),
    fairness=Fairness("town", {"Bonn": 0.9, "Kiel": 0.7}, {"Ulm": "3 rows, 20 are needed"}),
)  # fmt: skip


def test_the_outcome_is_one_word():
    assert [
        verdict().outcome, verdict().promoted(3).outcome, verdict(decision="refuse").outcome,
        verdict(decision="refuse").forced("why").promoted(3).outcome, verdict(decision="undecided").outcome,
    ] == ["passed", "promoted", "refused", "forced", "undecided"]  # fmt: skip
    assert verdict().is_passed
    assert not verdict(decision="undecided").is_passed
    assert verdict(decision="undecided").forced("why").is_passed


@pytest.mark.parametrize("each", [verdict(), LIMITED, verdict(decision="undecided", comparison=None)])
def test_programs_can_read_it(each):
    told = json.loads(json.dumps(each.as_json(), allow_nan=False))
    assert (told["outcome"], told["promoted"], told["challenger"]["model_id"]) == (each.outcome, False, "new")
    json.dumps(verdict_figure(each).to_plotly_json(), allow_nan=False)
    assert all(len(row) == 4 and all(isinstance(cell, str) for cell in row) for row in each.table())


def test_numbers_that_decide_are_there():
    assert verdict().as_json()["comparison"]["difference"] == pytest.approx(0.03)
    assert verdict().metadata()["verdict_difference_low"] == 0.01
    assert "difference +0.03, 95 % interval +0.01 to +0.05 on 200 rows" in verdict().table()[2][3]
    rows = {row[0]: row[1:] for row in LIMITED.table()}
    assert rows["town: Kiel"][0] == "0.7"
    assert rows["town: Ulm"][2] == "3 rows, 20 are needed"
    assert rows["limit"][2] == "not kept: size: nobody knows"
    assert LIMITED.as_json()["fairness"]["difference"] == pytest.approx(0.2)
