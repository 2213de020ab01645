"""Follows the registry: notices a new champion, fetches and checks it, and hands it over to be loaded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from config.errors import BadInput
from models import catalog, loading
from models.catalog import RegistryModel
from models.evidence import HOLDOUT
from models.serving.model_folder import ModelFolder

log = logging.getLogger(__name__)

#: seconds before a champion that could not be loaded is tried again: its file or a library may have come
RETRY = 30.0
LONGEST_RETRY = 600.0
ANSWER_WITHIN = 5.0  # seconds that the registry's server has for a sign of life


@dataclass(frozen=True)
class Refused:
    """A champion that cannot be loaded."""

    model_id: str
    #: in one line
    reason: str


class CannotLoad(Exception):
    """A model that was fetched cannot be loaded; why, in one line."""


def fetch(model: RegistryModel, trust_unsigned: bool, home: Path | None) -> ModelFolder:
    """A model's checked file and its held-out rows, in a folder for the workers.

    Raises:
        BadInput: see `models.loading.verified_file`; or it has no input schema to validate with.
    """
    if not model.input_schema:
        raise BadInput(f"model {model.id} ({model.name}) has no input schema in its metadata, so it cannot be served")
    content = loading.verified_file(model, trust_unsigned=trust_unsigned, home=home)
    holdout = None
    with suppress(BadInput):  # a model of an older run is warmed with generated rows alone
        holdout = loading.artifact_bytes(model, HOLDOUT)
    return ModelFolder.make(model, content, holdout)


def check_registry() -> None:
    """Sees whether the ClearML server answers at all: the SDK would try for minutes before it says that it does not.

    Raises:
        requests.RequestException: it does not.
    """
    from clearml.backend_api import Session

    requests.get(f"{Session.get_api_server_host()}/debug.ping", timeout=ANSWER_WITHIN)


class Follower:
    """Looks at the registry every few seconds, in a thread of its own.

    Whatever goes wrong there, the model that answers goes on answering.

    Args:
        name: of the models.
        serving: the model that answers at the start.
        poll_seconds: between two looks.
        fetched: how a model becomes a folder, see `fetch`.
        change_to: has a fetched model take over; blocks until it has, raises `CannotLoad` where it cannot.
        tell: called after each look: whether the registry answered, and the champion that was refused, if any.
    """

    def __init__(
        self,
        name: str,
        serving: RegistryModel,
        poll_seconds: float,
        *,
        fetched: Callable[[RegistryModel], ModelFolder],
        change_to: Callable[[RegistryModel, ModelFolder], None],
        tell: Callable[[bool, Refused | None], None],
    ) -> None:
        self._name, self._serving_id, self._poll_seconds = name, serving.id, poll_seconds
        self._fetched, self._change_to, self._tell = fetched, change_to, tell
        self._refused: Refused | None = None
        self._next_try = 0.0
        self._pause = RETRY
        self._is_reachable = True
        self._ended = threading.Event()
        # a daemon: a server that does not answer must not keep the service from ending
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def end(self) -> None:
        """Ends; a look that is under way is not waited for."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._poll_seconds):
            self.look()

    def look(self) -> None:
        """Looks once, and follows."""
        try:
            check_registry()
            champion = catalog.champion_of(self._name)
        except Exception as error:  # of any kind: the SDK raises what it likes
            if self._is_reachable:
                log.warning(
                    "the registry cannot be reached (%s); model %s goes on serving",
                    type(error).__name__,
                    self._serving_id,
                )
            self._is_reachable = False
            self._tell(False, self._refused)
            return
        if not self._is_reachable:
            log.info("the registry can be reached again")
        self._is_reachable = True
        if champion is None or champion.id == self._serving_id:
            self._refused = None
        elif self._is_to_be_tried(champion):
            self._follow(champion)
        self._tell(True, self._refused)

    def _is_to_be_tried(self, champion: RegistryModel) -> bool:
        is_known = self._refused is not None and self._refused.model_id == champion.id
        if not is_known:
            self._pause = RETRY
        return not is_known or time.monotonic() >= self._next_try

    def _follow(self, champion: RegistryModel) -> None:
        log.info("model %s is the champion of %s now; it is loaded", champion.id, self._name)
        try:
            self._change_to(champion, self._fetched(champion))
        except (BadInput, CannotLoad) as error:
            self._refuse(champion, str(error))
        except Exception as error:  # of any kind: the file server, a full disk
            self._refuse(champion, f"{type(error).__name__}: {error}")
        else:
            self._serving_id, self._refused = champion.id, None

    def _refuse(self, champion: RegistryModel, reason: str) -> None:
        if self._ended.is_set():
            return
        self._refused = Refused(champion.id, " ".join(reason.split()))
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_RETRY)
        log.error("champion %s cannot be loaded: %s; model %s goes on serving", champion.id, reason, self._serving_id)
