"""Requests that a generator makes of the service's own description: answered or refused as described, never a 500."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.models.serving.made_models import plain
from tests.models.serving.running_service import KEY, RunningService

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
    pytest.mark.filterwarnings("ignore:.*:hypothesis.errors.NonInteractiveExampleWarning"),
]

NAME = "Serving/described"
HEADERS = {"X-API-Key": KEY}
ALWAYS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip
PATHS = ["/health", "/ready", "/schema", "/metrics", "/drift.json", "/openapi.json"]
quick = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def service(publish_made):
    publish_made(plain(), NAME, ("champion",))
    with RunningService(NAME, "--workers", "1") as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def description(service):
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json", headers=HEADERS)


def test_rows_that_fit_the_description_are_answered(description):
    @given(case=description["/predict"]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE))
    @quick
    def check(case):
        if case.media_type == "text/csv":  # the description knows no more of it than that it is a text
            case.call_and_validate(headers=HEADERS, checks=ALWAYS)
        else:
            case.call_and_validate(headers=HEADERS, checks=[*ALWAYS, checks.positive_data_acceptance])

    check()


def test_rows_that_do_not_fit_are_refused_as_described(description):
    @given(case=description["/predict"]["POST"].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @quick
    def check(case):
        case.call_and_validate(headers=HEADERS, checks=ALWAYS)

    check()


@pytest.mark.parametrize("path", PATHS)
def test_every_other_path_answers_as_described(description, path):
    case = description[path]["GET"].Case()
    case.call_and_validate(headers=HEADERS, checks=[*ALWAYS, checks.ignored_auth, checks.unsupported_method])
