"""What the gate says of a challenger: whether it becomes the champion, with numbers and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from models.catalog import RegistryModel
from models.gate.comparison import Comparison
from models.gate.fairness import Fairness
from models.gate.limits import BYTES_PER_MB, LimitCheck

Decision = Literal["promote", "refuse", "undecided"]


@dataclass(frozen=True)
class Measured:
    """One model, measured here."""

    model_id: str
    #: the metric on the hold-out rows that are compared, or on all of them where nothing is compared
    score: float | None
    #: milliseconds to predict 1,000 rows
    inference_ms: float | None
    #: of the model's file
    size_bytes: int | None

    @classmethod
    def recorded(cls, model: RegistryModel) -> Measured:
        """What the registry holds of a model that was not measured."""
        return cls(model.id, None, model.number("inference_ms"), model.size_bytes)


@dataclass(frozen=True)
class Verdict:
    """The gate's answer for one challenger."""

    name: str
    metric: str
    decision: Decision
    #: why, the decisive reason first
    reasons: tuple[str, ...]
    challenger: Measured
    #: None where the name had no champion
    champion: Measured | None
    #: None where there was nothing to compare with, or it could not be done
    comparison: Comparison | None
    limits: tuple[LimitCheck, ...]
    #: None where no column is named
    fairness: Fairness | None
    #: when it was judged, ISO 8601 in UTC
    judged_at: str
    #: what to do where the gate could not decide; empty where it could
    way_out: str = ""
    #: why a person made it the champion whatever the gate says; empty where nobody did
    forced_because: str = ""
    #: the number of the promotion; None where the model was not promoted
    promotion: int | None = None

    @property
    def is_passed(self) -> bool:
        """Whether the model may become the champion."""
        return self.decision == "promote" or bool(self.forced_because)

    @property
    def is_promoted(self) -> bool:
        """Whether it has become the champion."""
        return self.promotion is not None

    @property
    def outcome(self) -> str:
        """In one word."""
        if self.is_promoted:
            return "forced" if self.decision != "promote" else "promoted"
        return "undecided" if self.decision == "undecided" else "refused" if self.decision == "refuse" else "passed"

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        forced = (f"forced: {self.forced_because}",) if self.forced_because else ()
        return "; ".join([*forced, *self.reasons])

    def forced(self, reason: str) -> Verdict:
        """The same verdict, overruled by a person."""
        return replace(self, forced_because=reason)

    def promoted(self, number: int) -> Verdict:
        """The same verdict, carried out."""
        return replace(self, promotion=number)

    def as_json(self) -> dict[str, Any]:
        """The artifact ``verdict``, and what ``-o json`` prints."""
        told = asdict(self)
        if self.comparison:
            told["comparison"] |= {"difference": self.comparison.difference, "is_better": self.comparison.is_better}
        if self.fairness:
            told["fairness"]["difference"] = self.fairness.difference
        return {"outcome": self.outcome, "promoted": self.is_promoted, **told}

    def metadata(self) -> dict[str, str | float | int]:
        """What of it stands on the model."""
        facts: dict[str, str | float | int] = {
            "verdict": self.outcome,
            "verdict_reason": self.reason,
            "verdict_at": self.judged_at,
            "verdict_against": self.champion.model_id if self.champion else "",
        }
        if self.comparison:
            facts |= {
                "verdict_difference": self.comparison.difference,
                "verdict_difference_low": self.comparison.low,
                "verdict_difference_high": self.comparison.high,
                "verdict_rows": self.comparison.rows,
            }
        return facts

    def table(self) -> list[list[str]]:
        """A header and rows: what was measured, of the challenger, of the champion, and what it means."""
        rows = [["", "challenger", "champion", "verdict"], ["decision", "", "", f"{self.outcome}: {self.reason}"]]
        compared = self.comparison
        difference = ""
        if compared:
            difference = (
                f"difference {compared.difference:+.4g}, 95 % interval {compared.low:+.4g} to {compared.high:+.4g}"
                f" on {compared.rows} rows"
            )
        measures: tuple[tuple[str, Callable[[Measured], float | None], str], ...] = (
            (self.metric, lambda each: each.score, difference),
            ("inference ms per 1,000 rows", lambda each: each.inference_ms, ""),
            ("size, MB", _megabytes, ""),
        )
        for name, value_of, told in measures:
            values = [_number(value_of(each)) if each else "" for each in (self.challenger, self.champion)]
            rows.append([name, *values, told])
        rows += [["limit", _number(check.value), "", _kept(check)] for check in self.limits]
        if self.fairness:
            rows += [[f"{self.fairness.column}: {group}", _number(value), "", ""] for group, value in _scores(self)]
            rows += [[f"{self.fairness.column}: {group}", "", "", why] for group, why in self.fairness.left_out.items()]
        return rows


def _scores(verdict: Verdict) -> list[tuple[str, float]]:
    scores: Mapping[str, float] = verdict.fairness.scores if verdict.fairness else {}
    return list(scores.items())


def _kept(check: LimitCheck) -> str:
    return check.told if check.is_kept else f"not kept: {check.told}"


def _megabytes(measured: Measured) -> float | None:
    return None if measured.size_bytes is None else measured.size_bytes / BYTES_PER_MB


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
