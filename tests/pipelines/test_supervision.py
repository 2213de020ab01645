"""A stack is kept alive while it is followed, and given up where a part ends again and again."""

from pipelines.processes import wait_until
from pipelines.supervision import RESTARTS, supervised


class FragileStack:
    """A stack whose agent is missing for so many looks."""

    def __init__(self, broken_looks: int, folder) -> None:
        self.broken_looks = broken_looks
        self.starts = 0
        self.processes = type("Processes", (), {"home": folder})()

    def missing_parts(self) -> list[str]:
        return ["the agent"] if self.starts < self.broken_looks else []

    def start(self) -> None:
        self.starts += 1


class Messages(list):
    """A console that keeps what is printed."""

    def print(self, text: str, **_: object) -> None:
        self.append(text)


def test_what_ended_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.supervision.INTERVAL", 0.01)
    stack, messages = FragileStack(2, tmp_path), Messages()
    with supervised(stack, messages) as supervision:
        assert wait_until(lambda: stack.starts == 2, 10)
    assert supervision.failure == ""
    assert messages == ["the agent ended unexpectedly and is started again"] * 2


def test_a_part_that_ends_again_and_again_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.supervision.INTERVAL", 0.01)
    stack = FragileStack(10**6, tmp_path)
    with supervised(stack, Messages()) as supervision:
        assert wait_until(lambda: supervision.failure != "", 10)
    assert "the agent ended" in supervision.failure
    assert stack.starts == RESTARTS
