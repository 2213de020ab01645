"""``clearml-automl models drift``: whether the rows of a file still look like what a model learnt from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from commands.frame import Output, print_told
from commands.models import Reference, TrustUnsigned, registry
from config.errors import BadInput

#: Exit code where drift was found: neither success nor bad input (2).
DRIFT_FOUND = 3
EXIT_CODES = "Exit codes: 0 no drift, or too few rows to tell; 3 drift found; 2 bad input. The formulas: docs/drift.md."


def drift(
    reference: Reference,
    data: Annotated[str, typer.Option("--data", help="CSV or Parquet file with the new rows.", metavar="FILE")],
    limit: Annotated[
        float,
        typer.Option(help="Population stability index, beyond what chance explains, from which a column has moved."),
    ] = 0.1,
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> int:
    """Compare the rows of a file, and what the model predicts for them, with the rows that it learnt from.

    Says of each column how far it has moved, the worst first. A column counts as moved where its population stability
    index exceeds the limit by more than so few rows explain.
    """
    from experiments.data.source import locate, read_frame

    if limit <= 0:
        raise BadInput(f"--limit must be above 0, not {limit:g}; 0.1 is usual, 0.25 tells only of large shifts")
    path = locate(data)
    with registry():
        from models.catalog import find
        from models.drift.report import drift_report
        from models.drift.rows import count_rows, features
        from models.drift.stored_profile import profile_of
        from models.loading import load

        model = find(reference)
        unused = {column["name"] for column in model.input_schema.get("columns", []) if not column["required"]}
        X = features(read_frame(path, unused), model.input_schema, str(path))
        profile = profile_of(model)
        report = drift_report(count_rows(profile, load(model, trust_unsigned=trust_unsigned), X), limit)
    told: dict[str, Any] = {"model": {"id": model.id, "name": model.name}, "data": str(path), **report.as_json()}
    print_told(told, output, f"{model.name}, model {model.id}, on {path}\n\n{report.text()}")
    return DRIFT_FOUND if report.is_drift else 0
