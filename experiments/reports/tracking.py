"""An experiment in ClearML: the task's life, its scalars, plots and artifacts.

The only file of ``experiments`` that knows ClearML. Everything is streamed while the search runs: the SDK's report
calls put an event into a queue that a thread of its own sends away, so a generation costs the search milliseconds.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clearml
from clearml.config import ConfigSDKWrapper, ConfigWrapper, running_remotely
from clearml.config.remote import override_current_task_id

from config.errors import BadInput
from config.settings import Settings, hyperparameters, with_hyperparameters
from experiments.reports.leaderboard import (
    evaluated_individuals,
    evaluation_summary,
    leaderboard_json,
    leaderboard_rows,
    pareto_front_json,
)
from experiments.reports.lineage import lineage_figure
from experiments.reports.plots import column_widths, failures_figure, leaderboard_cells, ledger_figure, pareto_figure
from experiments.reports.prometheus import RunMetrics
from experiments.reports.terminal import GenerationLine
from experiments.search.events import Evaluated, Evaluation, Event, Finished, Generation
from experiments.search.objectives import Objectives
from experiments.search.space_names import SEARCH_SPACE, is_python_file

log = logging.getLogger(__name__)

REQUIREMENTS = Path(__file__).parents[2] / "requirements.lock"
PLOT_INTERVAL = 4.0  # seconds between the plots of two generations, at least; the last are always reported
PLOT_ROWS = 50  # of the leaderboard as a plot; the artifact holds more
ABORT_GRACE = 60.0  # seconds that an aborted run has to put away what it found
STOPPED_EXIT_CODE = 254  # tells clearml-agent to leave the task stopped; it sets completed for 0, failed for others
#: the SDK's default of 240 retries hangs for hours; these outlast a server's restart of about a minute
RETRIES = {"total": 15, "connect": 15, "read": 15, "redirect": 2, "status": 15, "backoff_factor": 0.5, "backoff_max": 5}


def configure_sdk() -> None:
    """Lays over the SDK's configuration what a run relies on; before its first call.

    The SDK reads these from clearml.conf only, no environment variable sets them, and a stock agent's file does not
    have them: with the default reporting sub-process ``Task.close()`` takes 10 seconds, now and then 5 minutes. Retries
    are left alone where a person has set them.
    """
    overrides: dict[str, Any] = {"sdk": {"development": {"report_use_subprocess": False}}}
    if ConfigWrapper.get("api.http.retries.total", 240) == 240:
        overrides["api"] = {"http": {"retries": RETRIES}}
    ConfigWrapper.set_overrides(overrides)
    ConfigSDKWrapper.clear_config_impl()  # a section that was read before is read anew


@dataclass
class RunTask:
    """The ClearML task of a run, from its start to its end."""

    task: clearml.Task
    #: the settings after the task's hyperparameters, which a person may have edited, were laid over them
    settings: Settings
    #: set once a person has aborted the task: put away what there is and end
    stop_requested: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    #: whether this process was told by `open_task`, and not by an agent, which task it executes
    _taken_over: bool = False
    _folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def folder(self) -> Path:
        """For files that are uploaded in the background; it is there until the task has ended."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="automl-run-")
        return Path(self._folder.name)

    @property
    def id(self) -> str:
        """The task's id."""
        return str(self.task.id)

    @property
    def url(self) -> str:
        """The task's page in the web interface."""
        return str(self.task.get_output_log_web_page())

    @property
    def project(self) -> str:
        """Name of the task's project."""
        return str(self.task.get_project_name() or self.settings.project)

    def say(self, line: str) -> None:
        """A line of the task's console."""
        with _logged("reporting console lines"):
            # Under an agent standard output is the console; elsewhere it belongs to the person.
            self.task.get_logger().report_text(line, print_console=running_remotely())

    def report_start(self, spent_seconds: float) -> None:
        """Reports the first scalar, so that a person sees that the run has begun; generation 0 will replace it.

        Args:
            spent_seconds: of the budget, until now.
        """
        with _logged("reporting scalars"):
            self.task.get_logger().report_scalar("Budget", "spent seconds", spent_seconds, 0)
            self.task.flush()

    def complete(self) -> None:
        """Waits for uploads and ends the task ``completed``."""
        self._close(lambda: self.task.mark_completed(status_message="the run is complete"))

    def fail(self, reason: str) -> None:
        """Waits for uploads and ends the task ``failed``, with a reason in one line."""
        reason = " ".join(reason.split())
        self._close(lambda: self.task.mark_failed(status_reason=reason, status_message=reason, force=True))

    def stop(self, reason: str = "stopped by a person") -> None:
        """Waits for uploads and ends the task ``stopped``; the process should exit with `STOPPED_EXIT_CODE`."""
        self._close(lambda: self.task.stopped(force=True, status_reason=reason, status_message=reason))

    def _close(self, mark: Callable[[], object]) -> None:
        """Sends what waits, stops the SDK's threads, then sets the status.

        ``Task.close()`` of a task that was not started by an agent marks it ``completed``, whatever it was, and the
        SDK's monitor kills the process of a task that is no longer running. So the monitor goes first, the mark comes
        last, and `close` is kept from setting one.
        """
        if self._ended.is_set():
            return
        with _logged("closing the task"):
            self.task.flush(wait_for_uploads=True)
        with _logged("closing the task"):
            self.task.mark_completed, mark_completed = (lambda *_, **__: None), self.task.mark_completed
            self.task.close()
            self.task.mark_completed = mark_completed
        with _logged("setting the task's status"):
            mark()
        if self._taken_over:
            override_current_task_id(None)
        if self._folder is not None:
            self._folder.cleanup()
        self._ended.set()

    def _on_abort(self) -> None:
        """Runs in a thread of the SDK, which kills the process when this returns.

        A stopped task takes neither artifacts nor models, so the task is started once more until they are in.
        """
        with _logged("starting the task once more"):
            self.task.mark_started(force=True)
        self.stop_requested.set()
        self._ended.wait(ABORT_GRACE)


def open_task(settings: Settings, name: str = "", task_id: str = "") -> RunTask:
    """The task of this process: the one that an agent or a launcher made for it, or a new one.

    Args:
        settings: of this process; a given task's hyperparameters take their place.
        name: of a new task.
        task_id: a task to take over where no agent named one in ``CLEARML_TASK_ID``.

    Raises:
        BadInput: a hyperparameter is unknown or does not fit; the task is marked failed with it.
    """
    configure_sdk()
    if task_id:
        override_current_task_id(task_id)
    if REQUIREMENTS.is_file():  # what is pinned; the SDK would analyse every file for what is imported
        clearml.Task.force_requirements_env_freeze(requirements_file=str(REQUIREMENTS))
    with contextlib.redirect_stdout(sys.stderr):  # the SDK greets on standard output, which is for results
        task = clearml.Task.init(
            project_name=settings.project,
            task_name=name or f"search on {Path(settings.data).stem}",
            task_type=clearml.Task.TaskTypes.training,
            reuse_last_task_id=False,
            output_uri=True,
            auto_connect_arg_parser=False,
            auto_connect_frameworks=False,
            auto_resource_monitoring=False,
            auto_connect_streams={"stdout": False, "stderr": False, "logging": True},
        )
    run = RunTask(task, settings, _taken_over=bool(task_id))
    task.set_initial_iteration(0)  # an iteration is a generation, also of a task that runs once more
    try:
        run.settings = _connected(task, settings)
    except BadInput as error:
        run.fail(str(error))
        raise
    task.register_abort_callback(run._on_abort, callback_execution_timeout=ABORT_GRACE + 5.0)
    return run


def _connected(task: clearml.Task, settings: Settings) -> Settings:
    """Reads the task's hyperparameters, and writes those that it lacks.

    ``Task.connect`` is not used: it keeps the default without an error where a text does not parse as the default's
    type, and takes ``yes`` for False.
    """
    given: dict[str, dict[str, Any]] = {}
    for path, value in task.get_parameters().items():
        section, _, key = path.partition("/")
        given.setdefault(section, {})[key] = value
    if running_remotely():
        settings = with_hyperparameters(settings, given)
    missing = {
        f"{section}/{key}": value
        for section, parameters in hyperparameters(settings).items()
        for key, value in parameters.items()
        if key not in given.get(section, {})
    }
    if missing:
        task.update_parameters(missing)
    if is_python_file(settings.search_space):  # it travels as a configuration of the task, and comes back as a file
        path = task.connect_configuration(Path(settings.search_space).expanduser(), name=SEARCH_SPACE)
        settings = settings.model_copy(update={"search_space": str(path)})
    return settings


@dataclass(frozen=True)
class ArtifactFile:
    """A file that becomes an artifact of the task."""

    #: its name in ClearML
    artifact: str
    file_name: str
    content: bytes = field(repr=False)
    #: text that a web interface shows beside it
    preview: str | None = None


class Tracking:
    """Consumes a search's events and reports them to a task, generation by generation.

    A server that is away must not end a search: a report that fails is logged once, and the search goes on.
    """

    def __init__(
        self,
        run: RunTask,
        metric: str,
        told: int = 0,
        plot_interval: float = PLOT_INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares tracking.

        Args:
            run: where to report to, and with which settings.
            metric: the scorer's name; part of the names of scalars.
            told: generations that the run told of before it was interrupted; they are not told of again.
            plot_interval: seconds between the plots of two generations, at least.
            clock: seconds, for the interval.
        """
        task, settings = run.task, run.settings
        self._run = run
        self._task = task
        self._settings = settings
        self._metric = metric
        self._told = told
        self._objectives = Objectives.parse(settings.objectives)
        self._logger = task.get_logger()
        self._plot_interval = plot_interval
        self._clock = clock
        self._plotted_at = float("-inf")
        self._unplotted: Generation | None = None
        self._workers = 0
        self._metrics = RunMetrics(str(task.id), settings.parallel_mode)
        self._metrics_file = settings.home.expanduser() / "metrics" / f"{task.id}.prom"

    def fall_back(self, reason: str) -> None:
        """Says that the search does not run on the pool that was asked for, or not any more, and counts it."""
        self._metrics.fall_back()
        self._run.say(reason)
        self._report_values({"tpot_parallel_fallbacks_total": 1})

    def consume(self, event: Event) -> None:
        """Reports one event of the search; single evaluations are only counted."""
        self._metrics.consume(event)
        if not isinstance(event, Evaluated):
            self._write_metrics()
        if isinstance(event, Generation):
            self._workers = event.workers
            if event.number < self._told:
                return
            with _logged("reporting scalars"):
                self._report_scalars(event)
            with _logged("reporting plots"):
                self._report_plots_in_turn(event)
        elif isinstance(event, Finished) and self._unplotted is not None:
            with _logged("reporting plots"):
                self._report_plots(self._unplotted)

    def report_result(
        self,
        finished: Finished,
        *,
        cv_score: float | None,
        holdout_score: float | None,
        holdout_interval: tuple[float, float] | None = None,
        pipeline_code: str = "",
        model_file: Path | str | None = None,
        champion: Evaluation | None = None,
        ensemble: Mapping[str, Any] | None = None,
        values: Mapping[str, float | None] | None = None,
        files: Sequence[ArtifactFile] = (),
        records: Mapping[str, Mapping[str, Any]] | None = None,
        figures: Sequence[tuple[str, str, Any]] = (),
    ) -> None:
        """Reports what the run found: single values, artifacts and the champion's lineage. Waits for the uploads.

        Args:
            finished: the search's last event; of no evaluations where there was no search.
            cv_score: of the published pipeline, mean over the folds.
            holdout_score: of the published pipeline, on rows that the search never saw.
            holdout_interval: 95 % of that score's draws lie within; None where that is not known.
            pipeline_code: readable Python of the published pipeline.
            model_file: the published ``model.joblib``, or the address at which the registry keeps it.
            champion: the evaluation of the published pipeline; None for a baseline.
            ensemble: content of ``ensemble.json``; None where there is no ensemble.
            values: further single values, by name.
            files: further artifacts.
            records: further artifacts that hold JSON, by name.
            figures: of plotly, each with its title and series.
        """
        self._report_values(values or {})
        self._report_values(
            {
                f"hold-out {self._metric}": holdout_score,
                **_ends(f"hold-out {self._metric}", holdout_interval),
                f"cv {self._metric}": cv_score,
                "tp_generations": finished.generations,
                "tp_population_size": self._settings.population_size,
                "evaluations": len(finished.evaluations),
            }
        )
        if ensemble is not None:
            self._report_values(
                {
                    f"hold-out {self._metric} ensemble": ensemble["holdout_score"],
                    **_ends(f"hold-out {self._metric} ensemble", ensemble.get("holdout_interval")),
                    f"cv {self._metric} ensemble": ensemble["cv_score"],
                    "inference ms ensemble": ensemble["inference_ms_per_1000_rows"],
                }
            )
            self._upload("ensemble.json", dict(ensemble))
        front = finished.front
        self._upload("leaderboard.json", leaderboard_json(finished.leaderboard, front, self._metric))
        self._upload("tp_pareto_front.json", pareto_front_json(front, self._metric, self._objectives))
        self._upload("evaluated_individuals", evaluated_individuals(finished.evaluations), extension_name=".parquet")
        if champion is not None:
            with _logged("reporting plots"):
                figure = lineage_figure(finished.evaluations, champion.number, self._metric)
                self._logger.report_plotly("Lineage", "family of the published pipeline", figure, finished.generations)
        for title, series, figure in figures:
            with _logged("reporting plots"):
                self._logger.report_plotly(title, series, figure, finished.generations)
        for name, record in (records or {}).items():
            self._upload(name, dict(record))
        if model_file is not None:
            self._upload("model.joblib", model_file)
        code = ArtifactFile("best_pipeline.py", "best_pipeline.py", pipeline_code.encode(), pipeline_code)
        for file in (*files, *([code] if pipeline_code else [])):
            path = self._run.folder / file.file_name
            path.write_bytes(file.content)
            self._upload(file.artifact, path, preview=file.preview)
        with _logged("waiting for uploads"):
            self._task.flush(wait_for_uploads=True)

    def report_end(
        self, finished: Finished, *, spent_seconds: Mapping[str, float], overrun_seconds: float, fallback: str = ""
    ) -> None:
        """Reports where the time went; the last thing that a run reports.

        Args:
            finished: the search's last event.
            spent_seconds: phase of the run -> wall-clock seconds.
            overrun_seconds: wall clock beyond the budget; 0 where it was kept.
            fallback: why the light baseline was trained instead; empty where the search's winner was.
        """
        self._report_values({"overrun seconds": overrun_seconds})
        summary = evaluation_summary(
            finished, metric=self._metric, workers=self._workers, spent_seconds=spent_seconds, fallback=fallback
        )
        self._upload("evaluation_summary", summary)
        with _logged("reporting plots"):
            figure = ledger_figure(spent_seconds, self._settings.time_left)
            self._logger.report_plotly("Budget", "where the time went", figure, finished.generations)
        self._metrics.finish(sum(spent_seconds.values()))
        self._write_metrics()

    def _report_values(self, values: Mapping[str, float | None]) -> None:
        for name, value in values.items():
            if value is not None:
                with _logged("reporting single values"):
                    self._logger.report_single_value(name, value)

    def _write_metrics(self) -> None:
        with _logged("writing the numbers for Prometheus"):
            self._metrics.write(self._metrics_file)

    def _report_scalars(self, generation: Generation) -> None:
        metric = self._metric
        values: Sequence[tuple[str, str, float | None]] = (
            ("Budget", "spent seconds", generation.spent_seconds),
            ("Search", f"best {metric}", generation.best_score),
            ("Search", f"mean {metric}", generation.mean_score),
            ("Search", "valid share", generation.valid_share),
            ("Search", "evaluations per second", generation.evaluations_per_second),
            ("Search", "pareto size", len(generation.front)),
            ("Pool", "workers", generation.workers),
            ("Pool", "utilisation", generation.utilisation),
            ("Pool", "retried", generation.retried),
            ("Pool", "share", generation.share),
            ("Search", "dropped", generation.dropped),
            ("Search", "reused", generation.reused),
            ("Search", "evaluations", generation.evaluations),  # the last: a follower takes it for the whole
        )
        for title, series, value in values:
            if value is not None:
                self._logger.report_scalar(title, series, value, generation.number)
        self._run.say(GenerationLine.of(generation).text(metric))

    def _report_plots_in_turn(self, generation: Generation) -> None:
        """Plots now, or leaves it to a later generation where the last plots are only just out."""
        self._unplotted = generation
        if self._clock() - self._plotted_at >= self._plot_interval:
            self._report_plots(generation)

    def _report_plots(self, generation: Generation) -> None:
        self._unplotted = None
        self._plotted_at = self._clock()
        number = generation.number
        objectives = self._objectives
        figure = pareto_figure(generation.front, generation.valid, self._metric, objectives)
        series = f"{self._metric} against {(*objectives.cost_names, 'nothing else')[0].replace('_', ' ')}"
        self._logger.report_plotly("Pareto front", series, figure, number)
        rows = leaderboard_rows(generation.leaderboard, generation.front, PLOT_ROWS)
        cells = leaderboard_cells(rows, self._metric, objectives)
        widths = {"columnwidth": column_widths(cells)}
        self._logger.report_table("Leaderboard", "best pipelines", number, table_plot=cells, extra_data=widths)
        self._logger.report_plotly("Failures", "by cause", failures_figure(generation.failures), number)

    def _upload(self, name: str, content: Any, **options: Any) -> None:
        with _logged(f"uploading {name}"):
            if not self._task.upload_artifact(name, content, **options):
                raise RuntimeError("the SDK refused it")


def _ends(name: str, interval: Sequence[float] | None) -> dict[str, float]:
    """The ends of an interval as single values beside the value that it belongs to."""
    return {} if interval is None else {f"{name} low": interval[0], f"{name} high": interval[1]}


@functools.cache
def _warn_once(action: str, reason: str) -> None:
    log.warning("%s failed, the run goes on without: %s", action, reason)


@contextlib.contextmanager
def _logged(action: str) -> Iterator[None]:
    """Lets a run go on where tracking fails; says so once for each kind of failure."""
    try:
        yield
    except Exception as error:
        _warn_once(action, f"{type(error).__name__}: {error}")
