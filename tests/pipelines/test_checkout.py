"""What a task says of its code."""

import subprocess

import pytest

from pipelines import checkout


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments],
            check=True, capture_output=True,
        )  # fmt: skip

    git("init", "--initial-branch", "main")
    (tmp_path / "code.py").write_text("one\n")
    (tmp_path / "requirements.lock").write_text("numpy==2.4.6\n")
    git("add", ".")
    git("commit", "--message", "Begin")
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.setattr(checkout, "REQUIREMENTS", tmp_path / "requirements.lock")
    return git


def test_without_a_remote_only_the_entry_point_and_the_requirements_are_told(repository):
    script = checkout.script_section()
    assert script["entry_point"] == "experiments/run.py"
    assert script["requirements"] == {"pip": "numpy==2.4.6\n"}
    assert "repository" not in script


def test_with_a_remote_another_machine_can_build_the_task(repository, tmp_path):
    repository("remote", "add", "origin", "https://someone:token@git.example/r.git")
    (tmp_path / "code.py").write_text("two\n")
    script = checkout.script_section()
    assert script["repository"] == "https://git.example/r.git"
    assert script["branch"] == "main"
    assert len(script["version_num"]) == 40
    assert "+two\n" in script["diff"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:secret@git.example/r.git", "https://git.example/r.git"),
        ("https://git.example:8443/r.git", "https://git.example:8443/r.git"),
        ("git@git.example:team/r.git", "git@git.example:team/r.git"),
        ("ssh://git@git.example/r.git", "ssh://git@git.example/r.git"),
    ],
)
def test_a_password_in_the_address_stays_here(url, kept):
    assert checkout.without_password(url) == kept
