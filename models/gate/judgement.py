"""Judges a challenger: against the champion of its name on the same held-out rows, and by a person's limits."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from config.errors import BadInput
from models.catalog import RegistryModel
from models.evidence import HoldoutRows
from models.gate.comparison import Comparison, TooFewDraws, compare, too_few
from models.gate.fair_rows import Incomparable, fair_rows
from models.gate.fairness import Fairness, fairness
from models.gate.judged import Judged, shared_classes
from models.gate.limits import BYTES_PER_MB, LimitCheck, Limits, at_least, at_most
from models.gate.verdict import Decision, Measured, Verdict
from models.inference import REPEATS, inference_ms
from models.loading import evidence, load

#: seconds that must be left for a latency to be measured more than once
_SPARE_SECONDS = 5.0


@dataclass(frozen=True)
class Candidate:
    """A challenger's pipeline and held-out rows where they are at hand, as at the end of its run."""

    #: from raw columns to the person's own labels or numbers
    fitted: Any
    rows: HoldoutRows


@dataclass(frozen=True)
class Trust:
    """Which files may be loaded."""

    #: whether also those that nobody signed, or somebody with another key
    unsigned: bool = False
    #: the folder of the key; ``AUTOML_HOME`` where None
    home: Path | None = None

    def load(self, model: RegistryModel) -> Any:
        """See `models.loading.load`."""
        return load(model, trust_unsigned=self.unsigned, home=self.home)


@dataclass(frozen=True)
class _Opposed:
    """What became of the comparison with a champion."""

    champion: Measured
    comparison: Comparison | None = None
    #: why there is no comparison
    problem: str = ""


def judge(
    challenger: RegistryModel,
    champion: RegistryModel | None,
    limits: Limits,
    *,
    candidate: Candidate | None = None,
    trust: Trust | None = None,
    deadline: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Judges a challenger; changes nothing.

    Both models answer for the rows that were held out from the challenger, but for those that the champion has learnt
    from. The challenger passes if it is better beyond the 95 % interval of the difference, or there is no champion,
    and if it keeps every limit. What cannot be told does not count as passed.

    Args:
        challenger: the model that wants to be the champion.
        champion: the one that is; None where none is.
        limits: of a person.
        candidate: the challenger's pipeline and rows, where they need not be fetched.
        trust: which files may be loaded; signed ones where None.
        deadline: on the clock; the comparison ends there, with fewer draws.
        clock: seconds.

    Raises:
        BadInput: the challenger cannot be loaded.
    """
    trust = trust or Trust()
    if candidate is None:
        fitted = trust.load(challenger)
        try:
            candidate = Candidate(fitted, evidence(challenger))
        except BadInput as error:
            return _unjudged(challenger, champion, str(error))
    timing = REPEATS if deadline - clock() > _SPARE_SECONDS else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # drawn rows may lack a class; what a metric says of them is not finite then
        try:
            alone = _judged_alone(challenger, candidate)
        except Incomparable as error:
            return _unjudged(challenger, champion, str(error))
        groups = fairness(alone, limits.fairness_column) if limits.fairness_column else None
        latency = inference_ms(candidate.fitted, candidate.rows.X, timing)
        opposed = _opposed(challenger, champion, candidate, trust, timing, deadline, clock) if champion else None
    score = alone.score if math.isfinite(alone.score) else None
    measured = Measured(challenger.id, score, latency, challenger.size_bytes)
    checks = tuple(_checks(limits, measured, groups))
    comparison = opposed.comparison if opposed else None
    if comparison:
        measured = replace(measured, score=comparison.challenger_score)
    decision, reasons = _decided(opposed, checks)
    return Verdict(
        name=challenger.name,
        metric=challenger.metric,
        decision=decision,
        reasons=reasons,
        challenger=measured,
        champion=opposed.champion if opposed else None,
        comparison=comparison,
        limits=checks,
        fairness=groups,
        judged_at=_now(),
        way_out=_way_out(challenger, champion) if decision == "undecided" else "",
    )


def _unjudged(challenger: RegistryModel, champion: RegistryModel | None, problem: str) -> Verdict:
    """The verdict where nothing tells how the challenger does."""
    return Verdict(
        name=challenger.name,
        metric=challenger.metric,
        decision="undecided",
        reasons=(f"the challenger cannot be judged: {problem}",),
        challenger=Measured.recorded(challenger),
        champion=Measured.recorded(champion) if champion else None,
        comparison=None,
        limits=(),
        fairness=None,
        judged_at=_now(),
        way_out=_way_out(challenger, None),
    )


def _opposed(
    challenger: RegistryModel,
    champion: RegistryModel,
    candidate: Candidate,
    trust: Trust,
    timing: int,
    deadline: float,
    clock: Callable[[], float],
) -> _Opposed:
    measured = Measured.recorded(champion)
    try:
        fair = fair_rows(candidate.rows, challenger, champion)
        if problem := too_few(fair.challenger):
            return _Opposed(measured, problem=problem)
        fitted = trust.load(champion)
        classes = shared_classes([candidate.fitted, fitted], fair.challenger)
        metric = challenger.metric
        theirs = _judged_champion(fitted, fair.champion, metric, classes)
        measured = replace(measured, score=theirs.score, inference_ms=inference_ms(fitted, fair.champion.X, timing))
        ours = Judged(candidate.fitted, fair.challenger, metric, classes)
        comparison = compare(ours, theirs, metric, fair.left_out, deadline=deadline, clock=clock)
    except (BadInput, Incomparable, TooFewDraws) as error:
        return _Opposed(measured, problem=str(error))
    return _Opposed(measured, comparison)


def _judged_alone(challenger: RegistryModel, candidate: Candidate) -> Judged:
    if not challenger.metric:
        raise Incomparable("the registry holds no metric for it")
    try:
        classes = shared_classes([candidate.fitted], candidate.rows)
        return Judged(candidate.fitted, candidate.rows, challenger.metric, classes)
    except Exception as error:  # of any kind: whoever published it may have done anything
        raise Incomparable(f"it cannot be scored on its held-out rows: {type(error).__name__}: {error}") from error


def _judged_champion(fitted: Any, rows: HoldoutRows, metric: str, classes: Any) -> Judged:
    try:
        return Judged(fitted, rows, metric, classes)
    except Exception as error:  # of any kind: it was trained on another table
        raise Incomparable(f"the champion cannot predict these rows: {type(error).__name__}: {error}") from error


def _checks(limits: Limits, measured: Measured, groups: Fairness | None) -> Iterator[LimitCheck]:
    if limits.minimum_score is not None:
        yield at_least(
            "minimum score", limits.minimum_score, measured.score, "the metric is not defined for the hold-out rows"
        )
    if limits.maximum_latency_ms is not None:
        latency = measured.inference_ms
        yield at_most("latency per 1,000 rows", limits.maximum_latency_ms, latency, " ms", "it is not known")
    if limits.maximum_size_mb is not None:
        size = None if measured.size_bytes is None else measured.size_bytes / BYTES_PER_MB
        yield at_most("size", limits.maximum_size_mb, size, " MB", "the registry does not hold it")
    if limits.fairness_column:
        name = f"fairness by {limits.fairness_column!r}, largest difference of the metric"
        unknown = "the held-out rows have no such column"
        if groups:
            unknown = f"fewer than two groups can be scored ({'; '.join(map(': '.join, groups.left_out.items()))})"
        yield at_most(name, limits.fairness_limit, groups.difference if groups else None, "", unknown)


def _decided(opposed: _Opposed | None, checks: tuple[LimitCheck, ...]) -> tuple[Decision, tuple[str, ...]]:
    """The decision and its reasons: what speaks against comes first."""
    broken = [check.told for check in checks if not check.is_kept]
    if opposed is None:
        compared = "there was no champion yet"
    elif opposed.comparison is None:
        compared = f"the challenger cannot be compared with the champion: {opposed.problem}"
    else:
        compared = _told(opposed.comparison)
    if broken:
        return "refuse", (*broken, compared)
    if opposed is None:
        return "promote", (compared,)
    if opposed.comparison is None:
        return "undecided", (compared,)
    return ("promote" if opposed.comparison.is_better else "refuse"), (compared,)


def _told(comparison: Comparison) -> str:
    verdict = "better than the champion" if comparison.is_better else "not better than the champion beyond chance"
    left_out = f", {comparison.left_out} left out that the champion learnt from" if comparison.left_out else ""
    return (
        f"{verdict}: {comparison.metric} {comparison.challenger_score:.4g} against {comparison.champion_score:.4g},"
        f" difference {comparison.difference:+.4g}, 95 % interval {comparison.low:+.4g} to {comparison.high:+.4g}"
        f" on {comparison.rows} held-out rows{left_out}"
    )


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _way_out(challenger: RegistryModel, champion: RegistryModel | None) -> str:
    force = f"clearml-automl models promote {challenger.id} --force --reason 'why'"
    seed = champion.metadata.get("seed", "") if champion else ""
    if not seed or seed == challenger.metadata.get("seed"):
        return force
    return f"run again with the champion's --seed {seed}, which holds out the same rows of the same table, or {force}"
