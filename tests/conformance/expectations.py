"""What a case expects, and how it says that the server does otherwise."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any


class Mismatch(AssertionError):
    """The server's answer is not what ClearML Server 2.0 answers."""


def short(value: Any, limit: int = 300) -> str:
    """A value as text that fits into a line."""
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= limit else text[:limit] + "..."


def check(condition: Any, what: str) -> None:
    """Something must hold."""
    if not condition:
        raise Mismatch(what)


def equal(actual: Any, expected: Any, what: str) -> None:
    """A value must be the expected one."""
    if actual != expected:
        raise Mismatch(f"{what}: expected {short(expected)}, got {short(actual)}")


def close_to(actual: Any, expected: Any, what: str, tolerance: float = 1e-6) -> None:
    """Two numbers, or two equally long lists of numbers, must agree but for rounding."""
    many = isinstance(expected, (list, tuple))
    left, right = (actual, expected) if many else ([actual], [expected])
    agree = (
        isinstance(left, list)
        and len(left) == len(right)
        and all(isinstance(a, int | float) and abs(a - b) <= tolerance for a, b in zip(left, right, strict=True))
    )
    if not agree:
        raise Mismatch(f"{what}: expected about {short(expected)}, got {short(actual)}")


def until(read: Callable[[], Any], good: Callable[[Any], Any], what: str, seconds: float = 5) -> Any:
    """The first value of read() that good() accepts; a server may show events a moment after it took them."""
    deadline = time.monotonic() + seconds
    while True:
        value = read()
        if good(value):
            return value
        if time.monotonic() > deadline:
            raise Mismatch(f"{what}: last seen {short(value)}")
        time.sleep(0.1)
