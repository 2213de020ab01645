"""``clearml-automl models`` as a person types it, on the tests' server."""

from __future__ import annotations

import json

import joblib
import pytest

import cli
from config.errors import BadInput
from models.catalog import champion_of
from tests.models.shelf import Shelf, people

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]
NAME = "Command/owls"


@pytest.fixture(scope="module")
def models(clearml_server):
    """Models of one name by the column that they look at."""
    shelf = Shelf(clearml_server.files)
    return {column: shelf.put(NAME, [column]) for column in ("noise", "vague", "clear")}


@pytest.fixture
def typed(capsys):
    """What a command of this process prints on standard output, and its exit code."""

    def run(*arguments):
        code = cli.app(["models", *arguments], standalone_mode=False) or 0
        return capsys.readouterr().out, code

    return run


@pytest.fixture
def told(typed):
    """The JSON that a command prints."""
    return lambda *arguments: json.loads(typed(*arguments, "-o", "json")[0])


def test_the_life_of_a_name(models, typed, told, tmp_path):
    noise, vague, clear = (models[column].id for column in ("noise", "vague", "clear"))
    with pytest.raises(BadInput, match="has no champion yet; type 'clearml-automl models promote"):
        typed("show", NAME)

    assert told("promote", vague)["outcome"] == "promoted"
    text, code = typed("promote", noise)
    assert (code, text.splitlines()[0]) == (1, f"refused: {NAME}, model {noise}")
    assert "not better than the champion beyond chance" in text
    assert told("promote", f"{NAME}@newest", "--minimum-score", "2")["limits"][0]["is_kept"] is False
    compared = told("compare", clear, NAME)
    assert (compared["promoted"], compared["comparison"]["is_better"]) == (False, True)
    assert champion_of(NAME).id == vague
    assert told("promote", "owls@newest")["promotion"] == 2

    listed = told("list", "owl")["names"]
    assert [(each["name"], each["champion"], len(each["models"])) for each in listed] == [(NAME, clear, 3)]
    assert listed[0]["models"][0]["id"] == clear
    text, _ = typed("list")
    assert f"champion    {clear}" in text
    shown = told("show", NAME)
    assert [row["champion"] for row in shown["history"]] == [vague, clear]
    assert shown["metadata"]["former_champions"] == vague
    text, _ = typed("show", NAME)
    assert "history" in text
    assert clear in text

    path = told("download", NAME, str(tmp_path / "here"))["path"]
    assert set(joblib.load(path).predict(people().drop(columns="target"))) == {"no", "yes"}
    with pytest.raises(BadInput, match="is the champion of"):
        typed("archive", NAME)
    assert told("archive", noise) == {"id": noise, "name": NAME, "archived": True}
    assert told("rollback", NAME, "--reason", "owls complain")["champion"] == vague
    text, code = typed("promote", clear, "--force", "--reason", "they do not any more", "--maximum-size-mb", "1e-6")
    assert (code, text.splitlines()[:2]) == (
        0, [f"forced: {NAME}, model {clear}", "  forced: they do not any more"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("promote", "owls", "--force"), "--force needs a reason"),
        (("promote", "owls", "--force", "--reason", "  "), "--force needs a reason"),
        (("promote", "owls", "--reason", "because"), "add --force, or leave --reason out"),
        (("promote", "owls@newest", "--minimum-score", "much"), "'much'"),
        (("promote", "owls@newest", "--maximum-latency-ms", "-1"), "maximum-latency-ms"),
        (("rollback", "owls"), "a rollback needs a reason"),
        (("rollback", "eagles", "--reason", "why"), "there is no model named 'eagles'"),
        (("show", "Command/owl"), "did you mean 'Command/owls'?"),
        (("archive", "0" * 32), "there is no model 0000"),
    ],
)
def test_bad_input_ends_in_one_line(models, typed, arguments, message):
    with pytest.raises(BadInput) as refused:
        typed(*arguments)
    assert message in str(refused.value)


def test_a_process_prints_json_alone_and_ends_with_1_where_nothing_was_promoted(models, command_line):
    listed = command_line.json("models", "list", "owls")
    assert listed["names"][0]["name"] == NAME
    output, _ = command_line.run("models", "promote", models["vague"].id, "-o", "json", "--minimum-score", "2", code=1)
    assert json.loads(output)["promoted"] is False
    _, errors = command_line.run("models", "show", "eagles", code=2)
    assert errors.splitlines()[-1].startswith("error: there is no model named 'eagles'")
