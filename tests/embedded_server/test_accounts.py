"""Who gets in: key pairs, tokens, login links."""

from __future__ import annotations

import base64
import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from embedded_server import accounts as module
from embedded_server.accounts import LOGIN_LINK_LIFETIME, Accounts, read_credentials
from embedded_server.application import SCHEMA
from embedded_server.database import Database
from embedded_server.documents import Documents
from embedded_server.errors import ApiError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    database = Database(folder / "server.sqlite", SCHEMA)
    yield database
    database.close()


@pytest.fixture
def accounts(folder: Path, database: Database) -> Accounts:
    return Accounts(Documents(database), folder / "credentials.json")


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def codes(accounts: Accounts, authorization: str | None, cookie: str | None = None) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        accounts.authenticate(authorization, cookie)
    return refused.value.code, refused.value.subcode


def pair(folder: Path) -> tuple[str, str]:
    found = read_credentials(folder / "credentials.json")
    return found.access_key, found.secret_key


def test_first_start_writes_a_working_pair_that_only_the_owner_can_read(accounts: Accounts, folder: Path) -> None:
    file = folder / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert accounts.authenticate(basic(*pair(folder))).user_name == "automl"
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


def test_second_start_keeps_user_and_pair(accounts: Accounts, database: Database, folder: Path) -> None:
    before = pair(folder)
    again = Accounts(Documents(database), folder / "credentials.json")
    assert pair(folder) == before
    assert again.users() == accounts.users()


@pytest.mark.parametrize("content", [None, "", "{}", '{"access_key": "A", "secret_key": "B"}', "[]"])
def test_a_credentials_file_that_does_not_work_is_replaced(
    accounts: Accounts, database: Database, folder: Path, content: str | None
) -> None:
    file = folder / "credentials.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    again = Accounts(Documents(database), file)
    assert again.authenticate(basic(*pair(folder))).user == accounts.users()[0]["id"]


def test_no_secret_lies_in_the_database(accounts: Accounts, database: Database, folder: Path) -> None:
    _, secret = pair(folder)
    link = accounts.create_login_link(accounts.authenticate(basic(*pair(folder))))
    database.close()
    content = b"".join(file.read_bytes() for file in folder.glob("server.sqlite*"))
    assert secret.encode() not in content
    assert link.encode() not in content


@pytest.mark.parametrize(
    ("authorization", "subcode"),
    [
        (None, 20),
        ("", 20),
        ("Basic", 21),
        ("Basic %%%", 21),
        (basic("key", "").replace(":", ""), 22),
        (basic("no such key", "secret"), 22),
        (basic("", ""), 22),
        ("Digest abc", 10),
        ("Bearer", 30),
        ("Bearer a.b.c", 30),
    ],
)
def test_refusals(accounts: Accounts, authorization: str | None, subcode: int) -> None:
    assert codes(accounts, authorization) == (401, subcode)


def test_wrong_and_empty_secret(accounts: Accounts, folder: Path) -> None:
    key, secret = pair(folder)
    assert codes(accounts, basic(key, secret + "x")) == (401, 22)
    assert codes(accounts, basic(key, "")) == (401, 22)


def test_token_stands_for_its_user(accounts: Accounts, folder: Path) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    token = accounts.issue_token(identity)
    assert accounts.authenticate(f"Bearer {token}") == identity
    assert accounts.authenticate(None, cookie=token) == identity


def test_token_tells_the_sdk_what_it_needs(accounts: Accounts, folder: Path) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    claims = jwt.decode(accounts.issue_token(identity, 60), options={"verify_signature": False})
    assert (claims["api_version"], claims["feature_set"]) == ("2.31", "basic")
    assert claims["identity"]["user"] == identity.user
    assert abs(claims["exp"] - time.time() - 60) < 5


def test_token_expires(accounts: Accounts, folder: Path) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    claims = jwt.decode(accounts.issue_token(identity), options={"verify_signature": False})
    expired = jwt.encode({**claims, "exp": 1}, accounts._signing_key, algorithm="HS256")
    assert codes(accounts, f"Bearer {expired}") == (401, 30)


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
def test_token_signed_otherwise_is_refused(accounts: Accounts, folder: Path, algorithm: str) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    claims = jwt.decode(accounts.issue_token(identity), options={"verify_signature": False})
    key = "" if algorithm == "none" else "k" * 48
    assert codes(accounts, f"Bearer {jwt.encode(claims, key, algorithm=algorithm)}") == (401, 30)


def test_token_holds_after_a_restart(accounts: Accounts, database: Database, folder: Path) -> None:
    token = accounts.issue_token(accounts.authenticate(basic(*pair(folder))))
    assert Accounts(Documents(database), folder / "credentials.json").authenticate(f"Bearer {token}")


def test_revoked_pair_is_refused(accounts: Accounts, folder: Path) -> None:
    user = accounts.users()[0]["id"]
    made = accounts.create_key_pair(user, "second")
    assert accounts.authenticate(basic(made.access_key, made.secret_key)).user == user
    assert accounts.revoke_key_pair(user, made.access_key)
    assert codes(accounts, basic(made.access_key, made.secret_key)) == (401, 22)
    assert not accounts.revoke_key_pair(user, made.access_key)
    assert accounts.authenticate(basic(*pair(folder)))


def test_login_link_works_once(accounts: Accounts, folder: Path) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    token = accounts.create_login_link(identity)
    assert accounts.redeem_login_link(token) == identity
    assert accounts.redeem_login_link(token) is None
    assert accounts.redeem_login_link("") is None


def test_login_link_expires(accounts: Accounts, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = accounts.create_login_link(accounts.authenticate(basic(*pair(folder))))
    later = time.time() + LOGIN_LINK_LIFETIME + 1
    monkeypatch.setattr(module.time, "time", lambda: later)
    assert accounts.redeem_login_link(token) is None


def test_crash_between_file_and_commit_is_healed(database: Database, folder: Path) -> None:
    file = folder / "credentials.json"
    file.write_text(json.dumps({"access_key": "NEVER", "secret_key": "committed"}))
    assert Accounts(Documents(database), file).authenticate(basic(*pair(folder)))
