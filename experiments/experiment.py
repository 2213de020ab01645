"""One experiment, from the table to the published model: `conduct` is its table of contents."""

from __future__ import annotations

import zlib

from config.settings import Settings
from experiments.ledger import Ledger
from experiments.preparation import prepare
from experiments.publication import code_of, publish_model
from experiments.reports.leaderboard import leaderboard_rows, valid_share
from experiments.reports.terminal import SHOWN_ROWS, ResultSummary, TerminalView
from experiments.reports.tracking import RunTask, Tracking
from experiments.search.events import Event, Generation
from experiments.searching import NO_SEARCH, search
from experiments.winner import fit_baseline, fit_winner, score_on_holdout

#: seconds that fitting the winner, publishing and reporting may take; the search leaves them, but at most a quarter
#: of the budget
CLOSING_SECONDS = 3.0


def conduct(run: RunTask, began: float, view: TerminalView | None = None) -> ResultSummary:
    """Conducts an experiment.

    Args:
        run: its task, whose settings say what to do; it stays open.
        began: `time.monotonic` from which the budget counts.
        view: a terminal that shows it.

    Raises:
        BadInput: the table, a setting, or the pool's workers.
        RunFailed: there is no model.
        StoppedEarly: a person stopped it before there was one.
    """
    settings = run.settings
    ledger = Ledger(settings.time_left, began)

    def show(event: Event) -> None:
        if view and isinstance(event, Generation):
            view.show_generation(event)

    with ledger.phase("load"):
        prepared = prepare(settings)
        problem = prepared.problem(settings.cv_folds, settings.seed)
        tracking = Tracking(run.task, settings, prepared.metric)
    finished, fallback = NO_SEARCH, why_no_search(settings, run.id)
    if not fallback:
        with ledger.phase("search"):
            deadline = ledger.deadline(min(CLOSING_SECONDS, settings.time_left / 4))
            finished, fallback = search(settings, problem, deadline, tracking, show, run.stop_requested)
    with ledger.phase("fit"):
        winner = fit_baseline(prepared, problem) if fallback else fit_winner(prepared, finished.leaderboard)
    with ledger.phase("hold-out"):
        holdout_score = score_on_holdout(prepared, winner)
    with ledger.phase("publish"):
        published = publish_model(run, prepared, winner, holdout_score, bool(fallback))
    tracking.report_result(
        finished,
        cv_score=winner.cv_score,
        holdout_score=holdout_score,
        overrun_seconds=ledger.overrun,
        spent_seconds=ledger.spent,
        pipeline_code=code_of(prepared, settings, winner, holdout_score, run.url),
        model_file=published.uri,
        fallback=fallback,
    )
    return ResultSummary(
        task_id=run.id,
        task_url=run.url,
        model_id=published.id,
        model_name=published.name,
        metric=prepared.metric,
        cv_score=winner.cv_score,
        holdout_score=holdout_score,
        generations=finished.generations,
        evaluations=len(finished.evaluations),
        valid_share=valid_share(finished.evaluations),
        seconds=ledger.elapsed,
        leaderboard=tuple(leaderboard_rows(finished.leaderboard, finished.front, SHOWN_ROWS)),
        fallback_reason=fallback,
    )


def why_no_search(settings: Settings, task_id: str) -> str:
    """Why a run trains the light baseline instead of searching; empty where it searches."""
    if not settings.enable_automl:
        return "ENABLE_AUTOML is false"
    # a hash of the task's id, so that the same task always comes to the same answer
    if zlib.crc32(task_id.encode()) % 100 >= settings.automl_canary_percent:
        return f"AUTOML_CANARY_PERCENT lets {settings.automl_canary_percent} % of the runs search, not this one"
    return ""
