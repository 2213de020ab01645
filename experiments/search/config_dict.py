"""TPOT 0.x's config_dict as a linear search space of TPOT 1.x.

``{"sklearn.linear_model.LogisticRegression": {"C": [0.1, 1.0]}, ...}``: classes with the values that their parameters
may have; an estimator or a function is an object of its own, ``{"sklearn.feature_selection.f_classif": null}``.
TPOT 1.1.0's converter knows neither a dict without transformers nor ``tpot.builtins``, puts classifiers where only
transformers can be, and loses functions; so this is one of our own.

Steps, each left out where the dict has nothing for it: a transformer or none; a selector or none; transformers or
predictors of which the output stands beside the columns, or none; the predictor.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, Constant, OrdinalHyperparameter
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from config.errors import BadInput
from experiments.search.checked_node import CheckedNode, Trial
from experiments.search.soundness import Facts
from experiments.search.tpot_repairs import MendedNode, tpot

_pipelines: Any = tpot.search_spaces.pipelines
_builtin: Any = tpot.builtin_modules

#: 0.x -> 1.x
BUILTINS = {"ZeroCount": "ZeroCount", "OneHotEncoder": "ColumnOneHotEncoder"}
#: parameters that have another name today, where the class has the new one and not the old one
RENAMED = {
    "affinity": "metric",
    "base_estimator": "estimator",
    "minimum_fraction": "min_frequency",
    "sparse": "sparse_output",
}
#: parameters that have no counterpart, by class name
DROPPED = {"ColumnOneHotEncoder": {"threshold"}}
#: ordered lists of so many numbers have neighbours
LEAST_ORDERED = 3


class Resolver:
    """A parser of hyperparameters that puts functions for their names; a class, so that it can be pickled.

    Args:
        functions: parameter -> name -> function.
    """

    def __init__(self, functions: Mapping[str, Mapping[str, Any]]) -> None:
        self.functions = functions

    def __call__(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of what was drawn."""
        return {name: self.functions[name][value] if name in self.functions else value for name, value in drawn.items()}


def linear_space(config: Mapping[str, Any], facts: Facts, inner_folds: Any) -> Any:
    """The search space of a config_dict.

    Args:
        config: as `read_config_dict` gives it.
        facts: of the problem.
        inner_folds: scikit-learn splitter for predictors that feed others.

    Raises:
        BadInput: naming the class, parameter or value that cannot be.
    """
    trial = Trial(facts)
    nodes: dict[str, list[Any]] = {"predictor": [], "selector": [], "transformer": []}
    for name, parameters in config.items():
        kind = _class(name)
        role = _role(name, kind, facts)
        node = _node(name, kind, parameters, facts, trial)
        _try(name, node, trial)
        nodes[role].append(node)
    predictors, selectors, transformers = nodes.values()
    if not predictors:
        wanted = "classifier" if facts.classification else "regressor"
        raise BadInput(f"the config_dict has no {wanted}, only {', '.join(config)}; add one to predict with")
    layers = []
    if transformers:
        layers.append(_pipelines.ChoicePipeline([*transformers, _nothing()]))
    if selectors:
        layers.append(_pipelines.ChoicePipeline([*selectors, _nothing()]))
    if transformers:
        layers.append(_beside(_pipelines.ChoicePipeline(transformers)))
    wrapped = _pipelines.WrapperPipeline(
        _builtin.EstimatorTransformer, {"cross_val_predict_cv": inner_folds}, _pipelines.ChoicePipeline(predictors)
    )
    layers.append(_beside(wrapped))
    return _pipelines.SequentialPipeline([*layers, _pipelines.ChoicePipeline(predictors)])


def _nothing() -> Any:
    return MendedNode(_builtin.Passthrough, {})


def _beside(space: Any) -> Any:
    """Outputs of one or two of a space beside the columns, or none."""
    optional = _pipelines.ChoicePipeline(
        [_pipelines.DynamicUnionPipeline(space), MendedNode(_builtin.SkipTransformer, {})]
    )
    return _pipelines.UnionPipeline([optional, _nothing()])


def _class(name: str) -> Any:
    found = _imported(name)
    if not inspect.isclass(found):
        raise BadInput(f"{name} in the config_dict is not a class")
    if not issubclass(found, BaseEstimator):
        raise BadInput(f"{name} in the config_dict is not a scikit-learn estimator")
    return found


def _imported(name: str) -> Any:
    """The class or function of a dotted name."""
    module_name, _, last = name.rpartition(".")
    if module_name == "tpot.builtins":
        if last not in BUILTINS:
            raise BadInput(f"{name} in the config_dict has no counterpart in TPOT 1.x; leave it out")
        module_name, last = "tpot.builtin_modules", BUILTINS[last]
    if not module_name:
        raise BadInput(f"{name} in the config_dict needs its module, as in sklearn.naive_bayes.GaussianNB")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        reason = f"package {missing} is not installed" if "." not in missing else f"there is no module {missing}"
        raise BadInput(f"{name} in the config_dict does not exist: {reason}") from None
    except Exception as error:
        raise BadInput(f"{name} in the config_dict cannot be imported: {error}") from None
    if not hasattr(module, last):
        near = difflib.get_close_matches(last, dir(module), n=1)
        hint = f"; did you mean {module_name}.{near[0]}?" if near else ""
        raise BadInput(f"{name} in the config_dict does not exist{hint}")
    return getattr(module, last)


def _role(name: str, kind: Any, facts: Facts) -> str:
    if issubclass(kind, SelectorMixin):  # some of them predict, too, with the estimator that they select by
        return "selector"
    if issubclass(kind, ClassifierMixin | RegressorMixin):
        if issubclass(kind, ClassifierMixin) != facts.classification:
            wanted, got = ("classifier", "regressor") if facts.classification else ("regressor", "classifier")
            task = "classification" if facts.classification else "regression"
            raise BadInput(f"{name} in the config_dict is a {got}, and the task is {task}; put a {wanted} instead")
        return "predictor"
    if hasattr(kind, "transform"):
        return "transformer"
    raise BadInput(f"{name} in the config_dict can neither predict nor transform; leave it out")


def _node(name: str, kind: Any, parameters: Any, facts: Facts, trial: Trial) -> Any:
    """The search space of one class."""
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict):
        raise BadInput(
            f"{name} in the config_dict must have an object of parameters, {{}} for none, not "
            f"{type(parameters).__name__}"
        )
    space = ConfigurationSpace()
    functions: dict[str, dict[str, Any]] = {}
    nested: dict[str, Any] = {}
    for parameter, values in _today(kind, parameters).items():
        where = f"{name}: {parameter}"
        _check_parameter(where, kind, parameter)
        if isinstance(values, dict):
            members = {key: _imported(key) for key in values}
            if not members:
                raise BadInput(f"{where} in the config_dict is empty; name an estimator or a function")
            if all(inspect.isclass(member) for member in members.values()):
                nodes = [_node(key, _class(key), values[key], facts, trial) for key in values]
                nested[parameter] = nodes[0] if len(nodes) == 1 else _pipelines.ChoicePipeline(nodes)
                continue
            functions[parameter] = members
            values = list(members)
        else:
            values = _distinct(values if isinstance(values, list) else [values])
            if not values:
                raise BadInput(f"{where} in the config_dict has an empty list of values")
            values = _taken(where, kind, parameter, values)
        space.add(_hyperparameter(parameter, values))
    parser = Resolver(functions)
    if not nested:
        return CheckedNode(kind, space if len(space) else {}, parser, trial)
    first = next(iter(inspect.signature(kind).parameters))
    if list(nested) != [first]:
        raise BadInput(f"{name} in the config_dict: only {first} can hold an estimator, not {', '.join(nested)}")
    return _pipelines.WrapperPipeline(kind, space if len(space) else {}, nested[first], parser, first)


def _today(kind: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters under the names that they have now."""
    known = inspect.signature(kind).parameters
    today = {}
    for name, values in parameters.items():
        if name not in known and name in DROPPED.get(kind.__name__, ()):
            continue
        new = RENAMED.get(name, name)
        today[new if name not in known and new in known else name] = values
    return today


def _check_parameter(where: str, kind: Any, parameter: str) -> None:
    known = inspect.signature(kind).parameters
    if parameter in known or any(each.kind is each.VAR_KEYWORD for each in known.values()):
        return
    near = difflib.get_close_matches(parameter, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f" (there are {', '.join(known)})"
    raise BadInput(f"{where} in the config_dict is not a parameter of {kind.__name__}{hint}")


def _taken(where: str, kind: Any, parameter: str, values: list[Any]) -> list[Any]:
    """The values that the class takes, by its own constraints, where it has some.

    A grid of numbers may touch a bound that is open, as those of TPOT 0.x do; a word that is not known is a mistake.
    """
    taken, refusal = [], ""
    for value in values:
        fault = _refusal(kind, parameter, value)
        refusal = refusal or fault
        if not fault:
            taken.append(value)
        elif isinstance(value, str):
            raise BadInput(f"{where} in the config_dict cannot be {value!r}: {fault}")
    if not taken:
        raise BadInput(f"{where} in the config_dict has no value that it can have: {refusal}")
    return taken


def _refusal(kind: Any, parameter: str, value: Any) -> str:
    constraints = getattr(kind, "_parameter_constraints", {})
    if parameter not in constraints:
        return ""
    try:
        validate_parameter_constraints({parameter: constraints[parameter]}, {parameter: value}, kind.__name__)
    except InvalidParameterError as error:
        return str(error)
    return ""


def _distinct(values: list[Any]) -> list[Any]:
    """Without repetitions; 1 and true are the same to a search space."""
    found: list[Any] = []
    for value in values:
        value = tuple(value) if isinstance(value, list) else value
        if value not in found:
            found.append(value)
    return found


def _hyperparameter(name: str, values: list[Any]) -> Any:
    if len(values) == 1:
        return Constant(name, values[0])
    if len(values) >= LEAST_ORDERED and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    ):
        return OrdinalHyperparameter(name, sorted(values))
    return CategoricalHyperparameter(name, values)


def _try(name: str, node: Any, trial: Trial) -> None:
    """Refuses a class that works with nothing that the dict lists."""
    individual = node.generate(np.random.default_rng(0))
    if isinstance(node, CheckedNode):
        fault = individual.fault(individual.hyperparameters)
    else:
        try:
            trial.fit(individual.export_pipeline())
            fault = ""
        except Exception as error:  # of any kind: classes are strangers
            fault = f"{type(error).__name__}: {error}"
    if fault:
        raise BadInput(f"{name} in the config_dict works with none of the values listed: {fault}")
