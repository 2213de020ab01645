"""The suite as a command, for any server."""

from __future__ import annotations

import sys

import pytest

from tests.conformance.__main__ import main


@pytest.fixture
def run(addresses, monkeypatch):
    """Runs the command against the server, or against another address."""

    def call(*options: str, api: str = addresses.api) -> int:
        words = ["--api", api, "--files", addresses.files, "--key", addresses.key, "--secret", addresses.secret]
        monkeypatch.setattr(sys, "argv", ["conformance", *words, *options])
        return main()

    return call


def test_it_says_how_many_hold(run, capsys):
    assert run("--only", "tags.", "-v") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("ok   tags.tags_of_the_organization (")
    assert printed[-1] == "1 of 1 cases hold"


def test_a_server_that_does_not_answer_is_one_line(run, capsys):
    assert run(api="http://127.0.0.1:9") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("the server at http://127.0.0.1:9 cannot be used with this key pair: ")
    assert captured.err.count("\n") == 1
