"""Each case of the conformance suite, against one embedded server in a process of its own."""

from __future__ import annotations

import pytest

from tests.conformance import cases
from tests.conformance.cases import Case

CASES = cases.load()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case_holds(server, case: Case):
    case(server)
