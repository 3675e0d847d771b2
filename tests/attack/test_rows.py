"""Rows: what stands in the open zone of a unit, or does not, tells nobody apart from one short of enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nytta.disclosure.store.publish import publish
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from tests.organisations import county
from tests.rows import day, event, table

pytestmark = pytest.mark.slow

DEFINITIONS = tuple(
    d for d in load(declarations.schemas() / "indicators").definitions if d.id in ("entitlement", "digital-intake")
)
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
LATER = datetime(2026, 3, 16, 8, tzinfo=UTC)


def staff(count: int, unit: str, *, until: int = 0) -> list[dict[str, Any]]:
    """Persons of a unit; the last `until` of them are known later to have left before the first week."""
    return [
        event(
            f"{unit}{n}", "people.eligibility", "01-01", f"{unit}{n}", unit=unit, actor=f"{unit}{n}", entitled=1,
            valid_from=day("01-05"),
        )
        for n in range(count - until)
    ]  # fmt: skip


def cases(count: int, unit: str, week: str = "02-24") -> list[dict[str, Any]]:
    return [
        event(f"{unit}-{week}-{n}", "case.opened", week, f"{unit}-{week}-{n}", unit=unit, channel="web")
        for n in range(count)
    ]


def rows(store: PrivateStore) -> list[tuple[Any, ...]]:
    """What the open zone has of the south."""
    return store.connection.rows(
        "SELECT indicator, case_type, grain, period, value, low, high, n_band, status, reason "
        "FROM {open}.indicator_values WHERE unit = 'south' AND indicator != 'enrolment' ORDER BY ALL"
    )


def opened(store: PrivateStore, events: list[dict[str, Any]], now: datetime = MONDAY) -> None:
    store.write(table(events), [], seal=bytes, received_at=now)
    recompute(store, DEFINITIONS)
    publish(store, DEFINITIONS, county(), lambda root: root.encode(), now)


@pytest.fixture
def begun(new_store: Callable[[], PrivateStore]) -> Callable[[], PrivateStore]:
    """Makes stores with the county and its definitions."""

    def begin() -> PrivateStore:
        store = new_store()
        registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
        save_definitions(store, DEFINITIONS)
        store.mark_everything()
        return store

    return begin


def test_no_row_tells_none_from_one_short(begun: Callable[[], PrivateStore]) -> None:
    north = [*staff(40, "north"), *cases(30, "north"), *cases(1, "north", "03-03")]
    found = []
    for persons, opened_cases in ((0, 0), (9, 4), (1, 1)):
        store = begun()
        opened(store, [*north, *staff(persons, "south"), *cases(opened_cases, "south")])
        found.append(rows(store))
    assert found[0] == found[1] == found[2]


def test_enough_have_rows(begun: Callable[[], PrivateStore]) -> None:
    store = begun()
    opened(store, [*staff(10, "south"), *cases(5, "south"), *cases(1, "north", "03-03")])
    assert {(row[0], row[2]) for row in rows(store) if row[4] is not None} >= {
        ("entitlement", "week"),
        ("digital-intake", "week"),
    }


def test_a_figure_that_is_taken_back_tells_that_too_few_are_left_and_no_more(
    begun: Callable[[], PrivateStore],
) -> None:
    """The one row of too few that is written: where a figure stood. It reads alike for none and for one short."""
    found = []
    for left in (0, 1, 4):
        store = begun()
        opened(store, [*cases(8, "south"), *cases(30, "north"), *cases(1, "north", "03-03")])
        shown = rows(store)
        assert any(row[4] is not None for row in shown)
        gone = [
            event(f"south-02-24-{n}", "case.opened", "02-24", f"south-02-24-{n}", unit="north", channel="web")
            | {"sequence": 1, "received_at": LATER}
            for n in range(left, 8)
        ]
        opened(store, gone, LATER)
        found.append([row for row in rows(store) if row[3] == date(2026, 2, 23)])
    assert found[0] == found[1] == found[2]
