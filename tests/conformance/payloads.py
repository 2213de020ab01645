"""What cases send: hyperparameters and events."""

from __future__ import annotations

import time
from typing import Any

Payload = dict[str, Any]


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


def param(section: str, name: str, value: Any, **more: Any) -> Payload:
    """A hyperparameter."""
    return {"section": section, "name": name, "value": value, **more}


def scalar(
    task: str, metric: str, variant: str, value: Any, iteration: int, timestamp: int | None = None, **more: Any
) -> Payload:
    """A point of a curve."""
    return {
        "type": "training_stats_scalar", "task": task, "metric": metric, "variant": variant, "value": value,
        "iter": iteration, "timestamp": timestamp or now_ms(), **more,
    }  # fmt: skip


def log_line(task: str, message: str, timestamp: int, level: str = "INFO", **more: Any) -> Payload:
    """A line of the console."""
    return {"type": "log", "task": task, "msg": message, "timestamp": timestamp, "level": level, **more}


def plot(task: str, metric: str, variant: str, iteration: int, plot_str: str = '{"data": []}', **more: Any) -> Payload:
    """A plot, as plotly writes it."""
    return {
        "type": "plot", "task": task, "metric": metric, "variant": variant, "iter": iteration,
        "plot_str": plot_str, "timestamp": now_ms(), **more,
    }  # fmt: skip


def image(task: str, metric: str, variant: str, iteration: int, url: str, **more: Any) -> Payload:
    """A debug image, which lies at a URL."""
    return {
        "type": "training_debug_image", "task": task, "metric": metric, "variant": variant, "iter": iteration,
        "url": url, "timestamp": now_ms(), **more,
    }  # fmt: skip
