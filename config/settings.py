"""The settings of a run: one typed model, from which help, documentation and hyperparameters are made.

Precedence, first wins: command line, environment, project file (``automl.toml`` in the working folder), user file
(``~/.config/clearml-automl/automl.toml``), defaults.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import BadInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT_FILE = Path("automl.toml")
USER_FILE = Path("~/.config/clearml-automl/automl.toml")

#: The hyperparameter sections of a task, in the order in which a person reads them. ``Launch`` is not among them:
#: its settings say how a task is brought to an agent, not what the task does.
SECTIONS = ("Data", "Search", "Budget", "Pool", "Registry")


def default_worker_count() -> int:
    """Worker processes by default: one less than the processors, but 2 where there are 2, and at most 8."""
    processors = os.cpu_count() or 1
    return min(8, processors if processors <= 2 else processors - 1)


def setting(
    default: Any, section: str, environment: str, help: str, unit: str = "", option: str = "", **constraints: Any
) -> Any:
    """A field of `Settings`.

    Args:
        default: its default, or a function without arguments that makes it.
        section: the hyperparameter section it stands in (one of `SECTIONS`), or ``Launch``.
        environment: the environment variable that sets it.
        help: one sentence for ``--help``, the documentation and the web interface.
        unit: the unit of its value, empty for a bare number or a word.
        option: the name of its command line option where that differs from the field's name.
        constraints: pydantic's (``ge``, ``le``, ...).
    """
    made = {"default_factory": default} if callable(default) else {"default": default}
    return Field(
        description=help,
        json_schema_extra={"section": section, "environment": environment, "unit": unit, "option": option},
        **made,
        **constraints,
    )


class Settings(BaseModel):
    """Everything that a person may set for one run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str = setting(
        "german_credit", "Data", "AUTOML_DATA",
        "Table to learn from: a CSV or Parquet file, a sample's name, or dataset:ID for a ClearML Dataset.",
    )  # fmt: skip
    target_column: str = setting(
        "", "Data", "AUTOML_TARGET", "Column to predict; a sample table knows its own.", option="target"
    )
    task_type: Literal["auto", "classification", "regression"] = setting(
        "auto", "Data", "AUTOML_TASK_TYPE", "What to learn; auto decides by the target column."
    )
    feat_type: str = setting(
        "", "Data", "TPOT__FEAT_TYPE",
        'Column kinds that override the detected ones, as JSON: {"zip": "categorical", "note": "text", "id": "drop"}.',
    )  # fmt: skip
    missing_labels: Literal["refuse", "drop"] = setting(
        "refuse", "Data", "AUTOML_MISSING_LABELS", "What to do with rows whose target is missing."
    )
    table_checks: Literal["warn", "refuse", "off"] = setting(
        "warn", "Data", "AUTOML_TABLE_CHECKS",
        "What to do where the table looks leaky, id-like, doubled or drifting: say so, refuse to run, or do not look.",
    )  # fmt: skip
    holdout_share: float = setting(
        0.2, "Data", "AUTOML_HOLDOUT_SHARE", "Share of the rows that the search never sees.", "share", gt=0, lt=1
    )

    split: Literal["random", "time"] = setting(
        "random", "Data", "AUTOML_SPLIT",
        "How rows are held out: random, or time: the latest are, and each fold is later than what it learns from.",
    )  # fmt: skip
    time_column: str = setting(
        "", "Data", "AUTOML_TIME_COLUMN", "Column that orders the rows of a time split; empty means as in the file."
    )
    group_column: str = setting(
        "", "Data", "AUTOML_GROUP_COLUMN",
        "Column whose equal values (a patient, a customer) are never split between learning and judging.",
    )  # fmt: skip
    weight_column: str = setting(
        "", "Data", "AUTOML_WEIGHT_COLUMN", "Column of row weights, in learning and in every score; never a feature."
    )

    metric: str = setting("auto", "Search", "TPOT__METRIC", "Any scikit-learn scorer by name; auto is accuracy or r2.")
    generations: int = setting(40, "Search", "TPOT__GENERATIONS", "Generations to evolve at most.", "generations", ge=1)
    population_size: int = setting(
        64, "Search", "TPOT__POPULATION_SIZE", "Individuals in a generation.", "individuals", ge=2
    )
    cv_folds: int = setting(5, "Search", "TPOT__CV_FOLDS", "Cross-validation folds.", "folds", ge=2, le=50)
    search_space: str = setting(
        "linear",
        "Search",
        "TPOT__CONFIG_DICT",
        "Pipelines to search: linear, linear-light, graph, graph-light, a TPOT 0.x config_dict (JSON or its file), "
        "or a Python file that defines search_space.",
    )
    objectives: str = setting(
        "score,complexity", "Search", "AUTOML_OBJECTIVES",
        "What the Pareto front weighs, by commas: score, complexity, inference_ms (per 1,000 rows), size_kb.",
    )  # fmt: skip
    early_stop: int = setting(
        0, "Search", "TPOT__EARLY_STOP", "Generations without a better score after which it ends; 0 for never.",
        "generations", ge=0,
    )  # fmt: skip
    early_drop: bool = setting(
        True, "Search", "AUTOML_EARLY_DROP", "Leave pipelines that cannot reach the front after their first folds."
    )
    reuse_evaluations: bool = setting(
        True, "Search", "AUTOML_REUSE_EVALUATIONS", "Take over what earlier runs on the same folds have evaluated."
    )
    ensemble: Literal["off", "greedy"] = setting(
        "off", "Search", "AUTOML_ENSEMBLE", "Publish a weighted ensemble of evaluated pipelines beside the best."
    )
    seed: int = setting(42, "Search", "TPOT__SEED", "Seed of the split, the folds and the evolution.", ge=0)
    enable_automl: bool = setting(
        True, "Search", "ENABLE_AUTOML", "Search; where false, only the light baseline is trained."
    )
    enable_automl_fallback: bool = setting(
        True, "Search", "ENABLE_AUTOML_FALLBACK", "Train the light baseline where the search fails."
    )
    automl_canary_percent: int = setting(
        100, "Search", "AUTOML_CANARY_PERCENT",
        "Share of the runs that search; the others, drawn by task id, train the light baseline.", "%", ge=0, le=100,
    )  # fmt: skip

    time_left: float = setting(
        600.0, "Budget", "TPOT__TIME_LEFT", "Wall clock from the task's start to the published model.", "s", gt=0
    )
    per_run_limit: float = setting(
        60.0,
        "Budget",
        "TPOT__PER_RUN_LIMIT",
        "Wall clock of one evaluation at most; a tenth of a short search (10 s at least).",
        "s",
        gt=0,
    )
    memory_limit_mb: int = setting(
        3072, "Budget", "TPOT__MEMORY_LIMIT_MB", "Memory of one evaluation at most.", "MB", ge=256
    )

    parallel_mode: Literal["local", "distributed", "off"] = setting(
        "local", "Pool", "TPOT_PARALLEL_MODE", "Evaluate in local processes, on a Dask scheduler, or one by one."
    )
    n_jobs: int = setting(
        default_worker_count, "Pool", "TPOT__N_JOBS", "Worker processes where the mode is local.", "processes", ge=1
    )
    dask_address: str = setting(
        "", "Pool", "TPOT_DASK_ADDRESS", "Dask scheduler of the distributed mode: tcp://host:port."
    )
    scheduler_file: str = setting(
        "", "Pool", "TPOT_SCHEDULER_FILE", "Scheduler file of the distributed mode, instead of an address."
    )
    pool_timeout: float = setting(
        10.0, "Pool", "AUTOML_POOL_TIMEOUT", "How long to try to reach the distributed pool.", "s", gt=0
    )

    model_name: str = setting(
        "", "Registry", "AUTOML_MODEL_NAME", "Name in the model registry; empty means <project>/<table>."
    )
    publish: bool = setting(True, "Registry", "AUTOML_PUBLISH", "Publish the best pipeline when the run ends.")
    auto_promote: bool = setting(
        False,
        "Registry",
        "AUTOML_AUTO_PROMOTE",
        "Promote it when the run ends, if it beats the champion for certain.",
    )
    minimum_score: str = setting(
        "", "Registry", "AUTOML_MINIMUM_SCORE", "Hold-out score below which no model is promoted; empty for none."
    )
    maximum_latency_ms: float = setting(
        0.0, "Registry", "AUTOML_MAXIMUM_LATENCY_MS",
        "Time to predict 1,000 rows above which no model is promoted; 0 for none.", "ms", ge=0,
    )  # fmt: skip
    maximum_size_mb: float = setting(
        0.0, "Registry", "AUTOML_MAXIMUM_SIZE_MB", "File size above which no model is promoted; 0 for none.", "MB", ge=0
    )
    fairness_column: str = setting(
        "",
        "Registry",
        "AUTOML_FAIRNESS_COLUMN",
        "Column whose groups a promoted model must serve alike; empty: none.",
    )
    fairness_limit: float = setting(
        0.1, "Registry", "AUTOML_FAIRNESS_LIMIT", "How far the scores of two such groups may differ.", gt=0
    )

    project: str = setting("AutoML", "Launch", "AUTOML_PROJECT", "ClearML project of the task.")
    queue: str = setting("automl", "Launch", "AUTOML_QUEUE", "Queue that the agent serves.")
    home: Path = setting(
        Path("~/.clearml-automl"), "Launch", "AUTOML_HOME", "Folder of the local stack: server, pool, agent, logs."
    )
    api_port: int = setting(8008, "Launch", "AUTOML_API_PORT", "Port of the embedded server's API.", ge=0, le=65535)
    web_port: int = setting(8080, "Launch", "AUTOML_WEB_PORT", "Port of the embedded server's pages.", ge=0, le=65535)
    files_port: int = setting(
        8081, "Launch", "AUTOML_FILES_PORT", "Port of the embedded server's files.", ge=0, le=65535
    )
    server_host: str = setting(
        "127.0.0.1", "Launch", "AUTOML_SERVER_HOST", "Address that the embedded server listens at when it is started."
    )
    allow_remote: bool = setting(
        False, "Launch", "AUTOML_ALLOW_REMOTE", "Let server_host be one that other machines reach, over plain HTTP."
    )
    web_origin: str = setting(
        "", "Launch", "AUTOML_WEB_ORIGIN", "Address under which browsers reach the embedded server through a proxy."
    )


@dataclass(frozen=True)
class SettingDescription:
    """What help, documentation and hyperparameters say of one setting."""

    name: str
    section: str
    #: command line option, with its dashes
    option: str
    environment: str
    default: Any
    unit: str
    help: str
    type: Any

    @property
    def default_text(self) -> str:
        """The default with its unit, for people; empty where there is none."""
        value = f"{self.default:g}" if isinstance(self.default, float) else str(self.default)
        return f"{value} {self.unit}".strip()


def describe() -> Iterator[SettingDescription]:
    """Every setting, in the order of the model."""
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        option = "--" + str(extra["option"] or name).replace("_", "-")
        yield SettingDescription(
            name, str(extra["section"]), option, str(extra["environment"]),
            field.get_default(call_default_factory=True), str(extra["unit"]), field.description or "", field.annotation,
        )  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    """Settings, and where each value came from."""

    settings: Settings
    #: setting's name -> "command line", an environment variable's name, a file's path, or "default"
    origins: Mapping[str, str]


def resolve(command_line: Mapping[str, Any] | None = None) -> Resolved:
    """Merges all sources of settings by their precedence.

    Args:
        command_line: values by setting name; None and missing mean not given.

    Raises:
        BadInput: an unknown key in a file, or a value that does not fit.
    """
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for path in (USER_FILE.expanduser(), PROJECT_FILE):
        for name, value in _read_file(path).items():
            values[name], origins[name] = value, str(path)
    for description in describe():
        if os.environ.get(description.environment):
            values[description.name] = os.environ[description.environment]
            origins[description.name] = description.environment
    for name, value in given.items():
        values[name], origins[name] = value, "command line"
    return Resolved(_validated(values, origins), origins)


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path}: not valid TOML ({error})") from None
    for name in content:
        if name not in Settings.model_fields:
            raise BadInput(f"{path}: unknown setting {name!r}{_suggestion(name)}; see 'clearml-automl config show'")
    return content


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, 1)
    return f", did you mean {close[0]!r}" if close else ""


def _validated(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        origin = origins.get(name, "")
        option = next(d.option for d in describe() if d.name == name)
        where = option if origin == "command line" else f"{name} (from {origin})" if origin else name
        message = first["msg"].removeprefix("Input should be ").replace("'", "")
        raise BadInput(f"{where}: {first['input']!r} is not possible, it must be {message}") from None


def hyperparameters(settings: Settings) -> dict[str, dict[str, Any]]:
    """The settings as hyperparameters of a ClearML task: section -> name -> value."""
    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for description in describe():
        if description.section in sections:
            sections[description.section][description.name] = getattr(settings, description.name)
    return sections


def with_hyperparameters(settings: Settings, sections: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings with the hyperparameters of a task in place of their own.

    Args:
        settings: what is kept where a hyperparameter is missing (an older task, a setting of section ``Launch``).
        sections: section -> name -> value; a value may be the text that a person typed in a web interface.

    Raises:
        BadInput: a hyperparameter that no setting has, or a value that does not fit.
    """
    values = settings.model_dump()
    origins: dict[str, str] = {}
    for section, parameters in sections.items():
        for name, value in parameters.items():
            if section not in SECTIONS:
                continue
            if name not in Settings.model_fields:
                raise BadInput(f"hyperparameter {section}/{name} is unknown{_suggestion(name)}")
            values[name], origins[name] = "" if value is None else value, f"hyperparameter {section}/{name}"
    return _validated(values, origins)


def column_kinds(settings: Settings) -> dict[str, str]:
    """The setting ``feat_type`` as column name -> kind; empty where nothing is overridden.

    Raises:
        BadInput: it is not a JSON object of strings.
    """
    if not settings.feat_type:
        return {}
    try:
        kinds = json.loads(settings.feat_type)
    except ValueError as error:
        raise BadInput(f'feat_type is not JSON ({error}); write {{"column": "categorical"}}') from None
    if not isinstance(kinds, dict) or not all(isinstance(kind, str) for kind in kinds.values()):
        raise BadInput('feat_type must be a JSON object of column and kind, such as {"column": "categorical"}')
    return kinds
