"""From raw columns to numbers: one scikit-learn transformer, by the kind of each column.

Every part is a class of an installed library, or a pandas or numpy function by reference: a fitted transformer that was
saved loads again where this project is not installed. Each part reads its column through a conversion that does not
mind how the cells came: numbers as integers, decimals or texts, categories as texts or pandas categories, dates as
dates or texts. What cannot be read is a missing cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, TargetEncoder

from experiments.data.kinds import CATEGORIES_AT_MOST, TRUTHS, Kind, date_format, detect_kinds, numbers_in
from experiments.data.late_pyplot import pyplot_later

__all__ = ["Kind", "detect_kinds", "preprocessing"]

#: Largest number that is let through: its square still fits a 64-bit float and itself a 32-bit one, which
#: scikit-learn's trees calculate with.
LARGEST = 1e37
#: Columns that a text becomes.
TEXT_COMPONENTS = 30
#: Buckets for the parts of words; more cost time in the decomposition, fewer let parts collide.
TEXT_BUCKETS = 2**14


def preprocessing(
    kinds: Mapping[str, Kind],
    X: pd.DataFrame | None = None,
    task: Literal["classification", "regression"] | None = None,
) -> ColumnTransformer:
    """An unfitted transformer from raw columns to a dense array of finite numbers.

    numeric: infinities become missing, missing become the median, beside a column that says where that was.
    boolean: 0 and 1, missing become the more frequent, with such a column too.
    categorical: a column per category where there are at most 30 (a missing cell is one, an unknown one is none), else
    the mean target of the category, cross-fitted inside ``fit_transform`` (Micci-Barreca 2001, `TargetEncoder`). 30 is
    where one-hot columns begin to outnumber what the rest of a usual table gives, and where trees split on them poorly.
    text: TF-IDF of parts of words, reduced to 30 columns (latent semantic analysis, as `skrub.StringEncoder` does it).
    date: year, month, day, hour, weekday and seconds since 1970.

    Args:
        kinds: column name -> kind; columns that it does not name are ignored, as those of kind ``drop``.
        X: rows to look at for the number of categories and the way dates are written, (n_rows, n_columns), of which
            nothing else is kept: not which categories there are, and no label. Never rows that are held out; test rows
            of folds may be among them. Without them, many categories are pooled, and dates are read one by one.
        task: what is learnt; needed where a regression's labels are whole numbers, which would look like classes.
    """
    groups: dict[str, list[str]] = {}
    parts: list[tuple[str, Any, Any]] = []
    for name, kind in kinds.items():
        if kind == "text":
            parts.append((f"text {name}", _text(), name))
        elif kind == "date":
            parts.append((f"date {name}", _date(None if X is None else X[name]), name))
        elif kind != "drop":
            groups.setdefault(_group(kind, None if X is None else X[name]), []).append(name)
    makers: dict[str, Callable[[], Pipeline]] = {
        "numeric": _numeric,
        "boolean": _boolean,
        "categorical": _few_categories,
        "numbered categories": _numbered_categories,
        "many categories": lambda: _many_categories(task),
    }
    columns = [(group, make(), groups[group]) for group, make in makers.items() if group in groups]
    return ColumnTransformer(columns + parts, sparse_threshold=0)


def _group(kind: Kind, column: pd.Series | None) -> str:
    if kind != "categorical" or column is None:
        return kind
    if column.astype("string").nunique() > CATEGORIES_AT_MOST:
        return "many categories"
    # a number may come as 1, 1.0 or "1" at prediction: it is compared as a number
    plain = not pd.api.types.is_bool_dtype(column.dtype) and not pd.api.types.is_datetime64_any_dtype(column.dtype)
    codes = column.astype("string").str.fullmatch(r"0\d+").any()
    return "numbered categories" if plain and not codes and numbers_in(column) == 1 else kind


def _call(function: Callable[..., Any], **arguments: Any) -> FunctionTransformer:
    return FunctionTransformer(function, kw_args=arguments, feature_names_out="one-to-one")


def _numbers() -> list[tuple[str, Any]]:
    return [
        ("read", _call(pd.DataFrame.apply, func=pd.to_numeric, errors="coerce")),
        ("float", _call(pd.DataFrame.astype, dtype="float64")),
        ("finite", _call(np.nan_to_num, nan=np.nan, posinf=np.nan, neginf=np.nan)),
        ("bounded", _call(np.clip, a_min=-LARGEST, a_max=LARGEST)),
    ]


def _texts() -> list[tuple[str, Any]]:
    # a missing cell becomes the empty text, which is a category like any other
    return [
        ("read", _call(pd.DataFrame.astype, dtype="string")),
        ("filled", _call(pd.DataFrame.fillna, value="")),
    ]


def _filled(strategy: str) -> tuple[str, SimpleImputer]:
    # empty columns are kept: a column may be empty in one fold only, and the width must not change for that
    return "filled", SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=True)


def _numeric() -> Pipeline:
    return Pipeline([*_numbers(), _filled("median")])


def _boolean() -> Pipeline:
    words = [
        ("words", _call(pd.DataFrame.astype, dtype="string")),
        ("truths", _call(pd.DataFrame.replace, to_replace=TRUTHS)),
    ]
    return Pipeline([*words, *_numbers(), _filled("most_frequent")])


def _few_categories() -> Pipeline:
    return Pipeline([*_texts(), ("one-hot", _one_hot())])


def _numbered_categories() -> Pipeline:
    return Pipeline([*_numbers(), ("one-hot", _one_hot())])


def _one_hot() -> OneHotEncoder:
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=CATEGORIES_AT_MOST + 1, sparse_output=False
    )


def _many_categories(task: str | None) -> Pipeline:
    target_type = "continuous" if task == "regression" else "auto"
    return Pipeline([*_texts(), ("mean target", TargetEncoder(target_type=target_type, **_cross_fitting()))])


def _cross_fitting() -> dict[str, Any]:
    # From scikit-learn 1.9 on the folds are a splitter and the seed is deprecated; before, only a number is accepted.
    if TargetEncoder().random_state == "deprecated":
        return {"cv": KFold(5, shuffle=True, random_state=0)}
    return {"cv": 5, "random_state": 0}


def _text() -> Pipeline:
    # Hashing rather than a vocabulary: that of a fold in which every text is blank would be empty, which is an error.
    return Pipeline(
        [
            ("read", _call(pd.Series.astype, dtype="string")),
            ("filled", _call(pd.Series.fillna, value="")),
            ("parts", HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=TEXT_BUCKETS)),
            ("weights", TfidfTransformer(sublinear_tf=False)),
            ("topics", TruncatedSVD(TEXT_COMPONENTS, random_state=0)),
        ]
    )


def _date(column: pd.Series | None) -> Pipeline:
    written = (None if column is None else date_format(column)) or "mixed"
    steps: list[tuple[str, Any]] = []
    if written in ("ISO8601", "mixed") and (column is None or not pd.api.types.is_datetime64_any_dtype(column.dtype)):
        # 20241231 is a date, not nanoseconds since 1970; and a date, as text, is written by ISO 8601
        steps.append(("text", _call(pd.Series.astype, dtype="string")))
    with pyplot_later():
        from skrub import DatetimeEncoder  # it takes a second to import, which a table without dates need not wait for
    return Pipeline(
        [
            *steps,
            ("read", _call(pd.to_datetime, errors="coerce", utc=True, format=written)),
            ("parts", DatetimeEncoder(resolution="hour", add_weekday=True, add_total_seconds=True)),
            _filled("median"),
        ]
    )
