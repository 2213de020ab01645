"""The entry point of an experiment's task: an agent runs this file, `conduct` is its table of contents."""

from __future__ import annotations

import logging
import sys
import time
import traceback
import zlib

from config.errors import BadInput, RunFailed
from config.settings import Settings, resolve
from experiments.ledger import Ledger, process_started
from experiments.preparation import prepare
from experiments.publication import code_of, publish_model
from experiments.reports.leaderboard import leaderboard_rows, valid_share
from experiments.reports.terminal import SHOWN_ROWS, ResultSummary, TerminalView
from experiments.reports.tracking import STOPPED_EXIT_CODE, RunTask, Tracking, open_task
from experiments.search.events import Event, Generation
from experiments.searching import NO_SEARCH, StoppedEarly, search
from experiments.winner import fit_baseline, fit_winner, score_on_holdout

#: seconds that fitting the winner, publishing and reporting may take; the search leaves them, but at most a quarter
#: of the budget
CLOSING_SECONDS = 3.0


def main() -> int:
    """Runs the task that this process was started for; its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    began = process_started()  # imports count: a person waits for them
    try:
        run = open_task(resolve().settings)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        execute(run, began)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (RunFailed, StoppedEarly) as error:
        print(f"error: {error}", file=sys.stderr)
        return STOPPED_EXIT_CODE if run.stop_requested.is_set() else 1
    return STOPPED_EXIT_CODE if run.stop_requested.is_set() else 0


def run_in_process(settings: Settings, name: str, view: TerminalView) -> ResultSummary:
    """Runs an experiment here, as a task of its own, and shows it.

    Args:
        settings: of the run.
        name: of the task.
        view: what shows it.

    Raises:
        BadInput: the table, a setting, or the server.
        RunFailed: there is no model.
    """
    began = time.monotonic()
    result = execute(open_task(settings, name), began, view)
    view.show_result(result)
    return result


def execute(run: RunTask, began: float, view: TerminalView | None = None) -> ResultSummary:
    """Conducts the experiment and ends its task, whatever happens, in the status that it deserves.

    Args:
        run: the task.
        began: `time.monotonic` from which the budget counts.
        view: a terminal that shows it.

    Raises:
        BadInput, RunFailed, StoppedEarly: there is no model; the task says why.
    """
    try:
        result = conduct(run, began, view)
    except StoppedEarly as error:
        run.stop(str(error))
        raise
    except (BadInput, RunFailed) as error:
        run.fail(str(error))
        raise
    except KeyboardInterrupt:
        run.stop("stopped by Ctrl-C")
        raise
    except Exception as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        run.fail(reason)
        raise RunFailed(reason) from error
    if run.stop_requested.is_set():
        run.stop()
    else:
        run.complete()
    return result


def conduct(run: RunTask, began: float, view: TerminalView | None = None) -> ResultSummary:
    """One experiment, from the table to the published model."""
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


if __name__ == "__main__":
    sys.exit(main())
