"""What converts to ONNX and what does not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Obstacle:
    """A step that does not convert."""

    #: the step, as a person finds it in the pipeline
    step: str
    reason: str

    def __str__(self) -> str:
        return f"{self.step}: {self.reason}"


class NotConvertible(Exception):
    """Some steps have no form in ONNX.

    Args:
        obstacles: at least one.
    """

    def __init__(self, *obstacles: Obstacle) -> None:
        self.obstacles = obstacles
        super().__init__("; ".join(map(str, obstacles)))
