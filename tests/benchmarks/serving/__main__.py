"""The service under load, beside ``mlflow models serve`` on the same pipeline. Run by ``make bench-serve``.

A linear pipeline on the sample german_credit is published to an embedded server of its own, served by
``clearml-automl serve``, and asked for single rows by a client in another process over connections that stay open, each
asking again when it is answered. Then the same for mlflow, in an environment that is made once in a cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import requests

from config.settings import Resolved, Settings
from pipelines.stack import Stack
from tests.benchmarks.search import environments
from tests.benchmarks.serving.load import Orders

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
NAME = "Benchmark/german_credit"
KEY = "a-key-of-the-benchmark"
ROWS = 200  # that are asked about in turn
STARTS_WITHIN = 180.0  # seconds


def main() -> None:
    """Measures, and prints a table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-serve-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        rows = publish(folder)
        print(_conditions(options.workers, options.seconds))
        results: dict[str, list[dict]] = {}
        with our_service(folder, options.workers) as url:
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            bodies = [json.dumps(row) for row in rows]
            results["clearml-automl serve"] = measured(f"{url}/predict", bodies, headers, options)
        if not options.without_mlflow:
            with mlflow_service(folder, options.workers, options.cache) as url:
                headers = {"Content-Type": "application/json"}
                bodies = [json.dumps({"dataframe_records": [row]}) for row in rows]
                results["mlflow models serve"] = measured(f"{url}/invocations", bodies, headers, options)
    report(results, options.connections)


def publish(folder: Path) -> list[dict]:
    """Starts an embedded server in the folder and makes the pipeline its champion; returns rows to ask about."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from experiments.data.columns import preprocessing
    from experiments.data.table import read_table
    from models.drift.profile import training_profile
    from models.evidence import HoldoutRows
    from models.published import classes_of, publishable
    from models.schema import input_schema

    stack = _stack(folder)
    connection = stack.connect()
    from clearml import Task

    from models.registry import TableFacts, packed
    from models.registry import publish as publish_model

    table = read_table("german_credit")
    columns = preprocessing(table.kinds, table.X, table.task)
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    fitted = publishable(columns, estimator, table.X, table.y, table.task)
    model = packed(fitted)
    (folder / "model.joblib").write_bytes(model)
    # with it the service watches for drift, too
    profile = training_profile(table.X, table.kinds, fitted.predict_proba(table.X), table.task, classes_of(fitted))
    (folder / "training_profile.json").write_text(json.dumps(profile), encoding="utf-8")
    (folder / "holdout.parquet").write_bytes(
        HoldoutRows(table.X.head(250), table.y.head(250), table.task, table.kinds).to_parquet()
    )
    task = Task.create(project_name="Benchmark", task_name="makes the model")
    task.mark_started()
    task.output_uri = connection.files
    for name, file in (("holdout", "holdout.parquet"), ("training_profile", "training_profile.json")):
        task.upload_artifact(name, artifact_object=str(folder / file), wait_on_upload=True)
    facts = TableFacts(len(table.y), len(table.X.columns), table.fingerprint, input_schema(table.X, table.kinds))
    publish_model(
        task, model, name=NAME, metric="accuracy", cv_score=None, holdout_score=None, table=facts, tags=("champion",)
    )
    task.mark_completed()
    return table.X.head(ROWS).to_dict(orient="records")


@contextmanager
def our_service(folder: Path, workers: int) -> Iterator[str]:
    """The service, started; its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLEARML")}
    command = [sys.executable, str(ROOT / "cli.py"), "serve", NAME, "--port", "0", "--workers", str(workers), "-o",
               "json"]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True,
        env={**environment, "AUTOML_HOME": str(folder / "home"), "AUTOML_SERVE_KEY": KEY},
    )  # fmt: skip
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(60)
        _stack(folder).stop()


@contextmanager
def mlflow_service(folder: Path, workers: int, cache: Path) -> Iterator[str]:
    """mlflow's server, started and answering; its address."""
    script = FOLDER / "mlflow_server.py"
    python = environments.python_of(script, cache)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "mlflow.log").open("w")
    process = subprocess.Popen(
        [str(python), str(script), str(folder / "model.joblib"), str(folder / "mlflow"), str(port), str(workers)],
        stdout=log, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
        env={**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not _answers(f"{url}/ping"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"error: mlflow did not start: {(folder / 'mlflow.log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        log.close()


def measured(url: str, bodies: list[str], headers: dict[str, str], options: argparse.Namespace) -> list[dict]:
    """What the client measured, for each number of connections."""
    found = []
    for connections in options.connections:
        orders = Orders(url, bodies, headers, connections, warm_up=options.warm_up, seconds=options.seconds)
        client = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.serving.load"], input=json.dumps(asdict(orders)), cwd=ROOT,
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        found.append(json.loads(client.stdout))
        if found[-1]["failures"]:
            print(f"{found[-1]['failures']} requests failed: {found[-1]['first_failure']}", file=sys.stderr)
    return found


def report(results: dict[str, list[dict]], connections: list[int]) -> None:
    """Prints the table, and the ratios."""
    print(f"{'':22} connections  requests/s  p50 ms  p95 ms  p99 ms  failures")
    for name, found in results.items():
        for count, one in zip(connections, found, strict=True):
            print(
                f"{name:22} {count:11}  {one['per_second']:10.0f}  {one['p50_ms']:6.1f}  {one['p95_ms']:6.1f}"
                f"  {one['p99_ms']:6.1f}  {one['failures']:8}"
            )
    if len(results) == 2:
        ours, others = results.values()
        for count, one, other in zip(connections, ours, others, strict=True):
            print(
                f"{count} connections: {one['per_second'] / other['per_second']:.1f} times the requests a second,"
                f" p50 {one['p50_ms'] / other['p50_ms']:.3f}, p95 {one['p95_ms'] / other['p95_ms']:.3f} of mlflow's"
            )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-serve", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement [%(default)s]")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before each [%(default)s]")
    parser.add_argument("--connections", type=int, action="append", help="may be repeated [8 and 16]")
    parser.add_argument("--workers", type=int, default=2, help="of each server [%(default)s]")
    parser.add_argument("--without-mlflow", action="store_true", help="measure this service only")
    parser.add_argument(
        "--cache", type=Path, default=environments.default_cache(), help="folder of mlflow's environment [%(default)s]"
    )
    options = parser.parse_args()
    options.connections = options.connections or [8, 16]
    return options


def _stack(folder: Path) -> Stack:
    for name in [name for name in os.environ if name.startswith("CLEARML")]:
        del os.environ[name]
    os.environ["AUTOML_HOME"] = str(folder / "home")
    settings = Settings(home=folder / "home", api_port=0, web_port=0, files_port=0)
    return Stack(Resolved(settings, dict.fromkeys(Settings.model_fields, "default")))


def _conditions(workers: int, seconds: float) -> str:
    load = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f} before; {workers} workers;"
        f" german_credit, StandardScaler and LogisticRegression behind the preprocessing; single rows, {seconds:g} s"
    )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    main()
