"""Who may use the server: users, their key pairs, tokens and one-time login links."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded_server.access import key_pairs, tokens
from embedded_server.access.attempts import LoginLimits
from embedded_server.access.key_pairs import KeyPair, KeyPairs, read_credentials, write_credentials
from embedded_server.access.tokens import TOKEN_LIFETIME, Tokens
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, Documents, new_id, timestamp
from embedded_server.storage.private_files import close_to_others
from embedded_server.version import API_VERSION, BUILD, SERVER_VERSION

__all__ = [
    "COOKIE", "LOGIN_LINK_LIFETIME", "SCHEMA", "TOKEN_KEY_FILE", "TOKEN_LIFETIME", "Accounts", "Identity", "KeyPair",
    "read_credentials",
]  # fmt: skip

LOGIN_LINK_LIFETIME = 600  # seconds
#: the cookie that the genuine web interface, file server and this server's pages share
COOKIE = "clearml_token_basic"
#: beside the credentials file: what tokens are signed with
TOKEN_KEY_FILE = "tokens.key"

COMPANY = "embedded"
COMPANY_NAME = "clearml"
FIRST_USER = "automl"
ROLE = "admin"

SCHEMA: tuple[str, ...] = (
    *key_pairs.SCHEMA,
    "CREATE TABLE signing_keys (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    "CREATE TABLE login_links (token_hash BLOB PRIMARY KEY, user TEXT NOT NULL, expires REAL NOT NULL)",
    *key_pairs.LATER_SCHEMA,
    *tokens.SCHEMA,
    "ALTER TABLE login_links ADD COLUMN access_key TEXT NOT NULL DEFAULT ''",
)

#: from where the person sits who may read the credentials file
_THIS_MACHINE = "127.0.0.1"


@dataclass(frozen=True)
class Identity:
    """The user on whose behalf a call is made."""

    user: str
    user_name: str
    company: str
    company_name: str
    role: str
    #: of the pair by which the user came in, directly or by a token; empty where no pair can be taken back
    access_key: str = field(default="", compare=False)


class Accounts:
    """The users of one server.

    The first start makes one user with a key pair, and writes the pair into a file that only the owner can read.
    Neither key pairs nor tokens can be made out of what the database holds.

    Args:
        documents: where users and their company live, in the collections ``users`` and ``companies``; key pairs and
            links lie in tables of the same database.
        credentials_file: a JSON object of ``access_key`` and ``secret_key``; made again, with a new pair, where it is
            missing or its pair does not work. `TOKEN_KEY_FILE` lies beside it.
    """

    def __init__(self, documents: Documents, credentials_file: Path) -> None:
        self._documents = documents
        self._database = documents.database
        self._limits = LoginLimits()
        self._pairs = KeyPairs(self._database, self._limits)
        self._tokens = Tokens(self._database, credentials_file.with_name(TOKEN_KEY_FILE))
        with self._database.transaction():
            self._pairs.upgrade()
            if not documents.get("companies", COMPANY):
                documents.put("companies", {"id": COMPANY, "name": COMPANY_NAME})
            user = self.users()[0]["id"] if self.users() else self._add_user()
        if not self._pair_works(credentials_file):
            with self._database.transaction():
                # The file before the commit: a crash in between leaves a pair that does not work, which the next start
                # replaces, never a user whose secret nobody knows.
                write_credentials(credentials_file, self._pairs.create(user, "first", _THIS_MACHINE))

    def _add_user(self) -> str:
        user = new_id()
        self._documents.put(
            "users", {"id": user, "name": FIRST_USER, "company": COMPANY, "role": ROLE, "created": timestamp()}
        )
        return user

    def _pair_works(self, credentials_file: Path) -> bool:
        try:
            close_to_others(credentials_file)
            pair = read_credentials(credentials_file)
            self._pairs.check(pair.access_key, pair.secret_key, _THIS_MACHINE)
        except (ApiError, OSError, ValueError):
            return False
        return True

    def authenticate(self, authorization: str | None, cookie: str | None = None, address: str = "") -> Identity:
        """The user whom a request's credentials name.

        Args:
            authorization: the header of that name: a key pair (Basic) or a token (Bearer).
            cookie: the cookie `COOKIE`, a token, which counts where there is no header.
            address: from where the request came; attempts with wrong key pairs are limited by it.

        Raises:
            ApiError: 401 with subcode 10 (unknown scheme), 20 (no credentials), 21 (not readable), 22 (a wrong pair)
                or 30 (a bad token); 429, too many attempts have failed.
        """
        if not authorization:
            if not cookie:
                raise ApiError(401, 20, "Unauthorized (missing credentials)")
            return self._identity_of_token(cookie)
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._identity_of_token(value.strip())
        if scheme.lower() == "basic":
            access_key, secret_key = _decode_basic(value.strip())
            return self._identity(self._pairs.check(access_key, secret_key, address), access_key)
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
        """A token that stands for a user, until it expires or the pair by which the user came in is revoked.

        Args:
            identity: the user.
            expiration_sec: seconds until it expires; a month by default, a year at most.
        """
        claims: dict[str, Any] = {
            "auth_type": "Bearer",
            "api_version": API_VERSION,
            "server_version": SERVER_VERSION,
            "server_build": BUILD,
            "feature_set": "basic",
            "access_key": identity.access_key,
            "identity": {
                "user": identity.user,
                "user_name": identity.user_name,
                "company": identity.company,
                "company_name": identity.company_name,
                "role": identity.role,
            },
        }
        return self._tokens.issue(claims, expiration_sec)

    def revoke_token(self, token: str) -> None:
        """Makes a token worthless before it expires, as for a browser that logs out; what is none is left alone."""
        self._tokens.revoke(token)

    def create_login_link(self, identity: Identity) -> str:
        """A token that logs a browser in, once, within `LOGIN_LINK_LIFETIME` seconds."""
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM login_links WHERE expires < ?", (time.time(),))
            connection.execute(
                "INSERT INTO login_links (token_hash, user, expires, access_key) VALUES (?, ?, ?, ?)",
                (_digest(token), identity.user, time.time() + LOGIN_LINK_LIFETIME, identity.access_key),
            )
        return token

    def redeem_login_link(self, token: str, address: str = "") -> Identity | None:
        """The user of a login link, which is thereby used up; None where it is unknown, used or expired.

        Raises:
            ApiError: 429, too many attempts from the address have failed.
        """
        self._limits.check(address)
        with self._database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM login_links WHERE token_hash = ? RETURNING user, expires, access_key", (_digest(token),)
            ).fetchone()
            if row is not None and row["expires"] >= time.time():
                return self._identity(row["user"], row["access_key"])
        self._limits.count(address)
        return None

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
        return self._pairs.of(user)

    def create_key_pair(self, user: str, label: str = "") -> KeyPair:
        """A new key pair of a user, whose secret is told this once."""
        return self._pairs.create(user, label)

    def label_key_pair(self, user: str, access_key: str, label: str) -> bool:
        """Whether the user has such a pair."""
        return self._pairs.label(user, access_key, label)

    def revoke_key_pair(self, user: str, access_key: str) -> bool:
        """Makes a pair worthless, with all tokens that it led to; whether the user had such a pair."""
        return self._pairs.revoke(user, access_key)

    def _identity_of_token(self, token: str) -> Identity:
        with self._database.snapshot():
            claims = self._tokens.read(token)
            access_key = str(claims.get("access_key", ""))
            if access_key and not self._pairs.exists(access_key):
                raise ApiError(401, 30, "Unauthorized (invalid token: its key pair was revoked)")
            try:
                return self._identity(claims["identity"]["user"], access_key)
            except (KeyError, TypeError):
                raise ApiError(401, 30, "Unauthorized (invalid token)") from None

    def _identity(self, user: str, access_key: str) -> Identity:
        found = self._documents.get("users", user)
        if found is None:
            raise ApiError(401, 30, "Unauthorized (invalid token: no such user)")
        return Identity(user, found["name"], COMPANY, COMPANY_NAME, found["role"], access_key)


def _digest(token: str) -> bytes:
    # A login link holds 256 random bits for ten minutes: nobody can guess one, whatever the hash costs.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _decode_basic(value: str) -> tuple[str, str]:
    try:
        access_key, colon, secret_key = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise ApiError(401, 21, "Unauthorized (malformed credentials)") from None
    if not colon:
        raise ApiError(401, 21, "Unauthorized (malformed credentials)")
    return access_key, secret_key
