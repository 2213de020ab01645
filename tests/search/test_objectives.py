"""What is weighed: names, ranking, fronts over any costs."""

from __future__ import annotations

import pytest

from config.errors import BadInput
from experiments.search.events import Evaluation, Measures
from experiments.search.objectives import Objectives, by_score


def evaluation(number: int, score: float | None, complexity: float = 0.0, inference_ms: float = 0.0) -> Evaluation:
    outcome = "valid" if score is not None else "invalid"
    measures = Measures(complexity, inference_ms) if score is not None else None
    return Evaluation(number, 0, f"p{number}", None, outcome, "", score, (), measures, 0.1, "w", (), "random")


def numbers(evaluations) -> list[int]:
    return [each.number for each in evaluations]


def test_ranking_is_by_score_then_simplicity_then_number_and_leaves_failures_out():
    evaluations = [evaluation(0, 0.5, 9), evaluation(1, None), evaluation(2, 0.7, 9), evaluation(3, 0.7, 5),
                   evaluation(4, 0.7, 5)]  # fmt: skip
    assert numbers(by_score(evaluations)) == [3, 4, 2, 0]


def test_the_front_holds_what_nothing_dominates():
    evaluations = [evaluation(0, 0.9, 100), evaluation(1, 0.8, 100), evaluation(2, 0.8, 10), evaluation(3, 0.7, 20),
                   evaluation(4, 0.1, 1)]  # fmt: skip
    assert numbers(Objectives().front(by_score(evaluations))) == [0, 2, 4]


def test_with_more_objectives_more_is_on_the_front():
    evaluations = [evaluation(0, 0.9, 10, 10), evaluation(1, 0.8, 20, 5), evaluation(2, 0.7, 20, 5),
                   evaluation(3, 0.6, 5, 20)]  # fmt: skip
    assert numbers(Objectives.parse("score, complexity, inference_ms").front(by_score(evaluations))) == [0, 1, 3]
    assert numbers(Objectives.parse("score,inference_ms").front(by_score(evaluations))) == [0, 1]
    assert numbers(Objectives.parse("score").front(by_score(evaluations))) == [0]


def test_the_order_of_names_does_not_matter_to_the_score():
    assert Objectives.parse("size_kb,score").names == ("score", "size_kb")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("score,complexty", "objective complexty does not exist; did you mean complexity?"),
        ("complexity", "objectives complexity lack the score; write score,complexity"),
        ("score,score", "names one twice"),
    ],
)
def test_bad_objectives_are_refused_with_what_to_type(text, message):
    with pytest.raises(BadInput, match=message.replace("?", "[?]")):
        Objectives.parse(text)
