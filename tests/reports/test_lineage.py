"""The champion's family tree: who is in it, what each step gained, and how it is drawn."""

from __future__ import annotations

import itertools
import json

import pytest

from experiments.reports.lineage import SHOWN, family, lineage_figure, main_line


@pytest.fixture
def evaluations(evaluation):
    """Two founders, a child of both, a grandchild, and somebody who is no relation."""
    return [
        evaluation(0, score=0.70, variation="portfolio"),
        evaluation(1, score=0.75),
        evaluation(2, score=0.60),
        evaluation(3, score=0.78, variation="crossover", parents=(0, 1)),
        evaluation(4, score=0.77, variation="mutation", parents=(3,)),
    ]


@pytest.fixture
def long_family(evaluation):
    """Each generation a child of the one before and of a founder of its own."""
    made = [evaluation(0, score=0.5)]
    for generation in range(1, 60):
        number = 2 * generation
        made += [
            evaluation(number - 1, score=0.4, generation=generation),
            evaluation(
                number, score=0.5 + generation / 1000, generation=generation, variation="crossover",
                parents=(max(0, number - 2), number - 1),
            ),
        ]  # fmt: skip
    return made


def sent(figure):
    """The figure as it goes over the wire."""
    return json.loads(json.dumps(figure.to_plotly_json(), allow_nan=False))


def marks(figure):
    """Number -> (score, text beside it, hover) of every mark."""
    return {
        number: (score, text, hover)
        for trace in sent(figure)["data"]
        if "markers" in trace["mode"]
        for number, score, text, hover in zip(trace["x"], trace["y"], trace["text"], trace["customdata"], strict=True)
    }


def edges(figure, name):
    """(parent, child) of the lines whose name begins so."""
    found = []
    for trace in sent(figure)["data"]:
        if trace["mode"] == "lines" and trace["name"].startswith(name):
            found += zip(trace["x"][0::3], trace["x"][1::3], strict=True)
    return set(found)


def test_a_family_is_the_champion_and_its_ancestors(evaluations):
    assert [step.evaluation.number for step in family(evaluations, 4)] == [0, 1, 3, 4]


def test_a_gain_is_over_the_better_parent(evaluations):
    gains = {step.evaluation.number: step.gain for step in family(evaluations, 4)}
    assert gains == {0: None, 1: None, 3: pytest.approx(0.03), 4: pytest.approx(-0.01)}


def test_the_main_line_goes_from_better_parent_to_better_parent(evaluations):
    assert [step.evaluation.number for step in main_line(family(evaluations, 4))] == [1, 3, 4]


def test_parents_that_are_not_known_are_left_out(evaluations):
    assert [step.evaluation.number for step in family(evaluations[3:], 4)] == [3, 4]


def test_marks_show_scores_gains_and_on_hover_pipeline_and_variation(evaluations):
    drawn = marks(lineage_figure(evaluations, 4, "accuracy"))
    assert set(drawn) == {0, 1, 3, 4}
    score, text, hover = drawn[3]
    assert (score, text) == (0.78, "+0.0300")
    assert "StandardScaler → LogisticRegression" in hover
    assert "crossover of #0 and #1, +0.0300 over the better parent" in hover
    assert drawn[0][1] == ""


def test_edges_lead_from_parents_to_children_the_main_line_strong(evaluations):
    figure = lineage_figure(evaluations, 4, "accuracy")
    assert edges(figure, "strong") == {(1, 3), (3, 4)}
    assert edges(figure, "faint") == {(0, 3)}


def test_the_champion_stands_out(evaluations):
    traces = sent(lineage_figure(evaluations, 4, "accuracy"))["data"]
    stars = [
        number
        for trace in traces
        if "markers" in trace["mode"]
        for number, symbol in zip(trace["x"], trace["marker"]["symbol"], strict=True)
        if symbol == "star"
    ]
    assert stars == [4]


def test_a_long_family_is_thinned_around_its_main_line(long_family):
    champion = long_family[-1].number
    figure = lineage_figure(long_family, champion, "accuracy")
    drawn = marks(figure)
    assert len(drawn) == SHOWN
    assert {0, champion} <= set(drawn)
    assert edges(figure, "steps left out")
    strong = sorted(edges(figure, "strong") | edges(figure, "steps left out"))
    assert strong[0][0] == 0
    assert all(before[1] == after[0] for before, after in itertools.pairwise(strong))
    assert f"{SHOWN - 1} ancestors shown" in json.dumps(sent(figure))


def test_a_family_in_which_all_fits_is_whole(long_family):
    drawn = marks(lineage_figure(long_family[:31], 30, "accuracy"))
    assert set(drawn) == set(range(31))


def test_a_founder_stands_alone(evaluations):
    figure = lineage_figure(evaluations, 1, "accuracy")
    assert set(marks(figure)) == {1}
    assert "no ancestors" in json.dumps(sent(figure))


def test_a_champion_that_is_not_there_is_an_empty_figure():
    assert marks(lineage_figure([], 3, "accuracy")) == {}


def test_values_are_lists_on_a_transparent_ground(evaluations):
    figure = sent(lineage_figure(evaluations, 4, "accuracy"))
    assert "bdata" not in json.dumps(figure)
    assert figure["layout"]["paper_bgcolor"].endswith(", 0)")
