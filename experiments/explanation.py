"""What a run tells of its model beyond the score: the card, and the records by which it is judged from then on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pandas as pd

from config.settings import Settings
from experiments.closing import Closed
from experiments.data.findings import Finding, as_json
from experiments.optimism import CrossValidation, cross_validation
from experiments.preparation import Prepared
from experiments.reports.leaderboard import pipeline_text
from experiments.reports.tracking import ArtifactFile
from experiments.search.events import Evaluation, Finished
from models.card.card import HTML, MARKDOWN, Card, make_card
from models.card.facts import CardFacts, Score
from models.drift.profile import training_profile
from models.evidence import HOLDOUT, SPLIT, HoldoutRows
from models.published import classes_of
from models.registry import Published, library_versions
from models.schema import input_schema

log = logging.getLogger(__name__)

#: names of the artifacts
TRAINING_PROFILE = "training_profile"
TABLE_FINDINGS = "table_findings"

#: share of the run's time that a card may take, and between which bounds; seconds
CARD_SHARE = 0.02
CARD_SECONDS = (0.8, 10.0)


def card_seconds(time_left: float) -> float:
    """Seconds that a card may take of a run."""
    return float(np.clip(CARD_SHARE * time_left, *CARD_SECONDS))


@dataclass(frozen=True)
class Outcome:
    """What a run publishes, and how it was found."""

    finished: Finished
    closed: Closed
    published: Published
    #: mean over the folds; None where there was no cross-validation
    cv_score: float | None
    #: the evaluation whose pipeline it is; None for the light baseline
    champion: Evaluation | None
    #: why it is the light baseline; empty where it is not
    fallback: str


@dataclass(frozen=True)
class Explained:
    """What is reported of a model, ready for `Tracking.report_result`."""

    #: what the folds tell of the pipeline; None where it was not chosen by them
    cross: CrossValidation | None
    values: Mapping[str, float | None]
    files: Sequence[ArtifactFile]
    records: Mapping[str, Mapping[str, Any]]
    figures: Sequence[tuple[str, str, Any]]


def explain(
    prepared: Prepared,
    settings: Settings,
    outcome: Outcome,
    found: Sequence[Finding],
    *,
    task_id: str,
    task_url: str,
    deadline: float,
) -> Explained:
    """Everything that stays with a model.

    Args:
        prepared: the rows.
        settings: of the run.
        outcome: what it publishes.
        found: by the checks of the table.
        task_id: of the run.
        task_url: its page.
        deadline: of the card, on `time.monotonic`.
    """
    held_out, metric = prepared.holdout_rows(), prepared.metric
    cross = _cross_validation(outcome, metric, settings.seed)
    facts = card_facts(prepared, settings, outcome, cross, found, task_id, task_url)
    files = [
        ArtifactFile(HOLDOUT, f"{HOLDOUT}.parquet", held_out.to_parquet(), f"{len(held_out):,} rows"),
        ArtifactFile(SPLIT, f"{SPLIT}.parquet", prepared.split().to_parquet(), f"{len(prepared.table.y):,} rows"),
    ]
    figures: Sequence[tuple[str, str, Any]] = ()
    card = _card(facts, outcome.closed.fitted, held_out, deadline, settings.seed)
    if card:
        figures = card.figures
        files += [
            ArtifactFile(MARKDOWN, MARKDOWN, card.markdown.encode(), card.markdown),
            ArtifactFile(HTML, HTML, card.html.encode()),
        ]
    values: dict[str, float | None] = {}
    if cross:
        name = f"cv {metric}"
        values = {f"{name} low": cross.low, f"{name} high": cross.high, f"optimism {metric}": cross.optimism}
    records = {TRAINING_PROFILE: _profile(prepared, outcome.closed, held_out), TABLE_FINDINGS: as_json(found)}
    return Explained(cross, values, files, records, figures)


def card_facts(
    prepared: Prepared,
    settings: Settings,
    outcome: Outcome,
    cross: CrossValidation | None,
    found: Sequence[Finding],
    task_id: str,
    task_url: str,
) -> CardFacts:
    """What the card says that the model and its held-out rows do not tell."""
    table, closed, finished = prepared.table, outcome.closed, outcome.finished
    is_classification = table.task == "classification"
    cv = None if outcome.cv_score is None else Score(outcome.cv_score, *((cross.low, cross.high) if cross else ()))
    return CardFacts(
        model_name=outcome.published.name,
        task=table.task,
        metric=prepared.metric,
        table=table.name,
        target=str(table.y.name),
        rows=len(table.y),
        development_rows=len(prepared.development.y),
        fingerprint=table.fingerprint,
        split=split_in_words(prepared, settings),
        input_schema=input_schema(table.X, table.kinds),
        cv=cv,
        holdout=Score(closed.holdout_score, *(closed.holdout_interval or ())),
        classes=_counts(table.y) if is_classification else {},
        target_range=None if is_classification else _range(table.y.to_numpy(dtype=np.float64)),
        optimism=cross.optimism if cross else None,
        candidates=cross.candidates if cross else 0,
        folds=settings.cv_folds,
        search=search_in_words(settings, finished),
        pipeline=pipeline_text(outcome.champion) if outcome.champion else "",
        fallback=outcome.fallback,
        findings=tuple(finding.line for finding in found),
        versions=library_versions(),
        sha256=outcome.published.sha256,
        size_bytes=len(closed.model),
        inference_ms=closed.inference_ms,
        model_id=outcome.published.id,
        task_id=task_id,
        task_url=task_url,
        created=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    )


def split_in_words(prepared: Prepared, settings: Settings) -> str:
    """How rows were held out."""
    share = f"{settings.holdout_share:.0%}"
    if prepared.table.order is not None:
        by = f"by column {settings.time_column}" if settings.time_column else "at the end of the file"
        return f"the latest {share}, {by}"
    if prepared.table.groups is not None:
        return f"{share}, whole groups of column {settings.group_column}, seed {settings.seed}"
    shares = ", the same share of each class" if prepared.labels else ""
    return f"{share} drawn by chance{shares}, seed {settings.seed}"


def search_in_words(settings: Settings, finished: Finished) -> dict[str, str]:
    """What was searched, and how."""
    outcomes = [each.outcome for each in finished.evaluations]
    return {
        "budget": f"{settings.time_left:g} s",
        "evaluations": f"{len(outcomes):,}, of them {outcomes.count('valid'):,} on all folds",
        "generations": f"{finished.generations:,} of {settings.population_size:,} individuals",
        "search space": settings.search_space if len(settings.search_space) < 80 else "given by the person",
        "ended by": finished.reason,
        "folds": f"{settings.cv_folds}",
        "seed": f"{settings.seed}",
    }


def _cross_validation(outcome: Outcome, metric: str, seed: int) -> CrossValidation | None:
    champion = outcome.champion
    if champion is None or not champion.fold_scores:
        return None
    return cross_validation(champion.fold_scores, outcome.finished.evaluations, metric, seed)


def _card(facts: CardFacts, fitted: Any, held_out: HoldoutRows, deadline: float, seed: int) -> Card | None:
    """The card; None where it fails, which must not cost the run its result."""
    try:
        return make_card(facts, fitted, held_out, deadline=deadline, seed=seed)
    except Exception:  # of any kind: it asks a pipeline that a search made up
        log.exception("the model card cannot be written")
        return None


def _profile(prepared: Prepared, closed: Closed, held_out: HoldoutRows) -> dict[str, Any]:
    rows, fitted = prepared.development, closed.fitted
    probabilities = prepared.labels is not None and hasattr(fitted, "predict_proba")
    predictions = fitted.predict_proba(held_out.X) if probabilities else fitted.predict(held_out.X)
    return training_profile(rows.X, rows.kinds, np.asarray(predictions), rows.task, classes_of(fitted))


def _counts(y: pd.Series) -> dict[str, int]:
    return {str(label): int(count) for label, count in y.value_counts().items()}


def _range(values: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
    return float(low), float(middle), float(high)
