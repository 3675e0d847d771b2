"""Empty stores of tests on one engine: what a test leaves is emptied and given to the next.

To make a store takes half a second of a processor, and each one there is costs the engine's background work more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection, Zones
from nytta.storage.migrate import make


class Stores:
    """Migrated stores without a row, each in databases of its own."""

    def __init__(self, engine: Connection, tables: Path) -> None:
        self._engine = engine
        self._tables = tables
        self._numbers = itertools.count(1)
        self._free: list[Connection] = []
        self._as_migrated: dict[str, Any] = {}

    def take(self) -> PrivateStore:
        """A store that nobody else has."""
        return PrivateStore(self._free.pop() if self._free else self._made())

    @contextmanager
    def lending(self) -> Iterator[Callable[..., PrivateStore]]:
        """What makes stores, empty or as another one is filled; all of them are given back at the end."""
        lent: list[PrivateStore] = []

        def new(like: PrivateStore | None = None) -> PrivateStore:
            lent.append(self.take())
            if like:
                _copy(like, lent[-1])
            return lent[-1]

        yield new
        for store in lent:
            self.give_back(store)

    def give_back(self, store: PrivateStore) -> None:
        """Empty the store for another test; one whose tables are not as migrations made them is dropped."""
        connection = store.connection
        zones = _zones(connection)
        for zone in zones:
            connection.run_all(f"TRUNCATE TABLE {zone}.{name}" for name in _written(connection, zone))
        if all(_stands(connection, zone) for zone in zones) and state(connection) == self._as_migrated:
            self._free.append(connection)
        else:
            for zone in zones:
                connection.run(f"DROP DATABASE IF EXISTS {zone}")

    def _made(self) -> Connection:
        number = next(self._numbers)
        connection = self._engine.beside(Zones(private=f"private_{number}", open=f"open_{number}"))
        make(connection, self._tables)
        self._as_migrated = self._as_migrated or state(connection)
        return connection


def rows_by_table(store: PrivateStore) -> dict[str, int]:
    """How many rows the tables of a store hold, where they hold any."""
    connection = store.connection
    return {
        name: int(connection.value(f"SELECT count() FROM {zone}.{name}"))
        for zone in _zones(connection)
        for name in _written(connection, zone)
    }


def _zones(connection: Connection) -> tuple[str, str]:
    return connection.zones.private, connection.zones.open


def _stands(connection: Connection, zone: str) -> bool:
    """Whether a test has left the database of a zone where it was."""
    return bool(connection.rows("SELECT 1 FROM system.databases WHERE name = {zone:String}", zone=zone))


def _written(connection: Connection, zone: str) -> list[str]:
    """The tables of a zone that hold rows, but for what migrations themselves note."""
    rows = connection.rows(
        "SELECT name FROM system.tables WHERE database = {zone:String} AND total_rows > 0 "
        "AND name != 'migrations' AND engine NOT LIKE '%View' ORDER BY name",
        zone=zone,
    )
    return [name for (name,) in rows]


def _copy(source: PrivateStore, target: PrivateStore) -> None:
    """Fill an empty store with what another one holds, table by table: links to the same files, past all views."""
    for filled, empty in zip(_zones(source.connection), _zones(target.connection), strict=True):
        for name in _written(source.connection, filled):
            target.connection.run(f"ALTER TABLE {empty}.{name} ATTACH PARTITION ALL FROM {filled}.{name}")


def state(connection: Connection) -> dict[str, Any]:
    """What is the same for equal zones, whatever their names.

    The tables as they are defined, how many rows they hold, the migrations applied, and changes that wait.
    """
    zones = _zones(connection)
    private, opened = zones
    tables = connection.rows(
        "SELECT database, name, create_table_query, total_rows FROM system.tables "
        f"WHERE database IN {zones} ORDER BY ALL"
    )
    return {
        "tables": [
            tuple(
                part.replace(private, "private").replace(opened, "open") if isinstance(part, str) else part
                for part in row
            )
            for row in tables
        ],
        "migrations": [connection.rows(f"SELECT name, digest FROM {zone}.migrations ORDER BY ALL") for zone in zones],
        "waiting": connection.value(f"SELECT count() FROM system.mutations WHERE database IN {zones} AND NOT is_done"),
    }
