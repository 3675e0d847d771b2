"""Zones that are made from the tables of others are as migrations make them; and types of columns are asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection, Zones
from nytta.storage.migrate import make, migrate, recorded
from tests.rows import NOW, event, table
from tests.support.stores import state


@contextmanager
def zones(engine: Connection, name: str) -> Iterator[Connection]:
    """The engine on two databases that are not there yet, and go."""
    connection = engine.beside(Zones(private=f"private_{name}", open=f"open_{name}"))
    yield connection
    for zone in ("private", "open"):
        connection.run(f"DROP DATABASE IF EXISTS {{{zone}}}")


def test_what_is_made_is_what_migrations_make(engine: Connection, tables: Path) -> None:
    with zones(engine, "migrated") as migrated, zones(engine, "first") as first, zones(engine, "second") as second:
        migrate(migrated, tables)
        engine.forms.clear()
        make(first, tables)
        assert engine.forms
        make(second, tables)
        assert state(second) == state(first) == state(migrated)
        assert recorded(second) == recorded(migrated)
        assert migrate(second, tables) == []
        # views fill the tables of their own zones
        PrivateStore(second).write(
            table([event(1, "platform.session", "02-02", "ada", actor="ada")]), [], seal=bytes, received_at=NOW
        )
        assert second.value("SELECT count() FROM {private}.persons_by_day") == 1
        assert first.value("SELECT count() FROM {private}.persons_by_day") == 0


def test_a_zone_that_is_there_is_left_as_it_is(engine: Connection, tables: Path, store: PrivateStore) -> None:
    named = ["received_on", "source", "system", "events"]
    store.connection.insert("{open}.not_processed", named, [[NOW.date(), "/old", "cases", 12]])
    beside = store.connection.beside(Zones(private="private_beside", open=store.connection.zones.open))
    for _ in range(2):
        make(beside, tables)
        assert beside.value("SELECT count() FROM {open}.not_processed") == 1
        beside.run("DROP DATABASE {private}")


def test_other_migrations_are_another_form(engine: Connection, tables: Path, tmp_path: Path) -> None:
    for path in tables.rglob("*.sql"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / path.parent.name / path.name).write_bytes(path.read_bytes())
    (tmp_path / "private" / "9999_more.sql").write_text(
        "CREATE TABLE {private}.more (a UInt8) ENGINE = MergeTree ORDER BY a;\n"
    )
    with zones(engine, "shipped") as shipped, zones(engine, "more") as more:
        make(shipped, tables)
        make(more, tmp_path)
        assert more.value("SELECT count() FROM {private}.more") == 0
        assert recorded(more)[-1] == "private/9999_more"


CHANGES = (
    "ALTER TABLE {private}.t MODIFY COLUMN a String",
    "CREATE OR REPLACE TABLE {private}.t (a String) ENGINE = MergeTree ORDER BY tuple()",
    "DROP TABLE {private}.t",
)


@pytest.mark.parametrize("change", CHANGES)
def test_types_of_columns_are_asked_again_after_a_change(new_store: Callable[[], PrivateStore], change: str) -> None:
    connection = new_store().connection
    made = "CREATE TABLE IF NOT EXISTS {{private}}.t (a {}) ENGINE = MergeTree ORDER BY tuple()"
    connection.run(made.format("UInt8"))
    for number in (1, 2):
        connection.insert("{private}.t", ["a"], [[number]])
    connection.run(change)
    connection.run(made.format("String"))
    connection.insert("{private}.t", ["a"], [["three"]])
    assert connection.rows("SELECT a FROM {private}.t ORDER BY a")[-1] == ("three",)
