"""The search space of a run: TPOT's own by name, or a person's, built for the problem, and how it is drawn from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from experiments.search import space_file
from experiments.search.canonical import canonical
from experiments.search.config_dict import linear_space
from experiments.search.portfolio import Entry
from experiments.search.problem import Problem
from experiments.search.ranges import Ranges, ranges
from experiments.search.soundness import Facts, sound
from experiments.search.space_names import check_space_name, is_config_dict, is_python_file, read_config_dict
from experiments.search.tpot_repairs import MendedNode, tpot
from experiments.search.tuning import defaults, nearest, tune

#: inner folds of predictors that feed other predictors; TPOT has 5, which costs half as much again
INNER_FOLDS = 3
#: share of mutations that are a local step; the rest are TPOT's own
LOCAL_SHARE = 0.6


class Space:
    """A TPOT search space bound to a problem.

    Args:
        root: TPOT's search space; its nodes are mended in place.
        facts: of the problem, by which estimators are mended.
        seed: becomes every estimator's ``random_state``.
        tuned: class -> ranges, in which pipelines of the portfolio are tuned; empty where the space is a person's own,
            whose portfolio and ranges are those that it has itself.
        digest: of the code that the space brings along, hexadecimal: what pipelines of the same text mean depends on
            it; empty where it brings none.
    """

    def __init__(
        self, root: Any, facts: Facts, seed: int, tuned: Mapping[type, Ranges] | None = None, digest: str = ""
    ) -> None:
        self.root = root
        self.facts = facts
        self.seed = seed
        self.digest = digest
        self._tuned = tuned or {}
        #: every search space and configuration space within it
        self.parts = _immutable_parts(root)
        for part in self.parts:
            if type(part) is tpot.search_spaces.nodes.EstimatorNode:
                part.__class__ = MendedNode  # they are many, and referred to from everywhere
            if isinstance(part, MendedNode) and part.method in self._tuned and self._tuned[part.method].replaces:
                part.space = self._tuned[part.method].space
                part.hyperparameter_parser = self._tuned[part.method].parser
        self._shared = {id(part): part for part in [*self.parts, *(each.space for each in self._tuned.values())]}

    def random(self, rng: np.random.Generator) -> Any:
        """A new TPOT individual."""
        return self.root.generate(rng)

    def mutated(self, individual: Any, rng: np.random.Generator) -> Any:
        """A changed copy: by a local step, or by TPOT's own mutation."""
        child = self.copied(individual)
        if rng.random() < LOCAL_SHARE and tune(child, rng):
            return child
        return self._varied(child, lambda: child.mutate(rng), individual)

    def crossed(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """A copy of the first that took something from the second."""
        child = self.copied(first)
        return self._varied(child, lambda: child.crossover(self.copied(second), rng), first)

    def _varied(self, child: Any, vary: Callable[[], Any], original: Any) -> Any:
        """The child after a variation of TPOT's, or a mere copy where there was nothing to choose from.

        TPOT raises then: of a union of one member, of one set of features.
        """
        try:
            vary()
        except (ValueError, IndexError):
            return self.copied(original)
        return child

    def copied(self, individual: Any) -> Any:
        """A deep copy that shares the search space, which never changes: copying it too takes 8 to 41 ms."""
        return copy.deepcopy(individual, dict(self._shared))

    def has_room_for(self, entry: Entry) -> bool:
        """Whether `around` makes an individual of a portfolio's entry.

        TPOT's spaces take them all; a config_dict those of whose class it has; a Python file none, for its shape may be
        any.
        """
        return bool(self._tuned) or (not self.digest and self._own(entry.predictor) is not None)

    def around(self, entry: Entry, rng: np.random.Generator) -> Any:
        """An individual of a portfolio's entry: its predictor and scaler where the space has theirs, nothing else.

        The predictor is a point in its class' ranges, where it has some, and so can be tuned. Where there is no room
        for it, a random individual.
        """
        individual = self.root.generate(rng)
        if not self.has_room_for(entry):
            return individual
        predictor = self._predictor(entry, rng)
        if hasattr(individual, "graph"):
            individual.graph.remove_nodes_from([node for node in individual.graph if node is not individual.root])
            individual.root.node = predictor
            if entry.scaled:
                leaf = individual.inner_search_space.generate(rng)
                leaf.node = _fixed(StandardScaler)
                individual.graph.add_edge(individual.root, leaf)
            individual.graphkey = None
            return individual
        *before, last = individual.pipeline
        last.node = predictor
        for step in before:
            if hasattr(step, "pipeline"):  # a union of something optional with its input
                step.pipeline[0].node = _fixed(tpot.builtin_modules.SkipTransformer)
            else:
                step.node = _fixed(tpot.builtin_modules.Passthrough)
        if entry.scaled and before and (self._tuned or self._own(StandardScaler) is not None):
            before[0].node = _fixed(StandardScaler)
        return individual

    def estimator(self, individual: Any) -> Any:
        """The unfitted estimator of an individual: sound, and in its canonical form."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parameters that are deprecated, and replaced here
            return canonical(sound(individual.export_pipeline(), self.facts), self.seed)

    def _predictor(self, entry: Entry, rng: np.random.Generator) -> Any:
        if entry.predictor in self._tuned:
            own = self._tuned[entry.predictor]
            node = MendedNode(entry.predictor, own.space, hyperparameter_parser=own.parser).generate(rng)
            node.hyperparameters = dict(entry.parameters)
            return node
        listed = self._own(entry.predictor)
        if listed is None:
            return _fixed(entry.predictor, entry.parameters)
        node = listed.generate(rng)
        if isinstance(listed.space, ConfigurationSpace):
            wanted = defaults(entry.predictor) | entry.parameters
            drawn = node.hyperparameters
            node.take({name: nearest(listed.space[name], wanted.get(name), drawn[name]) for name in drawn})
        return node

    def _own(self, kind: type) -> Any:
        """The node of a class among those that a person listed; None where there is none."""
        steps = getattr(self.root, "search_spaces", [])
        choices = [choice for step in steps for choice in getattr(step, "search_spaces", [])]
        return next((node for node in choices if getattr(node, "method", None) is kind), None)


def search_space(name: str, problem: Problem, seed: int) -> Space:
    """The search space of a setting.

    Args:
        name: ``linear``, ``linear-light``, ``graph`` or ``graph-light``; a TPOT 0.x config_dict as JSON or the path of
            its .json file; or the path of a .py file that defines ``search_space``.
        problem: that it is for.
        seed: of the run; not of the drawing, whose generator each call is given.

    Raises:
        BadInput: there is no such search space, or what it says cannot be.
    """
    check_space_name(name)
    facts = Facts.of(problem)
    if is_python_file(name):
        space = Space(space_file.load(name), facts, seed, digest=space_file.digest(name))
        space_file.try_out(name, space, facts.classification)
        return space
    if is_config_dict(name):
        return Space(linear_space(read_config_dict(name), facts, _inner_folds(facts)), facts, seed)
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
    return Space(root, facts, seed, tuned=ranges(facts.n_rows))


def _fixed(kind: type, parameters: Mapping[str, Any] | None = None) -> Any:
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
