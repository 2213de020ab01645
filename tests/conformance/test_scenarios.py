"""Each scenario of the genuine SDK, in a process of its own, against one embedded server."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.conformance import scenario_process, scenarios

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(2 * scenario_process.TIMEOUT)]

#: Scenarios wait more than they work: while one does, another may.
AT_ONCE = 2


@pytest.fixture(scope="module")
def reasons(request, addresses):
    """Why each of the chosen scenarios does not hold, or None, as soon as it is known."""
    chosen = [item.callspec.params["name"] for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reasons: dict[str, Future[str | None]] = {
            name: pool.submit(scenario_process.run, name, addresses, scenario_process.QUICK) for name in chosen
        }
        yield reasons
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", scenarios.load())
def test_scenario_holds(reasons, name: str):
    assert reasons[name].result() is None
