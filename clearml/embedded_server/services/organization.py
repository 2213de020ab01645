"""What all projects have in common."""

from __future__ import annotations

import json

from embedded_server.calls import Answer, Call, Request, action

_TAGGED = ("tasks", "models")


@action("organization.get_tags")
def get_tags(call: Call, request: Request) -> Answer:
    """All tags of tasks and models; a filter keeps those of documents with certain system tags."""
    chosen = (request.get("filter") or {}).get("system_tags") or []
    tags: set[str] = set()
    system_tags: set[str] = set()
    for collection in _TAGGED:
        for own, system in call.store.documents.select(collection, ["tags", "system_tags"]):
            own_tags, own_system_tags = json.loads(own or "[]"), json.loads(system or "[]")
            if not chosen or set(chosen) & set(own_system_tags):
                tags.update(own_tags)
                system_tags.update(own_system_tags)
    answer = {"tags": sorted(tags)}
    return answer | {"system_tags": sorted(system_tags)} if request.get("include_system") else answer


@action("organization.get_user_companies")
def get_user_companies(call: Call, request: Request) -> Answer:
    """The one company of this server."""
    identity = call.identity
    return {"companies": [{"id": identity.company, "name": identity.company_name, "allocated": 1, "owners": []}]}
