"""A process that promotes a model, tells each step, and waits or dies where a test wants it to.

Arguments: the model's id, the step, and what to do there: ``wait`` for a line on standard input, ``die``, or nothing.
"""

from __future__ import annotations

import os
import signal
import sys

from experiments.reports.tracking import configure_sdk
from models.catalog import find
from models.gate.limits import Limits
from models.gate.promotion import Step, promote


def main(model_id: str, step: str = "", action: str = "") -> None:
    """Promotes; prints steps as they come, and the outcome."""

    def on_step(reached: Step) -> None:
        print(reached, flush=True)
        if reached == step and action == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if reached == step and action == "wait":
            sys.stdin.readline()

    configure_sdk()
    print(promote(find(model_id), Limits(), on_step=on_step).outcome, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
