"""Object-centric event logs, OCEL 2.0 in JSON: one row per event, with the objects it is about.

Source: Berti et al. 2024, OCEL (Object-Centric Event Log) 2.0 Specification, www.ocel-standard.org.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from nytta.connectors.errors import InputError
from nytta.connectors.files import Stream
from nytta.connectors.json_file import document
from nytta.connectors.rows import Broken, Row

_EVENT = "ocel:"
_OBJECT = "object:"


class OcelReader:
    """The events of one OCEL document, held in memory because objects stand behind the events.

    A row has `ocel:id`, `ocel:type` and `ocel:time`, the event's attributes by name, the id of a related object as
    `object:TYPE`, and that object's attributes, as they were at the event's time, as `object:TYPE/NAME`. Of
    several objects of one type the first that the event names stands there: an event is one act, never several.
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
        if not isinstance(log, dict) or not isinstance(log.get("events"), list):
            raise InputError(self._stream.name, "", "the document has no list 'events': it is no OCEL 2.0 log in JSON")
        objects = {o["id"]: _Object(o) for o in log.get("objects", ()) if isinstance(o, dict) and "id" in o}
        for event in log["events"]:
            try:
                yield _row(event, objects)
            except (KeyError, TypeError, AttributeError):
                yield Broken("the event has no id, type or time, or is no object as OCEL has it", orjson.dumps(event))


class _Object:
    """An object with the values its attributes had over time."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.type = str(given["type"])
        self._history: dict[str, list[tuple[datetime, str]]] = {}
        for attribute in given.get("attributes", ()):
            said = (_instant(str(attribute.get("time", ""))), str(attribute["value"]))
            self._history.setdefault(str(attribute["name"]), []).append(said)
        for history in self._history.values():
            history.sort(key=lambda said: said[0])

    def at(self, time: str) -> dict[str, str]:
        """The attributes at a time; one that was first said later has its first value."""
        return {
            name: history[max(0, bisect_right(history, _instant(time), key=lambda said: said[0]) - 1)][1]
            for name, history in self._history.items()
        }


def _instant(text: str) -> datetime:
    """A time of the log, to compare with others; one that is absent or no time lies before all."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _row(event: dict[str, Any], objects: dict[str, _Object]) -> Row:
    time = str(event["time"])
    row = {f"{_EVENT}id": str(event["id"]), f"{_EVENT}type": str(event["type"]), f"{_EVENT}time": time}
    row |= {str(a["name"]): str(a["value"]) for a in event.get("attributes", ())}
    for related in event.get("relationships", ()):
        found = objects.get(related["objectId"])
        if found is not None and f"{_OBJECT}{found.type}" not in row:
            row[f"{_OBJECT}{found.type}"] = str(related["objectId"])
            row |= {f"{_OBJECT}{found.type}/{name}": value for name, value in found.at(time).items()}
    return row
