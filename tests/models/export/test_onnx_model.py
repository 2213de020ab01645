"""Published pipelines in ONNX: ordinary tables convert, and where a step does not, it is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import PCA, FastICA
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import RFE, SelectPercentile
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, QuantileTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier
from tpot.builtin_modules import EstimatorTransformer, Passthrough, SkipTransformer, ZeroCount
from xgboost import XGBClassifier, XGBRegressor

from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from models.export.conversion import NotConvertible
from models.export.onnx_answers import onnx_answers
from models.export.onnx_model import onnx_model
from models.export.parity import TOLERANCE, Answers, compare
from models.published import publishable
from tests.data.awkward import awkward_frame, awkward_labels
from tests.models.test_published import graph

ROWS = 200
#: the column without a form in ONNX
UNTYPED = ["note"]

CLASSIFIERS = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    "without probabilities": make_pipeline(StandardScaler(), LinearSVC()),
    "polynomial": make_pipeline(MinMaxScaler(), PolynomialFeatures(2, interaction_only=True), GaussianNB()),
    "selected": make_pipeline(SelectPercentile(percentile=50), RFE(DecisionTreeClassifier(max_depth=3)), GaussianNB()),
    "components": make_pipeline(StandardScaler(), FastICA(3, max_iter=5000, tol=0.1, random_state=0), GaussianNB()),
    "merged": make_pipeline(StandardScaler(), FeatureAgglomeration(4), DecisionTreeClassifier(max_depth=3)),
    "cosines": make_pipeline(MinMaxScaler(), RBFSampler(n_components=6, random_state=0), LogisticRegression()),
    "forest": RandomForestClassifier(5, random_state=0),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=3),
    "xgboost": XGBClassifier(n_estimators=3, n_jobs=1),
    "lightgbm": LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1),
    "vote": VotingClassifier(
        [("line", LogisticRegression(max_iter=2000)), ("tree", ExtraTreeClassifier(max_depth=3, random_state=0))],
        voting="soft", weights=[1, 2],
    ),
    "tpot, union": make_pipeline(
        ZeroCount(), StandardScaler(),
        FeatureUnion([("pca", PCA(3)), ("as they are", Passthrough()), ("nothing", SkipTransformer())]),
        FeatureUnion([("says", EstimatorTransformer(GaussianNB())), ("as they are", Passthrough())]),
        DecisionTreeClassifier(max_depth=3),
    ),
    "tpot, graph": graph(),
}  # fmt: skip
REGRESSORS = {
    "linear": make_pipeline(StandardScaler(), RidgeCV()),
    "boosting": GradientBoostingRegressor(n_estimators=3),
    "histogram boosting": HistGradientBoostingRegressor(max_iter=3),
    "xgboost": XGBRegressor(n_estimators=3, n_jobs=1),
    "lightgbm": LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1),
    "vote": VotingRegressor([("line", RidgeCV()), ("tree", DecisionTreeRegressor(max_depth=3))], weights=[1, 3]),
}


def typed_frame(seed: int = 0) -> pd.DataFrame:
    """Numbers, truth values, dates and categories with missing cells, few categories and many."""
    return awkward_frame(ROWS, seed).drop(columns=UNTYPED)


def unseen_frame() -> pd.DataFrame:
    """Other rows, with categories that nothing has learnt."""
    X = typed_frame(seed=7)
    X.loc[3, "colour"] = "ultraviolet"
    X.loc[4, "many"] = "never seen"
    return X


def published(estimator, y, task="classification", X=None):
    X = typed_frame() if X is None else X
    return publishable(preprocessing(detect_kinds(X), X, task), estimator, X, y, task)


def compared(fitted, X):
    content = onnx_model(fitted, X, {"model": "a test's"})
    return compare("model.onnx", Answers.of(fitted, X), onnx_answers(content, fitted, X), TOLERANCE)


@pytest.mark.parametrize("estimator", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_answers_the_persons_labels_in_onnx(estimator):
    result = compared(published(estimator, awkward_labels(ROWS)), unseen_frame())
    assert result.agrees, result
    assert result.rows == ROWS


@pytest.mark.parametrize("estimator", REGRESSORS.values(), ids=REGRESSORS)
def test_a_regressor_answers_the_same_numbers(estimator):
    result = compared(published(estimator, typed_frame()["whole"] * 1.5, "regression"), unseen_frame())
    assert result.agrees, result


@pytest.mark.parametrize("labels", [[True, False], [7, 3], [-1.0, 2.0], ["ja", "nein"], ["東京", "a b"]])
def test_labels_come_back_in_their_own_type(labels):
    y = pd.Series(labels * (ROWS // 2))
    fitted = published(make_pipeline(StandardScaler(), GaussianNB()), y)
    told = onnx_answers(onnx_model(fitted, unseen_frame(), {}), fitted, unseen_frame())
    assert told.predictions.tolist() == fitted.predict(unseen_frame()).tolist()
    assert told.probabilities.dtype == np.float64


def test_linear_pipelines_lose_nothing_but_the_last_digits():
    fitted = published(CLASSIFIERS["linear"], awkward_labels(ROWS))
    assert compared(fitted, unseen_frame()).largest_difference < 1e-12


def test_numbered_categories_convert():
    X = pd.DataFrame(
        {"code": np.arange(ROWS) % 4, "gap": pd.Series(np.arange(ROWS) % 3).where(np.arange(ROWS) % 5 > 0)}
    )
    columns = preprocessing({"code": "categorical", "gap": "categorical"}, X, "classification")
    assert [name for name, _, _ in columns.transformers] == ["numbered categories"]
    fitted = publishable(columns, DecisionTreeClassifier(), X, awkward_labels(ROWS), "classification")
    strange = pd.concat([X, pd.DataFrame({"code": [99, None], "gap": [-1.0, None]})], ignore_index=True)
    assert compared(fitted, strange).agrees


def test_dates_of_all_centuries_have_the_same_parts():
    days = [f"{year}-{month:02d}-{day:02d}" for year in (1583, 1900, 1969, 2000, 2024, 2100) for month, day in
            ((1, 1), (2, 28), (3, 1), (12, 31))] + ["2000-02-29", "2024-02-29T23:59:59"]  # fmt: skip
    X = pd.DataFrame({"day": days * 8})
    columns = preprocessing({"day": "date"}, X, "regression")
    fitted = publishable(
        columns, Pipeline([("as they are", DecisionTreeRegressor())]), X, np.arange(len(X)), "regression"
    )
    assert compared(fitted, X.assign(day=[None, *X["day"][1:]])).agrees


def test_two_classes_and_a_target_encoder_convert():
    y = np.where(np.arange(ROWS) % 3 == 0, "yes", "no")
    assert compared(published(HistGradientBoostingClassifier(max_iter=3), y), unseen_frame()).agrees


def test_every_step_that_does_not_convert_is_named():
    X = awkward_frame(ROWS)
    estimator = make_pipeline(
        MinMaxScaler(), Nystroem(n_components=4, random_state=0),
        QuantileTransformer(n_quantiles=20, output_distribution="normal"), GaussianNB(),
    )  # fmt: skip
    fitted = published(estimator, awkward_labels(ROWS), X=X)
    with pytest.raises(NotConvertible) as refused:
        onnx_model(fitted, X, {})
    told = [str(obstacle) for obstacle in refused.value.obstacles]
    assert told[0] == "columns, text note: HashingVectorizer has no form in ONNX"
    assert any(line.startswith("model, nystroem: Nystroem does not convert") for line in told)
    assert any(line.startswith("model, quantiletransformer: QuantileTransformer does not convert") for line in told)
    assert len(told) == 3


def test_the_file_says_where_it_comes_from_and_what_it_wants():
    import onnx

    fitted = published(GaussianNB(), awkward_labels(ROWS))
    model = onnx.load_model_from_string(onnx_model(fitted, typed_frame(), {"model": "abc", "name": "AutoML/birds"}))
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "model": "abc", "name": "AutoML/birds", "date format of date": "ISO8601",
        "date format of date as text": "%d.%m.%Y", "date format of zoned": "ISO8601",
    }  # fmt: skip
    kinds = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    assert set(kinds) == set(typed_frame().columns) - {"constant"}
    assert kinds["whole"] == kinds["truth"] == onnx.TensorProto.DOUBLE
    assert kinds["colour"] == kinds["many"] == onnx.TensorProto.STRING
