"""Models and their evidence, fetched from the registry and checked before anything in them is believed.

Unpickling a file runs what it holds. So a model's file is read as bytes, its size, its SHA-256 and the signature of
whoever published it are checked, and only these same bytes are unpickled.
"""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib

from config.errors import BadInput
from models.catalog import RegistryModel
from models.evidence import HOLDOUT, SPLIT, HoldoutRows, Split
from models.signature import ENVIRONMENT, signing_key

log = logging.getLogger(__name__)

#: the option of the commands that load models
TRUST_OPTION = "--trust-unsigned"


def load(model: RegistryModel, *, trust_unsigned: bool = False, home: Path | None = None) -> Any:
    """A model's fitted pipeline: from the person's raw columns to the person's own labels or numbers.

    Args:
        model: of the registry.
        trust_unsigned: whether to load also what nobody signed, or somebody with another key. A file that is not the
            one that was published is refused all the same.
        home: the folder of the key that checks the signature; ``AUTOML_HOME`` where None.

    Raises:
        BadInput: the file cannot be fetched, was tampered with, is not signed with the key, or cannot be loaded here.
    """
    content = verified_file(model, trust_unsigned=trust_unsigned, home=home)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "pkg_resources is deprecated")  # by a part of TPOT, when it is imported
            return joblib.load(io.BytesIO(content))
    except ModuleNotFoundError as error:
        raise BadInput(f"{_named(model)} needs the module {error.name!r}, which is not installed here") from None
    except Exception as error:  # of any kind: it depends on what the file holds
        raise BadInput(f"{_named(model)} cannot be loaded here: {type(error).__name__}: {error}") from error


def verified_file(model: RegistryModel, *, trust_unsigned: bool = False, home: Path | None = None) -> bytes:
    """The content of a model's file, once it was seen to be what was published.

    Args:
        model: of the registry.
        trust_unsigned: see `load`.
        home: see `load`.

    Raises:
        BadInput: see `load`.
    """
    content = model_file(model)
    problem = _signature_problem(model, content, home, trust_unsigned)
    if not problem:
        return content
    if not trust_unsigned:
        raise BadInput(
            f"{_named(model)} {problem}, so loading it may run a stranger's code; set {ENVIRONMENT} to the key of"
            f" whoever published it, or add {TRUST_OPTION}"
        )
    log.warning("%s %s; it is loaded because that was asked for", _named(model), problem)
    return content


def _signature_problem(model: RegistryModel, content: bytes, home: Path | None, trust_unsigned: bool) -> str:
    """Why the signature does not vouch for the content; empty where it does."""
    try:
        key = signing_key(home)
    except BadInput as error:
        if not trust_unsigned:
            raise
        return f"cannot be checked: {error}"  # a place where no key can be kept loads what it is told to
    return key.problem(model.metadata.get("signature", ""), hashlib.sha256(content).hexdigest())


def model_file(model: RegistryModel) -> bytes:
    """The content of a model's file, of the size and checksum that the registry holds; nobody's signature is checked.

    Raises:
        BadInput: it cannot be fetched, or is another file.
    """
    return _fetched(model.uri, _named(model), lambda content: _file_problem(model, content))


def artifact_bytes(model: RegistryModel, name: str) -> bytes:
    """The content of an artifact of the task that made a model.

    Raises:
        BadInput: there is no such task or artifact, or its content is not what was uploaded.
    """
    artifact = _artifacts(model).get(name)
    if artifact is None:
        raise BadInput(
            f"{_named(model)} comes from a task without the artifact {name!r}; runs of this version leave it: run again"
        )
    what = f"the artifact {name!r} of task {model.task_id}"

    def problem(content: bytes) -> str:
        changed = artifact.hash and hashlib.sha256(content).hexdigest() != artifact.hash
        return "is not what was uploaded: its checksum differs" if changed else ""

    return _fetched(artifact.url, what, problem)


def evidence(model: RegistryModel) -> HoldoutRows:
    """The rows that were held out from a model's search.

    Raises:
        BadInput: see `artifact_bytes`.
    """
    return _parsed(HoldoutRows.from_parquet, model, HOLDOUT)


def split_of(model: RegistryModel) -> Split:
    """Which rows a model's run developed on, and which it held out.

    Raises:
        BadInput: see `artifact_bytes`.
    """
    return _parsed(Split.from_parquet, model, SPLIT)


def _parsed(parse: Callable[[bytes], Any], model: RegistryModel, name: str) -> Any:
    content = artifact_bytes(model, name)
    try:
        return parse(content)
    except (ValueError, KeyError, OSError) as error:
        raise BadInput(f"the artifact {name!r} of task {model.task_id} cannot be read: {error}") from None


def _artifacts(model: RegistryModel) -> Any:
    from clearml import Task

    if not model.task_id:
        raise BadInput(f"{_named(model)} was made by no task, so nothing tells how it was judged")
    try:
        return Task.get_task(task_id=model.task_id).artifacts
    except ValueError:
        raise BadInput(f"{_named(model)} comes from the task {model.task_id}, which is gone") from None


def _file_problem(model: RegistryModel, content: bytes) -> str:
    if not model.sha256:
        return "has no checksum in the registry: this project did not publish it"
    if model.size_bytes not in (None, len(content)):
        return f"was changed after it was published: it has {len(content)} bytes instead of {model.size_bytes}"
    if hashlib.sha256(content).hexdigest() != model.sha256:
        return "was changed after it was published: its SHA-256 is not the one in the registry"
    return ""


def _fetched(uri: str, what: str, problem: Callable[[bytes], str]) -> bytes:
    """Content from the SDK's cache where that is right, else from where it is stored."""
    from clearml import StorageManager

    found = "cannot be fetched: no address is known" if not uri else ""
    for is_forced in (False, True) if uri else ():
        try:
            path = StorageManager.get_local_copy(uri, extract_archive=False, force_download=is_forced)
            content = Path(path).read_bytes() if path else None
        except Exception as error:  # of any kind: it depends on where the file is
            content, found = None, f"cannot be fetched from {uri}: {error}"
        if content is None:
            found = found or f"cannot be fetched from {uri}"
            continue
        found = problem(content)
        if not found:
            return content
    raise BadInput(f"{what} {found}")


def _named(model: RegistryModel) -> str:
    return f"model {model.id} ({model.name})"
