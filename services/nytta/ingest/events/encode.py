"""Events out as bytes: the opposite of `decode`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.events.models import TYPES
from nytta.ingest.events.plans import PLANS, FieldPlan, TypePlan
from nytta.ingest.events.pseudonyms import NOBODY

_KEYED = frozenset({"milestone", "decision", "benefit"})  # kinds whose id is kept as attribute `key`
_ANY_KEY = "k"  # columns keep no key id of a case, ticket or client: the digest alone says which one it is


def to_ndjson(events: Iterable[Mapping[str, Any]]) -> bytes:
    """CloudEvents as NDJSON, one line each. Dates and times may be Python's; times must carry an offset."""
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)


def encode(events: pa.Table) -> list[bytes]:
    """Decoded events as CloudEvents again, pseudonyms in the place of ids: `decode` makes the same columns of them.

    A line for each event, in their order, ended by a newline. The time of receipt is not part of an event.
    """
    lines = [b""] * len(events)
    type_names = np.array(events["type"].cast(pa.string()).to_pylist(), dtype=object)
    if "retracted" in events.column_names:
        retracted_places = np.flatnonzero(events["retracted"].to_numpy())
        _put(lines, retracted_places, _retractions(events.take(retracted_places)))
        # no type's name: what is taken back must not be written as an event as well
        type_names[retracted_places] = ""
    # type by type, for the events of one type have the same fields in the same columns
    for cloud_type, model in TYPES.items():
        places = np.flatnonzero(type_names == model.name)
        if len(places):
            _put(lines, places, _lines(cloud_type, PLANS[cloud_type], events.take(places)))
    return lines


def _put(lines: list[bytes], places: npt.NDArray[np.intp], encoded: Iterator[bytes]) -> None:
    for place, line in zip(places, encoded, strict=True):
        lines[place] = line


def _retractions(rows: pa.Table) -> Iterator[bytes]:
    types = {model.name: cloud_type for cloud_type, model in TYPES.items()}
    columns = ["id", "source", "type", "time", "unit", "revision"]
    for retraction in rows.select(columns).to_pylist():
        event = {
            "specversion": "1.0",
            "id": retraction["id"],
            "source": retraction["source"],
            "type": types[retraction["type"]],
        }
        if retraction["time"].timestamp() > 0:  # 1970 stands for a time that was not said
            event["time"] = retraction["time"]
        # as a text, as CloudEvents has numbers beyond 32 bits
        event |= {"revision": str(retraction["revision"]), "retracted": True}
        if retraction["unit"]:
            event["data"] = {"unit": retraction["unit"]}
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def _lines(cloud_type: str, plan: TypePlan, rows: pa.Table) -> Iterator[bytes]:
    columns = _Columns(rows)
    times = pc.strftime(rows["time"], "%Y-%m-%dT%H:%M:%SZ").to_pylist()
    fields = {}
    for field in plan.fields:
        values = _values(field, columns)
        if values is not None:
            fields[field.name] = values
    names = list(fields)
    events = zip(
        columns["id"],
        columns["source"],
        times,
        columns["sequence"],
        columns.get("revision") or [0] * len(rows),
        columns.get("attributes") or [()] * len(rows),
        zip(*fields.values(), strict=True),
        strict=True,
    )
    for event_id, source, time, sequence, revision, attributes, row in events:
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": cloud_type,
            "time": time,
        }
        if sequence:
            event["sequence"] = sequence
        if revision:
            event["revision"] = str(revision)
        data = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for name, value in attributes or ():
            if name == "key" and plan.model.kind in _KEYED:
                data[plan.subject.name] = value
            else:
                event["key" if name == "ce_key" else name] = value
        event["data"] = data
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


class _Columns:
    """The columns of some rows as lists, each made when it is first asked for: most types fill few of them."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._names = frozenset(rows.column_names)
        self._lists: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._lists:
            self._lists[name] = _listed(self._rows[name])
        return self._lists[name]

    def get(self, name: str) -> list[Any] | None:
        return self[name] if name in self._names else None


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """As `to_pylist`, without a scalar object for each value where there is a quicker way."""
    if pa.types.is_dictionary(column.type):
        unified = column.unify_dictionaries().combine_chunks()
        words = unified.dictionary.to_pylist()
        return [words[code] for code in unified.indices.to_numpy().tolist()]
    if pa.types.is_integer(column.type):
        return column.to_numpy().tolist()  # type: ignore[no-any-return]
    return column.to_pylist()  # type: ignore[no-any-return]


def _values(field: FieldPlan, columns: _Columns) -> Sequence[Any] | None:
    """What each event says in a field, None where nothing; None alone where no column holds it."""
    if field.role == "identifier":
        column = "actor" if field.name == "actor" else "subject"
        pseudonyms = zip(columns[column], columns["actor_key"], strict=True)
        return [None if digest == NOBODY else f"{key or _ANY_KEY}:{digest.hex()}" for digest, key in pseudonyms]
    if field.column == "week":  # the store has its first day and the day after its last
        return [None if monday is None else _iso_week(monday) for monday in columns["valid_from"]]
    if field.name in {"account", "licence"}:  # the store has whether somebody has both
        entitled = columns.get("entitled") or ()
        return [None if value < 0 else bool(value) for value in entitled] or None
    values_held = columns.get(field.column)
    if values_held is None:
        return None
    match field.role:
        case "text" | "choice":
            return [value or None for value in values_held]
        case "flag" if field.name == "follows":
            return [True if value else None for value in values_held]
        case "flag":
            return [None if value < 0 else bool(value) for value in values_held]
        case "number":
            # below its range a number is what stands where an event says nothing
            least = field.least if field.least is not None else 0
            return [value if value >= least else None for value in values_held]
        case _:
            return [value if isinstance(value, date) else None for value in values_held]


def _iso_week(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"
