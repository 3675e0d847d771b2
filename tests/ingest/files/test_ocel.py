"""OCEL 2.0 in JSON, on the specification's own example and on rows small enough to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.mapping import Mapping, parse
from nytta.ingest.files.read import opened

Write = Callable[..., Path]

MAPPING = parse(
    """\
id: purchases
format: ocel
organisation: {id: works}
timezone: Europe/Stockholm
unit: {constant: purchasing}
time: ocel:time
events:
  - type: case.step
    case: object:Purchase Order
    activity: ocel:type
    when: {field: object:Purchase Order, present: true}
""",
    "test.yaml",
)

LOG: dict[str, Any] = {
    "objectTypes": [],
    "eventTypes": [],
    "events": [
        {
            "id": "e1",
            "type": "ship",
            "time": "2026-02-01T12:00:00+01:00",
            "attributes": [{"name": "weight", "value": 2.5}],
            "relationships": [
                {"objectId": "o2", "qualifier": "of"},
                {"objectId": "o1", "qualifier": "with"},
                {"objectId": "gone", "qualifier": "?"},
                {"objectId": "p1", "qualifier": "for"},
            ],
        },
        {"id": "e2", "type": "ship"},
    ],
    "objects": [
        {"id": "o1", "type": "order", "attributes": []},
        {
            "id": "o2",
            "type": "order",
            "attributes": [
                {"name": "state", "time": "2026-02-01T10:59:59Z", "value": "packed"},
                {"name": "state", "time": "2026-02-01T11:00:01Z", "value": "sent"},
                {"name": "note", "time": "2026-03-01T00:00:00Z", "value": "later"},
            ],
        },
        {"id": "p1", "type": "person"},
    ],
}


def rows(path: Path, mapping: Mapping = MAPPING) -> list[Any]:
    with opened(path, mapping) as (_, reader):
        return list(reader)


def test_an_event_is_one_row_with_its_objects_as_they_were(write: Write) -> None:
    first, second = rows(write(json.dumps(LOG), "log.jsonocel"))
    assert first == {
        "ocel:id": "e1",
        "ocel:type": "ship",
        "ocel:time": "2026-02-01T12:00:00+01:00",
        "weight": "2.5",
        "object:order": "o2",
        "object:order/state": "packed",
        "object:order/note": "later",
        "object:person": "p1",
    }
    assert "the event has no time" in second.detail


def test_the_examples_events_are_read(shared_data: Path, events_of: Callable[..., list[Any]]) -> None:
    events = events_of(shared_data / "schemas" / "ocel20_example.jsonocel", MAPPING)
    log = json.loads((shared_data / "schemas" / "ocel20_example.jsonocel").read_text("utf-8"))
    orders = {o["id"] for o in log["objects"] if o["type"] == "Purchase Order"}
    about = [
        (e["type"], next(r["objectId"] for r in e["relationships"] if r["objectId"] in orders))
        for e in log["events"]
        if any(r["objectId"] in orders for r in e["relationships"])
    ]
    assert [(e["data"]["activity"], e["data"]["case"]) for e in events] == about
    assert len(about) == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "is empty"), ("{", "is no JSON"), ("[]", "no OCEL 2.0 log"), ('{"events": 1}', "no OCEL 2.0 log")],
)
def test_what_is_no_log_is_told(write: Write, content: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        rows(write(content, "log.jsonocel"))
