"""What a script copies of this project runs by itself."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.data.split import drawn_groups, latest
from experiments.reports.definitions import Definitions, without_annotations
from experiments.reports.source import Source
from models.weighted_fit import fit_weighted


def executed(*things):
    """The names that the copies define where nothing else is."""
    source = Source()
    definitions = Definitions(source)
    for thing in things:
        definitions.copy(thing)
    text = source.imports() + "\n" + "\n".join(definitions.texts)
    assert "experiments" not in text
    assert "models" not in text
    names = {}
    exec(text, names)
    return names


def test_copies_bring_what_they_use_with_them():
    random = np.random.default_rng(0)
    groups, order = random.integers(0, 9, 60), random.integers(0, 9, 60)
    names = executed(drawn_groups, latest, latest)
    assert names["DRAWS"] == 100
    np.testing.assert_array_equal(names["drawn_groups"](groups, None, 0.3, 1), drawn_groups(groups, None, 0.3, 1))
    np.testing.assert_array_equal(names["latest"](order, 0.3), latest(order, 0.3))


def test_functions_that_call_each_other_are_copied_once():
    names = executed(fit_weighted)
    assert {"fit_weighted", "_fit_vote", "_fit_pipeline", "fit_parameters"} <= names.keys()


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("def f(a: int, *b: str, c: dict[str, int] = {}, **d: Any) -> None:\n    pass",
         "def f(a, *b, c={}, **d):\n    pass"),
        ("def f(\n    a: Callable[[int], str],  # why\n) -> tuple[int, ...]:\n    x: list[int] = [1]\n    return x",
         "def f(\n    a,  # why\n):\n    x = [1]\n    return x"),
        ('def f(a="ä: b", b: str = "->") -> str:\n    """x: int -> y."""\n    return lambda x: x',
         'def f(a="ä: b", b="->"):\n    """x: int -> y."""\n    return lambda x: x'),
        ("x = f(1)  # type: ignore[call]", "x = f(1)"),
    ],
)  # fmt: skip
def test_type_hints_are_taken_out_and_nothing_else(source, plain):
    assert without_annotations(source) == plain
