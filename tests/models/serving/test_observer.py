"""Who looks on sees what was answered, as far as there is time, and disturbs nobody."""

from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from models.serving.observer import ROWS_WAITING, Batch, Blind, ObserverThread


class Seen(Blind):
    """Keeps what it is shown."""

    def __init__(self):
        self.batches, self.models, self.is_closed = [], [], False
        self.threads = set()

    def on_model(self, model):
        self.threads.add(threading.current_thread().name)
        self.models.append(model)

    def observe(self, batch):
        self.threads.add(threading.current_thread().name)
        self.batches.append(batch)

    def close(self):
        self.is_closed = True


def packed(model_id, *cells, probabilities=None):
    return pickle.dumps([Batch(model_id, {"age": list(cells)}, ["yes"] * len(cells), probabilities)])


def test_batches_of_a_model_are_brought_together_in_one_thread():
    seen = Seen()
    thread = ObserverThread(seen)
    thread.on_model("first")
    thread.observe(2, packed("a", 1.0, None, probabilities=[[0.1, 0.9], [0.2, 0.8]]))
    thread.observe(1, packed("a", 3.0, probabilities=[[0.3, 0.7]]))
    thread.observe(1, packed("b", 4.0))
    thread.close()
    assert seen.models == ["first"]
    assert seen.is_closed
    assert len(seen.threads) == 1
    cells = {}
    for batch in seen.batches:
        cells.setdefault(batch.model_id, []).extend(zip(batch.columns["age"], batch.predictions, strict=True))
    assert cells == {"a": [(1.0, "yes"), (None, "yes"), (3.0, "yes")], "b": [(4.0, "yes")]}


def test_what_it_has_no_time_for_is_dropped_and_counted():
    seen = Seen()
    thread = ObserverThread(seen)
    begun, go_on = threading.Event(), threading.Event()

    def hold(observer):
        begun.set()
        go_on.wait(30)

    waiting = threading.Thread(target=lambda: asyncio.run(thread.ask(hold)))
    waiting.start()
    begun.wait(30)
    thread.observe(ROWS_WAITING, packed("a", *[1.0] * 3))
    thread.observe(5, packed("a", 2.0))
    assert thread.rows_dropped == 5
    go_on.set()
    waiting.join(30)
    asyncio.run(thread.ask(lambda observer: None))  # it has brought what waited
    thread.observe(1, packed("a", 3.0))
    thread.close()
    assert [cell for batch in seen.batches for cell in batch.columns["age"]] == [1.0, 1.0, 1.0, 3.0]


def test_an_observer_that_fails_is_told_of_in_the_log_only(caplog):
    class Failing(Blind):
        def observe(self, batch):
            raise RuntimeError("it cannot look")

    thread = ObserverThread(Failing())
    thread.observe(1, packed("a", 1.0))
    assert asyncio.run(thread.ask(lambda observer: observer.report())) == {"watching": False}
    thread.close()
    assert "it cannot look" in caplog.text


def test_what_it_raises_when_asked_is_raised_where_it_was_asked():
    def fails(observer):
        raise ValueError("no page today")

    thread = ObserverThread(Blind())
    with pytest.raises(ValueError, match="no page today"):
        asyncio.run(thread.ask(fails))
    thread.close()
