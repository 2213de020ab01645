"""The page and the metrics say what the report says, need nothing from elsewhere, and let nothing in."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from models.drift.metrics import COLUMNS, metric_families
from models.drift.page import page
from models.drift.profile import Profile, training_profile
from models.drift.report import drift_report
from models.drift.watch import Watch
from tests.models.drift.rows import CLASSES, KINDS, counts, frame, probabilities, profile, report

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def watch():
    training = profile(400)
    X = frame(300, 5)
    found = report(training, X.assign(age=X["age"] + 6.0, colour=EVIL))
    return Watch("m1", "AutoML/people", datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc), found, found)


class Tags(HTMLParser):
    """Elements of a page with their attributes."""

    def __init__(self, content):
        super().__init__()
        self.found = []
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def exposed(watch):
    registry = CollectorRegistry()
    registry.register(type("Collector", (), {"collect": lambda self: metric_families(watch)})())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_the_page_says_which_columns_moved_the_worst_first(watch):
    content = page(watch)
    assert "drift in 300 rows: 2 of 7 columns have moved: colour, age" in content
    rows = re.findall(r'<th scope="row">(.*?)</th>', content)
    assert rows[:2] == ["colour", "age"]
    assert rows[-2:] == ["prediction", "confidence"]
    assert "new categories in 100.0% of the rows" in content
    assert "higher than in training" in content


def test_its_bars_show_training_and_now(watch):
    tags = Tags(page(watch)).found
    bars = [attributes for tag, attributes in tags if tag == "rect" and "x" in attributes]
    drawings = [attributes for tag, attributes in tags if tag == "svg" and attributes.get("role") == "img"]
    assert len(drawings) == 9
    assert {bar["class"] for bar in bars} == {"then", "now"}
    assert all(0 <= float(bar["x"]) <= 240 and 0 <= float(bar["height"]) <= 44 for bar in bars)


def test_it_has_no_script_and_nothing_from_elsewhere(watch):
    content = page(watch)
    tags = Tags(content).found
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    assert all("style" not in attributes for _, attributes in tags)
    assert [attributes["href"] for tag, attributes in tags if tag == "a"] == ["drift.json"]
    assert EVIL not in content
    assert "&lt;script&gt;" in content


def test_its_policy_lets_only_its_own_style_sheet_in(watch):
    content = page(watch)
    (policy,) = (a["content"] for t, a in Tags(content).found if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL).group(1)
    assert f"style-src 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")


def test_without_a_model_it_says_why(watch):
    content = page(None, "No model answers <yet>.")
    assert "No model answers &lt;yet&gt;." in content


def test_the_metrics_say_it_by_column(watch):
    found = exposed(watch)
    assert found["automl_drift_psi", "age"] == watch.recent.columns[1].worst.psi
    assert found["automl_drift_moved", "age"] == 1.0
    assert found["automl_drift_moved", "visits"] == 0.0
    assert found["automl_drift_moved_columns",] == 2.0
    assert found["automl_drift_rows_total",] == 300.0
    assert found["automl_drift_new_categories_total", "colour"] == 300.0
    assert found["automl_drift_missing_share", "age"] == 0.0
    assert found["automl_drift_prediction_psi", "prediction"] < 0.1
    assert found["automl_drift_prediction_share", "no"] + found["automl_drift_prediction_share", "yes"] == 1.0
    assert found["automl_drift_limit",] == 0.1


def test_their_number_is_bounded():
    names = [f"age {number}" for number in range(COLUMNS + 50)]
    wide = pd.DataFrame(dict.fromkeys(names, frame(100)["age"]))
    kinds = {name: KINDS.get(name, "numeric") for name in wide}
    training = Profile.from_json(training_profile(wide, kinds, probabilities(50), "classification", CLASSES))
    found = drift_report(counts(training, wide, probabilities(100)))
    watch = Watch("m", "n", datetime.now(timezone.utc), found, found)
    labels = {key[1] for key in exposed(watch) if key[0] == "automl_drift_psi"}
    assert len(labels) == COLUMNS
    assert "And 50 more, which moved less" in page(watch)
