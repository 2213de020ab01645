"""A pipeline without pickle: what it is made of is listed, and nothing else is loaded."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from skops.io import loads
from skops.io.exceptions import UntrustedTypesFoundException

from models.export.conversion import NotConvertible
from models.export.parity import Answers, compare
from models.export.skops_file import METHODS, is_known, loaded, skops_file
from models.published import publishable
from tests.data.awkward import awkward_frame, awkward_labels
from tests.models.test_published import CLASSIFIERS, published


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_kind_of_pipeline_and_column_answers_the_same(name):
    fitted = published(CLASSIFIERS[name], awkward_labels())
    file = skops_file(fitted)
    new = awkward_frame(seed=5)
    assert compare(name, Answers.of(fitted, new), Answers.of(loaded(file), new), 0.0).agrees
    assert all(is_known(each) for each in file.trusted)


def test_what_is_not_listed_is_not_loaded():
    file = skops_file(published(CLASSIFIERS["xgboost"], awkward_labels()))
    assert "xgboost.sklearn.XGBClassifier" in file.trusted
    with pytest.raises(UntrustedTypesFoundException):
        loads(file.content, trusted=[name for name in file.trusted if "XGB" not in name])


def test_the_published_pipeline_stays_as_it_is():
    fitted = published(CLASSIFIERS["tpot, graph"], awkward_labels())
    before = str(fitted.estimators_[0].named_steps["columns"])
    skops_file(fitted)
    assert str(fitted.estimators_[0].named_steps["columns"]) == before
    assert set(fitted.predict(awkward_frame())) <= set(awkward_labels())


def test_a_type_of_no_known_library_is_refused_by_name():
    from tests.models.export.strange import Strange

    fitted = publishable(StandardScaler(), Strange(), awkward_frame()[["whole"]], awkward_labels(), "classification")
    with pytest.raises(NotConvertible, match="strange.Strange belongs to no library that is trusted"):
        skops_file(fitted)


def test_the_methods_that_files_call_are_those_that_read_cells():
    import pandas as pd

    assert all(hasattr(pd.DataFrame, name) for name in METHODS)
    assert not {"eval", "query", "to_pickle", "to_csv", "pipe"} & set(METHODS)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("sklearn.tree._tree.Tree", True), ("operator.methodcaller", True), ("operator.attrgetter", False),
        ("os.system", False), ("sklearnish.Tree", False), ("builtins.eval", False), ("functools.reduce", False),
    ],
)  # fmt: skip
def test_libraries_are_told_by_their_whole_name(name, known):
    assert is_known(name) is known


def test_numbers_survive_exactly():
    fitted = published(CLASSIFIERS["scikit-learn"], awkward_labels())
    again = loaded(skops_file(fitted))
    assert np.array_equal(fitted.predict_proba(awkward_frame()), again.predict_proba(awkward_frame()))
