"""Logging in, and key pairs."""

from __future__ import annotations

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.errors import ApiError


@action("auth.login")
def login(call: Call, request: Request) -> Answer:
    """A token for whoever shows a key pair, or a token that still holds."""
    seconds = request.get("expiration_sec")
    if seconds is not None and seconds <= 0:
        raise ApiError(400, 12, "Validation error (expiration_sec: a positive number of seconds)")
    return {"token": call.store.accounts.issue_token(call.identity, seconds)}


@action("auth.logout")
def logout(call: Call, request: Request) -> Answer:
    """Does nothing: a token holds until it expires."""
    return {}


@action("auth.validate_token")
def validate_token(call: Call, request: Request) -> Answer:
    """Whether a token holds, and whose it is."""
    try:
        identity = call.store.accounts.authenticate(f"Bearer {request.get('token', '')}")
    except ApiError as error:
        return {"valid": False, "msg": error.message}
    return {"valid": True, "user": identity.user, "company": identity.company}


@action("auth.get_credentials")
def get_credentials(call: Call, request: Request) -> Answer:
    """The caller's access keys, without their secrets."""
    pairs = call.store.accounts.key_pairs(call.identity.user)
    return {"credentials": [{**pair, "last_used": None, "last_used_from": None} for pair in pairs]}


@action("auth.create_credentials")
def create_credentials(call: Call, request: Request) -> Answer:
    """A new key pair of the caller; its secret is told this once."""
    label = request.get("label") or ""
    pair = call.store.accounts.create_key_pair(call.identity.user, label)
    return {"credentials": {"access_key": pair.access_key, "secret_key": pair.secret_key, "label": label}}


@action("auth.edit_credentials")
def edit_credentials(call: Call, request: Request) -> Answer:
    """Gives one of the caller's key pairs another label."""
    accounts, key = call.store.accounts, request["access_key"]
    if not accounts.label_key_pair(call.identity.user, key, request.get("label") or ""):
        raise ApiError(400, 1002, f"Invalid access key: access_key={key}")
    return {"updated": 1}


@action("auth.revoke_credentials")
def revoke_credentials(call: Call, request: Request) -> Answer:
    """Makes one of the caller's key pairs worthless."""
    return {"revoked": int(call.store.accounts.revoke_key_pair(call.identity.user, request["access_key"]))}


@action("auth.edit_user")
def edit_user(call: Call, request: Request) -> Answer:
    """Changes the role of a user, the caller by default."""
    changes = {"role": request["role"]} if request.get("role") else {}
    user = request.get("user") or call.identity.user
    if not call.store.accounts.edit_user(user, changes):
        raise ApiError(400, 1001, f"Invalid user id: id={user}")
    return {"updated": int(bool(changes)), "fields": changes}
