"""Scroll ids that hold their own state, so that a page can be asked for after the server was started anew."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from embedded_server.errors import ApiError


def scroll_id(state: Any) -> str:
    """The text that a client sends back to go on from a state, which is anything JSON can hold."""
    return base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode()


def read_scroll_id(text: str | None, default: Any) -> Any:
    """The state in a scroll id; the default where there is none.

    Raises:
        ApiError: 400/12, the text is no scroll id of this server's.
    """
    if not text:
        return default
    try:
        state = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError):
        raise ApiError(400, 12, "Validation error (invalid scroll id)") from None
    if type(state) is not type(default):
        raise ApiError(400, 12, "Validation error (scroll id of another kind of list)")
    return state
