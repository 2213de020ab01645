"""``best_pipeline.py``: a published pipeline as a script that rebuilds, fits and uses it without this project."""

from __future__ import annotations

import contextlib
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from experiments.data.source import DELIMITERS
from experiments.data.table import Table
from experiments.reports.source import GRAPH_FUNCTION, LINE_LENGTH, Source


@dataclass(frozen=True)
class Fitting:
    """The rows that the published pipeline was fitted on, as a script must know them to fit it again."""

    #: file of the table
    path: Path
    #: the column to predict
    target: str
    #: type of the labels, as numpy names it
    label_type: str
    #: share of the rows that were held out of the fit; 0 where it saw them all
    holdout_share: float = 0.0
    #: of the split
    seed: int = 0
    #: whether the split kept the shares of the classes
    stratified: bool = False
    #: between the cells of a CSV file
    delimiter: str = ","
    #: of the numbers of a CSV file
    decimal_point: str = "."

    @classmethod
    def of(cls, table: Table, path: Path, target: str, holdout_share: float, seed: int) -> Fitting:
        """What a table and its split say.

        Args:
            table: any part of the table, or all of it.
            path: the file that it was read from.
            target: the column to predict.
            holdout_share: share of the rows that were held out of the fit; 0 where it saw them all.
            seed: of the split.
        """
        label_type = str(table.y.dtype) if table.y.dtype.kind in "bif" else "str"
        delimiter, decimal_point = _csv_format(table, path)
        stratified = table.task == "classification"
        return cls(path, target, label_type, holdout_share, seed, stratified, delimiter, decimal_point)


def pipeline_code(
    estimator: Any,
    fitting: Fitting,
    *,
    metric: str,
    cv_score: float | None = None,
    holdout_score: float | None = None,
    origin: str = "",
) -> str:
    """The script's text.

    Args:
        estimator: the published estimator, fitted or not; only its parameters are written.
        fitting: what it was fitted on.
        metric: the scorer's name.
        cv_score: mean over the folds.
        holdout_score: on rows that the search never saw.
        origin: where the pipeline comes from, such as its task's address.

    Returns:
        Python that imports installed libraries only.

    Raises:
        SourceError: a parameter has no source, such as a lambda.
    """
    source = Source()
    function = source.write_function("build", "The pipeline, not fitted.", estimator)
    source.modules["pandas"] = "pd"
    source.names.setdefault("pyarrow", set()).add("csv")
    repairs = source.write_repairs()
    if fitting.holdout_share:
        source.modules["numpy"] = "np"
        source.names.setdefault("sklearn.model_selection", set()).add("train_test_split")
    parts = [
        _docstring(fitting, metric, cv_score, holdout_score, origin),
        "import sys\n\n" + source.imports(),
        *repairs,
        f"TARGET = {source.write(fitting.target)}",
        GRAPH_FUNCTION.strip() if source.has_graph else "",
        function,
        _reading(fitting),
        _main(),
    ]
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    """The parts with the blank lines that Python's style guide asks for: two around a definition, else one."""
    parts = [part for part in parts if part]
    lines = parts[:1]
    for before, part in itertools.pairwise(parts):
        is_next_to_definition = any(each.startswith(("def ", "class ", "if __name__")) for each in (before, part))
        lines += ["", "", part] if is_next_to_definition else ["", part]
    return "\n".join(lines) + "\n"


def _docstring(fitting: Fitting, metric: str, cv_score: float | None, holdout_score: float | None, origin: str) -> str:
    scores = [
        f"{name} {metric} {score:.6g}"
        for name, score in (("cross-validated", cv_score), ("hold-out", holdout_score))
        if score is not None
    ]
    paragraphs = [f"The best pipeline that the search found for {fitting.target!r}" + (": " if scores else ".")]
    paragraphs[0] += ", ".join(scores) + ("." if scores else "")
    if origin:
        paragraphs.append(f"From {origin}.")
    paragraphs.append(f"Run: python best_pipeline.py {fitting.path.name} [rows-to-predict.csv]")
    filled = [textwrap.fill(paragraph, LINE_LENGTH, break_long_words=False) for paragraph in paragraphs]
    text = "\n\n".join(filled).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""'


def _reading(fitting: Fitting) -> str:
    """The functions that read the table, and fit on the rows that the published pipeline was fitted on."""
    lines = [
        "def read(path):",
        '    """A table from a CSV or Parquet file."""',
        '    if path.endswith((".parquet", ".pq")):',
        "        return pd.read_parquet(path)",
        f"    parsing = csv.ParseOptions(delimiter={fitting.delimiter!r}, newlines_in_values=True)",
        f"    cells = csv.ConvertOptions(strings_can_be_null=True, decimal_point={fitting.decimal_point!r})",
        "    table = csv.read_csv(path, parse_options=parsing, convert_options=cells)",
        "    return table.to_pandas(date_as_object=False, integer_object_nulls=False)",
        "",
        "",
        "def fitted(path):",
        '    """The pipeline, fitted on the same rows as the published one."""',
        "    table = read(path).dropna(subset=[TARGET])",
        f"    table = table.astype({{TARGET: {fitting.label_type!r}}})",
    ]
    if fitting.holdout_share:
        stratify = ", stratify=table[TARGET]" if fitting.stratified else ""
        lines += [
            "    rows, _ = train_test_split(",
            f"        np.arange(len(table)), test_size={fitting.holdout_share!r},"
            f" random_state={fitting.seed!r}{stratify}",
            "    )",
            "    table = table.iloc[np.sort(rows)]",
        ]
    lines.append("    return build().fit(table.drop(columns=[TARGET]), table[TARGET].to_numpy())")
    return "\n".join(lines).replace("'", '"')


def _csv_format(table: Table, path: Path) -> tuple[str, str]:
    """Delimiter and decimal point with which a CSV file gives the table's columns; comma and point for Parquet."""
    for delimiter, decimal_point in itertools.product(DELIMITERS, ".,"):
        with contextlib.suppress(pa.ArrowException):
            frame = csv.read_csv(
                path,
                parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=csv.ConvertOptions(strings_can_be_null=True, decimal_point=decimal_point),
            ).to_pandas(date_as_object=False, integer_object_nulls=False)
            if (
                set(table.X.columns) <= set(frame.columns)
                and (frame[list(table.X.columns)].dtypes == table.X.dtypes).all()
            ):
                return delimiter, decimal_point
    return ",", "."


def _main() -> str:
    return textwrap.dedent(
        """\
        if __name__ == "__main__":
            if len(sys.argv) < 2:
                sys.exit(__doc__)
            rows = read(sys.argv[-1]).drop(columns=[TARGET], errors="ignore")
            predictions = pd.Series(fitted(sys.argv[1]).predict(rows), name=TARGET)
            predictions.to_csv(sys.stdout, index=False)"""
    )
