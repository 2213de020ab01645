"""The whole card: what stands in it, what gets out of it, and what it does where time is short."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from models.card.card import PLOTS, make_card

SECTIONS = (
    "Scores", "Data", "Search", "Which columns matter", "Performance by slice", "Limits", "Versions",
    "How to load and call it",
)  # fmt: skip
TASKS = ("binary", "many_classes", "numbers")


@pytest.fixture(scope="module")
def cards(binary, many_classes, numbers):
    return {
        name: make_card(made.facts, made.fitted, made.holdout)
        for name, made in zip(TASKS, (binary, many_classes, numbers), strict=True)
    }


class Elements(HTMLParser):
    """Names, attributes and texts of a page."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def headings(card):
    return re.findall(r"^## (.*)$", card.markdown, re.MULTILINE)


@pytest.mark.parametrize("task", TASKS)
def test_every_section_is_in_both_forms(cards, task):
    card = cards[task]
    assert headings(card)[0] == "Scores"
    assert set(SECTIONS) <= set(headings(card))
    assert re.findall(r"<h2>(.*)</h2>", card.html) == headings(card)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("binary", ["Confusion matrix", "ROC", "Precision and recall", "Calibration", "Permutation importance"]),
        ("many_classes", ["Confusion matrix", "ROC", "Precision and recall", "Calibration", "Permutation importance"]),
        ("numbers", ["Prediction errors", "Residuals", "Permutation importance"]),
    ],
)
def test_figures_are_in_the_page_and_ready_for_plotly(cards, task, expected):
    import plotly.graph_objects as go

    card = cards[task]
    assert [series for _, series, _ in card.figures if series != "SHAP"] == expected
    assert {title for title, _, _ in card.figures} == {PLOTS}
    assert card.html.count("<svg ") == len(card.figures)
    for _, _, figure in card.figures:
        json.dumps(figure, allow_nan=False)
        go.Figure(figure)  # it refuses what plotly does not know


def test_the_scores_stand_beside_each_other_with_intervals_and_the_optimism(cards, binary):
    text = cards["binary"].markdown
    cv, holdout = binary.facts.cv, binary.facts.holdout
    assert f"| cross-validation | **{cv.value:.4f}** | {cv.low:.4f} to {cv.high:.4f} | mean over 5 folds" in text
    assert f"| hold-out | **{holdout.value:.4f}** | {holdout.low:.4f} to {holdout.high:.4f} | on 120 rows" in text
    assert "| optimism | 0.0125 | – | estimated share of luck in being the best of 77 pipelines |" in text
    assert f"| cross-validation less optimism | {cv.value - 0.0125:.4f} |" in text
    assert "The hold-out score lies within the interval of the cross-validation." in text


def test_nothing_that_a_table_holds_becomes_markup(cards):
    for card in cards.values():
        page = Elements(card.html)
        assert not {"script", "img", "iframe", "object", "link", "form", "b"} & set(page.names)
        assert "alert('1')" in page.text
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "\u202e" not in card.html + card.markdown


def test_markdown_keeps_its_tables_and_headings_whatever_columns_are_called(cards):
    text = cards["binary"].markdown
    assert "\n# no" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block


def test_the_page_loads_nothing_and_says_so_to_the_browser(cards):
    page = Elements(cards["binary"].html)
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not [value for name, value in page.attributes if name in ("src", "srcset", "data", "action", "style")]
    assert "prefers-color-scheme: dark" in cards["binary"].html
    assert page.names.count("style") == 1


def test_the_example_is_a_held_out_row_that_the_model_answers(cards, binary):
    (body,) = re.findall(r"curl .* -d '(\[.*\])'$", cards["binary"].markdown, re.MULTILINE)
    import pandas as pd

    (row,) = json.loads(body)
    assert set(row) == set(binary.holdout.X.columns) - {"not used"}
    matches = (binary.holdout.X["matters"] - row["matters"]).abs() < 1e-12
    assert matches.sum() == 1
    answer = binary.fitted.predict(pd.DataFrame([row]))
    assert answer[0] == binary.fitted.predict(binary.holdout.X[matches])[0]


def test_it_says_how_to_load_the_model_and_which_file_it_is(cards, binary):
    text = cards["binary"].markdown
    assert f'model = find("{binary.facts.model_id}")' in text
    assert f'assert model.sha256 == "{binary.facts.sha256}"' in text
    assert "clearml-automl serve Project/table" in text
    assert "best_pipeline.py" in text


@pytest.mark.skipif(importlib.util.find_spec("shap") is not None, reason="shap is installed")
def test_without_shap_it_says_nothing_of_it(cards):
    for card in cards.values():
        assert "shap" not in card.markdown.lower()
        assert "shapley" not in card.html.lower()
    assert "shap" not in sys.modules


def test_where_there_is_no_time_it_says_what_was_left_out(binary):
    seconds = itertools.count()  # a machine that is hopelessly slow
    card = make_card(binary.facts, binary.fitted, binary.holdout, deadline=1.0, clock=lambda: float(next(seconds)))
    assert "There was no time to find out." in card.markdown
    assert set(SECTIONS) <= set(headings(card))
    assert "| `matters` |" in card.markdown
    assert "There was no time for `" in card.markdown
    assert "ROC" in [series for _, series, _ in card.figures]


def test_the_same_seed_gives_the_same_card(binary, cards):
    assert make_card(binary.facts, binary.fitted, binary.holdout) == cards["binary"]


def test_without_held_out_rows_there_is_a_card_of_what_is_known(binary):
    facts = replace(binary.facts, holdout=None, optimism=None, development_rows=binary.facts.rows)
    card = make_card(facts, binary.fitted, None)
    assert "No rows were held out" in card.markdown
    assert "| hold-out |" not in card.markdown
    assert card.figures == ()
    assert "curl" not in card.markdown


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", ""])
def test_only_an_address_of_the_web_becomes_a_link(binary, url):
    card = make_card(replace(binary.facts, task_url=url), binary.fitted, None)
    assert "Its experiment" not in card.markdown
    assert "href" not in [name for name, _ in Elements(card.html).attributes]


def test_a_baseline_and_findings_are_told(binary):
    facts = replace(binary.facts, fallback="no pipeline came through", findings=("`id` looks like <an id>",))
    text = make_card(facts, binary.fitted, binary.holdout, deadline=time.monotonic()).markdown
    assert "It is the light baseline, not the best of a search: no pipeline came through." in text
    assert r"- \`id\` looks like \<an id\>" in text


def test_a_hold_out_score_below_the_interval_is_pointed_out(binary):
    value = binary.facts.holdout.value
    facts = replace(binary.facts, cv=replace(binary.facts.cv, value=value + 0.2, low=value + 0.1, high=value + 0.3))
    text = make_card(facts, binary.fitted, binary.holdout, deadline=time.monotonic()).markdown
    assert "below the interval of the cross-validation" in text


def test_of_many_classes_the_most_frequent_are_shown(cards, many_classes):
    figures = {series: figure for _, series, figure in cards["many_classes"].figures}
    assert len(figures["ROC"]["data"]) == 8 + 1  # and guessing
    shown = figures["Confusion matrix"]["data"][0]["text"]
    assert sum(int(count) for row in shown for count in row) == len(many_classes.holdout)


def test_weights_groups_and_order_of_the_held_out_rows_are_told(binary):
    n_rows = len(binary.holdout)
    weighted = replace(binary.holdout, weight=np.linspace(1, 2, n_rows), groups=np.arange(n_rows) // 3, by_time=True)
    text = make_card(binary.facts, binary.fitted, weighted, deadline=time.monotonic() + 0.5).markdown
    assert "Rows count by their weight" in text
    assert "Groups were held out as wholes" in text
    assert "have no bootstrap interval" in text
