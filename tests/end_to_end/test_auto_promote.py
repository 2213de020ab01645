"""The end of a run is a promotion where ``auto_promote`` is on; afterwards the gate judges by what real runs left."""

from __future__ import annotations

import pytest

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]
# the light baseline alone: the same pipeline each time
RUN = (
    "run",
    "--here",
    "--data",
    "penguins",
    "--time-left",
    "20",
    "--no-enable-automl",
    "--model-name",
    "Auto/penguins",
)


def test_runs_promote_what_is_better_and_leave_the_evidence_for_the_next(command_line, clearml_server):
    from clearml import Model, Task

    first = command_line.json(*RUN, "--auto-promote")
    assert first["role"] == "champion"
    task = Task.get_task(task_id=first["task_id"])
    assert task.get_status() == "completed"
    assert task.artifacts["verdict"].get()["promoted"] is True
    assert {"Verdict"} <= {plot["metric"] for plot in task.get_reported_plots()}

    second = command_line.json(*RUN, "--auto-promote")
    assert second["role"] == "challenger"
    metadata = Model(second["model_id"]).get_all_metadata()
    assert metadata["verdict"]["value"] == "refused"
    assert metadata["verdict_against"]["value"] == first["model_id"]
    assert float(metadata["verdict_difference"]["value"]) == 0  # on the same rows

    limited = command_line.json(*RUN, "--auto-promote", "--minimum-score", "2")
    assert "minimum score" in Model(limited["model_id"]).get_metadata("verdict_reason")
