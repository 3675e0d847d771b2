"""The access log on a real store: what it holds, who may read it, and that it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nytta.indicators.disposal.retention import dispose, due
from nytta.ingest.store.private import PrivateStore
from nytta.registry.retention import KEPT, Rule
from nytta.registry.roles import Permission, Role
from nytta.surfaces.access_log import AccessLog, Read
from tests.organisations import county


@pytest.fixture
def log(store: PrivateStore) -> AccessLog:
    return AccessLog(store.connection)


def read(unit: str, reader: str = "r1") -> Read:
    return Read(reader, Role.MANAGER, unit, Permission.FIGURES, unit, "console")


def test_reads_are_listed_for_those_units_alone(log: AccessLog) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    log.write([read("north"), read("south", "r2")], now)
    log.write([read("north", "r2")], now + timedelta(seconds=1))
    since = now - timedelta(days=1)
    assert [(r["unit"], r["reader"]) for r in log.read(None, since)] == [
        ("north", "r2"),
        ("north", "r1"),
        ("south", "r2"),
    ]
    assert [r["reader"] for r in log.read(frozenset({"north"}), since)] == ["r2", "r1"]
    assert [r["unit"] for r in log.read(None, since, reader="r2")] == ["north", "south"]
    assert log.read(frozenset(), since) == []
    assert log.read(None, now + timedelta(minutes=1)) == []


def test_the_log_names_nobody_and_ends_after_twelve_months(log: AccessLog, store: PrivateStore) -> None:
    columns = {row[0] for row in store.connection.rows("DESCRIBE TABLE {open}.access_log")}
    assert columns == {"at", "reader", "role", "role_unit", "what", "unit", "surface"}
    now = datetime.now(UTC)
    log.write([read("north")], now)
    assert due(store, county(), now + KEPT[Rule.ACCESS_LOG] - timedelta(minutes=1)) == []
    later = now + KEPT[Rule.ACCESS_LOG] + timedelta(minutes=1)
    (each,) = due(store, county(), later)
    dispose(store, (), each, later)
    assert log.read(None, now - timedelta(days=1)) == []
