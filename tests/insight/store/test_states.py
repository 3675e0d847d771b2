"""Published rows in, published states out: joined by unit, system, case type and week, with the registry beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.insight.store.states import publish_states, read_states
from nytta.registry.registry import Registry
from tests.organisations import SMALL_COUNTY, county

LIVE = date(2026, 1, 5)
LAST = date(2026, 6, 1)
NOW = datetime(2026, 6, 8, 7, 35, tzinfo=ZoneInfo("Europe/Stockholm"))

FILES = {
    **SMALL_COUNTY,
    "systems.yaml": b"""
systems:
  - id: cases
    name: Cases
    intended: [decide]
    case_types: [{id: permit, name: Permit}, {id: appeal, name: Appeal}]
    go_live: 2026-01-05
""",
    "programme.yaml": b"""
plans:
  - {system: cases, unit: north, indicator: intended-use, start: 2026-01-05, targets: [{date: 2026-12-31, value: 80}]}
decisions:
  - {id: d1, name: All digital, decided: 2026-04-06, level: "1", due: 2026-05-18, units: [north, south], system: cases}
""",
}


def published(indicator: str, unit: str, week: date, value: float, low: float, high: float, **place: str) -> list[Any]:
    return [
        *("county", unit, "cases", place.get("case_type", "*"), place.get("part", ""), indicator, 1, "window", week),
        *(value, low, high, "30-99", "ok", "percent", 0, 1),
    ]


def rows() -> list[list[Any]]:
    found = []
    for n in range(23):
        week = LAST - timedelta(weeks=n)
        found += [
            published("entitlement", "north", week, 95, 90, 98),
            published("entitlement", "south", week, 60, 50, 70),
            published("intended-use", "north", week, 25, 15, 38),
            published("intended-use", "south", week, 25, 15, 38),
            published("trained-managers", "county", week, 70, 60, 80),
            published("trained-staff", "county", week, 10, 5, 15),
            published("digital-intake", "county", week, 90, 85, 94, case_type="permit"),
            published("digital-intake", "county", week, 90, 85, 94, case_type="appeal"),
            published("lead-time", "county", week, 24, 24, 24, case_type="permit"),
            published("lead-time", "county", week, 12, 12, 12, case_type="appeal"),
            published("rework", "county", week, 20, 16, 25, case_type="permit"),
            published("rework", "county", week, 20, 16, 25, case_type="appeal"),
        ]
    for n in range(20):
        week = LIVE - timedelta(weeks=n + 1)
        for case_type in ("permit", "appeal"):
            found += [
                published("lead-time", "county", week, 24, 24, 24, case_type=case_type),
                published("rework", "county", week, 20, 16, 25, case_type=case_type),
            ]
    survey = LAST - timedelta(weeks=3)
    found.append(published("pulse-managers", "county", survey, 72, 68, 76, part="desire"))
    found.append(published("pulse-staff", "county", survey, 54, 51, 57, part="desire"))
    return found


@pytest.fixture
def told(new_store: Callable[[], PrivateStore]) -> tuple[PrivateStore, Registry]:
    store = new_store()
    publish_rows(store)
    return store, county(FILES)


def publish_rows(store: PrivateStore) -> None:
    """The rows, as if the ledger had published them, and how long their windows are."""
    place = ("organisation", "unit", "system", "case_type", "part", "indicator", "version", "grain", "period")
    columns = [*place, "value", "low", "high", "n_band", "status", "unit_of_measure", "published_at", "publication"]
    store.connection.insert("{open}.published_values", columns, rows())
    windows = {"lead-time": 13, "rework": 13, "digital-intake": 13, "intended-use": 4, "entitlement": 4}
    windows |= {"trained-managers": 1, "trained-staff": 1, "pulse-managers": 16, "pulse-staff": 16}
    store.connection.insert(
        "{open}.definitions",
        ["indicator", "version", "window_weeks", "loaded"],
        [[name, 1, weeks, 1] for name, weeks in windows.items()],
    )
    store.connection.insert(
        "{open}.decision_acts",
        ["organisation", "decision", "unit", "state", "level", "day", "publication"],
        [["county", "d1", "north", "acknowledged", "1", date(2026, 4, 9), 1]],
    )


def states(store: PrivateStore, **chosen: Any) -> dict[tuple[str, str, str, str], tuple[str, float | None]]:
    return {
        (r["what"], r["unit"], r["case_type"], r["part"]): (r["state"], r["value"])
        for r in read_states(store.connection, **chosen)
    }


def test_every_derived_indicator_is_read_from_published_rows(told: tuple[PrivateStore, Registry]) -> None:
    store, registry = told
    assert publish_states(store.connection, registry, NOW) > 0
    assert states(store) == {
        ("use-state", "north", "*", ""): ("ready_not_used", 25.0),
        ("use-state", "south", "*", ""): ("not_ready", 25.0),
        ("cascade", "county", "*", "managers"): ("open", 70.0),
        ("cascade", "county", "*", "key-roles"): ("closed", None),
        ("cascade", "county", "*", "staff"): ("unclear", 10.0),
        ("exploitation", "county", "permit", ""): ("digital_not_exploited", 90.0),
        ("exploitation", "county", "appeal", ""): ("digital_exploited", 90.0),
        ("level-gap", "county", "*", "desire"): ("managers_higher", 18.0),
        ("decided-in-time", "county", "*", "d1"): ("open", 0.0),
        ("received", "county", "*", "d1"): ("open", 50.0),
        ("decision-age", "county", "*", "1"): ("open", 8.0),
    }
    (row,) = read_states(store.connection, derived="use-state", unit="north")
    assert (row["week"], row["rests_on"]) == ("2026-W23", "entitlement 95, intended-use 25")


def test_what_is_told_again_unchanged_is_not_written_and_what_is_gone_is_not_shown(
    told: tuple[PrivateStore, Registry],
) -> None:
    store, registry = told
    publish_states(store.connection, registry, NOW)
    assert publish_states(store.connection, registry, NOW) == 0
    store.connection.run("ALTER TABLE {open}.published_values DELETE WHERE unit = 'north' SETTINGS mutations_sync = 2")
    assert publish_states(store.connection, registry, NOW) > 0
    assert not [key for key in states(store) if key[1] == "north"]


def test_before_a_system_is_live_nothing_is_said_of_its_use(told: tuple[PrivateStore, Registry]) -> None:
    store, registry = told
    publish_states(store.connection, registry, NOW - timedelta(weeks=23))
    assert not states(store, derived="use-state", week=LIVE - timedelta(weeks=2))
