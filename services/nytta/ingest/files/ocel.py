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
            raise InputError(
                self._stream.name,
                "",
                "the document has no list 'events': it is no OCEL 2.0 log in JSON",
            )
        sound_items = [
            log_entry
            for log_entry in _items(log, "objects")
            if _text(log_entry, "id") and _text(log_entry, "type")
        ]
        objects = {_text(log_entry, "id"): _Object(log_entry) for log_entry in sound_items}
        for event in log["events"]:
            missing = [
                field_name for field_name in ("id", "type", "time") if not _text(event, field_name)
            ]
            if missing:
                yield Broken(
                    f"the event has no {' and no '.join(missing)}, as OCEL has it", written(event)
                )
            else:
                yield _row(event, objects)


class _Object:
    """An object with the values its attributes had over time."""

    def __init__(self, log_entry: Any) -> None:
        self.type = _text(log_entry, "type")
        self._history: dict[str, list[tuple[datetime, str]]] = {}
        for attribute in _items(log_entry, "attributes"):
            field_name, attribute_value = _text(attribute, "name"), _text(attribute, "value")
            if field_name and attribute_value:
                self._history.setdefault(field_name, []).append(
                    (_instant(_text(attribute, "time")), attribute_value)
                )
        for history in self._history.values():
            history.sort(key=lambda attribute: attribute[0])

    def at(self, time: str) -> dict[str, str]:
        """The attributes at a time; one that was first said later has its first value."""
        return {
            field_name: history[
                max(
                    0, bisect_right(history, _instant(time), key=lambda attribute: attribute[0]) - 1
                )
            ][1]
            for field_name, history in self._history.items()
        }


def _items(log_object: Any, field_name: str) -> list[Any]:
    """The list of that name; an empty one where there is none."""
    items = log_object.get(field_name) if isinstance(log_object, dict) else None
    return items if isinstance(items, list) else []


def _text(log_object: Any, field_name: str) -> str:
    """The text of a value of that name; "" where there is none, or a list or a mapping."""
    attribute_value = log_object.get(field_name) if isinstance(log_object, dict) else None
    return (
        ""
        if attribute_value is None or isinstance(attribute_value, dict | list)
        else str(attribute_value)
    )


def _instant(text: str) -> datetime:
    """A time of the log, to compare with others; one that is absent or no time lies before all."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _row(event: dict[str, Any], objects: dict[str, _Object]) -> Row:
    event_row = {
        f"{_EVENT}{field_name}": _text(event, field_name) for field_name in ("id", "type", "time")
    }
    for attribute in _items(event, "attributes"):
        field_name, attribute_value = _text(attribute, "name"), _text(attribute, "value")
        if field_name and attribute_value:
            event_row[field_name] = attribute_value
    for related in _items(event, "relationships"):
        field_name = _text(related, "objectId")
        log_object = objects.get(field_name)
        if log_object is not None and f"{OBJECT}{log_object.type}" not in event_row:
            event_row[f"{OBJECT}{log_object.type}"] = field_name
            event_row |= {
                f"{OBJECT}{log_object.type}/{key}": attribute_value
                for key, attribute_value in log_object.at(event_row[f"{_EVENT}time"]).items()
            }
    return event_row
