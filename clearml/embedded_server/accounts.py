"""Who may use the server: users, their key pairs, tokens and one-time login links."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from embedded_server.documents import Document, Documents, new_id, timestamp
from embedded_server.errors import ApiError
from embedded_server.version import API_VERSION, BUILD, SERVER_VERSION

TOKEN_LIFETIME = 30 * 24 * 3600  # seconds
LONGEST_TOKEN_LIFETIME = 366 * 24 * 3600  # seconds
LOGIN_LINK_LIFETIME = 600  # seconds
#: the cookie that the genuine web interface, file server and this server's pages share
COOKIE = "clearml_token_basic"

COMPANY = "embedded"
COMPANY_NAME = "clearml"
FIRST_USER = "automl"
ROLE = "admin"
ALGORITHM = "HS256"

SCHEMA: tuple[str, ...] = (
    """CREATE TABLE key_pairs (
        access_key TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        salt BLOB NOT NULL,
        secret_hash BLOB NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL
    )""",
    "CREATE TABLE signing_keys (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE login_links (token_hash BLOB PRIMARY KEY, user TEXT NOT NULL, expires REAL NOT NULL)",
)


@dataclass(frozen=True)
class Identity:
    """The user on whose behalf a call is made."""

    user: str
    user_name: str
    company: str
    company_name: str
    role: str


@dataclass(frozen=True)
class KeyPair:
    """An access key with its secret, which only its maker ever sees."""

    access_key: str
    secret_key: str


class Accounts:
    """The users of one server.

    The first start makes one user with a key pair, and writes the pair into a file that only the owner can read.
    The database holds no secret from which a key pair could be restored.

    Args:
        documents: where users and their company live, in the collections ``users`` and ``companies``; key pairs and
            links lie in tables of the same database.
        credentials_file: a JSON object of ``access_key`` and ``secret_key``; made again, with a new pair, where it is
            missing or its pair does not work.
    """

    def __init__(self, documents: Documents, credentials_file: Path) -> None:
        self._documents = documents
        self._database = documents.database
        with self._database.transaction() as connection:
            self._signing_key = _signing_key(connection)
            if not documents.get("companies", COMPANY):
                documents.put("companies", {"id": COMPANY, "name": COMPANY_NAME})
            user = self.users()[0]["id"] if self.users() else self._add_user()
            if not self._pair_works(credentials_file):
                # The file before the commit: a crash in between leaves a pair that does not work, which the next start
                # replaces, never a user whose secret nobody knows.
                _write_privately(credentials_file, self.create_key_pair(user, label="first"))

    def _add_user(self) -> str:
        user = new_id()
        self._documents.put(
            "users", {"id": user, "name": FIRST_USER, "company": COMPANY, "role": ROLE, "created": timestamp()}
        )
        return user

    def _pair_works(self, credentials_file: Path) -> bool:
        try:
            pair = json.loads(credentials_file.read_text(encoding="utf-8"))
            self._check_pair(pair["access_key"], pair["secret_key"])
        except (ApiError, OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def authenticate(self, authorization: str | None, cookie: str | None = None) -> Identity:
        """The user whom a request's credentials name.

        Args:
            authorization: the header of that name: a key pair (Basic) or a token (Bearer).
            cookie: the cookie `COOKIE`, a token, which counts where there is no header.

        Raises:
            ApiError: 401 with subcode 10 (unknown scheme), 20 (no credentials), 21 (not readable), 22 (a wrong pair)
                or 30 (a bad token).
        """
        if not authorization:
            if not cookie:
                raise ApiError(401, 20, "Unauthorized (missing credentials)")
            return self._identity_of_token(cookie)
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._identity_of_token(value.strip())
        if scheme.lower() == "basic":
            return self._check_pair(*_decode_basic(value.strip()))
        raise ApiError(401, 10, "Unauthorized (bad authentication header type)")

    def authenticate_token(self, authorization: str | None, cookie: str | None = None) -> Identity:
        """Like `authenticate`, for places that take no key pair.

        Raises:
            ApiError: 401.
        """
        if authorization and not authorization.lower().startswith("bearer "):
            raise ApiError(401, 10, "Unauthorized (a token is needed: log in by auth.login)")
        return self.authenticate(authorization, cookie)

    def issue_token(self, identity: Identity, expiration_sec: int | None = None) -> str:
        """A token that stands for a user.

        Args:
            identity: the user.
            expiration_sec: seconds until it expires; a month by default, a year at most.
        """
        now = int(time.time())
        lifetime = min(expiration_sec or TOKEN_LIFETIME, LONGEST_TOKEN_LIFETIME)
        claims: dict[str, Any] = {
            "iat": now,
            "exp": now + max(1, lifetime),
            "auth_type": "Bearer",
            "api_version": API_VERSION,
            "server_version": SERVER_VERSION,
            "server_build": BUILD,
            "feature_set": "basic",
            "identity": {
                "user": identity.user,
                "user_name": identity.user_name,
                "company": identity.company,
                "company_name": identity.company_name,
                "role": identity.role,
            },
        }
        return jwt.encode(claims, self._signing_key, algorithm=ALGORITHM)

    def create_login_link(self, identity: Identity) -> str:
        """A token that logs a browser in, once, within `LOGIN_LINK_LIFETIME` seconds."""
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM login_links WHERE expires < ?", (time.time(),))
            connection.execute(
                "INSERT INTO login_links (token_hash, user, expires) VALUES (?, ?, ?)",
                (_digest(token), identity.user, time.time() + LOGIN_LINK_LIFETIME),
            )
        return token

    def redeem_login_link(self, token: str) -> Identity | None:
        """The user of a login link, which is thereby used up; None where it is unknown, used or expired."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM login_links WHERE token_hash = ? RETURNING user, expires", (_digest(token),)
            ).fetchone()
            if row is None or row["expires"] < time.time():
                return None
            return self._identity(row["user"])

    def users(self) -> list[Document]:
        """All users, the one that the first start made first: id, name, company, role, created."""
        return self._documents.query("users")

    def identity(self, user: str) -> Identity | None:
        """The user with an id, or None."""
        found = self._documents.get("users", user)
        return Identity(user, found["name"], COMPANY, COMPANY_NAME, found["role"]) if found else None

    def edit_user(self, user: str, changes: dict[str, str]) -> bool:
        """Changes ``name`` or ``role``; whether there is such a user."""
        with self._database.transaction():
            found = self._documents.get("users", user)
            if found:
                self._documents.put("users", {**found, **changes})
        return found is not None

    def preferences(self, user: str) -> dict[str, Any]:
        """What the web interface keeps for a user."""
        found = self._documents.get("preferences", user)
        return found["preferences"] if found else {}

    def set_preferences(self, user: str, preferences: dict[str, Any]) -> None:
        """Replaces them."""
        self._documents.put("preferences", {"id": user, "preferences": preferences})

    def key_pairs(self, user: str) -> list[dict[str, str]]:
        """The key pairs of a user without their secrets: access_key, label."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT access_key, label FROM key_pairs WHERE user = ? ORDER BY created", (user,)
            ).fetchall()
        return [dict(row) for row in rows]

    def create_key_pair(self, user: str, label: str = "") -> KeyPair:
        """A new key pair of a user."""
        pair = KeyPair(secrets.token_hex(10).upper(), secrets.token_urlsafe(36))
        salt = secrets.token_bytes(16)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO key_pairs (access_key, user, salt, secret_hash, label, created) VALUES (?, ?, ?, ?, ?, ?)",
                (pair.access_key, user, salt, _digest(pair.secret_key, salt), label, time.time()),
            )
        return pair

    def label_key_pair(self, user: str, access_key: str, label: str) -> bool:
        """Whether the user has such a pair."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE key_pairs SET label = ? WHERE access_key = ? AND user = ?", (label, access_key, user)
            )
        return changed.rowcount > 0

    def revoke_key_pair(self, user: str, access_key: str) -> bool:
        """Whether the user had such a pair."""
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM key_pairs WHERE access_key = ? AND user = ?", (access_key, user))
        return gone.rowcount > 0

    def _check_pair(self, access_key: str, secret_key: str) -> Identity:
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT user, salt, secret_hash FROM key_pairs WHERE access_key = ?", (access_key,)
            ).fetchone()
            # An unknown key costs the same as a known one with a wrong secret.
            salt, expected = (row["salt"], row["secret_hash"]) if row else (b"", b"\0" * 32)
            if not hmac.compare_digest(_digest(secret_key, salt), expected):
                raise ApiError(401, 22, "Unauthorized (invalid credentials)")
            return self._identity(row["user"])

    def _identity_of_token(self, token: str) -> Identity:
        try:
            claims = jwt.decode(
                token, self._signing_key, algorithms=[ALGORITHM], options={"require": ["exp"], "verify_iat": False}
            )
            user = claims["identity"]["user"]
        except jwt.ExpiredSignatureError:
            raise ApiError(401, 30, "Unauthorized (invalid token: it has expired)") from None
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise ApiError(401, 30, "Unauthorized (invalid token)") from None
        return self._identity(user)

    def _identity(self, user: str) -> Identity:
        identity = self.identity(user)
        if identity is None:
            raise ApiError(401, 30, "Unauthorized (invalid token: no such user)")
        return identity


def read_credentials(file: Path) -> KeyPair:
    """The key pair in a credentials file."""
    pair = json.loads(file.read_text(encoding="utf-8"))
    return KeyPair(pair["access_key"], pair["secret_key"])


def _signing_key(connection: sqlite3.Connection) -> bytes:
    connection.execute(
        "INSERT INTO signing_keys (name, value) VALUES ('tokens', ?) ON CONFLICT DO NOTHING", (secrets.token_bytes(32),)
    )
    key: bytes = connection.execute("SELECT value FROM signing_keys WHERE name = 'tokens'").fetchone()[0]
    return key


def _digest(secret: str, salt: bytes = b"") -> bytes:
    # Secrets are drawn from 288 random bits: nobody can guess one, so a slow password hash would gain nothing, and
    # every call with a key pair would pay for it.
    return hashlib.sha256(salt + secret.encode("utf-8", "surrogatepass")).digest()


def _decode_basic(value: str) -> tuple[str, str]:
    try:
        access_key, colon, secret_key = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise ApiError(401, 21, "Unauthorized (malformed credentials)") from None
    if not colon:
        raise ApiError(401, 21, "Unauthorized (malformed credentials)")
    return access_key, secret_key


def _write_privately(file: Path, pair: KeyPair) -> None:
    """Writes the whole file or nothing, readable by its owner only at every moment."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp makes it with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"access_key": pair.access_key, "secret_key": pair.secret_key}, stream, indent=2)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
