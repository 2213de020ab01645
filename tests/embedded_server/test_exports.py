"""What is exported is taken by another embedded server, and, over HTTP alone, by any ClearML server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_server.application import open_store
from embedded_server.storage import checksums
from embedded_server.storage.checksums import UnusableArchiveError
from embedded_server.transfer.exported_folder import ExportedFolder, found_checksums
from tests.embedded_server.server_process import PACKAGE_FOLDER, ServerProcess
from tests.embedded_server.test_backups import maintain, upload

ROOT = PACKAGE_FOLDER.parent


def addresses(server: ServerProcess) -> dict[str, str]:
    """The environment in which any ClearML tool finds a server."""
    return {
        "CLEARML_API_HOST": server.address["api"],
        "CLEARML_FILES_HOST": server.address["files"],
        "CLEARML_WEB_HOST": server.address["web"],
        "CLEARML_API_ACCESS_KEY": server.key_pair[0],
        "CLEARML_API_SECRET_KEY": server.key_pair[1],
    }


def with_sdk(server: ServerProcess, folder: Path, action: str, *words: str) -> str:
    """What the genuine SDK prints last, as `exported_work` uses it."""
    folder.mkdir(exist_ok=True)
    config = folder / "clearml.conf"
    config.write_text(
        f'sdk.storage.cache.default_base_dir: "{folder}/cache"\nsdk.development.report_use_subprocess: false'
    )
    ended = subprocess.run(
        [sys.executable, "-m", "tests.embedded_server.exported_work", action, str(folder / "work"), *words],
        env={**os.environ, **addresses(server), "CLEARML_CONFIG_FILE": str(config), "CLEARML_LOG_LEVEL": "ERROR"},
        cwd=ROOT, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ""


class Servers:
    """Servers of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[ServerProcess] = []

    def start(self) -> ServerProcess:
        server = ServerProcess(self.folder / f"server {len(self.started)}")
        self.started.append(server)
        return server


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path)
    yield made
    for server in made.started:
        server.stop()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(600)
def test_the_work_of_the_genuine_sdk_moves(servers: Servers, tmp_path: Path) -> None:
    source = servers.start()
    ids = json.loads(with_sdk(source, tmp_path / "sdk", "make"))
    told = maintain("export", tmp_path / "exported", "--folder", source.folder)
    assert (told["tasks"], told["models"]) == (3, 1)
    source.stop()  # nothing of it is needed any more

    kept = servers.start()  # an embedded one keeps the ids
    told = maintain("import", tmp_path / "exported", "--folder", kept.folder)
    assert told["new"]["tasks"] == 3
    with_sdk(kept, tmp_path / "sdk-kept", "check", json.dumps(ids))
    told = maintain("import", tmp_path / "exported", "--folder", kept.folder)
    assert (told["new"], told["replaced"], told["skipped"]) == ({}, {}, {})

    other = servers.start()  # any other makes new ones; it is spoken to over HTTP only
    told = maintain("push", tmp_path / "exported", **addresses(other))
    new = {
        "task": told["tasks"][ids["task"]],
        "model": told["models"][ids["model"]],
        "first": told["tasks"][ids["first"]],
        "second": told["tasks"][ids["second"]],
    }
    assert not set(new.values()) & set(ids.values())
    with_sdk(other, tmp_path / "sdk-other", "check", json.dumps(new))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server with two projects, and what lies in them."""
    server = ServerProcess(tmp_path_factory.mktemp("one") / "data")
    server.ok("projects.create", name="outer")
    inner = server.ok("projects.create", name="outer/inner")["id"]
    other = server.ok("projects.create", name="another")["id"]
    task = server.ok("tasks.create", name="first", type="training", project=inner)["id"]
    lone = server.ok("tasks.create", name="second", type="training", project=other)["id"]
    upload(server, "inner/some file.bin", b"content")
    uri = f"{server.address['files']}/inner/some%20file.bin"
    server.ok("tasks.add_or_update_artifacts", task=task, artifacts=[{"key": "a", "type": "custom", "uri": uri}])
    model = server.ok("models.create", name="the model", uri=uri, project=inner, task=task, ready=False)["id"]
    server.ok("tasks.add_or_update_model", task=task, name="the model", type="output", model=model)
    server.ok("tasks.started", task=task)
    for value in range(3):
        server.ok("events.add", task=task, type="training_stats_scalar", metric="m", variant="v", value=value,
                  iter=value, timestamp=value)  # fmt: skip
    yield {"server": server, "task": task, "lone": lone, "model": model}
    server.stop()


class Other:
    """Where another server keeps its data; it is said to run, but for an import it need not."""

    files = "http://127.0.0.1:8081"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.database = open_store(folder)
        (folder / "server.json").write_text(json.dumps({"files": self.files}))

    def all(self, collection: str) -> list[dict[str, Any]]:
        return self.store.documents.query(collection)

    def change(self, task: str, **fields: Any) -> None:
        found = self.store.documents.get("tasks", task)
        assert found is not None
        self.store.documents.put("tasks", {**found, **fields})


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    made = Other(tmp_path / "other")
    yield made
    made.database.close()


def export(one: dict[str, Any], target: Path, *choice: str) -> ExportedFolder:
    maintain("export", target, "--folder", one["server"].folder, *choice)
    return ExportedFolder(target)


def test_the_form_is_plain(one: dict[str, Any], tmp_path: Path) -> None:
    export(one, tmp_path / "exported")
    assert set(files_of(tmp_path / "exported")) == {
        "export.json", "projects.json", "SHA256SUMS", "files/inner/some file.bin", f"tasks/{one['task']}.json",
        f"tasks/{one['lone']}.json", f"models/{one['model']}.json", f"events/{one['task']}.jsonl",
    }  # fmt: skip
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "exported", check=True)
    model = json.loads((tmp_path / "exported" / "models" / f"{one['model']}.json").read_text())
    assert model["uri"] == "file-server:///inner/some%20file.bin"


def test_a_choice_brings_what_belongs_to_it(one: dict[str, Any], tmp_path: Path) -> None:
    by_project = export(one, tmp_path / "project", "--project", "outer")
    assert [task["id"] for task in by_project.tasks()] == [one["task"]]
    assert [project["name"] for project in by_project.projects] == ["outer", "outer/inner"]
    by_task = export(one, tmp_path / "task", "--task", one["task"])
    assert [model["id"] for model in by_task.models()] == [one["model"]]
    by_model = export(one, tmp_path / "model", "--model", one["model"])
    assert (list(by_model.tasks()), set(by_model.files)) == ([], {"inner/some file.bin"})
    lone = export(one, tmp_path / "lone", "--task", one["lone"])
    assert (list(lone.models()), dict(lone.files)) == ([], {})


def test_what_does_not_exist_is_named(one: dict[str, Any], tmp_path: Path) -> None:
    folder = one["server"].folder
    assert "no task 'nothing'" in maintain("export", tmp_path / "e", "--folder", folder, "--task", "nothing", code=2)
    told = maintain("export", tmp_path / "e", "--folder", folder, "--dataset", one["task"], code=2)
    assert "is no dataset" in told
    assert not (tmp_path / "e").exists()


def test_what_ran_elsewhere_does_not_run_here(one: dict[str, Any], other: Other, tmp_path: Path) -> None:
    export(one, tmp_path / "exported")
    maintain("import", tmp_path / "exported", "--folder", other.folder)
    assert {task["name"]: task["status"] for task in other.all("tasks")} == {"first": "stopped", "second": "created"}


def test_addresses_become_those_of_the_other_server(one: dict[str, Any], other: Other, tmp_path: Path) -> None:
    export(one, tmp_path / "exported")
    maintain("import", tmp_path / "exported", "--folder", other.folder)
    assert [model["uri"] for model in other.all("models")] == [f"{other.files}/inner/some%20file.bin"]
    stored = other.store.files.find("inner/some file.bin")
    assert stored is not None
    assert stored.read_bytes() == b"content"


def test_conflicts(one: dict[str, Any], other: Other, tmp_path: Path) -> None:
    export(one, tmp_path / "exported")
    into = ("import", tmp_path / "exported", "--folder", other.folder)
    maintain(*into)
    other.change(one["task"], name="changed here")
    told = maintain(*into, code=2)
    assert f"task {one['task']} is here already and differs; nothing was imported" in told
    assert "--on-conflict" in told
    assert maintain(*into, "--on-conflict", "skip")["skipped"] == {"tasks": 1}
    assert {task["name"] for task in other.all("tasks")} == {"changed here", "second"}
    assert maintain(*into, "--on-conflict", "replace")["replaced"] == {"tasks": 1}
    assert {task["name"] for task in other.all("tasks")} == {"first", "second"}
    assert len(list(other.store.events.all_of(one["task"]))) == 3


def test_a_project_of_the_same_name_stands_for_the_exported_one(
    one: dict[str, Any], other: Other, tmp_path: Path
) -> None:
    other.store.documents.put("projects", {"id": "here", "name": "outer/inner", "path": []})
    export(one, tmp_path / "exported", "--task", one["task"])
    maintain("import", tmp_path / "exported", "--folder", other.folder)
    assert [task["project"] for task in other.all("tasks")] == ["here"]
    assert sorted(project["name"] for project in other.all("projects")) == ["outer", "outer/inner"]


def test_a_refused_import_leaves_no_file(one: dict[str, Any], other: Other, tmp_path: Path) -> None:
    export(one, tmp_path / "lone", "--task", one["lone"])
    maintain("import", tmp_path / "lone", "--folder", other.folder)
    other.change(one["lone"], name="changed here")
    export(one, tmp_path / "all")
    assert "differs" in maintain("import", tmp_path / "all", "--folder", other.folder, code=2)
    assert files_of(other.folder / "files") == {}
    assert [task["id"] for task in other.all("tasks")] == [one["lone"]]


def test_a_refused_push_takes_back_what_it_made(one: dict[str, Any], servers: Servers, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    export(one, folder)
    file = folder / "events" / f"{one['task']}.jsonl"
    file.write_text(file.read_text().replace('"value": 2.0', '"value": "two"'))
    (folder / checksums.FILE_NAME).write_text(checksums.written(found_checksums(folder)))
    other = servers.start()
    assert "refuses" in maintain("push", folder, code=2, **addresses(other))
    assert other.ok("tasks.get_all")["tasks"] == []
    assert other.ok("models.get_all")["models"] == []
    wrong = {**addresses(other), "CLEARML_API_SECRET_KEY": "wrong"}
    assert "refuses auth.login" in maintain("push", folder, code=2, **wrong)
    assert "does not answer" in maintain("push", folder, code=2, **{**wrong, "CLEARML_API_HOST": "http://127.0.0.1:9"})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "files/inner/some file.bin").write_bytes(b"other"), "is not what was written"),
        (lambda folder: (folder / "projects.json").unlink(), "'projects.json' is missing"),
        (lambda folder: (folder / "tasks" / "more.json").write_text("{}"), "does not belong to it"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "not a whole one"),
        (lambda folder: (folder / "export.json").unlink(), "is no exported folder"),
        (
            lambda folder: (folder / "export.json").write_text('{"format": "clearml-export", "version": 2}'),
            "newer version",
        ),
    ],
)
def test_a_damaged_folder_is_refused(one: dict[str, Any], tmp_path: Path, damage: Any, told: str) -> None:
    export(one, tmp_path / "exported")
    damage(tmp_path / "exported")
    with pytest.raises(UnusableArchiveError, match=told):
        ExportedFolder(tmp_path / "exported")
