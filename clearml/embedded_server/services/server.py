"""The server itself."""

from __future__ import annotations

import time

from embedded_server.calls import ACTIONS, Answer, Call, Request, action
from embedded_server.version import API_VERSION, BUILD, SERVER_VERSION


@action("server.info")
def info(call: Call, request: Request) -> Answer:
    """Versions."""
    return {"version": SERVER_VERSION, "build": BUILD, "commit": "", "api_version": API_VERSION, "uid": "embedded"}


@action("server.config")
def config(call: Call, request: Request) -> Answer:
    """Nothing of the configuration is any client's business."""
    return {}


@action("server.get_stats")
def get_stats(call: Call, request: Request) -> Answer:
    """How many documents there are."""
    documents = call.store.documents
    return {name: documents.count(name) for name in ("tasks", "projects", "queues", "models", "workers")}


@action("server.report_stats_option")
def report_stats_option(call: Call, request: Request) -> Answer:
    """Usage is never reported to anybody, whatever is asked for."""
    return {"enabled": False, "enabled_time": None, "enabled_version": None, "enabled_user": None, "supported": False}


@action("server.endpoints")
def endpoints(call: Call, request: Request) -> Answer:
    """The names of all actions, by service."""
    services: dict[str, list[str]] = {}
    for endpoint in sorted(ACTIONS):
        service, _, name = endpoint.partition(".")
        services.setdefault(service, []).append(name)
    return {"services": [{"name": name, "endpoints": names} for name, names in services.items()]}


@action("debug.ping")
def ping(call: Call, request: Request) -> Answer:
    """That somebody is there."""
    return {"msg": "ClearML-compatible server", "time": time.time()}


@action("debug.echo")
def echo(call: Call, request: Request) -> Answer:
    """What was sent."""
    return request


@action("login.supported_modes")
def supported_modes(call: Call, request: Request) -> Answer:
    """How a browser may log in: by key pair only."""
    return {
        "basic": {"enabled": False, "guest": {"enabled": False}},
        "sso": {},
        "sso_providers": [],
        "server_errors": {"missed_es_upgrade": False, "es_connection_error": False},
        "authenticated": call.identity is not None,
    }
