"""A new experiment from a table: what the server does; the command behind it is the other side's."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from embedded_server.errors import ApiError
from embedded_server.neighbours import Neighbours, command_words
from embedded_server.web.experiment_command import ExperimentCommand
from embedded_server.web.uploads import KEPT, MOST, Uploads, checked_name
from tests.embedded_server.server_process import PATIENCE, command, environment, wait_until
from tests.embedded_server.web.conftest import running_site

#: answers as such a command does, and does what the file's name says
COMMAND = """
import json, os, sys, time
question = json.load(sys.stdin)
name = os.path.basename(question["file"])
content = open(question["file"]).read()
if name == "broken.csv":
    sys.exit("error: it does not work")
if name == "silent.csv":
    sys.exit(0)
if name == "odd.csv":
    print("no JSON"); sys.exit(0)
if question["request"] == "look":
    print(json.dumps({"error": f"{name} is no table"} if content == "nothing" else {"rows": content.count("\\n")}))
elif question["fields"].get("metric") == "wrong":
    print(json.dumps({"errors": {"metric": "there is no such metric"}}))
else:
    print(json.dumps({"task": "t1", "name": "n1", "note": ""}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A server that knows a command."""
    folder = tmp_path_factory.mktemp("made")
    script = folder / "command.py"
    script.write_text(COMMAND)
    with running_site(folder / "data", Neighbours((sys.executable, str(script)))) as site:
        yield site


def drop(site, content=b"a,b\n1,2\n", name="table.csv", **more):
    return site.browser.post(f"{site.web}/new/table", params={"name": name}, data=content, timeout=60, **more)


def waiting(site):
    folder = site.folder / "uploads"
    return list(folder.iterdir()) if folder.exists() else []


def start(site, key, **fields):
    return site.post("/new/start", key=key, fields=fields)


def test_without_a_command_the_page_says_what_to_type_instead(site):
    assert "clearml-automl enqueue" in site.page("/new")
    assert not site.twin("/new.json")["available"]
    answer = drop(site)
    assert answer.status_code == 501
    assert "clearml-automl enqueue" in answer.json()["error"]
    assert start(site, "0" * 32).status_code == 501


def test_a_table_is_looked_at_and_started(made):
    look = drop(made, b"a,b\n1,2\n3,4\n", "My table.CSV").json()
    assert (look["rows"], look["name"]) == (3, "My table.csv")
    answer = start(made, look["key"], target_column="a").json()
    assert (answer["task"], answer["page"]) == ("t1", "/projects/*/experiments/t1")
    assert start(made, look["key"]).status_code == 410  # it is an experiment now, and no table any more


def test_errors_come_by_field_and_the_table_waits_for_another_try(made):
    key = drop(made).json()["key"]
    answer = start(made, key, metric="wrong")
    assert (answer.status_code, answer.json()) == (422, {"errors": {"metric": "there is no such metric"}})
    assert start(made, key, metric="right").status_code == 200


def test_what_is_no_table_is_said_and_not_kept(made):
    before = waiting(made)
    answer = drop(made, b"nothing")
    assert (answer.status_code, answer.json()["error"]) == (400, "table.csv is no table")
    assert waiting(made) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [("broken.csv", "it does not work"), ("silent.csv", "no answer"), ("odd.csv", "no answer")],
)
def test_a_command_that_fails_is_one_line(made, name, told):
    before = waiting(made)
    answer = drop(made, name=name)
    assert answer.status_code == 503
    assert told in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert waiting(made) == before


def test_nobody_can_send_a_table_who_is_not_logged_in_or_comes_from_elsewhere(made):
    before = waiting(made)
    address = f"{made.web}/new/table?name=a.csv"
    assert requests.post(address, data=b"a", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401
    assert made.browser.post(address, data=b"a", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert waiting(made) == before


def test_a_table_that_is_too_large_is_refused_and_gone(made, monkeypatch):
    monkeypatch.setattr(made.pages.state.uploads, "size_limit", 10 << 20)
    before = waiting(made)
    answer = drop(made, b"x" * ((10 << 20) + 1))
    assert (answer.status_code, answer.json()["error"]) == (
        413,
        "The table is larger than 10 MB; type 'clearml-automl run'",
    )
    assert waiting(made) == before


def test_an_upload_that_breaks_off_leaves_nothing(made):
    before = waiting(made)
    parts = urlsplit(made.web)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.putrequest("POST", "/new/table?name=half.csv")
    cookie = "; ".join(f"{one.name}={one.value}" for one in made.browser.cookies)
    for name, value in {"Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Content-Length": "1000"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"a,b\n")
    wait_until(lambda: len(waiting(made)) == len(before) + 1)
    connection.close()
    wait_until(lambda: waiting(made) == before)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/a.csv", "a.csv"),
        ("C:\\Users\\me\\a.PARQUET", "a.parquet"),
        ("Größe, 2024 (1).csv", "Größe, 2024 (1).csv"),
        ("a\x1b[31m;rm -rf.csv", "a_[31m_rm -rf.csv"),
        ("n" * 300 + ".csv", "n" * 116 + ".csv"),
    ],
)
def test_a_name_is_kept_without_what_could_harm(given, kept):
    assert checked_name(given) == kept


@pytest.mark.parametrize("name", ["", "table", "table.xlsx", ".csv", "..csv", "/", "a.csv/"])
def test_a_name_of_no_table_is_refused(name):
    with pytest.raises(ApiError, match="is no table"):
        checked_name(name)


@pytest.mark.parametrize("key", ["", "x" * 32, "../..", "0" * 31, "0" * 32])
def test_no_key_leads_out_of_the_folder(made, key):
    assert start(made, key).status_code == 410


@pytest.mark.parametrize("fields", [None, [], {"a": 1}, {"a": "x" * 100_001}])
def test_fields_that_are_no_texts_are_refused(made, fields):
    key = drop(made).json()["key"]
    assert made.post("/new/start", key=key, fields=fields).status_code == 400


def test_old_tables_are_forgotten(tmp_path):
    uploads = Uploads(tmp_path)
    old = uploads._begin("old.csv")
    old.file.write_text("a")
    os.utime(old.file.parent, (1, time.time() - KEPT - 1))
    uploads._begin("new.csv").file.write_text("b")
    with pytest.raises(ApiError, match="not here any more"):
        uploads.find(old.key)


def test_the_oldest_table_makes_room_for_another(tmp_path):
    uploads = Uploads(tmp_path)
    made = []
    for number in range(MOST + 1):
        made.append(uploads._begin(f"{number}.csv"))
        made[-1].file.write_text("a")
        os.utime(made[-1].file.parent, (1, time.time() - KEPT / 2 + number))
    with pytest.raises(ApiError, match="not here any more"):
        uploads.find(made[0].key)
    assert uploads.find(made[1].key) == made[1]


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    pid_file = tmp_path / "pid"
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    hanging = ExperimentCommand((sys.executable, "-c", script))
    failures = []

    def ask():
        try:
            hanging.ask({}, within=5.0)
        except ApiError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(60)
    assert failures[0].code == 504
    child = Path("/proc") / pid_file.read_text() / "stat"
    wait_until(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_command_that_is_not_there_is_said():
    with pytest.raises(ApiError, match="cannot run '/nowhere/at/all'"):
        ExperimentCommand(("/nowhere/at/all",)).ask({}, within=5.0)


def test_the_option_takes_a_list_of_words(tmp_path):
    assert command_words('["python", "a b.py"]') == ("python", "a b.py")
    for text in ("python", "[]", "[1]", '{"a": 1}', '[""]'):
        with pytest.raises(ValueError, match="JSON list of words"):
            command_words(text)
    words = command(tmp_path / "data", "--experiment-command", "python")
    ended = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert "JSON list of words" in ended.stderr.splitlines()[-1]
