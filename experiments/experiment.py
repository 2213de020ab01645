"""One experiment, from the table to the published model: `conduct` is its table of contents."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from config.errors import BadInput, RunFailed
from config.settings import Settings
from experiments.closing import Closed, Closing, fit_baseline, fit_best
from experiments.data.findings import Finding, findings, refusal
from experiments.ensembling import FittedEnsemble, fit_ensemble
from experiments.explanation import Background, Outcome, card_seconds, explain
from experiments.ledger import Ledger
from experiments.preparation import Prepared, prepare
from experiments.publication import code_of, promote_model, publish_model
from experiments.reports.checkpoint import Checkpoints, Interrupted
from experiments.reports.leaderboard import leaderboard_rows, valid_share
from experiments.reports.terminal import SHOWN_ROWS, ResultSummary, TerminalView
from experiments.reports.tracking import RunTask, Tracking
from experiments.search.budget import Budget
from experiments.search.events import Evaluation, Event, Finished, Generation
from experiments.search.journal import Journal
from experiments.search.pool import Pool
from experiments.search.predictions import Predictions
from experiments.search.problem import Problem
from experiments.search.space_file import digest
from experiments.search.space_names import is_python_file
from experiments.searching import NO_SEARCH, PUBLISHING_SECONDS, Search, pool_as_set
from models.catalog import CHALLENGER, CHAMPION
from models.gate.verdict import Verdict

log = logging.getLogger(__name__)

#: seconds for sending away what is known of the result
REPORTING_SECONDS = 0.7
#: seconds for comparing the model with the champion
PROMOTING_SECONDS = 2.0
#: seconds in which a run that was stopped fits and scores what it has
STOPPING_SECONDS = 2.5


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
    interrupted = Interrupted.of(run.task)
    ledger = Ledger(settings.time_left, began - interrupted.spent_seconds, interrupted.spent_seconds)
    fallback = why_no_search(settings, run.id)
    fallbacks = Fallbacks()
    with ExitStack() as cleanup:
        with ledger.phase("load"):
            pool = None if fallback else _opened_pool(settings, fallbacks, cleanup)  # it gets ready meanwhile
            prepared = prepare(settings)
            closing = Closing(prepared, settings.memory_limit_mb, settings.seed)
            cleanup.callback(closing.close)
            problem = prepared.problem(settings.cv_folds, settings.seed)
            tracking = Tracking(run, prepared.metric, told=interrupted.generations)
            fallbacks.tell(tracking.fall_back)
            for hint in prepared.hints:
                run.say(hint)
            found = _checked(run, prepared)
        finished, predictions = NO_SEARCH, None
        if pool:
            with ledger.phase("search"):
                journal = _journal(run, problem, interrupted)
                predictions = _predictions(settings, journal)
                search = Search(
                    settings, problem, pool, Budget(ledger.deadline(0.0), ledger.started), journal, predictions,
                    run.stop_requested, publishing_seconds(settings),
                )  # fmt: skip
                finished, fallback = _searched(run, search, interrupted, ledger, tracking, closing, view)
        deadline = ledger.deadline(publishing_seconds(settings))
        if run.stop_requested.is_set():
            deadline = min(deadline, time.monotonic() + STOPPING_SECONDS)
        with ledger.phase("fit"):
            fitted = _fitted(closing, finished, problem, deadline, fallback, settings.enable_automl_fallback)
        verdict: Verdict | None = None
        champion, closed, fallback = fitted.champion, fitted.closed, fitted.fallback
        cv_score = fitted.cv_score
        ensemble: FittedEnsemble | None = None
        if champion and predictions and not run.stop_requested.is_set():
            with ledger.phase("ensemble"):
                ensemble = fit_ensemble(closing, finished, problem, predictions, deadline)
        with ledger.phase("publish"):
            published = publish_model(run, prepared, closed, cv_score, ("fallback",) if fallback else ())
            if ensemble:
                published_ensemble = publish_model(
                    run, prepared, ensemble.closed, ensemble.choice.score, ("ensemble",), suffix=" ensemble"
                )
        with ledger.phase("report"):
            background = Background(prepared, settings, finished, found, run.id, run.url)
            best = Outcome.of_best(closed, published, champion, cv_score, background, fallback)
            second = Outcome.of_ensemble(ensemble, published_ensemble, prepared.metric) if ensemble else None
            explained = explain(background, best, second, _card_deadline(run, ledger))
            tracking.report_result(
                finished,
                cv_score=cv_score,
                holdout_score=closed.holdout_score,
                holdout_interval=closed.holdout_interval,
                pipeline_code=code_of(prepared, settings, closed, cv_score, run.url),
                model_file=published.uri,
                champion=champion,
                ensemble=ensemble.as_json() if ensemble else None,
                values=explained.values,
                files=explained.files,
                records=explained.records,
                figures=explained.figures,
            )
        if settings.auto_promote and settings.publish:
            with ledger.phase("promote"):
                verdict = promote_model(run, prepared, closed, published, _promotion_deadline(run, ledger))
        tracking.report_end(finished, spent_seconds=ledger.spent, overrun_seconds=ledger.overrun, fallback=fallback)
    return ResultSummary(
        task_id=run.id,
        task_url=run.url,
        model_id=published.id,
        model_name=published.name,
        metric=prepared.metric,
        cv_score=cv_score,
        holdout_score=closed.holdout_score,
        generations=finished.generations,
        evaluations=len(finished.evaluations),
        valid_share=valid_share(finished.evaluations),
        seconds=ledger.elapsed,
        leaderboard=tuple(leaderboard_rows(finished.leaderboard, finished.front, SHOWN_ROWS)),
        fallback_reason=fallback,
        holdout_interval=closed.holdout_interval,
        cv_interval=best.cross.interval if best.cross else None,
        optimism=best.cross.optimism if best.cross else None,
        role=CHAMPION if verdict and verdict.is_promoted else CHALLENGER,
        dropped=sum(each.outcome == "dropped" for each in finished.evaluations),
        reused=sum(each.reused for each in finished.evaluations),
    )


@dataclass(frozen=True)
class Fitted:
    """What a run publishes."""

    closed: Closed
    #: mean over the folds
    cv_score: float | None
    #: the evaluation whose pipeline it is; None for the light baseline
    champion: Evaluation | None
    #: why it is the light baseline; empty where it is not
    fallback: str


def publishing_seconds(settings: Settings) -> float:
    """Seconds that a search leaves to what follows the last fit."""
    seconds = PUBLISHING_SECONDS + card_seconds(settings.time_left)
    return seconds + PROMOTING_SECONDS if settings.auto_promote else seconds


def _checked(run: RunTask, prepared: Prepared) -> tuple[Finding, ...]:
    """What makes the table look better than it is, said in the task's console.

    Raises:
        BadInput: the settings refuse such tables.
    """
    settings = run.settings
    if settings.table_checks == "off":
        return ()
    found = findings(prepared.table, prepared.development, prepared.holdout, settings.seed)
    for finding in found:
        run.say(f"table check: {finding.line}")
    if settings.table_checks == "refuse" and (reason := refusal(found)):
        raise BadInput(reason)
    return found


def _card_deadline(run: RunTask, ledger: Ledger) -> float:
    """Until when the model card may be looked into; a person who stops a run does not wait for it."""
    now = time.monotonic()
    if run.stop_requested.is_set():
        return now
    spare = PROMOTING_SECONDS if run.settings.auto_promote else 0.0
    return min(now + card_seconds(run.settings.time_left), ledger.deadline(REPORTING_SECONDS + spare))


def _promotion_deadline(run: RunTask, ledger: Ledger) -> float:
    """Until when the model is compared with the champion; a person who stops a run does not wait for it."""
    soon = time.monotonic() + PROMOTING_SECONDS
    return soon if run.stop_requested.is_set() else max(ledger.deadline(0.0), soon)


def _fitted(
    closing: Closing, finished: Finished, problem: Problem, deadline: float, fallback: str, may_fall_back: bool
) -> Fitted:
    """The search's best, fitted; the light baseline where there was no search, or nothing of it can be fitted."""
    if not fallback:
        try:
            champion, closed = fit_best(closing, finished.leaderboard, deadline)
            return Fitted(closed, champion.score, champion, "")
        except RunFailed as error:
            if not may_fall_back:
                raise
            fallback = str(error)
    cv_score, closed = fit_baseline(closing, problem, deadline - time.monotonic())
    return Fitted(closed, cv_score, None, fallback)


class Fallbacks:
    """Passes on that a pool fell back, also where it did before there was anybody to tell."""

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None
        self._untold: list[str] = []

    def __call__(self, reason: str) -> None:
        """Takes the reason, in one line."""
        log.warning("%s", reason)
        if self._listener:
            self._listener(reason)
        else:
            self._untold.append(reason)

    def tell(self, listener: Callable[[str], None]) -> None:
        """From now on, and of what has happened, this is told."""
        self._listener = listener
        while self._untold:
            listener(self._untold.pop())


def _opened_pool(settings: Settings, fallbacks: Fallbacks, cleanup: ExitStack) -> Pool:
    return cleanup.enter_context(pool_as_set(settings, fallbacks))


def _searched(
    run: RunTask,
    search: Search,
    interrupted: Interrupted,
    ledger: Ledger,
    tracking: Tracking,
    closing: Closing,
    view: TerminalView | None,
) -> tuple[Finished, str]:
    """How the search ended, and why the light baseline must step in; empty where the search has a winner."""
    search.pool.learn(search.problem)
    checkpoints = Checkpoints(run.task, search.journal, lambda: ledger.elapsed)
    checkpoints.begin()
    told = interrupted.generations
    checkpoints.save(told, at_once=True)  # from now on, a task that is enqueued again is this run

    def show(event: Event) -> None:
        nonlocal told
        if not search.pool.leaves_sandboxes:
            closing.warm_up()  # not before the workers are at work: it takes a processor for seconds
        tracking.consume(event)
        if isinstance(event, Generation):
            told = max(told, event.number)
            if view:
                view.show_generation(event)
        checkpoints.save(told, at_once=isinstance(event, Finished))

    ended = search.run(show)
    search.pool.close()  # what it leaves is used from here on
    return ended


def _journal(run: RunTask, problem: Problem, interrupted: Interrupted) -> Journal:
    settings = run.settings
    folder = settings.home.expanduser() / "evaluations"
    definitions = digest(settings.search_space) if is_python_file(settings.search_space) else ""
    journal = Journal(problem, settings.seed, interrupted.run, folder, settings.reuse_evaluations, definitions)
    journal.absorb(interrupted.journal)
    return journal


def _predictions(settings: Settings, journal: Journal) -> Predictions | None:
    """Where out-of-fold predictions go, where an ensemble is wanted."""
    folder = settings.home.expanduser() / "evaluations" / journal.key
    return Predictions(folder) if settings.ensemble != "off" else None


def why_no_search(settings: Settings, task_id: str) -> str:
    """Why a run trains the light baseline instead of searching; empty where it searches."""
    if not settings.enable_automl:
        return "ENABLE_AUTOML is false"
    # a hash of the task's id, so that the same task always comes to the same answer
    if zlib.crc32(task_id.encode()) % 100 >= settings.automl_canary_percent:
        return f"AUTOML_CANARY_PERCENT lets {settings.automl_canary_percent} % of the runs search, not this one"
    return ""
