"""How to load a model and how to ask it, with a row that it was tried on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pandas as pd

from models.card.facts import CardFacts
from models.card.section import Section, joined
from models.card.text import code, name, number
from models.evidence import HoldoutRows

#: where a service listens unless it is told otherwise
SERVICE = "http://127.0.0.1:8090"
#: held-out rows among which the example is chosen
LOOKED_AT = 50


def calling(facts: CardFacts, holdout: HoldoutRows | None) -> Section:
    """In Python, as a service, and as code to read."""
    row = example(holdout) if holdout is not None and len(holdout) else None
    return Section(
        "How to load and call it",
        joined(
            " ".join(_costs(facts)),
            "In Python, from the registry. Unpickling runs what a file holds: `load` checks checksum and signature "
            "before, and refuses a file that is not the one that was published.",
            code(_python(facts), "python"),
            f"As a service, which follows the champion of {name(facts.model_name)}:",
            code(f"clearml-automl serve {shlex.quote(facts.model_name)}", "sh"),
            joined("A held-out row, as a request:", code(_curl(row), "sh")) if row is not None else "",
            "`best_pipeline.py`, an artifact of its experiment, is the pipeline as code: to read, and to fit again.",
        ),
    )


def _costs(facts: CardFacts) -> Iterator[str]:
    if facts.size_bytes:
        yield f"Its file has {facts.size_bytes / 1e6:,.2f} MB."
    if facts.inference_ms is not None:
        yield f"It predicts 1,000 rows in about {number(facts.inference_ms, 3)} ms on the machine that made it."


def example(holdout: HoldoutRows) -> dict[str, Any]:
    """A held-out row as JSON takes it: the shortest of the first ones that lack the fewest cells."""
    used = [column for column in holdout.X.columns if holdout.kinds.get(str(column)) != "drop"]
    rows = holdout.X[used].head(LOOKED_AT)
    columns = {str(name): [_plain(cell) for cell in rows[name]] for name in used}
    records = [{name: cells[number] for name, cells in columns.items()} for number in range(len(rows))]
    return min(records, key=lambda record: (sum(cell is None for cell in record.values()), len(json.dumps(record))))


def _python(facts: CardFacts) -> str:
    reference = facts.model_id or facts.model_name
    lines = [
        "from models.catalog import find",
        "from models.loading import load",
        "",
        f"model = find({json.dumps(reference)})",
        "fitted = load(model)",
        "fitted.predict(rows)  # a data frame with the columns under Data",
    ]
    if facts.sha256:
        lines.insert(4, f"assert model.sha256 == {json.dumps(facts.sha256)}")
    return "\n".join(lines)


def _curl(row: dict[str, Any]) -> str:
    # an apostrophe would end the shell's text, and what cannot be seen cannot be copied; JSON can write both otherwise
    text = json.dumps([row], ensure_ascii=False).replace("'", "\\u0027")
    body = "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
    return f"curl {SERVICE}/predict -H 'Content-Type: application/json' -d '{body}'"


def _plain(cell: Any) -> Any:
    """A cell of a data frame as JSON takes it."""
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat()
    if pd.isna(cell):
        return None
    cell = cell.item() if hasattr(cell, "item") else cell
    return cell if isinstance(cell, (str, int, float, bool)) else str(cell)
