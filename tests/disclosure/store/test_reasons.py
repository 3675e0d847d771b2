"""Why a figure is not shown follows what comes later: a staff list, and cases that go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.disclosure.store.publish import publish
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from tests.organisations import county, secret
from tests.rows import NOW, day, event, table

pytestmark = pytest.mark.slow

DEFINITIONS = tuple(
    d for d in load(declarations.schemas() / "indicators").definitions if d.id in ("rework", "entitlement")
)
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


@pytest.fixture
def filled(store: PrivateStore) -> PrivateStore:
    """Twenty closed cases of the north, which nobody is named to have handled."""
    registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    add(store, [event("back", "case.returned", "03-02", "c0")])
    add(store, [event(f"c{n}", "case.closed", "03-03", f"c{n}") for n in range(20)])
    publish(store, DEFINITIONS, county(), secret, MONDAY)
    return store


def figure(store: PrivateStore) -> tuple[bool, str]:
    """Whether the week of the north is shown, and why not."""
    return store.connection.rows(
        "SELECT isNotNull(value), reason FROM {open}.indicator_values WHERE indicator = 'rework' AND unit = 'north' "
        "AND grain = 'week' AND period = '2026-03-02' AND case_type = '*'"
    )[0]


def test_a_staff_list_that_comes_later_shows_what_named_no_handlers(filled: PrivateStore) -> None:
    assert figure(filled) == (False, "no_handlers")
    names = [f"p{n}" for n in range(3)]
    add(
        filled,
        [
            event(f"e{name}", "people.eligibility", "01-01", name, actor=name, entitled=1, valid_from=day("01-05"))
            for name in names
        ],
    )
    publish(filled, DEFINITIONS, county(), secret, MONDAY + timedelta(hours=1))
    assert figure(filled) == (True, "")


def test_a_reason_that_told_of_enough_cases_goes_with_them(filled: PrivateStore) -> None:
    filled.connection.run("ALTER TABLE {private}.events DELETE WHERE id != 'c0' SETTINGS mutations_sync = 2")
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    filled.connection.run("ALTER TABLE {private}.cells DELETE WHERE indicator = 'rework' SETTINGS mutations_sync = 2")
    filled.raise_counter("unclear", 99)  # everything is looked at again
    publish(filled, DEFINITIONS, county(), secret, MONDAY + timedelta(hours=1))
    assert figure(filled) == (False, "few_cases")


def test_what_no_source_ever_names_is_not_told_to_be_none(filled: PrivateStore) -> None:
    store = filled
    names = [f"p{n}" for n in range(3)]
    staff = [
        event(f"e{name}", "people.eligibility", "01-01", name, actor=name, entitled=1, valid_from=day("01-05"))
        for name in names
    ]
    store.connection.run("TRUNCATE TABLE {open}.published_values")
    store.connection.run("TRUNCATE TABLE {private}.disclosed")
    store.connection.run("ALTER TABLE {private}.events DELETE WHERE id = 'back' SETTINGS mutations_sync = 2")
    store.mark_everything()
    add(store, staff)
    store.raise_counter("unclear", 99)  # everything is looked at again
    publish(store, DEFINITIONS, county(), secret, MONDAY + timedelta(hours=1))
    assert figure(store) == (False, "not_told")
    add(store, [event("late", "case.returned", "03-05", "c40"), event("c40", "case.closed", "03-06", "c40")])
    publish(store, DEFINITIONS, county(), secret, MONDAY + timedelta(hours=2))
    assert figure(store) == (True, "")


@pytest.mark.parametrize(
    ("answers", "shown"), [((-1,), (False, "not_told")), ((-1, 1), (True, "")), ((0,), (True, ""))]
)
def test_access_of_which_no_list_tells_is_no_figure(
    filled: PrivateStore, answers: tuple[int, ...], shown: tuple[bool, str]
) -> None:
    store = filled
    staff = [
        event(
            f"e{number}",
            "people.eligibility",
            "01-01",
            f"p{number}",
            actor=f"p{number}",
            entitled=answers[number % len(answers)],
            valid_from=day("01-05"),
        )
        for number in range(30)
    ]
    add(store, staff)
    publish(store, DEFINITIONS, county(), secret, MONDAY + timedelta(hours=1))
    rows = store.connection.rows(
        "SELECT DISTINCT isNotNull(value), reason FROM {open}.indicator_values WHERE indicator = 'entitlement' "
        "AND unit = 'north' AND grain = 'month' AND period = '2026-02-01' AND case_type = '*'"
    )
    assert rows == [shown]
    cells = store.connection.rows(
        "SELECT DISTINCT denominator FROM {private}.cells FINAL WHERE indicator = 'entitlement' AND unit = 'north' "
        "AND grain = 'week' AND period = '2026-03-02'"
    )
    assert cells == [(30,)]  # who is in scope is known all the same
