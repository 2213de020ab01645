"""What a person sees in a terminal while a search runs, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from experiments.reports.leaderboard import LeaderboardRow
from experiments.search.events import Generation
from models.catalog import CHALLENGER

SHOWN_ROWS = 5  # of the leaderboard at the end
FILE_WIDTH = 160  # characters of the leaderboard where there is no terminal to fit it to


@dataclass(frozen=True)
class GenerationLine:
    """One generation as a line; from a search's own event, or from scalars that a server holds."""

    number: int
    #: best score so far; None while nothing was valid
    best: float | None
    #: mean score of the generation's valid individuals
    mean: float | None
    #: of the whole run so far
    evaluations: int
    #: from 0 to 1, of the whole run so far
    valid_share: float
    #: evaluations per second, of the generation
    per_second: float
    #: since the search began
    spent_seconds: float
    #: of the evaluations, those that were left after their first folds
    dropped: int = 0
    #: of the evaluations, those that an earlier run had paid for
    reused: int = 0

    @classmethod
    def of(cls, generation: Generation) -> GenerationLine:
        """The line of a search's event."""
        return cls(
            generation.number,
            generation.best_score,
            generation.mean_score,
            generation.evaluations,
            generation.valid_share,
            generation.evaluations_per_second,
            generation.spent_seconds,
            generation.dropped,
            generation.reused,
        )

    def text(self, metric: str) -> str:
        """The line in plain text, its numbers in columns."""
        return (
            f"generation {self.number:>3}  best {metric} {_score(self.best):>7}  mean {_score(self.mean):>7}"
            f"  {self.evaluations:>5} evaluations  {self.valid_share:>4.0%} valid  {self.per_second:>5.1f}/s"
            f"  {self.spent_seconds:>5.0f} s{_aside(self.dropped, self.reused, '  ')}"
        )


@dataclass(frozen=True)
class ResultSummary:
    """What a run left behind."""

    task_id: str
    #: the task's page in the web interface
    task_url: str
    #: None where nothing was registered
    model_id: str | None
    model_name: str | None
    metric: str
    #: mean over the folds; None where nothing was cross-validated
    cv_score: float | None
    #: on rows that the search never saw
    holdout_score: float | None
    generations: int
    evaluations: int
    #: from 0 to 1
    valid_share: float
    #: wall clock of the whole run
    seconds: float
    #: the first rows of the leaderboard, best first
    leaderboard: tuple[LeaderboardRow, ...] = ()
    #: why the light baseline was trained instead; empty where the search's winner was
    fallback_reason: str = ""
    #: of the evaluations, those that were left after their first folds
    dropped: int = 0
    #: of the evaluations, those that an earlier run had paid for
    reused: int = 0
    #: 95 % interval of the hold-out score; None where it is not known
    holdout_interval: tuple[float, float] | None = None
    #: 95 % interval of the score over the folds
    cv_interval: tuple[float, float] | None = None
    #: by how much that score overstates, because it is the best of many
    optimism: float | None = None
    #: ``champion`` or ``challenger``
    role: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object that ``-o json`` prints."""
        return {
            "task_id": self.task_id,
            "model_id": self.model_id,
            "metric": self.metric,
            "cv_score": self.cv_score,
            "holdout_score": self.holdout_score,
            "generations": self.generations,
            "evaluations": self.evaluations,
            "valid_share": self.valid_share,
            "seconds": self.seconds,
            "url": self.task_url,
            "cv_interval": self.cv_interval,
            "optimism": self.optimism,
            "holdout_interval": self.holdout_interval,
            "role": self.role,
        }


class TerminalView:
    """Shows a run: a bar on the time budget, a line a generation, then the result.

    Progress goes only to a terminal; elsewhere there are plain lines. Use it as a context manager, or call `end`.
    """

    def __init__(self, console: Console, time_left: float, metric: str) -> None:
        """Prepares the view.

        Args:
            console: usually ``Console(stderr=True)``, since standard output is for results.
            time_left: the run's budget in seconds.
            metric: name of the scorer.
        """
        self._console = console
        self._time_left = time_left
        self._metric = metric
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._waiting = ""

    def __enter__(self) -> TerminalView:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, message: str = "searching") -> None:
        """Starts the bar; a second call only changes its message."""
        if not self._console.is_terminal:
            return
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TimeElapsedColumn(),
                TextColumn(f"of {_duration(self._time_left)}"),
                console=self._console,
                transient=True,
            )
            self._bar = self._progress.add_task(escape(message), total=self._time_left)
            self._progress.start()
        else:
            self._describe(message)

    def advance(self, spent_seconds: float) -> None:
        """Moves the bar between generations."""
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=min(spent_seconds, self._time_left))

    def show_generation(self, generation: Generation | GenerationLine) -> None:
        """A line for a generation."""
        line = generation if isinstance(generation, GenerationLine) else GenerationLine.of(generation)
        self.begin()
        self._waiting = ""
        # No wrapping and no guessing at what is a number or a path: the line's columns are laid out already.
        self._console.print(line.text(self._metric), highlight=False, markup=False, soft_wrap=True)
        self._describe(f"generation {line.number + 1}")
        self.advance(line.spent_seconds)

    def show_waiting(self, message: str) -> None:
        """What the run waits for; said once however often it is called with the same message."""
        if message == self._waiting:
            return
        self._waiting = message
        if self._progress is not None:
            self._describe(message)
        else:
            self._console.print(message, style="dim", highlight=False, markup=False, soft_wrap=True)

    def show_result(self, result: ResultSummary) -> None:
        """Ends the bar and shows the leaderboard's top, the scores, the model and the links."""
        self.end()
        if result.leaderboard:
            table = leaderboard_table(result.leaderboard[:SHOWN_ROWS], result.metric)
            self._console.print(
                table, width=None if self._console.is_terminal else max(self._console.width, FILE_WIDTH)
            )
        if result.fallback_reason:
            self._console.print(f"baseline instead of a search: {result.fallback_reason}", style="yellow", markup=False)
        for name, value in self._facts(result):
            # Soft: a link that is broken over two lines cannot be clicked.
            self._console.print(
                f"{name:<{len(result.metric) + 9}}  {value}", highlight=False, markup=False, soft_wrap=True
            )

    def end(self) -> None:
        """Takes the bar away; harmless where there is none."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._bar = None

    def _describe(self, message: str) -> None:
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, description=escape(message))

    @staticmethod
    def _facts(result: ResultSummary) -> list[tuple[str, str]]:
        facts = [
            (f"hold-out {result.metric}", _score(result.holdout_score) + _between(result.holdout_interval)),
            (f"cv {result.metric}", _score(result.cv_score) + _between(result.cv_interval) + _luck(result.optimism)),
            (
                "search",
                f"{result.generations} generations, {result.evaluations} evaluations"
                f"{_aside(result.dropped, result.reused, ' (', ')')}, {result.valid_share:.0%} valid,"
                f" {_duration(result.seconds)}",
            ),
        ]
        if result.model_id:
            facts.append(("model", f"{result.model_name}  {result.model_id}  {result.role}".rstrip()))
        facts += [("task", result.task_id), ("link", result.task_url)]
        if result.model_id and result.role == CHALLENGER:
            facts.append(("next", f"clearml-automl models promote {result.model_id}"))
        return facts


def leaderboard_table(rows: Sequence[LeaderboardRow], metric: str) -> Table:
    """The rows as a table for a terminal."""
    table = Table(title="Leaderboard", title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right")
    table.add_column(metric, justify="right", no_wrap=True)
    table.add_column("complexity", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("pipeline", overflow="fold")
    for row in rows:
        table.add_row(
            str(row.rank),
            f"{_score(row.score)} ±{row.deviation:.3f}",
            "–" if row.complexity is None else f"{row.complexity:.0f}",
            f"{row.seconds:.1f}",
            escape(row.pipeline) + (" [cyan]◆[/cyan]" if row.on_front else ""),
        )
    table.caption = "◆ on the Pareto front" if any(row.on_front for row in rows) else None
    table.caption_justify = "left"
    return table


def _aside(dropped: int, reused: int, before: str, after: str = "") -> str:
    """What became of some evaluations; nothing where that is said of none."""
    counts = [f"{count} {what}" for count, what in ((dropped, "dropped early"), (reused, "reused")) if count]
    return before + ", ".join(counts) + after if counts else ""


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _between(interval: tuple[float, float] | None) -> str:
    return f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""


def _luck(optimism: float | None) -> str:
    """What chance gave to the best of many."""
    return f", of it {optimism:.4f} by choosing the best" if optimism else ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
