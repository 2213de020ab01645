"""Refusals of the API, with the codes that the genuine server answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call that is refused.

    Args:
        code: HTTP status, which is also ``meta.result_code``.
        subcode: ``meta.result_subcode``.
        message: ``meta.result_msg``, one line.
        data: ``meta.error_data``.
    """

    def __init__(self, code: int, subcode: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.message = message
        self.data = dict(data or {})
