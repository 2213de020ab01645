"""A pipeline in one short line for people: the steps' names, and the parameters that were chosen."""

from __future__ import annotations

import functools
import textwrap
from typing import Any

#: classes that pass their input on unchanged and say nothing about a pipeline
SILENT = frozenset({"Passthrough", "SkipTransformer", "FunctionTransformer"})
WRAPPED_LENGTH = 80  # characters a line of a plot's hover text


def short_text(estimator: Any, length: int = 120) -> str:
    """Names of an estimator's steps in the order in which data passes them.

    Args:
        estimator: any scikit-learn estimator, fitted or not.
        length: characters at most; a longer text ends in an ellipsis.

    Returns:
        Such as ``StandardScaler → (PCA + Passthrough) → LogisticRegression``.
    """
    return shortened(_text(estimator), length)


def shortened(text: str, length: int) -> str:
    """A text in one line, cut at `length` characters with an ellipsis at its end."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def wrapped(text: str, length: int = WRAPPED_LENGTH, lines: int = 12) -> str:
    """A text in lines for a plot's hover box, which neither wraps by itself nor takes characters of HTML."""
    parts = textwrap.wrap(text, length, break_long_words=True)
    if len(parts) > lines:
        parts = [*parts[: lines - 1], "…"]
    return "<br>".join(part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for part in parts)


def _text(estimator: Any) -> str:
    if isinstance(estimator, str) or estimator is None:
        return ""
    if isinstance(estimator, functools.partial):
        return _text(estimator.func)
    if hasattr(estimator, "steps"):
        return " → ".join(text for text in (_text(step) for _, step in estimator.steps) if text) or "Passthrough"
    if hasattr(estimator, "transformer_list"):
        branches = [_text(branch) or "Passthrough" for _, branch in estimator.transformer_list]
        return branches[0] if len(branches) == 1 else "(" + " + ".join(branches) + ")"
    graph = getattr(estimator, "graph", None)
    if graph is not None and hasattr(graph, "successors"):
        return _graph_text(graph)
    name = type(estimator).__name__
    inner = getattr(estimator, "estimator", None)
    if name in SILENT:
        return ""
    # A forest has an attribute of that name too, but no such parameter.
    is_wrapper = hasattr(inner, "get_params") and "estimator" in estimator.get_params(deep=False)
    return f"{name}({_text(inner)})" if is_wrapper else name


def _graph_text(graph: Any) -> str:
    """A graph pipeline from its root back to the inputs: each node after what feeds it."""

    def node_text(node: Any) -> str:
        own = _text(graph.nodes[node]["instance"]) or "Passthrough"
        inputs = [node_text(child) for child in sorted(graph.successors(node))]
        if not inputs:
            return own
        return (inputs[0] if len(inputs) == 1 else "(" + " + ".join(inputs) + ")") + " → " + own

    return " + ".join(node_text(node) for node in graph.nodes if graph.in_degree(node) == 0)
