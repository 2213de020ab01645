"""The readable code that a run recorded: whether it is that of the published pipeline, and what it makes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pandas as pd

from config.errors import BadInput
from config.settings import Settings
from experiments.preparation import Prepared, prepare
from experiments.refitting import refitted_by_code
from experiments.reports.pipeline_code import Fitting, pipeline_code
from experiments.reports.recorded_run import recorded_run
from experiments.reports.source import SourceError
from models.catalog import RegistryModel
from models.export.conversion import NotConvertible, Obstacle
from models.export.parity import Answers

CODE = "best_pipeline.py"
NOT_ITS_CODE = f"{CODE} is not what this version writes of the published pipeline, so it is not run"


def prepared_again(settings: Settings, data: str = "") -> Prepared:
    """A run's rows as it had them.

    The search space, which may be a file of another machine, is of no matter.

    Args:
        settings: of the run.
        data: the table, where it is not any more where the settings say.

    Raises:
        BadInput: the table cannot be had, or does not fit the settings any more.
    """
    return prepare(settings.model_copy(update={"search_space": "linear", **({"data": data} if data else {})}))


def refit_of(
    model: RegistryModel, data: str = "", seconds: float = 600.0
) -> Callable[[bytes, Any, pd.DataFrame], Answers]:
    """How the readable code of a model is asked about rows: run on the table that the model learnt from.

    Only code that this version writes of the published pipeline is run.

    Args:
        model: of the registry.
        data: the table, where it is not any more where the task says.
        seconds: wall clock that the fit may take.

    Raises:
        BadInput: the table cannot be had, or has changed.
    """
    run = recorded_run(model.task_id)
    prepared = prepared_again(run.settings, data)
    if prepared.table.fingerprint != model.metadata.get("table_fingerprint"):
        raise BadInput(f"{prepared.path} is not the table that the model learnt from; name that one with --data FILE")

    def answers(code: bytes, fitted: Any, X: pd.DataFrame) -> Answers:
        try:
            is_its_code = is_code_of(fitted, code, prepared, run.settings)
        except SourceError as error:
            raise NotConvertible(Obstacle("code", f"the pipeline cannot be written as code ({error})")) from None
        if not is_its_code:
            raise NotConvertible(Obstacle("code", NOT_ITS_CODE))
        return Answers.of(refitted_by_code(code, prepared.path, run.settings.seed, seconds), X)

    return answers


def is_code_of(fitted: Any, code: bytes, prepared: Prepared, settings: Settings) -> bool:
    """Whether a script does what this version writes of a pipeline; docstrings, which tell of scores, aside.

    Args:
        fitted: the published pipeline.
        code: content of the script.
        prepared: the rows that the pipeline learnt from.
        settings: of its run.

    Raises:
        SourceError: the pipeline cannot be written as code.
    """
    target = str(prepared.table.y.name)
    fitting = Fitting.of(prepared.table, prepared.path, target, settings.holdout_share, settings.seed)
    written = pipeline_code(fitted, fitting, metric=prepared.metric)
    return _statements(code.decode("utf-8", "replace")) == _statements(written)


def _statements(code: str) -> str:
    """What a script does, without its docstring, which tells of scores and addresses."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return ""
    is_docstring = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return ast.dump(ast.Module(body[1:] if is_docstring else body, []))
