"""Estimators as Python source: what is written gives back what was meant."""

from __future__ import annotations

import functools
import math

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import ExtraTreesClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, SelectPercentile, chi2, f_classif, f_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from experiments.reports.source import Source, SourceError


def evaluated(text, source):
    """The value of an expression with nothing but its own imports."""
    names = {}
    exec(source.imports(), names)
    return eval(text, names)


def rebuilt(value):
    """What the value's source gives."""
    source = Source()
    return evaluated(source.write(value), source)


def same(one, other):
    """Whether two values are written the same."""
    return Source().write(one) == Source().write(other)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.25), "0.25"),
        (np.int64(3), "3"),
        (np.True_, "True"),
        (float("nan"), "np.nan"),
        (-math.inf, "-np.inf"),
        (1e37, "1e37"),
        ("it's", '"it\'s"'),
        ('say "no"', "'say \"no\"'"),
        (None, "None"),
        ((1,), "(1,)"),
        ({"b": np.int64(1), 2: [None]}, '{"b": 1, 2: [None]}'),
        ({3, 1}, "set([1, 3])"),
        (slice(0, 5), "slice(0, 5, None)"),
        (np.log1p, "np.log1p"),
        (pd.to_numeric, "pd.to_numeric"),
        (pd.DataFrame.astype, "pd.DataFrame.astype"),
        (np.float32, "np.float32"),
        (len, "len"),
        (f_classif, "f_classif"),
    ],
)
def test_values_are_written_plainly(value, text):
    assert Source().write(value) == text


def test_only_parameters_that_differ_from_the_defaults_are_written():
    assert Source().write(LogisticRegression(C=np.float64(0.5), max_iter=100)) == "LogisticRegression(C=0.5)"
    assert Source().write(SelectPercentile(f_classif)) == "SelectPercentile()"


def test_classes_that_take_keywords_are_compared_with_an_instance_of_theirs():
    assert Source().write(XGBClassifier(n_estimators=3)) == "XGBClassifier(n_estimators=3)"
    assert Source().write(LGBMClassifier(verbose=-1)) == "LGBMClassifier(verbose=-1)"


def test_imports_are_public_and_sorted():
    source = Source()
    source.write(make_pipeline(FunctionTransformer(np.log1p), SelectPercentile(f_regression), XGBClassifier()))
    assert source.imports().splitlines() == [
        "import numpy as np",
        "from sklearn.feature_selection import SelectPercentile, f_regression",
        "from sklearn.pipeline import make_pipeline",
        "from sklearn.preprocessing import FunctionTransformer",
        "from xgboost import XGBClassifier",
    ]


def test_steps_with_names_of_their_own_keep_them():
    assert Source().write(Pipeline([("scale", StandardScaler())])) == 'Pipeline([("scale", StandardScaler())])'
    assert Source().write(make_pipeline(StandardScaler(), memory="x")).startswith("Pipeline([")
    assert Source().write(make_union(StandardScaler())) == "make_union(StandardScaler())"
    assert "transformer_weights" in Source().write(
        FeatureUnion([("a", StandardScaler())], transformer_weights={"a": 2})
    )


@pytest.mark.parametrize(
    "estimator",
    [
        VotingClassifier([("one", LogisticRegression()), ("two", XGBClassifier(max_depth=np.int64(3)))], voting="soft"),
        StackingClassifier([("rfe", RFE(ExtraTreesClassifier(n_estimators=10), step=0.2))], cv=StratifiedKFold(3)),
        GaussianProcessRegressor(1.5 * RBF(2.0)),
        ColumnTransformer(
            [
                ("numbers", SimpleImputer(fill_value=np.nan), ["a", "b"]),
                ("words", OneHotEncoder(categories=[np.array(["x", "y"], dtype=object)]), make_column_selector("w")),
                ("rest", "drop", slice(3, 5)),
            ],
            remainder="passthrough",
        ),
        FunctionTransformer(functools.partial(np.clip, a_min=0), kw_args={"a_max": 1}),
        make_pipeline(SelectPercentile(chi2), LogisticRegression(class_weight={0: 1.0, 1: np.float64(2)})),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_what_is_rebuilt_is_written_the_same(estimator):
    assert same(rebuilt(estimator), estimator)


def test_fitted_estimators_are_written_unfitted():
    fitted = LogisticRegression(C=2.0).fit([[0.0], [1.0]], [0, 1])
    assert Source().write(fitted) == "LogisticRegression(C=2.0)"


def test_a_function_keeps_longer_parts_in_variables():
    scaled = Pipeline(
        [("scale", StandardScaler(with_mean=False, with_std=False)), ("model", LogisticRegression(C=2.0))]
    )
    source = Source()
    text = source.write_function("build", "A vote.", VotingClassifier([("list", scaled), ("class", scaled)]))
    names = {}
    exec(source.imports() + "\n" + text, names)
    assert "part_list = Pipeline(" in text
    assert "part_class = Pipeline(" in text
    assert same(names["build"](), VotingClassifier([("list", scaled), ("class", scaled)]))


def test_lines_are_short():
    forest = ExtraTreesClassifier(n_estimators=10, criterion="entropy", max_depth=4, min_samples_leaf=3, random_state=1)
    source = Source()
    text = source.write_function("build", "Deep.", make_pipeline(make_pipeline(forest, forest), make_union(forest)))
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (FunctionTransformer(lambda X: X), "<lambda>"),
        (ExtraTreesClassifier(random_state=np.random.RandomState(1)), "RandomState"),
        (StandardScaler(copy=object()), "object"),
    ],
    ids=["lambda", "random state", "object"],
)
def test_what_has_no_source_is_named(value, what):
    with pytest.raises(SourceError, match=what):
        Source().write(value)
