"""Changes of the champion: promotions, rollbacks, models put away. Everything stands in ClearML's own registry.

A change has three steps. The new champion gets its number as metadata, which nobody looks at yet; it gets the tag
``champion``, and with it, at once, it is the champion for every reader, because its number is the highest; the former
one loses the tag. A process that dies between two steps leaves a champion behind, the old or the new, and what is left
over is cleaned by the next change. `models.gate.lock` lets one change of a name happen at a time.
"""

from __future__ import annotations

import getpass
import math
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Literal

from config.errors import BadInput, RunFailed
from models.catalog import (
    CHALLENGER,
    CHAMPION,
    PROMOTION,
    RegistryModel,
    as_typed,
    champion_among,
    champion_of,
    model_by_id,
    models_named,
    no_champion,
    registry_client,
)
from models.gate import history
from models.gate.judgement import Candidate, Trust, judge
from models.gate.limits import Limits
from models.gate.lock import PATIENCE, LockTaken, PromotionLock
from models.gate.marks import Facts, note, retag
from models.gate.record import record
from models.gate.verdict import Verdict

#: metadata: ids of the champions before, the latest first, separated by spaces
FORMER = "former_champions"
#: former champions that a model remembers
REMEMBERED = 50
#: how often a promotion judges anew because the champion changed meanwhile
ROUNDS = 5

#: what a change has just done; a seam for tests
Step = Literal["judged", "locked", "numbered", "crowned", "succeeded"]
OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class RolledBack:
    """A rollback that was carried out."""

    name: str
    champion: str
    #: the model that is champion no more
    former: str
    promotion: int
    reason: str


def promote(
    challenger: RegistryModel,
    limits: Limits,
    *,
    force_reason: str = "",
    candidate: Candidate | None = None,
    trust: Trust | None = None,
    task: Any = None,
    deadline: float = math.inf,
    patience: float = PATIENCE,
    on_step: OnStep = lambda _: None,
) -> Verdict:
    """Judges a published model, and makes it the champion of its name if it passes; the verdict is recorded.

    Args:
        challenger: the model.
        limits: of a person.
        force_reason: why it becomes champion whatever the verdict is; empty where the verdict counts.
        candidate: the challenger's pipeline and rows, where they need not be fetched.
        trust: which files may be loaded; signed ones where None.
        task: the `clearml.Task` that made the challenger, where this process runs it.
        deadline: on `time.monotonic`; comparison and waiting for others end there.
        patience: seconds after which another promotion counts as dead.
        on_step: is told of each step of the change.

    Returns:
        The verdict; ``is_promoted`` says whether the champion has changed.

    Raises:
        BadInput: the model is a draft, archived, the champion already, or cannot be loaded.
    """
    for _ in range(ROUNDS):
        _check_candidate(challenger)
        champion = champion_of(challenger.name)
        if champion is not None and champion.id == challenger.id:
            raise BadInput(f"model {challenger.id} is the champion of {challenger.name!r} already")
        verdict = judge(challenger, champion, limits, candidate=candidate, trust=trust, deadline=deadline)
        if force_reason:
            verdict = verdict.forced(force_reason)
        if verdict.is_passed:
            on_step("judged")
            try:
                carried_out = _carried_out(challenger, champion, verdict, deadline, patience, on_step)
            except LockTaken as error:
                carried_out = _undone(verdict, str(error))
            if carried_out is None:  # the champion is not the one that it was judged against
                challenger = _again(challenger)
                continue
            verdict = carried_out
        break
    else:
        verdict = _undone(verdict, f"the champion changed {ROUNDS} times while the challenger was judged")
    record(verdict, challenger, task)
    return verdict


def rollback(
    name: str,
    reason: str,
    *,
    deadline: float = math.inf,
    patience: float = PATIENCE,
    on_step: OnStep = lambda _: None,
) -> RolledBack:
    """Makes the former champion of a name its champion again; a second rollback goes further back.

    Args:
        name: of the models.
        reason: why.
        deadline: on `time.monotonic`, until which others are waited for.
        patience: seconds after which another change counts as dead.
        on_step: is told of each step of the change.

    Raises:
        BadInput: there is no champion, or none before it that is still published and not archived.
    """
    with _locked(name, deadline, patience) as lock:
        on_step("locked")
        models = models_named(name)
        champion = champion_among(models)
        if champion is None:
            raise no_champion(name)
        ids = _former(champion)
        usable = {model.id for model in models if model.is_published}
        while ids and ids[0] not in usable:
            ids = ids[1:]
        if not ids:
            raise BadInput(
                f"{name!r} has no former champion to go back to; 'clearml-automl models list' shows its models"
            )
        restored = next(model for model in models if model.id == ids[0])
        number = _next_number(name)
        facts = _crowning(number, f"rolled back from {champion.id}: {reason}", ids[1:])
        _crown(restored, models, facts, lock, on_step)
        note(champion.id, {"rolled_back_at": _now(), "rolled_back_because": reason})
        history.tell(restored, _row(number, "rolled back", restored, champion, reason))
    return RolledBack(name, restored.id, champion.id, number, reason)


def archive(model: RegistryModel, *, deadline: float = math.inf, patience: float = PATIENCE) -> None:
    """Puts a model away: lists leave it out, and it can be no champion.

    Args:
        model: of the registry.
        deadline: on `time.monotonic`, until which others are waited for.
        patience: seconds after which another change counts as dead.

    Raises:
        BadInput: it is the champion of its name.
    """
    with _locked(model.name, deadline, patience):
        champion = champion_of(model.name)
        if champion is not None and champion.id == model.id:
            raise BadInput(
                f"model {model.id} is the champion of {model.name!r}; promote another one first, or type"
                f" 'clearml-automl models rollback {as_typed(model.name)} --reason why'"
            )
        retag(_again(model), remove=[CHAMPION])  # left by a promotion that was interrupted
        registry_client().models.archive_many(ids=[model.id])


def _carried_out(
    challenger: RegistryModel,
    judged_against: RegistryModel | None,
    verdict: Verdict,
    deadline: float,
    patience: float,
    on_step: OnStep,
) -> Verdict | None:
    """The verdict with the promotion's number; None where it was judged against another champion than there is now."""
    with PromotionLock(challenger.name, deadline, patience) as lock:
        on_step("locked")
        challenger = _again(challenger)
        _check_candidate(challenger)
        models = models_named(challenger.name)
        champion = champion_among(models)
        if (champion and champion.id) != (judged_against and judged_against.id):
            return None
        verdict = verdict.promoted(_next_number(challenger.name))
        assert verdict.promotion is not None
        former = [champion.id, *_former(champion)] if champion else []
        facts = _crowning(verdict.promotion, verdict.reason, former)
        _crown(challenger, models, {**facts, **verdict.metadata()}, lock, on_step)
        history.tell(challenger, _row(verdict.promotion, verdict.outcome, challenger, champion, verdict.reason))
    return verdict


def _crown(
    new: RegistryModel, models: Iterable[RegistryModel], facts: Facts, lock: PromotionLock, on_step: OnStep
) -> None:
    note(new.id, facts)
    on_step("numbered")
    if not lock.is_held:
        raise LockTaken(f"this promotion of {new.name!r} took so long that another one went ahead")
    retag(new, add=[CHAMPION], remove=[CHALLENGER])
    on_step("crowned")
    for model in models:
        if CHAMPION in model.tags and model.id != new.id:
            retag(model, add=[CHALLENGER], remove=[CHAMPION])
    on_step("succeeded")


def _crowning(number: int, reason: str, former: Sequence[str]) -> dict[str, str | int]:
    return {
        PROMOTION: number,
        "promoted_at": _now(),
        "promoted_by": _person(),
        "promotion_reason": reason,
        FORMER: " ".join(former[:REMEMBERED]),
    }


def _row(
    number: int, event: str, champion: RegistryModel, former: RegistryModel | None, reason: str
) -> dict[str, str | int | float | None]:
    values = (
        number, _now(), event, champion.id, former.id if former else "", champion.metric, champion.holdout_score,
        _person(), reason,
    )  # fmt: skip
    return dict(zip(history.COLUMNS, values, strict=True))


def _check_candidate(model: RegistryModel) -> None:
    if not model.is_published:
        raise BadInput(
            f"model {model.id} is a draft, and only a published model can be champion; publish it on {model.url}"
        )
    if model.is_archived:
        raise BadInput(f"model {model.id} is archived, so it can be no champion; restore it on {model.url}")


def _undone(verdict: Verdict, problem: str) -> Verdict:
    return replace(
        verdict, decision="undecided", reasons=(problem, *verdict.reasons), forced_because="", promotion=None,
        way_out=f"clearml-automl models promote {verdict.challenger.model_id}",
    )  # fmt: skip


@contextmanager
def _locked(name: str, deadline: float, patience: float) -> Iterator[PromotionLock]:
    try:
        with PromotionLock(name, deadline, patience) as lock:
            yield lock
    except LockTaken as error:
        raise RunFailed(f"{error}; try again") from None


def _again(model: RegistryModel) -> RegistryModel:
    """The model as it is now."""
    found = model_by_id(model.id)
    if found is None:
        raise BadInput(f"model {model.id} was deleted meanwhile")
    return found


def _next_number(name: str) -> int:
    return 1 + max((model.promotion for model in models_named(name, with_archived=True)), default=0)


def _former(model: RegistryModel) -> list[str]:
    return model.metadata.get(FORMER, "").split()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _person() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):  # a container's user may have no name
        return socket.gethostname()
