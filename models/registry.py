"""The model registry: a fitted pipeline becomes a model of ClearML, with what one has to know of it."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import pickle
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any, Literal

import cloudpickle  # type: ignore[import-untyped]
import joblib
from clearml import OutputModel

from config.errors import BadInput
from models.signature import signing_key

if TYPE_CHECKING:
    from clearml import Task

log = logging.getLogger(__name__)

FILE_NAME = "model.joblib"
#: Distributions whose versions decide whether a saved pipeline loads.
LIBRARIES = (
    "scikit-learn",
    "skrub",
    "numpy",
    "pandas",
    "scipy",
    "joblib",
    "cloudpickle",
    "tpot",
    "xgboost",
    "lightgbm",
)


@dataclass(frozen=True)
class TableFacts:
    """What a model remembers of the table that it learnt from."""

    rows: int
    features: int
    #: SHA-256 of the table's content
    fingerprint: str
    #: made by `models.schema.input_schema`
    input_schema: Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """A model in the registry."""

    id: str
    name: str
    #: its page in the web interface
    url: str
    #: where its file is stored
    uri: str
    #: of its file, hexadecimal
    sha256: str


def packed(fitted: Any) -> bytes:
    """A fitted pipeline as the content of ``model.joblib``, compressed.

    A person's own classes, from a search space in a Python file, are in no installed module: then the content carries
    their definitions along, and loads with `joblib.load` all the same, where cloudpickle is installed.
    """
    content = io.BytesIO()
    try:
        joblib.dump(fitted, content, compress=3)
    except (pickle.PicklingError, ImportError, AttributeError):
        return zlib.compress(cloudpickle.dumps(fitted), 3)
    return content.getvalue()


def publish(
    task: Task,
    model_file: bytes,
    *,
    name: str,
    metric: str,
    cv_score: float | None,
    holdout_score: float | None,
    table: TableFacts,
    tags: Sequence[str] = ("tpot", "challenger"),
    publish: bool = True,
    task_type: Literal["classification", "regression"] | None = None,
    holdout_interval: tuple[float, float] | None = None,
    inference_ms: float | None = None,
    seed: int | None = None,
    target: str | None = None,
    signing_home: Path | None = None,
) -> Published:
    """Uploads a fitted pipeline and registers it as an output model of a task.

    The upload goes to the task's ``output_uri`` and has ended when this returns. The model's status becomes
    ``published``; that of the task, which is still running, is left alone.

    Args:
        task: the running task whose result the pipeline is.
        model_file: the pipeline, made of classes of installed libraries, as `packed` gives it.
        name: of the model, as a rule ``<project>/<table>``.
        metric: name of the scorer behind both scores; greater is better.
        cv_score: mean over the folds, None where there was no cross-validation.
        holdout_score: on rows that the search never saw, None where there were none.
        table: what the pipeline learnt from.
        tags: ``tpot`` and ``challenger``, or for a baseline ``fallback`` and ``challenger``.
        publish: whether the model is published or stays a draft.
        task_type: what it predicts.
        holdout_interval: 95 % interval of the hold-out score.
        inference_ms: milliseconds to predict 1,000 rows, preprocessing included.
        seed: of the split, the folds and the evolution.
        target: name of the column that it predicts.
        signing_home: the folder of the key that signs the file; ``AUTOML_HOME`` where None.

    Raises:
        RuntimeError: the task has no place for its output, or the upload or the registration failed; nothing is
            published then.
    """
    if not task.output_uri:
        raise RuntimeError(
            "the task has no output_uri, so there is no place to store a model; set it to the file server"
        )
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        path = Path(folder, FILE_NAME)
        path.write_bytes(model_file)
        sha256 = hashlib.sha256(model_file).hexdigest()
        model = OutputModel(task=task, name=name, framework="ScikitLearn", tags=list(tags))
        try:
            # in a folder of its own: a second model of the task, such as an ensemble, would take the first one's place;
            # without a comment: the SDK's own would tell the path of the temporary file
            uri = model.update_weights(
                str(path), target_filename=f"{sha256[:12]}/{FILE_NAME}", auto_delete_file=False, update_comment=False,
                async_enable=False,
            )  # fmt: skip
        except Exception as error:  # of any kind: it depends on where the file goes
            raise RuntimeError(f"the model could not be uploaded to {task.output_uri}: {error}") from error
    low, high = holdout_interval or (None, None)
    facts: dict[str, Any] = {
        "metric": metric,
        "task_type": task_type,
        "target": target,
        "cv_score": cv_score,
        "holdout_score": holdout_score,
        "holdout_low": low,
        "holdout_high": high,
        "inference_ms": inference_ms,
        "size_bytes": len(model_file),
        "seed": seed,
        "rows": table.rows,
        "features": table.features,
        "table_fingerprint": table.fingerprint,
        "sha256": sha256,
        "signature": _signature(sha256, signing_home),
        "input_schema": json.dumps(table.input_schema, ensure_ascii=False),
        **{f"version_{library}": number for library, number in library_versions().items()},
    }
    if not model.set_all_metadata({key: _entry(value) for key, value in facts.items() if value is not None}):
        raise RuntimeError(f"the metadata of model {model.id} could not be stored")
    if publish:
        model.publish()
    return Published(model.id, name, _page(task, model.id), uri, sha256)


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a saved pipeline may need, by distribution; only installed ones."""
    versions = {"python": python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def _signature(sha256: str, home: Path | None) -> str | None:
    """The file's signature; None where there is no key: the model is worth more than its signature."""
    try:
        return signing_key(home).sign(sha256)
    except BadInput as error:
        log.warning("the model is published without a signature: %s", error)
        return None


def _entry(value: Any) -> dict[str, str]:
    if isinstance(value, float):
        value = float(value)  # numpy's own would be of a type that no reader knows
    return {"value": str(value), "type": type(value).__name__}


def _page(task: Task, model_id: str) -> str:
    web, _, _ = task.get_output_log_web_page().partition("/projects/")
    return f"{web}/projects/{task.project}/models/{model_id}/general"
