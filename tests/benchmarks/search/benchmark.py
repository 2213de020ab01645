"""This project's search, stock TPOT, FLAML and AutoGluon side by side. Run by ``make bench-search``.

A round is a table, a seed and a budget. In each, one contender after the other fits the same development rows within
the same wall clock on the same cores, in an order that rotates from round to round, and is judged by the same hold-out
rows. Every measurement is kept at once; started again, it goes on with what is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console

from config.errors import BadInput
from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from tests.benchmarks.search import environments
from tests.benchmarks.search.contenders import assignment as desk
from tests.benchmarks.search.contest import LOG, read_answer, run_contender
from tests.benchmarks.search.report import BUSY, report_of
from tests.benchmarks.search.results import Cell, Measurement, append_result, newest, read_results
from tests.benchmarks.search.scoring import score_predictions
from tests.benchmarks.search.standings import AUTOGLUON, BOOSTING, FLAML, OURS, TPOT
from tests.benchmarks.search.tables import TABLES, BenchmarkTable, chosen_tables

ROOT = environments.FOLDER.parents[2]
SCRIPTS = environments.FOLDER / "contenders"
CORES = 2
FOLDS = 5
BUDGETS = [60.0]  # seconds
SEEDS = 3
#: what our own version is made of
SOURCES = ("config", "experiments", "models")
messages = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Contender:
    """Who takes part."""

    name: str
    script: Path
    #: that numeric libraries may use in one process: one where there is a process for each core
    threads: int

    def version(self) -> str:
        """Changes with whatever may change its results: its script, its libraries, for us the sources of the search."""
        paths = [self.script, SCRIPTS / "assignment.py"]
        if self.name == OURS:
            paths += sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
            paths.append(ROOT / "requirements.lock")
        elif self.script.with_suffix(".txt").exists():
            paths.append(self.script.with_suffix(".txt"))
        digest = hashlib.sha256()
        for path in paths:
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:12]


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(OURS, SCRIPTS / "ours.py", 1),
        Contender(TPOT, SCRIPTS / "stock_tpot.py", 1),
        Contender(FLAML, SCRIPTS / "flaml_automl.py", CORES),
        Contender(AUTOGLUON, SCRIPTS / "autogluon_best.py", CORES),
        Contender(BOOSTING, SCRIPTS / "untuned_boosting.py", 1),
    )
}


def main() -> None:
    """Measures what is missing, and reports."""
    options = _options()
    signal.signal(signal.SIGTERM, _end)  # so that the contender at work is ended, too
    try:
        tables = chosen_tables(options.tables)
        contenders = chosen_contenders(options.contenders)
        cells = [Cell(table.name, seed, budget) for budget in options.budget or BUDGETS for seed in range(options.seeds)
                 for table in tables]  # fmt: skip
        if not options.report_only:
            _keep_to_cores(CORES)
            measure(cells, contenders, options.results, options.cache)
        chosen = {contender.name for contender in contenders}
        measured = [
            measurement
            for measurement in newest(read_results(options.results))
            if measurement.cell in cells and measurement.contender in chosen
        ]
    except BadInput as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; started again, it goes on with what is missing")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: a contender cannot be installed ({error}); leave it out with --contenders")
    report = report_of(measured)
    report.show(Console(width=None if sys.stdout.isatty() else 200))
    markdown = options.results.with_suffix(".md")
    markdown.parent.mkdir(parents=True, exist_ok=True)
    markdown.write_text(report.markdown(), encoding="utf-8")
    messages.print(f"{options.results}: {len(measured)} measurements; {markdown}: this report")


def _end(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-search", description=__doc__)
    parser.add_argument("--budget", type=float, action="append", help="wall clock in seconds; may be repeated [60]")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="seeds of each table [%(default)s]")
    parser.add_argument("--tables", default="", help=f"by commas, of {', '.join(TABLES)} [all]")
    parser.add_argument("--contenders", default="", help=f"by commas, of {', '.join(CONTENDERS)} [all]")
    cache = environments.default_cache()
    parser.add_argument("--results", type=Path, default=cache / "results.jsonl", help="file to add to [%(default)s]")
    parser.add_argument("--cache", type=Path, default=cache, help="folder of the environments [%(default)s]")
    parser.add_argument("--report-only", action="store_true", help="measure nothing, report what there is")
    return parser.parse_args()


def chosen_contenders(names: str) -> list[Contender]:
    """The contenders that a person named, and the untuned boosting beside them in any case.

    Raises:
        BadInput: there is none of that name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(CONTENDERS)
    for name in wanted:
        if name not in CONTENDERS:
            raise BadInput(f"--contenders: {name!r} is unknown; choose among {', '.join(CONTENDERS)}")
    return [contender for contender in CONTENDERS.values() if contender.name in (*wanted, BOOSTING)]


def measure(cells: Iterable[Cell], contenders: list[Contender], results: Path, cache: Path) -> None:
    """Measures what the results do not hold yet, of these versions, and adds it to them."""
    pythons = {contender.name: environments.python_of(contender.script, cache) for contender in contenders}
    versions = {contender.name: contender.version() for contender in contenders}
    known = {(measurement.cell, measurement.contender, measurement.version) for measurement in read_results(results)}
    missing = [
        (cell, contender)
        for number, cell in enumerate(cells)
        for contender in rotated(contenders, number)
        if (cell, contender.name, versions[contender.name]) not in known
    ]
    hours = sum(cell.budget for cell, contender in missing if contender.name != BOOSTING) / 3600
    messages.print(f"{len(missing)} measurements to be taken, {hours:.1f} h at least")
    logs = results.with_suffix("")
    logs.mkdir(parents=True, exist_ok=True)
    for number, (cell, contender) in enumerate(missing, 1):
        messages.print(
            f"{number} of {len(missing)}: {cell.table}, seed {cell.seed}, {cell.budget:g} s, {contender.name}"
        )
        busy = busy_share()
        if busy > BUSY:
            messages.print(f"  others compute on this machine ({busy:.0%} of its time): this measures little")
        log = logs / f"{cell.table}-{cell.seed}-{cell.budget:g}-{contender.name}.log"
        measurement = hold(cell, contender, pythons[contender.name], cache, log)
        append_result(results, replace(measurement, busy=busy))
        said = measurement.error or ", ".join(f"{name} {score:.4f}" for name, score in measurement.holdout.items())
        messages.print(f"  {said}; fit {measurement.fit_seconds or 0:.1f} s")


def busy_share() -> float:
    """What is computed on the cores while nothing of this benchmark runs, from 0 to 1."""
    return sum(psutil.cpu_percent(interval=1.0, percpu=True)[core] for core in _cores()) / 100 / len(_cores())


def rotated(contenders: list[Contender], number: int) -> list[Contender]:
    """Another one begins in each round, so that a machine that slows down slows all of them."""
    start = number % len(contenders)
    return contenders[start:] + contenders[:start]


def hold(cell: Cell, contender: Contender, python: Path, cache: Path, log: Path) -> Measurement:
    """Gives one contender its assignment, and judges what it hands in; what it printed is kept in a file."""
    table = TABLES[cell.table]
    version = contender.version()  # of this moment: somebody may be at work on the sources
    with tempfile.TemporaryDirectory(prefix="bench-search-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        truth = assign(table, cell, folder, cache)
        run = run_contender(python, contender.script, folder, cell.budget, contender.threads)
        shutil.copyfile(folder / LOG, log)
        answer = read_answer(folder / desk.ANSWER)
        error, holdout = run.error or "", {}
        if not error:
            for name in ("single", "ensemble"):
                if (folder / f"{name}.npz").exists():
                    try:
                        holdout[name] = score_predictions(folder / f"{name}.npz", truth, table.metric, table.task)
                    except (ValueError, AttributeError) as unfit:
                        error = f"{name}: {unfit}".splitlines()[0]
    return Measurement(
        *cell,
        contender=contender.name,
        version=version,
        status="killed" if run.killed else "done" if "single" in holdout else "failed",
        metric=table.metric,
        error=error,
        measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        wall_seconds=run.wall_seconds,
        fit_seconds=run.fit_seconds,
        cpu_seconds=run.cpu_seconds,
        workers=CORES,
        holdout=holdout,
        **({} if run.killed else answer),
    )


def assign(table: BenchmarkTable, cell: Cell, folder: Path, cache: Path) -> np.ndarray:
    """Writes what a contender is given; returns what it is not: the target of the hold-out rows."""
    development, holdout = table.split(table.frame(cache), cell.seed)
    features = holdout.drop(columns=table.target)
    development.to_parquet(folder / desk.DEVELOPMENT)
    features.to_parquet(folder / desk.HOLDOUT)
    X, y = development.drop(columns=table.target), development[table.target].to_numpy()
    columns = preprocessing(detect_kinds(X), X, table.task)
    learnt = np.asarray(columns.fit_transform(X, y))
    np.savez(folder / desk.NUMBERS, development=learnt, holdout=np.asarray(columns.transform(features)))
    given = {"target": table.target, "task": table.task, "metric": table.metric, "seed": cell.seed,
             "budget": cell.budget, "folds": FOLDS, "workers": CORES}  # fmt: skip
    (folder / desk.ASSIGNMENT).write_text(json.dumps(given), encoding="utf-8")
    return holdout[table.target].to_numpy()


def _keep_to_cores(count: int) -> None:
    """Everything that is started from here on shares the same few cores, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, _cores()[:count])


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


if __name__ == "__main__":
    main()
