"""Rounds read the weeks that they touch, whatever lies around them, and their cells are those of all years."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store import feeds, scratch
from nytta.indicators.store.recompute import last_week, recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage.lease import Guarded
from tests.organisations import small_county
from tests.rows import NOW, event, table

IDS = {"weekly-breadth", "habit", "legacy-residue", "trained-staff", "lead-time", "enrolment", "tickets-per-100"}
DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id in IDS)
STATEMENTS = 40
"""A round that touches one case gives so many statements at most."""

FIRST, LAST = date(2024, 1, 8), date(2026, 3, 30)
PERSONS = {"ada": "north", "bo": "north", "cy": "south"}


def on(row: dict[str, Any], day: date) -> dict[str, Any]:
    """The event on another day, at noon."""
    return row | {"time": datetime(day.year, day.month, day.day, 12, tzinfo=UTC)}


def act(day: date, who: str, **fields: Any) -> dict[str, Any]:
    name = f"act {day} {who} {fields.get('legacy')}"
    row = event(name, "platform.session", "01-01", who, unit=PERSONS[who], actor=who, quantity=1, **fields)
    return on(row, day)


def present(day: date, who: str, days: int) -> dict[str, Any]:
    monday = day - timedelta(days=day.weekday())
    row = event(f"presence {monday} {who}", "people.presence", "01-01", who, unit=PERSONS[who], actor=who, days=days)
    return on(row, day) | {"valid_from": monday, "valid_to": monday + timedelta(days=7)}


def years() -> list[dict[str, Any]]:
    """Two years of three persons: acts in two weeks of three, presence for one of them, cases that close late."""
    rows = [
        event(f"staff {who}", "people.eligibility", "01-01", who, unit=unit, actor=who, entitled=1, valid_from=FIRST)
        for who, unit in PERSONS.items()
    ]
    days = [FIRST + timedelta(weeks=n) for n in range((LAST - FIRST).days // 7 + 1)]
    for n, day in enumerate(days):
        rows += [act(day, who) for place, who in enumerate(PERSONS) if (n + place) % 3]
        rows.append(present(day, "bo", n % 2))
        rows.append(on(event(f"open {n}", "case.opened", "01-01", f"case {n}", channel="web"), day))
        closed = day + timedelta(days=3 + n % 40)
        rows.append(on(event(f"close {n}", "case.closed", "01-01", f"case {n}", actor="ada"), closed))
    return rows


@pytest.fixture(scope="module")
def old(new_module_store: Any) -> PrivateStore:
    store: PrivateStore = new_module_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    store.write(table(years()), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)
    return store


LATE = date(2025, 3, 6)

DELIVERIES: dict[str, list[dict[str, Any]]] = {
    "an act of an old week": [act(LATE, "cy"), act(LATE + timedelta(days=3, hours=0), "cy")],
    "an act at midnight between two weeks": [
        act(LATE, "ada") | {"id": "midnight", "time": datetime(2025, 3, 9, 23, 30, tzinfo=UTC)}
    ],
    "an act of the last week": [act(LAST + timedelta(days=2), "ada")],
    "a first act in the earlier system": [act(LATE, "bo", legacy=1)],
    "presence of an old week": [present(LATE, "ada", 3)],
    "presence that changes": [present(FIRST + timedelta(weeks=60), "bo", 5) | {"revision": 2}],
    "a case that closes after a year": [on(event("late", "case.closed", "01-01", "case 9", actor="bo"), LATE)],
    "a course": [on(event("course", "change.training", "01-01", "ada", actor="ada"), LATE)],
    "somebody who leaves": [
        event("staff cy", "people.eligibility", "01-01", "cy", unit="south", actor="cy", entitled=1, valid_from=FIRST)
        | {"valid_to": LATE, "revision": 1}
    ],
    "a first ticket": [on(event("ticket", "ticket.opened", "01-01", "t1", channel="phone"), LATE)],
    "a client of last year": [on(event("client", "platform.enrolled", "01-01", "d1"), LATE)],
    "a client that retires": [on(event("gone", "platform.retired", "01-01", "d1"), LATE + timedelta(weeks=30))],
    "a ticket that is taken back": [
        on(event("ticket", "ticket.opened", "01-01", "t1"), LATE) | {"revision": 1, "retracted": 1}
    ],
}


@pytest.mark.slow
def test_whatever_comes_late_the_cells_of_all_years_are_right(
    old: PrivateStore, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_PERSON_WEEKS", 150)  # of three persons, fifty weeks at a time
    monkeypatch.setattr(scratch, "_EVENTS", 100)
    for number, (what, rows) in enumerate(DELIVERIES.items(), 1):
        old.write(table(rows), [], seal=bytes, received_at=NOW)
        recompute(old, DEFINITIONS)
        if number in (len(DELIVERIES) // 2, len(DELIVERIES)):  # each in a round of its own, compared some at a time
            found = verify(old, DEFINITIONS, tables)
            assert found.equal, (what, found.examples)
            assert found.compared > 2000
        kept, noted = feeds.kept(old)
        assert noted is None
        there = feeds.looked_for(old, visible(old.connection))
        assert {f: s for f, s in kept.items() if s} == {f: s for f, s in there.items() if s}, what


def test_a_late_act_reads_the_weeks_around_it(old: PrivateStore) -> None:
    """The statement that lists persons says which weeks it needs: 20 before the first that is touched, for a habit."""
    with stated(old) as (store, statements):
        store.write(table([act(LAST - timedelta(days=4), "cy")]), [], seal=bytes, received_at=NOW)
        statements.clear()
        recompute(store, DEFINITIONS)
    assert len(statements) <= STATEMENTS
    (persons,) = [s for s in statements if "INTO {private}.round_persons" in s]
    monday = LAST - timedelta(days=7)
    assert persons.count(" week >= '") == persons.count("persons_by_day") > 0
    assert f"week >= '{monday - timedelta(weeks=20)}' AND week <= '{last_week(old) + timedelta(days=7)}'" in persons


def test_a_late_case_takes_few_statements(old: PrivateStore) -> None:
    with stated(old) as (store, statements):
        rows = [on(event("few", "case.opened", "01-01", "few", channel="web", actor="bo"), LATE)]
        store.write(table(rows), [], seal=bytes, received_at=NOW)
        statements.clear()
        recompute(store, DEFINITIONS)
    assert 20 < len(statements) <= STATEMENTS
    assert not [s for s in statements if "DISTINCT system" in s]
    # what stood goes by one statement, and what stands comes by one, whatever indicators and grains it is of
    assert len([s for s in statements if s.startswith("INSERT INTO {private}.cells ")]) == 2
    (anew,) = [s for s in statements if "AS cell" in s]
    assert anew.count("{private}.round_persons") == 1
    assert anew.count("{private}.cases FINAL") == 1


READS = {
    "closed": "SELECT count() FROM {private}.cases FINAL WHERE closed_at >= '2025-08-04' AND closed_at < '2025-08-11'",
    "closed or opened": """SELECT count() FROM {private}.cases FINAL WHERE unit = 'north'
        AND ((closed_at >= '2025-08-04' AND closed_at < '2025-08-11')
          OR (opened_at >= '2025-07-01' AND opened_at < '2025-09-01'))""",
    "cells": "SELECT count() FROM {private}.cells FINAL WHERE (unit, period) IN (('north', '2025-08-04'))",
    "hands": "SELECT count() FROM {private}.hands FINAL WHERE (unit, period) IN (('north', '2025-08-04'))",
}
"""What rounds ask of tables that hold all years, for one week of one of them."""


@pytest.mark.parametrize("query", READS.values(), ids=READS.keys())
def test_a_week_is_read_without_the_years_around_it(old: PrivateStore, query: str) -> None:
    table_name = query.partition("{private}.")[2].partition(" ")[0]
    year = "opened_at" if table_name == "cases" else "period"
    rows_of_years = dict(
        old.connection.rows(f"SELECT toYear({year}), count() FROM {{private}}.{table_name} GROUP BY ALL")
    )
    read = sum(rows for *_, rows, _ in old.connection.rows(f"EXPLAIN ESTIMATE {query}"))
    assert len(rows_of_years) == 3
    assert 0 < read <= rows_of_years[2025]


def test_who_asks_for_one_indicator_reads_no_other(old: PrivateStore) -> None:
    query = "SELECT * FROM {private}.indicator_values WHERE indicator = 'lead-time' AND version = 1"
    lines = [line for (line,) in old.connection.rows(f"EXPLAIN indexes = 1 {query}")]
    reads = [read for read in "\n".join(lines).split("ReadFromMergeTree")[1:] if ".cells)" in read]
    assert len(reads) == 2  # what adds up, and what does not
    assert all("PrimaryKey" in read and "(indicator in ['lead-time', 'lead-time'])" in read for read in reads), reads


@contextmanager
def stated(store: PrivateStore) -> Iterator[tuple[PrivateStore, list[str]]]:
    """The store, and the statements that are given through it."""
    given: list[str] = []
    connection = Guarded.of(store.connection, lambda: None)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("run", "rows", "insert"):
            real = getattr(Guarded, name)

            def noted(self: Guarded, sql: str, *rest: Any, real: Any = real, **named: Any) -> Any:
                if not (rest and rest[-1] == []):  # an insert of no rows gives none
                    given.append(sql)
                return real(self, sql, *rest, **named)

            patch.setattr(Guarded, name, noted)
        yield PrivateStore(connection), given
