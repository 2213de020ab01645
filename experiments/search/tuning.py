"""The local step of mutation: one or a few hyperparameters of one node, moved a little from where they are.

TPOT's own mutation draws all hyperparameters of a node anew, which forgets what made a parent good. Numbers move by a
normal step in the unit interval that their range is scaled to (logarithmically where it is logarithmic), members of an
ordered list to a neighbour, other choices to any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Constant, OrdinalHyperparameter
from ConfigSpace.hyperparameters import CategoricalHyperparameter, NumericalHyperparameter

from experiments.search.tpot_repairs import MendedNodeIndividual, consistent

#: standard deviation of a step, as a share of a hyperparameter's range
STEP = 0.15
#: hyperparameters moved besides the first: a binomial number of so many draws at one half
FURTHER_MOVES = 2
#: share of the steps that move the last predictor rather than any node
PREDICTOR_SHARE = 0.75


def tune(individual: Any, rng: np.random.Generator) -> bool:
    """Makes a local step, in place.

    Returns:
        False where the individual has nothing that could be moved.
    """
    tunable = [node for node in _nodes(individual) if _movable(node)]
    if not tunable:
        return False
    last = last_node(individual)
    chosen = tunable[int(rng.integers(len(tunable)))]
    if rng.random() < PREDICTOR_SHARE and any(node is last for node in tunable):
        chosen = last
    if hasattr(individual, "graphkey"):
        individual.graphkey = None  # under which TPOT remembers a graph's text
    return _move(chosen, rng)


def last_node(individual: Any) -> Any:
    """The node that holds the last predictor of an individual."""
    while not isinstance(individual, MendedNodeIndividual):
        if hasattr(individual, "node"):  # of a choice
            individual = individual.node
        elif hasattr(individual, "root"):  # of a graph
            individual = individual.root
        elif len(getattr(individual, "pipeline", ())):
            individual = individual.pipeline[-1]
        else:
            break
    return individual


def _nodes(individual: Any) -> Iterator[Any]:
    """Every node of an individual that has hyperparameters, in an order that depends on nothing but its history."""
    if isinstance(individual, MendedNodeIndividual):
        yield individual
    for name in ("node", "pipeline", "union_dict", "graph"):
        inner = getattr(individual, name, None)
        if inner is None:
            continue
        if name == "node":
            yield from _nodes(inner)
        else:
            for part in list(inner.values() if name == "union_dict" else inner):
                yield from _nodes(part)


def _movable(node: Any) -> list[str]:
    """Names of a node's hyperparameters that have more than one value."""
    if not isinstance(node.space, ConfigurationSpace):
        return []
    # what depends on nothing may be missing: then it stands at the class' default
    active = consistent(node.hyperparameters, node.space) if node.space.conditions else node.space
    return sorted(name for name in active if name in node.space and not _is_fixed(node.space[name]))


def _is_fixed(hyperparameter: Any) -> bool:
    return isinstance(hyperparameter, Constant) or hyperparameter.size == 1


def _move(node: Any, rng: np.random.Generator) -> bool:
    """Moves some of a node's hyperparameters; False where the space forbids where they went."""
    names = _movable(node)
    count = min(len(names), 1 + int(rng.binomial(FURTHER_MOVES, 0.5)))
    values = dict(node.hyperparameters)
    for position in sorted(rng.choice(len(names), size=count, replace=False)):
        name = names[position]
        start = values[name] if name in values else defaults(node.method).get(name)
        values[name] = _moved(node.space[name], start, rng)
    return bool(node.take(values))


def defaults(kind: type) -> dict[str, Any]:
    """A class' own defaults; empty where it cannot be made without arguments."""
    try:
        made = kind()
    except TypeError:
        return {}
    return dict(made.get_params(deep=False)) if hasattr(made, "get_params") else {}


def nearest(hyperparameter: Any, wanted: Any, otherwise: Any) -> Any:
    """The value of a hyperparameter that comes nearest to one that it may not be able to have.

    Args:
        hyperparameter: of ConfigSpace.
        wanted: a value.
        otherwise: what to take where nothing is near.
    """
    if hyperparameter.legal_value(wanted):
        return wanted
    if not _is_number(wanted):
        return otherwise
    if isinstance(hyperparameter, NumericalHyperparameter):
        return type(hyperparameter.lower)(min(max(wanted, hyperparameter.lower), hyperparameter.upper))
    near = [each for each in _choices(hyperparameter) if _is_number(each)]
    if not near:
        return otherwise
    if min(*near, wanted) > 0:  # of what is positive, by the factor between them
        return min(near, key=lambda each: abs(np.log(each / wanted)))
    return min(near, key=lambda each: abs(each - wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _moved(hyperparameter: Any, start: Any, rng: np.random.Generator) -> Any:
    if isinstance(hyperparameter, NumericalHyperparameter):
        start = float(start) if _is_number(start) else float(hyperparameter.default_value)
        start = min(max(start, hyperparameter.lower), hyperparameter.upper)
        place = float(np.clip(hyperparameter.to_vector(start) + rng.normal(scale=STEP), 0.0, 1.0))
        return hyperparameter.to_value(place)
    choices = _choices(hyperparameter)
    index = choices.index(start) if start in choices else None
    if isinstance(hyperparameter, OrdinalHyperparameter) and index is not None:
        neighbours = [choices[each] for each in (index - 1, index + 1) if 0 <= each < len(choices)]
        return neighbours[int(rng.integers(len(neighbours)))]
    others = [choice for position, choice in enumerate(choices) if position != index]
    return others[int(rng.integers(len(others)))]


def _choices(hyperparameter: Any) -> list[Any]:
    if isinstance(hyperparameter, Constant):
        return []
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return list(hyperparameter.choices)
    return list(hyperparameter.sequence)
