"""Users and what they prefer."""

from __future__ import annotations

from typing import Any

from embedded_server.access.accounts import Identity
from embedded_server.calls import Answer, Call, Request, action
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document


@action("users.get_current_user")
def get_current_user(call: Call, request: Request) -> Answer:
    """The caller."""
    identity = call.identity
    return {
        "user": {
            **_shown(identity),
            "company": {"id": identity.company, "name": identity.company_name},
            "preferences": call.store.accounts.preferences(identity.user),
        },
        "getting_started": None,
        "settings": {},
    }


@action("users.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """All users."""
    return {"users": [_fields(user, request) for user in _wanted(call, request)]}


@action("users.get_all_ex")
def get_all_ex(call: Call, request: Request) -> Answer:
    """All users."""
    return get_all(call, request)


@action("users.get_by_id")
def get_by_id(call: Call, request: Request) -> Answer:
    """One user."""
    identity = call.store.accounts.identity(request["user"])
    if identity is None:
        raise ApiError(400, 1001, f"Invalid user id: id={request['user']}")
    return {"user": {**_shown(identity), "company": identity.company}}


@action("users.update")
def update(call: Call, request: Request) -> Answer:
    """Changes a user's name."""
    changes = {"name": request["name"]} if (request.get("name") or "").strip() else {}
    user = request.get("user") or call.identity.user
    if not call.store.accounts.edit_user(user, changes):
        raise ApiError(400, 1001, f"Invalid user id: id={user}")
    return {"updated": int(bool(changes)), "fields": changes}


@action("users.get_preferences")
def get_preferences(call: Call, request: Request) -> Answer:
    """What the web interface keeps for the caller."""
    return {"preferences": call.store.accounts.preferences(call.identity.user)}


@action("users.set_preferences")
def set_preferences(call: Call, request: Request) -> Answer:
    """Changes what is given, down to the innermost; the rest stays."""
    merged = _merged(call.store.accounts.preferences(call.identity.user), request["preferences"])
    call.store.accounts.set_preferences(call.identity.user, merged)
    return {"updated": 1}


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = _merged(result[name], value) if both else value
    return result


def _shown(identity: Identity) -> dict[str, str]:
    given, _, family = identity.user_name.partition(" ")
    return {
        "id": identity.user,
        "name": identity.user_name,
        "given_name": given,
        "family_name": family,
        "role": identity.role,
    }


def _wanted(call: Call, request: Request) -> list[Document]:
    ids = request.get("id")
    return [user for user in call.store.accounts.users() if not ids or user["id"] in ids]


def _fields(user: Document, request: Request) -> Document:
    wanted = request.get("only_fields")
    names = [wanted] if isinstance(wanted, str) else wanted
    return {name: value for name, value in user.items() if not names or name in (*names, "id")}
