"""Publication: figures from the ledger, corrected only where enough are concerned, never against the past."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.disclosure.rules import Rules
from nytta.disclosure.store.publish import publish
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import unknown_units
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from nytta.storage.client import StoreError
from tests.organisations import SMALL_COUNTY, county
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


@pytest.fixture
def filled(store: PrivateStore) -> PrivateStore:
    """Forty persons in the north, twenty in the south, and an act that makes the eighth week of 2026 the last."""
    registry_tables.save(store.connection, county(), date(2026, 1, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    last = event("last", "case.opened", "03-02", "c1")
    add(store, [*staff("north", 40), *staff("south", 20), last])
    return store


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


def week(store: PrivateStore, unit: str) -> tuple[Any, ...]:
    """Status, numerator and size of a week, as the ledger has them."""
    status = store.connection.value(
        "SELECT status FROM {open}.indicator_values WHERE unit = {unit:String} AND grain = 'week' AND case_type = '*' "
        "AND period = '2026-02-23'",
        unit=unit,
    )
    numbers = store.connection.rows(
        "SELECT numerator, size FROM {private}.disclosed FINAL WHERE unit = {unit:String} AND grain = 'week' "
        "AND period = '2026-02-23'",
        unit=unit,
    )[0]
    return (status, *numbers)


def test_a_second_publication_changes_nothing(filled: PrivateStore) -> None:
    assert publish(filled, DEFINITIONS, MONDAY) > 0
    assert publish(filled, DEFINITIONS, MONDAY) == 0
    assert publish(filled, DEFINITIONS, MONDAY + timedelta(hours=1)) == 0
    assert week(filled, "north") == ("banded", 40, 40)


def test_one_who_comes_late_waits_and_ten_do_not(filled: PrivateStore) -> None:
    publish(filled, DEFINITIONS, MONDAY)
    add(filled, staff("north", 1, first=40))
    publish(filled, DEFINITIONS, MONDAY + WEEK)
    assert week(filled, "north") == ("revised_pending", 40, 40)
    assert week(filled, "county") == ("revised_pending", 60, 60)
    assert week(filled, "south") == ("banded", 20, 20)
    add(filled, staff("north", 9, first=41))
    publish(filled, DEFINITIONS, MONDAY + 2 * WEEK)
    assert week(filled, "north") == ("banded", 50, 50)
    assert week(filled, "county") == ("banded", 70, 70)


def test_a_week_is_restated_once_a_week_at_most(filled: PrivateStore) -> None:
    publish(filled, DEFINITIONS, MONDAY)
    add(filled, staff("north", 15, first=40))
    publish(filled, DEFINITIONS, MONDAY + timedelta(days=2))
    assert week(filled, "north") == ("revised_pending", 40, 40)
    publish(filled, DEFINITIONS, MONDAY + WEEK)
    assert week(filled, "north") == ("banded", 55, 55)


def nobody_knows(store: PrivateStore, count: int) -> None:
    """So many events of the source that name a unit which the registry does not have."""
    refused = [Reject(Reason.UNKNOWN_UNIT, "", "test", f"line {n}", b"%d" % n) for n in range(count)]
    store.write(table([]), refused, seal=bytes, received_at=datetime.now(UTC))  # they go two weeks later


def test_units_wait_while_their_source_names_units_that_nobody_knows(filled: PrivateStore) -> None:
    nobody_knows(filled, 6)  # of 67: less than a tenth
    publish(filled, DEFINITIONS, MONDAY)
    add(filled, [event("next", "case.opened", "03-09", "c2")])
    nobody_knows(filled, 8)
    assert unknown_units(filled.connection, MONDAY) == {"test": 8 / 70}
    publish(filled, DEFINITIONS, MONDAY + WEEK)
    latest = filled.connection.rows(
        "SELECT unit, period FROM {open}.indicator_values WHERE grain = 'week' AND period >= '2026-03-02' ORDER BY ALL"
    )
    closed = date(2026, 3, 2)
    assert latest == [("county", closed), ("county", closed + WEEK), ("north", closed), ("south", closed)]
    filled.connection.run("TRUNCATE TABLE {private}.rejects")  # the map of codes is mended, the events were sent again
    publish(filled, DEFINITIONS, MONDAY + WEEK)
    assert filled.connection.rows(
        "SELECT unit, status FROM {open}.indicator_values WHERE grain = 'week' AND period = '2026-03-09' ORDER BY ALL"
    ) == [("county", "banded"), ("north", "banded"), ("south", "banded")]


def test_a_small_unit_that_comes_late_stays_in_nobodys_figure(filled: PrivateStore) -> None:
    files = SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"{id: south, name: South, parent: county}",
            b"{id: south, name: South, parent: county}\n  - {id: west, name: West, parent: county}",
        )
    }
    publish(filled, DEFINITIONS, MONDAY)
    registry_tables.save(filled.connection, county(files), date(2026, 1, 1), date(2026, 12, 31))
    filled.mark_everything()
    add(filled, staff("west", 4))
    publish(filled, DEFINITIONS, MONDAY + WEEK)
    assert week(filled, "county") == ("revised_pending", 60, 60)
    assert week(filled, "west")[0] == "suppressed"


def moved() -> dict[str, bytes]:
    """The south under the north, since ever."""
    return SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"{id: south, name: South, parent: county}", b"{id: south, name: South, parent: north}"
        )
    }


def test_a_unit_moved_back_in_time_stops_publication(filled: PrivateStore) -> None:
    publish(filled, DEFINITIONS, MONDAY)
    registry_tables.save(filled.connection, county(moved()), date(2026, 1, 1), date(2026, 12, 31))
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    before = filled.connection.rows("SELECT * FROM {open}.published_values ORDER BY ALL")
    with pytest.raises(StoreError, match=r"unit 'south' stood under 'county'.* let the change begin on 2026-03-09"):
        publish(filled, DEFINITIONS, MONDAY + WEEK)
    assert filled.connection.rows("SELECT * FROM {open}.published_values ORDER BY ALL") == before


def test_a_unit_that_moves_from_the_next_week_on_does_not(filled: PrivateStore) -> None:
    publish(filled, DEFINITIONS, MONDAY)
    later = SMALL_COUNTY["organisation.yaml"].replace(
        b"{id: south, name: South, parent: county}",
        b"{id: south, name: South, parent: county, valid_to: 2026-03-09}\n"
        b"  - {id: south, name: South, parent: north, valid_from: 2026-03-09}",
    )
    registry_tables.save(
        filled.connection, county(SMALL_COUNTY | {"organisation.yaml": later}), date(2026, 1, 1), date(2026, 12, 31)
    )
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    assert publish(filled, DEFINITIONS, MONDAY + WEEK) >= 0
    assert week(filled, "north") == ("banded", 40, 40)


def test_overlapping_versions_of_a_unit_stop_publication(filled: PrivateStore) -> None:
    filled.connection.run("INSERT INTO {open}.units SELECT * REPLACE (toDate('2026-01-05') AS valid_from) FROM "
                          "{open}.units WHERE unit = 'south'")  # fmt: skip
    with pytest.raises(StoreError, match="unit 'south' has two versions from 2026-01-05"):
        publish(filled, DEFINITIONS, MONDAY)
    assert filled.connection.value("SELECT count() FROM {open}.published_values") == 0


def test_k_of_four_publishes_nothing(filled: PrivateStore) -> None:
    with pytest.raises(ValueError, match="k = 4 is refused"):
        publish(filled, DEFINITIONS, MONDAY, Rules(k=4))
    assert filled.connection.value("SELECT count() FROM {open}.published_values") == 0
