"""The gate lets a better model become champion, and says why it refuses another; on a real server."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from config.errors import BadInput
from models.catalog import champion_of, models_named
from models.gate.history import history
from models.gate.judgement import Candidate, Trust, judge
from models.gate.limits import Limits
from models.gate.promotion import archive, promote, rollback
from models.loading import artifact_bytes, evidence, load
from tests.models.shelf import FIRST_HALF, LAST_HALF, Shelf, found, people

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]
NO_LIMITS = Limits()


@pytest.fixture(scope="module")
def shelf(clearml_server) -> Shelf:
    return Shelf(clearml_server.files)


@pytest.fixture(scope="module")
def name(shelf):
    """A name whose champion sees the vague column only."""
    made = shelf.new_name()
    promote(shelf.put(made, ["vague"]), NO_LIMITS)
    return made


def champion_id(name):
    champion = champion_of(name)
    return champion.id if champion else None


def test_the_first_of_a_name_becomes_champion_and_loses_the_tag_challenger(shelf):
    name = shelf.new_name()
    model = shelf.put(name)
    assert champion_of(name) is None
    verdict = promote(model, NO_LIMITS)
    assert (verdict.outcome, verdict.promotion, verdict.champion) == ("promoted", 1, None)
    assert champion_id(name) == model.id
    assert set(found(model.id).tags) == {"tpot", "champion"}
    with pytest.raises(BadInput, match="is the champion of .* already"):
        promote(model, NO_LIMITS)


def test_a_worse_one_is_refused_with_numbers(shelf, name):
    champion = champion_of(name)
    worse = shelf.put(name, ["noise"])
    verdict = promote(worse, NO_LIMITS)
    assert verdict.outcome == "refused"
    assert "not better than the champion beyond chance: accuracy 0." in verdict.reason
    assert verdict.comparison.high < 0
    assert verdict.comparison.rows == 200
    assert champion_id(name) == champion.id
    assert "challenger" in found(worse.id).tags


def test_a_better_one_follows_and_the_former_is_a_challenger_again(shelf, name):
    former = champion_of(name)
    better = shelf.put(name, ["clear"])
    verdict = promote(better, NO_LIMITS)
    assert verdict.outcome == "promoted"
    assert 0 < verdict.comparison.low < verdict.comparison.difference < verdict.comparison.high
    assert champion_id(name) == better.id
    assert set(found(former.id).tags) == {"tpot", "challenger"}
    assert found(better.id).promotion == former.promotion + 1


def test_an_equal_one_is_refused(shelf, name):
    verdict = promote(shelf.put(name, ["clear"]), NO_LIMITS)
    assert (verdict.outcome, verdict.comparison.difference, verdict.comparison.low) == ("refused", 0.0, 0.0)


def test_the_verdict_stands_on_the_model_and_on_its_task_whose_status_stays(shelf, name):
    from clearml import Task

    model = shelf.put(name, ["noise"])
    before = Task.get_task(task_id=model.task_id).data
    verdict = promote(model, NO_LIMITS)

    metadata = found(model.id).metadata
    assert metadata["verdict"] == "refused"
    assert metadata["verdict_reason"] == verdict.reason
    assert float(metadata["verdict_difference_high"]) == verdict.comparison.high
    assert metadata["sha256"] == model.sha256  # what was there stays

    assert json.loads(artifact_bytes(found(model.id), "verdict"))["decision"] == "refuse"
    task = Task.get_task(task_id=model.task_id)
    assert task.artifacts["verdict"].get()["comparison"]["rows"] == 200
    assert set(task.artifacts) == {"holdout", "split", "verdict"}
    assert (task.data.status, task.data.started, task.data.completed) == (
        before.status, before.started, before.completed,
    )  # fmt: skip
    plots = {(plot["metric"], plot["variant"]) for plot in task.get_reported_plots()}
    assert plots == {("Verdict", "numbers and reasons"), ("Verdict", "challenger against champion")}


def test_a_second_verdict_replaces_the_first(shelf, name):
    from clearml import Task

    model = shelf.put(name, ["noise"])
    promote(model, NO_LIMITS)
    promote(model, Limits(minimum_score=0.99))
    task = Task.get_task(task_id=model.task_id)
    assert len(task.data.execution.artifacts) == 3
    assert task.artifacts["verdict"].get()["limits"][0]["name"] == "minimum score"
    assert len(task.get_reported_plots()) == 2


def test_force_promotes_and_keeps_the_reason(shelf, name):
    worse = shelf.put(name, ["noise"])
    verdict = promote(worse, Limits(minimum_score=0.99), force_reason="the clear column goes away")
    assert (verdict.outcome, verdict.decision) == ("forced", "refuse")
    assert champion_id(name) == worse.id
    assert found(worse.id).metadata["promotion_reason"].startswith("forced: the clear column goes away; minimum score")
    told = history(name)[-1]
    assert (told["event"], told["champion"]) == ("forced", worse.id)


def test_rollbacks_go_further_back_each_time(shelf):
    name = shelf.new_name()
    models = [shelf.put(name, [column]) for column in ("noise", "vague", "clear")]
    for model in models:
        promote(model, NO_LIMITS)
    for model, former in ((models[1], models[2]), (models[0], models[1])):
        done = rollback(name, "it was wrong")
        assert (done.champion, done.former) == (model.id, former.id)
        assert champion_id(name) == model.id
        assert "challenger" in found(former.id).tags
        assert found(former.id).metadata["rolled_back_because"] == "it was wrong"
    with pytest.raises(BadInput, match="no former champion to go back to"):
        rollback(name, "again")
    assert [row["event"] for row in history(name)] == [*["promoted"] * 3, *["rolled back"] * 2]
    with pytest.raises(BadInput, match="has no champion"):
        rollback(shelf.new_name(), "why not")


def test_the_history_is_a_task_that_people_can_read(shelf):
    from clearml import Task

    name = shelf.new_name()
    first, second = shelf.put(name, ["noise"]), shelf.put(name, ["clear"])
    promote(first, NO_LIMITS)
    promote(second, NO_LIMITS)
    (task,) = Task.get_tasks(task_name=f"champion of {name}", tags=["champion-history"])
    assert task.task_type == Task.TaskTypes.service
    lines = "".join(task.get_reported_console_output(10))
    assert f"promoted: {second.id} after {first.id}" in lines
    (plot,) = task.get_reported_plots()
    assert (plot["metric"], second.id in plot["plot_str"]) == ("Champions", True)
    assert list(task.get_reported_scalars()["Champions"]["hold-out accuracy"]["x"]) == [1, 2]


def test_an_archived_model_is_no_champion_and_a_champion_cannot_be_archived(shelf):
    name = shelf.new_name()
    first, second, third = (shelf.put(name, [column]) for column in ("noise", "vague", "clear"))
    for model in (first, second):
        promote(model, NO_LIMITS, force_reason="a test")
    with pytest.raises(BadInput, match="is the champion of"):
        archive(second)
    archive(first)
    archive(third)
    assert [model.id for model in models_named(name)] == [second.id]
    with pytest.raises(BadInput, match="is archived"):
        promote(found(third.id), NO_LIMITS)
    with pytest.raises(BadInput, match="no former champion"):
        rollback(name, "the former one is put away")


def test_a_draft_is_no_challenger(shelf):
    with pytest.raises(BadInput, match="is a draft"):
        promote(shelf.put(shelf.new_name(), publish_it=False), NO_LIMITS)


def test_limits_count_also_for_the_first(shelf):
    name = shelf.new_name()
    model = shelf.put(name, ["vague"])
    limits = Limits(minimum_score=0.95, maximum_latency_ms=1e-6, maximum_size_mb=1e-6)
    verdict = promote(model, limits)
    assert verdict.outcome == "refused"
    assert [check.is_kept for check in verdict.limits] == [False] * 3
    for told in ("minimum score: 0.", "is below 0.95", "is above 1e-06 ms", "is above 1e-06 MB"):
        assert told in verdict.reason
    assert champion_of(name) is None
    assert promote(model, Limits(0.5, 1e6, 100.0)).is_promoted


def test_fairness_scores_the_groups_of_a_column_and_leaves_out_small_ones(shelf):
    table = people()
    harder = (table["town"] == "Kiel").to_numpy() & (np.arange(len(table)) % 2 == 0)
    table.loc[harder, "clear"] *= -1
    model = shelf.put(shelf.new_name(), ["clear"], table=table)
    verdict = judge(model, None, Limits(fairness_column="town", fairness_limit=0.1))
    assert verdict.decision == "refuse"
    assert set(verdict.fairness.scores) == {"Bonn", "Kiel"}
    assert "Ulm" in verdict.fairness.left_out
    assert verdict.fairness.difference > 0.2
    assert judge(model, None, Limits(fairness_column="town", fairness_limit=0.9)).decision == "promote"
    unknown = judge(model, None, Limits(fairness_column="colour"))
    assert (unknown.decision, "no such column" in unknown.reason) == ("refuse", True)


def test_rows_that_the_champion_learnt_from_are_left_out(shelf):
    name = shelf.new_name()
    mostly_learnt = np.arange(400) < 100  # held out
    promote(shelf.put(name, ["noise"], held_out=mostly_learnt), NO_LIMITS)
    undecided = promote(shelf.put(name, ["clear"], held_out=LAST_HALF), NO_LIMITS)
    assert undecided.outcome == "undecided"
    assert "0 held-out rows are left that neither model has learnt from, 30 are needed" in undecided.reason
    assert undecided.way_out.endswith("--force --reason 'why'")
    fair = promote(shelf.put(name, ["clear"], held_out=FIRST_HALF), NO_LIMITS)
    assert (fair.outcome, fair.comparison.rows, fair.comparison.left_out) == ("promoted", 100, 100)


def test_a_champion_that_left_no_evidence_can_only_be_followed_by_force(shelf):
    name = shelf.new_name()
    older = shelf.put(name, ["noise"], with_evidence=False)
    assert promote(older, NO_LIMITS).outcome == "undecided"
    assert promote(older, NO_LIMITS, force_reason="it is all there is").outcome == "forced"
    newer = shelf.put(name, ["clear"])
    assert "what the champion has learnt from cannot be told" in promote(newer, NO_LIMITS).reason
    assert promote(newer, NO_LIMITS, force_reason="the old one left no evidence").is_promoted


@pytest.mark.parametrize("metric", ["", "beauty"])
def test_a_model_that_cannot_be_scored_is_not_promoted(shelf, metric):
    verdict = promote(shelf.put(shelf.new_name(), metric=metric), NO_LIMITS)
    assert (verdict.outcome, verdict.reason[:32]) == ("undecided", "the challenger cannot be judged:")


def test_a_champion_of_a_stranger_is_loaded_only_where_that_was_asked_for(shelf, tmp_path):
    name = shelf.new_name()
    stranger = shelf.put(name, ["noise"], signing_home=tmp_path)
    with pytest.raises(BadInput, match="was signed with another key"):
        promote(stranger, NO_LIMITS)
    trusting = Trust(unsigned=True)
    assert promote(stranger, NO_LIMITS, trust=trusting).is_promoted
    own = shelf.put(name, ["clear"])
    refused = promote(own, NO_LIMITS)
    assert (refused.outcome, "was signed with another key" in refused.reason) == ("undecided", True)
    assert promote(own, NO_LIMITS, trust=trusting).is_promoted


def test_models_of_other_classes_or_another_target_are_not_compared(shelf):
    name = shelf.new_name()
    promote(shelf.put(name, ["noise"]), NO_LIMITS)
    table = people()
    renamed = shelf.put(name, ["clear"], table=table.assign(target=table["target"].map({"no": "nein", "yes": "ja"})))
    assert "different classes" in promote(renamed, NO_LIMITS).reason
    numbers = shelf.put(name, ["clear"], table=table.assign(target=table["clear"]), estimator=_linear(), metric="r2")
    assert "another kind of target" in promote(numbers, NO_LIMITS).reason


def test_regressions_are_compared_too(shelf):
    name = shelf.new_name()
    table = people().assign(target=lambda rows: rows["clear"] * 2)
    promote(shelf.put(name, ["vague"], table=table, estimator=_linear(), metric="r2"), NO_LIMITS)
    verdict = promote(shelf.put(name, ["clear"], table=table, estimator=_linear(), metric="r2"), NO_LIMITS)
    assert verdict.outcome == "promoted"
    assert verdict.comparison.challenger_score == pytest.approx(1)


def _linear():
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def test_a_run_that_still_goes_on_is_judged_by_what_it_has_at_hand(shelf):
    """As at the end of a run: nothing is fetched, and the task goes on."""
    from clearml import Task

    name = shelf.new_name()
    promote(shelf.put(name, ["vague"]), NO_LIMITS)
    model = shelf.put(name, ["clear"])
    candidate = Candidate(load(model), evidence(model))
    task = Task.get_task(task_id=model.task_id)
    task.mark_started(force=True)
    task.delete_artifacts(["holdout", "split"])
    verdict = promote(model, NO_LIMITS, candidate=candidate, task=task, deadline=time.monotonic() + 60)
    assert verdict.is_promoted
    assert task.get_status() == "in_progress"
    assert Task.get_task(task_id=model.task_id).artifacts["verdict"].get()["outcome"] == "promoted"


def test_without_time_nothing_is_decided(shelf, name):
    verdict = promote(shelf.put(name, ["clear"]), NO_LIMITS, deadline=time.monotonic())
    assert (verdict.outcome, "there was no time for more" in verdict.reason) == ("undecided", True)


def test_a_published_task_takes_a_verdict_as_far_as_it_can(shelf, name):
    model = shelf.put(name, ["noise"])
    from clearml import Task

    task = Task.get_task(task_id=model.task_id)
    task.publish()
    promote(model, NO_LIMITS)
    assert found(model.id).metadata["verdict"] == "refused"
    assert Task.get_task(task_id=model.task_id).artifacts["verdict"].get()["outcome"] == "refused"
    assert Task.get_task(task_id=model.task_id).get_status() == "published"
