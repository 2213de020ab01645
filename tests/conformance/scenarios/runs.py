"""What a running task reports, and what reads it back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conformance.expectations import check, close_to, equal, until
from tests.conformance.scenarios.task import init
from tests.conformance.server import unique


def scenario_report_scalars_and_read_back():
    from clearml import Task

    task = init(task_type=Task.TaskTypes.testing, tags=["one"])
    equal(task.connect({"lr": 0.1, "layers": [1, 2], "name": "x"})["lr"], 0.1, "connected value")
    task.connect_configuration({"depth": 3}, name="net")
    logger = task.get_logger()
    for i in range(10):
        logger.report_scalar("loss", "train", 1.0 / (i + 1), i)
        logger.report_scalar("loss", "val", 2.0 / (i + 1), i)
    task.close()

    got = Task.get_task(task_id=task.id)
    equal(
        (got.get_status(), str(got.task_type), got.get_tags()), ("completed", "testing", ["one"]), "status, type, tags"
    )
    equal(got.get_parameters()["General/lr"], "0.1", "parameter")
    equal(got.get_parameters(cast=True)["General/layers"], [1, 2], "cast parameter")
    equal(got.get_configuration_object_as_dict("net"), {"depth": 3}, "configuration")
    equal(got.get_last_iteration(), 9, "last iteration")
    curves = until(got.get_reported_scalars, lambda d: len(d.get("loss", {})) == 2, "curves never visible")
    equal(curves["loss"]["train"]["x"], list(range(10)), "iterations")
    close_to(curves["loss"]["val"]["y"], [2.0 / (i + 1) for i in range(10)], "values", 1e-4)
    last = got.get_last_scalar_metrics()["loss"]["train"]
    close_to([last["last"], last["min"], last["max"]], [0.1, 0.1, 1.0], "last, min, max", 1e-4)


def scenario_plots_and_tables():
    import pandas
    from clearml import Task

    task = init()
    logger = task.get_logger()
    logger.report_table("table", "rows", iteration=0, table_plot=pandas.DataFrame({"n": [1, 2], "s": ["a", "b"]}))
    logger.report_confusion_matrix("confusion", "test", iteration=2, matrix=[[3, 1], [0, 4]])
    logger.report_single_value("score", 0.75)
    task.close()

    got = Task.get_task(task_id=task.id)
    plots = until(got.get_reported_plots, lambda p: len(p) == 2, "plots never visible")
    equal(
        sorted((p["metric"], p["variant"], p["iter"]) for p in plots),
        [("confusion", "test", 2), ("table", "rows", 0)],
        "plots",
    )
    check(
        any('"type": "table"' in p["plot_str"] or '"type":"table"' in p["plot_str"] for p in plots),
        "no plot is a table",
    )
    close_to(got.get_reported_single_value("score"), 0.75, "single value")


def scenario_console_output():
    from clearml import Task

    task = init()
    print("a printed line")
    task.get_logger().report_text("a reported line")
    task.close()
    got = Task.get_task(task_id=task.id)
    until(
        lambda: "\n".join(got.get_reported_console_output(number_of_reports=20)),
        lambda text: "a printed line" in text and "a reported line" in text,
        "lines never visible",
    )


def scenario_debug_images():
    import numpy
    from clearml import StorageManager, Task

    task = init()
    for i in range(3):
        task.get_logger().report_image(
            "samples", "noise", iteration=i, image=numpy.full((8, 8, 3), i, dtype=numpy.uint8)
        )
    task.flush(wait_for_uploads=True)
    task.close()
    got = Task.get_task(task_id=task.id)
    samples = until(lambda: got.get_debug_samples("samples", "noise"), lambda s: len(s) == 3, "samples never visible")
    equal(sorted(x["iter"] for x in samples), [0, 1, 2], "iterations")
    check(Path(StorageManager.get_local_copy(samples[0]["url"])).stat().st_size > 0, "the image is empty")


STOPPABLE = """
import sys, time
from pathlib import Path
from clearml import Task
task = Task.init(project_name=sys.argv[1], task_name="stoppable", reuse_last_task_id=False,
                 auto_connect_frameworks=False, auto_resource_monitoring=False)
task.register_abort_callback(lambda: Path("aborted").write_text("yes"), callback_execution_timeout=20.0)
Path("id.tmp").write_text(task.id)
Path("id.tmp").rename("id")
time.sleep(80)
"""


def scenario_abort_is_seen_by_the_running_task():
    from clearml import Task

    child = subprocess.Popen(
        [sys.executable, "-c", STOPPABLE, unique("sdk")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(Path("id").exists, bool, "the task never started", 40)
        task = Task.get_task(task_id=Path("id").read_text())
        task.mark_stop_request(status_message="please stop")
        until(Path("aborted").exists, bool, "the abort callback never ran", 45)
        child.wait(timeout=40)
    finally:
        child.kill()
    equal(Task.get_task(task_id=task.id).get_status(), "stopped", "status of the aborted task")


def scenario_a_run_goes_on_where_it_ended():
    from clearml import Task

    project = unique("sdk")
    task = init(project_name=project)
    for i in range(3):
        task.get_logger().report_scalar("loss", "train", float(i), i)
    task.close()
    again = init(project_name=project, continue_last_task=task.id)
    equal((again.id, again.get_initial_iteration()), (task.id, 3), "task and the iteration at which it goes on")
    again.get_logger().report_scalar("loss", "train", 9.0, 1)
    again.close()
    got = Task.get_task(task_id=task.id)
    curve = until(
        got.get_reported_scalars, lambda found: len(found["loss"]["train"]["x"]) == 4, "the fourth value never came"
    )["loss"]["train"]
    equal((curve["x"], got.get_last_iteration()), ([0, 1, 2, 4], 4), "iterations")


def scenario_properties_progress_and_failure():
    from clearml import Task

    task = init()
    task.set_user_properties(owner="me", rank=3)
    task.set_progress(40)
    equal(Task.get_task(task_id=task.id).get_progress(), 40, "progress")
    task.add_tags(["first", "second"])
    task.set_comment("some words")
    task.connect_label_enumeration({"cat": 1})
    task.mark_failed(status_reason="it broke", status_message="really")
    task.close()
    got = Task.get_task(task_id=task.id)
    equal(
        {name: item["value"] for name, item in got.get_user_properties().items()},
        {"owner": "me", "rank": "3"},
        "properties",
    )
    equal(
        (got.get_status(), got.data.status_reason, got.data.status_message), ("failed", "it broke", "really"), "status"
    )
    equal(
        (got.get_tags(), got.comment, got.get_labels_enumeration()),
        (["first", "second"], "some words", {"cat": 1}),
        "task",
    )
    got.set_tags(["only"])
    got.delete_user_properties([{"section": "properties", "name": "rank"}])
    got.set_archived(True)
    got = Task.get_task(task_id=task.id)
    equal(
        (got.get_tags(), list(got.get_user_properties()), got.get_archived()),
        (["only"], ["owner"], True),
        "changed task",
    )
    got.reset(force=True)
    equal((got.get_status(), got.get_last_iteration()), ("created", 0), "after reset")
