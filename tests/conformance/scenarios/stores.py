"""Artifacts, models and datasets."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conformance.expectations import check, equal, until
from tests.conformance.scenarios.task import init
from tests.conformance.server import unique


def scenario_artifacts():
    from clearml import Task

    task = init()
    Path("notes.txt").write_text("hello")
    task.upload_artifact("settings", {"a": [1, 2]}, metadata={"kind": "dict"})
    task.upload_artifact("notes", "notes.txt")
    task.upload_artifact("text", "just words", wait_on_upload=True)
    task.flush(wait_for_uploads=True)
    task.close()

    artifacts = Task.get_task(task_id=task.id).artifacts
    equal(sorted(artifacts), ["notes", "settings", "text"], "names")
    equal(artifacts["settings"].get(), {"a": [1, 2]}, "object")
    equal(artifacts["settings"].metadata, {"kind": "dict"}, "metadata")
    equal(Path(artifacts["notes"].get_local_copy()).read_text(), "hello", "file")
    equal((artifacts["notes"].size, artifacts["text"].get()), (5, "just words"), "size and text")
    check(artifacts["notes"].url.startswith(os.environ["CLEARML_FILES_HOST"]), "url is not on the file server")


def scenario_output_model():
    from clearml import InputModel, Model, OutputModel

    project = unique("sdk")
    task = init(project_name=project)
    Path("weights.bin").write_bytes(b"w" * 1000)
    model = OutputModel(task=task, name="net", framework="PyTorch", tags=["first"], label_enumeration={"cat": 1})
    model.update_weights("weights.bin", iteration=5, auto_delete_file=False)
    model.set_metadata("accuracy", "0.9", "float")
    task.flush(wait_for_uploads=True)
    model.publish()
    task.close()

    found = Model.query_models(project_name=project, tags=["first"], only_published=True)
    equal([m.id for m in found], [model.id], "query_models")
    got = InputModel(model_id=model.id)
    equal(
        (got.name, got.framework, got.labels, got.tags, got.published),
        ("net", "PyTorch", {"cat": 1}, ["first"], True),
        "model",
    )
    equal((got.get_metadata("accuracy"), got.task), ("0.9", task.id), "metadata and task")
    equal(Path(got.get_local_copy()).read_bytes(), b"w" * 1000, "weights")
    equal([m.id for m in task.get_models()["output"]], [model.id], "models of the task")


def scenario_dataset():
    from clearml import Dataset

    project = unique("sdk")
    Path("data/sub").mkdir(parents=True)
    Path("data/a.txt").write_text("aaa")
    Path("data/sub/b.txt").write_text("bbb")
    dataset = Dataset.create(
        dataset_name="numbers", dataset_project=project, dataset_version="1.0.0", dataset_tags=["raw"]
    )
    dataset.add_files("data")
    dataset.upload(show_progress=False)
    dataset.finalize()

    listed = Dataset.list_datasets(dataset_project=project)
    equal([(d["id"], d["name"], d["version"]) for d in listed], [(dataset.id, "numbers", "1.0.0")], "list_datasets")
    got = Dataset.get(dataset_project=project, dataset_name="numbers")
    equal((got.id, got.is_final(), sorted(got.list_files())), (dataset.id, True, ["a.txt", "sub/b.txt"]), "dataset")
    folder = Path(got.get_local_copy())
    equal([(folder / f).read_text() for f in ("a.txt", "sub/b.txt")], ["aaa", "bbb"], "files")


def scenario_models_in_and_out():
    from clearml import InputModel, Model, OutputModel, Task
    from clearml.backend_api.session.client import APIClient

    project = unique("sdk")
    task = init(project_name=project)
    base = InputModel.import_model("https://storage.example/base.bin", name="base", project=project, framework="Keras")
    equal(InputModel.import_model("https://storage.example/base.bin").id, base.id, "model imported once more")
    task.connect(base)
    model = OutputModel(task=task, name="tuned", framework="Keras", base_model_id=base.id, config_dict={"depth": 3})
    model.report_single_value("accuracy", 0.5)
    model.report_scalar("loss", "train", 0.25, 7)
    model.update_weights(register_uri="https://storage.example/tuned.bin", iteration=7)
    model.set_all_metadata({"rows": {"value": "9", "type": "int"}})
    task.close()

    got = Task.get_task(task_id=task.id)
    equal([one.id for one in got.get_models()["input"]], [base.id], "input models")
    found = Model(model_id=model.id)
    equal((found.url, found.config_dict, found.get_all_metadata()["rows"]["value"]),
          ("https://storage.example/tuned.bin", {"depth": 3}, "9"), "model")  # fmt: skip
    events = APIClient().events
    reported = until(
        lambda: events.get_scalar_metric_data(task=model.id, metric="loss", model_events=True).events,
        len,
        "scalars of the model never visible",
    )
    equal([(event["iter"], event["value"]) for event in reported], [(7, 0.25)], "scalars of the model")
    values = events.get_task_single_value_metrics(tasks=[model.id], model_events=True).tasks[0]["values"]
    equal([(value["variant"], value["value"]) for value in values], [("accuracy", 0.5)], "single values of the model")
    equal([one.id for one in Model.query_models(project_name=project, model_name="tuned")], [model.id], "by name")
    found.archive()
    equal(Model.query_models(project_name=project, model_name="tuned"), [], "without the archived")
    check(Model.remove(model.id, delete_weights_file=False, force=True), "the model was not removed")
    equal(Model.query_models(project_name=project, model_name="tuned", include_archived=True), [], "removed model")


def scenario_storage_manager():
    from clearml import StorageManager

    folder = f"{os.environ['CLEARML_FILES_HOST']}/{unique('folder')}"
    Path("up/inner").mkdir(parents=True)
    Path("up/inner/a b.txt").write_text("words")
    StorageManager.upload_folder("up", folder)
    url = f"{folder}/inner/a b.txt"
    check(StorageManager.exists_file(url), "the file does not exist")
    equal(StorageManager.get_file_size_bytes(url), 5, "size")
    equal(Path(StorageManager.get_local_copy(url)).read_text(), "words", "copy")
    check(not StorageManager.exists_file(f"{folder}/none.txt"), "a file that nobody uploaded exists")
