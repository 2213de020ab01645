"""What tasks and models report while they run: scalars, console lines, plots and debug images."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from embedded_server.storage.database import Database

Kind = Literal["scalar", "vector", "plot", "image"]
Event = dict[str, Any]
#: iteration, timestamp in ms, value
Point = tuple[int, int, float]
#: (metric, variant) -> points
Curves = Mapping[tuple[str, str], list[Point]]
#: metric -> the variants that are wanted; all of them where there are none
Wanted = Mapping[str, Sequence[str]]

#: the iteration of a value that belongs to no iteration
SINGLE_VALUE = -(2**31)

SCALAR_TYPE = "training_stats_scalar"
#: the names that the wire has for the kinds
TYPES: dict[str, Kind] = {
    SCALAR_TYPE: "scalar",
    "training_stats_vector": "vector",
    "plot": "plot",
    "training_debug_image": "image",
}
LOG_TYPE = "log"
_TYPE_OF_KIND = {kind: name for name, kind in TYPES.items()}

SCHEMA: tuple[str, ...] = (
    # A curve's points hold a number in place of the names of its owner, metric and variant.
    """CREATE TABLE event_series (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        metric TEXT NOT NULL,
        variant TEXT NOT NULL,
        UNIQUE (owner, kind, metric, variant)
    )""",
    # A point is its own key: a batch that a client sends again after a lost answer changes nothing, while another
    # value for the same iteration is kept beside the first.
    """CREATE TABLE scalars (
        series INTEGER NOT NULL,
        iteration INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (series, iteration, timestamp, value)
    ) WITHOUT ROWID""",
    # Plots, images and vectors, of which the last report of an iteration counts.
    """CREATE TABLE event_bodies (
        id INTEGER PRIMARY KEY,
        series INTEGER NOT NULL,
        iteration INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (series, iteration)
    )""",
    """CREATE TABLE log_lines (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        iteration INTEGER,
        level TEXT,
        worker TEXT,
        message TEXT NOT NULL
    )""",
    "CREATE INDEX log_lines_by_time ON log_lines (owner, timestamp, id)",
)


@dataclass(frozen=True)
class Series:
    """A curve, or the plots or images under one metric and variant."""

    id: int
    metric: str
    variant: str


@dataclass(frozen=True)
class Sample:
    """A plot or image where it stands among its like."""

    iteration: int
    metric: str
    variant: str
    event: Event

    @property
    def place(self) -> tuple[int, str, str]:
        """By which samples are ordered when a person pages through them."""
        return self.iteration, self.metric, self.variant


class Events:
    """The events of a database. An owner is the id of a task or of a model."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, events: Iterable[Event]) -> None:
        """Stores events of any kind, all or none; each with ``type``, ``task``, ``timestamp`` and, but for console
        lines, ``metric``, ``variant`` and ``iter``."""
        points, bodies, lines = [], [], []
        with self.database.transaction() as connection:
            known: dict[tuple[str, str, str, str], int] = {}
            for event in events:
                if event["type"] == LOG_TYPE:
                    lines.append(_line(event))
                    continue
                key = (event["task"], TYPES[event["type"]], event["metric"], event["variant"])
                series = known.get(key)
                if series is None:
                    series = known[key] = _series_id(connection, key)
                if key[1] == "scalar":
                    points.append((series, event["iter"], event["timestamp"], event["value"]))
                else:
                    bodies.append((series, event["iter"], event["timestamp"], _body(event)))
            connection.executemany(_NEW_POINT, points)
            connection.executemany(
                "INSERT INTO event_bodies (series, iteration, timestamp, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (series, iteration) DO UPDATE SET timestamp = excluded.timestamp, body = excluded.body",
                bodies,
            )
            connection.executemany(
                "INSERT INTO log_lines (owner, timestamp, iteration, level, worker, message) VALUES (?, ?, ?, ?, ?, ?)",
                lines,
            )

    def add_curves(self, owner: str, curves: Curves) -> None:
        """Stores scalars, all or none: what `add` does, for many of them."""
        with self.database.transaction() as connection:
            for (metric, variant), points in curves.items():
                series = _series_id(connection, (owner, "scalar", metric, variant))
                connection.executemany(_NEW_POINT, [(series, *point) for point in points])

    def delete(self, owner: str) -> int:
        """Forgets all events of a task or model; how many there were."""
        with self.database.transaction() as connection:
            count = 0
            for table in ("scalars", "event_bodies"):
                count += connection.execute(
                    f"DELETE FROM {table} WHERE series IN (SELECT id FROM event_series WHERE owner = ?)", (owner,)
                ).rowcount
            connection.execute("DELETE FROM event_series WHERE owner = ?", (owner,))
            count += connection.execute("DELETE FROM log_lines WHERE owner = ?", (owner,)).rowcount
        return count

    def series(self, owner: str, kind: Kind, wanted: Wanted | None = None) -> list[Series]:
        """What there is of one kind, sorted by metric and variant.

        Args:
            owner: a task or model.
            kind: of events.
            wanted: metric -> variants to keep; an empty metric name stands for all.
        """
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT id, metric, variant FROM event_series WHERE owner = ? AND kind = ? ORDER BY metric, variant",
                (owner, kind),
            ).fetchall()
        found = [Series(row["id"], row["metric"], row["variant"]) for row in rows]
        if not wanted or "" in wanted:
            return found
        return [one for one in found if one.metric in wanted and _is_wanted(one.variant, wanted[one.metric])]

    # scalars

    def sampled(self, series: int, axis: Literal["iteration", "timestamp"], samples: int) -> list[tuple[int, float]]:
        """A curve as (x, y), by x, thinned by the database: the mean of each bucket, labelled by the bucket's start.

        Buckets are equally wide, whole numbers, and begin at multiples of their width; empty ones are left out.

        Args:
            series: which curve; single values are no part of it.
            axis: what x is.
            samples: into how many buckets the range of x is divided; 0 for all points as they were reported.
        """
        values = {"series": series, "single": SINGLE_VALUE}
        with self.database.snapshot() as connection:
            if samples <= 0:
                statement = f"SELECT {axis}, value {_CURVE} ORDER BY {axis}, value"
            else:
                first, last = connection.execute(_RANGE[axis], values).fetchone()
                if first is None:
                    return []
                # The remainder of a negative number is negative in SQL, so that it would be cut towards zero.
                values["width"] = max(1, -(-(last - first + 1) // samples))
                bucket = axis if values["width"] == 1 else f"{axis} - (({axis} % :width) + :width) % :width"
                statement = f"SELECT {bucket} AS bucket, avg(value) {_CURVE} GROUP BY bucket ORDER BY bucket"
            return [tuple(row) for row in connection.execute(statement, values)]

    def points(self, series: int) -> list[tuple[int, int, float]]:
        """A curve as (iteration, timestamp in ms, value), by iteration; single values are no part of it."""
        with self.database.snapshot() as connection:
            cursor = connection.execute(
                "SELECT iteration, timestamp, value FROM scalars WHERE series = ? AND iteration > ?"
                " ORDER BY iteration, timestamp",
                (series, SINGLE_VALUE),
            )
            return [tuple(row) for row in cursor]

    def single_values(self, owner: str) -> list[tuple[str, str, float, int]]:
        """The last (metric, variant, value, timestamp) of each value that belongs to no iteration."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                # beside max(), SQLite takes the other columns from the row that holds the maximum
                "SELECT s.metric, s.variant, p.value, max(p.timestamp)"
                " FROM event_series AS s CROSS JOIN scalars AS p ON p.series = s.id AND p.iteration = ?"
                " WHERE s.owner = ? AND s.kind = 'scalar' GROUP BY s.metric, s.variant",
                (SINGLE_VALUE, owner),
            ).fetchall()
        return [tuple(row) for row in rows]

    def last_values(self, series: int, count: int) -> list[float]:
        """The values of a curve's last points, the last one first."""
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT value FROM scalars WHERE series = ? AND iteration > ?"
                " ORDER BY iteration DESC, timestamp DESC LIMIT ?",
                (series, SINGLE_VALUE, count),
            ).fetchall()
        return [row["value"] for row in rows]

    def scalar_events(self, owner: str, wanted: Wanted, limit: int, offset: int) -> tuple[list[Event], int]:
        """A page of scalars in the order of their iterations, and how many there are in all."""
        series = self.series(owner, "scalar", wanted)
        ids = json.dumps([one.id for one in series])
        names = {one.id: one for one in series}
        with self.database.snapshot() as connection:
            where = "FROM scalars WHERE series IN (SELECT value FROM json_each(?))"
            total = connection.execute(f"SELECT count(*) {where}", (ids,)).fetchone()[0]
            rows = connection.execute(
                f"SELECT series, iteration, timestamp, value {where} ORDER BY iteration, series, timestamp"
                " LIMIT ? OFFSET ?",
                (ids, limit, offset),
            ).fetchall()
        return [_scalar(owner, names[row["series"]], row) for row in rows], total

    # plots, images and vectors

    def samples(self, series: Series, owner: str, kind: Kind, latest: int = -1) -> list[Sample]:
        """Events of one metric and variant, the latest iteration first.

        Args:
            series: which.
            owner: whose it is.
            kind: of the series.
            latest: how many at most; -1 for all.
        """
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT iteration, timestamp, body FROM event_bodies WHERE series = ? ORDER BY iteration DESC LIMIT ?",
                (series.id, latest),
            ).fetchall()
        return [
            Sample(row["iteration"], series.metric, series.variant, _event(owner, kind, series, row)) for row in rows
        ]

    def iterations(self, owner: str, kind: Kind, wanted: Wanted | None = None) -> list[int]:
        """The iterations of plots or images, the latest first."""
        ids = json.dumps([one.id for one in self.series(owner, kind, wanted)])
        with self.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT DISTINCT iteration FROM event_bodies WHERE series IN (SELECT value FROM json_each(?))"
                " ORDER BY iteration DESC",
                (ids,),
            ).fetchall()
        return [row["iteration"] for row in rows]

    def samples_at(self, owner: str, kind: Kind, iteration: int, wanted: Wanted | None = None) -> list[Sample]:
        """The plots or images of one iteration, by metric and variant."""
        found = []
        for one in self.series(owner, kind, wanted):
            with self.database.snapshot() as connection:
                row = connection.execute(
                    "SELECT iteration, timestamp, body FROM event_bodies WHERE series = ? AND iteration = ?",
                    (one.id, iteration),
                ).fetchone()
            if row:
                found.append(Sample(iteration, one.metric, one.variant, _event(owner, kind, one, row)))
        return found

    # console lines

    def log_lines(self, owner: str, earlier: bool, limit: int = -1, from_timestamp: int | None = None) -> list[Event]:
        """Console lines in the direction of reading.

        Args:
            owner: a task or model.
            earlier: from the last line backwards rather than from the first forwards.
            limit: how many; a few more where the last ones share a millisecond, for the next page begins behind it.
            from_timestamp: ms; only lines before (or after) it.
        """
        direction, compare = ("DESC", "<") if earlier else ("ASC", ">")
        bound = "" if from_timestamp is None else f" AND timestamp {compare} :bound"
        where = f"owner = :owner{bound}"
        values = {"owner": owner, "bound": from_timestamp, "limit": limit}
        with self.database.snapshot() as connection:
            rows = connection.execute(
                f"SELECT * FROM log_lines WHERE {where} ORDER BY timestamp {direction}, id {direction} LIMIT :limit",
                values,
            ).fetchall()
            if rows and len(rows) == limit:
                values |= {"last": rows[-1]["timestamp"], "id": rows[-1]["id"]}
                rows += connection.execute(
                    f"SELECT * FROM log_lines WHERE owner = :owner AND timestamp = :last AND id {compare} :id"
                    f" ORDER BY id {direction}",
                    values,
                ).fetchall()
        return [_log_event(row) for row in rows]

    def count_log_lines(self, owner: str) -> int:
        """How many console lines there are."""
        with self.database.snapshot() as connection:
            return int(connection.execute("SELECT count(*) FROM log_lines WHERE owner = ?", (owner,)).fetchone()[0])

    def delete_log_lines(self, owner: str, before: int | None = None) -> int:
        """Forgets console lines before a moment in ms, or all; how many there were."""
        with self.database.transaction() as connection:
            return connection.execute(
                "DELETE FROM log_lines WHERE owner = ? AND timestamp < ?", (owner, 2**62 if before is None else before)
            ).rowcount

    # events of several kinds

    def page(self, owner: str, type: str | None, descending: bool, limit: int, offset: int) -> tuple[list[Event], int]:
        """A page of events by time, of one type or of all, and how many there are in all."""
        types = [type] if type else [*TYPES, LOG_TYPE]
        parts = [_UNION_PARTS[LOG_TYPE if one == LOG_TYPE else "scalar" if TYPES[one] == "scalar" else "body"]
                 for one in types]  # fmt: skip
        # Plots, images and vectors lie in one table: several parts of it would repeat its rows.
        union = " UNION ALL ".join(dict.fromkeys(parts))
        kinds = json.dumps([TYPES[one] for one in types if one != LOG_TYPE])
        direction = "DESC" if descending else "ASC"
        values = {"owner": owner, "kinds": kinds, "limit": limit, "offset": offset}
        with self.database.snapshot() as connection:
            total = connection.execute(f"SELECT count(*) FROM ({union})", values).fetchone()[0]
            rows = connection.execute(
                f"SELECT * FROM ({union}) ORDER BY timestamp {direction}, iteration {direction}, place, position"
                " LIMIT :limit OFFSET :offset",
                values,
            ).fetchall()
        return [_any_event(owner, row) for row in rows], total

    def all_of(self, owner: str) -> Iterator[Event]:
        """Every event of a task or model, as `add` takes it; inside a transaction or snapshot of the caller."""
        with self.database.snapshot() as connection:
            for kind in _TYPE_OF_KIND:
                for one in self.series(owner, kind):
                    if kind == "scalar":
                        statement = "SELECT * FROM scalars WHERE series = ? ORDER BY iteration, timestamp, value"
                        for row in connection.execute(statement, (one.id,)):
                            yield _scalar(owner, one, row)
                    else:
                        statement = "SELECT * FROM event_bodies WHERE series = ? ORDER BY iteration"
                        for row in connection.execute(statement, (one.id,)):
                            yield _event(owner, kind, one, row)
            statement = "SELECT * FROM log_lines WHERE owner = ? ORDER BY timestamp, id"
            for row in connection.execute(statement, (owner,)):
                yield _log_event(row)


_NEW_POINT = "INSERT OR IGNORE INTO scalars VALUES (?, ?, ?, ?)"
_CURVE = "FROM scalars WHERE series = :series AND iteration > :single"
_RANGE = {
    # two look-ups in the key, where min() beside max() would read the whole curve
    "iteration": f"SELECT (SELECT min(iteration) {_CURVE}), (SELECT max(iteration) {_CURVE})",
    "timestamp": f"SELECT min(timestamp), max(timestamp) {_CURVE}",
}

_UNION_PARTS = {
    "scalar": """SELECT s.kind AS kind, s.id AS place, 0 AS position, s.metric AS metric, s.variant AS variant,
            p.iteration AS iteration, p.timestamp AS timestamp, p.value AS value, NULL AS body,
            NULL AS level, NULL AS worker
        FROM event_series AS s JOIN scalars AS p ON p.series = s.id
        WHERE s.owner = :owner AND s.kind = 'scalar'""",
    "body": """SELECT s.kind AS kind, s.id AS place, b.id AS position, s.metric AS metric, s.variant AS variant,
            b.iteration AS iteration, b.timestamp AS timestamp, NULL AS value, b.body AS body,
            NULL AS level, NULL AS worker
        FROM event_series AS s JOIN event_bodies AS b ON b.series = s.id
        WHERE s.owner = :owner AND s.kind IN (SELECT value FROM json_each(:kinds))""",
    LOG_TYPE: """SELECT 'log' AS kind, 0 AS place, id AS position, NULL AS metric, NULL AS variant,
            iteration, timestamp, NULL AS value, message AS body, level, worker
        FROM log_lines WHERE owner = :owner""",
}


def _series_id(connection: sqlite3.Connection, key: tuple[str, str, str, str]) -> int:
    row = connection.execute(
        "SELECT id FROM event_series WHERE owner = ? AND kind = ? AND metric = ? AND variant = ?", key
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO event_series (owner, kind, metric, variant) VALUES (?, ?, ?, ?) RETURNING id", key
        ).fetchone()
    return int(row["id"])


def _is_wanted(variant: str, variants: Sequence[str]) -> bool:
    return not variants or variant in variants


_COLUMNS = frozenset({"type", "task", "metric", "variant", "iter", "timestamp"})


def _body(event: Event) -> str:
    return json.dumps({name: value for name, value in event.items() if name not in _COLUMNS})


def _line(event: Event) -> tuple[Any, ...]:
    return (
        event["task"], event["timestamp"], event.get("iter"), event.get("level"), event.get("worker"), event["msg"],
    )  # fmt: skip


def _event(owner: str, kind: Kind, series: Series, row: sqlite3.Row) -> Event:
    return {
        **json.loads(row["body"]),
        "type": _TYPE_OF_KIND[kind],
        "task": owner,
        "metric": series.metric,
        "variant": series.variant,
        "iter": row["iteration"],
        "timestamp": row["timestamp"],
    }


def _scalar(owner: str, series: Series, row: sqlite3.Row) -> Event:
    return {
        "type": SCALAR_TYPE,
        "task": owner,
        "metric": series.metric,
        "variant": series.variant,
        "iter": row["iteration"],
        "timestamp": row["timestamp"],
        "value": row["value"],
    }


def _log_event(row: sqlite3.Row) -> Event:
    event = {"type": LOG_TYPE, "task": row["owner"], "timestamp": row["timestamp"], "msg": row["message"]}
    return event | {name: row[column] for name, column in _OPTIONAL.items() if row[column] is not None}


_OPTIONAL = {"level": "level", "worker": "worker", "iter": "iteration"}


def _any_event(owner: str, row: sqlite3.Row) -> Event:
    if row["kind"] == "log":
        event = {"type": LOG_TYPE, "task": owner, "timestamp": row["timestamp"], "msg": row["body"]}
        return event | {name: row[column] for name, column in _OPTIONAL.items() if row[column] is not None}
    series = Series(row["place"], row["metric"], row["variant"])
    return _scalar(owner, series, row) if row["kind"] == "scalar" else _event(owner, row["kind"], series, row)


def metric_names(series: Iterable[Series]) -> Iterator[tuple[str, list[str]]]:
    """Metrics with their variants."""
    names: dict[str, list[str]] = {}
    for one in series:
        names.setdefault(one.metric, []).append(one.variant)
    yield from names.items()
