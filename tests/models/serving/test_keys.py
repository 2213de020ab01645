"""API keys: where they come from, and who is let in."""

from __future__ import annotations

import base64
import stat

import pytest

from config.errors import BadInput
from models.serving.keys import ENVIRONMENT, Guard, keys_of

KEY = "a-key-that-is-long-enough"
OTHER = "another-key-of-somebody-else"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    keys, where = keys_of(None, tmp_path / "home")
    path = tmp_path / "home" / "serving.key"
    assert where == f"file {path}"
    assert keys == {path.read_text().strip()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys_of(None, tmp_path / "home") == (keys, where)


def test_the_environments_key_goes_before_the_one_that_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, KEY)
    assert keys_of(None, tmp_path)[0] == {KEY}
    assert not list(tmp_path.iterdir())


def test_a_file_may_hold_several_keys(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "not-asked-for-here-at-all")
    file = tmp_path / "keys"
    file.write_text(f"# the web shop\n{KEY}\n\n# reports\n{OTHER}\n")
    assert keys_of(file, tmp_path)[0] == {KEY, OTHER}


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "holds no API key"), ("short\n", "too short"), ("a key with spaces in it\n", "unusual characters")],
)
def test_a_file_without_good_keys_is_refused(tmp_path, content, message):
    file = tmp_path / "keys"
    file.write_text(content)
    with pytest.raises(BadInput, match=message):
        keys_of(file, tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        keys_of(tmp_path / "none", tmp_path)


def test_who_has_a_key_is_let_in():
    guard = Guard([KEY, OTHER])
    basic = base64.b64encode(b"anybody:" + KEY.encode())
    for authorization in (f"Bearer {KEY}".encode(), f"bearer {OTHER}".encode(), b"Basic " + basic):
        assert guard.lets_in(authorization, b"")
    assert guard.lets_in(b"", KEY.encode())


@pytest.mark.parametrize(
    "authorization", [b"", b"Bearer", b"Bearer wrong", KEY.encode(), b"Basic wrong", b"Basic eA=="]
)
def test_nobody_else_is(authorization):
    assert not Guard([KEY]).lets_in(authorization, b"")
    assert not Guard([KEY]).lets_in(authorization, b"wrong")


def test_without_keys_everybody_is():
    assert Guard([]).is_open
    assert Guard([]).lets_in(b"", b"")
