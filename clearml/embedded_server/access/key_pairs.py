"""Key pairs, of which the database holds only what cannot be turned back into a secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from embedded_server.access.attempts import LoginLimits, network
from embedded_server.errors import ApiError
from embedded_server.storage.database import Database
from embedded_server.storage.private_files import write_privately

SCHEMA: tuple[str, ...] = (
    """CREATE TABLE key_pairs (
        access_key TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        salt BLOB NOT NULL,
        secret_hash BLOB NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL
    )""",
)
#: later than the tables of `accounts.SCHEMA`: an order that existing files have seen is kept
LATER_SCHEMA: tuple[str, ...] = ("ALTER TABLE key_pairs ADD COLUMN scheme TEXT NOT NULL DEFAULT 'sha256'",)

#: scrypt's costs, those of RFC 7914 for interactive log-ins: 16 MiB and about 50 ms
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_SCHEME = "scrypt"
#: pairs, each with the address that showed it, that are recognised without scrypt
MOST_RECOGNISED = 1024


@dataclass(frozen=True)
class KeyPair:
    """An access key with its secret, which only its maker ever sees."""

    access_key: str
    secret_key: str = field(repr=False)


class KeyPairs:
    """The key pairs of all users.

    A pair that has once been seen to be right is recognised by a fingerprint, which lives in memory only, when the
    same address shows it again: clients may send their pair with every call, and nobody can lock an owner out by
    failing on purpose. Every other attempt costs its sender one of `LoginLimits`, and the server one scrypt.

    Args:
        database: whose table ``key_pairs`` holds them.
        limits: on attempts that fail.
    """

    def __init__(self, database: Database, limits: LoginLimits) -> None:
        self._database = database
        self._limits = limits
        self._fingerprint_key = secrets.token_bytes(32)
        self._recognised: OrderedDict[tuple[str, str], tuple[bytes, bytes]] = OrderedDict()
        # One scrypt at a time: attempts in parallel can take neither much memory nor more tries than their limit.
        self._lock = threading.Lock()

    def upgrade(self) -> None:
        """Hashes by scrypt what an older version of the server stored as a SHA-256; of all pairs, without their keys.

        That is possible because scrypt runs over the SHA-256, here as well as in `check`.
        """
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT * FROM key_pairs WHERE scheme = 'sha256'").fetchall()
            for row in rows:
                connection.execute(
                    "UPDATE key_pairs SET secret_hash = ?, scheme = ? WHERE access_key = ?",
                    (_stretched(row["secret_hash"], row["salt"]), _SCHEME, row["access_key"]),
                )

    def create(self, user: str, label: str = "", address: str | None = None) -> KeyPair:
        """A new pair of a user.

        Args:
            user: whose it is.
            label: what the user calls it.
            address: from which it is recognised at once.
        """
        pair = KeyPair(secrets.token_hex(10).upper(), secrets.token_urlsafe(36))
        salt = secrets.token_bytes(16)
        secret_hash = _hash(pair.secret_key, salt)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO key_pairs (access_key, user, salt, secret_hash, label, created, scheme)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (pair.access_key, user, salt, secret_hash, label, time.time(), _SCHEME),
            )
        if address is not None:
            self._remember((network(address), pair.access_key), pair.secret_key, secret_hash)
        return pair

    def of(self, user: str) -> list[dict[str, str]]:
        """The pairs of a user without their secrets: access_key, label."""
        with self._database.snapshot() as connection:
            rows = connection.execute(
                "SELECT access_key, label FROM key_pairs WHERE user = ? ORDER BY created", (user,)
            ).fetchall()
        return [dict(row) for row in rows]

    def exists(self, access_key: str) -> bool:
        """Whether there is such a pair (still)."""
        return self._row(access_key) is not None

    def label(self, user: str, access_key: str, label: str) -> bool:
        """Whether the user has such a pair."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE key_pairs SET label = ? WHERE access_key = ? AND user = ?", (label, access_key, user)
            )
        return changed.rowcount > 0

    def revoke(self, user: str, access_key: str) -> bool:
        """Whether the user had such a pair."""
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM key_pairs WHERE access_key = ? AND user = ?", (access_key, user))
        return gone.rowcount > 0

    def check(self, access_key: str, secret_key: str, address: str = "") -> str:
        """The user to whom a pair belongs.

        Args:
            access_key: as it was shown.
            secret_key: as it was shown.
            address: of who showed it.

        Raises:
            ApiError: 401/22, there is no such pair; 429, too many attempts have failed.
        """
        row = self._row(access_key)
        place = (network(address), access_key)
        if row and self._is_recognised(place, secret_key, row["secret_hash"]):
            return str(row["user"])
        with self._lock:
            if row and self._is_recognised(place, secret_key, row["secret_hash"]):
                return str(row["user"])
            self._limits.check(address, access_key)
            # An unknown key costs the same as a known one with a wrong secret.
            salt, expected = (row["salt"], row["secret_hash"]) if row else (b"", bytes(_SCRYPT["dklen"]))
            if not hmac.compare_digest(_hash(secret_key, salt), expected) or row is None:
                self._limits.count(address, access_key)
                raise ApiError(401, 22, "Unauthorized (invalid credentials)")
            self._remember(place, secret_key, expected)
        return str(row["user"])

    def _remember(self, place: tuple[str, str], secret_key: str, secret_hash: bytes) -> None:
        self._recognised[place] = (self._fingerprint(secret_key), secret_hash)
        if len(self._recognised) > MOST_RECOGNISED:
            self._recognised.popitem(last=False)

    def _is_recognised(self, place: tuple[str, str], secret_key: str, secret_hash: bytes) -> bool:
        known, hashed = self._recognised.get(place, (b"", b""))
        is_right = hmac.compare_digest(known, self._fingerprint(secret_key))
        return is_right and hmac.compare_digest(hashed, secret_hash)  # still the pair of that time

    def _fingerprint(self, secret_key: str) -> bytes:
        return hmac.digest(self._fingerprint_key, _bytes(secret_key), "sha256")

    def _row(self, access_key: str) -> sqlite3.Row | None:
        with self._database.snapshot() as connection:
            row: sqlite3.Row | None = connection.execute(
                "SELECT user, salt, secret_hash FROM key_pairs WHERE access_key = ?", (access_key,)
            ).fetchone()
        return row


def read_credentials(file: Path) -> KeyPair:
    """The key pair in a credentials file.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no key pair.
    """
    try:
        pair = json.loads(file.read_text(encoding="utf-8"))
        return KeyPair(pair["access_key"] + "", pair["secret_key"] + "")
    except (KeyError, TypeError):
        raise ValueError(f"{file} holds no access_key and secret_key") from None


def write_credentials(file: Path, pair: KeyPair) -> None:
    """Writes a credentials file that only its owner can read."""
    text = json.dumps({"access_key": pair.access_key, "secret_key": pair.secret_key}, indent=2)
    write_privately(file, f"{text}\n")


def _hash(secret_key: str, salt: bytes) -> bytes:
    return _stretched(hashlib.sha256(salt + _bytes(secret_key)).digest(), salt)


def _stretched(digest: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(digest, salt=salt, **_SCRYPT)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
