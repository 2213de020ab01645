"""``clearml-automl models``: the registry, from which one model of a name is the champion."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.frame import Output, given, print_told
from config.errors import BadInput
from config.settings import resolve

if TYPE_CHECKING:
    from config.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="The models that runs publish: compared, promoted, exported, watched. A model is named by its id, by its"
    " NAME, which means the champion of that name, or by NAME@newest. NAME may leave out the project where only one"
    " model is called so.",
)

Reference = Annotated[str, typer.Argument(help="A model's id, NAME (its champion), or NAME@newest.", metavar="MODEL")]
TrustUnsigned = Annotated[
    bool,
    typer.Option(
        "--trust-unsigned", help="Load model files that were not signed with the key here: they may run any code."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the history.", metavar="TEXT")]


@contextlib.contextmanager
def registry(command_line: dict[str, Any] | None = None) -> Iterator[Settings]:
    """The settings, and within the block the SDK talks to the server; what it prints goes to standard error.

    Args:
        command_line: settings that were given there.
    """
    from pipelines.stack import Stack

    resolved = resolve(command_line)
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the result
        Stack(resolved).connect()
        from experiments.reports.tracking import configure_sdk  # imports the SDK, which reads its configuration then

        configure_sdk()
        yield resolved.settings


@app.command("list")
def list_models(
    name: Annotated[str, typer.Argument(help="Only names that hold this.", metavar="[NAME]")] = "",
    output: Output = "text",
) -> None:
    """List the models by name, the champion first."""
    from commands.registry_text import registry_text

    with registry():
        from models.catalog import all_models, champion_among

        by_name: dict[str, list[Any]] = {}
        for model in all_models(name):
            by_name.setdefault(model.name, []).append(model)
        names = []
        for each, members in by_name.items():
            champion = champion_among(members)
            members.sort(key=lambda model: champion is None or model.id != champion.id)
            shown = [model.as_json() for model in members]
            names.append({"name": each, "champion": champion.id if champion else None, "models": shown})
    print_told({"names": names}, output, registry_text(names, name))


@app.command()
def show(reference: Reference, output: Output = "text") -> None:
    """Show all that the registry knows of a model, and the history of its name."""
    from commands.registry_text import model_text

    with registry():
        from models.catalog import find
        from models.gate.history import history

        model = find(reference)
        told = {**model.as_json(is_whole=True), "history": history(model.name)}
    print_told(told, output, model_text(told, told["history"]))


@app.command()
def compare(
    challenger: Annotated[str, typer.Argument(help="A model: see 'models --help'.", metavar="MODEL")],
    other: Annotated[str, typer.Argument(help="The model that it is compared with.", metavar="OTHER")],
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> None:
    """Compare two models on the rows that were held out from the first, as a promotion would; change nothing."""
    from commands.registry_text import verdict_text

    with registry():
        from models.catalog import find
        from models.gate.judgement import Trust, judge
        from models.gate.limits import Limits

        verdict = judge(find(challenger), find(other), Limits(), trust=Trust(trust_unsigned))
    print_told(verdict.as_json(), output, verdict_text(verdict.as_json(), verdict.table()))


@app.command()
def promote(
    reference: Reference,
    force: Annotated[bool, typer.Option("--force", help="Promote it whatever the verdict; needs --reason.")] = False,
    reason: Reason = "",
    minimum_score: Annotated[str | None, typer.Option(help="The score that it must reach.", metavar="NUMBER")] = None,
    maximum_latency_ms: Annotated[
        str | None, typer.Option(help="Milliseconds to predict 1,000 rows, at most.", metavar="NUMBER")
    ] = None,
    maximum_size_mb: Annotated[
        str | None, typer.Option(help="Size of its file in MB, at most.", metavar="NUMBER")
    ] = None,
    fairness_column: Annotated[
        str | None, typer.Option(help="Column whose groups must score alike.", metavar="COLUMN")
    ] = None,
    fairness_limit: Annotated[
        str | None, typer.Option(help="Largest difference of the score between groups.", metavar="NUMBER")
    ] = None,
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> int:
    """Compare a model with the champion of its name, and make it the champion if it is better beyond chance.

    Limits that are not given are those of the settings. The exit code is 1 where the model was not promoted.
    """
    from commands.registry_text import verdict_text

    if force and not reason.strip():
        raise BadInput("--force needs a reason, which stands in the history; add --reason 'why'")
    if reason and not force:
        raise BadInput("--reason says why a promotion is forced; add --force, or leave --reason out")
    limits_given = given(
        {
            "minimum_score": minimum_score, "maximum_latency_ms": maximum_latency_ms,
            "maximum_size_mb": maximum_size_mb, "fairness_column": fairness_column, "fairness_limit": fairness_limit,
        }
    )  # fmt: skip
    with registry(limits_given) as settings:
        from models.catalog import find
        from models.gate.judgement import Trust
        from models.gate.limits import Limits
        from models.gate.promotion import promote as promote_model

        verdict = promote_model(
            find(reference), Limits.of(settings), force_reason=reason.strip(), trust=Trust(trust_unsigned)
        )
    print_told(verdict.as_json(), output, verdict_text(verdict.as_json(), verdict.table()))
    return 0 if verdict.is_promoted else 1


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Whose champion goes.", metavar="NAME")],
    reason: Reason = "",
    output: Output = "text",
) -> None:
    """Make the former champion of a name its champion again; a second rollback goes further back."""
    from dataclasses import asdict

    if not reason.strip():
        raise BadInput("a rollback needs a reason, which stands in the history; add --reason 'why'")
    with registry():
        from models.catalog import full_name
        from models.gate.promotion import rollback as roll_back

        done = roll_back(full_name(name), reason.strip())
    print_told(asdict(done), output, f"{done.champion} is the champion of {done.name} again, after {done.former}")


@app.command()
def download(
    reference: Reference,
    folder: Annotated[Path, typer.Argument(help="Where to; made where it is missing.", metavar="FOLDER")],
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> None:
    """Put a model's file, checked, and what is known of it (model.json) into a folder."""
    with registry():
        from models.catalog import find
        from models.download import download as fetch

        model = find(reference)
        path = fetch(model, folder, trust_unsigned=trust_unsigned)
    print_told({"id": model.id, "name": model.name, "path": str(path)}, output, str(path))


@app.command()
def archive(reference: Reference, output: Output = "text") -> None:
    """Put a model away; the champion cannot be."""
    with registry():
        from models.catalog import find
        from models.gate.promotion import archive as put_away

        model = find(reference)
        put_away(model)
    print_told({"id": model.id, "name": model.name, "archived": True}, output, f"archived {model.id} of {model.name}")
