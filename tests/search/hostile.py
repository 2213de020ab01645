"""Estimators that do what no estimator should, for the tests of sandboxes and pools."""

from __future__ import annotations

import ctypes
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts class 0; what it does while it is fitted, subclasses say."""

    def fit(self, X: Any, y: Any) -> Constant:
        self.classes_ = np.unique(y)
        self.misbehave()
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.zeros(len(X), dtype=int)

    def misbehave(self) -> None:
        """Nothing."""


class Sleeper(Constant):
    """Hangs in Python's own sleep."""

    def misbehave(self) -> None:
        time.sleep(600)


class Holder(Constant):
    """Hangs in native code that holds the interpreter.

    Args:
        path: of a file that shows that it does; none where it is empty.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path

    def misbehave(self) -> None:
        if self.path:
            Path(self.path).touch()
        ctypes.PyDLL(None).sleep(600)


class Forker(Constant):
    """Leaves a process in a session of its own behind, whose id it writes to a file, and hangs."""

    def __init__(self, path: str = "") -> None:
        self.path = path

    def misbehave(self) -> None:
        child = os.fork()
        if child == 0:
            os.setsid()
            time.sleep(600)
            os._exit(0)
        Path(self.path).write_text(str(child))
        time.sleep(600)


class Segfaulter(Constant):
    """Reads where nothing is."""

    def misbehave(self) -> None:
        ctypes.string_at(0)


class Quitter(Constant):
    """Ends its process."""

    def misbehave(self) -> None:
        os._exit(3)


class MemoryEater(Constant):
    """Takes fifty megabytes after the other, and touches them."""

    def misbehave(self) -> None:
        self.eaten = []
        while True:
            self.eaten.append(np.ones(50 * 2**20 // 8))


class Glutton(Constant):
    """Takes a terabyte at once."""

    def misbehave(self) -> None:
        np.ones(2**40 // 8)


class Chatterer(Constant):
    """Prints and warns on all channels, from Python and below."""

    def misbehave(self) -> None:
        print("noise " * 100_000)
        os.write(1, b"noise" * 1000)
        os.write(2, b"noise" * 1000)
        sys.stderr.write("noise")
        warnings.warn("noise", stacklevel=1)


class Complainer(Constant):
    """Raises an error of two lines."""

    def misbehave(self) -> None:
        raise ValueError("does not like the data\nat all")


class Undecided(Constant):
    """Scores by chance, from whatever generator it finds."""

    def predict(self, X: Any) -> np.ndarray:
        return np.random.randint(0, 2, len(X))


class SandboxKiller(Constant):
    """Kills the evaluating process above it, as the system would when memory runs out."""

    def misbehave(self) -> None:
        os.kill(os.getppid(), 9)
        time.sleep(600)


class SandboxKillerOnce(SandboxKiller):
    """Kills the evaluating process above it the first time only.

    Args:
        path: of a file that tells that it did.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path

    def misbehave(self) -> None:
        try:
            Path(self.path).touch(exist_ok=False)
        except FileExistsError:
            return
        super().misbehave()


class Waiter(Constant):
    """Waits until a file is there, and shows that it does by another beside it.

    Args:
        path: of the file.
        name: tells one from another, and the files by which they show that they wait.
    """

    def __init__(self, path: str = "", name: int = 0) -> None:
        self.path = path
        self.name = name

    def misbehave(self) -> None:
        Path(f"{self.path} {self.name}").touch()
        while not Path(self.path).exists():
            time.sleep(0.01)


class Pauser(Constant):
    """Takes its time.

    Args:
        seconds: how long it takes in each fold.
        name: tells one from another.
    """

    def __init__(self, seconds: float = 0.0, name: int = 0) -> None:
        self.seconds = seconds
        self.name = name

    def misbehave(self) -> None:
        time.sleep(self.seconds)
