"""The sample tables are what their publishers say they are."""

from __future__ import annotations

import pandas as pd
import pytest

from config.samples import SAMPLES


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_sample_is_there_credited_and_described(sample):
    readme = sample.path.with_name("README.md").read_text(encoding="utf-8")
    frame = pd.read_csv(sample.path)
    assert sample.target in frame.columns
    assert not frame[sample.target].isna().any()
    assert sample.path.name in readme
    assert all(f"`{column}`" in readme for column in frame.columns)
    assert sample.credit.split("https://")[1] in readme
    assert {"CC-BY-4.0": "licenses/by/4.0/", "CC0-1.0": "publicdomain/zero/1.0/"}[sample.licence] in readme


def test_german_credit_has_the_counts_that_uci_documents():
    frame = pd.read_csv(SAMPLES["german_credit"].path)
    assert frame.shape == (1000, 21)
    assert not frame.isna().any().any()
    assert frame["credit_risk"].value_counts().to_dict() == {"good": 700, "bad": 300}
    assert frame["checking_account"].value_counts().tolist() == [394, 274, 269, 63]
    assert frame["purpose"].nunique() == 10
    assert frame["foreign_worker"].value_counts().to_dict() == {"yes": 963, "no": 37}
    assert (frame["age"].min(), frame["age"].max()) == (19, 75)
    assert sum(dtype.kind == "i" for dtype in frame.dtypes) == 7


def test_abalone_has_the_counts_that_uci_documents():
    frame = pd.read_csv(SAMPLES["abalone"].path)
    assert frame.shape == (4177, 9)
    assert frame["sex"].value_counts().to_dict() == {"male": 1528, "infant": 1342, "female": 1307}
    assert (frame["rings"].min(), frame["rings"].max()) == (1, 29)
    assert frame["rings"].value_counts()[9] == 689


def test_penguins_has_the_counts_that_its_authors_document():
    frame = pd.read_csv(SAMPLES["penguins"].path)
    assert frame.shape == (344, 8)
    assert frame["species"].value_counts().to_dict() == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}
    assert frame.isna().sum().sum() == 19
