"""API keys: who may ask the service."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from config.errors import BadInput

ENVIRONMENT = "AUTOML_SERVE_KEY"
FILE_NAME = "serving.key"
#: Characters that a key must have: fewer can be guessed.
SHORTEST = 16


def keys_of(file: Path | None, home: Path) -> tuple[frozenset[str], str]:
    """The keys that are let in, and where a person finds them.

    Args:
        file: a key a line; lines that begin with # say whose they are. None where the person named no file: then it is
            the environment's ``AUTOML_SERVE_KEY``, else the file ``serving.key`` of the home folder, which is made
            with a new key, readable by its owner only, where there is none.
        home: ``AUTOML_HOME``.

    Raises:
        BadInput: the file cannot be read, or holds no key that is long enough.
    """
    named = os.environ.get(ENVIRONMENT, "")
    if file is None and named:
        return _checked([named], f"environment variable {ENVIRONMENT}")
    path = file or home / FILE_NAME
    try:
        if file is None:
            _make(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadInput(
            f"the file of API keys {path} cannot be read: {reason}; name another by --api-key-file"
        ) from None
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return _checked(keys, f"file {path}")


class Guard:
    """Lets in who sends a key: as ``Authorization: Bearer KEY``, as ``X-API-Key: KEY``, or, for browsers, as the
    password of HTTP's basic authentication, with any name.

    Args:
        keys: that are let in; empty lets everybody in.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        # digests are compared, so that the time it takes tells nothing of a key
        self._digests = frozenset(_digest(key.encode()) for key in keys)

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for."""
        return not self._digests

    def lets_in(self, authorization: bytes, api_key: bytes) -> bool:
        """Whether a request with these headers may pass; each is empty where it was not sent."""
        if not self._digests:
            return True
        if api_key and _digest(api_key) in self._digests:
            return True
        scheme, _, given = authorization.partition(b" ")
        if scheme.lower() == b"bearer":
            return _digest(given.strip()) in self._digests
        if scheme.lower() == b"basic":
            try:
                _, _, password = base64.b64decode(given, validate=True).partition(b":")
            except binascii.Error:
                return False
            return _digest(password) in self._digests
        return False


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _checked(keys: list[str], where: str) -> tuple[frozenset[str], str]:
    if not keys:
        raise BadInput(f"{where} holds no API key; put one of {SHORTEST} characters or more on a line of its own")
    for key in keys:
        if len(key) < SHORTEST or not key.isascii() or any(character.isspace() for character in key):
            raise BadInput(
                f"{where} holds an API key that is too short or has unusual characters; use {SHORTEST} or more letters"
                f" and digits, such as {secrets.token_urlsafe(24)}"
            )
    return frozenset(keys), where


def _make(path: Path) -> None:
    """Makes the file with a new key, unless it is there; of two that do so at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secrets.token_urlsafe(32)}\n")
