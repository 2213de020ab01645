"""Turns on a worker: runs share it by seconds and not by evaluations, and nobody waits for who does not come."""

from __future__ import annotations

import threading

import pytest

from experiments.search.turns import EXPECTED, LATELY, Turns
from tests.search.conftest import wait_until


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Want(threading.Thread):
    """Somebody who wants a turn."""

    def __init__(self, turns: Turns, run: str) -> None:
        super().__init__(daemon=True)
        self.turns = turns
        self.owner = run
        self.is_wanted = True
        self.has_turn: bool | None = None
        self.start()
        wait_until(lambda: self.has_turn is not None or turns._waiting.get(run))

    def run(self) -> None:
        self.has_turn = self.turns.take(self.owner, lambda: self.is_wanted)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock) -> Turns:
    return Turns(clock)


def spend(turns: Turns, clock: Clock, want: Want, seconds: float) -> None:
    """A turn that takes so long."""
    wait_until(lambda: want.has_turn)
    clock.now += seconds
    turns.give_back()


def test_the_next_turn_goes_to_who_had_least(turns, clock):
    assert turns.take("slow")
    slow, quick = Want(turns, "slow"), Want(turns, "quick")
    clock.now += 5.0
    turns.give_back()
    for seconds in (1.0, 1.0, 1.0, 1.0, 1.5):  # until both have had as much
        assert slow.has_turn is None
        spend(turns, clock, quick, seconds)
        quick = Want(turns, "quick")
    spend(turns, clock, slow, 1.0)
    spend(turns, clock, quick, 1.0)


def test_of_one_run_who_came_first_is_first(turns, clock):
    assert turns.take("run")
    first, second = Want(turns, "run"), Want(turns, "run")
    turns.give_back()
    wait_until(lambda: first.has_turn)
    assert second.has_turn is None
    turns.give_back()
    wait_until(lambda: second.has_turn)


def test_a_run_that_comes_later_does_not_make_up_for_it(turns, clock):
    spend(turns, clock, Want(turns, "old"), 100.0)
    assert turns.take("old")
    new, old = Want(turns, "new"), Want(turns, "old")
    turns.give_back()
    spend(turns, clock, new, 1.0)  # level with the old one, and of equals one is first
    new = Want(turns, "new")
    spend(turns, clock, old, 2.0)
    spend(turns, clock, new, 1.0)


def test_a_run_that_is_behind_is_waited_for_a_moment(turns, clock):
    assert turns.take("slow")
    quick, slow = Want(turns, "quick"), Want(turns, "slow")
    clock.now += 5.0
    turns.give_back()
    spend(turns, clock, quick, 0.1)
    quick = Want(turns, "quick")  # its driver took a moment to think of it
    wait_until(lambda: quick.has_turn)
    assert slow.has_turn is None
    turns.give_back()
    clock.now += EXPECTED  # now it does not come
    wait_until(lambda: slow.has_turn)


def test_who_is_not_wanted_any_more_leaves(turns):
    assert turns.take("run")
    want = Want(turns, "run")
    want.is_wanted = False
    turns.reconsider()
    wait_until(lambda: want.has_turn is False)
    turns.give_back()
    assert turns.take("run")


def test_tells_what_each_run_had_lately(turns, clock):
    spend(turns, clock, Want(turns, "old"), 100.0)
    turns.forget("old")
    spend(turns, clock, Want(turns, "new"), 10.0)
    assert turns.take("new")
    clock.now += 5.0
    assert turns.seconds() == {"old": LATELY - 15.0, "new": 15.0}
