"""A call of an API action, and the register of all actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_server.access.accounts import Accounts, Identity
    from embedded_server.storage.documents import Documents
    from embedded_server.storage.events import Events
    from embedded_server.storage.files import FileStore


@dataclass(frozen=True)
class Store:
    """Everything that outlives a call. Its parts share one database and so one transaction."""

    documents: Documents
    events: Events
    accounts: Accounts
    files: FileStore


@dataclass(frozen=True)
class Call:
    """What an action knows of the call besides its request.

    The action runs inside a transaction, which is committed before the answer is sent and rolled back where the
    action raises.
    """

    #: "tasks.get_all"
    endpoint: str
    #: the version the client asked for; the newest where it named none
    version: tuple[int, int]
    identity: Identity
    store: Store


Request = dict[str, Any]
Answer = dict[str, Any]


class Attachment(Answer):
    """An answer that goes out as a text file, without an envelope.

    Args:
        name: of the file.
        text: its content.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name=name, text=text)


Action = Callable[[Call, Request], Answer]

#: endpoint -> action
ACTIONS: dict[str, Action] = {}


def action(endpoint: str) -> Callable[[Action], Action]:
    """Registers the function that serves an endpoint; its request has been validated with the SDK's schema."""

    def register(function: Action) -> Action:
        assert endpoint not in ACTIONS, f"{endpoint} is served twice"
        ACTIONS[endpoint] = function
        return function

    return register
