"""What came out of verifying a run: step by step, and in one word."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["same", "differs", "impossible", "skipped"]
Outcome = Literal["reproduced", "drifted", "impossible"]

#: steps whose difference is a drift
_RESULTS = ("score", "refit")


@dataclass(frozen=True)
class Step:
    """One thing that was looked at."""

    name: str
    status: Status
    #: one line for people
    told: str


@dataclass
class Verification:
    """What came out."""

    task_id: str
    model_id: str
    metric: str
    steps: list[Step] = field(default_factory=list)
    #: on the hold-out rows, when the model was published
    recorded_score: float | None = None
    #: of the pipeline that was fitted once more, on the same rows
    refitted_score: float | None = None
    #: of these rows, those that it answers differently
    differing_rows: int | None = None

    @property
    def outcome(self) -> Outcome:
        """``impossible`` where a step could not be taken or its ground has changed."""
        ground = [
            step for step in self.steps if step.name in ("table", "settings", "split") and step.status == "differs"
        ]
        if ground or any(step.status == "impossible" for step in self.steps):
            return "impossible"
        return (
            "drifted"
            if any(step.status == "differs" and step.name in _RESULTS for step in self.steps)
            else "reproduced"
        )

    @property
    def drift(self) -> float | None:
        """Refitted less recorded score; None where there is no refitted one."""
        if self.refitted_score is None or self.recorded_score is None:
            return None
        return self.refitted_score - self.recorded_score

    @property
    def conclusion(self) -> str:
        """One line for people."""
        if self.outcome == "impossible":
            culprit = next(step for step in self.steps if step.status in ("impossible", "differs"))
            return f"cannot be reproduced: {culprit.told}"
        if self.outcome == "reproduced":
            code = next((step.told for step in self.steps if step.name == "code" and step.status == "differs"), "")
            return (
                f"reproduced: {self.metric} {self.recorded_score:.6g}, and every hold-out row is answered the same"
                + (f"; but {code}" if code else "")
            )
        told = next(step.told for step in reversed(self.steps) if step.status == "differs" and step.name in _RESULTS)
        versions = next((step.told for step in self.steps if step.name == "versions" and step.status == "differs"), "")
        return f"drifted: {told}" + (f" (with other versions: {versions})" if versions else "")

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            **asdict(self), "outcome": self.outcome, "drift": self.drift, "conclusion": self.conclusion,
        }  # fmt: skip
