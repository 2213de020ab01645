"""The real parts, each in a process of its own: server, Dask pool, agent, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

#: a TPOT 0.x config_dict of predictors that are evaluated in a tenth of a second
QUICK_SPACE = json.dumps(
    {
        "sklearn.naive_bayes.GaussianNB": {"var_smoothing": [1e-9, 1e-7, 1e-5, 1e-3]},
        "sklearn.linear_model.LogisticRegression": {"C": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], "max_iter": [500]},
        "sklearn.tree.DecisionTreeClassifier": {
            "max_depth": list(range(1, 11)), "min_samples_leaf": list(range(1, 21)), "criterion": ["gini", "entropy"],
        },
        "sklearn.preprocessing.StandardScaler": {},
        "sklearn.preprocessing.MinMaxScaler": {},
        "sklearn.feature_selection.SelectPercentile": {
            "percentile": list(range(20, 100, 5)), "score_func": {"sklearn.feature_selection.f_classif": None},
        },
    }
)  # fmt: skip


@dataclass(frozen=True)
class CommandLine:
    """``clearml-automl`` in a process of its own, on the tests' stack."""

    folder: Path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), *arguments], cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**clean_environment(), **environment},
        )  # fmt: skip

    def run(self, *arguments: str, code: int = 0, **environment: str) -> tuple[str, str]:
        """Standard output and standard error of a command that must end with this code."""
        with self.start(*arguments, **environment) as process:
            try:
                output, errors = process.communicate(timeout=150)
            except BaseException:
                process.kill()
                raise
        assert process.returncode == code, f"{arguments} ended with {process.returncode}: {errors}"
        return output, errors

    def json(self, *arguments: str, **environment: str) -> dict[str, Any]:
        """The JSON object that a command prints."""
        return json.loads(self.run(*arguments, "-o", "json", **environment)[0])


def clean_environment() -> dict[str, str]:
    """This process's environment as a person's shell has it: the tests' stack, but no ClearML server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLEARML")}


@pytest.fixture
def command_line(stack, tmp_path, monkeypatch) -> CommandLine:
    """The command line on the tests' stack; free ports are for a server that has to be started anew."""
    for name in ("AUTOML_API_PORT", "AUTOML_WEB_PORT", "AUTOML_FILES_PORT"):
        monkeypatch.setenv(name, "0")
    return CommandLine(tmp_path)
