"""The models that the registry holds, as plain records; reading only."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from config.errors import BadInput

CHAMPION = "champion"
CHALLENGER = "challenger"
ARCHIVED = "archived"
#: metadata: the number of the promotion that made a model the champion; it grows with each promotion of a name
PROMOTION = "promotion"
#: what follows a name in a reference to its newest published model
NEWEST = "@newest"

_PAGE = 500  # models in an answer of the server
_SHOWN_NAMES = 3  # in a message
_MODEL_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = ["id", "name", "project", "task", "ready", "tags", "system_tags", "uri", "created", "metadata"]


@dataclass(frozen=True)
class RegistryModel:
    """A model of the registry, as it was when it was looked at."""

    id: str
    #: several models share a name; one of them is its champion
    name: str
    tags: tuple[str, ...]
    is_published: bool
    is_archived: bool
    created: datetime
    #: the task that made it, which holds its evidence; empty where there was none
    task_id: str
    #: where its file is stored
    uri: str
    #: its page in the web interface
    url: str
    metadata: Mapping[str, str] = field(repr=False)

    @property
    def metric(self) -> str:
        """Name of the scorer behind its scores; greater is better."""
        return self.metadata.get("metric", "")

    @property
    def task_type(self) -> str:
        """``classification`` or ``regression``; empty for a model of an older version."""
        return self.metadata.get("task_type", "")

    @property
    def cv_score(self) -> float | None:
        """Mean over the folds."""
        return self.number("cv_score")

    @property
    def holdout_score(self) -> float | None:
        """On rows that its search never saw."""
        return self.number("holdout_score")

    @property
    def holdout_interval(self) -> tuple[float, float] | None:
        """95 % interval of the hold-out score."""
        low, high = self.number("holdout_low"), self.number("holdout_high")
        return None if low is None or high is None else (low, high)

    @property
    def input_schema(self) -> dict[str, Any]:
        """The columns that it wants, as `models.schema.input_schema` describes them; empty where none were recorded."""
        try:
            schema = json.loads(self.metadata.get("input_schema", ""))
        except ValueError:
            return {}
        return schema if isinstance(schema, dict) else {}

    @property
    def sha256(self) -> str:
        """Of its file, hexadecimal; empty where none was recorded."""
        return self.metadata.get("sha256", "")

    @property
    def size_bytes(self) -> int | None:
        """Of its file."""
        size = self.number("size_bytes")
        return None if size is None else int(size)

    @property
    def promotion(self) -> int:
        """The number of the promotion that made it the champion; 0 where there was none."""
        return int(self.number(PROMOTION) or 0)

    @property
    def has_champion_tag(self) -> bool:
        """Whether it is tagged so; of several of one name, `champion_of` tells which one counts."""
        return CHAMPION in self.tags and self.is_published and not self.is_archived

    @property
    def role(self) -> str:
        """``champion``, ``challenger``, or empty, by its tags alone."""
        return CHAMPION if self.has_champion_tag else CHALLENGER if CHALLENGER in self.tags else ""

    def as_json(self, *, is_whole: bool = False) -> dict[str, Any]:
        """What ``-o json`` prints of it.

        Args:
            is_whole: with all metadata, and the input schema among them.
        """
        told: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "tags": list(self.tags),
            "published": self.is_published,
            "archived": self.is_archived,
            "created": self.created.isoformat(),
            "metric": self.metric,
            "cv_score": self.cv_score,
            "holdout_score": self.holdout_score,
            "holdout_interval": self.holdout_interval,
            "inference_ms": self.number("inference_ms"),
            "size_bytes": self.size_bytes,
            "promotion": self.promotion or None,
            "verdict": self.metadata.get("verdict", ""),
            "task": self.task_id,
            "uri": self.uri,
            "url": self.url,
        }
        if is_whole:
            plain = {key: value for key, value in self.metadata.items() if key != "input_schema"}
            told |= {"metadata": plain, "input_schema": self.input_schema}
        return told

    def number(self, key: str) -> float | None:
        """A number that the metadata hold; None where they hold none."""
        try:
            return float(self.metadata[key])
        except (KeyError, ValueError):
            return None


@functools.cache
def registry_client() -> Any:
    """A client of the server that the SDK is configured for; one for the process, since each logs in anew."""
    from clearml.backend_api.session.client import APIClient  # late: the SDK reads its configuration when imported

    return APIClient()


def all_models(name_part: str = "") -> list[RegistryModel]:
    """The models of all names, the newest first; archived ones are left out.

    Args:
        name_part: leaves only names that hold it, in any case.
    """
    found = _queried(name=f"(?i){re.escape(name_part)}") if name_part else _queried()
    return [model for model in found if name_part.lower() in model.name.lower()]


def models_named(name: str, *, with_archived: bool = False) -> list[RegistryModel]:
    """The models of a name, the newest first; archived ones are left out unless they are asked for."""
    found = _queried(with_archived, name=f"^{re.escape(name)}$")
    return [model for model in found if model.name == name]


def champion_of(name: str) -> RegistryModel | None:
    """The champion of a name; None where it has none."""
    return champion_among(models_named(name))


def champion_among(models: Sequence[RegistryModel]) -> RegistryModel | None:
    """Of models of one name, the champion.

    A promotion that was interrupted may leave two with the tag: the later one counts, by its number.
    """
    tagged = [model for model in models if model.has_champion_tag]
    return max(tagged, key=lambda model: (model.promotion, model.created, model.id), default=None)


def model_by_id(model_id: str) -> RegistryModel | None:
    """One model, archived or not; None where there is none."""
    found = registry_client().models.get_all(id=[model_id], only_fields=_FIELDS)
    return _record(found[0].to_dict()) if found else None


def find(reference: str) -> RegistryModel:
    """The model that a person means.

    Args:
        reference: a model's id; a name, which means its champion; or a name and ``@newest``, which means its newest
            published model. A name without its project (``penguins`` for ``AutoML/penguins``) will do where only one
            ends so.

    Raises:
        BadInput: there is no such model, the name is ambiguous, or it has no champion.
    """
    if _MODEL_ID.fullmatch(reference):
        model = model_by_id(reference)
        if model is None:
            raise BadInput(f"there is no model {reference}; 'clearml-automl models list' shows what there is")
        return model
    name = full_name(reference.removesuffix(NEWEST))
    models = models_named(name)
    if reference.endswith(NEWEST):
        published = [model for model in models if model.is_published]
        if not published:
            raise BadInput(f"no model named {name!r} is published; publish a draft on its page, or run a search")
        return published[0]
    champion = champion_among(models)
    if champion is None:
        raise no_champion(name)
    return champion


def only_champion(models: Iterable[RegistryModel]) -> str:
    """The one name that has a champion.

    Args:
        models: of all names.

    Raises:
        BadInput: none has, or several have.
    """
    models = list(models)
    names = sorted({model.name for model in models if model.has_champion_tag})
    if len(names) == 1:
        return names[0]
    if names:
        raise BadInput(f"several names have a champion; type one of {_listed(names)}")
    if not models:
        raise BadInput("the registry holds no models yet; 'clearml-automl run' makes one")
    raise no_champion(models[0].name)


def no_champion(name: str) -> BadInput:
    """The error that a name without a champion is."""
    return BadInput(
        f"{name!r} has no champion yet; type 'clearml-automl models promote {as_typed(name + NEWEST)}' to make one"
    )


def as_typed(reference: str) -> str:
    """A reference as a person types it into a shell."""
    return f'"{reference}"' if any(character in reference for character in " ()&;'") else reference


def full_name(name: str) -> str:
    """The name of the registry that a person means.

    Args:
        name: whole, or what follows a project.

    Raises:
        BadInput: nothing is called so, or several are.
    """
    names = sorted({model.name for model in all_models(name)})
    if name in names:
        return name
    ending = [each for each in names if each.endswith(f"/{name}")] if name else []
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise BadInput(f"{name!r} is ambiguous; type one of {_listed(ending)}")
    known = sorted({model.name for model in all_models()})
    tails = {each.rpartition("/")[2] for each in known}
    close = difflib.get_close_matches(name, known, _SHOWN_NAMES)
    close += [
        each
        for tail in difflib.get_close_matches(name, tails, _SHOWN_NAMES)
        for each in known
        if each.endswith(f"/{tail}")
    ]
    hint = f"did you mean {_listed(list(dict.fromkeys(close)))}?" if close else "'clearml-automl models list' shows all"
    raise BadInput(f"there is no model named {name!r}; {hint}" if known else "the registry holds no models yet")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN_NAMES])
    return f"{shown} and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else shown


def _queried(with_archived: bool = False, **asked: Any) -> list[RegistryModel]:
    if not with_archived:
        asked["system_tags"] = [f"-{ARCHIVED}"]
    found: list[RegistryModel] = []
    while True:
        page = registry_client().models.get_all(
            only_fields=_FIELDS, order_by=["-created", "id"], page=len(found) // _PAGE, page_size=_PAGE, **asked
        )
        found += [_record(model.to_dict()) for model in page]
        if len(page) < _PAGE:
            return found


def _record(model: Mapping[str, Any]) -> RegistryModel:
    from clearml.backend_api import Session

    project = model.get("project") or "*"
    return RegistryModel(
        id=model["id"],
        name=model.get("name") or "",
        tags=tuple(model.get("tags") or ()),
        is_published=bool(model.get("ready")),
        is_archived=ARCHIVED in (model.get("system_tags") or ()),
        created=_time(model.get("created")),
        task_id=model.get("task") or "",
        uri=model.get("uri") or "",
        url=f"{Session.get_app_server_host()}/projects/{project}/models/{model['id']}/general",
        metadata={key: str(entry.get("value", "")) for key, entry in (model.get("metadata") or {}).items()},
    )


def _time(told: Any) -> datetime:
    if isinstance(told, str):
        told = datetime.fromisoformat(told.replace("Z", "+00:00"))
    if not isinstance(told, datetime):
        return datetime.fromtimestamp(0, timezone.utc)
    return told if told.tzinfo else told.replace(tzinfo=timezone.utc)
