"""Events, from the wire and back."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Api

SINGLE = -(2**31)
T0 = 1_700_000_000_000


def scalar(task: str, metric: str, variant: str, value: Any, iteration: int, timestamp: int = T0, **more: Any) -> Any:
    return {
        "type": "training_stats_scalar", "task": task, "metric": metric, "variant": variant, "value": value,
        "iter": iteration, "timestamp": timestamp, **more,
    }  # fmt: skip


def line(task: str, message: str, timestamp: int, **more: Any) -> Any:
    return {"type": "log", "task": task, "msg": message, "timestamp": timestamp, "level": "INFO", **more}


def plot(task: str, metric: str, variant: str, iteration: int, text: str = "{}") -> Any:
    return {"type": "plot", "task": task, "metric": metric, "variant": variant, "iter": iteration, "plot_str": text}


def image(task: str, metric: str, variant: str, iteration: int) -> Any:
    url = f"https://storage.example/{metric}/{variant}/{iteration}.png"
    return {"type": "training_debug_image", "task": task, "metric": metric, "variant": variant, "iter": iteration,
            "url": url}  # fmt: skip


def send(api: Api, *events: Any) -> dict[str, Any]:
    body = "\n".join(json.dumps(event) for event in events)
    answer = api.send("/events.add_batch", data=body, headers={"Content-Type": "application/json-lines"})
    envelope: dict[str, Any] = answer.json()
    return envelope


def report(api: Api, *events: Any) -> None:
    data = send(api, *events)["data"]
    assert (data.get("added"), data.get("errors")) == (len(events), 0)


def summary(document: dict[str, Any], metric: str, variant: str) -> dict[str, Any]:
    first, second = (hashlib.md5(name.encode()).hexdigest() for name in (metric, variant))
    found: dict[str, Any] = document["last_metrics"][first][second]
    return found


class TestSummary:
    def test_holds_last_first_extremes_count_and_mean(self, api: Api) -> None:
        task = api.task()
        report(api, *[scalar(task, "m", "v", value, i) for i, value in enumerate([3.0, 1.0, 5.0, 4.0])])
        found = summary(api.get_task(task), "m", "v")
        assert {name: found[name] for name in found if name not in ("metric", "variant", "timestamp", "iter")} == {
            "value": 4, "min_value": 1, "min_value_iteration": 1, "max_value": 5, "max_value_iteration": 2,
            "first_value": 3, "first_value_iteration": 0, "count": 4, "mean_value": 3.25,
        }  # fmt: skip

    def test_late_events_of_early_iterations_do_not_become_the_last_value(self, api: Api) -> None:
        task = api.task()
        report(api, scalar(task, "m", "v", 9.0, 9))
        report(api, scalar(task, "m", "v", 1.0, 1))
        found = summary(api.get_task(task), "m", "v")
        assert (found["value"], found["first_value"], api.get_task(task)["last_iteration"]) == (9, 1, 9)

    def test_iteration_of_a_console_line_counts(self, api: Api) -> None:
        task = api.task()
        report(api, line(task, "x", T0, iter=12))
        assert api.get_task(task)["last_iteration"] == 12

    def test_model_events_go_to_the_model(self, api: Api) -> None:
        model = api.model()
        report(api, scalar(model, "m", "v", 1.5, 4, model_event=True))
        found = api.get_model(model)
        assert (summary(found, "m", "v")["value"], found["last_iteration"]) == (1.5, 4)
        assert api.ok("events.scalar_metrics_iter_histogram", task=model, model_events=True)["m"]["v"]["y"] == [1.5]
        assert api.refusal("events.scalar_metrics_iter_histogram", task=model) == (400, 101)


class TestBatch:
    @pytest.mark.parametrize(
        "bad",
        [
            {"value": "0.5"}, {"value": None}, {"value": True}, {"value": float("nan")}, {"value": 10**400},
            {"iter": "1"}, {"iter": 2**70}, {"timestamp": "now"}, {"metric": 1}, {"type": ["plot"]}, {"task": None},
        ],
    )  # fmt: skip
    def test_a_bad_event_is_refused_with_a_reason_and_the_others_stay(self, api: Api, bad: dict[str, Any]) -> None:
        task = api.task()
        data = send(api, scalar(task, "m", "v", 1.0, 0), {**scalar(task, "m", "v", 2.0, 1), **bad})["data"]
        assert (data["added"], data["errors"], len(data["errors_info"])) == (1, 1, 1)
        assert api.ok("events.scalar_metrics_iter_histogram", task=task)["m"]["v"]["x"] == [0]

    def test_a_batch_without_a_good_event_is_refused(self, api: Api) -> None:
        meta = send(api, scalar(api.unknown, "m", "v", 1.0, 0))["meta"]
        assert (meta["result_code"], meta["result_subcode"]) == (400, 131)

    def test_a_published_task_takes_events_only_where_the_event_insists(self, api: Api) -> None:
        task = api.task("published")
        assert send(api, scalar(task, "m", "v", 1.0, 0))["meta"]["result_subcode"] == 131
        report(api, scalar(task, "m", "v", 1.0, 0, allow_locked=True))

    def test_a_batch_sent_twice_after_a_lost_answer_is_stored_once(self, api: Api) -> None:
        task = api.task()
        for _ in range(2):
            report(api, scalar(task, "m", "v", 1.0, 0), scalar(task, "m", "v", 3.0, 0), scalar(task, "m", "v", 5.0, 1))
        drawn = api.ok("events.scalar_metrics_iter_histogram", task=task)["m"]["v"]
        assert (drawn["x"], drawn["y"]) == ([0, 1], [2.0, 5.0])  # two values of one iteration: their mean
        assert api.ok("events.get_scalar_metric_data", task=task, metric="m")["total"] == 3

    def test_names_may_hold_anything(self, api: Api) -> None:
        task, name = api.task(), "a.b $%'\"; DROP TABLE scalars; ü 日本"
        report(api, scalar(task, name, name, 1.0, 0))
        assert list(api.ok("events.scalar_metrics_iter_histogram", task=task)) == [name]
        assert summary(api.get_task(task), name, name)["value"] == 1


class TestCurves:
    def test_single_values_are_no_curve(self, api: Api) -> None:
        task = api.task()
        report(api, scalar(task, "Summary", "s", 1.0, SINGLE), scalar(task, "Summary", "s", 2.0, SINGLE, T0 + 1))
        assert api.ok("events.scalar_metrics_iter_histogram", task=task) == {}
        values = api.ok("events.get_task_single_value_metrics", tasks=[task])["tasks"][0]["values"]
        assert [(one["variant"], one["value"]) for one in values] == [("s", 2.0)]
        assert api.get_task(task)["last_iteration"] == 0

    def test_only_some_metrics(self, api: Api) -> None:
        task = api.task()
        report(api, *[scalar(task, metric, variant, 1.0, 0) for metric in "ab" for variant in "xy"])
        data = api.ok("events.scalar_metrics_iter_histogram", task=task, metrics=[{"metric": "a", "variants": ["y"]}])
        assert {metric: list(variants) for metric, variants in data.items()} == {"a": ["y"]}

    def test_raw_points_come_in_pages(self, api: Api) -> None:
        task = api.task()
        report(api, *[scalar(task, "m", v, float(i), i, T0 + i) for i in range(5) for v in ("a", "b")])
        seen: list[tuple[str, int, float]] = []
        scroll: dict[str, Any] = {}
        while True:
            page = api.ok("events.scalar_metrics_iter_raw", task=task, metric={"metric": "m"}, batch_size=3,
                          key="iter", count_total=True, **scroll)  # fmt: skip
            if not page["returned"]:
                break
            assert page["total"] == 10
            for variant, lists in page["variants"].items():
                seen += [(variant, x, y) for x, y in zip(lists["iter"], lists["y"], strict=True)]
            scroll = {"scroll_id": page["scroll_id"]}
        assert sorted(seen) == [(v, i, float(i)) for v in ("a", "b") for i in range(5)]


class TestLog:
    def test_pages_lose_no_line_of_a_shared_millisecond(self, api: Api) -> None:
        task = api.task()
        report(api, *[line(task, str(i), T0 + i // 5) for i in range(15)])
        seen, last = [], None
        while page := api.ok("events.get_task_log", task=task, batch_size=3, navigate_earlier=False,
                             **({} if last is None else {"from_timestamp": last}))["events"]:  # fmt: skip
            seen += [int(event["msg"]) for event in page]
            last = page[-1]["timestamp"]
        assert seen == list(range(15))

    def test_clear_keeps_what_is_younger(self, api: Api) -> None:
        task = api.task()
        report(api, line(task, "old", T0), line(task, "new", 4_000_000_000_000))
        assert api.ok("events.clear_task_log", task=task, threshold_sec=60)["deleted"] == 1
        assert [event["msg"] for event in api.ok("events.get_task_log", task=task)["events"]] == ["new"]

    def test_download_is_a_file_of_plain_lines(self, api: Api) -> None:
        task = api.task()
        report(api, line(task, "one\n", T0), line(task, "two", T0 + 1))
        request = {"task": task, "line_type": "text", "line_format": "{level} {msg} {0.x}"}
        answer = api.send("/events.download_task_log", json=request)
        assert answer.text == "INFO one {0.x}\nINFO two {0.x}\n"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="task_{task}.log"'
        assert api.refusal("events.download_task_log", task=api.unknown) == (400, 101)


class TestSamples:
    def test_a_plot_reported_again_replaces_the_one_before(self, api: Api) -> None:
        task = api.task()
        report(api, plot(task, "p", "v", 0, "old"), plot(task, "p", "v", 0, "new"))
        plots = api.ok("events.get_task_plots", task=task, iters=5)["plots"]
        assert [one["plot_str"] for one in plots] == ["new"]

    def test_debug_images_scroll_to_earlier_iterations_and_back(self, api: Api) -> None:
        task = api.task()
        report(api, *[image(task, "m", "v", i) for i in range(5)])
        metrics = [{"task": task, "metric": "m"}]
        first = api.ok("events.debug_images", metrics=metrics, iters=2)
        second = api.ok("events.debug_images", metrics=metrics, iters=2, scroll_id=first["scroll_id"])
        third = api.ok("events.debug_images", metrics=metrics, iters=2, scroll_id=second["scroll_id"])
        fourth = api.ok("events.debug_images", metrics=metrics, iters=2, scroll_id=third["scroll_id"])
        back = api.ok("events.debug_images", metrics=metrics, iters=2, scroll_id=third["scroll_id"],
                      navigate_earlier=False)  # fmt: skip
        pages = [[one["iter"] for one in page["metrics"][0]["iterations"]] for page in (first, second, third, fourth)]
        assert pages == [[4, 3], [2, 1], [0], []]
        assert [one["iter"] for one in back["metrics"][0]["iterations"]] == [2, 1]

    def test_debug_images_one_by_one(self, api: Api) -> None:
        task = api.task()
        report(api, *[image(task, "m", v, i) for i in range(2) for v in ("a", "b")])
        shown = api.ok("events.get_debug_image_sample", task=task, metric="m", variant="a")
        assert (shown["event"]["iter"], shown["min_iteration"], shown["max_iteration"]) == (1, 0, 1)
        walk = []
        scroll = shown["scroll_id"]
        for _ in range(3):
            shown = api.ok("events.next_debug_image_sample", task=task, scroll_id=scroll, navigate_earlier=True)
            walk.append((shown["event"]["iter"], shown["event"]["variant"]) if shown["event"] else None)
            scroll = shown["scroll_id"]
        assert walk == [(0, "b"), (0, "a"), None]
        onwards = api.ok("events.next_debug_image_sample", task=task, scroll_id=scroll, navigate_earlier=False,
                         next_iteration=True)  # fmt: skip
        assert (onwards["event"]["iter"], onwards["event"]["variant"]) == (1, "a")

    def test_plots_one_by_one(self, api: Api) -> None:
        task = api.task()
        report(api, *[plot(task, m, v, i) for i in range(2) for m in ("m", "n") for v in ("a", "b")])
        shown = api.ok("events.get_plot_sample", task=task, metric="m", navigate_current_metric=False)
        places = [(one["iter"], one["metric"], one["variant"]) for one in shown["events"]]
        assert places == [(1, "m", "a"), (1, "m", "b")]
        before = api.ok("events.next_plot_sample", task=task, scroll_id=shown["scroll_id"], navigate_earlier=True)
        assert {(one["iter"], one["metric"]) for one in before["events"]} == {(0, "n")}

    @pytest.mark.parametrize("scroll", ["x", "!!", "MQ==", "e30="])
    def test_a_foreign_scroll_id_is_refused(self, api: Api, scroll: str) -> None:
        assert api.refusal("events.next_plot_sample", task=api.task(), scroll_id=scroll) == (400, 12)


class TestAll:
    def test_events_of_all_types_come_by_time(self, api: Api) -> None:
        task = api.task()
        late, early = {**plot(task, "p", "v", 0), "timestamp": T0 + 3}, {**image(task, "i", "v", 0), "timestamp": T0}
        report(api, line(task, "x", T0 + 2), scalar(task, "m", "v", 1.0, 0, T0 + 1), late, early)
        page = api.ok("events.get_task_events", task=task, batch_size=3)
        rest = api.ok("events.get_task_events", task=task, batch_size=3, scroll_id=page["scroll_id"])
        types = [event["type"] for event in page["events"] + rest["events"]]
        assert types == ["training_debug_image", "training_stats_scalar", "log", "plot"]
        assert page["total"] == 4
        plots = api.ok("events.get_task_events", task=task, event_type="plot")["events"]
        assert [event["plot_str"] for event in plots] == ["{}"]

    def test_deletion_forgets_events_and_keeps_the_summary(self, api: Api) -> None:
        task, other = api.task(), api.task()
        report(api, scalar(task, "m", "v", 1.0, 0), line(task, "x", T0), plot(task, "p", "v", 0))
        report(api, scalar(other, "m", "v", 1.0, 0))
        assert api.ok("events.delete_for_task", task=task)["deleted"] == 3
        assert api.ok("events.get_task_events", task=task)["events"] == []
        assert api.ok("events.get_task_events", task=other)["total"] == 1
        assert api.get_task(task)["last_metrics"]

    def test_names_of_metrics(self, api: Api) -> None:
        one, two = api.task(), api.task()
        report(api, scalar(one, "s", "v", 1.0, 0), plot(one, "p", "v", 0), scalar(two, "s", "w", 1.0, 0))
        assert api.ok("events.get_scalar_metrics_and_variants", task=one)["metrics"] == {"s": ["v"]}
        assert api.ok("events.get_task_metrics", tasks=[one])["metrics"] == [{"task": one, "metrics": ["p", "s"]}]
        found = api.ok("events.get_multi_task_metrics", tasks=[one, two], event_type="training_stats_scalar")["metrics"]
        assert found == [{"metric": "s", "variants": ["v", "w"]}]
