"""No query that a person or another system can cause reads a private table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nytta.disclosure.published import outbound
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.load import load
from nytta.ingest.store.private import PrivateStore
from nytta.insight.store import benchmarks, states
from nytta.insight.store.alerts import AlertStore
from nytta.insight.store.statements import Statements
from nytta.registry import declarations
from nytta.storage.client import Connection
from nytta.surfaces.access_log import AccessLog

DAY, NOW = date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC)
DEFINITION = load(declarations.schemas() / "indicators").definitions[0]

OPEN_READERS: dict[str, Callable[[Connection], Any]] = {
    "OpenStore.values": lambda c: OpenStore(c).values(grain="week", indicator="x", unit="y", case_types=True),
    "OpenStore.latest": lambda c: OpenStore(c).latest(),
    "OpenStore.units": lambda c: OpenStore(c).units(),
    "AlertStore.book": lambda c: AlertStore(c).book("x", DAY),
    "AlertStore.alerts": lambda c: AlertStore(c).alerts(),
    "AlertStore.organisations": lambda c: AlertStore(c).organisations(),
    "AlertStore.organisation_of": lambda c: AlertStore(c).organisation_of("x"),
    "AlertStore.messages": lambda c: AlertStore(c).messages(since=DAY),
    "AlertStore.evidence": lambda c: AlertStore(c).evidence("x", DAY, DAY),
    "AlertStore.signals": lambda c: AlertStore(c).signals("x"),
    "AlertStore.deliveries": lambda c: AlertStore(c).deliveries(),
    "AccessLog.read": lambda c: AccessLog(c).read(frozenset({"x"}), NOW, "y"),
    "Statements.organisations": lambda c: Statements(c).organisations(),
    "Statements.timezone": lambda c: Statements(c).timezone("county"),
    "Statements.latest": lambda c: Statements(c).latest("x", NOW),
    "states.read_states": lambda c: states.read_states(c, derived="use-state", unit="x", week=DAY),
    "outbound.published": lambda c: list(outbound.published(c, "x")),
    "benchmarks.export": lambda c: benchmarks.export(c, "x", [DEFINITION], units=True, case_types=True),
    "benchmarks.compared": lambda c: benchmarks.compared(c, {DEFINITION.id: DEFINITION.version}),
}
"""Every way in which console, API, commands, alerts, reports and the edge read the open zone."""

WRITERS = {
    "AlertStore.commit",
    "AlertStore.record",
    "AccessLog.write",
    "AccessLog.bring",
    "AccessLog.due",
    "Statements.add",
}


class Listening(Connection):
    """A connection that remembers what was asked."""

    asked: list[str]

    def dicts(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        self.asked.append(self.zones.fill(sql))
        return super().dicts(sql, **parameters)

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        self.asked.append(self.zones.fill(sql))
        return super().rows(sql, **parameters)

    def arrow(self, sql: str, **parameters: Any) -> pa.Table:
        self.asked.append(self.zones.fill(sql))
        return super().arrow(sql, **parameters)


def listening(connection: Connection) -> Listening:
    heard = Listening(connection._client, connection.zones)
    heard.asked = []
    return heard


_LITERALS = {
    "Array": "['']",
    "Bool": "false",
    "Date": "toDate('2026-01-05')",
    "DateTime": "toDateTime('2026-01-05 00:00:00')",
    "String": "''",
    "Int": "0",
    "UInt": "0",
}


def tables_read(store: PrivateStore, sql: str) -> set[str]:
    """Databases of the tables that a query reads, views looked through, as the engine plans it."""
    # parameters do not change which tables are read; EXPLAIN takes literals of their type
    literal = re.sub(r"\{\w+:([\w()', ]+)\}", lambda m: _LITERALS[re.match("[A-Za-z]+", m[1])[0]], sql)  # type: ignore[index]
    plan = "\n".join(row[0] for row in store.connection.rows(f"EXPLAIN QUERY TREE {literal}"))
    return {name.split(".")[0] for name in re.findall(r"table_name: (\S+?)[,\s]", plan + " ")}


@pytest.mark.parametrize("name", OPEN_READERS)
def test_an_open_query_reads_open_tables(store: PrivateStore, name: str) -> None:
    connection = listening(store.connection)
    OPEN_READERS[name](connection)
    assert connection.asked
    for sql in connection.asked:
        read = tables_read(store, sql)
        assert read, sql
        assert read <= {store.connection.zones.open, "system"}, sql


def test_every_open_reader_is_tried() -> None:
    methods = {
        f"{each.__name__}.{name}"
        for each in (OpenStore, AlertStore, AccessLog, Statements)
        for name, member in vars(each).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    assert methods - WRITERS == {name for name in OPEN_READERS if name[0].isupper()}


def test_every_open_table_and_view_stands_on_open_ones(store: PrivateStore) -> None:
    zones = store.connection.zones
    names = [n for (n,) in store.connection.rows(f"SELECT name FROM system.tables WHERE database = '{zones.open}'")]
    assert "indicator_values" in names
    for name in names:
        assert tables_read(store, f"SELECT * FROM {zones.open}.{name}") == {zones.open}, name


def test_the_listener_would_hear_a_private_table(store: PrivateStore) -> None:
    zones = store.connection.zones
    read = tables_read(store, f"SELECT count() FROM {zones.private}.indicator_values")
    assert zones.private in read


@pytest.mark.parametrize("room", ["disclosure/published", "insight", "surfaces", "registry", "demo"])
def test_open_rooms_name_no_private_table(room: str) -> None:
    for path in sorted((declarations.schemas().parent / "services" / "nytta" / room).rglob("*.py")):
        assert "{private}" not in path.read_text("utf-8"), path.name


def test_open_migrations_name_no_private_table() -> None:
    for path in sorted((declarations.schemas() / "tables" / "open").glob("*.sql")):
        assert "{private}" not in path.read_text("utf-8"), path.name


def test_migrations_lie_where_they_are_looked_for(tables: Path) -> None:
    assert sorted(p.name for p in tables.iterdir()) == ["open", "private"]
