"""Which state of a task may follow which, and what a change of state leaves on it."""

from __future__ import annotations

import pytest

from embedded_server.entities import task_states
from embedded_server.entities.task_states import TRANSITIONS
from embedded_server.errors import ApiError


def task(status, **fields):
    return {"id": "t", "status": status, **fields}


@pytest.mark.parametrize(
    ("target", "origins"),
    [
        ("queued", {"created", "stopped", "failed"}),
        ("in_progress", {"created", "queued", "in_progress", "stopped", "completed"}),
        ("stopped", {"queued", "in_progress", "stopped", "closed", "failed"}),
        ("completed", {"in_progress", "stopped", "completed"}),
        ("failed", {"in_progress", "stopped", "closed", "failed"}),
        ("closed", {"stopped"}),
        ("published", {"stopped", "closed", "failed", "completed", "publishing"}),
        ("created", {"created", "queued", "in_progress", "stopped", "closed", "failed", "completed"}),
    ],
)
def test_a_state_is_reached_from_these_states_only(target, origins):
    assert {state for state in TRANSITIONS if task_states.is_legal(state, target)} == origins


def test_every_state_that_follows_is_a_state():
    assert set().union(*TRANSITIONS.values()) <= set(TRANSITIONS)


def test_an_illegal_change_is_refused_and_changes_nothing():
    running = task("published")
    with pytest.raises(ApiError) as refusal:
        task_states.change(running, "in_progress", "user")
    assert (refusal.value.code, refusal.value.subcode) == (400, 110)
    assert running == task("published")


def test_force_makes_any_change_legal():
    forced = task("published")
    task_states.change(forced, "in_progress", "user", force=True)
    assert forced["status"] == "in_progress"


def test_a_change_answers_the_fields_that_it_set():
    started = task("created")
    fields = task_states.change(started, "in_progress", "me", "why", "how")
    assert fields["status"] == "in_progress"
    assert (fields["status_reason"], fields["status_message"], fields["last_changed_by"]) == ("why", "how", "me")
    assert fields["started"] == fields["status_changed"]
    assert {name: started[name] for name in fields} == fields


def test_starting_again_while_running_keeps_the_time_of_the_start():
    running = task("created")
    task_states.change(running, "in_progress", "me")
    first = running["started"]
    task_states.change(running, "in_progress", "me")
    assert running["started"] == first


def test_starting_after_the_end_forgets_the_end():
    done = task("in_progress", started="2026-01-01T00:00:00.000000+00:00")
    task_states.change(done, "completed", "me")
    assert done["completed"] >= done["started"]
    assert done["active_duration"] > 0
    task_states.change(done, "in_progress", "me")
    assert "completed" not in done
    assert "active_duration" not in done
