"""A store of an earlier release is brought up to date part by part: broken off, it goes on, and says how far it is."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.storage import migrate as migrations
from nytta.storage.client import Connection, Zones
from nytta.storage.errors import StoreError
from nytta.storage.migrate import migrate, missing, recorded
from tests.rows import NOW, event, table

NEWEST = "private/0015_shorter_indexes"
INDEXES = {
    "deliveries": "SELECT * FROM {private}.deliveries FINAL ORDER BY ALL",
    "persons_by_day": "SELECT * FROM {private}.persons_by_day FINAL ORDER BY ALL",
}
EVENTS = [event(number, "platform.session", f"02-{number % 27 + 1:02}", "", actor=f"a{number}") for number in range(40)]
OTHERS = [row | {"unit": "south"} for row in EVENTS[:5]]


class Died(Exception):
    """The process was killed here."""


class Mortal:
    """A connection whose process dies before its n-th statement that writes; it remembers those that it carried out."""

    def __init__(self, connection: Connection, life: int) -> None:
        self._connection = connection
        self._life = life
        self.copied: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in {"run", "insert"}:
            return method

        def counted(sql: str, *arguments: Any, **parameters: Any) -> Any:
            self._life -= 1
            if self._life < 0:
                raise Died
            if match := re.search(r"INSERT INTO {private}\.(\w+)\n.*( = \d+)", sql, re.DOTALL):
                self.copied.append(match[1] + match[2])
            return method(sql, *arguments, **parameters)

        return counted


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """Parts in which 45 rows are copied."""
    monkeypatch.setattr(migrations, "_PART_ROWS", 10)
    return 5


@pytest.fixture
def earlier(engine: Connection, tables: Path, tmp_path: Path) -> Iterator[tuple[Connection, Path]]:
    """A store that the program before made and filled, and the tables that it knows."""
    known = tmp_path / "tables"
    shutil.copytree(tables, known)
    (known / f"{NEWEST}.sql").unlink()
    connection = engine.beside(Zones(private="private_earlier", open="open_earlier"))
    migrate(connection, known)
    store = PrivateStore(connection)
    for rows in (EVENTS, OTHERS):
        store.write(table(rows), [], seal=bytes, received_at=NOW)
    yield connection, known
    for zone in ("private_earlier", "open_earlier"):
        connection.run(f"DROP DATABASE IF EXISTS {zone}")


def contents(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: connection.rows(query) for name, query in INDEXES.items()}


def test_what_is_copied_is_what_a_new_store_would_hold(
    earlier: tuple[Connection, Path], store: PrivateStore, tables: Path, parts: int, caplog: pytest.LogCaptureFixture
) -> None:
    connection, _known = earlier
    for rows in (EVENTS, OTHERS):
        store.write(table(rows), [], seal=bytes, received_at=NOW)
    with caplog.at_level(logging.INFO, "nytta.storage.migrate"):
        assert migrate(connection, tables) == [NEWEST]
    assert contents(connection) == contents(store.connection)
    assert len(contents(connection)["deliveries"]) == len(EVENTS) + len(OTHERS)
    steps = [re.search(r"step (\d+) of (\d+)", record.getMessage()) for record in caplog.records]
    numbers = [step.groups() for step in steps if step]
    assert numbers == [(str(number), numbers[-1][1]) for number in range(1, len(numbers) + 1)]
    assert len(numbers) > 2 * parts
    names = {name for (name,) in connection.rows("SHOW TABLES FROM {private}")}
    assert not names & {"identities", "identities_of_events", "person_days", "person_days_of_events"}
    assert recorded(connection) == recorded(store.connection)
    assert migrate(connection, tables) == missing(connection, tables) == []


def test_broken_off_anywhere_it_goes_on_where_it_was(
    earlier: tuple[Connection, Path], store: PrivateStore, tables: Path, parts: int
) -> None:
    connection, known = earlier
    for rows in (EVENTS, OTHERS, EVENTS[:1]):
        store.write(table(rows), [], seal=bytes, received_at=NOW)
    copied: list[str] = []
    deaths = 0
    for life in range(8, 60):
        mortal = Mortal(connection, life)
        try:
            migrate(mortal, tables)  # type: ignore[arg-type]
        except Died:
            copied += mortal.copied
            deaths += 1
            assert missing(connection, tables) == [NEWEST]
            assert NEWEST not in recorded(connection)
            # an earlier program would remove persons from what it knows alone
            with pytest.raises(StoreError, match=f"has migration {NEWEST}, unknown to this program: upgrade the"):
                migrate(connection, known)
            # what comes in between two tries, from whoever writes still, is in it too
            if deaths == 3:
                PrivateStore(connection).write(table(EVENTS[:1]), [], seal=bytes, received_at=NOW)
            continue
        copied += mortal.copied
        break
    assert deaths > 3
    # a part is copied again only where its process died before it was noted
    assert set(copied) == {f"{name} = {place}" for name in INDEXES for place in range(parts)}
    assert len(copied) <= len(set(copied)) + deaths
    assert contents(connection) == contents(store.connection)
