"""The end of a run: a pipeline fitted on all development rows and scored on the hold-out, by the clock.

A fit may take longer than any of its folds did, or hang, so it runs in a process of its own that is ended in time. It
is one that the search leaves, or is started once the search is under way, and is ready when the search ends.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import joblib
from sklearn.metrics import get_scorer

from config.errors import RunFailed
from experiments.baseline import fold_scores, light_baseline
from experiments.preparation import Prepared
from experiments.search import idle_sandboxes
from experiments.search.events import Evaluation
from experiments.search.order import Packed
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits, Sandbox, SandboxLost, lesson
from experiments.search.verdict import Verdict
from models.holdout_interval import SECONDS, Interval, holdout_interval
from models.inference import inference_ms
from models.published import coded, publishable
from models.registry import packed
from models.scoring import score

log = logging.getLogger(__name__)

#: a fit on all rows takes longer than on a fold's: by the rows, for some estimators by their square, and by chance
SAFETY = 1.6
#: share of what a fit is expected to take at most that it does not exceed as a rule: so much time is enough to begin it
LIKELY = 0.75
#: seconds that a better pipeline may take longer than the quickest, where not even that ends in time
TOLERANCE = 0.5
#: seconds for starting the fit, packing the model and loading it here
OVERHEAD = 0.3
#: seconds that the last resort may take, whatever the clock says
AT_LEAST = 3.0
#: seconds that the light baseline may take at least
BASELINE_SECONDS = 30.0
#: members of the leaderboard whose last fit is tried before a run counts as failed
ATTEMPTS = 5


@dataclass(frozen=True)
class Closed:
    """A pipeline fitted on the development rows: from raw columns to the person's own labels."""

    fitted: Any
    #: content of ``model.joblib``
    model: bytes
    #: the metric on rows that nothing has seen so far
    holdout_score: float
    #: 95 % interval of that score by the rows that were held out; None where none can be told
    holdout_interval: Interval | None
    #: wall clock of the fit, in seconds
    fit_seconds: float
    #: milliseconds to predict 1,000 rows, preprocessing included
    inference_ms: float


class FitFailed(Exception):
    """A pipeline cannot be fitted on all development rows, or not in time; why, in one line."""


class Closing:
    """The process for last fits.

    Args:
        prepared: rows and metric.
        memory_limit_mb: what a fit may take.
        seed: of the random generators that it finds.
    """

    def __init__(self, prepared: Prepared, memory_limit_mb: int, seed: int) -> None:
        self._lesson = lesson(prepared)
        self._limits = Limits(AT_LEAST, memory_limit_mb)
        self._seed = seed
        self._sandbox: Sandbox | None = None

    def warm_up(self) -> None:
        """Starts the process, so that a fit need not wait for it; a second call does nothing."""
        if self._sandbox is None:
            self._sandbox = idle_sandboxes.take(self._limits, self._seed)
            # In a thread: a pipe holds little, and the process reads only when it has imported its libraries.
            self._teaching = threading.Thread(target=self._teach, args=(self._sandbox,), daemon=True)
            self._teaching.start()

    def fit(self, estimator: Any, seconds: float) -> Closed:
        """Fits an estimator behind the preprocessing, and scores it on the hold-out rows.

        Args:
            estimator: unfitted, as the search evaluated it.
            seconds: wall clock that it may take.

        Raises:
            FitFailed: it raises, hits a limit, or ends its process.
        """
        self.warm_up()
        assert self._sandbox is not None
        self._teaching.join()
        work = functools.partial(_fit_and_score, estimator=estimator, seconds=seconds)
        task = Packed(cloudpickle.dumps(work), seconds)
        try:
            verdict = self._sandbox.evaluate(task)
        except SandboxLost as error:
            self.close()
            raise FitFailed(str(error)) from None
        if verdict.outcome != "valid":
            raise FitFailed(verdict.cause)
        model, holdout_score, interval, seconds_taken, inference = verdict.answer
        return Closed(joblib.load(io.BytesIO(model)), model, holdout_score, interval, seconds_taken, inference)

    def close(self) -> None:
        """Gives the process back; a later fit takes another."""
        if self._sandbox is not None:
            if self._teaching.is_alive():
                self._sandbox.hang_up()
            self._teaching.join()
            idle_sandboxes.give_back(self._sandbox)
            self._sandbox = None

    def _teach(self, sandbox: Sandbox) -> None:
        with contextlib.suppress(SandboxLost):  # the fit finds that out, too
            sandbox.learn(self._lesson)


def fit_seconds(evaluation: Evaluation) -> float:
    """What fitting a pipeline on all development rows is expected to take, at most, by what its folds took."""
    looks = len(evaluation.fold_scores) + (evaluation.first_look is not None)
    folds = max(2, len(evaluation.fold_scores))
    return OVERHEAD + SAFETY * evaluation.seconds / max(1, looks) * folds / (folds - 1)


def fit_best(
    closing: Closing, leaderboard: Sequence[Evaluation], deadline: float, clock: Callable[[], float] = time.monotonic
) -> tuple[Evaluation, Closed]:
    """Fits the best pipeline that can be fitted in time; the next best where that fails.

    Args:
        closing: where.
        leaderboard: valid evaluations by falling score.
        deadline: on the clock.
        clock: seconds.

    Raises:
        RunFailed: the best few all fail.
    """
    left = list(leaderboard)
    reasons: list[str] = []
    while left and len(reasons) < ATTEMPTS:
        quickest = min(left, key=fit_seconds)
        available = max(deadline - clock(), fit_seconds(quickest) + TOLERANCE)
        evaluation = next((each for each in left if LIKELY * fit_seconds(each) <= available), quickest)
        left.remove(evaluation)
        # what it may take beyond its own time is what the quickest would need after it
        limit = available - (fit_seconds(quickest) if quickest is not evaluation else 0.0)
        own = min(fit_seconds(evaluation), available)
        try:
            return evaluation, closing.fit(evaluation.estimator, max(AT_LEAST, own, limit))
        except FitFailed as error:
            reasons.append(str(error))
            log.warning("pipeline %d cannot be fitted on all rows: %s", evaluation.number, error)
    raise RunFailed(f"none of the {len(reasons)} best pipelines can be fitted on all development rows: {reasons[0]}")


def fit_baseline(closing: Closing, problem: Problem, seconds: float) -> tuple[float, Closed]:
    """Fits the light baseline in place of a search's best.

    Returns:
        Its mean score over the folds, and what was fitted.

    Raises:
        RunFailed: even that cannot be fitted.
    """
    estimator = light_baseline(problem.task)
    scores = fold_scores(estimator, problem)
    try:
        return sum(scores) / len(scores), closing.fit(estimator, max(BASELINE_SECONDS, seconds))
    except FitFailed as error:
        raise RunFailed(f"not even the light baseline can be fitted: {error}") from None


def _fit_and_score(prepared: Prepared, estimator: Any, seconds: float) -> Verdict:
    """What the process does, within so many seconds."""
    rows = prepared.development
    began = time.perf_counter()
    fitted = publishable(prepared.columns(), estimator, rows.X, rows.y, rows.task, prepared.weight(rows))
    fitted_at = time.perf_counter()
    held_out = prepared.holdout_rows()
    pipeline = coded(fitted)
    y = prepared.target(prepared.holdout)
    value = score(get_scorer(prepared.metric), pipeline, held_out.X, y, held_out.weight)
    model, inference = packed(fitted), inference_ms(fitted, held_out.X, repeats=1)
    # what is left of the time, as far as nothing else may need it
    spare = min(SECONDS, (seconds - (time.perf_counter() - began)) / 4)
    interval = None
    if inference * len(y) / 1e6 < spare:
        n_classes = len(prepared.labels.classes) if prepared.labels else 0
        interval = holdout_interval(pipeline, held_out, y, value, prepared.metric, n_classes, seconds=spare)
    return Verdict("valid", answer=(model, value, interval, fitted_at - began, inference))
