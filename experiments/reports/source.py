"""Python source of unfitted estimators: constructor calls with the parameters that differ from the defaults."""

from __future__ import annotations

import builtins
import contextlib
import functools
import inspect
import itertools
import keyword
import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union

LINE_LENGTH = 100
LONG = 50  # characters of a composition, above which it gets a variable
INDENT = "    "
#: first arguments that hold what a composition is made of, and are written without their name
CONTENT = frozenset({"steps", "transformers", "transformer_list", "estimators", "func"})
#: modules that everybody imports under a short name
SHORT_NAMES = {"numpy": "np", "pandas": "pd"}


class SourceError(ValueError):
    """A value has no source that would rebuild it; the message says which."""


@dataclass(frozen=True)
class Call:
    """An expression with parts between brackets, laid out on one line or on many."""

    head: str
    parts: tuple[tuple[str, Call | str], ...]
    tail: str

    def text(self, indent: int = 0, before: int = 0) -> str:
        """The source.

        Args:
            indent: depth of the line that the expression begins on.
            before: characters before it on that line.
        """
        line = self.on_one_line()
        if indent * len(INDENT) + before + len(line) <= LINE_LENGTH or not self.parts:
            return line
        margin = INDENT * (indent + 1)
        lines = [margin + name + _text(part, indent + 1, len(name)) + "," for name, part in self.parts]
        return "\n".join([self.head, *lines, INDENT * indent + self.tail])

    def on_one_line(self) -> str:
        """The source without line breaks."""
        parts = [name + (part if isinstance(part, str) else part.on_one_line()) for name, part in self.parts]
        comma = "," if self.head == "(" and len(parts) == 1 else ""  # a tuple of one
        return self.head + ", ".join(parts) + comma + self.tail


def _text(part: Call | str, indent: int, before: int) -> str:
    return part if isinstance(part, str) else part.text(indent, before)


@dataclass
class Source:
    """Writes values as source and collects what the source must import."""

    #: module -> names imported from it
    names: dict[str, set[str]] = field(default_factory=dict)
    #: modules imported whole: module -> name
    modules: dict[str, str] = field(default_factory=dict)
    #: whether the source calls `GRAPH_FUNCTION`
    has_graph: bool = False
    #: whose constructors are called
    classes: set[type] = field(default_factory=set)
    #: variables of a function's body with their values, each before it is used; None where there is no body
    _variables: dict[str, Call] | None = None

    def write(self, value: Any) -> str:
        """The source of a value as one expression.

        Args:
            value: an estimator, or anything that may stand among its parameters.

        Raises:
            SourceError: it holds something that no source can rebuild, such as a lambda.
        """
        return _text(self._expression(value), 0, 0)

    def write_function(self, name: str, description: str, value: Any) -> str:
        """The source of a function that returns a value, its longer parts in variables named after the steps.

        Raises:
            SourceError: it holds something that no source can rebuild, such as a lambda.
        """
        self._variables = {}
        returned = self._expression(value)
        if not self._imported().isdisjoint(self._variables):  # a step is called like a class: do without variables
            self._variables = None
            returned = self._expression(value)
        lines = [f"def {name}():", f'{INDENT}"""{description}"""']
        for key, part in (self._variables or {}).items():
            lines.append(f"{INDENT}{key} = {_text(part, 1, len(key) + 3)}")
        lines.append(f"{INDENT}return {_text(returned, 1, len('return '))}")
        self._variables = None
        return "\n".join(lines)

    def imports(self) -> str:
        """The import statements, sorted."""
        whole = [
            f"import {module}" + (f" as {name}" if name != module else "") for module, name in self.modules.items()
        ]
        lines = sorted(whole)
        for module in sorted(self.names):
            line = f"from {module} import {', '.join(sorted(self.names[module]))}"
            if len(line) > LINE_LENGTH:
                listed = "".join(f"{INDENT}{name},\n" for name in sorted(self.names[module]))
                line = f"from {module} import (\n{listed})"
            lines.append(line)
        return "\n".join(lines)

    def _expression(self, value: Any) -> Call | str:
        plain = self._plain(value)
        if plain is not None:
            return plain
        if isinstance(value, (list, tuple, set, frozenset, Mapping)):
            return self._collection(value)
        if isinstance(value, (np.ndarray, pd.Index, pd.Series)):
            return self._array(value)
        if isinstance(value, functools.partial):
            parts = [("", self._expression(value.func)), *(("", self._expression(item)) for item in value.args)]
            named = [(f"{name}=", self._expression(item)) for name, item in value.keywords.items()]
            return Call(f"{self._named(functools, 'partial')}(", (*parts, *named), ")")
        if isinstance(value, type) or inspect.isroutine(value) or isinstance(value, np.ufunc):
            return self._reference(value)
        if hasattr(value, "nodes") and hasattr(value, "adjacency"):
            return self._graph(value)
        return self._object(value)

    def _plain(self, value: Any) -> str | None:
        """Constants, numpy's among them as Python's own."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            self.modules["numpy"] = "np"
            return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[str(value)]
        if isinstance(value, str):
            return _quoted(value)
        if isinstance(value, float):
            return repr(value).replace("e+", "e")
        if value is None or value is ... or isinstance(value, (bool, int, complex, bytes, range)):
            return repr(value)
        if isinstance(value, slice):
            return f"slice({value.start!r}, {value.stop!r}, {value.step!r})"
        if isinstance(value, np.dtype):
            return _quoted(value.str if value.kind != "O" else "object")
        if value is pd.NA:
            self.modules["pandas"] = "pd"
            return "pd.NA"
        return None

    def _collection(self, value: Any) -> Call | str:
        if isinstance(value, Mapping):
            parts = []
            for key, item in value.items():
                name = self._expression(key)
                parts.append((f"{name if isinstance(name, str) else name.on_one_line()}: ", self._expression(item)))
            return Call("{", tuple(parts), "}")
        items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
        parts = [("", self._expression(item)) for item in items]
        if isinstance(value, (set, frozenset)):
            return Call(f"{type(value).__name__}([", tuple(parts), "])")
        return Call(*(("(", tuple(parts), ")") if isinstance(value, tuple) else ("[", tuple(parts), "]")))

    def _array(self, value: Any) -> Call | str:
        array = np.asarray(value)
        self.modules["numpy"] = "np"
        dtype = "object" if array.dtype.kind in "OT" else array.dtype.str
        return Call("np.array(", (("", self._expression(array.tolist())), ("dtype=", _quoted(dtype))), ")")

    def _reference(self, value: Any) -> str:
        """A class or a function by the shortest public module that holds it."""
        name = getattr(value, "__qualname__", None) or value.__name__
        home = getattr(value, "__module__", None) or "numpy"
        if home == "builtins":
            return str(name)
        if "<" in name or home == "__main__":
            raise SourceError(f"{home}.{name} is defined where nothing can import it from")
        if home == "pandas.core.generic":  # what data frames and series have in common stands in a private class
            home, name = "pandas", name.replace("NDFrame", "DataFrame")
        outer = name.split(".")[0]
        parts = home.split(".")
        # A private module's names usually stand in the public module above it.
        public = next((place for place, part in enumerate(parts) if part.startswith("_")), len(parts))
        candidates = [".".join(parts[:length]) for length in (*range(1, public + 1), len(parts))]
        for candidate in candidates:
            module = sys.modules.get(candidate)
            if module is not None and _same(functools.reduce(_attribute, name.split("."), module), value):
                if candidate in SHORT_NAMES:
                    self.modules[candidate] = SHORT_NAMES[candidate]
                    return f"{SHORT_NAMES[candidate]}.{name}"
                self.names.setdefault(candidate, set()).add(outer)
                return str(name)
        raise SourceError(f"{home}.{name} cannot be imported by that name")

    def _named(self, module: Any, name: str) -> str:
        self.names.setdefault(module.__name__, set()).add(name)
        return name

    def _object(self, value: Any) -> Call:
        """An instance as a call of its class with the parameters that differ from the defaults."""
        short = self._made(value)
        if short is not None:
            return short
        head = self._reference(type(value))
        self.classes.add(type(value))
        signature = inspect.signature(type(value).__init__)
        parameters = list(signature.parameters.values())[1:]
        given = value.get_params(deep=False) if hasattr(value, "get_params") else _attributes(value, parameters)
        defaults = _defaults(type(value), parameters)
        parts: list[tuple[str, Call | str]] = []
        for name in _in_order(given, parameters):
            if name in defaults and self._is_default(given[name], defaults[name]):
                continue
            # Everybody writes Pipeline([...]): the name of such a first argument says nothing.
            says_nothing = name in CONTENT and name == parameters[0].name
            write = self._members if says_nothing and isinstance(given[name], list) else self._expression
            parts.append(("" if says_nothing else f"{name}=", write(given[name])))
        return Call(f"{head}(", tuple(parts), ")")

    def _made(self, value: Any) -> Call | None:
        """A pipeline or union whose steps are named as ``make_pipeline`` and ``make_union`` name them."""
        function, members = {Pipeline: (make_pipeline, "steps"), FeatureUnion: (make_union, "transformer_list")}.get(
            type(value), (None, "")
        )
        if function is None:
            return None
        steps = [step for _, step in getattr(value, members)]
        options = {name: option for name, option in value.get_params(deep=False).items() if name != members}
        defaults = function(*steps).get_params(deep=False)
        if getattr(value, members) != defaults[members] or any(options[name] != defaults[name] for name in options):
            return None
        return Call(f"{self._reference(function)}(", tuple(("", self._expression(step)) for step in steps), ")")

    def _members(self, members: list[Any]) -> Call:
        """The named members of a composition, the longer ones as variables."""
        parts = []
        for member in members:
            if not (isinstance(member, tuple) and len(member) > 1 and isinstance(member[0], str)):
                parts.append(self._expression(member))
                continue
            name, estimator, *rest = member
            expression = self._expression(estimator)
            if self._variables is not None and _is_composition(estimator) and len(_line(expression)) > LONG:
                variable = self._variable(name)
                self._variables[variable], expression = expression, variable  # type: ignore[assignment]
            entry = [_quoted(name), expression, *(self._expression(item) for item in rest)]
            parts.append(Call("(", tuple(("", item) for item in entry), ")"))
        return Call("[", tuple(("", part) for part in parts), "]")

    def _variable(self, name: str) -> str:
        """A name for a variable that is not taken."""
        assert self._variables is not None
        base = re.sub(r"\W+", "_", name.lower()).strip("_") or "part"
        if not base.isidentifier() or keyword.iskeyword(base) or base in vars(builtins):
            base = f"part_{base}"
        candidates = itertools.chain([base], (f"{base}_{number}" for number in itertools.count(2)))
        return next(each for each in candidates if each not in self._variables)

    def _imported(self) -> set[str]:
        """Names that the source takes from elsewhere."""
        return {"graph", *self.modules.values(), *itertools.chain.from_iterable(self.names.values())}

    @staticmethod
    def _is_default(value: Any, default: Any) -> bool:
        """Whether a parameter has its default; estimators among defaults are compared by what they are made of."""
        if value is default:
            return True
        if type(value) is not type(default) and not isinstance(value, np.generic):
            return False
        try:
            return Source().write(value) == Source().write(default)
        except SourceError:
            return False

    def _graph(self, graph: Any) -> Call:
        """A TPOT graph; the order of nodes and edges is part of it, since sorting follows it."""
        self.has_graph = True
        self.modules["networkx"] = "nx"
        nodes = [
            ("", Call("(", (("", self._expression(node)), ("", self._expression(content["instance"]))), ")"))
            for node, content in graph.nodes.items()
        ]
        edges = [
            ("", Call("(", (("", self._expression(node)), ("", self._expression(child))), ")"))
            for node, children in graph.adjacency()
            for child in children
        ]
        return Call("graph(", (("nodes=", Call("[", tuple(nodes), "]")), ("edges=", Call("[", tuple(edges), "]"))), ")")


#: what the source of a graph pipeline needs beside its imports
GRAPH_FUNCTION = '''def graph(nodes, edges):
    """Names with their estimators; an edge leads from an estimator to one that feeds it."""
    made = nx.DiGraph()
    for name, estimator in nodes:
        made.add_node(name, instance=estimator)
    made.add_edges_from(edges)
    return made
'''


def _is_composition(estimator: Any) -> bool:
    return hasattr(estimator, "graph") or any(hasattr(estimator, name) for name in CONTENT - {"func"})


def _line(part: Call | str) -> str:
    return part if isinstance(part, str) else part.on_one_line()


def _quoted(text: str) -> str:
    """A text in double quotes where that needs no more escapes than single ones."""
    plain = repr(text)
    return plain if plain[0] == '"' or '"' in plain else f'"{plain[1:-1]}"'


def _defaults(made: type, parameters: Iterable[inspect.Parameter]) -> dict[str, Any]:
    """Parameter -> default; also of classes such as XGBClassifier, which take most of theirs as **keywords."""
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters) and hasattr(made, "get_params"):
        with contextlib.suppress(TypeError):  # it cannot be made without arguments: the signature's must do
            defaults = {**made().get_params(deep=False), **defaults}
    return defaults


def _attribute(holder: Any, name: str) -> Any:
    return getattr(holder, name, None)


def _same(found: Any, value: Any) -> bool:
    return found is value or (inspect.ismethod(value) and found == value)


def _in_order(given: Mapping[str, Any], parameters: Iterable[inspect.Parameter]) -> list[str]:
    """The names of `given`, those of the signature first and in its order."""
    known = [parameter.name for parameter in parameters if parameter.name in given]
    return known + sorted(set(given) - set(known))


def _attributes(value: Any, parameters: Iterable[inspect.Parameter]) -> dict[str, Any]:
    """Constructor arguments of an object without ``get_params``, such as a splitter, read back as scikit-learn does.

    Raises:
        SourceError: an argument was not kept under its own name.
    """
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [parameter.name for parameter in parameters if parameter.kind in named]
    kept = {name: getattr(value, name) for name in names if hasattr(value, name)}
    has_unknown_state = not names and bool(getattr(value, "__dict__", None))
    if len(kept) < len(names) or has_unknown_state or type(value).__module__ in ("builtins", "numpy.random.mtrand"):
        raise SourceError(
            f"a {type(value).__module__}.{type(value).__qualname__} cannot be written as a constructor call"
        )
    return kept
