"""The figures of a search: what they show, and that any web interface can draw them."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from experiments.reports.leaderboard import leaderboard_rows
from experiments.reports.plots import (
    CAUSES,
    POINTS,
    column_widths,
    failures_figure,
    leaderboard_cells,
    ledger_figure,
    pareto_figure,
    thinned,
)
from experiments.search.events import Measures
from experiments.search.objectives import Objectives


@pytest.fixture
def crowd(evaluation):
    """5,000 valid evaluations."""
    draw, one = random.Random(1), evaluation()
    return [replace(one, number=n, score=draw.random(), measures=Measures(draw.uniform(1, 90))) for n in range(5_000)]


def sent(figure):
    """The figure as it goes over the wire."""
    return json.loads(json.dumps(figure.to_plotly_json(), allow_nan=False))


def traces(figure):
    return {trace["name"]: trace for trace in sent(figure)["data"]}


def test_the_front_is_connected_and_the_dominated_are_faint(small_search):
    last = small_search.generations[-1]
    drawn = traces(pareto_figure(last.front, last.valid, "accuracy"))
    assert drawn["Pareto front"]["x"] == [12.0, 900.0]
    assert drawn["Pareto front"]["y"] == [0.81, 0.86]
    assert "lines" in drawn["Pareto front"]["mode"]
    assert drawn["dominated"]["x"] == [40.0]
    assert drawn["dominated"]["marker"]["opacity"] < 0.5


def test_hover_shows_the_pipeline(small_search):
    last = small_search.generations[-1]
    texts = traces(pareto_figure(last.front, last.valid, "accuracy"))["Pareto front"]["text"]
    assert "StandardScaler → LogisticRegression" in texts[0]
    assert "0.8100" in texts[0]


def test_axes_say_what_they_show_and_which_way_is_better(small_search):
    layout = sent(pareto_figure(small_search.finished.front, small_search.finished.front, "roc_auc"))["layout"]
    assert "complexity" in layout["xaxis"]["title"]["text"]
    assert "roc_auc" in layout["yaxis"]["title"]["text"]


def test_the_first_cost_has_the_axis_and_the_others_show_on_hover(evaluation):
    """A front in three dimensions is no line, so it is not drawn as one."""
    front = [evaluation(n, measures=Measures(10.0 + n, inference_ms=2.5 - n, size_kb=1234.0)) for n in range(2)]
    figure = pareto_figure(front, front, "accuracy", Objectives(("inference_ms", "size_kb")))
    drawn = traces(figure)["Pareto front"]
    assert drawn["x"] == [1.5, 2.5]
    assert drawn["mode"] == "markers"
    assert "complexity 10, 2.5 ms per 1,000 rows, 1.23e+03 kB" in drawn["text"][1]
    assert sent(figure)["layout"]["xaxis"]["title"]["text"] == "ms per 1,000 rows (smaller is faster)"


def test_a_search_for_the_score_alone_still_shows_the_complexity(evaluation):
    one = evaluation(0, complexity=7.0)
    assert traces(pareto_figure([one], [one], "accuracy", Objectives(())))["Pareto front"]["x"] == [7.0]


def test_hover_says_what_was_reused(evaluation):
    front = [evaluation(0, complexity=1.0, reused=True), evaluation(1, complexity=2.0)]
    reused, paid = traces(pareto_figure(front, front, "accuracy"))["Pareto front"]["text"]
    assert "reused" in reused
    assert "reused" not in paid


def test_a_crowd_is_thinned_but_never_the_front(crowd):
    front = sorted(crowd, key=lambda evaluation: -evaluation.score)[:30]
    drawn = traces(pareto_figure(front, crowd, "accuracy"))
    assert len(drawn["Pareto front"]["x"]) == 30
    assert len(drawn["Pareto front"]["x"]) + len(drawn["dominated"]["x"]) == POINTS


def test_thinning_keeps_best_and_worst(crowd):
    scores = [evaluation.score for evaluation in crowd]
    kept = [evaluation.score for evaluation in thinned(crowd, 100)]
    assert len(set(kept)) == 100
    assert (min(kept), max(kept)) == (min(scores), max(scores))


def test_complexities_that_span_decades_get_a_logarithmic_axis(evaluation):
    near, far = evaluation(0, complexity=10.0), evaluation(1, complexity=10_000.0)
    assert sent(pareto_figure([near], [near, far], "accuracy"))["layout"]["xaxis"]["type"] == "log"
    assert "type" not in sent(pareto_figure([near], [near], "accuracy"))["layout"]["xaxis"]


def test_nothing_valid_is_an_empty_figure():
    assert traces(pareto_figure([], [], "accuracy"))["Pareto front"]["x"] == []


@pytest.mark.parametrize("figure", ["pareto", "failures", "ledger"])
def test_figures_are_readable_on_light_and_dark_pages(small_search, figure):
    last = small_search.generations[-1]
    made = {
        "pareto": pareto_figure(last.front, last.valid, "r2"),
        "failures": failures_figure(last.failures),
        "ledger": ledger_figure({"search": 5.0}, 10.0),
    }
    layout = sent(made[figure])["layout"]
    assert layout["paper_bgcolor"].endswith(", 0)")
    assert layout["plot_bgcolor"].endswith(", 0)")
    for page in ("#ffffff", "#1a1e2c"):
        assert contrast(layout["font"]["color"], page) > 4


def test_values_are_lists_that_old_plotly_reads(crowd):
    assert "bdata" not in json.dumps(sent(pareto_figure(crowd[:3], crowd, "accuracy")))


def test_failures_are_ranked_with_count_and_seconds():
    drawn = traces(failures_figure({"rare": (1, 60.0), "often <b>": (9, 0.5)}))
    assert drawn["count"]["x"] == [1, 9]
    assert drawn["seconds"]["x"] == [60.0, 0.5]
    assert drawn["count"]["y"] == [0, 1]
    assert drawn["count"]["customdata"] == ["rare", "often &lt;b&gt;"]


def test_many_causes_share_a_last_bar():
    figure = failures_figure({f"cause {number}": (number + 1, 1.0) for number in range(CAUSES + 8)})
    labels = sent(figure)["layout"]["yaxis"]["ticktext"]
    assert len(labels) == CAUSES + 1
    assert labels[0] == "8 other causes"
    assert traces(figure)["count"]["x"][0] == sum(range(1, 9))


def test_no_failures_are_said_in_words():
    assert "no evaluation has failed" in json.dumps(sent(failures_figure({})))


def test_the_leaderboard_is_text_under_headings(small_search):
    finished = small_search.finished
    headings, *rows = leaderboard_cells(leaderboard_rows(finished.leaderboard, finished.front), "accuracy")
    assert headings[:2] == ["rank", "accuracy"]
    assert rows[0][:4] == ["1", "0.8600", "0.0100", "900"]
    assert {len(row) for row in rows} == {len(headings)}


def test_each_cost_that_counts_has_a_column(evaluation):
    rows = leaderboard_rows([evaluation(measures=Measures(12.0, inference_ms=0.1234, size_kb=56.0))], [])
    cells = leaderboard_cells(rows, "accuracy", Objectives(("complexity", "inference_ms", "size_kb")))
    assert cells[0][3:6] == ["complexity", "ms per 1,000 rows", "kB"]
    assert cells[1][3:6] == ["12", "0.123", "56"]
    widths = column_widths(cells)
    assert len(widths) == len(cells[0])
    assert max(widths) == widths[-1]


def test_phases_follow_one_another_on_the_runs_clock():
    figure = ledger_figure({"load": 1.0, "search": 15.0, "publish": 2.0}, 20.0)
    drawn = traces(figure)["within the budget"]
    assert drawn["y"] == ["load", "search", "publish"]
    assert drawn["base"] == [0.0, 1.0, 16.0]
    assert drawn["x"] == [1.0, 15.0, 2.0]
    assert traces(figure)["beyond it"]["x"] == [0.0, 0.0, 0.0]
    texts = [annotation["text"] for annotation in sent(figure)["layout"]["annotations"]]
    assert texts == ["18.0 s of 20 s", "1.0 s  6%", "15.0 s  83%", "2.0 s  11%"]


def test_what_lies_beyond_the_budget_stands_out():
    figure = ledger_figure({"search": 18.0, "fit": 4.0, "publish": 1.0}, 20.0)
    assert traces(figure)["within the budget"]["x"] == [18.0, 2.0, 0.0]
    assert traces(figure)["beyond it"]["base"] == [20.0, 20.0, 22.0]
    assert traces(figure)["beyond it"]["x"] == [0.0, 2.0, 1.0]
    assert "3.0 s too long" in sent(figure)["layout"]["annotations"][0]["text"]
    assert sent(figure)["layout"]["shapes"][0]["x0"] == 20.0


def test_a_run_that_has_spent_nothing_is_an_empty_ledger():
    assert traces(ledger_figure({}, 20.0))["within the budget"]["x"] == []


def contrast(one, other):
    """Contrast of two colours by WCAG 2.1, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
