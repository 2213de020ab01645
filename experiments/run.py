"""The entry point of an experiment's task: an agent runs this file.

The task is opened, and its first scalar reported, before the libraries of the search are imported, which takes
seconds: a person who watches sees at once that the run has begun.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import BadInput, RunFailed, StoppedEarly
from config.settings import Settings, resolve
from experiments.ledger import process_started
from experiments.reports.terminal import ResultSummary, TerminalView
from experiments.reports.tracking import STOPPED_EXIT_CODE, RunTask, open_task


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
    run.report_start(time.monotonic() - began)
    try:
        from experiments.experiment import conduct

        with _stopping_on_signals(run):
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


@contextmanager
def _stopping_on_signals(run: RunTask) -> Iterator[None]:
    """Ctrl-C and a polite kill ask the run to put away what it found and end; a second one ends it as it is."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return

    def stop(number: int, frame: object) -> None:
        if run.stop_requested.is_set():
            raise KeyboardInterrupt
        run.stop_requested.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
