"""What a card does not tell, and what speaks against trusting it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.card.facts import CardFacts
from models.card.outcome import Outcome
from models.card.section import Section, joined
from models.card.text import listed, name, number, prose

#: below these, a person is told
FEW_HOLDOUT_ROWS = 100
FEW_DEVELOPMENT_ROWS = 500
FEW_OF_A_CLASS = 10
#: classes that are named
NAMED = 5


def limits(facts: CardFacts, outcome: Outcome | None) -> Section:
    """Findings of the table's checks, and limits, one line each."""
    findings = [prose(finding) for finding in facts.findings]
    checks = joined("The checks of the table found:", listed(findings), "Besides:") if findings else ""
    return Section("Limits", joined(checks, listed(_lines(facts, outcome))))


def _lines(facts: CardFacts, outcome: Outcome | None) -> Iterator[str]:
    if outcome is None:
        yield "No rows were held out: there is no score on rows that the search did not see."
    elif len(outcome) < FEW_HOLDOUT_ROWS:
        yield f"Only {len(outcome):,} rows were held out: what they tell is uncertain; mind the intervals."
    if facts.development_rows < FEW_DEVELOPMENT_ROWS:
        yield f"It learnt from {facts.development_rows:,} rows only; other rows might have led to another pipeline."
    if outcome is not None and outcome.classes is not None:
        yield from _rare(outcome)
    if facts.cv and facts.optimism and facts.cv.high is not None and facts.cv.low is not None:
        half = (facts.cv.high - facts.cv.low) / 2
        if facts.optimism > half:
            yield (
                f"The optimism ({number(facts.optimism)}) is more than half the interval of the cross-validation: the "
                "search had much to pick from and few rows to pick by."
            )
    if outcome is not None and outcome.holdout.by_time:
        yield "The held-out rows are the latest ones. Rows that follow each other have no bootstrap interval."
    if outcome is not None and outcome.holdout.groups is not None:
        yield "Groups were held out as wholes; intervals draw groups. Scores are about groups that were never seen."
    if outcome is not None and outcome.weight is not None:
        yield "Rows count by their weight in all scores and curves; the confusion matrix counts rows."
    yield (
        "Numbers outside the ranges and categories outside the lists under Data were not in the table; what the model "
        "says of such rows was never measured."
    )
    yield (
        "Scores hold for rows like those of the table. Where the world changes, they fall; `clearml-automl models "
        "drift` compares new rows with these."
    )
    yield "Importance says what the model looks at, not what causes the target; slices are no review of fairness."


def _rare(outcome: Outcome) -> Iterator[str]:
    counts = np.bincount(outcome.y, minlength=outcome.n_classes)
    rare = [code for code in np.argsort(counts, kind="stable").tolist() if counts[code] < FEW_OF_A_CLASS]
    if rare:
        named = ", ".join(f"{name(outcome.class_names[code])} ({counts[code]})" for code in rare[:NAMED])
        more = f" and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
        yield f"Some classes have hardly any held-out rows: {named}{more}. Little is known of how well they are told."
