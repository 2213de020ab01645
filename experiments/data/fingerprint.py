"""Fingerprint of a table's content."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd


def fingerprint(X: pd.DataFrame, y: pd.Series, *others: pd.Series) -> str:
    """SHA-256 over names, types, cells and the order of rows and columns, the label column after the features.

    It depends on the content alone: the same file read under another version of pandas, or with another index, has
    the same fingerprint; a missing cell differs from every value.

    Args:
        X: feature columns, (n_rows, n_columns).
        y: labels, (n_rows,).
        others: columns that are no features, such as weights, (n_rows,) each.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(str(X.shape).encode())
    for name, column in [*X.items(), (y.name, y), *((other.name, other) for other in others)]:
        type_name, cells = _cells(column)
        digest.update(f"\0{name}\0{type_name}\0".encode("utf-8", "surrogatepass"))
        digest.update(column.isna().to_numpy().tobytes())
        for part in cells:
            digest.update(part)
    return digest.hexdigest()


def _cells(column: pd.Series) -> tuple[str, list[bytes]]:
    """The word for the column's type, and its cells as bytes; what stands in missing cells is always the same."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        values = column.to_numpy()
        if dtype.kind == "f":
            values = np.where(np.isnan(values), dtype.type(0), values)
        return dtype.name, [np.ascontiguousarray(values).tobytes()]
    if pd.api.types.is_numeric_dtype(dtype):  # pandas' nullable numbers and truth values
        return _cells(pd.Series(column.to_numpy(dtype=str(dtype).lower().replace("boolean", "bool"), na_value=0)))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        instants = pd.to_datetime(column, utc=True).dt.tz_localize(None).astype("datetime64[us]")
        return "date", [instants.fillna(pd.Timestamp(0)).to_numpy().tobytes()]
    if isinstance(dtype, pd.CategoricalDtype):
        type_name, categories = _cells(pd.Series(dtype.categories))
        return f"category of {type_name}", [*categories, column.cat.codes.to_numpy().astype("int64").tobytes()]
    if pd.api.types.is_string_dtype(dtype) or pd.api.types.infer_dtype(column, skipna=True) == "string":
        return "text", _joined(column.astype("string").fillna("").tolist())
    return "mixed", _joined(
        [f"{type(value).__name__} {value}" for value in column.astype(object).where(column.notna(), "")]
    )


def _joined(texts: list[str]) -> list[bytes]:
    # lengths before the joined texts, so that ["ab", "c"] and ["a", "bc"] differ
    lengths = np.fromiter(map(len, texts), dtype="int64", count=len(texts))
    return [lengths.tobytes(), "".join(texts).encode("utf-8", "surrogatepass")]
