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
from experiments.ensembling import FittedEnsemble
from experiments.optimism import CrossValidation, corrected_interval, cross_validation
from experiments.preparation import Prepared
from experiments.reports.leaderboard import pipeline_text
from experiments.reports.tracking import ArtifactFile
from experiments.search.events import Evaluation, Finished
from models.card.card import Card, make_card
from models.card.facts import CardFacts, Score
from models.drift.profile import ARTIFACT as TRAINING_PROFILE
from models.drift.profile import training_profile
from models.evidence import HOLDOUT, SPLIT, HoldoutRows
from models.published import classes_of
from models.registry import Published, library_versions
from models.schema import input_schema

log = logging.getLogger(__name__)

#: names of the artifacts
TABLE_FINDINGS = "table_findings"
MODEL_CARD = "model_card"

#: share of the run's time that a card may take, and between which bounds; seconds
CARD_SHARE = 0.02
CARD_SECONDS = (0.8, 10.0)


def card_seconds(time_left: float) -> float:
    """Seconds that a card may take of a run."""
    return float(np.clip(CARD_SHARE * time_left, *CARD_SECONDS))


@dataclass(frozen=True)
class Background:
    """What the models of a run have in common."""

    prepared: Prepared
    settings: Settings
    finished: Finished
    #: by the checks of the table
    found: Sequence[Finding]
    task_id: str
    #: the task's page
    task_url: str


@dataclass(frozen=True)
class Outcome:
    """A model that a run publishes."""

    closed: Closed
    published: Published
    #: in one line; empty for the light baseline
    pipeline: str
    #: mean over the folds, with its interval; None where there was no cross-validation
    cv: Score | None
    #: what the folds tell of a pipeline that was chosen by them
    cross: CrossValidation | None = None
    #: why it is the light baseline; empty where it is not
    fallback: str = ""

    @classmethod
    def of_best(
        cls,
        closed: Closed,
        published: Published,
        champion: Evaluation | None,
        cv_score: float | None,
        background: Background,
        fallback: str = "",
    ) -> Outcome:
        """The search's best pipeline, or the light baseline in its place.

        Args:
            closed: what was fitted.
            published: its model.
            champion: the evaluation whose pipeline it is; None for the light baseline.
            cv_score: mean over the folds.
            background: of the run.
            fallback: why it is the light baseline.
        """
        if champion is None or not champion.fold_scores:
            return cls(closed, published, "", None if cv_score is None else Score(cv_score), fallback=fallback)
        metric, seed = background.prepared.metric, background.settings.seed
        cross = cross_validation(champion.fold_scores, background.finished.evaluations, metric, seed)
        cv = Score(cross.score, cross.low, cross.high)
        return cls(closed, published, pipeline_text(champion), cv, cross)

    @classmethod
    def of_ensemble(cls, ensemble: FittedEnsemble, published: Published, metric: str) -> Outcome:
        """The ensemble beside the best; its score is that of what was chosen on other folds, free of optimism."""
        choice = ensemble.choice
        cv = Score(choice.score, *corrected_interval(choice.fold_scores, metric))
        return cls(ensemble.closed, published, f"a weighted vote of {len(choice.members)} pipelines", cv)


@dataclass(frozen=True)
class Explained:
    """What is reported of a run's models, ready for `Tracking.report_result`."""

    values: Mapping[str, float | None]
    files: Sequence[ArtifactFile]
    records: Mapping[str, Mapping[str, Any]]
    figures: Sequence[tuple[str, str, Any]]


def explain(background: Background, best: Outcome, ensemble: Outcome | None, deadline: float) -> Explained:
    """Everything that stays with the models of a run.

    Args:
        background: of the run.
        best: the model that it is about.
        ensemble: beside it; None where there is none.
        deadline: of the cards, on `time.monotonic`.
    """
    prepared = background.prepared
    held_out, metric = prepared.holdout_rows(), prepared.metric
    files = [
        ArtifactFile(HOLDOUT, f"{HOLDOUT}.parquet", held_out.to_parquet(), f"{len(held_out):,} rows"),
        ArtifactFile(SPLIT, f"{SPLIT}.parquet", prepared.split().to_parquet(), f"{len(prepared.table.y):,} rows"),
    ]
    figures: Sequence[tuple[str, str, Any]] = ()
    if card := _card(background, best, held_out, deadline):
        figures = card.figures
        files += _card_files(card)
    if ensemble and (card := _card(background, ensemble, held_out, deadline)):
        files += _card_files(card, "_ensemble")
    values: dict[str, float | None] = {}
    if cross := best.cross:
        name = f"cv {metric}"
        values = {f"{name} low": cross.low, f"{name} high": cross.high, f"optimism {metric}": cross.optimism}
    records = {TRAINING_PROFILE: _profile(prepared, best.closed, held_out), TABLE_FINDINGS: as_json(background.found)}
    return Explained(values, files, records, figures)


def card_facts(background: Background, outcome: Outcome) -> CardFacts:
    """What the card says that the model and its held-out rows do not tell."""
    prepared, settings = background.prepared, background.settings
    table, closed, cross = prepared.table, outcome.closed, outcome.cross
    is_classification = table.task == "classification"
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
        cv=outcome.cv,
        holdout=Score(closed.holdout_score, *(closed.holdout_interval or ())),
        classes=_counts(table.y) if is_classification else {},
        target_range=None if is_classification else _range(table.y.to_numpy(dtype=np.float64)),
        optimism=cross.optimism if cross else None,
        candidates=cross.candidates if cross else 0,
        folds=settings.cv_folds,
        search=search_in_words(settings, background.finished),
        pipeline=outcome.pipeline,
        fallback=outcome.fallback,
        findings=tuple(finding.line for finding in background.found),
        versions=library_versions(),
        sha256=outcome.published.sha256,
        size_bytes=len(closed.model),
        inference_ms=closed.inference_ms,
        model_id=outcome.published.id,
        task_id=background.task_id,
        task_url=background.task_url,
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


def _card(background: Background, outcome: Outcome, held_out: HoldoutRows, deadline: float) -> Card | None:
    """The card; None where it fails, which must not cost the run its result."""
    facts, seed = card_facts(background, outcome), background.settings.seed
    try:
        return make_card(facts, outcome.closed.fitted, held_out, deadline=deadline, seed=seed)
    except Exception:  # of any kind: it asks a pipeline that a search made up
        log.exception("the model card cannot be written")
        return None


def _card_files(card: Card, suffix: str = "") -> list[ArtifactFile]:
    markdown, html = (f"{MODEL_CARD}{suffix}{ending}" for ending in (".md", ".html"))
    return [
        ArtifactFile(markdown, markdown, card.markdown.encode(), card.markdown),
        ArtifactFile(html, html, card.html.encode()),
    ]


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
