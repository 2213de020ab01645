"""A published pipeline as a skops file, which loads without running code: only types that are listed may be in it."""

from __future__ import annotations

import copy
import functools
import inspect
import operator
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.preprocessing import FunctionTransformer
from skops import io as skops

from models.export.conversion import NotConvertible, Obstacle

#: Libraries whose types may be listed as trusted; ``collections``, ``functools`` and ``operator`` with what is named.
LIBRARIES = ("sklearn", "numpy", "scipy", "pandas", "xgboost", "lightgbm", "tpot", "skrub", "networkx")
STANDARD_TYPES = ("collections.OrderedDict", "functools.partial", "operator.methodcaller")
#: The only methods of a data frame that `operator.methodcaller` calls in an exported file.
METHODS = ("apply", "astype", "fillna", "replace")


@dataclass(frozen=True)
class SkopsFile:
    """What is written."""

    #: of ``model.skops``
    content: bytes
    #: types besides skops' own that loading has to trust, sorted
    trusted: tuple[str, ...]


def skops_file(fitted: Any) -> SkopsFile:
    """Writes a pipeline and says which types loading it has to trust.

    Args:
        fitted: as `models.published.publishable` makes it.

    Raises:
        NotConvertible: it holds something that skops cannot write, or a type of no known library.
    """
    try:
        content = skops.dumps(_portable(fitted), compression=zipfile.ZIP_DEFLATED)
        trusted = tuple(sorted(skops.get_untrusted_types(data=content)))
    except Exception as error:  # of any kind: it depends on what the pipeline holds
        reason = " ".join(str(error).split())[:160]
        raise NotConvertible(Obstacle("skops", f"{type(error).__name__}: {reason}")) from None
    strangers = [name for name in trusted if not is_known(name)]
    if strangers:
        raise NotConvertible(
            *(Obstacle("skops", f"{name} belongs to no library that is trusted") for name in strangers)
        )
    return SkopsFile(content, trusted)


def loaded(file: SkopsFile) -> Any:
    """The pipeline again, trusting the listed types and no other."""
    return skops.loads(file.content, trusted=list(file.trusted))


def is_known(type_name: str) -> bool:
    """Whether a type belongs to a library that pipelines are made of."""
    return type_name.partition(".")[0] in LIBRARIES or type_name in STANDARD_TYPES


def _portable(fitted: Any) -> Any:
    """A copy that skops can write: it knows no methods of classes, and no references that go in a circle."""
    made = copy.deepcopy(fitted)
    for part in _inside(made, set()):
        if isinstance(part, FunctionTransformer):
            _name_method(part)
        elif type(part).__module__.startswith("networkx."):
            kept = {name: value for name, value in vars(part).items() if isinstance(value, dict)}
            part.__dict__ = kept  # views refer back to the graph, and are made anew when asked for
    return made


def _inside(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Every estimator and container in a pipeline, once."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        for value in list(thing.values()):
            yield from _inside(value, seen)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from _inside(value, seen)
    elif hasattr(type(thing), "get_params") or type(thing).__module__.startswith("networkx."):
        yield thing
        yield from _inside(vars(thing), seen)


def _name_method(transformer: FunctionTransformer) -> None:
    """Calls a method of a data frame by its name, which skops can write, instead of by reference."""
    function = transformer.func
    if not any(
        getattr(frame, getattr(function, "__name__", ""), None) is function for frame in (pd.DataFrame, pd.Series)
    ):
        return
    if function.__name__ not in METHODS:
        raise ValueError(f"{function.__qualname__} is no method that an exported file calls")
    arguments = dict(transformer.kw_args or {})
    called = arguments.pop("func", None)
    if called is not None:
        given: tuple[Any, ...] = (functools.partial(called, **arguments),)
    else:
        given = inspect.signature(function).bind(None, **arguments).args[1:]
    transformer.func, transformer.kw_args = operator.methodcaller(function.__name__, *given), None
