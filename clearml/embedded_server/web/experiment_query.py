"""Which experiments a table shows, and in which order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from embedded_server.calls import Store
from embedded_server.entities.records import ARCHIVED
from embedded_server.entities.summaries import name_hash
from embedded_server.storage.documents import Document
from embedded_server.storage.filters import HIDDEN_TAG
from embedded_server.web.experiment_row import BEST, HOLDOUT, SEARCH_TITLE, SINGLE_TITLE, TABLE

DEFAULT_SORT = "-created"
_VALUE = "json_extract(body, '$.{}')"
_SCORE = (
    "(SELECT json_extract(s.value, '$.value') FROM json_each(body, '$.last_metrics.\"{}\"') AS s"
    " WHERE json_extract(s.value, '$.variant') LIKE '{}%' ORDER BY json_extract(s.value, '$.variant') LIMIT 1)"
)
#: what a table can be sorted by -> SQL
SORTS: dict[str, str] = {
    "name": "lower(name)",
    "project": "(SELECT lower(p.name) FROM documents AS p"
    " WHERE p.collection = 'projects' AND p.id = documents.project)",
    "status": "status",
    "type": _VALUE.format("type"),
    "tags": "nullif(tags, '[]')",
    "best": _SCORE.format(name_hash(SEARCH_TITLE), BEST),
    "holdout": _SCORE.format(name_hash(SINGLE_TITLE), HOLDOUT),
    "table": f"lower({_VALUE.format('.'.join(('hyperparams', *TABLE, 'value')))})",
    "duration": "CASE status WHEN 'in_progress'"
    f" THEN (julianday('now') - julianday({_VALUE.format('started')})) * 86400.0"
    f" ELSE {_VALUE.format('active_duration')} END",
    "started": _VALUE.format("started"),
    "created": "created",
    "updated": "last_update",
    "worker": _VALUE.format("last_worker"),
    "iteration": _VALUE.format("last_iteration"),
    "comment": f"nullif({_VALUE.format('comment')}, '')",
    "id": "id",
}
_TEXT = f"name || char(10) || tags || char(10) || ifnull({_VALUE.format('comment')}, '') || char(10) || id"


@dataclass(frozen=True)
class Candidate:
    """An experiment as far as the decision needs it whether and where a table shows it."""

    #: of its document
    number: int
    project: str
    status: str
    tags: frozenset[str]
    #: what it is sorted by
    key: Any
    #: whether it holds the words that are searched for
    matches: bool


@dataclass(frozen=True)
class ExperimentQuery:
    """What a person wants to see in the table."""

    #: ids of projects; all projects where there are none
    projects: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    #: all of which an experiment has to have
    tags: list[str] = field(default_factory=list)
    #: words, all of which have to be in its name, tags, comment or id
    text: str = ""
    #: whether the archived ones are shown, or the others
    is_archived: bool = False
    #: of `SORTS`, or a further column; with a leading "-" the greatest first
    sort: str = DEFAULT_SORT

    def candidates(self, store: Store) -> list[Candidate]:
        """All experiments that are not hidden, archived or not as it is wanted.

        One pass over the tasks answers everything that a page asks of them all.
        """
        order, values = _sort_value(self.sort)
        words = self.text.lower().split()
        matches = " AND ".join(f"instr(lower({_TEXT}), ?)" for _ in words) or "1"
        # the columns that an index holds, so that no body is read where nothing else is asked for
        statement = (
            f"SELECT number, project, status, tags, system_tags, {order}, {matches}"
            " FROM documents WHERE collection = 'tasks'"
        )
        with store.documents.database.snapshot() as connection:
            rows = connection.execute(statement, [*values, *words]).fetchall()
        found = []
        for number, project, status, tags, system_tags, key, holds in rows:
            system = _tags(system_tags)
            if HIDDEN_TAG not in system and (ARCHIVED in system) is self.is_archived:
                found.append(Candidate(number, project or "", status or "", _tags(tags), key, bool(holds)))
        return found

    def in_projects(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Those of the projects, whatever else is wanted."""
        wanted = frozenset(self.projects)
        return [one for one in candidates if not wanted or one.project in wanted]

    def choose(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Those that the table shows, in its order; what has no value to sort by comes last, the youngest first."""
        statuses, tags = frozenset(self.statuses), frozenset(self.tags)
        chosen = [
            one
            for one in self.in_projects(candidates)
            if one.matches and tags <= one.tags and (not statuses or one.status in statuses)
        ]
        chosen.sort(key=lambda one: one.number, reverse=True)
        valued = [(_comparable(one.key), one) for one in chosen if one.key is not None]
        valued.sort(key=lambda pair: pair[0], reverse=self.sort.startswith("-"))
        return [one for _, one in valued] + [one for one in chosen if one.key is None]


def read(store: Store, chosen: Iterable[Candidate]) -> list[Document]:
    """The tasks of experiments, in their order."""
    numbers = [one.number for one in chosen]
    with store.documents.database.snapshot() as connection:
        rows = connection.execute(
            "SELECT number, body FROM documents WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        ).fetchall()
    bodies = {row["number"]: row["body"] for row in rows}
    return [json.loads(bodies[number]) for number in numbers if number in bodies]


def known_sort(sort: str) -> str:
    """What a person wants to sort by, or the usual order in place of what there is not."""
    name = sort.removeprefix("-")
    kind, _, path = name.partition(":")
    return sort if name in SORTS or (kind in {"metric", "param"} and "/" in path) else DEFAULT_SORT


def _sort_value(sort: str) -> tuple[str, list[str]]:
    """SQL for what a table is sorted by, with the values of its question marks."""
    name = sort.removeprefix("-")
    kind, _, path = name.partition(":")
    if kind == "metric":
        title, _, series = path.partition("/")
        return "json_extract(body, ?)", [f'$.last_metrics."{name_hash(title)}"."{name_hash(series)}".value']
    if kind == "param":
        # no path can hold a quotation mark: a hyperparameter with one in its name sorts nothing
        section, _, key = path.replace('"', "").partition("/")
        return "json_extract(body, ?)", [f'$.hyperparams."{section}"."{key}".value']
    return SORTS[name], []


def _comparable(value: Any) -> tuple[bool, float, str]:
    """Numbers before texts; a text that is a number, as hyperparameters are, counts as one."""
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, str(value)


def _tags(text: str | None) -> frozenset[str]:
    return frozenset(json.loads(text)) if text and text != "[]" else frozenset()
