"""A search space of a person's own: a Python file that defines ``search_space`` out of TPOT's nodes."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from config.errors import BadInput
from experiments.search.space_names import DEFINED, check_space_name
from experiments.search.tpot_repairs import tpot

if TYPE_CHECKING:
    from experiments.search.space import Space

#: individuals that are drawn to see whether they can be
DRAWS = 8


def load(path: str) -> Any:
    """The search space that a Python file defines.

    Its classes, and those of modules beside it, travel by value from then on: neither workers nor whoever loads the
    published model have the file.

    Args:
        path: of the file, which is run.

    Raises:
        BadInput: with file and line of what is wrong.
    """
    check_space_name(path)
    file = Path(path).expanduser().resolve()
    module = _run(path, file)
    root = getattr(module, DEFINED, None)
    if not isinstance(root, tpot.search_spaces.base.SearchSpace):
        raise BadInput(
            f"{path} must define {DEFINED} as a search space of TPOT, such as ChoicePipeline([...]), not "
            f"{type(root).__name__}"
        )
    return root


def digest(path: str) -> str:
    """SHA-256 of a Python file, hexadecimal: pipelines of the same text are the same only under the same file."""
    return hashlib.sha256(Path(path).expanduser().read_bytes()).hexdigest()


def _run(path: str, file: Path) -> ModuleType:
    """The module of a file, run anew, its name told by its content: runs of two files do not meet."""
    name = f"search_space_{digest(path)[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    sys.modules[name] = module
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise BadInput(f"{path}, line {_line(error, file)}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(file.parent))
    cloudpickle.register_pickle_by_value(module)
    for beside in sorted(set(sys.modules) - before - {name}):
        origin = getattr(sys.modules[beside], "__file__", None)
        if origin and Path(origin).parent == file.parent:
            cloudpickle.register_pickle_by_value(sys.modules[beside])
    return module


def try_out(path: str, space: Space, classification: bool) -> None:
    """Draws a few individuals, to see that they can be drawn and what they predict.

    Raises:
        BadInput: with file and, where the file is to blame, line.
    """
    file = Path(path).expanduser().resolve()
    rng = np.random.default_rng(0)
    try:
        drawn = [space.estimator(space.mutated(space.random(rng), rng)) for _ in range(DRAWS)]
    except Exception as error:
        line = _line(error, file)
        place = f"{path}, line {line}" if line else path
        raise BadInput(f"{place}: nothing can be drawn from {DEFINED}: {type(error).__name__}: {error}") from error
    for estimator in drawn:
        last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        if not hasattr(last, "predict"):
            raise BadInput(
                f"{path}: what is drawn from {DEFINED} ends in {type(last).__name__}, which cannot predict; let it end "
                f"in a {'classifier' if classification else 'regressor'}"
            )
        if is_regressor(last) if classification else is_classifier(last):
            wanted, got = ("classifier", "regressor") if classification else ("regressor", "classifier")
            raise BadInput(
                f"{path}: {type(last).__name__} in {DEFINED} is a {got}, and the task is "
                f"{'classification' if classification else 'regression'}; let it end in a {wanted}"
            )


def _line(error: BaseException, file: Path) -> int:
    """The last line of the file that was at work; 0 where none was."""
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 0
    return lines[-1] if lines else 0
