"""The search space of a run: TPOT's own, by name, built for the problem at hand, and how it is drawn from."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from experiments.search.canonical import canonical
from experiments.search.portfolio import Entry
from experiments.search.problem import Problem
from experiments.search.soundness import Facts, sound
from experiments.search.space_names import check_space_name
from experiments.search.tpot_repairs import MendedNode, tpot

#: inner folds of predictors that feed other predictors; TPOT has 5, which costs half as much again
INNER_FOLDS = 3


class Space:
    """A TPOT search space bound to a problem.

    Args:
        root: TPOT's search space.
        facts: of the problem, by which estimators are mended.
        seed: becomes every estimator's ``random_state``.
    """

    def __init__(self, root: Any, facts: Facts, seed: int) -> None:
        self.root = root
        self.facts = facts
        self.seed = seed
        self._shared = {id(part): part for part in _immutable_parts(root)}

    def random(self, rng: np.random.Generator) -> Any:
        """A new TPOT individual."""
        return self.root.generate(rng)

    def mutated(self, individual: Any, rng: np.random.Generator) -> Any:
        """A changed copy."""
        child = self.copied(individual)
        child.mutate(rng)
        return child

    def crossed(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """A copy of the first that took something from the second."""
        child = self.copied(first)
        child.crossover(self.copied(second), rng)
        return child

    def copied(self, individual: Any) -> Any:
        """A deep copy that shares the search space, which never changes: copying it too takes 8 to 41 ms."""
        return copy.deepcopy(individual, dict(self._shared))

    def around(self, entry: Entry, rng: np.random.Generator) -> Any:
        """An individual of a portfolio's entry: its predictor and scaler where the space has theirs, nothing else.

        Its parameters stay as they are until variation draws another predictor; everything around it varies.
        """
        individual = self.root.generate(rng)
        predictor = _fixed(entry.predictor, entry.parameters)
        scaler = _fixed(StandardScaler) if entry.scaled else _fixed(tpot.builtin_modules.Passthrough)
        if hasattr(individual, "graph"):
            individual.graph.remove_nodes_from([node for node in individual.graph if node is not individual.root])
            individual.root.node = predictor
            if entry.scaled:
                leaf = individual.inner_search_space.generate(rng)
                leaf.node = scaler
                individual.graph.add_edge(individual.root, leaf)
            individual.graphkey = None
            return individual
        first, *inner, last = individual.pipeline
        first.node = scaler
        last.node = predictor
        for step in inner:
            if hasattr(step, "pipeline"):  # a union of something optional with its input
                step.pipeline[0].node = _fixed(tpot.builtin_modules.SkipTransformer)
            else:
                step.node = _fixed(tpot.builtin_modules.Passthrough)
        return individual

    def estimator(self, individual: Any) -> Any:
        """The unfitted estimator of an individual: sound, and in its canonical form."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parameters that are deprecated, and replaced here
            return canonical(sound(individual.export_pipeline(), self.facts), self.seed)


def search_space(name: str, problem: Problem, seed: int) -> Space:
    """The search space of a name.

    Args:
        name: ``linear``, ``linear-light``, ``graph`` or ``graph-light``.
        seed: of the run; not of the drawing, whose generator each call is given.

    Raises:
        BadInput: there is no such search space.
    """
    check_space_name(name)
    facts = Facts.of(problem)
    light = name.endswith("-light")
    root = tpot.config.template_search_spaces.get_template_search_spaces(
        name,
        classification=facts.classification,
        inner_predictors=not light,
        cross_val_predict_cv=0 if light else _inner_folds(facts),
        n_classes=facts.n_classes,
        n_samples=facts.n_rows,
        n_features=facts.n_features,
        random_state=seed,
        base_node=MendedNode,
    )
    return Space(root, facts, seed)


def _fixed(kind: type, parameters: dict[str, Any] | None = None) -> Any:
    return MendedNode(kind, dict(parameters or {})).generate()


def _inner_folds(facts: Facts) -> Any:
    kind = StratifiedKFold if facts.classification else KFold
    return kind(n_splits=INNER_FOLDS, shuffle=True, random_state=42)


def _immutable_parts(root: Any) -> list[Any]:
    """Every search space and configuration space within a search space."""
    found: dict[int, Any] = {}
    unseen = [root]
    while unseen:
        part = unseen.pop()
        if id(part) in found:
            continue
        if isinstance(part, list | tuple | np.ndarray):
            unseen += list(part)
        elif isinstance(part, tpot.search_spaces.base.SearchSpace):
            found[id(part)] = part
            unseen += list(vars(part).values())
        elif isinstance(part, ConfigurationSpace):
            found[id(part)] = part
    return list(found.values())
