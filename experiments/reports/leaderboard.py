"""The evaluated pipelines as tables and JSON: leaderboard, Pareto front, summary, and every individual."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from experiments.reports.pipeline_text import short_text, shortened
from experiments.search.events import Evaluation, Finished
from experiments.search.objectives import Objectives

ROWS = 100  # of the leaderboard, at most


@dataclass(frozen=True)
class LeaderboardRow:
    """One valid pipeline of the leaderboard."""

    #: from 1
    rank: int
    #: mean over the folds, greater is better
    score: float
    #: standard deviation over the folds; 0 where there is one fold
    deviation: float
    #: TPOT's complexity, smaller is better
    complexity: float | None
    #: compute time of the evaluation, in seconds
    seconds: float
    generation: int
    #: number of the individual
    number: int
    #: whether none is better in all objectives
    on_front: bool
    #: the steps, shortened for people
    pipeline: str
    #: milliseconds to predict 1,000 rows; None where that was not an objective
    inference_ms: float | None = None
    #: of the pickled pipeline, in kilobytes; None where that was not an objective
    size_kb: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The row with names and values that JSON holds."""
        return {name: json_safe(value) for name, value in asdict(self).items()}


def leaderboard_rows(
    leaderboard: Sequence[Evaluation], front: Sequence[Evaluation], count: int = ROWS
) -> list[LeaderboardRow]:
    """The first rows of a leaderboard.

    Args:
        leaderboard: valid evaluations by falling score.
        front: those that nothing dominates.
        count: rows at most.
    """
    on_front = {evaluation.number for evaluation in front}
    return [
        LeaderboardRow(
            rank=rank,
            score=evaluation.score if evaluation.score is not None else math.nan,
            deviation=deviation(evaluation),
            complexity=evaluation.complexity,
            seconds=evaluation.seconds,
            generation=evaluation.generation,
            number=evaluation.number,
            on_front=evaluation.number in on_front,
            pipeline=pipeline_text(evaluation),
            inference_ms=measured(evaluation, "inference_ms"),
            size_kb=measured(evaluation, "size_kb"),
        )
        for rank, evaluation in enumerate(leaderboard[:count], start=1)
    ]


def leaderboard_json(
    leaderboard: Sequence[Evaluation], front: Sequence[Evaluation], metric: str, count: int = ROWS
) -> dict[str, Any]:
    """Content of the artifact ``leaderboard.json``: the rows, each with its canonical text and its folds."""
    return {
        "metric": metric,
        "rows": [
            {**row.as_json(), **_details(evaluation)}
            for row, evaluation in zip(leaderboard_rows(leaderboard, front, count), leaderboard, strict=False)
        ],
    }


def pareto_front_json(front: Sequence[Evaluation], metric: str, objectives: Objectives | None = None) -> dict[str, Any]:
    """Content of the artifact ``tp_pareto_front.json``: the whole front by falling score, and what it weighs."""
    return {
        "metric": metric,
        "objectives": [
            {"name": metric, "greater_is_better": True},
            *({"name": name, "greater_is_better": False} for name in (objectives or Objectives()).cost_names),
        ],
        "front": [
            {**row.as_json(), **_details(evaluation)}
            for row, evaluation in zip(leaderboard_rows(front, front, len(front)), front, strict=True)
        ],
    }


def rows_from_json(content: Mapping[str, Any]) -> list[LeaderboardRow]:
    """The rows of a ``leaderboard.json`` that was read back from a server; an older one has fewer columns."""
    names = [field.name for field in fields(LeaderboardRow)]
    return [LeaderboardRow(**{name: row[name] for name in names if name in row}) for row in content["rows"]]


def evaluation_summary(
    finished: Finished,
    *,
    metric: str,
    workers: int = 0,
    spent_seconds: Mapping[str, float] | None = None,
    fallback: str = "",
) -> dict[str, Any]:
    """The search in numbers, for the artifact ``evaluation_summary``.

    Args:
        finished: the search's last event.
        metric: name of the scorer.
        workers: worker processes at the end.
        spent_seconds: phase of the run -> wall-clock seconds.
        fallback: why the light baseline was trained instead; empty where the search's winner was.
    """
    outcomes = Counter(evaluation.outcome for evaluation in finished.evaluations)
    variations = Counter(evaluation.variation for evaluation in finished.evaluations)
    reused = [evaluation for evaluation in finished.evaluations if evaluation.reused]
    total = len(finished.evaluations)
    best = finished.leaderboard[0] if finished.leaderboard else None
    summary = {
        "metric": metric,
        "reason": finished.reason,
        "generations": finished.generations,
        "evaluations": total,
        "valid_share": valid_share(finished.evaluations),
        "dropped": outcomes["dropped"],
        "reused": len(reused),
        "outcomes": dict(outcomes.most_common()),
        "variations": dict(variations.most_common()),
        "causes": [
            {"cause": cause, "count": count, "seconds": seconds}
            for cause, (count, seconds) in sorted(finished.failures.items(), key=lambda item: -item[1][0])
        ],
        "compute_seconds": sum(each.seconds for each in finished.evaluations if not each.reused),
        "reused_seconds": sum(each.seconds for each in reused),
        "abandoned_seconds": finished.abandoned_seconds,
        "utilisation": finished.utilisation,
        "seconds": finished.spent_seconds,
        "evaluations_per_second": total / finished.spent_seconds if finished.spent_seconds else 0.0,
        "workers": workers,
        "retried": finished.retried,
        "pareto_size": len(finished.front),
        "best": leaderboard_rows([best], finished.front)[0].as_json() | _details(best) if best else None,
        "spent_seconds": dict(spent_seconds or {}),
        "fallback": fallback,
        "notes": notes(finished),
    }
    return {name: json_safe(value) for name, value in summary.items()}


def notes(finished: Finished) -> list[str]:
    """What a person who compares this run with another one should know, a sentence each."""
    late = [evaluation for evaluation in finished.evaluations if evaluation.outcome == "timeout"]
    if not late:
        return []
    evaluations = "1 evaluation" if len(late) == 1 else f"{len(late)} evaluations"
    return [
        f"{evaluations} ran into the time limit after {sum(each.seconds for each in late):.0f} s of compute time;"
        " where that happens depends on how busy the machine is, so another run with the same seed may differ"
    ]


def evaluated_individuals(evaluations: Sequence[Evaluation]) -> pd.DataFrame:
    """Every evaluation, a row each in order of submission: what was tried, from whom, and what came of it.

    Returns:
        (n_evaluations, 18); numbers missing where an evaluation did not come to them, or was not asked for them.
    """
    columns: dict[str, list[Any]] = {
        "number": [evaluation.number for evaluation in evaluations],
        "generation": [evaluation.generation for evaluation in evaluations],
        "variation": [evaluation.variation for evaluation in evaluations],
        "parents": [list(evaluation.parents) for evaluation in evaluations],
        "outcome": [evaluation.outcome for evaluation in evaluations],
        "cause": [evaluation.cause for evaluation in evaluations],
        "score": [evaluation.score for evaluation in evaluations],
        "deviation": [deviation(e) if e.score is not None else None for e in evaluations],
        "first_look": [evaluation.first_look for evaluation in evaluations],
        "fold_scores": [list(evaluation.fold_scores) for evaluation in evaluations],
        "complexity": [evaluation.complexity for evaluation in evaluations],
        "inference_ms": [measured(evaluation, "inference_ms") for evaluation in evaluations],
        "size_kb": [measured(evaluation, "size_kb") for evaluation in evaluations],
        "seconds": [evaluation.seconds for evaluation in evaluations],
        "reused": [evaluation.reused for evaluation in evaluations],
        "worker": [evaluation.worker for evaluation in evaluations],
        "steps": [pipeline_text(evaluation) for evaluation in evaluations],
        "pipeline": [evaluation.pipeline for evaluation in evaluations],
    }
    frame = pd.DataFrame(columns)
    for name in ("score", "deviation", "first_look", "complexity", "inference_ms", "size_kb", "seconds"):
        frame[name] = frame[name].astype("float64")
    frame["reused"] = frame["reused"].astype("bool")
    return frame


def valid_share(evaluations: Sequence[Evaluation]) -> float:
    """Share of those that work, valid or dropped, among the evaluated, from 0 to 1; 0 where nothing was evaluated."""
    return sum(e.outcome in ("valid", "dropped") for e in evaluations) / len(evaluations) if evaluations else 0.0


def measured(evaluation: Evaluation, name: str) -> float | None:
    """One of the measures of an evaluation; None where it was not taken, since nothing takes no time or no room."""
    return (float(getattr(evaluation.measures, name)) or None) if evaluation.measures else None


def deviation(evaluation: Evaluation) -> float:
    """Standard deviation of the fold scores (of the sample: divided by folds - 1); 0 for less than two folds."""
    scores = evaluation.fold_scores
    if len(scores) < 2:
        return 0.0
    mean = sum(scores) / len(scores)
    return math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))


def pipeline_text(evaluation: Evaluation, length: int = 120) -> str:
    """The pipeline's steps for people, or its canonical text where there is no estimator at hand."""
    if evaluation.estimator is None:
        return shortened(evaluation.pipeline, length)
    return short_text(evaluation.estimator, length)


def json_safe(value: Any) -> Any:
    """A value that strict JSON holds: no NaN, no infinity, no numpy scalar, no tuple."""
    if isinstance(value, Mapping):
        return {str(name): json_safe(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _details(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "fold_scores": json_safe(evaluation.fold_scores),
        "parents": list(evaluation.parents),
        "variation": evaluation.variation,
        "canonical": evaluation.pipeline,
    }
