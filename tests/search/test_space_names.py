"""What the setting ``search_space`` may say, looked at before anything slow is imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config.errors import BadInput
from experiments.search.space_names import NAMES, check_space_name, inlined, read_config_dict, space_label

CONFIG = {"sklearn.naive_bayes.GaussianNB": {}}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken(name):
    check_space_name(name)


def test_a_config_dict_is_taken_inline_and_from_a_file(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(CONFIG))
    check_space_name(json.dumps(CONFIG))
    check_space_name("mine.json")
    assert read_config_dict("mine.json") == read_config_dict(json.dumps(CONFIG)) == CONFIG


@pytest.mark.parametrize(
    "text", ["search_space = 1", "from elsewhere import search_space", "from elsewhere import *",
             "if True:\n    search_space, other = 1, 2", "import a as b\nfor search_space in [1]: pass"],
)  # fmt: skip
def test_a_python_file_that_may_define_it_is_taken_without_being_run(tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    check_space_name("mine.py")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "lineer",
            r"^search space lineer does not exist; did you mean linear\? \(there are linear, linear-light, graph",
        ),
        ("none.json", r"^search space none.json does not exist; there is no such file in "),
        ("none.py", r"^search space none.py does not exist; there is no such file in "),
        ("{", r"^search space { is not JSON: .* in line 1, column 2$"),
        ('{"a": }', r'^search space {"a": } is not JSON: Expecting value in line 1, column 7$'),
        ("{}", r"^search space {} is empty; name at least one predictor, as in {\"sklearn"),
        ("[1]", r"^search space \[1\] must be an object such as .*, not a list$"),
    ],
)
def test_what_cannot_be_read_is_refused(name, message):
    with pytest.raises(BadInput, match=message):
        check_space_name(name)


def test_broken_files_are_told_with_file_and_line(tmp_path):
    (tmp_path / "broken.json").write_text('{\n  "a": {},\n}')
    (tmp_path / "broken.py").write_text("import os\nsearch_space = (\n")
    (tmp_path / "empty.py").write_text("space = 1\n")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"^search space broken.json is not JSON: .* in line [23], column"):
        check_space_name("broken.json")
    with pytest.raises(BadInput, match=r"^broken.py, line 2: "):
        check_space_name("broken.py")
    with pytest.raises(BadInput, match=r"^empty.py does not define search_space; add a line such as"):
        check_space_name("empty.py")
    with pytest.raises(BadInput, match=r"^search space binary.json cannot be read: it is not UTF-8 text$"):
        check_space_name("binary.json")


def test_a_json_file_travels_as_its_content(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(CONFIG, indent=4))
    assert inlined("mine.json") == json.dumps(CONFIG)
    assert inlined(inlined("mine.json")) == json.dumps(CONFIG)
    assert [inlined(name) for name in ("linear", "own.py")] == ["linear", "own.py"]


def test_labels_are_short():
    assert [space_label(each) for each in ("graph", "a/mine.json", "b/own.py", json.dumps(CONFIG))] == [
        "graph", "mine", "own", "config_dict",
    ]  # fmt: skip


def test_checking_does_not_import_tpot():
    program = (
        "import sys\n"
        "from experiments.search.space_names import check_space_name\n"
        "check_space_name('linear')\n"
        f"check_space_name({json.dumps(json.dumps(CONFIG))})\n"
        "print('tpot' in sys.modules, 'sklearn' in sys.modules, 'numpy' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "False", "False"]
