"""The folder of an export: whole or absent, and everything in it answers as the published model does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from config.errors import BadInput, RunFailed
from models.export import folder as folder_module
from models.export.conversion import NotConvertible, Obstacle
from models.export.folder import export
from models.export.parity import Answers
from tests.models.export.conftest import shops

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]


@pytest.fixture(scope="module")
def linear(shelve):
    return shelve(make_pipeline(StandardScaler(), LogisticRegression()))


@pytest.fixture(scope="module")
def exported(linear, tmp_path_factory):
    return export(linear[0], tmp_path_factory.mktemp("export") / "shops", no_refit="its table was not named")


def test_all_forms_are_there_and_were_compared(exported):
    assert sorted(path.name for path in exported.folder.iterdir()) == sorted(exported.files) == [
        "README.md", "best_pipeline.py", "input_schema.json", "model.joblib", "model.onnx", "model.skops",
        "model.trusted-types.json", "parity.json",
    ]  # fmt: skip
    parity = json.loads((exported.folder / "parity.json").read_text())
    assert [entry["form"] for entry in parity["compared"]] == ["model.joblib", "model.skops", "model.onnx"]
    assert parity["rows"] > 80  # the held-out rows, and some with cells emptied
    assert all(entry["differing"] == 0 for entry in parity["compared"])
    assert parity["missing"]["best_pipeline.py"][0]["reason"] == "not compared: its table was not named"
    assert not list(exported.folder.parent.glob(".*"))


def test_the_joblib_file_is_the_published_one_to_the_byte(exported, linear):
    import hashlib

    assert hashlib.sha256((exported.folder / "model.joblib").read_bytes()).hexdigest() == linear[0].sha256


def test_the_readme_says_how_to_load_each_and_that_works_without_this_project(exported, linear):
    rows = shops(seed=3).drop(columns="buys")
    rows.to_csv(exported.folder / "rows.csv", index=False)
    snippets = re.findall(r"```python\n(.*?)```", (exported.folder / "README.md").read_text(), re.DOTALL)
    assert len(snippets) == 3
    script = (
        "import sys; sys.path += " + repr([path for path in sys.path if path.endswith("-packages")]) + "\n"
        + snippets[0] + "first = model.predict(pandas.read_csv('rows.csv')).tolist()\n"
        + snippets[1] + "second = model.predict(pandas.read_csv('rows.csv')).tolist()\n"
        + snippets[2] + "third = session.run(['label'], feeds)[0].tolist()\n"
        "assert not {'config', 'experiments', 'models'} & set(sys.modules)\n"
        "import json; print(json.dumps([first, second, third]))\n"
    )  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "ignore", "-c", script], cwd=exported.folder, capture_output=True, text=True,
        timeout=120, env={**os.environ, "HOME": str(exported.folder)},
    )  # fmt: skip
    (exported.folder / "rows.csv").unlink()
    assert ran.returncode == 0, ran.stderr
    expected = linear[1].predict(rows).tolist()
    assert json.loads(ran.stdout.splitlines()[-1]) == [expected, expected, expected]


def test_a_step_that_does_not_convert_is_named_and_the_rest_is_there(shelve, tmp_path):
    model, _ = shelve(RandomForestClassifier(3, random_state=0), dropped=())
    made = export(model, tmp_path / "shops")
    assert "model.onnx" not in made.files
    assert "model.skops" in made.files
    readme = (made.folder / "README.md").read_text()
    assert "`model.onnx`: columns, text remark: HashingVectorizer has no form in ONNX" in readme
    assert "## model.onnx" not in readme


def test_a_form_that_answers_differently_fails_the_export_and_leaves_nothing(linear, shelve, tmp_path, monkeypatch):
    _, other = shelve(RandomForestClassifier(3, max_depth=2, random_state=0))
    make = folder_module.onnx_model
    monkeypatch.setattr(folder_module, "onnx_model", lambda fitted, X, about: make(other, X, about))
    with pytest.raises(RunFailed, match=r"model.onnx answers differently .* in \d+ of \d+ rows.*--without onnx"):
        export(linear[0], tmp_path / "shops")
    assert list(tmp_path.iterdir()) == []
    assert "model.onnx" not in export(linear[0], tmp_path / "shops", without=["onnx"]).files


def test_code_that_makes_another_pipeline_fails_the_export(linear, tmp_path):
    def refit(code, fitted, X):
        assert code == b"# how it was made\n"
        told = Answers.of(fitted, X)
        return Answers(np.roll(told.predictions, 1), told.probabilities)

    with pytest.raises(RunFailed, match=r"best_pipeline.py answers differently"):
        export(linear[0], tmp_path / "shops", refit=refit)
    assert list(tmp_path.iterdir()) == []


def test_code_of_another_pipeline_is_left_out(linear, tmp_path):
    def refit(code, fitted, X):
        raise NotConvertible(Obstacle("code", "it is another's"))

    made = export(linear[0], tmp_path / "shops", refit=refit)
    assert "best_pipeline.py" not in made.files
    ensemble = replace(linear[0], tags=("tpot", "challenger", "ensemble"))
    made = export(ensemble, tmp_path / "ensemble", without=["skops", "onnx"])
    assert "best_pipeline.py" not in made.files
    assert "that of the best single pipeline" in (made.folder / "README.md").read_text()


def test_a_folder_that_holds_something_is_left_alone(linear, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty; name a new folder"):
        export(linear[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_that_is_not_the_published_one_is_not_exported(linear, tmp_path):
    model = replace(linear[0], metadata={**linear[0].metadata, "sha256": "0" * 64})
    with pytest.raises(BadInput):
        export(model, tmp_path / "shops")
    assert list(tmp_path.iterdir()) == []
