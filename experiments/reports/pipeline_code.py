"""``best_pipeline.py``: a published pipeline as a script that rebuilds, fits and uses it without this project."""

from __future__ import annotations

import contextlib
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from experiments.data.roles import NO_ROLES, Roles, date_written, instants, numbers_of
from experiments.data.source import DELIMITERS
from experiments.data.split import drawn_groups, latest
from experiments.data.table import Table
from experiments.reports.definitions import Definitions
from experiments.reports.source import GRAPH_FUNCTION, LINE_LENGTH, Source
from experiments.search.metric import EVEN_METRICS
from experiments.search.weighting import learning_weight
from models.weighted_fit import fit_weighted


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
    #: whether the labels are classes, whose shares the split kept
    has_classes: bool = False
    #: between the cells of a CSV file
    delimiter: str = ","
    #: of the numbers of a CSV file
    decimal_point: str = "."
    #: columns that are no features, and whether the latest rows were held out
    roles: Roles = NO_ROLES
    #: how the times are written, None where they are numbers
    written: str | None = None

    @classmethod
    def of(cls, table: Table, path: Path, target: str, holdout_share: float, seed: int) -> Fitting:
        """What a table and its split say.

        Args:
            table: all of the table, before the split.
            path: the file that it was read from.
            target: the column to predict.
            holdout_share: share of the rows that were held out of the fit; 0 where it saw them all.
            seed: of the split.
        """
        label_type = str(table.y.dtype) if table.y.dtype.kind in "bif" else "str"
        delimiter, decimal_point = _csv_format(table, path)
        time = _name(table.order)
        roles = Roles(_name(table.weight), _name(table.groups), table.order is not None, time)
        written = date_written(table.X[time]) if time else None
        has_classes = table.task == "classification"
        return cls(
            path, target, label_type, holdout_share, seed, has_classes, delimiter, decimal_point, roles, written
        )  # fmt: skip


def _name(column: pd.Series | None) -> str:
    return "" if column is None or column.name is None else str(column.name)


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
    definitions = Definitions(source)
    function = source.write_function("build", "The pipeline, not fitted.", estimator)
    source.modules["pandas"] = "pd"
    source.names.setdefault("pyarrow", set()).add("csv")
    definitions.copy_repairs()
    fitted = _fitted(fitting, metric in EVEN_METRICS, source, definitions)
    parts = [
        _docstring(fitting, metric, cv_score, holdout_score, origin),
        "import sys\n\n" + source.imports(),
        f"TARGET = {source.write(fitting.target)}",
        *definitions.texts,
        GRAPH_FUNCTION.strip() if source.has_graph else "",
        function,
        _reading(fitting),
        fitted,
        _main(fitting),
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
    """The function that reads the table."""
    lines = [
        "def read(path):",
        '    """A table from a CSV or Parquet file."""',
        '    if path.endswith((".parquet", ".pq")):',
        "        return pd.read_parquet(path)",
        f"    parsing = csv.ParseOptions(delimiter={fitting.delimiter!r}, newlines_in_values=True)",
        f"    cells = csv.ConvertOptions(strings_can_be_null=True, decimal_point={fitting.decimal_point!r})",
        "    table = csv.read_csv(path, parse_options=parsing, convert_options=cells)",
        "    return table.to_pandas(date_as_object=False, integer_object_nulls=False)",
    ]
    return "\n".join(lines).replace("'", '"')


def _fitted(fitting: Fitting, is_metric_even: bool, source: Source, definitions: Definitions) -> str:
    """The function that fits on the rows that the published pipeline was fitted on, with the same weights."""
    weight = fitting.roles.weight
    lines = [
        "def fitted(path):",
        '    """The pipeline, fitted on the same rows as the published one."""',
        "    table = read(path).dropna(subset=[TARGET])",
        f'    table = table.astype({{TARGET: "{fitting.label_type}"}})',
    ]
    if weight:
        # as a column of the table it goes through the split with its rows
        definitions.copy(numbers_of)
        cells = f"table[{source.write(weight)}]"
        lines += [f"    {cells} = numbers_of({cells})", f"    table = table[{cells} > 0]"]
    if fitting.holdout_share:
        lines += [f"    {line}" for line in _split(fitting, source, definitions)]
    lines.append(f"    X = table.drop(columns={_no_features(fitting, source)})")
    if not weight and not (is_metric_even and fitting.has_classes):
        return "\n".join([*lines, "    return build().fit(X, table[TARGET].to_numpy())"])
    definitions.copy(learning_weight)
    definitions.copy(fit_weighted)
    given = f"table[{source.write(weight)}].to_numpy()" if weight else "None"
    balanced = is_metric_even and fitting.has_classes
    return "\n".join(
        [
            *lines,
            "    y = table[TARGET].to_numpy()",
            f"    return fit_weighted(build(), X, y, learning_weight(y, {given}, balanced={balanced}))",
        ]
    )


def _split(fitting: Fitting, source: Source, definitions: Definitions) -> list[str]:
    """Lines that leave the rows which were not held out."""
    share, seed, roles = repr(fitting.holdout_share), fitting.seed, fitting.roles
    source.modules["numpy"] = "np"
    if roles.by_time:
        definitions.copy(latest)
        if not roles.time:
            return [f"table = table[~latest(np.arange(len(table)), {share})]"]
        definitions.copy(instants)
        return [
            f"times = instants(table[{source.write(roles.time)}], {source.write(fitting.written)})",
            f"table = table[~latest(times.to_numpy(), {share})]",
        ]
    if roles.group:
        definitions.copy(drawn_groups)
        groups = f"table[{source.write(roles.group)}].to_numpy()"
        classes = "table[TARGET].to_numpy()" if fitting.has_classes else "None"
        return [f"table = table[~drawn_groups({groups}, {classes}, {share}, {seed})]"]
    source.names.setdefault("sklearn.model_selection", set()).add("train_test_split")
    stratify = ", stratify=table[TARGET]" if fitting.has_classes else ""
    return [
        "rows, _ = train_test_split(",
        f"    np.arange(len(table)), test_size={share}, random_state={seed}{stratify}",
        ")",
        "table = table.iloc[np.sort(rows)]",
    ]


def _no_features(fitting: Fitting, source: Source) -> str:
    """The list of the columns that the pipeline does not learn from."""
    return f"[{', '.join(['TARGET', *(source.write(name) for name in fitting.roles.no_features)])}]"


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


def _main(fitting: Fitting) -> str:
    return textwrap.dedent(
        f"""\
        if __name__ == "__main__":
            if len(sys.argv) < 2:
                sys.exit(__doc__)
            rows = read(sys.argv[-1]).drop(columns={_no_features(fitting, Source())}, errors="ignore")
            predictions = pd.Series(fitted(sys.argv[1]).predict(rows), name=TARGET)
            predictions.to_csv(sys.stdout, index=False)"""
    )
