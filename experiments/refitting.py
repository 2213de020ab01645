"""A published pipeline fitted once more, in a process of its own that is ended in time.

Either its readable code does it, on the table's file, or a clone of the published pipeline on the same rows.
"""

from __future__ import annotations

import contextlib
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np

from config.errors import RunFailed

ROOT = Path(__file__).parents[1]
_ORDER, _FITTED, _CODE = "order", "fitted", "best_pipeline.py"
#: what the process runs; the checkout comes first, so that it is this project that it imports
_START = "import sys; sys.path.insert(0, sys.argv[1]); from experiments.refitting import obey; obey(sys.argv[2])"


def refitted_by_code(code: bytes, table: Path, seed: int, seconds: float) -> Any:
    """What ``fitted`` of ``best_pipeline.py`` gives.

    Args:
        code: of the script; it is run, so know where it comes from.
        table: the file that it learns from.
        seed: of the random generators that it finds.
        seconds: wall clock that it may take.

    Raises:
        RunFailed: it raises, or takes too long.
    """
    return _done({"code": code, "table": str(table.absolute()), "seed": seed}, seconds)


def refitted_clone(fitted: Any, X: Any, y: Any, task: str, weight: np.ndarray | None, seed: int, seconds: float) -> Any:
    """A clone of a published pipeline, fitted on these rows.

    Args:
        fitted: the published pipeline.
        X: raw columns, (n_rows, n_columns).
        y: the person's own labels or numbers, (n_rows,).
        task: ``classification`` or ``regression``.
        weight: what each row counts in learning, (n_rows,).
        seed: of the random generators that it finds.
        seconds: wall clock that it may take.

    Raises:
        RunFailed: it raises, or takes too long.
    """
    return _done({"fitted": fitted, "rows": (X, y, task, weight), "seed": seed}, seconds)


def obey(folder: str) -> None:
    """What the process does: it reads an order from a folder, and leaves the fitted pipeline there."""
    warnings.simplefilter("ignore")
    place = Path(folder)
    order = cloudpickle.loads((place / _ORDER).read_bytes())
    if "code" in order:
        path = place / _CODE
        path.write_bytes(order["code"])
        script = runpy.run_path(str(path), run_name="best_pipeline")
        _seed(order["seed"])
        fitted = script["fitted"](order["table"])
    else:
        from experiments.search.tpot_repairs import apply
        from models.published import coded, publishable

        apply()
        X, y, task, weight = order["rows"]
        steps = coded(order["fitted"]).named_steps
        _seed(order["seed"])
        fitted = publishable(steps["columns"], steps["model"], X, y, task, weight)
    (place / _FITTED).write_bytes(cloudpickle.dumps(fitted))


def _seed(seed: int) -> None:
    """As a process finds them that fits a run's best pipeline."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _done(order: dict[str, Any], seconds: float) -> Any:
    with tempfile.TemporaryDirectory(prefix="refit-") as folder:
        place = Path(folder)
        (place / _ORDER).write_bytes(cloudpickle.dumps(order))
        code, errors = _run(folder, seconds)
        if code or not (place / _FITTED).exists():
            lines = errors.strip().splitlines()
            raise RunFailed(f"the fit failed: {lines[-1] if lines else f'exit code {code}'}")
        return cloudpickle.loads((place / _FITTED).read_bytes())


def _run(folder: str, seconds: float) -> tuple[int, str]:
    """Exit code and standard error of the process; it and what it started are ended where they take too long."""
    arguments = [sys.executable, "-W", "ignore", "-c", _START, str(ROOT), folder]
    with subprocess.Popen(
        arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            _, errors = process.communicate(timeout=seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise RunFailed(f"the fit took longer than {seconds:g} s; allow more with --time-limit") from None
            raise
    return process.returncode, errors
