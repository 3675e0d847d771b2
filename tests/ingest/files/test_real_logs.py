"""The shipped mappings on the real logs, against figures that were computed without Nytta."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from nytta.ingest.events import Pseudonymiser, decode
from nytta.ingest.files.files import opened
from nytta.ingest.files.mapping_load import load
from nytta.ingest.files.read import read
from nytta.ingest.files.rows import Row
from nytta.ingest.files.translation.translator import Translator
from nytta.ingest.files.xes import XesReader

pytestmark = pytest.mark.slow

EventsOf = Callable[..., list[Any]]
Case = list[Any]
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOGS = {
    "08_receipt.xes.gz": ("wabo-receipt", 8_577),
    "BPIC15_1.xes.gz": ("dutch-building-permits", 52_217),
    "BPIC15_2.xes.gz": ("dutch-building-permits", 44_354),
    "BPIC15_3.xes.gz": ("dutch-building-permits", 59_681),
    "07_bpic2013_incidents.xes.gz": ("volvo-incidents", 65_533),
    "servicenow_incident_sample.csv": ("servicenow-incidents", 5_998),
    "viva_person_query_2024.csv": ("viva-person-query", 6_900),
}


def reference(shared_data: Path, name: str) -> Any:
    return orjson.loads((shared_data / "reference" / name).read_bytes())


def time(event: Any) -> datetime:
    return datetime.fromisoformat(event["time"])


def month(event: Any, zone: Any = UTC) -> str:
    return time(event).astimezone(zone).strftime("%Y-%m")


def kind(event: Any) -> str:
    return str(event["type"].removeprefix("nytta.").removesuffix(".v1"))


def grouped(events: list[Any], subject: str) -> list[Case]:
    """The events of each case or ticket, in the order of the file."""
    cases: defaultdict[str, Case] = defaultdict(list)
    for event in events:
        cases[event["data"][subject]].append(event["data"] | {"time": time(event), "kind": kind(event), "event": event})
    return list(cases.values())


def repeated(cases: list[Case]) -> list[int]:
    """Per case the number of steps whose activity the case had before."""
    return [len(case) - len({step["activity"] for step in case}) for case in cases]


def durations(cases: list[Case]) -> list[float]:
    return [(max(s["time"] for s in c) - min(s["time"] for s in c)).total_seconds() for c in cases]


def changes(cases: list[Case], field: str) -> int:
    return sum(a.get(field) != b.get(field) for case in cases for a, b in pairwise(case))


@pytest.mark.parametrize(("file", "mapping", "rows"), [(file, *rest) for file, rest in LOGS.items()])
def test_every_row_becomes_an_event_that_is_accepted(shared_data: Path, file: str, mapping: str, rows: int) -> None:
    pseudonymise = Pseudonymiser("test", b"0123456789abcdef")
    ids: set[tuple[str, str]] = set()
    seen = 0
    for chunk in read(shared_data / "events" / file, load(mapping)):
        assert chunk.rejects == ()
        assert chunk.skipped == 0
        batch = decode(chunk.ndjson, received_at=datetime(2026, 2, 9, tzinfo=UTC), pseudonymise=pseudonymise)
        assert batch.rejects == ()
        assert len(batch) == chunk.ndjson.count(b"\n")
        events = [orjson.loads(line) for line in chunk.ndjson.splitlines()]
        ids |= {(event["source"], event["id"]) for event in events}
        seen += len(events)
        assert len({event["sequence"] for event in events}) == min(5_000, rows - chunk.rows // 5_001 * 5_000)
    assert chunk.rows == rows
    assert len(ids) == seen >= rows


def test_receipt(shared_data: Path, events_of: EventsOf) -> None:
    told = reference(shared_data, "receipt.json")
    events = events_of(shared_data / "events" / "08_receipt.xes.gz", load("wabo-receipt"))
    cases = grouped(events, "case")
    assert len(cases) == told["cases"] == 1_434
    assert Counter(event["data"]["activity"] for event in events) == told["activity_counts"]
    assert Counter(event["data"].get("team", "EMPTY") for event in events) == told["events_per_org:group"]
    assert Counter(case[0]["unit"] for case in cases) == told["cases_per_department"]

    opened: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        first = min(case, key=lambda step: step["time"])
        opened[month(first["event"])][first["channel"]] += 1
    names = {"Internet": "web", "Desk": "desk", "Post": "post", "e-mail": "email", "Intern": "internal"}
    expected = told["channel_share_per_month_by_first_event_utc"]
    assert {m: {name: count[c] for name, c in names.items()} for m, count in opened.items()} == {
        m: figures["count"] for m, figures in expected.items()
    }
    assert sum(count["web"] for count in opened.values()) == 1_250

    rework = repeated(cases)
    assert sum(n > 0 for n in rework) == told["rework"]["cases_with_any_repeated_activity"]
    assert sum(rework) == told["rework"]["total_repeated_events"]
    assert np.median(durations(cases)) == pytest.approx(told["case_duration_seconds"]["median"])
    assert changes(cases, "actor") == told["handovers"]["total"]
    assert changes(cases, "team") == told["handovers"]["org_group_changes"]
    assert Counter(e["data"]["actor_kind"] for e in events) == {"person": 8_577 - 522, "system": 522}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_building_permits(shared_data: Path, events_of: EventsOf, number: int) -> None:
    name = f"municipality {number}"
    told = reference(shared_data, "bpic15_municipalities_1to3.json")["units"][name]
    rollout = reference(shared_data, "bpic15_olo_rollout_1to3.json")["units"][name]
    events = events_of(shared_data / "events" / f"BPIC15_{number}.xes.gz", load("dutch-building-permits"))
    assert {event["data"]["unit"] for event in events} == {name}
    steps = [event for event in events if kind(event) == "case.step"]
    cases = grouped(steps, "case")
    assert len(steps) == told["events"]
    assert len(cases) == told["cases"]

    started = {e["data"]["case"]: month(e, AMSTERDAM) for e in events if kind(e) == "case.opened"}
    assert Counter(started.values()) == told["cases_per_startmonth_local"]
    assert sum(kind(e) == "case.closed" for e in events) == told["cases"] - told["cases_without_endDate"]
    intended = Counter(started[case[0]["case"]] for case in cases if any(step["intended"] for step in case))
    assert {m: intended[m] for m in rollout["months"]} == {m: true for m, (_, _, true) in rollout["months"].items()}
    assert intended.total() == rollout["cases_true"] == (0, 16, 4)[number - 1]
    assert all(step["intended"] in (True, False) for case in cases for step in case)

    same = Counter((s["case"], s["activity"], s["time"], s["actor"]) for case in cases for s in case)
    duplicates = told["exact_duplicate_events(case,activity,ts,resource,lifecycle)"]
    assert sum(count - 1 for count in same.values()) == duplicates
    rework = repeated(cases)
    assert sum(n > 0 for n in rework) == told["rework"]["cases_with_any_repeated_activity"]
    assert sum(rework) == told["rework"]["total_repeated_events"]
    assert np.median(durations(cases)) == told["case_duration_seconds"]["median"]
    assert Counter(map(month, steps)) == told["events_per_month_utc"]


def test_municipalities_that_share_a_case_number_share_no_case(shared_data: Path) -> None:
    files = ("BPIC15_1.xes.gz", "BPIC15_3.xes.gz")
    by_case: list[dict[str, Row]] = []
    for file in files:
        with opened(shared_data / "events" / file) as stream:
            by_case.append({row["case:concept:name"]: row for row in XesReader(stream) if isinstance(row, dict)})
    (number,) = by_case[0].keys() & by_case[1].keys()
    cases = {
        Translator(load("dutch-building-permits"), file, "file:0").translate(rows[number], 1).events[0]["data"]["case"]
        for file, rows in zip(files, by_case, strict=True)
    }
    assert cases == {f"1/{number}", f"3/{number}"}


def test_incidents(shared_data: Path, events_of: EventsOf) -> None:
    told = reference(shared_data, "bpic13_incidents.json")
    events = events_of(shared_data / "events" / "07_bpic2013_incidents.xes.gz", load("volvo-incidents"))
    tickets = grouped(events, "ticket")
    assert len(tickets) == told["cases"] == 7_554
    assert Counter(e["data"]["unit"] for e in events) == told["events_per_org_line(organization involved)"]
    assert Counter(e["data"]["activity"] for e in events) == told["activity_counts"]
    assert Counter(kind(e) for e in events) == {"ticket.resolved": 13_867, "ticket.assigned": 65_533 - 13_867}
    products = Counter(ticket[0]["category"] for ticket in tickets)
    assert {name: products[name] for name in told["tickets_per_product_total"]} == told["tickets_per_product_total"]

    line = told["support_line"]
    counted = Counter(event["data"]["line"] for event in events)
    both = line["events"]["2nd_3rd"]
    assert counted == {
        1: line["events"]["first"],
        2: line["events"]["2nd_only"] + both,
        3: line["events"]["3rd_only"],
    }
    assert sum(ticket[0]["line"] == 1 for ticket in tickets) == line["cases_start_first_line"]
    assert sum(any(step["line"] == 2 for step in ticket) for ticket in tickets) == line["cases_touching_2nd"]
    first = sum(all(step["line"] == 1 for step in ticket) for ticket in tickets)
    assert first / len(tickets) == line["push_to_front_share"]
    resolved = [[s for s in ticket if s["kind"] == "ticket.resolved"] for ticket in tickets]
    resolved = [steps for steps in resolved if steps]
    share = sum(steps[0]["line"] == 1 for steps in resolved) / len(resolved)
    key = "resolved_in_first_line_share(first Completed by first-line team / cases with Completed)"
    assert share == line[key]

    assert sum(repeated(tickets)) == told["rework"]["total_repeated_events"]
    assert changes(tickets, "team") == told["ping_pong"]["org:group"]["handovers"]
    assert changes(tickets, "unit") == told["ping_pong"]["organization involved"]["handovers"]
    assert np.median(durations(tickets)) == told["case_duration_seconds"]["median"]


def test_servicenow(shared_data: Path, events_of: EventsOf) -> None:
    events = events_of(shared_data / "events" / "servicenow_incident_sample.csv", load("servicenow-incidents"))
    kinds = Counter(map(kind, events))
    assert kinds == {"ticket.assigned": 5_998 - 929 - 897, "ticket.resolved": 929 + 897, "ticket.opened": 885}
    assert {event["source"] for event in events} == {"servicenow-incidents"}
    assert len({event["data"]["ticket"] for event in events}) == 890
    assert {event["data"]["channel"] for event in events} == {"phone"}
    assert sum(event["data"]["unit"] == "unassigned" for event in events if "." not in event["id"]) == 145
    first = events[0]
    assert (first["id"], first["time"]) == ("INC0000045|0|29-02-2016 01:23", "2016-02-29T01:23:00Z")


def test_viva(shared_data: Path, events_of: EventsOf) -> None:
    events = events_of(shared_data / "events" / "viva_person_query_2024.csv", load("viva-person-query"))
    eligible = [e for e in events if kind(e) == "people.eligibility"]
    active = [e for e in events if kind(e) == "platform.session"]
    assert len(eligible) == 6_900
    weeks = Counter(event["data"]["valid_from"] for event in eligible)
    assert len(weeks) == 23
    assert set(weeks.values()) == {300}
    assert {date.fromisoformat(week).isoweekday() for week in weeks} == {1}
    assert all(time(event).date() == date.fromisoformat(event["data"]["valid_from"]) for event in eligible)
    assert sum(event["data"]["licence"] for event in eligible) == 6_900 - 342
    assert len({event["data"]["unit"] for event in eligible}) == 7

    header, *rows = (shared_data / "events" / "viva_person_query_2024.csv").read_text().splitlines()
    taken = [n for n, name in enumerate(header.split(",")) if name.startswith("Copilot_actions_taken_in_")]
    actions = [sum(int(row.split(",")[n]) for n in taken) for row in rows]
    assert [event["sequence"] for event in active] == [n for n, count in enumerate(actions, 1) if count]
    assert sum(event["data"]["actions"] for event in active) == sum(actions)
