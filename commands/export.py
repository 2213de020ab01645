"""``clearml-automl models export``: a model in portable forms, compared with one another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.frame import Output, print_told
from commands.models import Reference, TrustUnsigned, registry
from config.errors import BadInput

EXIT_CODES = (
    "Exit codes: 0 exported; 1 a form answers differently, nothing is written; 2 bad input. See docs/export.md."
)


def export(
    reference: Reference,
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="FOLDER")],
    without: Annotated[
        list[str] | None, typer.Option("--without", help="A form to leave out: skops, onnx, code.", metavar="FORM")
    ] = None,
    data: Annotated[
        str, typer.Option("--data", help="The table, where it is not any more where the task says.", metavar="FILE")
    ] = "",
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> None:
    """Write a model as joblib, skops, ONNX and readable Python, and compare all of them on rows it never saw.

    A form that answers differently fails the export. What has no form in ONNX is named.
    """
    with registry():
        from models.catalog import find
        from models.export.folder import OPTIONAL
        from models.export.folder import export as export_model

        unknown = sorted(set(without or []) - set(OPTIONAL))
        if unknown:
            raise BadInput(f"--without: {unknown[0]!r} is unknown; choose among {', '.join(OPTIONAL)}")
        model = find(reference)
        refit, no_refit = None, ""
        if "code" not in (without or []):
            from experiments.recorded_code import refit_of

            try:
                refit = refit_of(model, data)
            except BadInput as error:
                no_refit = str(error)
        made = export_model(
            model, folder, without=without or [], trust_unsigned=trust_unsigned, refit=refit, no_refit=no_refit
        )
    lines = [f"{model.name}, model {model.id}, is in {made.folder}"]
    lines += [
        f"  {each.form}: {each.rows} rows answered the same, largest difference {each.largest_difference:.2g}"
        for each in made.comparisons
    ]
    lines += [f"  {form}: {obstacle}" for form, obstacles in made.missing.items() for obstacle in obstacles]
    print_told({"model": {"id": model.id, "name": model.name}, **made.as_json()}, output, "\n".join(lines))
