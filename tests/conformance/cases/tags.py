"""Tags of the whole organization."""

from __future__ import annotations

from tests.conformance.expectations import check
from tests.conformance.server import unique


def case_tags_of_the_organization(s):
    mine, system = unique("tag"), unique("systag")
    s.task(tags=[mine], system_tags=[system])
    data = s.ok("organization.get_tags")
    check(mine in data["tags"] and "system_tags" not in data, "the tag is not in tags, or system_tags came unasked")
    check(system in s.ok("organization.get_tags", include_system=True)["system_tags"], "the system tag is missing")
