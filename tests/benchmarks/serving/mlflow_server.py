"""``mlflow models serve`` on a pipeline of this project; runs in an environment of its own.

``python mlflow_server.py MODEL.JOBLIB FOLDER PORT WORKERS`` saves the pipeline as mlflow does it, and becomes the
server.
"""

import os
import sys
from pathlib import Path

import joblib
import mlflow.sklearn


def main(model: str, folder: str, port: str, workers: str) -> None:
    """Saves, and serves."""
    mlflow.sklearn.save_model(joblib.load(model), folder, serialization_format="cloudpickle")
    command = ["mlflow", "models", "serve", "--model-uri", folder, "--env-manager", "local", "--host", "127.0.0.1",
               "--port", port, "--workers", workers]  # fmt: skip
    # the command looks for uvicorn beside this interpreter
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.execve(sys.executable, [sys.executable, "-m", *command], {**os.environ, "PATH": path})


if __name__ == "__main__":
    main(*sys.argv[1:])
