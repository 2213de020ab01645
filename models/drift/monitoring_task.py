"""The ClearML task that shows a service's drift: type monitor, in its model's project, named ``drift of <name>``.

There is one for a name, and it goes on: a service that starts again continues the task of the one before, so that one
chart shows all of the time that the name was served. An iteration is a minute since the task was created, or the next
one where two reports come in one minute. Whoever archives or publishes it begins a new one with the next start.

It talks to the server directly and gives up soon, where the SDK's `Task` would wait for hours for one that is away.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from models.drift.figures import distances_figure, table_figure
from models.drift.watch import Watch

#: Of a request, which must not wait long: the next report says it all once more.
RETRIES = {"total": 1, "connect": 1, "read": 1, "redirect": 1, "status": 1, "backoff_factor": 0.1, "backoff_max": 1}
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 15.0
#: Columns whose scalars are reported: of a wider table those that moved before the others.
COLUMNS = 50
#: Minutes between the plots of two reports at least, where no other columns have moved meanwhile.
PLOT_MINUTES = 60


class ServerRefused(Exception):
    """The server answered, and not with what was asked for."""


class MonitoringTask:
    """The task of a name, found or made by the first report."""

    def __init__(self) -> None:
        self._session: Any = None
        self._id = ""
        self._created = datetime.now(timezone.utc)
        self._model_id = ""
        self._moved: tuple[str, ...] | None = None
        self._iteration = -1
        self._plotted = -PLOT_MINUTES

    @property
    def id(self) -> str:
        """Of the task; empty before the first report."""
        return self._id

    def report(self, watch: Watch) -> None:
        """Reports scalars, plots now and then, and a console line where other columns have moved than before.

        Raises:
            Exception: of many kinds, where the server is away; nothing is lost then but this one report.
        """
        self._open(watch)
        report = watch.recent
        iteration = max(self._iteration + 1, int((datetime.now(timezone.utc) - self._created).total_seconds() // 60))
        found = [column.name for column in (*report.moved_columns, *report.moved_predictions)]
        moved = tuple(sorted(found))
        events = [self._event("training_stats_scalar", iteration, **scalar) for scalar in _scalars(watch)]
        has_changed = moved != self._moved and bool(moved or self._moved)
        is_plotted = has_changed or iteration - self._plotted >= PLOT_MINUTES
        if is_plotted:
            for variant, figure in (("by column", distances_figure(report)), ("table", table_figure(report))):
                plot = json.dumps(figure)
                events.append(self._event("plot", iteration, metric="Drift", variant=variant, plot_str=plot))
        if has_changed:
            events.append(self._line(report.summary, "WARNING" if moved else "INFO"))
        self._add(events)
        # only now: what failed is reported once more
        self._iteration, self._moved = iteration, moved
        self._plotted = iteration if is_plotted else self._plotted

    def close(self) -> None:
        """Marks the task stopped; the next service of the name goes on with it.

        Raises:
            Exception: see `report`.
        """
        if self._id:
            self._ask("tasks", "stopped", task=self._id, force=True, status_reason="the service ended")

    def reconnect(self) -> None:
        """Logs in anew with the next report: the server may have been replaced."""
        self._session = None

    def _open(self, watch: Watch) -> None:
        if self._session is None:
            self._session = _session()
            self._id = ""
        if not self._id:
            self._id, self._created, self._iteration = self._continued(watch) or self._made(watch)
            self._ask("tasks", "started", task=self._id, force=True, status_reason="a service began")
            self._model_id = ""
        if watch.model_id != self._model_id:
            model = {"task": self._id, "name": watch.model_name, "model": watch.model_id, "type": "input"}
            self._ask("tasks", "add_or_update_model", **model)
            self._add([self._line(f"model {watch.model_id} of {watch.model_name} answers", "INFO")])
            self._model_id = watch.model_id

    def _continued(self, watch: Watch) -> tuple[str, datetime, int] | None:
        found = self._ask(
            "tasks", "get_all", name=f"^{re.escape(task_name(watch.model_name))}$", project=[self._project(watch)],
            type=["monitor"], system_tags=["-archived"], order_by=["-created"],
            status=["created", "in_progress", "stopped", "closed", "failed", "completed"],
            only_fields=["id", "name", "created", "last_iteration"],
        ).tasks  # fmt: skip
        same = [task for task in found or () if task.name == task_name(watch.model_name)]
        return (same[0].id, _utc(same[0].created), same[0].last_iteration or 0) if same else None

    def _made(self, watch: Watch) -> tuple[str, datetime, int]:
        settings = {
            "limit": ("population stability index beyond chance, from which on a column has moved", watch.recent.limit),
            "model": ("whose champion answers", watch.model_name),
        }
        hyperparameters = {
            name: {"section": "Drift", "name": name, "value": str(value), "description": text}
            for name, (text, value) in settings.items()
        }
        made = self._ask(
            "tasks", "create", name=task_name(watch.model_name), type="monitor", project=self._project(watch),
            tags=["drift"], hyperparams={"Drift": hyperparameters},
            comment="What a service was asked, against the training profile of its model: docs/drift.md.",
        )  # fmt: skip
        return made.id, datetime.now(timezone.utc), -1

    def _project(self, watch: Watch) -> str:
        found = self._ask("models", "get_all", id=[watch.model_id], only_fields=["id", "project"]).models
        if not found:
            raise ServerRefused(f"there is no model {watch.model_id}")
        return str(found[0].project)

    def _ask(self, service: str, action: str, **fields: Any) -> Any:
        from clearml.backend_api import services

        name = "".join(part.title() for part in action.split("_"))
        return self._answer(self._session.send(getattr(getattr(services, service), f"{name}Request")(**fields)))

    def _add(self, events: list[dict[str, Any]]) -> None:
        from clearml.backend_api.services import events as service

        self._answer(self._session.send(service.AddBatchRequest(requests=events)))

    @staticmethod
    def _answer(result: Any) -> Any:
        if result is None or not result.ok():
            raise ServerRefused(str(getattr(getattr(result, "meta", None), "result_msg", "no answer")))
        return result.response

    def _event(self, type: str, iteration: int, **fields: Any) -> dict[str, Any]:
        return {"type": type, "task": self._id, "timestamp": _now_ms(), "iter": iteration, **fields}

    def _line(self, text: str, level: str) -> dict[str, Any]:
        return {"type": "log", "task": self._id, "timestamp": _now_ms(), "level": level, "worker": "drift", "msg": text}


def task_name(model_name: str) -> str:
    """Name of the monitoring task of a model's name."""
    return f"drift of {model_name}"


def _scalars(watch: Watch) -> Iterator[dict[str, Any]]:
    report = watch.recent

    def scalar(metric: str, variant: str, value: float) -> dict[str, Any]:
        return {"metric": metric, "variant": variant, "value": float(value)}

    yield scalar("Drift", "moved columns", len(report.moved_columns))
    yield scalar("Rows", "last day", report.rows)
    yield scalar("Rows", "since the model began", watch.total.rows)
    for column in report.columns[:COLUMNS]:
        yield scalar("PSI", column.name, column.worst.psi)
        yield scalar("PSI beyond chance", column.name, column.worst.beyond_chance)
        yield scalar("Missing share", column.name, column.missing_now)
        if column.new_share is not None:
            yield scalar("New categories share", column.name, column.new_share)
    for column in report.predictions:
        yield scalar("Prediction PSI", column.name, column.worst.psi)
        if column.kind == "class":
            for label, share in zip(column.shares.labels, column.shares.now, strict=True):
                yield scalar("Predicted share", label, share)


def _session() -> Any:
    from clearml.backend_api import Session

    session = Session(http_retries_config=RETRIES)
    session._session_timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
    return session


def _now_ms() -> int:
    return int(time.time() * 1000)


def _utc(told: Any) -> datetime:
    moment = datetime.fromisoformat(told.replace("Z", "+00:00")) if isinstance(told, str) else told
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
