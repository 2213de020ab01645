"""What a person has on a server, made and looked at with the genuine SDK in a process of its own.

``python -m tests.embedded_server.exported_work make FOLDER`` prints ids as JSON; ``... check FOLDER IDS`` fails where
something that was made is not there under them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from clearml import Dataset, InputModel, Logger, OutputModel, Task

PROJECT = "Moved/inner"


def make(folder: Path) -> dict[str, str]:
    """A completed task with everything that hangs on one, and a dataset built on another."""
    task = Task.init(
        PROJECT, "moved task", auto_connect_frameworks=False, auto_resource_monitoring=False, tags=["mine"]
    )
    task.connect({"depth": 3}, name="Search")
    task.connect_configuration({"layers": [1, 2]}, name="Network")
    task.upload_artifact("scores", {"auc": 0.9})
    task.upload_artifact("table", artifact_object=np.arange(6).reshape(2, 3))
    logger = Logger.current_logger()
    for iteration in range(50):
        logger.report_scalar("loss", "training", 1 / (iteration + 1), iteration)
    logger.report_single_value("hold-out", 0.75)
    logger.report_table("rows", "all", 0, table_plot=[["a", "b"], [1, 2]])
    logger.report_image("picture", "noise", 0, image=np.zeros((8, 8, 3), dtype=np.uint8))
    logger.report_text("a line of the console")
    weights = folder / "model.bin"
    weights.write_bytes(b"weights" * 1000)
    model = OutputModel(task, name="moved model", framework="ScikitLearn", tags=["champion"])
    model.update_weights(str(weights), auto_delete_file=False)
    model.set_metadata("metric", "0.9", "float")
    task.flush(wait_for_uploads=True)
    task.close()
    Task.get_task(task.id).publish()

    first = Dataset.create(dataset_name="moved data", dataset_project=PROJECT, dataset_version="1.0.0")
    (folder / "first.csv").write_text("a,b\n1,2\n")
    first.add_files(str(folder / "first.csv"))
    first.upload()
    first.finalize()
    second = Dataset.create(dataset_name="moved data", dataset_project=PROJECT, dataset_version="1.1.0",
                            parent_datasets=[first.id])  # fmt: skip
    (folder / "second.csv").write_text("a,b\n3,4\n")
    second.add_files(str(folder / "second.csv"))
    second.upload()
    second.finalize()
    return {"task": task.id, "model": model.id, "first": first.id, "second": second.id}


def check(folder: Path, ids: dict[str, str]) -> None:
    """Fails where a server lacks any of it."""
    task = Task.get_task(ids["task"])
    assert (task.name, task.get_project_name(), task.get_status()) == ("moved task", PROJECT, "published")
    assert task.get_tags() == ["mine"]
    assert task.get_parameter("Search/depth") == "3"
    assert task.get_configuration_object_as_dict("Network") == {"layers": [1, 2]}
    assert task.artifacts["scores"].get() == {"auc": 0.9}
    assert task.artifacts["table"].get().tolist() == [[0, 1, 2], [3, 4, 5]]
    curve = task.get_reported_scalars()["loss"]["training"]
    assert curve["x"] == list(range(50))
    assert abs(curve["y"][9] - 0.1) < 1e-9
    assert task.get_reported_single_values() == {"hold-out": 0.75}
    assert [plot["metric"] for plot in task.get_reported_plots()] == ["rows"]
    assert any("a line of the console" in line for line in task.get_reported_console_output(100))
    [output] = task.models["output"]
    assert output.id == ids["model"]
    model = InputModel(ids["model"])
    assert (model.name, model.framework, model.tags) == ("moved model", "ScikitLearn", ["champion"])
    assert model.task == ids["task"]
    assert model.get_metadata("metric") == "0.9"
    assert Path(model.get_weights()).read_bytes() == b"weights" * 1000
    dataset = Dataset.get(dataset_project=PROJECT, dataset_name="moved data")
    assert dataset.id == ids["second"]
    assert dataset.get_dependency_graph()[dataset.id] == [ids["first"]]
    copy = Path(dataset.get_mutable_local_copy(str(folder / "copy")))
    assert {path.name: path.read_text() for path in copy.iterdir()} == {
        "first.csv": "a,b\n1,2\n", "second.csv": "a,b\n3,4\n"
    }  # fmt: skip


if __name__ == "__main__":
    place = Path(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    if sys.argv[1] == "make":
        print(json.dumps(make(place)))
    else:
        check(place, json.loads(sys.argv[3]))
