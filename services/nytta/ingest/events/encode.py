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

from nytta.ingest.events.columns import KEY_ATTRIBUTE, KEY_EXTENSION, KEYED_KINDS
from nytta.ingest.events.models import TYPES
from nytta.ingest.events.plans import PLANS, FieldPlan, TypePlan
from nytta.ingest.events.pseudonyms import NOBODY

# columns keep no key id of a case, ticket or client: the digest alone says which one it is
_ANY_KEY = "k"


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
        event_rows = np.flatnonzero(type_names == model.name)
        if len(event_rows):
            _put(lines, event_rows, _lines(cloud_type, PLANS[cloud_type], events.take(event_rows)))
    return lines


def _put(lines: list[bytes], line_numbers: npt.NDArray[np.intp], encoded: Iterator[bytes]) -> None:
    for number, line in zip(line_numbers, encoded, strict=True):
        lines[number] = line


def _retractions(retracted_events: pa.Table) -> Iterator[bytes]:
    types = {model.name: cloud_type for cloud_type, model in TYPES.items()}
    columns = ["id", "source", "type", "time", "unit", "revision"]
    for retraction in retracted_events.select(columns).to_pylist():
        event = {
            "specversion": "1.0",
            "id": retraction["id"],
            "source": retraction["source"],
            "type": types[retraction["type"]],
        }
        # 1970 stands for a time that was not said
        if retraction["time"].timestamp() > 0:
            event["time"] = retraction["time"]
        # as a text, as CloudEvents has numbers beyond 32 bits
        event |= {"revision": str(retraction["revision"]), "retracted": True}
        if retraction["unit"]:
            event["data"] = {"unit": retraction["unit"]}
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def _lines(cloud_type: str, plan: TypePlan, event_rows: pa.Table) -> Iterator[bytes]:
    columns = _Columns(event_rows)
    times = pc.strftime(event_rows["time"], "%Y-%m-%dT%H:%M:%SZ").to_pylist()
    fields = {}
    for field in plan.fields:
        values = _values(field, columns)
        if values is not None:
            fields[field.name] = values
    field_names = list(fields)
    events = zip(
        columns["id"],
        columns["source"],
        times,
        columns["sequence"],
        columns.get("revision") or [0] * len(event_rows),
        columns.get("attributes") or [()] * len(event_rows),
        zip(*fields.values(), strict=True),
        strict=True,
    )
    for event_id, source, time, sequence, revision, attributes, field_values in events:
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
        named_values = zip(field_names, field_values, strict=True)
        event_data = {name: value for name, value in named_values if value is not None}
        for attribute_name, text in attributes or ():
            if attribute_name == KEY_ATTRIBUTE and plan.model.kind in KEYED_KINDS:
                event_data[plan.subject.name] = text
            elif attribute_name == KEY_EXTENSION:
                event[KEY_ATTRIBUTE] = text
            else:
                event[attribute_name] = text
        event["data"] = event_data
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


class _Columns:
    """The columns of some rows as lists, each made when it is first asked for: most types fill few of them."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._names = frozenset(rows.column_names)
        self._lists: dict[str, list[Any]] = {}

    def __getitem__(self, field_name: str) -> list[Any]:
        if field_name not in self._lists:
            self._lists[field_name] = _listed(self._rows[field_name])
        return self._lists[field_name]

    def get(self, field_name: str) -> list[Any] | None:
        return self[field_name] if field_name in self._names else None


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
    """What each event says in a field, None where nothing; None in place of the list where no column holds it."""
    if field.role == "identifier":
        column = "actor" if field.name == "actor" else "subject"
        pseudonyms = zip(columns[column], columns["actor_key"], strict=True)
        return [
            None if digest == NOBODY else f"{key or _ANY_KEY}:{digest.hex()}"
            for digest, key in pseudonyms
        ]
    # of a week, columns hold its first day and the day after its last
    if field.column == "week":
        return [None if monday is None else _iso_week(monday) for monday in columns["valid_from"]]
    # of an account and a licence, one column holds whether somebody has both
    if field.name in {"account", "licence"}:
        entitled = columns.get("entitled") or ()
        return [_flag(cell) for cell in entitled] or None
    cells = columns.get(field.column)
    if cells is None:
        return None
    match field.role:
        case "text" | "choice":
            return [cell or None for cell in cells]
        # the one flag whose column holds 0 both for no and for nothing said
        case "flag" if field.name == "follows":
            return [True if cell else None for cell in cells]
        case "flag":
            return [_flag(cell) for cell in cells]
        case "number":
            # below its range a number is what stands where an event says nothing
            least = field.least if field.least is not None else 0
            return [cell if cell >= least else None for cell in cells]
        case _:
            return [cell if isinstance(cell, date) else None for cell in cells]


def _flag(cell: int) -> bool | None:
    return None if cell < 0 else bool(cell)


def _iso_week(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"
