"""The stores that tests are lent are as new ones are, whatever a test before did with them."""

from __future__ import annotations

from datetime import date

from nytta.ingest.store.private import PrivateStore
from tests.support.stores import Stores, rows_by_table

LATE = ["received_on", "source", "system", "events"]


def test_what_a_test_wrote_is_gone_and_a_copy_stays_apart(stores: Stores) -> None:
    with stores.lending() as new:
        first = new()
        first.connection.insert("{open}.not_processed", LATE, [[date(2026, 11, 2), "/old", "cases", 12]])
        copy = new(first)
        assert rows_by_table(copy) == rows_by_table(first) == {"not_processed": 1}
        copy.connection.insert("{open}.not_processed", LATE, [[date(2026, 11, 3), "/old", "cases", 1]])
        assert rows_by_table(first) == {"not_processed": 1}
        lent = {first.connection.zones, copy.connection.zones}
    with stores.lending() as new:
        again = [new(), new()]
        assert {store.connection.zones for store in again} == lent
        assert [rows_by_table(store) for store in again] == [{}, {}]


def test_a_store_whose_tables_a_test_changed_is_dropped(stores: Stores) -> None:
    def databases(store: PrivateStore) -> int:
        zones = store.connection.zones
        name = "SELECT count() FROM system.databases WHERE name IN ({private:String}, {open:String})"
        return int(store.connection.value(name, private=zones.private, open=zones.open))

    store = stores.take()
    assert databases(store) == 2
    store.connection.run("DROP VIEW {open}.indicator_values")
    stores.give_back(store)
    assert databases(store) == 0
    with stores.lending() as new:
        assert new().connection.zones != store.connection.zones
