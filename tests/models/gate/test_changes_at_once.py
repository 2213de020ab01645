"""The champion changes in one piece: under two promotions at once, and when one is killed in the middle."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.catalog import champion_of, models_named
from models.gate.limits import Limits
from models.gate.lock import PATIENCE, LockTaken, PromotionLock
from models.gate.promotion import promote, rollback
from tests.models.shelf import Shelf, found

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]


@pytest.fixture(scope="module")
def shelf(clearml_server) -> Shelf:
    return Shelf(clearml_server.files)


@pytest.fixture
def name(shelf):
    """A name with a champion that is easily beaten."""
    made = shelf.new_name()
    promote(shelf.put(made, ["noise"]), Limits())
    return made


class Promoting:
    """A process that promotes, and whose steps can be followed."""

    def __init__(self, model, step="", action=""):
        command = [sys.executable, "-m", "tests.models.gate.promoting_process", model.id, step, action]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.steps = []

    def until(self, step):
        """Reads what it tells, up to a step."""
        for line in self.process.stdout:
            self.steps.append(line.strip())
            if line.strip() == step:
                return
        raise AssertionError(f"it ended after {self.steps}")

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ended(self):
        """All that it told; the last is the outcome."""
        self.steps += [line.strip() for line in self.process.stdout]
        self.process.wait()
        return self.steps


@pytest.fixture
def promoting():
    started = []

    def start(*arguments):
        started.append(Promoting(*arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def tagged(name):
    return [model.id for model in models_named(name) if model.has_champion_tag]


def test_of_two_promotions_at_once_the_second_judges_against_what_the_first_made(shelf, name, promoting):
    better, best = shelf.put(name, ["vague"]), shelf.put(name, ["clear"])
    seen = set()
    is_over = threading.Event()

    def read():
        while not is_over.wait(0.02):
            champion = champion_of(name)
            seen.add(champion.id if champion else None)

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read)
        try:
            first, second = promoting(best, "numbered", "wait"), promoting(better, "judged", "wait")
            first.until("numbered")  # it holds the lock, and is half done
            second.until("judged")  # against the champion that is about to go
            second.go_on()
            first.go_on()
            assert first.ended()[-1] == "promoted"
            assert second.ended() == ["judged", "locked", "refused"]  # by another judgement
        finally:
            is_over.set()
        reading.result()
    assert tagged(name) == [best.id]
    assert seen <= {model.id for model in models_named(name)} - {better.id}  # and never none


@pytest.mark.parametrize(("step", "is_new"), [("locked", False), ("numbered", False), ("crowned", True)])
def test_a_promotion_that_is_killed_leaves_one_champion_and_the_next_cleans_up(shelf, name, promoting, step, is_new):
    before = champion_of(name)
    better, best = shelf.put(name, ["vague"]), shelf.put(name, ["clear"])
    killed = promoting(better, step, "die")
    assert killed.ended()[-1] == step
    champion = champion_of(name)
    assert champion.id == (better.id if is_new else before.id)

    verdict = promote(best, Limits(), patience=0.3)  # it waits no longer for one that is dead
    assert verdict.is_promoted
    assert tagged(name) == [best.id]
    assert verdict.promotion > found(better.id).promotion
    assert rollback(name, "a test").champion == champion.id


@pytest.mark.parametrize(("is_abandoned", "patience"), [(False, PATIENCE), (True, 5.0)])
def test_the_lock_lets_one_in_at_a_time(clearml_server, is_abandoned, patience):
    from models.catalog import registry_client

    inside, most, entered = 0, 0, 0
    if is_abandoned:  # by a process that died; all see that at the same time
        registry_client().queues.create(name="promotion of a name/of several threads")

    def enter():
        nonlocal inside, most, entered
        with PromotionLock("a name/of several threads", patience=patience) as lock:
            inside += 1
            most, entered = max(most, inside), entered + 1
            assert lock.is_held
            inside -= 1

    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(enter) for _ in range(12)]:
            each.result()
    assert (most, entered) == (1, 12)


def test_who_waits_for_the_lock_gives_up_at_the_deadline(shelf, name):
    model = shelf.put(name, ["clear"])
    with PromotionLock(name):
        with pytest.raises(LockTaken, match="is under way"):
            PromotionLock(name, deadline=time.monotonic()).__enter__()
        verdict = promote(model, Limits(), deadline=time.monotonic() + 1.5)
    assert (verdict.outcome, verdict.promotion) == ("undecided", None)
    assert "is under way" in verdict.reason
    assert found(model.id).metadata["verdict"] == "undecided"
