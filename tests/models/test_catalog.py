"""Models are found by what people call them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from config.errors import BadInput
from models.catalog import (
    RegistryModel,
    all_models,
    champion_among,
    champion_of,
    find,
    full_name,
    models_named,
    no_champion,
    only_champion,
)
from models.gate.limits import Limits
from models.gate.promotion import promote
from tests.models.shelf import Shelf

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own

MODEL = RegistryModel(
    "0" * 32, "AutoML/penguins", ("champion",), True, False, datetime(2026, 11, 1, tzinfo=timezone.utc), "", "", "", {}
)


def numbered(number: int, **changes) -> RegistryModel:
    return replace(MODEL, id=f"{number:032x}", metadata={"promotion": str(number)}, **changes)


def test_of_two_with_the_tag_the_later_promotion_counts():
    assert champion_among([numbered(2), numbered(3), numbered(1)]) == numbered(3)
    assert champion_among([MODEL, numbered(1)]) == numbered(1)  # a tag that a person set by hand has no number


def test_a_service_need_not_be_told_the_only_name_that_has_a_champion():
    others = [replace(MODEL, name="AutoML/owls", tags=("challenger",))]
    assert only_champion([*others, MODEL]) == "AutoML/penguins"
    for models, message in (
        ([], "the registry holds no models yet"),
        (others, "'AutoML/owls' has no champion yet"),
        ([MODEL, replace(MODEL, name="AutoML/owls")], "type one of 'AutoML/owls', 'AutoML/penguins'"),
    ):
        with pytest.raises(BadInput, match=message):
            only_champion(models)


def test_drafts_archived_models_and_challengers_are_no_champions():
    others = [
        numbered(5, is_published=False), numbered(6, is_archived=True), numbered(7, tags=("challenger",)),
    ]  # fmt: skip
    assert champion_among([*others, numbered(1)]) == numbered(1)
    assert champion_among(others) is None


def test_facts_that_are_missing_or_damaged_are_none():
    broken = replace(MODEL, metadata={"cv_score": "", "input_schema": "[", "promotion": "x"})
    assert (broken.cv_score, broken.holdout_score, broken.holdout_interval) == (None, None, None)
    assert (broken.input_schema, broken.promotion, broken.size_bytes) == ({}, 0, None)


def test_a_name_with_a_space_is_quoted_where_it_is_to_be_typed():
    assert "models promote AutoML/owls@newest'" in str(no_champion("AutoML/owls"))
    assert """models promote "AutoML/owls ensemble@newest"'""" in str(no_champion("AutoML/owls ensemble"))


@pytest.fixture(scope="module")
def shelf(clearml_server) -> Shelf:
    return Shelf(clearml_server.files)


@pytest.fixture(scope="module")
def published(shelf):
    """Two models of one name, of which the older is champion, and a third in another project."""
    older, newer = (shelf.put("Upper (1)/salamanders", [column]) for column in ("clear", "noise"))
    other = shelf.put("Lower/salamanders")
    promote(older, Limits())
    return older, newer, other


@pytest.mark.end_to_end
def test_a_reference_is_an_id_a_name_or_the_newest_of_a_name(published):
    older, newer, _ = published
    name = "Upper (1)/salamanders"
    assert [model.id for model in models_named(name)] == [newer.id, older.id]
    assert find(name).id == older.id == champion_of(name).id
    assert find(f"{name}@newest").id == newer.id
    assert find(newer.id).metadata == newer.metadata
    assert {model.id for model in all_models("SALAMANDER")} == {model.id for model in published}


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("salamanders", "'salamanders' is ambiguous; type one of 'Lower/salamanders', 'Upper (1)/salamanders'"),
        ("Lower/salamanders", "has no champion yet; type 'clearml-automl models promote Lower/salamanders@newest'"),
        ("Upper (1)/salamandres", "; did you mean 'Upper (1)/salamanders'"),
        ("salamandres", "; did you mean 'Lower/salamanders', 'Upper (1)/salamanders'"),
        ("xyz", "there is no model named 'xyz'; 'clearml-automl models list' shows all"),
        ("f" * 32, "there is no model ffff"),
        ("", "there is no model named ''"),
    ],
)
def test_what_is_not_clear_is_asked_back_in_one_line(published, reference, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        find(reference)


@pytest.mark.end_to_end
def test_a_name_without_its_project_will_do_where_it_is_the_only_one(shelf):
    draft = shelf.put("Drafts/rivers", publish_it=False)
    assert full_name("rivers") == draft.name
    with pytest.raises(BadInput, match="no model named 'Drafts/rivers' is published"):
        find("rivers@newest")
