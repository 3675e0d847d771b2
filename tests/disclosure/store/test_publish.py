"""Publication: a figure stands while its records do; any other set of records is told anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.disclosure.store import publish as publication
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import unknown_units
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from tests.organisations import SMALL_COUNTY, county, secret
from tests.rows import NOW, day, event, table

DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id == "entitlement")
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def staff(unit: str, count: int, first: int = 0, entitled: int = 1) -> list[dict[str, Any]]:
    names = [f"{unit}{n}" for n in range(first, first + count)]
    return [
        event(
            f"{name}-{entitled}", "people.eligibility", "01-01", name, unit=unit, actor=name, entitled=entitled,
            valid_from=day("01-05"),
        )
        for name in names
    ]  # fmt: skip


@pytest.fixture(scope="module")
def filled_once(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """Forty persons in the north, twenty in the south, and an act that makes the eighth week of 2026 the last."""
    store = new_module_store()
    registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    last = event("last", "case.opened", "03-02", "c1")
    add(store, [*staff("north", 40), *staff("south", 20), last])
    return store


@pytest.fixture
def filled(copy_of: Callable[[PrivateStore], PrivateStore], filled_once: PrivateStore) -> PrivateStore:
    """The same, for a test to change."""
    return copy_of(filled_once)


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


def publish(store: PrivateStore, moment: datetime, registry: Registry | None = None) -> int:
    return publication.publish(store, DEFINITIONS, registry or county(), secret, moment)


def week(store: PrivateStore, unit: str) -> tuple[str, int]:
    """Status and publication of a week's figure."""
    return store.connection.rows(
        "SELECT status, publication FROM {open}.indicator_values WHERE unit = {unit:String} AND grain = 'week' "
        "AND period = '2026-02-23'",
        unit=unit,
    )[0]


def ledger(store: PrivateStore, unit: str) -> tuple[int, int, int]:
    """Numerator, size and sum of the denominator's keys of a week, as they are kept."""
    return store.connection.rows(
        "SELECT numerator, size, denominator_keys FROM {private}.disclosed FINAL WHERE unit = {unit:String} "
        "AND grain = 'week' AND period = '2026-02-23' AND shown",
        unit=unit,
    )[0]


def test_a_second_publication_changes_nothing(filled: PrivateStore) -> None:
    assert publish(filled, MONDAY) > 0
    assert publish(filled, MONDAY) == 0
    assert publish(filled, MONDAY + timedelta(hours=1)) == 0
    assert week(filled, "north") == ("rounded", 1)
    assert ledger(filled, "north")[:2] == (40, 40)


def test_what_is_computed_anew_from_the_same_events_is_told_no_second_time(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    assert publish(filled, MONDAY + timedelta(hours=1)) == 0


def test_one_who_comes_late_is_another_set_and_is_told_anew(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    before = {unit: ledger(filled, unit) for unit in ("county", "north", "south")}
    add(filled, staff("north", 1, first=40))
    publish(filled, MONDAY + WEEK)
    after = {unit: ledger(filled, unit) for unit in before}
    assert (after["county"][:2], after["north"][:2]) == ((61, 61), (41, 41))
    assert after["south"] == before["south"]
    assert week(filled, "south")[1] == 1


def test_where_one_goes_and_another_comes_the_numbers_are_equal_and_the_set_is_not(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    before = ledger(filled, "south")
    filled.connection.run("ALTER TABLE {private}.events DELETE WHERE id = 'south0-1' SETTINGS mutations_sync = 2")
    filled.mark_everything()
    add(filled, staff("south", 1, first=20))
    publish(filled, MONDAY)
    after = ledger(filled, "south")
    assert after[:2] == before[:2] == (20, 20)
    assert after[2] != before[2]


def test_other_pseudonyms_of_the_same_persons_change_no_figure(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    before = ledger(filled, "north")
    filled.connection.run("ALTER TABLE {private}.events DELETE WHERE unit = 'north' SETTINGS mutations_sync = 2")
    add(filled, staff("north", 40, first=100))
    filled.raise_counter("renamed", 1)
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    assert publish(filled, MONDAY) == 0
    assert ledger(filled, "north")[:2] == before[:2]
    assert ledger(filled, "north")[2] != before[2]
    assert publish(filled, MONDAY + timedelta(hours=1)) == 0


def test_rules_hold_from_their_day_on_and_what_is_published_stays(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    stricter = SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"  - id: county\n",
            b"  - id: county\n    disclosure: {reference: D 1, from: 2026-03-09, staff: {k: 50, group: 50}}\n",
        )
    }
    add(filled, [event("next", "case.opened", "03-09", "c2")])
    publish(filled, MONDAY + WEEK, county(stricter))
    shown = filled.connection.rows(
        "SELECT unit, period FROM {open}.indicator_values WHERE grain = 'week' AND period >= '2026-03-02' "
        "AND value IS NOT NULL ORDER BY ALL"
    )
    closed = date(2026, 3, 2)
    assert shown == [("county", closed), ("county", closed + WEEK), ("north", closed), ("south", closed)]
    fingerprints = filled.connection.rows(
        "SELECT uniqExact(rules) FROM {open}.indicator_values WHERE unit = 'county' AND grain = 'week'"
    )
    assert fingerprints == [(2,)]


def test_a_figure_that_lost_its_records_is_taken_back(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    filled.connection.run("ALTER TABLE {private}.cells DELETE WHERE unit = 'south' SETTINGS mutations_sync = 2")
    filled.raise_counter("unclear", 99)  # everything is looked at again
    publish(filled, MONDAY + WEEK)
    rows = filled.connection.rows("SELECT DISTINCT value, reason FROM {open}.indicator_values WHERE unit = 'south'")
    assert rows == [(None, "few_persons")]


def test_a_slow_figure_is_told_once_a_month(filled: PrivateStore) -> None:
    """All weeks from one month's last to the next one's tell the same, and so does the month."""
    add(filled, [event("next", "case.opened", "03-30", "c2")])
    publish(filled, datetime(2026, 4, 6, 8, tzinfo=UTC))
    rows = filled.connection.rows(
        "SELECT numerator_keys, groupArray((grain, period)) FROM {private}.disclosed FINAL "
        "WHERE unit = 'south' AND shown AND period >= '2026-02-01' GROUP BY numerator_keys"
    )
    assert len(rows) == 1
    months = sorted(period for grain, period in rows[0][1] if grain == "month")
    assert months == [date(2026, 2, 1), date(2026, 3, 1)]
    add(filled, [*staff("south", 1, first=20), event("more", "case.opened", "03-31", "c3")])
    changed = filled.connection.rows(
        "SELECT DISTINCT period FROM {private}.cells FINAL "
        "WHERE unit = 'south' AND grain = 'window' AND denominator = 21"
    )
    assert changed
    publish(filled, datetime(2026, 4, 6, 9, tzinfo=UTC))
    again = filled.connection.rows(
        "SELECT uniqExact(numerator_keys) FROM {private}.disclosed FINAL "
        "WHERE unit = 'south' AND shown AND period >= '2026-02-16' AND period < '2026-03-23' AND grain != 'month'"
    )
    assert again == [(1,)]


def nobody_knows(store: PrivateStore, count: int) -> None:
    """So many events of the source that name a unit which the registry does not have."""
    refused = [Reject(Reason.UNKNOWN_UNIT, "", "test", f"line {n}", b"%d" % n) for n in range(count)]
    store.write(table([]), refused, seal=bytes, received_at=datetime.now(UTC))  # they go two weeks later


def test_units_wait_while_their_source_names_units_that_nobody_knows(filled: PrivateStore) -> None:
    nobody_knows(filled, 6)  # of 67: less than a tenth
    publish(filled, MONDAY)
    add(filled, [event("next", "case.opened", "03-09", "c2")])
    nobody_knows(filled, 8)
    assert unknown_units(filled.connection, MONDAY) == {"test": 8 / 70}
    publish(filled, MONDAY + WEEK)
    latest = filled.connection.rows(
        "SELECT unit, period FROM {open}.indicator_values WHERE grain = 'week' AND period >= '2026-03-02' ORDER BY ALL"
    )
    closed = date(2026, 3, 2)
    assert latest == [("county", closed), ("county", closed + WEEK), ("north", closed), ("south", closed)]
    filled.connection.run("TRUNCATE TABLE {private}.rejects")  # the map of codes is mended, the events were sent again
    publish(filled, MONDAY + WEEK)
    assert filled.connection.rows(
        "SELECT unit, status FROM {open}.indicator_values WHERE grain = 'week' AND period = '2026-03-09' ORDER BY ALL"
    ) == [("county", "rounded"), ("north", "rounded"), ("south", "rounded")]


def test_a_small_unit_is_in_its_parents_figure_and_in_none_of_its_own(filled: PrivateStore) -> None:
    files = SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"{id: south, name: South, parent: county}",
            b"{id: south, name: South, parent: county}\n  - {id: west, name: West, parent: county}",
        )
    }
    publish(filled, MONDAY)
    registry_tables.save(filled.connection, county(files), date(2026, 1, 1), date(2026, 12, 31))
    filled.mark_everything()
    add(filled, staff("west", 4))
    publish(filled, MONDAY + WEEK, county(files))
    assert ledger(filled, "county")[:2] == (64, 64)
    assert filled.connection.rows("SELECT 1 FROM {open}.indicator_values WHERE unit = 'west'") == []


def moved() -> dict[str, bytes]:
    """The south under the north, since ever."""
    return SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"{id: south, name: South, parent: county}", b"{id: south, name: South, parent: north}"
        )
    }


def test_a_unit_moved_back_in_time_makes_other_sets_which_are_told_anew(filled: PrivateStore) -> None:
    publish(filled, MONDAY)
    registry_tables.save(filled.connection, county(moved()), date(2026, 1, 1), date(2026, 12, 31))
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    publish(filled, MONDAY + WEEK, county(moved()))
    assert ledger(filled, "north")[:2] == (60, 60)
    assert ledger(filled, "county")[:2] == (60, 60)
