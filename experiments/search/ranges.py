"""Ranges of hyperparameters of our own, in place of TPOT 1.1.0's, for the predictors that win on tables.

TPOT's are not worth searching where it matters: LightGBM has no learning rate, no regularisation, at most 100 trees,
and the slow ``dart``; XGBoost and the forests have a fixed number of trees; histogram gradient boosting has a fixed
number of iterations, up to 2,047 leaves, and, as XGBoost, learning rates at which nothing is learnt from so few;
a forest's ``absolute_error`` takes minutes. What stays is what boosting needs to be tuned: the step and how many of
them, the size of a tree, the least rows of a leaf, the penalties, and the shares of rows and columns that a tree sees.

The names are the estimators' own parameters, unless a parser says otherwise, so that a pipeline of the starting
portfolio is a point in its predictor's ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ConfigSpace import Categorical, ConfigurationSpace, Constant, Float, Integer
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR
from xgboost import XGBClassifier, XGBRegressor

Parser = Callable[[Mapping[str, Any]], dict[str, Any]]

#: trees or steps of boosting: with fewer nothing is learnt, with more an evaluation takes longer than it is worth
STEPS = (50, 500)
#: trees of a forest; more change little
TREES = (64, 320)
LEARNING_RATES = (0.01, 0.3)
LEAVES = (4, 128)
#: least rows of a leaf
LEAF_ROWS = (2, 100)


@dataclass(frozen=True)
class Ranges:
    """Where the hyperparameters of one class may lie."""

    space: ConfigurationSpace
    #: from what is drawn to the class' parameters
    parser: Parser
    #: whether random individuals are drawn from it, too; otherwise it only tunes what the portfolio began with
    replaces: bool = True


def ranges(n_rows: int) -> dict[type, Ranges]:
    """Class -> its ranges, made anew.

    Args:
        n_rows: of a fold's training part, which bound the rows of a leaf and the neighbours.
    """
    leaf_rows = (LEAF_ROWS[0], max(LEAF_ROWS[0] + 1, min(LEAF_ROWS[1], n_rows // 4)))
    made: dict[type, Ranges] = {}
    for kind in (LGBMClassifier, LGBMRegressor):
        made[kind] = _plain(
            Integer("n_estimators", STEPS, log=True, default=150),
            Float("learning_rate", LEARNING_RATES, log=True, default=0.05),
            Integer("num_leaves", LEAVES, log=True, default=15),
            Integer("min_child_samples", leaf_rows, log=True),
            Float("subsample", (0.5, 1.0), default=0.9),
            Constant("subsample_freq", 1),  # without it, subsample does nothing
            Float("colsample_bytree", (0.2, 1.0), default=0.7),
            Float("reg_alpha", (1e-3, 10.0), log=True, default=1e-2),
            Float("reg_lambda", (1e-3, 30.0), log=True, default=1.0),
            Categorical("extra_trees", [False, True]),
            Constant("verbose", -1),
        )
    for kind in (XGBClassifier, XGBRegressor):
        made[kind] = _plain(
            Integer("n_estimators", STEPS, log=True, default=150),
            Float("learning_rate", LEARNING_RATES, log=True, default=0.05),
            Integer("max_depth", (2, 10), default=5),
            Float("min_child_weight", (0.5, 30.0), log=True, default=2.0),
            Float("subsample", (0.5, 1.0), default=0.9),
            Float("colsample_bytree", (0.2, 1.0), default=0.7),
            Float("gamma", (1e-4, 5.0), log=True, default=1e-2),
            Float("reg_alpha", (1e-3, 10.0), log=True, default=1e-2),
            Float("reg_lambda", (1e-2, 30.0), log=True, default=1.0),
            Constant("verbosity", 0),
        )
    for kind in (HistGradientBoostingClassifier, HistGradientBoostingRegressor):
        made[kind] = _plain(
            Integer("max_iter", STEPS, log=True, default=100),
            Float("learning_rate", LEARNING_RATES, log=True, default=0.1),
            Integer("max_leaf_nodes", LEAVES, log=True, default=31),
            Integer("min_samples_leaf", leaf_rows, log=True),
            Float("max_features", (0.2, 1.0), default=0.9),
            Float("l2_regularization", (1e-3, 30.0), log=True, default=1e-2),
        )
    for kind in (ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor):
        own = [Categorical("criterion", ["gini", "entropy"])] if "Classifier" in kind.__name__ else []
        made[kind] = _plain(
            Integer("n_estimators", TREES, log=True, default=128),
            Float("max_features", (0.05, 1.0), log=True, default=0.3),
            Integer("min_samples_leaf", (1, 20), log=True, default=2),
            Categorical("bootstrap", [True, False]),
            *own,
        )
    for kind in (MLPClassifier, MLPRegressor):
        made[kind] = Ranges(
            _configuration_space(
                Integer("width", (16, 256), log=True, default=64),
                Integer("depth", (1, 2), default=1),
                Float("alpha", (1e-5, 1.0), log=True, default=1e-2),
                Float("learning_rate_init", (1e-4, 1e-2), log=True, default=1e-3),
                Categorical("activation", ["relu", "tanh"]),
                Constant("early_stopping", True),
            ),
            _layers,
        )
    # drawn with TPOT's ranges, tuned within these: its own bring along a solver, or no value of the default's kind
    made[LogisticRegression] = _plain(Float("C", (1e-4, 1e2), log=True, default=1.0), replaces=False)
    for kind in (KNeighborsClassifier, KNeighborsRegressor):
        made[kind] = _plain(
            Integer("n_neighbors", (1, max(2, min(100, n_rows // 3))), log=True),
            Categorical("weights", ["uniform", "distance"]),
            Integer("p", (1, 3), default=2),
            replaces=False,
        )
    made[SVC] = _plain(
        Float("C", (1e-2, 1e3), log=True, default=1.0), Float("gamma", (1e-4, 1.0), log=True), replaces=False
    )
    made[SVR] = _plain(
        Float("C", (1e-2, 1e6), log=True), Float("gamma", (1e-4, 1.0), log=True), replaces=False
    )  # fmt: skip
    return made


def _plain(*hyperparameters: Any, replaces: bool = True) -> Ranges:
    return Ranges(_configuration_space(*hyperparameters), dict, replaces)


def _configuration_space(*hyperparameters: Any) -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add(list(hyperparameters))
    return space


def _layers(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Width and depth as the layers that a network is told."""
    rest = {name: value for name, value in drawn.items() if name not in ("width", "depth")}
    return rest | {"hidden_layer_sizes": (int(drawn["width"]),) * int(drawn["depth"])}
