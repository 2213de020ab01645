"""Whether a run can be had again from what its task recorded: the same table, split and pipeline, the same score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from config.errors import BadInput, RunFailed
from experiments.preparation import Prepared
from experiments.recorded_code import CODE, NOT_ITS_CODE, is_code_of, prepared_again
from experiments.refitting import refitted_by_code, refitted_clone
from experiments.reports.recorded_run import RecordedRun, recorded_run
from experiments.reports.source import SourceError
from experiments.reproduction import Status, Step, Verification
from models.evidence import HoldoutRows, Split, row_hashes
from models.export.parity import Answers, Comparison, compare
from models.loading import artifact_bytes, evidence, load, split_of
from models.published import classes_of, coded
from models.registry import library_versions
from models.scoring import score

#: What a sum in another order leaves of a number, relative to the largest: several threads add up as they come.
TOLERANCE = 1e-6
#: A score that differs by less is the same.
SAME_SCORE = 1e-9


def verify(
    task_id: str,
    *,
    data: str = "",
    seconds: float = 600.0,
    trust_unsigned: bool = False,
    tell: Callable[[Step], None] = lambda step: None,
) -> Verification:
    """Rebuilds a run's result from what its task recorded, step by step.

    Args:
        task_id: of a run that published a model.
        data: the table, where it is not any more where the task says.
        seconds: wall clock that the last fit may take.
        trust_unsigned: see `models.loading.load`.
        tell: hears of each step as it is done.

    Raises:
        BadInput: there is no such run.
    """
    run = recorded_run(task_id)
    return _Verifying(run, data, seconds, trust_unsigned, tell).result()


class _Verifying:
    """The steps in their order; each finds what those before it have found."""

    def __init__(
        self, run: RecordedRun, data: str, seconds: float, trust_unsigned: bool, tell: Callable[[Step], None]
    ) -> None:
        model = run.model
        self._run, self._data, self._seconds, self._trust = run, data, seconds, trust_unsigned
        self._tell = tell
        self._result = Verification(run.task_id, model.id, model.metric, recorded_score=model.holdout_score)

    def result(self) -> Verification:
        """Takes all steps that can be taken."""
        self._settings()
        prepared = self._table()
        same_rows = prepared is not None and self._split(prepared)
        self._versions()
        rows = self._rows(prepared if same_rows else None)
        fitted = self._score(rows)
        if fitted is None or rows is None or prepared is None or not same_rows:
            self._add("refit", "skipped", "not fitted again: the steps above must be the same first")
            return self._result
        code = self._code(prepared, fitted)
        self._refit(prepared, fitted, rows, code)
        return self._result

    def _settings(self) -> None:
        seed, now = self._run.model.metadata.get("seed"), str(self._run.settings.seed)
        if seed is not None and seed != now:
            self._add("settings", "differs", f"the task's seed was edited: it is {now}, the model was made with {seed}")

    def _table(self) -> Prepared | None:
        """The table and its parts; None where it cannot be read."""
        try:
            prepared = prepared_again(self._run.settings, self._data)
        except BadInput as error:
            hint = "" if self._data else "; if the table is elsewhere, name it with --data FILE"
            self._add("table", "impossible", f"{error}{hint}")
            return None
        then, now = self._run.model.metadata.get("table_fingerprint", ""), prepared.table.fingerprint
        if then == now:
            self._add("table", "same", f"{prepared.path}, {len(prepared.table.y)} rows, SHA-256 {now[:12]}…")
        else:
            self._add("table", "differs", f"{prepared.path} has changed since: {self._what_changed(prepared)}")
        return prepared

    def _what_changed(self, prepared: Prepared) -> str:
        table = prepared.table
        then = self._run.model.metadata.get("rows", "?")
        if then != str(len(table.y)):
            return f"it had {then} rows and has {len(table.y)}"
        try:
            known = split_of(self._run.model).hashes
        except BadInput:
            return "its content is another"
        other = int((~np.isin(row_hashes(table.X, table.y), known)).sum())
        return f"{other} of {len(table.y)} rows are others" if other else "its rows or columns are in another order"

    def _split(self, prepared: Prepared) -> bool:
        if self._result.steps[-1].status != "same":
            self._add("split", "skipped", "the table is another")
            return False
        try:
            then = split_of(self._run.model)
        except BadInput as error:
            self._add("split", "impossible", str(error))
            return False
        now = prepared.split()
        if _same_rows(then, now):
            held_out = int(now.held_out.sum())
            self._add("split", "same", f"the same {held_out} of {len(now.hashes)} rows are held out")
            return True
        self._add("split", "differs", "other rows are held out than when the model was made")
        return False

    def _versions(self) -> None:
        metadata = self._run.model.metadata
        then = {key.removeprefix("version_"): value for key, value in metadata.items() if key.startswith("version_")}
        now = library_versions()
        changed = [f"{name} {then[name]} → {now.get(name, 'none')}" for name in then if now.get(name) != then[name]]
        if changed:
            self._add("versions", "differs", ", ".join(changed))
        else:
            self._add("versions", "same", f"Python and {len(then) - 1} libraries have the same versions")

    def _rows(self, prepared: Prepared | None) -> HoldoutRows | None:
        """The hold-out rows: split off anew, or where that cannot be, as the task kept them."""
        if prepared is not None:
            return prepared.holdout_rows()
        try:
            return evidence(self._run.model)
        except BadInput as error:
            self._add("score", "impossible", str(error))
            return None

    def _score(self, rows: HoldoutRows | None) -> Any:
        """The published pipeline, scored once more; None where that is not possible."""
        if rows is None:
            return None
        model = self._run.model
        try:
            fitted = load(model, trust_unsigned=self._trust)
        except BadInput as error:
            self._add("score", "impossible", str(error))
            return None
        value, then = _scored(fitted, rows, model.metric), model.holdout_score
        if then is None or abs(value - then) <= SAME_SCORE * max(1.0, abs(then)):
            self._add(
                "score", "same", f"the published model has {model.metric} {value:.6g} on {len(rows)} hold-out rows"
            )
        else:
            self._add("score", "differs", f"the published model has {model.metric} {value:.6g}, it had {then:.6g}")
        return fitted

    def _code(self, prepared: Prepared, fitted: Any) -> bytes | None:
        """The readable code; None where it cannot be relied on, and so is not run."""
        try:
            code = artifact_bytes(self._run.model, CODE)
        except BadInput as error:
            self._add("code", "skipped", str(error))
            return None
        try:
            is_its_code = is_code_of(fitted, code, prepared, self._run.settings)
        except SourceError as error:
            self._add("code", "skipped", f"the pipeline cannot be written as code ({error}); a clone is fitted instead")
            return None
        if is_its_code:
            self._add("code", "same", f"{CODE} is the code of the published pipeline")
            return code
        self._add("code", "differs", NOT_ITS_CODE)
        return None

    def _refit(self, prepared: Prepared, fitted: Any, rows: HoldoutRows, code: bytes | None) -> None:
        seed, metric = self._run.settings.seed, self._run.model.metric
        learnt = prepared.development
        try:
            if code is not None:
                again = refitted_by_code(code, prepared.path, seed, self._seconds)
            else:
                weight = prepared.weight(learnt)
                again = refitted_clone(fitted, learnt.X, learnt.y, learnt.task, weight, seed, self._seconds)
        except RunFailed as error:
            self._add("refit", "impossible", str(error))
            return
        value, then = _scored(again, rows, metric), self._run.model.holdout_score
        compared = compare(CODE, Answers.of(fitted, rows.X), Answers.of(again, rows.X), TOLERANCE)
        self._result.refitted_score, self._result.differing_rows = value, compared.differing
        how = f"fitted again by {CODE}" if code is not None else "a clone of it, fitted again,"
        is_same = compared.agrees and (then is None or abs(value - then) <= SAME_SCORE * max(1.0, abs(then)))
        self._add("refit", "same" if is_same else "differs", f"{how} {_told(metric, value, then, compared)}")

    def _add(self, name: str, status: Status, told: str) -> None:
        step = Step(name, status, told)
        self._result.steps.append(step)
        self._tell(step)


def _told(metric: str, value: float, then: float | None, compared: Comparison) -> str:
    if then is None or compared.agrees:
        return (
            f"has {metric} {value:.6g}; {compared.rows - compared.differing} of {compared.rows} rows answered the same"
        )
    return (
        f"has {metric} {value:.6g}, {value - then:+.6g} against {then:.6g}; {compared.differing} of {compared.rows} "
        "rows answered differently"
    )


def _same_rows(then: Split, now: Split) -> bool:
    return all(
        np.array_equal(np.sort(then.hashes[then.held_out == part]), np.sort(now.hashes[now.held_out == part]))
        for part in (True, False)
    )


def _scored(fitted: Any, rows: HoldoutRows, metric: str) -> float:
    return score(get_scorer(metric), coded(fitted), rows.X, rows.target(classes_of(fitted)), rows.weight)
