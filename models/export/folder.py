"""The folder that an export makes: all of it, or none."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from config.errors import BadInput, RunFailed
from models.catalog import RegistryModel
from models.export.conversion import NotConvertible, Obstacle
from models.export.instructions import instructions
from models.export.onnx_answers import onnx_answers
from models.export.onnx_model import onnx_model
from models.export.parity import TOLERANCE, Answers, Comparison, compare, rows_to_compare
from models.export.skops_file import loaded, skops_file
from models.loading import artifact_bytes, evidence, load, verified_file

JOBLIB, SKOPS, ONNX, CODE = "model.joblib", "model.skops", "model.onnx", "best_pipeline.py"
#: what `--without` takes
OPTIONAL = {"skops": SKOPS, "onnx": ONNX, "code": CODE}
TRUSTED_TYPES = "model.trusted-types.json"

#: content of the readable code, the published pipeline, rows -> what the code's pipeline says of them
Refit = Callable[[bytes, Any, pd.DataFrame], Answers]


@dataclass(frozen=True)
class Exported:
    """What an export made."""

    folder: Path
    #: their names
    files: tuple[str, ...]
    #: form -> why it is missing, or why it was not compared
    missing: dict[str, tuple[Obstacle, ...]]
    comparisons: tuple[Comparison, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "folder": str(self.folder),
            "files": list(self.files),
            "missing": {form: [vars(obstacle) for obstacle in obstacles] for form, obstacles in self.missing.items()},
            "parity": [comparison.as_json() for comparison in self.comparisons],
        }


def export(
    model: RegistryModel,
    folder: Path,
    *,
    without: Collection[str] = (),
    trust_unsigned: bool = False,
    refit: Refit | None = None,
    no_refit: str = "its table was not named",
) -> Exported:
    """Writes a model in portable forms into a new folder, and compares each with the published pipeline.

    The rows compared are those that the search never saw, and some of them with cells emptied. joblib and skops must
    answer the same to the last bit; ONNX and the refitted code the same labels apart from ties, and probabilities
    within `TOLERANCE`. The folder appears whole or not at all.

    Args:
        model: of the registry.
        folder: that does not exist yet, or is empty.
        without: of `OPTIONAL`, forms that are not wanted.
        trust_unsigned: see `models.loading.load`.
        refit: runs the readable code on the table that the model learnt from, and asks the pipeline that it makes;
            raises BadInput or RunFailed where it cannot, NotConvertible where the code is not this model's.
        no_refit: why there is no ``refit``.

    Raises:
        BadInput: the folder is taken, or the model or its evidence cannot be had.
        RunFailed: a form answers differently.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is there already and is not empty; name a new folder")
    fitted = load(model, trust_unsigned=trust_unsigned)
    rows = rows_to_compare(evidence(model))
    expected = Answers.of(fitted, rows)
    with _whole(folder) as draft:
        making = _Making(draft, fitted, rows, expected)
        making.joblib(verified_file(model, trust_unsigned=trust_unsigned))
        if "skops" not in without:
            making.skops()
        if "onnx" not in without:
            making.onnx(model)
        if "ensemble" in model.tags:
            making.missing[CODE] = (Obstacle("code", "the code of its run is that of the best single pipeline"),)
        elif "code" not in without:
            making.code(artifact_bytes(model, CODE), refit, no_refit)
        differing = [comparison for comparison in making.comparisons if not comparison.agrees]
        if differing:
            raise RunFailed(_refusal(differing[0]))
        making.write("input_schema.json", _json(model.input_schema))
        making.write("parity.json", _json(making.told()))
        making.write("README.md", instructions(model, making.files, making.missing, making.comparisons).encode())
        return Exported(folder, tuple(sorted(making.files)), making.missing, tuple(making.comparisons))


class _Making:
    """A folder in the making."""

    def __init__(self, folder: Path, fitted: Any, rows: pd.DataFrame, expected: Answers) -> None:
        self._folder, self._fitted, self._rows, self._expected = folder, fitted, rows, expected
        self.files: list[str] = []
        self.missing: dict[str, tuple[Obstacle, ...]] = {}
        self.comparisons: list[Comparison] = []

    def joblib(self, content: bytes) -> None:
        self.write(JOBLIB, content)
        self._compare(JOBLIB, Answers.of(joblib.load(io.BytesIO(content)), self._rows), 0.0)

    def skops(self) -> None:
        try:
            made = skops_file(self._fitted)
        except NotConvertible as error:
            self.missing[SKOPS] = error.obstacles
            return
        self._compare(SKOPS, Answers.of(loaded(made), self._rows), 0.0)
        self.write(SKOPS, made.content)
        listed = {"sha256": hashlib.sha256(made.content).hexdigest(), "types": list(made.trusted)}
        self.write(TRUSTED_TYPES, _json(listed))

    def onnx(self, model: RegistryModel) -> None:
        about = {"model": model.id, "name": model.name, "sha256 of model.joblib": model.sha256}
        try:
            content = onnx_model(self._fitted, self._rows, about)
        except NotConvertible as error:
            self.missing[ONNX] = error.obstacles
            return
        self._compare(ONNX, onnx_answers(content, self._fitted, self._rows), TOLERANCE)
        self.write(ONNX, content)

    def code(self, content: bytes, refit: Refit | None, no_refit: str) -> None:
        told = None
        if refit is not None:
            try:
                told = refit(content, self._fitted, self._rows)
            except NotConvertible as error:
                self.missing[CODE] = error.obstacles
                return
            except (BadInput, RunFailed) as error:
                no_refit = str(error)
        self.write(CODE, content)
        if told is None:
            self.missing[CODE] = (Obstacle("parity", f"not compared: {no_refit}"),)
        else:
            self._compare(CODE, told, TOLERANCE)

    def told(self) -> dict[str, Any]:
        """Content of ``parity.json``."""
        return {
            "rows": len(self._rows),
            "compared": [comparison.as_json() for comparison in self.comparisons],
            "missing": {form: [vars(obstacle) for obstacle in each] for form, each in self.missing.items()},
        }

    def write(self, name: str, content: bytes) -> None:
        (self._folder / name).write_bytes(content)
        self.files.append(name)

    def _compare(self, form: str, told: Answers, tolerance: float) -> None:
        self.comparisons.append(compare(form, self._expected, told, tolerance))


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside the one that is wanted, which takes its name once it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
        os.replace(draft, folder)  # an empty folder of that name gives way
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _refusal(comparison: Comparison) -> str:
    option = next((name for name, form in OPTIONAL.items() if form == comparison.form), "")
    instead = f"; nothing was written, add --without {option} to export the rest" if option else "; nothing was written"
    return (
        f"{comparison.form} answers differently from the published pipeline in {comparison.differing} of "
        f"{comparison.rows} rows, by up to {comparison.largest_difference:.2g}{instead}"
    )


def _json(told: Any) -> bytes:
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
