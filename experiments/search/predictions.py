"""Out-of-fold predictions of the best pipelines, in a folder that runs on the same problem share.

One file a pipeline, named after the hash of its text and its score, so that a listing of the folder is all the index
there is: two runs, or one that is killed at any moment, cannot leave it in disagreement with the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)

#: seconds after which a file that was never finished belongs to a writer that is gone
ABANDONED_AFTER = 3600.0


@dataclass(frozen=True)
class _Entry:
    path: Path
    #: hash of the pipeline's text
    key: str
    score: float
    size: int


class Predictions:
    """Arrays by pipeline; the best are kept.

    Args:
        folder: of one problem, such as a folder named after its fingerprint; made when the first array comes.
        keep: arrays at most.
        max_bytes: of all of them together, at most, but one is kept however large.
    """

    def __init__(self, folder: Path, keep: int = 50, max_bytes: int = 500_000_000) -> None:
        self._folder = folder
        self._keep = keep
        self._max_bytes = max_bytes

    def put(self, pipeline: str, score: float, array: np.ndarray) -> None:
        """Keeps an array as float32, in place of the worst where there are too many; not at all if it is the worst.

        A disk that is full ends no search: that is logged, and nothing more is kept.

        Args:
            pipeline: its canonical text.
            score: by which the best are told; greater is better.
            array: out-of-fold predictions, (n_rows, n_columns).
        """
        key = _key(pipeline)
        entries = [entry for entry in self._entries() if entry.key != key]
        better = sum(entry.score >= score for entry in entries)
        if better >= self._keep:
            return
        try:
            self._write(self._folder / f"{key}_{float(score)!r}.npy", np.asarray(array, dtype=np.float32))
        except OSError as error:
            self._keep = 0
            log.warning("out-of-fold predictions are kept no more: %s", error)
        else:
            self._remove_worst()

    def get(self, pipeline: str) -> np.ndarray | None:
        """The array of a pipeline, float32; None where it is not kept, or its file cannot be read."""
        for path in sorted(self._folder.glob(f"{_key(pipeline)}_*.npy")):
            with contextlib.suppress(FileNotFoundError):  # removed by another run in this moment
                try:
                    array: np.ndarray = np.load(path, allow_pickle=False)
                    return array
                except (ValueError, EOFError, OSError) as error:
                    if isinstance(error, FileNotFoundError):
                        raise
                    path.unlink(missing_ok=True)  # torn by a machine that lost its power
        return None

    def of(self, pipelines: Iterable[str]) -> dict[str, np.ndarray]:
        """The arrays of those among some pipelines that are kept."""
        found = ((pipeline, self.get(pipeline)) for pipeline in pipelines)
        return {pipeline: array for pipeline, array in found if array is not None}

    def __len__(self) -> int:
        return len(self._entries())

    def _entries(self) -> list[_Entry]:
        """What is kept, the best first; of equals always in the same order."""
        entries = []
        for path in self._folder.glob("*_*.npy"):
            key, _, score = path.stem.partition("_")
            with contextlib.suppress(FileNotFoundError, ValueError):
                entries.append(_Entry(path, key, float(score), path.stat().st_size))
        return sorted(entries, key=lambda entry: (-entry.score, entry.key))

    def _write(self, path: Path, array: np.ndarray) -> None:
        """Writes a file that is there whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.save(file, array, allow_pickle=False)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        for other in self._folder.glob(f"{path.stem.partition('_')[0]}_*.npy"):  # the same pipeline, another score
            if other != path:
                other.unlink(missing_ok=True)

    def _remove_worst(self) -> None:
        room = self._max_bytes
        for place, entry in enumerate(self._entries()):
            room -= entry.size
            if place >= self._keep or (place and room < 0):
                entry.path.unlink(missing_ok=True)
        for path in self._folder.glob(".*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    path.unlink()


def _key(pipeline: str) -> str:
    return hashlib.sha256(pipeline.encode()).hexdigest()
