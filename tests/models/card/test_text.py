"""Names and sentences from elsewhere stay text, in any place of a Markdown file."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from models.card.text import code, interval, name, number, one_line, prose, shown, table

MARKDOWN = MarkdownIt("commonmark").enable("table")  # with HTML, as a reader elsewhere may have it
AWKWARD = st.text(st.sampled_from("ab1 `|\\*_<>[]()!#&-+=~.:\n\t\"'{}") | st.characters(), max_size=30)


def text_of(html):
    return unescape(re.sub(r"<[^>]*>", "", html))


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


@given(AWKWARD)
@settings(max_examples=200, deadline=None)
def test_a_name_is_code_and_nothing_else(text):
    html = MARKDOWN.render(f"x {name(text)} y")
    assert re.fullmatch(r"<p>x (<code>[^<]*</code>|\(empty\)) y</p>\n", html), html
    if shown(text):
        assert squeezed(text_of(html)) == squeezed(f"x {shown(text)} y")


@given(AWKWARD)
@settings(max_examples=200, deadline=None)
def test_a_name_fills_one_cell(text):
    html = MARKDOWN.render(table(("a", "b"), [(name(text), "end")]))
    assert html.count("<td>") == 2
    assert "<td>end</td>" in html


@given(AWKWARD)
@settings(max_examples=200, deadline=None)
def test_prose_is_a_paragraph_without_markup(text):
    html = MARKDOWN.render(prose(text))
    assert re.fullmatch(r"(<p>[^<]*</p>\n)?", html), html
    assert squeezed(text_of(html)) == squeezed(one_line(text).strip())


@given(AWKWARD)
@settings(max_examples=100, deadline=None)
def test_nothing_ends_a_block_of_code(text):
    html = MARKDOWN.render(code(text, "sh") + "\n\nafter")
    assert html.endswith("</code></pre>\n<p>after</p>\n")


def test_ordinary_names_and_sentences_stay_readable():
    assert name("checking_account") == "`checking_account`"
    assert prose("column my_id has 1,000 values (3.5 %)") == "column my_id has 1,000 values (3.5 %)"
    assert prose("3.11.7") == "3.11.7"
    assert prose("1. first") == r"1\. first"


def test_long_names_are_shortened():
    assert name("x" * 500) == f"`{'x' * 59}…`"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5000"), (0.0, "0"), (1.0, "1"), (12345.6, "12,346"), (1.23456, "1.235"), (1e-9, "1.000e-09"),
     (None, "–"), (float("nan"), "–"), (-0.25, "-0.2500")],
)  # fmt: skip
def test_numbers_have_four_digits(value, text):
    assert number(value) == text


def test_an_interval_is_two_numbers_or_none():
    assert interval(0.1, 0.2) == "0.1000 to 0.2000"
    assert interval(None, 0.2) == "–"
