"""A run is rebuilt from what its task recorded, and its model exported: through the command line and a real server."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from config.errors import BadInput
from config.samples import SAMPLES
from tests.end_to_end.conftest import QUICK_SPACE, CommandLine

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.timeout(200),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]

RUN = ["--target", "species", "--population-size", "6", "--generations", "1", "--cv-folds", "3", "--seed", "17",
       "--search-space", QUICK_SPACE, "--time-left", "60", "--n-jobs", "2", "--project", "Verify"]  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of this module's own, which it may move."""
    path = tmp_path_factory.mktemp("tables") / "birds.csv"
    shutil.copy(SAMPLES["penguins"].path, path)
    return path


@pytest.fixture(scope="module")
def run(clearml_server, table, tmp_path_factory):
    """A finished run: what the command printed."""
    return CommandLine(tmp_path_factory.mktemp("run")).json("run", "--here", "--data", str(table), *RUN)


@pytest.fixture(scope="module")
def verify(run):
    """Verifies the run in this process, which has imported the libraries."""
    from experiments.verification import verify

    return lambda data="", **options: verify(run["task_id"], data=str(data), **options)


def steps(result) -> dict[str, str]:
    return {step.name: step.status for step in result.steps}


def test_a_run_is_reproduced_from_what_its_task_recorded(command_line, run):
    printed, told = command_line.run("verify", run["task_id"])
    assert printed.startswith("reproduced: accuracy")
    for step in ("table", "split", "versions", "score", "code", "refit"):
        assert f"same       {step}: " in told
    assert "best_pipeline.py is the code of the published pipeline" in told
    assert "69 of 69 rows answered the same" in told


def test_numbers_are_told_to_programs(verify, run):
    told = verify().as_json()
    assert (told["outcome"], told["drift"], told["differing_rows"]) == ("reproduced", 0, 0)
    assert told["recorded_score"] == told["refitted_score"] == pytest.approx(run["holdout_score"])


def test_a_changed_file_is_noticed(verify, table, tmp_path):
    changed = tmp_path / "changed.csv"
    frame = pd.read_csv(table)
    frame.loc[[5, 8], "body_mass_g"] += 1
    frame.to_csv(changed, index=False)
    result = verify(changed)
    assert result.outcome == "impossible"
    assert "2 of 344 rows are others" in result.conclusion
    assert steps(result) == {
        "table": "differs", "split": "skipped", "versions": "same", "score": "same", "refit": "skipped",
    }  # fmt: skip
    frame.iloc[:-1].to_csv(changed, index=False)
    assert "it had 344 rows and has 343" in verify(changed).conclusion


def test_a_table_that_is_gone_is_asked_for(command_line, run, verify, table, tmp_path):
    moved = table.rename(tmp_path / "moved.csv")
    try:
        printed, _ = command_line.run("verify", run["task_id"], code=2)
        assert printed.startswith("cannot be reproduced: there is no table")
        assert "name it with --data FILE" in printed
        result = verify(moved)
    finally:
        moved.rename(table)
    assert result.outcome == "reproduced"


def test_an_edited_seed_is_noticed(run, verify):
    from clearml import Task

    task = Task.get_task(task_id=run["task_id"])
    task.mark_started(force=True)
    task.set_parameter("Search/seed", 18)
    try:
        result = verify()
    finally:
        task.set_parameter("Search/seed", 17)
        task.mark_completed(force=True)
    assert "the task's seed was edited: it is 18, the model was made with 17" in result.conclusion
    assert (steps(result)["split"], steps(result)["refit"]) == ("differs", "skipped")


def test_a_pipeline_whose_code_is_not_its_own_is_not_run_but_cloned(verify, monkeypatch):
    import experiments.verification as verification

    written = verification.artifact_bytes
    code = b"import os\n\n\ndef fitted(path):\n    os.abort()\n"
    monkeypatch.setattr(
        verification, "artifact_bytes", lambda model, name: code if name == verification.CODE else written(model, name)
    )
    result = verify()
    assert (steps(result)["code"], steps(result)["refit"]) == ("differs", "same")


def test_a_pipeline_that_answers_otherwise_when_it_is_fitted_again_has_drifted(verify, monkeypatch):
    from sklearn.dummy import DummyClassifier

    import experiments.verification as verification
    from experiments.data.columns import preprocessing
    from experiments.data.table import read_table
    from models.published import publishable

    birds = read_table("penguins")
    columns = preprocessing(birds.kinds, birds.X, birds.task)
    other = publishable(columns, DummyClassifier(), birds.X, birds.y, birds.task)
    monkeypatch.setattr(verification, "refitted_by_code", lambda *_: other)
    result = verify()
    assert result.outcome == "drifted"
    assert result.drift < -0.3
    assert result.differing_rows > 20
    assert "rows answered differently" in result.conclusion


def test_a_fit_that_takes_too_long_is_ended_and_says_what_to_type(verify):
    result = verify(seconds=0.2)
    assert result.outcome == "impossible"
    assert "the fit took longer than 0.2 s; allow more with --time-limit" in result.conclusion


def test_a_task_that_is_none_is_refused_in_one_line(clearml_server):
    from experiments.verification import verify

    with pytest.raises(BadInput, match="there is no task '0123456789abcdef0123456789abcdef'"):
        verify("0123456789abcdef0123456789abcdef")


def test_what_the_check_of_its_table_found_stands_in_its_task(run):
    from clearml import Task

    task = Task.get_task(task_id=run["task_id"])
    (found,) = task.artifacts["table_findings"].get()["findings"]
    assert (found["kind"], found["column"], found["refusable"]) == ("drift", "species", False)
    assert any("table check: the file is sorted by 'species'" in line for line in task.get_reported_console_output(50))


def test_a_table_with_findings_is_refused_where_the_setting_says_so(command_line, clearml_server, table, tmp_path):
    leaking = tmp_path / "leaking.csv"
    frame = pd.read_csv(table)
    frame.assign(ring_colour=frame["species"].map({"Adelie": 1, "Gentoo": 2, "Chinstrap": 3})).to_csv(
        leaking, index=False
    )
    arguments = ("run", "--here", "--data", str(leaking), *RUN, "--table-checks", "refuse")
    _, told = command_line.run(*arguments, code=2)
    assert told.strip().splitlines()[-1] == (
        "error: table_checks=refuse: column 'ring_colour' alone predicts 'species' almost perfectly (balanced accuracy "
        "1 on rows that it was not fitted to); if it is not known before 'species' is, leave it out: feat_type "
        '{"ring_colour": "drop"}'
    )


def test_its_model_is_exported_and_every_form_agrees(command_line, run, tmp_path):
    folder = tmp_path / "birds"
    told = command_line.json("models", "export", run["model_id"], str(folder))
    assert {path.name for path in folder.iterdir()} == {
        "model.joblib", "model.skops", "model.trusted-types.json", "model.onnx", "best_pipeline.py",
        "input_schema.json", "parity.json", "README.md",
    }  # fmt: skip
    assert told["missing"] == {}
    assert {entry["form"]: entry["agrees"] for entry in told["parity"]} == {
        "model.joblib": True, "model.skops": True, "model.onnx": True, "best_pipeline.py": True,
    }  # fmt: skip
