"""Object-centric event logs, OCEL 2.0 in JSON: one row per event, with the objects it is about.

Source: Berti et al. 2024, OCEL (Object-Centric Event Log) 2.0 Specification, www.ocel-standard.org.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.json_file import document, written
from nytta.ingest.files.rows import Broken, Row

_EVENT = "ocel:"
OBJECT = "object:"
"""Stands before the sort of a related object."""


class OcelReader:
    """The events of one OCEL document, held in memory because objects stand behind the events.

    A row has `ocel:id`, `ocel:type` and `ocel:time`, the event's attributes by name, the id of a related object as
    `object:TYPE`, and that object's attributes, as they were at the event's time, as `object:TYPE/NAME`. Of
    several objects of one type the first that the event names stands there: an event is one act, never several.

    Null is as good as absent. An object without id or type, an attribute without name or value and a relationship
    that names no known object are passed over; an event without id, type or time is `Broken`.
    """

    form = "OCEL 2.0"

    def __init__(self, stream: Stream) -> None:
        """`stream` stands at its beginning and is read once."""
        self._stream = stream

    def position(self, number: int) -> str:
        """Events are counted."""
        return f"row {number}"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The events as rows, in the order of the file. `InputError` where the document is no OCEL log."""
        log = document(self._stream)
        if isinstance(log, dict) and "ocel:events" in log:
            raise InputError(
                self._stream.name,
                "",
                "the file is OCEL 1.0; export it as OCEL 2.0 in JSON, as pm4py and others write it",
            )
        if not isinstance(log, dict) or not isinstance(log.get("events"), list):
            raise InputError(self._stream.name, "", "the document has no list 'events': it is no OCEL 2.0 log in JSON")
        sound_items = [entry for entry in _items(log, "objects") if _text(entry, "id") and _text(entry, "type")]
        objects = {_text(entry, "id"): _Object(entry) for entry in sound_items}
        for event in log["events"]:
            missing = [name for name in ("id", "type", "time") if not _text(event, name)]
            if missing:
                yield Broken(f"the event has no {' and no '.join(missing)}, as OCEL has it", written(event))
            else:
                yield _row(event, objects)


class _Object:
    """An object with the values its attributes had over time."""

    def __init__(self, entry: Any) -> None:
        self.type = _text(entry, "type")
        self._history: dict[str, list[tuple[datetime, str]]] = {}
        for attribute in _items(entry, "attributes"):
            name, value = _text(attribute, "name"), _text(attribute, "value")
            if name and value:
                self._history.setdefault(name, []).append((_instant(_text(attribute, "time")), value))
        for history in self._history.values():
            history.sort(key=lambda attribute: attribute[0])

    def at(self, time: str) -> dict[str, str]:
        """The attributes at a time; one that was first said later has its first value."""
        return {
            name: history[max(0, bisect_right(history, _instant(time), key=lambda attribute: attribute[0]) - 1)][1]
            for name, history in self._history.items()
        }


def _items(parent: Any, name: str) -> list[Any]:
    """The list of that name; an empty one where there is none."""
    items = parent.get(name) if isinstance(parent, dict) else None
    return items if isinstance(items, list) else []


def _text(parent: Any, name: str) -> str:
    """The text of a value of that name; "" where there is none, or a list or a mapping."""
    value = parent.get(name) if isinstance(parent, dict) else None
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _instant(text: str) -> datetime:
    """A time of the log, to compare with others; one that is absent or no time lies before all."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _row(event: dict[str, Any], objects: dict[str, _Object]) -> Row:
    row = {f"{_EVENT}{name}": _text(event, name) for name in ("id", "type", "time")}
    for attribute in _items(event, "attributes"):
        name, value = _text(attribute, "name"), _text(attribute, "value")
        if name and value:
            row[name] = value
    for related in _items(event, "relationships"):
        name = _text(related, "objectId")
        log_object = objects.get(name)
        if log_object is not None and f"{OBJECT}{log_object.type}" not in row:
            row[f"{OBJECT}{log_object.type}"] = name
            row |= {
                f"{OBJECT}{log_object.type}/{key}": value for key, value in log_object.at(row[f"{_EVENT}time"]).items()
            }
    return row
