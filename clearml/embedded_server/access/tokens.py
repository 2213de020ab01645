"""Tokens: what a client shows in place of its key pair, until they expire or are taken back."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import jwt

from embedded_server.errors import ApiError
from embedded_server.storage.database import Database
from embedded_server.storage.private_files import close_to_others, write_privately

TOKEN_LIFETIME = 30 * 24 * 3600  # seconds
LONGEST_TOKEN_LIFETIME = 366 * 24 * 3600  # seconds
ALGORITHM = "HS256"

SCHEMA: tuple[str, ...] = (
    "CREATE TABLE revoked_tokens (id TEXT PRIMARY KEY, expires REAL NOT NULL)",
    # Older versions kept the key in the database, whose copies get around. It is worthless now: clients log in again.
    "DELETE FROM signing_keys",
)

_KEY_SIZE = 32  # bytes, as many as the signature has
_EXPIRED = "Unauthorized (invalid token: it has expired)"
_INVALID = "Unauthorized (invalid token)"


class Tokens:
    """Issues tokens (JWT) and reads them.

    Args:
        database: keeps which tokens were taken back.
        key_file: holds the signing key; made where it is missing or not one, which makes all tokens worthless. It is
            no part of the database: whoever has a copy of that can still not make a token.
    """

    def __init__(self, database: Database, key_file: Path) -> None:
        self._database = database
        self._key = _signing_key(key_file)

    def issue(self, claims: dict[str, Any], lifetime: int | None = None) -> str:
        """A token with claims.

        Args:
            claims: what the token says, besides when it was issued and when it expires.
            lifetime: seconds; a month by default, a year at most.
        """
        now = int(time.time())
        seconds = min(lifetime or TOKEN_LIFETIME, LONGEST_TOKEN_LIFETIME)
        # The id, not the text, is what is taken back: base64 has more than one text for the same signature.
        frame = {"jti": secrets.token_hex(16), "iat": now, "exp": now + max(1, seconds)}
        return jwt.encode({**frame, **claims}, self._key, algorithm=ALGORITHM)

    def read(self, token: str) -> dict[str, Any]:
        """What a token says.

        Raises:
            ApiError: 401/30, it was not issued here, has expired or was taken back.
        """
        claims = self._decoded(token)
        with self._database.snapshot() as connection:
            revoked = connection.execute("SELECT 1 FROM revoked_tokens WHERE id = ?", (claims["jti"],))
            if revoked.fetchone() is not None:
                raise ApiError(401, 30, _INVALID)
        return claims

    def revoke(self, token: str) -> None:
        """Takes a token back; what is none is left alone."""
        try:
            claims = self._decoded(token)
        except ApiError:
            return
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM revoked_tokens WHERE expires < ?", (time.time(),))
            connection.execute("INSERT OR IGNORE INTO revoked_tokens VALUES (?, ?)", (claims["jti"], claims["exp"]))

    def _decoded(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, algorithms=[ALGORITHM], options={"require": ["exp", "jti"], "verify_iat": False}
            )
        except jwt.ExpiredSignatureError:
            raise ApiError(401, 30, _EXPIRED) from None
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise ApiError(401, 30, _INVALID) from None
        return claims


def _signing_key(file: Path) -> bytes:
    try:
        close_to_others(file)
        key = bytes.fromhex(file.read_text(encoding="ascii"))
        if len(key) == _KEY_SIZE:
            return key
    except (FileNotFoundError, ValueError):
        pass
    key = secrets.token_bytes(_KEY_SIZE)
    write_privately(file, f"{key.hex()}\n")
    return key
