"""Estimators changed where TPOT 1.1.0's draws cannot work: by the table at hand, and by what a step's input is.

What a step gets depends on the steps before it: a selector may leave one column to a transformer that needs two. So the
whole estimator is walked from its input on, with what is known of the columns at each place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import PCA, FastICA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectFwe,
    SelectPercentile,
    VarianceThreshold,
    chi2,
    f_classif,
    f_regression,
)
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import ElasticNetCV, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor

from experiments.search.problem import Problem
from experiments.search.tpot_repairs import tpot

_builtin = tpot.builtin_modules

#: kernels that are defined for non-negative features only
NON_NEGATIVE_KERNELS = frozenset({"chi2", "additive_chi2"})
#: a scaler before a test changes its p-values somewhat
ALPHA_MARGIN = 2.0
#: the largest alpha that TPOT draws for SelectFwe
LARGEST_ALPHA = 0.05
#: recursive elimination drops at least this share of the columns at a time; with TPOT's 0.0001 it fits for minutes
ELIMINATION_SHARE = 0.2
#: trees at most of a forest that only ranks columns, and estimators at most of a boosted predictor that only feeds
#: another one: each is fitted several times within one evaluation
RANKING_TREES = 25
INNER_ESTIMATORS = 100
#: mixes of the two penalties that ElasticNetCV tries, a path each; TPOT's list of 21 holds 0, which it refuses
ELASTIC_NET_RATIOS = [0.1, 0.5, 0.9]
LEAST_RATIO = 0.01
#: of a covariance, so that constant columns and more columns than rows leave it invertible
LEAST_SHRINKAGE = 0.01
#: a bin of fewer rows says nothing, and within inner folds there are fewer rows still
ROWS_PER_BIN = 4
#: share of the variance that PCA keeps where it stands in for an agglomeration
PCA_SHARE = 0.95


@dataclass(frozen=True)
class Facts:
    """What the choice of hyperparameters must know of a problem."""

    classification: bool
    n_rows: int
    n_features: int
    n_classes: int
    negative_target: bool
    #: threshold below which at least one column's variance lies above, whatever scaler came before
    variance: float
    #: SelectFwe's alpha from which on at least one column passes
    alpha: float

    @classmethod
    def of(cls, problem: Problem) -> Facts:
        """Reads them from the training parts of the folds."""
        folds = problem.folds
        classification = problem.task == "classification"
        return cls(
            classification=classification,
            n_rows=min(len(each.train_y) for each in folds),
            n_features=problem.n_features,
            n_classes=problem.n_classes,
            negative_target=not classification and min(float(each.train_y.min()) for each in folds) < 0,
            variance=min(_passing_variance(each.train_X) for each in folds),
            alpha=max(_passing_alpha(each.train_X, each.train_y, classification) for each in folds),
        )


def _passing_variance(X: np.ndarray) -> float:
    """The largest column variance of the scaling that leaves the least of it."""
    spread = np.ptp(X, axis=0)
    largest = np.abs(X).max(axis=0)
    lengths = [np.abs(X).sum(axis=1), np.sqrt((X**2).sum(axis=1)), np.abs(X).max(axis=1)]
    scaled = [X, X / np.where(spread > 0, spread, 1), X / np.where(largest > 0, largest, 1)]
    scaled += [X / np.where(length > 0, length, 1)[:, None] for length in lengths]
    return min(float(each.var(axis=0).max()) for each in scaled)


def _passing_alpha(X: np.ndarray, y: np.ndarray, classification: bool) -> float:
    with np.errstate(all="ignore"):
        p_values = (f_classif if classification else f_regression)(X[:, np.ptp(X, axis=0) > 0], y)[1]
    p_values = p_values[np.isfinite(p_values)]
    return float(p_values.min() * X.shape[1]) if len(p_values) else 1.0


@dataclass(frozen=True)
class Columns:
    """What is known of the columns at one place in a pipeline."""

    #: at least so many
    least: int
    #: the table's own, each scaled by itself, so that what was tested on the table holds here
    plain: bool


def sound(estimator: Any, facts: Facts) -> Any:
    """The estimator with everything replaced that could not work; it may be changed."""
    return _walk(estimator, Columns(facts.n_features, plain=True), facts)[0]


def _walk(estimator: Any, given: Columns, facts: Facts) -> tuple[Any, Columns]:
    """The sound estimator and what it makes of its columns."""
    if isinstance(estimator, Pipeline):
        steps = []
        for _, step in estimator.steps:
            step, given = _walk(step, given, facts)
            steps.append(step)
        return make_pipeline(*steps), given
    if isinstance(estimator, FeatureUnion):
        walked = [_walk(member, given, facts) for _, member in estimator.transformer_list]
        return make_union(*(member for member, _ in walked)), _stacked([columns for _, columns in walked])
    if isinstance(estimator, tpot.GraphPipeline):
        return _walk_graph(estimator, given, facts)
    wrapped = estimator.get_params(deep=False).get("estimator")
    if isinstance(wrapped, BaseEstimator):
        wrapped = _walk(wrapped, given, facts)[0]
        estimator.set_params(estimator=_lighter(wrapped, RANKING_TREES if _ranks(estimator) else INNER_ESTIMATORS))
    mend = _MENDS.get(type(estimator))
    estimator = mend(estimator, given, facts) if mend else estimator
    return estimator, _columns_after(estimator, given, facts)


def _ranks(estimator: Any) -> bool:
    return isinstance(estimator, RFE | SelectFromModel)


def _lighter(inner: Any, most: int) -> Any:
    """A predictor that is not the last, with at most so many members."""
    name = "max_iter" if type(inner).__name__.startswith("HistGradientBoosting") else "n_estimators"
    members = inner.get_params(deep=False).get(name)
    return inner.set_params(**{name: min(members, most)}) if members else inner


def _walk_graph(pipeline: Any, given: Columns, facts: Facts) -> tuple[Any, Columns]:
    graph = pipeline.graph
    after: dict[Any, Columns] = {}
    for node in pipeline.topo_sorted_nodes:  # inputs first
        inputs = [after[child] for child in graph.successors(node)]
        columns = _stacked(inputs) if inputs else given
        instance, after[node] = _walk(graph.nodes[node]["instance"], columns, facts)
        graph.nodes[node]["instance"] = instance if node == pipeline.root else _lighter(instance, INNER_ESTIMATORS)
    return pipeline, after[pipeline.root]


def _stacked(columns: list[Columns]) -> Columns:
    return Columns(sum(each.least for each in columns), plain=len(columns) == 1 and columns[0].plain)


_AFFINE = (MinMaxScaler, MaxAbsScaler, StandardScaler, RobustScaler, _builtin.Passthrough)
_COLUMN_BY_COLUMN = (
    Normalizer,
    Binarizer,
    PowerTransformer,
    QuantileTransformer,
    _builtin.ColumnOrdinalEncoder,
    _builtin.ColumnOneHotEncoder,
)


def _columns_after(estimator: Any, given: Columns, facts: Facts) -> Columns:
    if isinstance(estimator, _AFFINE):
        return given
    if isinstance(estimator, SelectPercentile | SelectFwe):
        # the columns with the smallest p-values stay, so what passes a test on the table is still there
        kept = int(given.least * estimator.percentile / 100) if isinstance(estimator, SelectPercentile) else 1
        return replace(given, least=max(1, kept))
    unknown = replace(given, plain=False)
    if isinstance(estimator, _COLUMN_BY_COLUMN):
        return unknown
    if isinstance(estimator, _builtin.ZeroCount):
        return replace(unknown, least=given.least + 2)
    if isinstance(estimator, _builtin.SkipTransformer):
        return replace(unknown, least=0)
    if isinstance(estimator, RBFSampler):
        return replace(unknown, least=estimator.n_components)
    if isinstance(estimator, FeatureAgglomeration):
        return replace(unknown, least=estimator.n_clusters)
    if isinstance(estimator, Nystroem | FastICA):
        wanted = given.least if estimator.n_components is None else estimator.n_components
        return replace(unknown, least=min(wanted, given.least, facts.n_rows))
    return replace(unknown, least=1)


def _mend_select_fwe(selector: Any, given: Columns, facts: Facts) -> Any:
    if given.plain and facts.alpha * ALPHA_MARGIN < 1:
        selector.set_params(alpha=max(selector.alpha, facts.alpha * ALPHA_MARGIN))
        return _mend_score_function(selector, given, facts)
    # Perhaps no column passes, and no predictor learns from no columns: a share of them instead, by the same test.
    share = 100 * min(1.0, max(0.1, selector.alpha / LARGEST_ALPHA))
    return _mend_select_percentile(SelectPercentile(percentile=share), given, facts)


def _mend_select_percentile(selector: Any, given: Columns, facts: Facts) -> Any:
    # less than one column's share may come out as no column
    selector.set_params(percentile=min(100.0, max(float(selector.percentile), 100.5 / max(given.least, 1))))
    return _mend_score_function(selector, given, facts)


def _mend_score_function(selector: Any, given: Columns, facts: Facts) -> Any:
    wrong = not facts.classification and selector.score_func in (f_classif, chi2)
    return selector.set_params(score_func=f_regression) if wrong else selector


def _mend_variance_threshold(selector: Any, given: Columns, facts: Facts) -> Any:
    # the drawn range, up to 0.2, becomes a share of the largest variance
    return selector.set_params(threshold=float(selector.threshold * min(1.0, 4 * facts.variance)))


def _mend_select_from_model(selector: Any, given: Columns, facts: Facts) -> Any:
    if not isinstance(selector.threshold, int | float):
        return selector  # a share of the mean or median already
    # at most the mean importance, which the largest always reaches
    return selector.set_params(threshold=f"{min(1.0, float(selector.threshold)):.4g}*mean")


def _mend_elimination(selector: Any, given: Columns, facts: Facts) -> Any:
    if isinstance(selector.step, int):
        return selector  # a number of columns
    return selector.set_params(step=min(0.99, max(ELIMINATION_SHARE, float(selector.step))))


def _mend_agglomeration(agglomeration: Any, given: Columns, facts: Facts) -> Any:
    if given.least < 2:
        return PCA(n_components=PCA_SHARE)  # merges what goes together, too, and needs one column only
    clusters = 2 + (int(agglomeration.n_clusters) - 2) % (given.least - 1)
    # a column of zeros has no direction
    metric = "euclidean" if agglomeration.metric == "cosine" else agglomeration.metric
    return agglomeration.set_params(n_clusters=clusters, metric=metric)


def _mend_ordinal_encoder(encoder: Any, given: Columns, facts: Facts) -> Any:
    return encoder.set_params(handle_unknown="use_encoded_value")


def _mend_non_negative(estimator: Any, given: Columns, facts: Facts) -> Any:
    if isinstance(estimator, MultinomialNB) or estimator.kernel in NON_NEGATIVE_KERNELS:
        return make_pipeline(MinMaxScaler(clip=True), estimator)
    return estimator


def _mend_robust_scaler(scaler: Any, given: Columns, facts: Facts) -> Any:
    low, high = scaler.quantile_range
    # TPOT draws shares where percentages are meant: between the first thousandth and the first hundredth is nothing
    return scaler.set_params(quantile_range=(100 * low, 100 * high)) if high <= 1 else scaler


def _mend_bins(discretizer: Any, given: Columns, facts: Facts) -> Any:
    # k-means needs a row for each bin
    return discretizer.set_params(n_bins=min(int(discretizer.n_bins), max(2, facts.n_rows // ROWS_PER_BIN)))


def _mend_neighbors(neighbors: Any, given: Columns, facts: Facts) -> Any:
    return neighbors.set_params(n_neighbors=min(int(neighbors.n_neighbors), max(1, facts.n_rows // 3)))


def _mend_elastic_net(regressor: Any, given: Columns, facts: Facts) -> Any:
    if isinstance(regressor.l1_ratio, int | float):
        return regressor.set_params(l1_ratio=max(LEAST_RATIO, float(regressor.l1_ratio)))
    return regressor.set_params(l1_ratio=list(ELASTIC_NET_RATIOS), tol=1e-3)


def _mend_criterion(regressor: Any, given: Columns, facts: Facts) -> Any:
    same = regressor.criterion == "friedman_mse"  # as squared_error, says scikit-learn 1.9, which deprecates it
    if same or (regressor.criterion == "poisson" and facts.negative_target):
        regressor.set_params(criterion="squared_error")
    return regressor


def _mend_logistic(classifier: Any, given: Columns, facts: Facts) -> Any:
    if LogisticRegression().penalty != "deprecated":
        return classifier  # scikit-learn before 1.8 needs the penalty that later ones deprecate
    ratio = {"l1": 1.0, "l2": 0.0}.get(classifier.penalty, classifier.l1_ratio)
    return classifier.set_params(penalty="deprecated", l1_ratio=ratio)


def _mend_quadratic(classifier: Any, given: Columns, facts: Facts) -> Any:
    share = max(LEAST_SHRINKAGE, float(classifier.reg_param))
    if hasattr(classifier, "solver"):  # from scikit-learn 1.8 on, which refuses more columns than rows otherwise
        classifier.set_params(solver="eigen", shrinkage=share, reg_param=0.0, tol=1e-12)
    else:
        classifier.set_params(reg_param=share)
    return make_pipeline(StandardScaler(), classifier)  # what counts as no variance does not depend on the unit


def _mend_linear_discriminant(classifier: Any, given: Columns, facts: Facts) -> Any:
    if classifier.shrinkage is not None:
        classifier.set_params(shrinkage=max(LEAST_SHRINKAGE, float(classifier.shrinkage)))
    return classifier


Mend = Callable[[Any, Columns, Facts], Any]

_MENDS: Mapping[type, Mend] = {
    SelectFwe: _mend_select_fwe,
    SelectPercentile: _mend_select_percentile,
    VarianceThreshold: _mend_variance_threshold,
    SelectFromModel: _mend_select_from_model,
    RFE: _mend_elimination,
    FeatureAgglomeration: _mend_agglomeration,
    RobustScaler: _mend_robust_scaler,
    KBinsDiscretizer: _mend_bins,
    KNeighborsClassifier: _mend_neighbors,
    KNeighborsRegressor: _mend_neighbors,
    _builtin.ColumnOrdinalEncoder: _mend_ordinal_encoder,
    MultinomialNB: _mend_non_negative,
    Nystroem: _mend_non_negative,
    ElasticNetCV: _mend_elastic_net,
    RandomForestRegressor: _mend_criterion,
    ExtraTreesRegressor: _mend_criterion,
    DecisionTreeRegressor: _mend_criterion,
    LogisticRegression: _mend_logistic,
    QuadraticDiscriminantAnalysis: _mend_quadratic,
    LinearDiscriminantAnalysis: _mend_linear_discriminant,
}
