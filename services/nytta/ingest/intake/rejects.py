"""Rejects of decoded events, and the rows of a file that rejects were made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from nytta.ingest.events.reasons import Reason

if TYPE_CHECKING:
    from nytta.ingest.events.batch import Reject

EventDetail = Callable[[dict[str, Any]], str]
"""What is wrong with a decoded event, and what to change."""

# bodies come from outside: any of them may be no JSON, no object, or without the field
_UNREADABLE = (orjson.JSONDecodeError, KeyError, TypeError, ValueError)


def refused(events: pa.Table, reason: Reason, detail: EventDetail) -> tuple[Reject, ...]:
    """Rejects of decoded events; the body of each is the event, pseudonymised."""
    # models take longest of all to load, and most batches have no rejects
    from nytta.ingest.events.batch import Reject
    from nytta.ingest.events.encode import encode

    rejects = []
    for event, body in zip(events.to_pylist(), encode(events), strict=True):
        position = f"id {event['id']}"
        rejects.append(Reject(reason, detail(event), event["source"], position, body))
    return tuple(rejects)


def at_row(reject: Reject, rows_before: int) -> Reject:
    """The reject of a decoded line with its place in the file: the row it was mapped from, or the line itself."""
    try:
        row = int(str(orjson.loads(reject.body)["sequence"]))
        return replace(reject, position=f"row {row}")
    except _UNREADABLE:
        line = int(reject.position.removeprefix("line "))
        return replace(reject, position=f"line {rows_before + line}")


def row_of(reject: Reject) -> int:
    """The number of the row that a reject was made of; 0 where it is not known."""
    if match := re.match(r"row (\d+)", reject.position):
        return int(match[1])
    try:
        return int(orjson.loads(reject.body)["sequence"])
    except _UNREADABLE:
        return 0


def event_id_of(reject: Reject) -> str:
    """The id of a rejected event that was made of a row; '' where it cannot be read."""
    try:
        return str(orjson.loads(reject.body)["id"])
    except _UNREADABLE:
        return ""
