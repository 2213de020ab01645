"""Events: scalars, console lines, plots and debug images, reported and read back."""

from __future__ import annotations

import hashlib

from tests.conformance.expectations import check, close_to, equal, until
from tests.conformance.payloads import image, log_line, now_ms, plot, scalar
from tests.conformance.server import UNKNOWN


def case_scalars_and_the_task_summary(s):
    task = s.task("in_progress")
    s.report(*[scalar(task, "loss", "train", 10.0 - i, i) for i in range(8)])
    got = s.get_task(task)
    equal(got["last_iteration"], 7, "last_iteration")
    metric, variant = (hashlib.md5(x.encode()).hexdigest() for x in ("loss", "train"))
    last = got["last_metrics"][metric][variant]
    equal((last["metric"], last["variant"]), ("loss", "train"), "names")
    for field, value in {
        "value": 3,
        "min_value": 3,
        "max_value": 10,
        "min_value_iteration": 7,
        "max_value_iteration": 0,
    }.items():
        close_to(last[field], value, field)
    curve = s.histogram(task, 1)["loss"]["train"]
    equal((curve["name"], curve["x"]), ("train", list(range(8))), "curve")
    close_to(curve["y"], [10.0 - i for i in range(8)], "values")


def case_histogram_samples_are_bucket_means(s):
    task = s.task()
    s.report(*[scalar(task, "big", "v", float(i), i) for i in range(1000)])
    curve = until(
        lambda: s.histogram(task, 1, samples=100)["big"]["v"], lambda c: len(c["x"]) == 100, "never 100 points"
    )
    equal(curve["x"], list(range(0, 1000, 10)), "iterations")
    close_to(curve["y"], [i + 4.5 for i in range(0, 1000, 10)], "means", 1e-3)
    equal(len(s.histogram(task, 1)["big"]["v"]["x"]), 1000, "points where samples is not given")


def case_histogram_keys(s):
    task, t0 = s.task(), now_ms() - 60_000
    s.report(*[scalar(task, "m", "v", float(i), i, t0 + 1000 * i) for i in range(3)])
    equal(s.histogram(task, 1, key="iter")["m"]["v"]["x"], [0, 1, 2], "iterations")
    equal(s.histogram(task, 1, key="timestamp")["m"]["v"]["x"], [t0, t0 + 1000, t0 + 2000], "milliseconds")
    iso = s.histogram(task, 1, key="iso_time")["m"]["v"]["x"]
    check(all(isinstance(x, str) and x.endswith("Z") for x in iso), f"iso_time is not ISO 8601: {iso}")
    s.refused("events.scalar_metrics_iter_histogram", 400, 12, task=task, key="no such key")
    s.refused("events.scalar_metrics_iter_histogram", 400, 101, task=UNKNOWN)


def case_curves_of_several_tasks(s):
    a, b = s.task(name="task aa"), s.task(name="task bb")
    s.report(
        scalar(a, "loss", "x", 1.0, 0),
        scalar(a, "loss", "x", 2.0, 1),
        scalar(b, "loss", "x", 3.0, 0),
        scalar(b, "acc", "y", 4.0, 0),
    )
    s.histogram(a, 1)
    s.histogram(b, 2)
    metrics = s.ok("events.multi_task_scalar_metrics_iter_histogram", tasks=[a, b])["metrics"]
    equal(sorted(metrics), ["acc", "loss"], "metrics")
    equal(metrics["loss"]["x"][a], {"name": "task aa", "x": [0, 1], "y": [1.0, 2.0]}, "curve of the first task")
    equal(metrics["acc"], {"y": {b: {"name": "task bb", "x": [0], "y": [4.0]}}}, "metric of the second task")


def case_batch_with_some_bad_events(s):
    task = s.task()
    answer = s.batch(
        [scalar(task, "m", "v", 1.0, 0), scalar(UNKNOWN, "m", "v", 1.0, 0), {"type": "no such type", "task": task}]
    )
    data = s.expect(answer, 200, 0, "events.add_batch, partly bad")
    equal((data["added"], data["errors"], len(data["errors_info"])), (1, 2, 2), "added, errors, kinds of error")
    s.expect(s.batch([scalar(UNKNOWN, "m", "v", 1.0, 0)]), 400, 131, "events.add_batch, wholly bad")
    s.expect(s.batch([]), 400, 17, "events.add_batch, empty")


def case_log_pages(s):
    task, t0 = s.task(), now_ms() - 60_000
    s.report(*[log_line(task, f"line {i}", t0 + i) for i in range(12)])
    until(lambda: s.ok("events.get_task_log", task=task)["total"], lambda n: n == 12, "lines never visible")

    def page(**body):
        data = s.ok("events.get_task_log", task=task, batch_size=4, **body)
        equal((data["returned"], data["total"]), (len(data["events"]), 12), "returned and total")
        return [int(e["msg"].split()[1]) for e in data["events"]]

    equal(page(), [11, 10, 9, 8], "latest page")
    equal(page(order="asc"), [8, 9, 10, 11], "latest page, ascending")
    equal(page(navigate_earlier=False), [0, 1, 2, 3], "earliest page")
    equal(page(from_timestamp=t0 + 8), [7, 6, 5, 4], "page before a time")
    equal(page(from_timestamp=t0 + 3, navigate_earlier=False), [4, 5, 6, 7], "page after a time")
    equal(page(from_timestamp=t0), [], "page before the first line")


def case_plots_latest_iteration(s):
    task = s.task(name="plot task")
    s.report(*[plot(task, "cm", "a", i, f'{{"i": {i}}}') for i in range(3)], plot(task, "other", "b", 1))
    until(
        lambda: s.ok("events.get_task_plots", task=task, iters=10)["plots"],
        lambda p: len(p) == 4,
        "plots never visible",
    )
    data = s.ok("events.get_task_plots", task=task, iters=1)
    equal(
        sorted((p["metric"], p["variant"], p["iter"]) for p in data["plots"]),
        [("cm", "a", 2), ("other", "b", 1)],
        "plots",
    )
    latest = next(p for p in data["plots"] if p["metric"] == "cm")
    equal((latest["plot_str"], latest["task"], latest["type"]), ('{"i": 2}', task, "plot"), "latest plot")
    several = s.ok("events.get_multi_task_plots", tasks=[task])["plots"]
    equal(several["cm"]["a"][task]["2"]["name"], "plot task", "name of the task in get_multi_task_plots")
    equal(len(several["cm"]["a"][task]["2"]["plots"]), 1, "plots in get_multi_task_plots")


def case_single_values(s):
    task, single = s.task(name="single task"), -(2**31)
    s.report(
        scalar(task, "Summary", "score", 0.5, single),
        scalar(task, "Summary", "count", 7.0, single),
        scalar(task, "m", "v", 1.0, 3),
    )
    data = until(
        lambda: s.ok("events.get_task_single_value_metrics", tasks=[task])["tasks"],
        lambda d: d and len(d[0]["values"]) == 2,
        "values never visible",
    )
    equal((data[0]["task"], data[0]["task_name"]), (task, "single task"), "task")
    equal(
        {(v["metric"], v["variant"]): v["value"] for v in data[0]["values"]},
        {("Summary", "score"): 0.5, ("Summary", "count"): 7},
        "values",
    )
    equal(list(s.histogram(task, 1)), ["m"], "metrics with curves, which single values are not")
    equal(s.get_task(task)["last_iteration"], 3, "last_iteration")


def case_debug_images_by_iteration(s):
    task = s.task()
    s.report(*[image(task, "img", v, i, f"https://storage.example/{v}{i}.png") for i in range(3) for v in ("a", "b")])
    data = until(
        lambda: s.ok("events.debug_images", metrics=[{"task": task, "metric": "img"}], iters=2)["metrics"],
        lambda m: m and len(m[0]["iterations"]) == 2,
        "images never visible",
    )[0]
    equal((data["task"], [x["iter"] for x in data["iterations"]]), (task, [2, 1]), "task and iterations")
    urls = sorted(e["url"] for e in data["iterations"][0]["events"])
    equal(urls, ["https://storage.example/a2.png", "https://storage.example/b2.png"], "images of the last iteration")
    s.refused("events.debug_images", 400, 12, metrics=[])


def case_scalars_of_one_metric(s):
    task, t0 = s.task(), now_ms() - 60_000
    s.report(*[scalar(task, "loss", "v", float(i), i, t0 + i) for i in range(6)], scalar(task, "acc", "v", 1.0, 0))
    s.histogram(task, 2)
    data = s.ok("events.get_scalar_metric_data", task=task, metric="loss")
    equal((data["returned"], data["total"]), (6, 6), "returned and total")
    got = sorted((e["iter"], e["value"], e["variant"], e["timestamp"]) for e in data["events"])
    equal(got, [(i, i, "v", t0 + i) for i in range(6)], "events")
    rest = s.ok("events.get_scalar_metric_data", task=task, metric="loss", scroll_id=data["scroll_id"])
    equal(rest["events"], [], "events after the last")


def case_latest_scalar_values(s):
    task, t0 = s.task(), now_ms() - 60_000
    s.report(*[scalar(task, "loss", v, float(i), i, t0 + i) for i in range(4) for v in ("a", "b")])
    s.histogram(task, 2)
    metrics = s.ok("events.get_task_latest_scalar_values", task=task)["metrics"]
    got = {(m["name"], v["name"]): v["last_value"] for m in metrics for v in m["variants"]}
    equal(got, {("loss", "a"): 3, ("loss", "b"): 3}, "values")


def case_delete_events_of_a_task(s):
    task = s.task()
    s.report(*[scalar(task, "m", "v", 1.0, i) for i in range(4)])
    s.histogram(task, 1)
    equal(s.ok("events.delete_for_task", task=task)["deleted"], 4, "deleted")
    s.histogram(task, 0)
    check(s.get_task(task)["last_metrics"], "last_metrics of the task went with the events")
