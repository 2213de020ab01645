"""The observer counts what the model of now was asked, and goes on whatever else fails."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace

import pytest

from config.errors import BadInput
from models.drift.observer import ANOTHER_TRY, ROWS_TOGETHER, SECONDS_TOGETHER, DriftObserver
from models.serving.observer import Batch, Observer
from tests.models.drift.rows import CLASSES, cells, frame, probabilities, profile

FIRST, SECOND = (SimpleNamespace(id=each * 32, name="AutoML/people") for each in "ab")


class Clock:
    """Seconds that a test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def training():
    return profile(400)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def observer(training, clock):
    observer = DriftObserver(interval=None, clock=clock, profile=lambda model: training)
    observer.on_model(FIRST)
    return observer


def batch(rows, model=FIRST, seed=1, **changed):
    X, p = frame(rows, seed).assign(**changed), probabilities(rows, seed)
    labels = [CLASSES[code] for code in p.argmax(axis=1)]
    return Batch(model.id, {name: cells(X[name]) for name in X}, labels, p.tolist())


def test_it_is_an_observer_of_the_service(observer):
    checked: Observer = observer
    assert {name for name in vars(Observer) if not name.startswith("_")} <= set(dir(checked))


def test_it_counts_what_was_asked(observer):
    for seed in range(5):
        observer.observe(batch(40, seed=seed))
    told = observer.report()
    assert told["watching"]
    assert told["model"] == {"id": FIRST.id, "name": FIRST.name}
    assert told["rows"] == 200
    assert told["drift"] is False
    assert told["since_start"]["rows"] == 200


def test_above_the_limit_it_says_so_once_in_the_log_with_the_columns(observer, clock, caplog):
    with caplog.at_level(logging.WARNING, "models.drift"):
        for seed in range(3):
            observer.observe(batch(200, seed=seed, age=90.0))
            clock.now += 10.0
            assert observer.report()["moved"] == ["age"]
    assert [record.getMessage() for record in caplog.records] == [
        "AutoML/people: drift in 200 rows: 1 of 7 columns has moved: age"
    ]
    assert "has moved: age" in observer.page()


def test_rows_wait_a_moment_to_be_counted_together(observer, clock):
    windows = observer._windows
    observer.observe(batch(40))
    assert windows.total.rows == 0
    clock.now += SECONDS_TOGETHER
    observer.observe(batch(40))
    assert windows.total.rows == 80
    observer.observe(batch(ROWS_TOGETHER))
    assert windows.total.rows == 80 + ROWS_TOGETHER
    observer.observe(batch(40))
    assert observer.report()["rows"] == 120 + ROWS_TOGETHER  # who looks does not wait
    assert not observer._waiting


def test_with_another_champion_counts_start_anew(observer):
    observer.observe(batch(200, age=90.0))
    assert observer.report()["drift"]
    observer.on_model(SECOND)
    observer.observe(batch(70, FIRST))  # one that was still under way
    observer.observe(batch(80, SECOND))
    told = observer.report()
    assert told["model"]["id"] == SECOND.id
    assert told["rows"] == told["since_start"]["rows"] == 80
    assert not told["drift"]


def test_the_same_champion_again_changes_nothing(observer):
    observer.observe(batch(60))
    observer.on_model(FIRST)
    assert observer.report()["rows"] == 60


def test_it_can_be_looked_at_while_it_counts(observer):
    ended = threading.Event()
    seen = []

    def look():
        while not ended.is_set():
            seen.append(observer.watch().total.rows)

    looking = threading.Thread(target=look)
    looking.start()
    for seed in range(20):
        observer.observe(batch(30, seed=seed))
    ended.set()
    looking.join()
    assert seen == sorted(seen)
    assert observer.report()["rows"] == 600


def test_what_is_older_than_a_day_is_forgotten(observer, clock):
    observer.observe(batch(200, age=90.0))
    assert observer.report()["drift"]
    clock.now += 25 * 3600.0
    observer.observe(batch(200))
    told = observer.report()
    assert (told["rows"], told["since_start"]["rows"]) == (200, 400)
    assert not told["drift"]
    assert told["since_start"]["drift"]


def test_a_model_without_a_profile_is_served_unwatched_and_asked_for_again(training, clock, caplog):
    found = []

    def look(model):
        if not found:
            raise BadInput("there is no artifact 'training_profile'; run again")
        return training

    observer = DriftObserver(interval=None, clock=clock, profile=look)
    assert observer.report() == {"watching": False, "reason": "No model answers yet."}
    observer.on_model(FIRST)
    observer.observe(batch(60))
    assert observer.report()["reason"].endswith("is not watched: there is no artifact 'training_profile'; run again")
    assert "run again" in observer.page()
    assert list(observer.metrics()) == []
    found.append(True)
    clock.now += ANOTHER_TRY + 1.0
    observer.observe(batch(60))
    assert observer.report()["rows"] == 60


def test_a_server_that_is_away_does_not_disturb_it(training, monkeypatch, clock):
    import clearml.backend_api

    class Away:
        def __init__(self, **options):
            raise ConnectionError("nobody listens")

    monkeypatch.setattr(clearml.backend_api, "Session", Away)
    observer = DriftObserver(interval=0.01, clock=clock, profile=lambda model: training)
    observer.on_model(FIRST)
    observer.observe(batch(200, age=90.0))
    assert observer.report()["moved"] == ["age"]
    observer.close()
    assert observer.monitoring_task_id == ""
