"""One form for all equivalent pipelines: what is evaluated, and the text by which it is known.

Random individuals are full of steps that do nothing (``Passthrough`` in a sequence, ``SkipTransformer`` beside
others) and of unions whose members could stand in any order. Two of them that compute the same become one here, so
that the same work is never paid twice in a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union

from experiments.search.tpot_repairs import tpot

#: parameters that say how a model is computed, not what it is; the same for all estimators of a run
_UNTOLD = frozenset({"random_state", "n_jobs", "nthread", "verbose", "verbosity", "memory", "transformer_weights"})


def canonical(estimator: Any, seed: int) -> Any:
    """The simplest estimator that computes the same, single-threaded and seeded.

    Args:
        estimator: unfitted; it may be changed.
        seed: becomes every ``random_state``.
    """
    simple = _simplified(estimator)
    for part in parts(simple):
        settled: dict[str, Any] = {}
        known = part.get_params(deep=True)  # which takes milliseconds
        for name, value in known.items():
            last = name.rpartition("__")[2]
            if isinstance(value, np.generic):
                settled[name] = value.item()
            if last == "random_state":
                settled[name] = seed
            elif last == "n_jobs":
                owner = known[name[: -len("__n_jobs")]] if "__" in name else part
                settled[name] = None if isinstance(owner, LogisticRegression) else 1
        part.set_params(**settled)  # LogisticRegression has one thread anyway and deprecates n_jobs
    return simple


def text(estimator: Any) -> str:
    """One line that is equal for equivalent canonical estimators, and tells them apart otherwise.

    It depends on neither memory addresses nor the hash seed. Parameters are sorted; those at their default and those
    that only say how to compute (``n_jobs``, ``random_state``, ...) are left out.
    """
    if isinstance(estimator, Pipeline):
        return " > ".join(text(step) for _, step in estimator.steps)
    if isinstance(estimator, FeatureUnion):
        return "[" + " + ".join(text(member) for _, member in estimator.transformer_list) + "]"
    if isinstance(estimator, tpot.GraphPipeline):
        return _graph_text(estimator)
    if isinstance(estimator, BaseEstimator):
        defaults = _defaults(type(estimator))
        told = [
            f"{name}={value}"
            for name, value in sorted((name, text(value)) for name, value in estimator.get_params(deep=False).items())
            if name not in _UNTOLD and value != defaults.get(name)
        ]
        return f"{type(estimator).__name__}({', '.join(told)})"
    if isinstance(estimator, np.generic):
        return repr(estimator.item())
    if isinstance(estimator, np.ndarray):
        return text(estimator.tolist())
    if isinstance(estimator, Mapping):
        return "{" + ", ".join(f"{text(key)}: {text(estimator[key])}" for key in sorted(estimator, key=str)) + "}"
    if isinstance(estimator, list | tuple):
        return "[" + ", ".join(text(item) for item in estimator) + "]"
    if estimator is None or isinstance(estimator, str | int | float):
        return repr(estimator)
    if hasattr(estimator, "__qualname__"):
        return str(estimator.__qualname__)
    attributes = {name: value for name, value in vars(estimator).items() if name not in _UNTOLD}
    return f"{type(estimator).__name__}({', '.join(f'{name}={text(attributes[name])}' for name in sorted(attributes))})"


_DEFAULTS: dict[type, dict[str, str]] = {}


def _defaults(kind: type) -> dict[str, str]:
    """Parameter name -> text of its default; empty where the class cannot be made without arguments."""
    if kind not in _DEFAULTS:
        try:
            parameters = kind().get_params(deep=False)
        except TypeError:
            parameters = {}
        _DEFAULTS[kind] = {name: text(value) for name, value in parameters.items()}
    return _DEFAULTS[kind]


def parts(estimator: Any) -> list[Any]:
    """The estimator and, as ``get_params`` does not look into a graph, the estimators on graph nodes within it."""
    found = [estimator]
    if isinstance(estimator, tpot.GraphPipeline):
        nested = [estimator.graph.nodes[node]["instance"] for node in estimator.graph.nodes]
    else:
        nested = [value for value in estimator.get_params(deep=True).values() if isinstance(value, tpot.GraphPipeline)]
    for part in nested:
        found += parts(part)
    return found


def _simplified(estimator: Any) -> Any:
    if isinstance(estimator, Pipeline):
        return _simplified_sequence(estimator)
    if isinstance(estimator, FeatureUnion):
        return _simplified_union(estimator)
    if isinstance(estimator, tpot.GraphPipeline):
        return _simplified_graph(estimator)
    wrapped = estimator.get_params(deep=False).get("estimator")
    if isinstance(wrapped, BaseEstimator):
        estimator.set_params(estimator=_simplified(wrapped))
    return estimator


def _simplified_sequence(pipeline: Pipeline) -> Any:
    steps: list[Any] = []
    for _, step in pipeline.steps:
        step = _simplified(step)
        steps += [inner for _, inner in step.steps] if isinstance(step, Pipeline) else [step]
    useful = [step for step in steps if not isinstance(step, tpot.builtin_modules.Passthrough)]
    steps = useful or steps[-1:]
    return steps[0] if len(steps) == 1 else make_pipeline(*steps, memory=pipeline.memory)


def _simplified_union(union: FeatureUnion) -> Any:
    members: list[Any] = []
    for _, member in union.transformer_list:
        member = _simplified(member)
        members += [inner for _, inner in member.transformer_list] if isinstance(member, FeatureUnion) else [member]
    useful = [member for member in members if not isinstance(member, tpot.builtin_modules.SkipTransformer)]
    members = sorted(useful or members[:1], key=text)
    return members[0] if len(members) == 1 else make_union(*members)


def _simplified_graph(pipeline: Any) -> Any:
    """The same graph with nodes that compute the same merged, and labelled in the order of their texts.

    The order of labels matters: TPOT stacks a node's inputs sorted by label.
    """
    graph = pipeline.graph
    for node in graph.nodes:
        graph.nodes[node]["instance"] = _simplified(graph.nodes[node]["instance"])
    texts = _node_texts(pipeline)
    root = texts[pipeline.root]
    if graph.number_of_nodes() == 1:
        return graph.nodes[pipeline.root]["instance"]
    labels: dict[str, str] = {}
    counts: dict[str, int] = {}
    instances = {texts[node]: graph.nodes[node]["instance"] for node in graph.nodes}
    for node_text in sorted(instances):
        name = type(instances[node_text]).__name__
        counts[name] = counts.get(name, 0) + 1
        labels[node_text] = f"{name}_{counts[name]:02d}"
    tidy = type(graph)()
    for node_text in sorted(labels, key=lambda each: (each != root, labels[each])):
        tidy.add_node(labels[node_text], instance=instances[node_text])
    tidy.add_edges_from(sorted({(labels[texts[parent]], labels[texts[child]]) for parent, child in graph.edges}))
    parameters = {name: value for name, value in pipeline.get_params(deep=False).items() if name != "graph"}
    return tpot.GraphPipeline(graph=tidy, **parameters)


def _node_texts(pipeline: Any) -> dict[Any, str]:
    """Node -> text of everything that is computed up to it."""
    texts: dict[Any, str] = {}
    graph = pipeline.graph
    for node in pipeline.topo_sorted_nodes:  # inputs first
        inputs = sorted({texts[child] for child in graph.successors(node)})
        own = text(graph.nodes[node]["instance"])
        own = f"({own})" if " > " in own else own
        texts[node] = f"[{' + '.join(inputs)}] > {own}" if inputs else own
    return texts


def _graph_text(pipeline: Any) -> str:
    whole = _node_texts(pipeline)[pipeline.root]
    return f"graph: {whole}"
