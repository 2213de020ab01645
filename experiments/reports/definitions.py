"""Definitions of this project that a script needs, copied from where they are in force, so that none falls behind."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from experiments.reports.source import Source, SourceError

#: what a script cannot import
OWN_PACKAGES = ("config", "experiments", "models")


class Definitions:
    """Functions, classes and constants with all that they use; what is installed is imported.

    Args:
        source: of the script; it collects the imports.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        #: name -> definition, each after what it needs to be executed
        self._texts: dict[str, str] = {}
        self._begun: set[str] = set()

    @property
    def texts(self) -> list[str]:
        """The definitions, each after what it needs to be executed."""
        return list(self._texts.values())

    def copy(self, thing: Callable[..., Any]) -> None:
        """Adds a function or a class of this project, and all of the project that it uses."""
        if thing.__name__ in self._begun:
            return
        self._begun.add(thing.__name__)
        text = without_annotations(textwrap.dedent(inspect.getsource(thing)))
        for name in _used_names(text):
            value = vars(sys.modules[thing.__module__]).get(name)
            if value is None or name in self._texts:
                continue
            if inspect.ismodule(value):
                self._source.modules[value.__name__] = name
            elif not hasattr(value, "__module__"):
                self._texts[name] = f"{name} = {self._source.write(value)}"
            elif _is_own(value):
                self.copy(value)
            elif not self._is_importable(value):  # a method as it was before it was mended
                self._texts[name] = f"{name} = {value.__qualname__}"
        self._texts[thing.__name__] = text

    def copy_repairs(self) -> None:
        """Adds methods that were mended from outside their package, on the classes that the source has written so far.

        A pipeline that is fitted without them is another one.
        """
        for made in sorted(self._source.classes, key=lambda each: each.__name__):
            for name, method in vars(made).items():
                if inspect.isfunction(method) and _is_own(method) and not _is_own(made):
                    self.copy(method)
                    self._texts[f"{made.__name__}.{name}"] = f"{made.__name__}.{name} = {method.__name__}"

    def _is_importable(self, value: Any) -> bool:
        try:
            self._source.write(value)
        except SourceError:
            return False
        return True


def without_annotations(source: str) -> str:
    """A definition without the type hints that this project wants of its own code, whose names need imports."""
    text = source.encode()  # positions count bytes
    lines = text.splitlines(keepends=True)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))

    def position(line: int | None, column: int | None) -> int:
        return begins[(line or 1) - 1] + (column or 0)

    cuts = []
    for hinted, hint in _hints(ast.parse(source)):
        end = position(hint.end_lineno, hint.end_col_offset)
        if isinstance(hinted, ast.FunctionDef):
            begin = text.rindex(b"->", 0, position(hint.lineno, hint.col_offset))
            begin = len(text[:begin].rstrip())
        else:
            begin = position(hinted.lineno, hinted.col_offset) + len(getattr(hinted, "arg", getattr(hinted, "id", "")))
        default = re.match(rb" = ", text[end:]) if isinstance(hinted, ast.arg) else None
        cuts.append((begin, end + 3 if default else end, b"=" if default else b""))
    for begin, end, instead in sorted(cuts, reverse=True):
        text = text[:begin] + instead + text[end:]
    return re.sub(r"  # (type: ignore|noqa).*", "", text.decode()).strip()


def _hints(tree: ast.AST) -> Iterator[tuple[Any, ast.expr]]:
    """What is annotated, and the annotation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.returns:
            yield node, node.returns
        elif isinstance(node, ast.arg) and node.annotation:
            yield node, node.annotation
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target, node.annotation


def _used_names(source: str) -> list[str]:
    """Names that a definition takes from elsewhere, in the order of their first use."""
    nodes = list(ast.walk(ast.parse(source)))
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    used = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return [name for name in dict.fromkeys(used) if name not in bound]


def _is_own(value: Any) -> bool:
    return (getattr(value, "__module__", None) or "").partition(".")[0] in OWN_PACKAGES
