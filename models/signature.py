"""Who published a model: a signature of its file, made and checked with a key that stays at home.

A pickled file runs whatever it holds when it is loaded. Whoever may write to the registry could put another file there
and the file's SHA-256 beside it; without the key nobody can put the signature there, too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from config.errors import BadInput
from config.settings import resolve

#: holds the key of a team, whose members then load what the others publish
ENVIRONMENT = "AUTOML_SIGNING_KEY"
#: in ``AUTOML_HOME``; readable by its owner alone
KEY_FILE = "model-signing.key"
#: of a key that a person chooses
SHORTEST_KEY = 16  # characters
_KEY_BYTES = 32
_PURPOSE = b"clearml-automl model file\n"
_ALGORITHM = "hmac-sha256"


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A secret that signs the files of published models, HMAC-SHA256 (RFC 2104)."""

    secret: bytes

    @property
    def id(self) -> str:
        """Tells keys apart, and tells nothing of the secret."""
        return hashlib.sha256(b"clearml-automl key id\n" + self.secret).hexdigest()[:8]

    def sign(self, sha256: str) -> str:
        """The signature of a file: algorithm, key id and code, as the metadata ``signature`` holds it.

        Args:
            sha256: of the file's content, hexadecimal.
        """
        return f"{_ALGORITHM}:{self.id}:{self._code(sha256)}"

    def problem(self, signature: str, sha256: str) -> str:
        """Why a signature does not vouch for a file, in words that follow "the model"; empty where it does.

        Args:
            signature: as `sign` made it, or whatever stands in its place.
            sha256: of the file's content, hexadecimal; computed, not read from anywhere.
        """
        if not signature:
            return "has no signature"
        algorithm, _, rest = signature.partition(":")
        key_id, _, code = rest.partition(":")
        if algorithm != _ALGORITHM or not code:
            return "has a signature of an unknown kind"
        if key_id != self.id:
            return f"was signed with another key ({key_id[:8]}, the one here is {self.id})"
        if not hmac.compare_digest(code.encode(), self._code(sha256).encode()):
            return "has a signature that does not belong to its file"
        return ""

    def _code(self, sha256: str) -> str:
        return hmac.new(self.secret, _PURPOSE + sha256.encode(), hashlib.sha256).hexdigest()


def signing_key(home: Path | None = None) -> SigningKey:
    """The key of this machine's user, made at first use; or the team's, where ``AUTOML_SIGNING_KEY`` holds it.

    Args:
        home: the folder of the key; ``AUTOML_HOME`` where None.

    Raises:
        BadInput: the team's key is too short, or the key's file cannot be read or made.
    """
    given = os.environ.get(ENVIRONMENT, "")
    if given:
        if len(given) < SHORTEST_KEY:
            raise BadInput(
                f"{ENVIRONMENT} must be at least {SHORTEST_KEY} characters; 'openssl rand -hex 32' makes one"
            )
        return SigningKey(given.encode())
    path = (home or resolve().settings.home).expanduser() / KEY_FILE
    try:
        return SigningKey(_kept(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"the key that signs models, {path}, cannot be used: {error}") from None


def _kept(path: Path) -> bytes:
    if not path.exists():
        _make(path)
    secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    if len(secret) != _KEY_BYTES:
        raise ValueError(f"it must hold {2 * _KEY_BYTES} hexadecimal digits")
    return secret


def _make(path: Path) -> None:
    """Makes the file whole and at once: of two processes that make it, one wins, and both read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        pass
    finally:
        draft.unlink()
