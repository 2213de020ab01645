"""Who gets in: key pairs, tokens, login links."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import stat
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from embedded_server.access import accounts as module
from embedded_server.access import key_pairs
from embedded_server.access.accounts import LOGIN_LINK_LIFETIME, TOKEN_KEY_FILE, Accounts, Identity, read_credentials
from embedded_server.access.attempts import MOST_FAILURES
from embedded_server.application import SCHEMA
from embedded_server.errors import ApiError
from embedded_server.storage.database import Database
from embedded_server.storage.documents import Documents

COSTS = dict(key_pairs._SCRYPT)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log-in costs a server 50 ms on purpose; a hundred tests need not pay for it."""
    monkeypatch.setitem(key_pairs._SCRYPT, "n", 2)


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
    assert stat.S_IMODE((folder / TOKEN_KEY_FILE).stat().st_mode) == 0o600
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
    key = (folder / TOKEN_KEY_FILE).read_text().strip()
    assert key.encode() not in content
    assert bytes.fromhex(key) not in content


def test_secrets_are_hashed_by_scrypt_each_with_a_salt_of_its_own(accounts: Accounts, database: Database) -> None:
    assert COSTS == {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
    made = [accounts.create_key_pair(accounts.users()[0]["id"]) for _ in range(2)]
    with database.snapshot() as connection:
        rows = {row["access_key"]: row for row in connection.execute("SELECT * FROM key_pairs")}
    assert {row["scheme"] for row in rows.values()} == {"scrypt"}
    assert len({row["salt"] for row in rows.values()}) == len(rows) == 3
    for pair in made:
        salt = rows[pair.access_key]["salt"]
        fast = hashlib.sha256(salt + pair.secret_key.encode()).digest()
        assert rows[pair.access_key]["secret_hash"] == hashlib.scrypt(fast, salt=salt, n=2, r=8, p=1, dklen=32)


def test_a_store_of_an_older_version_is_upgraded_at_the_start(tmp_path: Path) -> None:
    old = [
        statement for statement in SCHEMA if "scheme" not in statement and "ALTER TABLE login_links" not in statement
    ]
    old = [statement for statement in old if "revoked_tokens" not in statement and "DELETE FROM" not in statement]
    database = Database(tmp_path / "server.sqlite", old)
    secret, salt = "the secret of an agent", b"salt"
    weak = hashlib.sha256(salt + secret.encode()).digest()
    with database.transaction() as connection:
        connection.execute("INSERT INTO key_pairs VALUES ('AGENT', 'u', ?, ?, '', 0)", (salt, weak))
        connection.execute("INSERT INTO signing_keys VALUES ('tokens', 'the old key, of thirty-two letters')")
    Documents(database).put("users", {"id": "u", "name": "somebody", "role": "admin"})
    database.close()

    for start in ("first", "second"):
        database = Database(tmp_path / "server.sqlite", SCHEMA)
        accounts = Accounts(Documents(database), tmp_path / "credentials.json")
        assert accounts.authenticate(basic("AGENT", secret)).user == "u", start
        assert codes(accounts, basic("AGENT", secret + "x")) == (401, 22)
        forged = jwt.encode(
            {"exp": 2**40, "jti": "x", "identity": {"user": "u"}},
            "the old key, of thirty-two letters",
            algorithm="HS256",
        )
        assert codes(accounts, f"Bearer {forged}") == (401, 30)
        with database.snapshot() as connection:
            assert connection.execute("SELECT count(*) FROM signing_keys").fetchone()[0] == 0
            hashes = {bytes(row[0]) for row in connection.execute("SELECT secret_hash FROM key_pairs")}
        assert weak not in hashes
        database.close()


@pytest.mark.parametrize("name", ["credentials.json", TOKEN_KEY_FILE])
def test_a_key_file_that_others_can_read_is_closed_again(
    accounts: Accounts, database: Database, folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, token = pair(folder), accounts.issue_token(accounts.authenticate(basic(*pair(folder))))
    (folder / name).chmod(0o644)
    with caplog.at_level(logging.WARNING):
        again = Accounts(Documents(database), folder / "credentials.json")
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert name in caplog.text
    assert pair(folder) == before
    assert again.authenticate(f"Bearer {token}")


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "ü"])
def test_a_token_key_that_is_none_is_replaced(
    accounts: Accounts, database: Database, folder: Path, content: str
) -> None:
    token = accounts.issue_token(accounts.authenticate(basic(*pair(folder))))
    (folder / TOKEN_KEY_FILE).write_text(content)
    again = Accounts(Documents(database), folder / "credentials.json")
    assert codes(again, f"Bearer {token}") == (401, 30)
    assert stat.S_IMODE((folder / TOKEN_KEY_FILE).stat().st_mode) == 0o600
    assert again.authenticate(f"Bearer {again.issue_token(again.authenticate(basic(*pair(folder))))}")


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
    expired = jwt.encode({**claims, "exp": 1}, accounts._tokens._key, algorithm="HS256")
    assert codes(accounts, f"Bearer {expired}") == (401, 30)


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
def test_token_signed_otherwise_is_refused(accounts: Accounts, folder: Path, algorithm: str) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    claims = jwt.decode(accounts.issue_token(identity), options={"verify_signature": False})
    key = "" if algorithm == "none" else "k" * 48
    assert codes(accounts, f"Bearer {jwt.encode(claims, key, algorithm=algorithm)}") == (401, 30)


@pytest.mark.parametrize(
    ("claims", "what"),
    [
        ({"identity": {"user": "u"}, "jti": "x"}, "never expires"),
        ({"identity": {"user": "u"}, "exp": 2**40}, "can not be taken back"),
        ({"identity": {"user": "nobody"}, "exp": 2**40, "jti": "x"}, "names nobody"),
        ({"identity": [], "exp": 2**40, "jti": "x"}, "names nothing"),
        ({"exp": 2**40, "jti": "x"}, "lacks its user"),
        ({"identity": {"user": "u"}, "exp": "soon", "jti": "x"}, "has no number"),
        ({"identity": {"user": "u"}, "exp": 2**40, "jti": 7}, "has no text for an id"),
    ],
)
def test_token_that_lacks_something_is_refused(accounts: Accounts, claims: dict[str, Any], what: str) -> None:
    forged = jwt.encode(claims, accounts._tokens._key, algorithm="HS256")
    assert codes(accounts, f"Bearer {forged}") == (401, 30), what


def test_no_change_of_a_single_letter_leaves_a_token_valid(accounts: Accounts, folder: Path) -> None:
    token = accounts.issue_token(accounts.authenticate(basic(*pair(folder))))
    *_, signature = token.rpartition(".")
    start = len(token) - len(signature)
    for place in (0, 5, start - 2, start, len(token) - 2):
        other = "A" if token[place] != "A" else "B"
        assert codes(accounts, f"Bearer {token[:place]}{other}{token[place + 1 :]}") == (401, 30)


@pytest.mark.parametrize(("asked", "seconds"), [(None, 30 * 24 * 3600), (60, 60), (10**12, 366 * 24 * 3600)])
def test_every_token_expires(accounts: Accounts, folder: Path, asked: int | None, seconds: int) -> None:
    token = accounts.issue_token(accounts.authenticate(basic(*pair(folder))), asked)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == seconds


def test_revoked_token_is_refused_in_all_its_spellings(accounts: Accounts, database: Database, folder: Path) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    token, other = accounts.issue_token(identity), accounts.issue_token(identity)
    accounts.revoke_token(token)
    accounts.revoke_token(token)
    accounts.revoke_token("no token")
    spellings = [token[:-1] + letter for letter in string.ascii_letters + string.digits + "-_"]
    assert {codes(accounts, f"Bearer {one}") for one in [token, token + "=", *spellings]} == {(401, 30)}
    assert codes(accounts, None, token) == (401, 30)
    assert accounts.authenticate(f"Bearer {other}") == identity
    again = Accounts(Documents(database), folder / "credentials.json")
    assert codes(again, f"Bearer {token}") == (401, 30)


def test_what_is_revoked_is_forgotten_when_it_would_have_expired(
    accounts: Accounts, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = accounts.authenticate(basic(*pair(folder)))
    accounts.revoke_token(accounts.issue_token(identity, 60))
    later = time.time() + 120
    monkeypatch.setattr(module.time, "time", lambda: later)
    accounts.revoke_token(accounts.issue_token(identity, 60))
    with database.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM revoked_tokens").fetchone()[0] == 1


def test_with_a_pair_goes_all_that_it_led_to(accounts: Accounts, folder: Path) -> None:
    user = accounts.users()[0]["id"]
    made = accounts.create_key_pair(user)
    identity = accounts.authenticate(basic(made.access_key, made.secret_key))
    token = accounts.issue_token(identity)
    renewed = accounts.issue_token(accounts.authenticate(f"Bearer {token}"))
    visitor = accounts.redeem_login_link(accounts.create_login_link(identity))
    assert visitor
    led_to = [token, renewed, accounts.issue_token(visitor)]
    kept = accounts.issue_token(accounts.authenticate(basic(*pair(folder))))
    assert [accounts.authenticate(f"Bearer {one}").user for one in led_to] == [user] * 3
    accounts.revoke_key_pair(user, made.access_key)
    assert [codes(accounts, f"Bearer {one}") for one in led_to] == [(401, 30)] * 3
    assert accounts.authenticate(f"Bearer {kept}").user == user


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


def guess(accounts: Accounts, key: str, times: int, address: str = "192.0.2.1") -> list[int]:
    """The answers to wrong secrets."""
    found = []
    for number in range(times):
        with pytest.raises(ApiError) as refused:
            accounts.authenticate(basic(key, f"guess {number}"), address=address)
        found.append(refused.value.code)
    return found


def test_guesses_are_limited_and_not_even_looked_at_afterwards(
    accounts: Accounts, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = pair(folder)
    assert guess(accounts, key, MOST_FAILURES) == [401] * MOST_FAILURES
    monkeypatch.setattr(hashlib, "scrypt", None)  # nothing is hashed any more
    assert guess(accounts, key, 3) == [429] * 3
    assert guess(accounts, "ANOTHER", 1) == [429]
    with pytest.raises(ApiError) as refused:
        accounts.authenticate(basic(key, secret), address="192.0.2.1")
    assert refused.value.code == 429


def test_who_was_let_in_before_is_not_locked_out_by_the_failures_of_others(accounts: Accounts, folder: Path) -> None:
    key, secret = pair(folder)
    assert accounts.authenticate(basic(key, secret), address="198.51.100.1")
    guess(accounts, key, MOST_FAILURES + 5, address="192.0.2.1")
    guess(accounts, key, MOST_FAILURES + 5, address="198.51.100.1")
    guess(accounts, key, MOST_FAILURES + 5, address="127.0.0.1")
    assert accounts.authenticate(basic(key, secret), address="198.51.100.1")
    assert accounts.authenticate(basic(key, secret), address="127.0.0.1")  # where the credentials file lies
    with pytest.raises(ApiError):
        accounts.authenticate(basic(key, secret), address="203.0.113.1")


def test_a_program_that_shows_its_pair_with_every_call_is_hashed_once(
    accounts: Accounts, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = basic(*pair(folder))
    accounts.authenticate(pairs, address="192.0.2.1")
    monkeypatch.setattr(hashlib, "scrypt", None)
    for _ in range(1000):
        assert accounts.authenticate(pairs, address="192.0.2.1")


def test_programs_that_start_at_the_same_time_all_get_in(accounts: Accounts, folder: Path) -> None:
    found: list[Identity] = []
    threads = [
        threading.Thread(target=lambda: found.append(accounts.authenticate(basic(*pair(folder)), address="192.0.2.1")))
        for _ in range(3 * MOST_FAILURES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(threads)


def test_attempts_in_parallel_get_no_more_tries(accounts: Accounts, folder: Path) -> None:
    found: list[int] = []
    key = pair(folder)[0]
    threads = [threading.Thread(target=lambda: found.extend(guess(accounts, key, 5))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MOST_FAILURES <= found.count(401) <= MOST_FAILURES + 10  # a failure may be forgotten meanwhile
    assert found.count(401) + found.count(429) == 100


def test_guesses_of_login_links_are_limited(accounts: Accounts, folder: Path) -> None:
    link = accounts.create_login_link(accounts.authenticate(basic(*pair(folder))))
    for number in range(MOST_FAILURES):
        assert accounts.redeem_login_link(f"guess {number}", "192.0.2.1") is None
    with pytest.raises(ApiError) as refused:
        accounts.redeem_login_link(link, "192.0.2.1")
    assert refused.value.code == 429
    assert accounts.redeem_login_link(link, "192.0.2.2")


def test_a_revoked_pair_is_not_recognised_any_more(accounts: Accounts) -> None:
    user = accounts.users()[0]["id"]
    made = accounts.create_key_pair(user)
    for _ in range(2):
        assert accounts.authenticate(basic(made.access_key, made.secret_key), address="192.0.2.1")
    accounts.revoke_key_pair(user, made.access_key)
    with pytest.raises(ApiError) as refused:
        accounts.authenticate(basic(made.access_key, made.secret_key), address="192.0.2.1")
    assert refused.value.code == 401


def test_a_secret_does_not_show_where_a_pair_is_printed(accounts: Accounts, folder: Path) -> None:
    made = accounts.create_key_pair(accounts.users()[0]["id"])
    assert made.access_key in repr(made)
    assert made.secret_key not in f"{made} {made!r} {read_credentials(folder / 'credentials.json')}"


def test_memory_of_recognised_pairs_is_bounded(
    accounts: Accounts, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_pairs, "MOST_RECOGNISED", 5)
    for number in range(20):
        accounts.authenticate(basic(*pair(folder)), address=f"192.0.2.{number}")
    assert len(accounts._pairs._recognised) == 5
