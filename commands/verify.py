"""``clearml-automl verify``: whether a run can be had again from what its task recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.frame import Output, messages, print_told
from commands.models import TrustUnsigned, registry

#: Exit code where another result came out: neither success nor bad input (2).
DRIFTED = 3
EXIT_CODES = (
    "Exit codes: 0 reproduced; 3 drifted; 2 cannot be reproduced, or bad input. What is compared: docs/verify.md."
)
_MARKS = {"same": "same      ", "differs": "differs   ", "impossible": "impossible", "skipped": "skipped   "}


def verify(
    task_id: Annotated[str, typer.Argument(help="The task of a run that published a model.", metavar="TASK")],
    data: Annotated[
        str, typer.Option("--data", help="The table, where it is not any more where the task says.", metavar="FILE")
    ] = "",
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds that fitting the pipeline once more may take.", min=1)
    ] = 600.0,
    trust_unsigned: TrustUnsigned = False,
    output: Output = "text",
) -> int:
    """Rebuild a run's result from what its task recorded, score it again, and say whether it is the same.

    Looks at the table's fingerprint, the split, the versions, the published model's score and the pipeline's code, and
    fits the pipeline once more on the same rows.
    """
    with registry():
        from experiments.verification import Step, verify

        def tell(step: Step) -> None:
            messages.print(f"{_MARKS[step.status]} {step.name}: {step.told}", markup=False, soft_wrap=True)

        result = verify(task_id, data=data, seconds=time_limit, trust_unsigned=trust_unsigned, tell=tell)
    print_told(result.as_json(), output, result.conclusion)
    return {"reproduced": 0, "drifted": DRIFTED, "impossible": 2}[result.outcome]
