"""A ServiceNow that changes while it is read and answers badly: nothing is missing, nothing stale, nothing left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.ingest.events import to_ndjson
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.pull.ask import Ask, Credentials
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store import pulls
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects
from nytta.registry import declarations
from nytta.service.pulls import Puller, dark_indicators, puller
from tests.ingest.pull.faults import TOKEN
from tests.ingest.pull.servicenow import CHANNELS, TICKETS, FakeServiceNow
from tests.organisations import county, small_county

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FAULTS = {"429": 0.05, "500": 0.05, "truncated": 0.05, "empty": 0.08, "dropped": 0.05, "expired": 0.05}


def installed(store: PrivateStore) -> Any:
    """As much of an installation as a pull needs, with the small county's registry."""
    small_county(store.connection)
    intake = Intake(store, Keys("k1", bytes(32)), county())
    return SimpleNamespace(private=store, intake=intake, definitions=())


@contextmanager
def pulled(store: PrivateStore, fake: FakeServiceNow, page: int = 40, *, tokens: bool = False) -> Iterator[Puller]:
    """What pulls a fake into a store, without waiting between tries; with `tokens`, it must ask for one first."""
    with ExitStack() as stack:
        address = stack.enter_context(fake.served())
        declared = Declared(id="desk", kind="servicenow", address=address, system="cases", settings={"page": page})
        made = puller(installed(store), declared, None, pause=lambda _: None)
        if tokens:
            credentials = Credentials("client-credentials", "app", "secret", address + TOKEN)
            made.ask = Ask(address, credentials, pause=lambda _: None)
        made.clock = lambda: NOW
        stack.callback(made.ask.close)
        yield made


def tickets(store: PrivateStore) -> list[tuple[Any, ...]]:
    recompute(store, ())
    return store.connection.rows(TICKETS)


def settled(made: Puller, fake: FakeServiceNow) -> None:
    """Rounds until one is good and nothing more happens."""
    fake.settle()
    for _ in range(20):
        if made.round().state == "good":
            return
    raise AssertionError("no round was good")


def test_everything_is_read_once_while_it_changes_and_the_source_fails(store: PrivateStore) -> None:
    fake = FakeServiceNow(300, in_one_second=130, busy=4, faults=FAULTS, clock=600)
    with pulled(store, fake, tokens=True) as made:
        for _ in range(6):
            made.round()
        settled(made, fake)
        assert tickets(store) == fake.expected()
        fake.delete(30)
        fake.faults = {}
        assert made.reconcile().state == "good"
        assert tickets(store) == fake.expected()
        again = made.round()
        assert (again.state, again.events, again.retracted) == ("good", 0, 0)
        assert made.reconcile().retracted == 0
        assert fake.tokens > 1


def test_a_shorter_list_than_a_third_less_takes_nothing_back(store: PrivateStore) -> None:
    fake = FakeServiceNow(30)
    with pulled(store, fake) as made:
        settled(made, fake)
        fake.delete(15)
        done = made.reconcile()
        assert (done.state, done.retracted) == ("failed", 0)
        assert "15 of 30 rows are gone at the source" in done.message
        assert made.reconcile(gone_at_most=15).retracted > 0
        assert tickets(store) == fake.expected()


def test_a_field_that_falls_silent_holds_the_page_and_the_cursor(store: PrivateStore) -> None:
    fake = FakeServiceNow(60)
    with pulled(store, fake) as made:
        settled(made, fake)
        before = pulls.cursor_of(store, "desk")
        for sys_id in list(fake.incidents)[:20]:
            fake.incidents[sys_id] = fake.change(sys_id)
        fake.renamed = ("opened_at", "opened")
        done = made.round()
        assert (done.state, done.events) == ("held", 0)
        assert "'opened_at' says nothing" in done.message
        assert pulls.cursor_of(store, "desk") == before
        fake.renamed = None
        settled(made, fake)
        assert tickets(store) == fake.expected()


def test_an_unknown_value_is_a_reject_and_hidden_rows_are_told(store: PrivateStore) -> None:
    fake = FakeServiceNow(50)
    unknown, hidden = list(fake.incidents)[:2]
    fake.incidents[unknown]["caller_id.department"] = "nowhere"
    fake.hides = lambda row: row["sys_id"] == hidden
    with pulled(store, fake, page=10) as made:
        made.clock = lambda: datetime.now(UTC)  # rejects are kept for two weeks from their receipt
        done = made.round()
        assert (done.state, done.rejected) == ("degraded", 1)
        (reject,) = latest_rejects(store)
        assert (reject["reason"], reject["source"]) == ("unknown_unit", "desk")
        assert len(tickets(store)) == 48


def test_a_probe_says_what_goes_dark_without_the_history(store: PrivateStore) -> None:
    definitions = tuple(load(declarations.schemas() / "indicators").definitions)
    with pulled(store, FakeServiceNow(3, clock=600)) as made:
        findings = made.probe()
        assert [(one.what, one.fine) for one in findings.found] == [("incident", True), ("sys_audit", False)]
        assert list(dark_indicators(findings, definitions)) == ["sys_audit"]
        assert findings.clock is not None
    with pulled(store, FakeServiceNow(3, history=True)) as made:
        assert dark_indicators(made.probe(), definitions) == {}


def test_nothing_of_a_person_is_asked_for_beyond_what_is_used(store: PrivateStore) -> None:
    fake = FakeServiceNow(5)
    with pulled(store, fake) as made:
        made.round()
        asked = {name for _, query, _ in fake.requests for name in query.get("sysparm_fields", "").split(",")}
        assert not asked & set(made.declared.source().not_fetched)
        assert asked - {""} <= set(made.declared.source().fetched)


def test_what_is_refused_is_told_and_tried_again(store: PrivateStore) -> None:
    fake = FakeServiceNow(5, faults={"500": 1.0})
    with pulled(store, fake) as made:
        done = made.round()
        assert (done.state, done.rows) == ("failed", 0)
        assert "failed 8 times" in done.message
        fake.faults = {"429": 1.0}
        assert made.round().throttled == 8
        made.ask = Ask("http://127.0.0.1:1", Credentials(), pause=lambda _: None)  # nobody is there
        assert made.round().state == "failed"


FIGURES = """
    SELECT indicator, unit, part, toString(period), toInt64(numerator), toInt64(denominator) FROM {private}.cells FINAL
    WHERE grain = 'week' AND unit != 'county' AND numerator > 0
      AND case_type = if(indicator = 'tickets-per-100', '*', '')  -- what adds up has no cells of all types together
    ORDER BY ALL"""
STAFF = {"north": 40, "south": 25}


def monday(text: str) -> str:
    """The Monday, at the county, of a time as ServiceNow writes it."""
    day = datetime.fromisoformat(f"{text}+00:00").astimezone(ZoneInfo("Europe/Stockholm")).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def counted_by_hand(fake: FakeServiceNow) -> list[tuple[Any, ...]]:
    """Tickets per 100, the mix of channels and reassignment, counted over the incidents as they stand."""
    opened, resolved, passed_on = (Counter[tuple[str, str]]() for _ in range(3))
    channels = Counter[tuple[str, str, str]]()
    for row in fake.incidents.values():
        unit, week = row["caller_id.department"], monday(row["opened_at"])
        opened[unit, week] += 1
        channels[unit, CHANNELS[row["contact_type"]], week] += 1
        if row["resolved_at"]:
            resolved[unit, monday(row["resolved_at"])] += 1
            passed_on[unit, monday(row["resolved_at"])] += int(row["reassignment_count"])
    figures: list[tuple[Any, ...]] = [
        ("tickets-per-100", unit, "", week, number, STAFF[unit]) for (unit, week), number in opened.items()
    ]
    figures += [
        ("ticket-channel-mix", unit, channel, week, number, opened[unit, week])
        for (unit, channel, week), number in channels.items()
    ]
    figures += [
        ("reassignment", unit, "", week, number, resolved[unit, week])
        for (unit, week), number in passed_on.items()
        if number
    ]
    return sorted(figures)


def test_figures_by_the_caller_s_department_are_those_counted_by_hand(store: PrivateStore) -> None:
    wanted = ("tickets-per-100", "ticket-channel-mix", "reassignment")
    definitions = tuple(one for one in load(declarations.schemas() / "indicators").definitions if one.id in wanted)
    fake = FakeServiceNow(300, in_one_second=60, busy=6, faults=FAULTS)
    with pulled(store, fake, tokens=True) as made:
        people = [
            {
                "specversion": "1.0",
                "id": f"{unit}-{number}",
                "source": "/staff",
                "type": "nytta.people.eligibility.v1",
                "time": "2026-01-02T08:00:00Z",
                "data": {"unit": unit, "system": "cases", "actor": f"{unit}{number}@c", "valid_from": "2026-01-01"},
            }
            for unit, persons in STAFF.items()
            for number in range(persons)
        ]
        list(made.app.intake.accept([to_ndjson(people)], NOW))
        for _ in range(5):
            made.round()
        settled(made, fake)
        fake.delete(20)
        fake.faults = {}
        assert made.reconcile().state == "good"
        recompute(store, definitions)
        assert store.connection.rows(FIGURES) == counted_by_hand(fake)
