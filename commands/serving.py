"""``clearml-automl serve``: a REST service for the champion of a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from commands.frame import Output, messages
from config.errors import BadInput
from config.settings import resolve


def serve(
    name: Annotated[
        str,
        typer.Argument(
            help="Of the models, such as AutoML/penguins; its champion answers. Needed where several have one.",
            show_default=False,
        ),
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65535)] = 8090,
    workers: Annotated[
        int | None, typer.Option(help="Prediction processes (default: one a processor, 2 to 8).", min=1, max=64)
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="API keys, one a line (default: AUTOML_SERVE_KEY, else one is made).")
    ] = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="Ask for no API key; on this machine only.")] = False,
    maximum_body_mb: Annotated[float, typer.Option(help="Largest body of a request, in MB.", min=0.001)] = 16.0,
    timeout: Annotated[float, typer.Option(help="Seconds that an answer may take.", min=0.1)] = 30.0,
    poll_seconds: Annotated[float, typer.Option(help="Seconds between looks for a new champion.", min=0.05)] = 3.0,
    drift_limit: Annotated[
        float, typer.Option(help="Population stability index beyond chance from which a column has moved.", min=0.001)
    ] = 0.1,
    trust_unsigned: Annotated[
        bool, typer.Option("--trust-unsigned", help="Load models also that are not signed with this stack's key.")
    ] = False,
    output: Output = "text",
) -> int:
    """Serve the champion of a name over HTTP, and follow the registry: rows in, predictions out."""
    from models.serving.keys import keys_of
    from models.serving.options import ServiceOptions, default_workers, is_loopback
    from pipelines.stack import Stack

    stack = Stack(resolve())
    if no_key and not is_loopback(host):
        raise BadInput(f"--no-key: {host} can be reached by other machines; leave one of --no-key and --host out")
    keys, where = (frozenset[str](), "") if no_key else keys_of(api_key_file, stack.home)
    options = ServiceOptions(
        host=host, port=port, workers=workers or default_workers(), keys=keys,
        maximum_body=int(maximum_body_mb * 1e6), timeout=timeout, poll_seconds=poll_seconds,
        trust_unsigned=trust_unsigned, home=stack.home,
    )  # fmt: skip
    stack.connect()

    import logging

    from models.catalog import RegistryModel, all_models, only_champion
    from models.drift.observer import DriftObserver
    from models.serving.service import run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("models").setLevel(logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # the follower says in one line that a server is away

    def tell(url: str, model: RegistryModel) -> None:
        if output == "json":
            print(json.dumps({"url": url, "model": model.id, "name": model.name, "keys": where}), flush=True)
            return
        print(f"{model.name}, model {model.id}, answers at {url}; {url}/docs says how", flush=True)
        messages.print(f"API key: {where}" if where else "no API key is asked for")

    return run(name or only_champion(all_models()), options, observer=DriftObserver(drift_limit), on_ready=tell)
