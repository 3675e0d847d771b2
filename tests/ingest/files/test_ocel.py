"""OCEL 2.0 in JSON, on the specification's own example and on rows small enough to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.draft import drafted
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import opened, read

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


def shop(orders: int) -> dict[str, Any]:
    """A log of orders with parcels, of which each is about one order: four events of an order, two of a parcel."""
    steps = ("place", "pay", "pack", "archive order")
    events = []
    for order in range(orders):
        for number, step in enumerate(steps):
            about = [f"o{order}", *([f"p{order}"] if step in ("pack", "archive order") else [])]
            events.append(
                {
                    "id": f"{order}/{number}",
                    "type": step,
                    "time": f"2026-02-{order + 1:02}T1{number}:00:00Z",
                    "relationships": [{"objectId": name, "qualifier": "of"} for name in about],
                }
            )
    objects = [{"id": f"{sort[0]}{n}", "type": sort} for sort in ("order", "parcel") for n in range(orders)]
    return {"objectTypes": [], "eventTypes": [], "events": events, "objects": objects}


def test_the_cases_of_a_log_are_objects_of_one_sort_that_a_person_may_choose(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(shop(8)), "utf-8")
    made = drafted(look(path, path.name))
    asked = next(question for question in made.questions if question.about == "case")
    assert (made.fields["case"], asked.choices, asked.proposed) == ("object:order", ("order", "parcel"), "order")
    for sort, steps in (("order", 32), ("parcel", 16)):
        (chunk,) = read(path, mapping_of(made, "org", "UTC", {"unit": "u", "system": "s", "case": sort}))
        events = [json.loads(line) for line in chunk.ndjson.splitlines()]
        assert [event["type"] for event in events].count("nytta.case.step.v1") == steps
        assert {event["data"]["case"] for event in events} == {f"{sort[0]}{n}" for n in range(8)}
        assert (len(chunk.rejects), chunk.skipped) == (0, 32 - steps)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xmlocel", "<?xml version='1.0'?><log><global/><events><event/></events></log>", "OCEL in XML"),
        ("b.xml", "<log><object-types/><event-types/></log>", "OCEL in XML"),
        ("c.csv", "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order\ne1,pay,2026-01-01,['o1']\n", "as a table"),
    ],
)
def test_other_logs_of_objects_are_named_with_what_to_do(name: str, content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=f"{told}; export the log as OCEL 2.0 in JSON"):
        look(path, name)
