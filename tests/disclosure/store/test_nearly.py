"""Of nearly the same records little is told anew: late cases, case types, and months in which nobody changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.disclosure.store import publish as publication
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from tests.organisations import county, secret
from tests.rows import NOW, day, event, table

DEFINITIONS = tuple(
    d for d in load(declarations.schemas() / "indicators").definitions if d.id in ("digital-intake", "entitlement")
)
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


def cases(first: int, count: int) -> list[dict[str, Any]]:
    """Cases of the north's first week of March, which came by the web."""
    return [
        event(f"o{n}", "case.opened", "03-03", f"c{n}", channel="web", case_type="permit")
        for n in range(first, first + count)
    ]


def publish(store: PrivateStore, moment: datetime) -> int:
    return publication.publish(store, DEFINITIONS, county(), secret, moment)


@pytest.fixture
def filled(store: PrivateStore) -> PrivateStore:
    """Forty cases of the north."""
    registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    add(store, cases(0, 40))
    publish(store, MONDAY)
    return store


def told(store: PrivateStore) -> int:
    """Of how many cases the week of the north was told."""
    sizes = store.connection.rows(
        "SELECT size FROM {private}.disclosed FINAL WHERE indicator = 'digital-intake' AND unit = 'north' "
        "AND grain = 'week' AND period = '2026-03-02' AND case_type = '*' AND shown"
    )
    return int(sizes[0][0])


def test_two_late_cases_change_no_figure_and_the_third_does(filled: PrivateStore) -> None:
    assert told(filled) == 40
    add(filled, cases(40, 2))
    publish(filled, MONDAY + WEEK)
    assert told(filled) == 40
    add(filled, cases(42, 1))
    publish(filled, MONDAY + WEEK)
    assert told(filled) == 43


def test_of_single_case_types_windows_alone_are_told(filled: PrivateStore) -> None:
    rows = filled.connection.rows(
        "SELECT DISTINCT case_type, grain FROM {open}.indicator_values "
        "WHERE indicator = 'digital-intake' AND unit = 'north' AND value IS NOT NULL ORDER BY ALL"
    )
    assert ("*", "week") in rows
    assert [grain for case_type, grain in rows if case_type == "permit"] == ["window"]


def test_a_slow_figure_of_the_same_persons_has_another_noise_each_month(store: PrivateStore) -> None:
    """Eight months without a change: the twenty of the south, half of them entitled, do not always read alike."""
    registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    staff = [
        event(
            f"e{n}", "people.eligibility", "01-01", f"p{n}", unit="south", actor=f"p{n}", entitled=n % 2,
            valid_from=day("01-05"),
        )
        for n in range(20)
    ]  # fmt: skip
    add(store, [*staff, event("last", "case.opened", "08-31", "c1")])
    publish(store, datetime(2026, 9, 7, 8, tzinfo=UTC))
    months = store.connection.rows(
        "SELECT groupArray(value) FROM {open}.indicator_values "
        "WHERE indicator = 'entitlement' AND unit = 'south' AND grain = 'month' AND value IS NOT NULL"
    )[0][0]
    assert len(months) >= 6
    assert len(set(months)) > 1
    within = store.connection.rows(
        "SELECT uniqExact(value) FROM {open}.indicator_values WHERE indicator = 'entitlement' AND unit = 'south' "
        "AND ((grain = 'month' AND period = '2026-06-01') OR "
        "(grain != 'month' AND period BETWEEN '2026-06-22' AND '2026-07-13'))"
    )
    assert within == [(1,)]
