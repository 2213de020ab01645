"""Draws that cannot work become ones that do."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingRegressor
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectFwe,
    SelectPercentile,
    VarianceThreshold,
    f_regression,
    mutual_info_regression,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNetCV, LogisticRegression, RidgeCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from experiments.search.early_drop import Bars
from experiments.search.evaluation import evaluate
from experiments.search.objectives import Objectives
from experiments.search.soundness import Facts, sound
from experiments.search.tpot_repairs import tpot
from tests.search.conftest import make_problem

Passthrough = tpot.builtin_modules.Passthrough
CLASSIFICATION, REGRESSION = make_problem("classification"), make_problem("regression")
FACTS = {"classification": Facts.of(CLASSIFICATION), "regression": Facts.of(REGRESSION)}


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(Normalizer(), SelectFwe(alpha=1e-4), LogisticRegression()),
        make_pipeline(StandardScaler(), SelectFwe(alpha=1e-30), LogisticRegression()),
        make_pipeline(MinMaxScaler(), VarianceThreshold(0.2), LogisticRegression()),
        make_pipeline(SelectFromModel(ExtraTreesClassifier(10), threshold=0.9), LogisticRegression()),
        make_pipeline(SelectPercentile(percentile=1.0), FeatureAgglomeration(5), LogisticRegression()),
        make_pipeline(PCA(0.5), SelectPercentile(percentile=3.0), LogisticRegression()),
        make_pipeline(FeatureAgglomeration(90, metric="cosine", linkage="average"), LogisticRegression()),
        make_pipeline(tpot.builtin_modules.ColumnOrdinalEncoder(), LogisticRegression()),
        make_pipeline(StandardScaler(), MultinomialNB()),
        make_pipeline(StandardScaler(), Nystroem(kernel="chi2", n_components=3), LogisticRegression()),
        make_pipeline(make_union(*(Passthrough() for _ in range(20))), QuadraticDiscriminantAnalysis()),
    ],
)  # fmt: skip
def test_a_classifier_works(estimator):
    assert evaluate(CLASSIFICATION, sound(estimator, FACTS["classification"]), Bars(Objectives())).looks


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(SelectFwe(alpha=0.01), RidgeCV()),
        make_pipeline(SelectPercentile(percentile=50), RidgeCV()),
        ElasticNetCV(l1_ratio=np.arange(0.0, 1.01, 0.05)),
        DecisionTreeRegressor(criterion="poisson"),
    ],
)
def test_a_regressor_works(estimator):
    assert evaluate(REGRESSION, sound(estimator, FACTS["regression"]), Bars(Objectives())).looks


def test_selection_for_a_regressor_tests_regression():
    made = sound(make_pipeline(SelectPercentile(), RidgeCV()), FACTS["regression"])
    assert made.steps[0][1].score_func is f_regression


def test_what_can_work_is_left_alone():
    estimator = make_pipeline(StandardScaler(), FeatureAgglomeration(3), LogisticRegression(C=0.1))
    made = sound(estimator, FACTS["classification"])
    assert [type(step) for _, step in made.steps] == [StandardScaler, FeatureAgglomeration, LogisticRegression]
    assert made.steps[1][1].n_clusters == 3


def test_what_a_person_chose_is_kept_where_it_works():
    chosen = make_pipeline(SelectPercentile(mutual_info_regression), RFE(RidgeCV(), step=2), ElasticNetCV(l1_ratio=0.3))
    made = sound(chosen, FACTS["regression"])
    assert made.steps[0][1].score_func is mutual_info_regression
    assert made.steps[1][1].step == 2
    assert made.steps[2][1].l1_ratio == 0.3
    made = sound(make_pipeline(SelectFromModel(RidgeCV(), threshold="median"), RidgeCV()), FACTS["regression"])
    assert made.steps[0][1].threshold == "median"


def test_percentages_that_were_drawn_as_shares_become_percentages():
    made = sound(make_pipeline(RobustScaler(quantile_range=(0.2, 0.75)), RidgeCV()), FACTS["regression"])
    assert made.steps[0][1].quantile_range == (20.0, 75.0)
    assert sound(RobustScaler(), FACTS["regression"]).quantile_range == (25.0, 75.0)


def test_boosting_that_feeds_another_predictor_is_cut_short():
    wrapped = tpot.builtin_modules.EstimatorTransformer(HistGradientBoostingRegressor(max_iter=400))
    assert sound(wrapped, FACTS["regression"]).estimator.max_iter == 100
    assert sound(HistGradientBoostingRegressor(max_iter=400), FACTS["regression"]).max_iter == 400


def test_the_input_of_a_graph_node_is_what_comes_before_it():
    graph = networkx.DiGraph([("root", "clusters"), ("clusters", "selection")])
    graph.nodes["root"]["instance"] = LogisticRegression()
    graph.nodes["clusters"]["instance"] = FeatureAgglomeration(4)
    graph.nodes["selection"]["instance"] = SelectPercentile(percentile=50)
    made = sound(tpot.GraphPipeline(graph=graph), FACTS["classification"])
    assert made.graph.nodes["clusters"]["instance"].n_clusters <= 3  # of the three that are left of six
    assert evaluate(CLASSIFICATION, made, Bars(Objectives())).looks


def test_wrapped_estimators_are_mended_too():
    wrapped = tpot.builtin_modules.EstimatorTransformer(MultinomialNB(), cross_val_predict_cv=2)
    made = sound(make_pipeline(StandardScaler(), wrapped, LogisticRegression()), FACTS["classification"])
    assert isinstance(made.steps[1][1].estimator, Pipeline)
    assert evaluate(CLASSIFICATION, made, Bars(Objectives())).looks
