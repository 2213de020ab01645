"""Tables that a person might bring and that break careless code; a generator, so that tests share it."""

from __future__ import annotations

import numpy as np
import pandas as pd


def awkward_frame(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """Every kind of column with missing cells, in the types that pandas, CSV and Parquet bring them.

    Args:
        rows: number of rows, at least 60.
        seed: of the cells.
    """
    random = np.random.default_rng(seed)
    words = ["der", "flinke", "Fuchs", "über", "den", "faulen", "Hund", "東京", "слон", "schläft"]

    def some_missing(cells: object, dtype: object = None) -> pd.Series:
        column = pd.Series(cells, dtype=dtype)
        return column.mask(random.random(rows) < 0.1)

    start = pd.Timestamp("2024-01-31")
    days = pd.Series([start + pd.Timedelta(int(day), "D") for day in random.integers(0, 700, rows)])
    return pd.DataFrame(
        {
            "whole": random.integers(0, 100, rows),
            "nullable whole": some_missing(random.integers(0, 100, rows), "Int64"),
            "infinite": pd.Series(np.where(random.random(rows) < 0.1, np.inf, random.normal(size=rows))),
            "huge": some_missing(random.normal(size=rows) * 1e300),
            "numbers as text": [str(number) if number % 40 else "?" for number in range(rows)],
            "truth": random.random(rows) < 0.5,
            "truth with gaps": some_missing(random.random(rows) < 0.5, object),
            "colour": some_missing(random.choice(["rot", "grün", "blau"], rows), object),
            "pandas category": some_missing(random.choice(["a", "b"], rows)).astype("category"),
            "mixed": pd.Series([[1, "eins", 2.5, None, True][number % 5] for number in range(rows)], dtype=object),
            "many": some_missing([f"id-{number}" for number in random.integers(0, 50, rows)], object),
            "code": [f"{number % 7:05d}" for number in range(rows)],
            "note": some_missing([" ".join(random.choice(words, 6)) for _ in range(rows)], object),
            "date": some_missing(days),
            "date as text": some_missing(days.dt.strftime("%d.%m.%Y"), object),
            "zoned": days.dt.tz_localize("Europe/Berlin"),
            "constant": "same",
            'a "quoted", ünïcode\nname': random.normal(size=rows),
        }
    )


#: What each column of `awkward_frame` is.
AWKWARD_KINDS = {
    "whole": "numeric",
    "nullable whole": "numeric",
    "infinite": "numeric",
    "huge": "numeric",
    "numbers as text": "numeric",
    "truth": "boolean",
    "truth with gaps": "boolean",
    "colour": "categorical",
    "pandas category": "categorical",
    "mixed": "categorical",
    "many": "categorical",
    "code": "categorical",
    "note": "text",
    "date": "date",
    "date as text": "date",
    "zoned": "date",
    "constant": "drop",
    'a "quoted", ünïcode\nname': "numeric",
}


def awkward_labels(rows: int = 120, seed: int = 0) -> pd.Series:
    """Three unequal classes of text, (rows,)."""
    return pd.Series(
        np.random.default_rng(seed + 1).choice(["ja", "nein", "vielleicht"], rows, p=[0.6, 0.3, 0.1]), name="antwort"
    )
