"""Ranges in place of TPOT's."""

from __future__ import annotations

import pytest
from lightgbm import LGBMClassifier
from sklearn.neural_network import MLPRegressor
from xgboost import XGBRegressor

from experiments.search.ranges import ranges


@pytest.mark.parametrize("n_rows", [12, 600, 100_000])
def test_whatever_is_drawn_is_parameters_that_the_class_has(n_rows):
    for kind, own in ranges(n_rows).items():
        for seed in range(5):
            own.space.seed(seed)
            parameters = own.parser(dict(own.space.sample_configuration()))
            assert parameters.items() <= kind(**parameters).get_params().items()


def test_ranges_fit_small_tables():
    for kind, own in ranges(12).items():
        for name in {"min_child_samples", "min_samples_leaf", "n_neighbors"} & set(own.space):
            assert own.space[name].upper <= 20, kind


@pytest.mark.parametrize("kind", [LGBMClassifier, XGBRegressor])
def test_what_boosting_needs_can_be_tuned(kind):
    space = ranges(1000)[kind].space
    assert {"n_estimators", "learning_rate", "subsample", "colsample_bytree", "reg_alpha", "reg_lambda"} <= set(space)
    assert space["learning_rate"].log
    assert space["n_estimators"].upper >= 300


def test_rows_are_sampled_where_lightgbm_is_told_to():
    assert ranges(1000)[LGBMClassifier].space["subsample_freq"].value == 1


def test_a_network_is_told_its_layers():
    parsed = ranges(1000)[MLPRegressor].parser({"width": 32, "depth": 2, "alpha": 0.1})
    assert parsed == {"hidden_layer_sizes": (32, 32), "alpha": 0.1}


def test_each_call_makes_spaces_of_its_own():
    one, other = ranges(1000), ranges(1000)
    assert all(one[kind].space is not other[kind].space for kind in one)
