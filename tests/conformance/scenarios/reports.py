"""Artifacts of all kinds, plots, and a session that had no server when it ran."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conformance.expectations import check, close_to, equal, until
from tests.conformance.scenarios.task import init
from tests.conformance.server import unique


def scenario_artifacts_of_many_kinds():
    import numpy
    import pandas
    from clearml import Task

    task = init()
    Path("folder/inner").mkdir(parents=True)
    Path("folder/inner/a.txt").write_text("aaa")
    rows = pandas.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    task.upload_artifact("array", numpy.arange(4))
    task.upload_artifact("table", rows)
    task.upload_artifact("folder", "folder")
    task.upload_artifact("link", "https://storage.example/remote.bin")
    task.register_artifact("living", rows)
    # The SDK uploads files with several threads: two of one name, sent at once, end in any order.
    task.upload_artifact("replaced", {"version": 1}, wait_on_upload=True)
    task.upload_artifact("replaced", {"version": 2})
    task.flush(wait_for_uploads=True)
    task.close()

    artifacts = Task.get_task(task_id=task.id).artifacts
    equal(sorted(artifacts), ["array", "folder", "link", "living", "replaced", "table"], "names")
    equal(artifacts["array"].get().tolist(), [0, 1, 2, 3], "array")
    equal(artifacts["table"].get()["s"].tolist(), ["a", "b"], "table")
    equal(Path(artifacts["folder"].get_local_copy(), "inner/a.txt").read_text(), "aaa", "folder")
    equal(artifacts["link"].url, "https://storage.example/remote.bin", "link")
    equal(artifacts["replaced"].get(), {"version": 2}, "replaced artifact")
    got = Task.get_task(task_id=task.id)
    got.mark_started(force=True)
    got.delete_artifacts(["array"])
    equal("array" in Task.get_task(task_id=task.id).artifacts, False, "deleted artifact is there")


def scenario_plots_of_all_kinds():
    import matplotlib.pyplot
    import numpy
    import plotly.graph_objects
    from clearml import Task

    task = init()
    logger = task.get_logger()
    logger.report_histogram("histogram", "h", values=[1, 2, 3], iteration=0, xaxis="x")
    logger.report_scatter2d("scatter", "s", scatter=numpy.array([[0, 1], [1, 2]]), iteration=0, mode="markers")
    logger.report_scatter3d("scatter3d", "s", scatter=numpy.array([[0, 1, 2], [1, 2, 3]]), iteration=0)
    logger.report_surface("surface", "s", matrix=numpy.eye(3), iteration=0)
    logger.report_line_plot("lines", [{"name": "l", "data": [[0, 1], [1, 0]]}], xaxis="x", yaxis="y", iteration=0)
    logger.report_plotly("plotly", "p", figure=plotly.graph_objects.Figure({"data": [{"y": [1, 2]}]}), iteration=3)
    figure = matplotlib.pyplot.figure()
    figure.gca().plot([0, 1], [1, 0])
    logger.report_matplotlib_figure("matplotlib", "m", figure=figure, iteration=1)
    logger.report_vector("vector", "v", values=[1.0, 2.0], iteration=0)
    task.flush(wait_for_uploads=True)
    task.close()

    got = Task.get_task(task_id=task.id)
    names = {"histogram", "scatter", "scatter3d", "surface", "lines", "plotly", "matplotlib", "vector"}
    plots = until(got.get_reported_plots, lambda found: {p["metric"] for p in found} >= names, "plots never visible")
    figures = {plot["metric"]: json.loads(plot["plot_str"]) for plot in plots}
    check(all("data" in figures[name] for name in names), "a plot is no figure of plotly's")
    equal(figures["plotly"]["data"][0]["y"], [1, 2], "the plotly figure")


def scenario_offline_session_is_imported():
    from clearml import Task

    project = unique("sdk")
    Task.set_offline(offline_mode=True)
    task = init(project_name=project, task_name="without a server")
    task.connect({"depth": 3})
    for i in range(3):
        task.get_logger().report_scalar("loss", "train", 1.0 - i / 4, i)
    task.get_logger().report_text("a line from afar")
    task.upload_artifact("numbers", {"a": 1})
    folder = task.get_offline_mode_folder()
    task.flush(wait_for_uploads=True)
    task.close()
    archive = Path(f"{folder}.zip")
    check(archive.is_file(), "the session left no archive")

    Task.set_offline(offline_mode=False)
    got = Task.get_task(task_id=Task.import_offline_session(str(archive)))
    equal((got.name, got.get_project_name()), ("without a server", project), "task")
    equal((got.get_parameters()["General/depth"], got.get_last_iteration()), ("3", 2), "parameter and iteration")
    curve = until(got.get_reported_scalars, lambda found: "loss" in found, "curve never visible")["loss"]["train"]
    close_to(curve["y"], [1.0, 0.75, 0.5], "values", 1e-4)
    equal(got.artifacts["numbers"].get(), {"a": 1}, "artifact")
    check("a line from afar" in "\n".join(got.get_reported_console_output(50)), "the line is not there")
