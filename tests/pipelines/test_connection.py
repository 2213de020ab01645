"""Which server is talked to: the one that a person named, else the embedded one."""

import socket

import pytest

from config.errors import BadInput
from pipelines.connection import Connection, configured_connection, is_configured, written_config

NAMED = {
    "CLEARML_API_HOST": "http://api.example:8008",
    "CLEARML_WEB_HOST": "http://web.example:8080",
    "CLEARML_FILES_HOST": "http://files.example:8081",
    "CLEARML_API_ACCESS_KEY": "key",
    "CLEARML_API_SECRET_KEY": "secret",
}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch, tmp_path):
    for name in [*NAMED, "CLEARML_CONFIG_FILE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


@pytest.fixture
def named_by_environment(monkeypatch):
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)


def test_nothing_is_configured_on_a_clean_machine(tmp_path):
    assert not is_configured(tmp_path)


def test_the_environment_names_a_server(tmp_path, named_by_environment):
    assert is_configured(tmp_path)
    found = configured_connection(tmp_path)
    assert {name: found.environment()[name] for name in NAMED} == NAMED


def test_a_clearml_conf_names_a_server(tmp_path):
    user = tmp_path / "user"
    user.mkdir()
    (user / "clearml.conf").write_text(
        "api { api_server: http://api.example:8008, web_server: http://w, files_server: http://f\n"
        'credentials { "access_key" = "key"\n "secret_key" = "secret" } }\n'
    )
    assert is_configured(tmp_path)
    found = configured_connection(tmp_path)
    assert (found.api, found.access_key, found.secret_key) == ("http://api.example:8008", "key", "secret")
    found.write()
    assert f'include "{user / "clearml.conf"}"' in found.config_file.read_text()


def test_the_embedded_servers_own_exports_do_not_count_as_configured(tmp_path, monkeypatch, named_by_environment):
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(written_config(tmp_path)))
    assert not is_configured(tmp_path)


def test_missing_keys_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARML_API_HOST", "http://api.example:8008")
    with pytest.raises(BadInput, match="CLEARML_WEB_HOST.*CLEARML_API_SECRET_KEY"):
        configured_connection(tmp_path)


def test_a_file_that_is_no_configuration_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "broken.conf"
    broken.write_text("api { api_server: ")
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(broken))
    with pytest.raises(BadInput, match="broken.conf is not a ClearML configuration file"):
        is_configured(tmp_path)


def test_keys_are_written_for_their_owner_only(tmp_path, named_by_environment):
    found = configured_connection(tmp_path)
    found.write()
    path = found.config_file
    assert path.stat().st_mode & 0o777 == 0o600
    assert "@" not in path.read_text().partition("api {")[2]


def test_a_server_that_does_not_answer_is_said_at_once(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(BadInput, match="does not answer"):
            Connection(url, url, url, "key", "secret", tmp_path).check()
    assert not written_config(tmp_path).exists()
