"""The list of actions is what the code and the SDK say."""

from __future__ import annotations

import pytest

from embedded_server import schemas, services
from embedded_server.actions_document import DOCUMENT, document
from embedded_server.calls import ACTIONS

services.load()


def test_the_document_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run 'make docs'"


def test_every_action_is_in_it_and_says_what_it_does():
    text = document()
    for endpoint in {*ACTIONS, *schemas.known_endpoints()}:
        assert f"`{endpoint}`" in text
    assert all(function.__doc__ for function in ACTIONS.values())


def test_what_is_served_is_not_promised_to_be_refused():
    served, refused = document().split("## Not supported")
    for endpoint in schemas.known_endpoints():
        assert (f"`{endpoint}`" in served) == (endpoint in ACTIONS)
        assert (f"`{endpoint}`" in refused) == (endpoint not in ACTIONS)


@pytest.mark.parametrize("endpoint", [name for name in schemas.known_endpoints() if name not in ACTIONS])
def test_what_is_not_supported_says_so_in_an_envelope(api, endpoint):
    meta = api.call(endpoint)["meta"]
    assert (meta["result_code"], meta["result_subcode"]) == (400, 18)
    assert meta["result_msg"] == f"{endpoint} is not supported by the embedded server"
    assert meta["endpoint"]["name"] == endpoint


def test_an_old_action_is_validated_with_the_schema_of_its_version(api):
    assert schemas.known_endpoints()["tasks.make_public"] == "v2_20"
    assert api.refusal("tasks.make_public", ids="no list") == (400, 12)
