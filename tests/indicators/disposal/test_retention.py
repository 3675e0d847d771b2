"""Disposal on a real store, as time goes by: what goes, what stays, and what the figures do then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.disposal.removal import purge
from nytta.indicators.disposal.retention import Due, dispose, due
from nytta.indicators.load import load
from nytta.indicators.store import seals
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.retention import Disposal, Rule
from tests.organisations import county, small_county
from tests.rows import day, event, pseudonym, table

pytestmark = pytest.mark.slow

SOME = {"digital-intake", "lead-time", "weekly-breadth"}
DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id in SOME)
AUTUMN = datetime(2026, 9, 1, 12, tzinfo=UTC)  # twenty-six weeks before: 3 March, noon
DECIDED = replace(county(), disposals=(Disposal(Rule.PERSONS, "KS 1"), Disposal(Rule.CASES, "KS 2")))


def received(text: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"received_at": datetime.fromisoformat(f"2026-{text}T12:00:00+00:00")} for row in rows]


FEBRUARY = received(
    "02-06",
    event(1, "case.opened", "02-02", "old", channel="web"),
    event(2, "case.step", "02-03", "old", actor="ada", activity="decide"),
    event(3, "people.eligibility", "01-01", "ada", actor="ada", entitled=1, valid_from=day("01-01")),
    event(4, "people.eligibility", "01-01", "bo", actor="bo", entitled=1, valid_from=day("01-01")),
    event(5, "platform.session", "02-04", "ada", actor="ada", quantity=1),
)
MAY = received(
    "05-22",
    event(6, "case.opened", "05-18", "young", channel="phone"),
    event(7, "case.step", "05-19", "young", actor="ada", activity="decide"),
    event(8, "people.eligibility", "01-01", "ada", actor="ada", entitled=1, valid_from=day("01-01"), source="hr"),
    event(9, "platform.session", "05-20", "ada", actor="ada", quantity=1),
)


@pytest.fixture(scope="module")
def filled_once(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """Events of February and of May, with their figures."""
    store = new_module_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.write(table([*FEBRUARY, *MAY]), [], seal=bytes, received_at=AUTUMN)
    recompute(store, DEFINITIONS)
    return store


@pytest.fixture
def filled(copy_of: Callable[[PrivateStore], PrivateStore], filled_once: PrivateStore) -> PrivateStore:
    """The same, for a test to change."""
    return copy_of(filled_once)


def run(store: PrivateStore, now: datetime, registry: Registry = DECIDED) -> list[Due]:
    found = due(store, registry, now)
    for each in found:
        if each.decided:
            dispose(store, DEFINITIONS, each, now)
    recompute(store, DEFINITIONS)
    purge(store)
    return found


def figures(
    store: PrivateStore, indicator: str, grain: str = "week", unit: str = "north"
) -> dict[str, tuple[int, int]]:
    rows = store.connection.rows(
        "SELECT toString(period), numerator, denominator FROM {private}.cells FINAL WHERE indicator = {i:String} "
        "AND grain = {g:String} AND unit = {u:String} AND case_type IN ('', '*') ORDER BY period, case_type",
        i=indicator,
        g=grain,
        u=unit,
    )
    return {period: (numerator, denominator) for period, numerator, denominator in rows}


def everything_that_names(store: PrivateStore, name: str) -> dict[str, int]:
    who = pseudonym(name).hex()
    places = {
        "events": f"hex(actor) = upper('{who}') OR hex(subject) = upper('{who}')",
        "persons_by_day": f"hex(actor) = upper('{who}')",
        "cases": f"has(arrayMap(a -> hex(a), actors), upper('{who}'))",
        "tickets": f"has(arrayMap(a -> hex(a), actors), upper('{who}'))",
        "removal": "1",
    }
    return {t: int(store.connection.value(f"SELECT count() FROM {{private}}.{t} WHERE {w}")) for t, w in places.items()}


def test_nothing_goes_before_its_time(filled: PrivateStore) -> None:
    assert due(filled, DECIDED, datetime(2026, 8, 7, 11, tzinfo=UTC)) == []
    (each,) = due(filled, DECIDED, datetime(2026, 8, 7, 13, tzinfo=UTC))  # 26 weeks and an hour after the receipt
    assert (each.rule, each.organisation, each.decision, dict(each.rows)) == (
        Rule.PERSONS,
        "county",
        "KS 1",
        {"events": 4},
    )


def test_without_a_decision_nothing_goes(filled: PrivateStore) -> None:
    before = figures(filled, "weekly-breadth")
    (each,) = run(filled, AUTUMN, county())
    assert not each.decided
    assert everything_that_names(filled, "bo")["events"] == 1
    assert figures(filled, "weekly-breadth") == before
    (other,) = due(filled, county(), AUTUMN, "by the archive's order")
    assert other.decided


def test_persons_go_and_their_weeks_are_sealed(filled: PrivateStore, tables: Path) -> None:
    breadth, intake, lead = (figures(filled, i) for i in ("weekly-breadth", "digital-intake", "lead-time"))
    assert breadth["2026-02-02"] == (1, 2)
    assert breadth["2026-05-18"] == (1, 2)
    run(filled, AUTUMN)
    # bo was told of in February alone: nothing names him; what ada did since is there
    assert set(everything_that_names(filled, "bo").values()) == {0}
    assert everything_that_names(filled, "ada") == {
        "events": 3,
        "persons_by_day": 2,
        "cases": 1,
        "tickets": 0,
        "removal": 0,
    }
    after = figures(filled, "weekly-breadth")
    assert after["2026-02-02"] == (1, 2)  # as it was
    assert after["2026-03-02"] == (0, 2)  # began before 3 March
    assert after["2026-03-09"] == (0, 1)  # did not: bo is told of no longer
    assert after["2026-05-18"] == (1, 1)
    assert (figures(filled, "digital-intake"), figures(filled, "lead-time")) == (intake, lead)
    found = verify(filled, DEFINITIONS, tables)
    assert found.equal, found.examples
    assert found.sealed == seals.count(filled.connection) > 0
    assert due(filled, DECIDED, AUTUMN) == []


def test_a_certificate_tells_what_went_and_why(filled: PrivateStore) -> None:
    run(filled, AUTUMN)
    (row,) = filled.connection.dicts("SELECT * FROM {open}.disposals")
    assert (row["rule"], row["organisation"], row["decision"]) == ("persons", "county", "KS 1")
    assert row["before"].replace(tzinfo=UTC) == AUTUMN - timedelta(weeks=26)
    assert row["rows"] == {"events deleted": 3, "events without their actor now": 1, "actions": 2}
    assert row["sealed"] == filled.connection.value("SELECT count() FROM {private}.sealed FINAL") > 0


def test_late_events_and_rebuilds_leave_sealed_cells(filled: PrivateStore, tables: Path) -> None:
    run(filled, AUTUMN)
    before = figures(filled, "weekly-breadth"), figures(filled, "digital-intake")
    late = event(20, "case.opened", "02-05", "late", channel="phone")
    filled.write(table(received("09-01", late)), [], seal=bytes, received_at=AUTUMN)
    done = recompute(filled, DEFINITIONS)
    assert done.sealed > 0
    filled.mark_everything()
    again = recompute(filled, DEFINITIONS)
    assert again.sealed >= done.sealed
    assert (figures(filled, "weekly-breadth"), figures(filled, "digital-intake")) == before
    assert verify(filled, DEFINITIONS, tables).equal


def test_a_late_closing_of_a_case_without_actors_counts_where_it_may(filled: PrivateStore, tables: Path) -> None:
    run(filled, AUTUMN)
    filled.write(table(received("09-01", event(21, "case.closed", "08-20", "old"))), [], seal=bytes, received_at=AUTUMN)
    recompute(filled, DEFINITIONS)
    row = filled.connection.rows(
        "SELECT unit, steps, hex(actors[1]) FROM {private}.cases FINAL WHERE isNotNull(closed_at)"
    )
    assert row == [("north", 1, "0" * 32)]
    assert verify(filled, DEFINITIONS, tables).equal


def test_a_disposal_that_died_is_begun_again(
    filled: PrivateStore, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("nytta.indicators.disposal.removal.delete", dies)
        with pytest.raises(KeyboardInterrupt):
            run(filled, AUTUMN)
    run(filled, AUTUMN)
    assert set(everything_that_names(filled, "bo").values()) == {0}
    assert figures(filled, "weekly-breadth")["2026-02-02"] == (1, 2)
    assert verify(filled, DEFINITIONS, tables).equal


def test_rejects_stay_a_fortnight(store: PrivateStore) -> None:
    now = datetime.now(UTC)  # the store itself forgets them too, by its clock
    reject = Reject(Reason.MALFORMED_JSON, "", "s", "line 1", b"{")
    store.write(table([]), [reject], seal=bytes, received_at=now)
    assert run(store, now + timedelta(days=13)) == []
    (each,) = run(store, now + timedelta(days=15))
    assert (each.rule, each.decided, dict(each.rows)) == (Rule.REJECTS, True, {"rejects": 1})
    assert store.connection.value("SELECT count() FROM {private}.rejects") == 0


def test_cases_stay_five_years(filled: PrivateStore, tables: Path) -> None:
    intake = figures(filled, "digital-intake")
    run(filled, datetime(2031, 2, 5, tzinfo=UTC))
    assert filled.connection.value("SELECT count() FROM {private}.cases FINAL") == 2
    run(filled, datetime(2031, 3, 1, tzinfo=UTC))
    assert filled.connection.value("SELECT count() FROM {private}.cases FINAL") == 1
    assert figures(filled, "digital-intake") == intake
    found = verify(filled, DEFINITIONS, tables)
    assert found.equal, found.examples
