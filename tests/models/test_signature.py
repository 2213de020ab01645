"""Signatures vouch for a file as long as the key is the same one."""

from __future__ import annotations

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.errors import BadInput
from models.signature import ENVIRONMENT, KEY_FILE, SigningKey, signing_key

FILE = hashlib.sha256(b"a model").hexdigest()


def test_a_key_vouches_for_what_it_signed_and_for_nothing_else():
    key = SigningKey(b"a secret of enough characters")
    signature = key.sign(FILE)
    assert key.problem(signature, FILE) == ""
    assert key.problem(signature, hashlib.sha256(b"another").hexdigest()) == (
        "has a signature that does not belong to its file"
    )
    assert key.problem("", FILE) == "has no signature"
    assert key.problem("gpg:1234", FILE) == "has a signature of an unknown kind"
    assert key.problem(f"hmac-sha256:{key.id}:ü", FILE) == "has a signature that does not belong to its file"


def test_a_foreign_key_is_told_from_a_wrong_signature_and_no_secret_is_shown():
    ours, theirs = SigningKey(b"a secret of enough characters"), SigningKey(b"another secret")
    assert (
        theirs.problem(ours.sign(FILE), FILE) == f"was signed with another key ({ours.id}, the one here is {theirs.id})"
    )
    assert "secret" not in repr(ours)
    assert "secret" not in ours.sign(FILE)


def test_the_key_of_a_machine_is_made_once_and_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        keys = {key.secret for key in pool.map(lambda _: signing_key(home), range(8))}
    assert len(keys) == 1
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == [KEY_FILE]
    assert signing_key(tmp_path / "another home").secret not in keys


def test_a_team_shares_a_key_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "the secret of the whole team")
    assert signing_key(tmp_path).secret == b"the secret of the whole team"
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv(ENVIRONMENT, "short")
    with pytest.raises(BadInput, match="must be at least 16 characters; 'openssl rand -hex 32' makes one"):
        signing_key(tmp_path)


@pytest.mark.parametrize("content", ["", "not hexadecimal", "abcd"])
def test_a_damaged_key_is_named_and_not_replaced(tmp_path, monkeypatch, content):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(BadInput, match=f"{KEY_FILE}, cannot be used"):
        signing_key(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == content
