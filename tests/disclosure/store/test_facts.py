"""Facts: shares of staff through the gate, use as it is published already, names only beside public figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.disclosure.store.facts import Missed, publish_facts
from nytta.disclosure.store.publish import publish
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from tests.organisations import SMALL_COUNTY, county, secret
from tests.rows import NOW, day, event, table

pytestmark = pytest.mark.slow

DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id == "entitlement")
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)
CLOSED = date(2026, 3, 2)
FIGURES = ("value", "low", "high", "n_band", "status")
FILES = SMALL_COUNTY | {
    "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
        b"{id: south, name: South, parent: county}",
        b"{id: south, name: South, parent: county}\n  - {id: west, name: West, parent: county}",
    )
}


def staff(unit: str, count: int) -> list[dict[str, Any]]:
    return [
        event(
            f"{unit}{n}", "people.eligibility", "01-01", f"{unit}{n}", unit=unit, actor=f"{unit}{n}", entitled=1,
            valid_from=day("01-05"),
        )
        for n in range(count)
    ]  # fmt: skip


def trained(unit: str, first: int, last: int) -> list[dict[str, Any]]:
    return [
        event(f"t{unit}{n}", "change.training", "01-12", f"{unit}{n}", unit=unit, actor=f"{unit}{n}")
        for n in range(first, last)
    ]


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


@pytest.fixture
def filled(store: PrivateStore) -> tuple[PrivateStore, Registry]:
    """Forty in the north, 20 of them trained; twenty in the south, half of them trained; four in the west."""
    registry = county(FILES)
    registry_tables.save(store.connection, registry, date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    people = [*staff("north", 40), *staff("south", 20), *staff("west", 4)]
    courses = [*trained("north", 0, 20), *trained("south", 0, 10), *trained("west", 0, 4)]
    add(store, [*people, *courses, event("last", "case.opened", "03-02", "c1")])
    return store, registry


def told(store: PrivateStore, fact: str = "ready", week: date = CLOSED) -> dict[str, tuple[Any, ...]]:
    rows = store.connection.rows(
        f"SELECT unit, {', '.join(FIGURES)} FROM {{open}}.published_facts FINAL "
        "WHERE fact = {fact:String} AND week = {week:Date} AND status != 'gone'",
        fact=fact,
        week=week,
    )
    return {row[0]: row[1:] for row in rows}


def test_shares_of_staff_are_told_of_ten_and_more_near_what_they_are(filled: tuple[PrivateStore, Registry]) -> None:
    store, registry = filled
    assert publish_facts(store, registry, secret, (), MONDAY) > 0
    shown = told(store)
    assert set(shown) == {"county", "north", "south"}
    assert abs(shown["north"][0] - 50) <= 17.5 + 2.5  # seven of forty, and half a step
    assert shown["north"][3:] == ("30-99", "rounded")
    assert publish_facts(store, registry, secret, (), MONDAY) == 0


def test_hours_are_those_of_the_statement(filled: tuple[PrivateStore, Registry]) -> None:
    store, registry = filled
    missed = (Missed("county", "north", "cases", 190.0), Missed("elsewhere", "x", "cases", 7.0))
    publish_facts(store, registry, secret, missed, MONDAY)
    assert {unit: row[0] for unit, row in told(store, "unrealised_hours").items()} == {"north": 190.0}


def release(store: PrivateStore, indicator: str, grain: str, rows: Sequence[tuple[Any, ...]], window: int) -> None:
    """Rows as the publication would write them: unit, period and figures."""
    store.connection.insert(
        "{open}.definitions", ["indicator", "version", "window_weeks"], [[indicator, 1, window]]
    )  # fmt: skip
    names = ["organisation", "system", "case_type", "indicator", "version", "grain", "unit", "period", *FIGURES]
    store.connection.insert(
        "{open}.published_values", names, [["county", "cases", "*", indicator, 1, grain, *row] for row in rows]
    )


def test_use_is_what_is_published_and_nothing_else(filled: tuple[PrivateStore, Registry]) -> None:
    store, registry = filled
    weeks = [CLOSED - n * WEEK for n in range(12)]
    windows: list[tuple[Any, ...]] = [
        ("north", w, 40.0 + n, 30.0, 55.0, "30-99", "ok") for n, w in enumerate(weeks) if n != 1
    ]
    windows += [("south", w, None, None, None, "", "suppressed") for w in weeks]
    breadth = [("south", w, v, v - 15, v + 15, "10-29", "rounded") for w, v in zip(weeks, (70.0, 30.0, 50.0, 60.0) * 3)]  # noqa: B905
    release(store, "intended-use", "window", windows, 4)
    release(store, "weekly-breadth", "week", breadth, 1)
    publish_facts(store, registry, secret, (), MONDAY)
    public = {tuple(row[i] for i in (0, *range(2, 7))) for row in (*windows, *breadth)}
    rows = store.connection.rows(
        f"SELECT unit, {', '.join(FIGURES)}, part, week FROM {{open}}.published_facts FINAL WHERE fact = 'use'"
    )
    assert {row[:6] for row in rows} <= public
    by_place = {(row[0], row[6], row[7]): row[1] for row in rows}
    assert by_place["north", "intended-use", CLOSED] == 40.0
    assert ("north", "intended-use", CLOSED - WEEK) not in by_place
    # of 70, 30, 50 and 60 the lower middle one
    assert by_place["south", "weekly-breadth", CLOSED] == 50.0
    assert ("south", "intended-use", CLOSED) not in by_place


def test_an_app_is_named_where_the_staff_is_shown(filled: tuple[PrivateStore, Registry]) -> None:
    store, registry = filled
    add(
        store,
        [
            event(
                f"s{u}{n}", "platform.session", "03-03", f"d{u}{n}", unit=u, actor=f"{u}{n}", category="Diary", legacy=1
            )
            for u in ("north", "south", "west")
            for n in range(4)
        ],
    )
    publish_facts(store, registry, secret, (), MONDAY)
    assert told(store, "legacy") == {}  # no figure is public yet
    publish(store, DEFINITIONS, registry, secret, MONDAY)
    publish_facts(store, registry, secret, (), MONDAY)
    rows = store.connection.rows(
        "SELECT unit FROM {open}.indicator_values WHERE grain = 'week' AND period = {week:Date} AND value IS NOT NULL",
        week=CLOSED,
    )
    assert set(told(store, "legacy")) == {unit for (unit,) in rows} == {"county", "north", "south"}


def test_what_one_organisation_is_told_is_not_another_s(store: PrivateStore) -> None:
    """Each organisation is told by itself."""
    town = SMALL_COUNTY["organisation.yaml"].replace(
        b"\nunits:\n", b"\n  - {id: town, timezone: Europe/Oslo, country: SE}\nunits:\n"
    )
    files = SMALL_COUNTY | {
        "organisation.yaml": town.replace(b"name: South, parent: county", b"name: South, parent: town")
    }
    registry = county(files)
    registry_tables.save(store.connection, registry, date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    people = [*staff("north", 40), *trained("north", 0, 20), *staff("south", 30), *trained("south", 0, 15)]
    add(store, [*people, event("last", "case.opened", "03-02", "c1")])
    publish(store, DEFINITIONS, registry, secret, MONDAY)
    for moment in (MONDAY, MONDAY + WEEK):
        publish_facts(store, registry, secret, (), moment)
    rows = store.connection.rows(
        "SELECT organisation, groupUniqArray(unit) FROM {open}.published_facts FINAL "
        "WHERE fact = 'ready' GROUP BY organisation ORDER BY organisation"
    )
    assert [(root, sorted(units)) for root, units in rows] == [
        ("county", ["county", "north"]),
        ("town", ["south", "town"]),
    ]


def test_nobody_is_ready_where_no_source_tells_of_access(store: PrivateStore) -> None:
    registry = county(FILES)
    registry_tables.save(store.connection, registry, date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    managers = [row | {"entitled": -1, "tier": "manager"} for row in staff("north", 40)]
    add(store, [*managers, *trained("north", 0, 20), event("last", "case.opened", "03-02", "c1")])
    publish_facts(store, registry, secret, (), MONDAY)
    assert set(told(store, "trained")) == {"county", "north"}
    assert told(store, "ready") == {}
    add(store, [row | {"id": f"again{number}", "entitled": 1} for number, row in enumerate(managers)])
    publish_facts(store, registry, secret, (), MONDAY)
    assert set(told(store, "ready")) == {"county", "north"}
