"""No open query names a private table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nytta import contracts
from nytta.store.client import Connection
from nytta.store.open import OpenStore
from nytta.store.private import PrivateStore

OPEN_QUERIES: dict[str, Callable[[OpenStore], Any]] = {
    "values": lambda s: s.values(grain="week", indicator="x", unit="y", case_types=True),
    "latest": lambda s: s.latest(),
    "units": lambda s: s.units(),
}


class Listening(Connection):
    """A connection that remembers what was asked."""

    asked: list[str]

    def dicts(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        self.asked.append(self.zones.fill(sql))
        return super().dicts(sql, **parameters)


def listening(connection: Connection) -> Listening:
    heard = Listening(connection._client, connection.zones)
    heard.asked = []
    return heard


@pytest.mark.parametrize("name", OPEN_QUERIES)
def test_an_open_query_reads_open_tables(store: PrivateStore, name: str) -> None:
    connection = listening(store.connection)
    OPEN_QUERIES[name](OpenStore(connection))
    assert connection.asked
    for sql in connection.asked:
        # parameters do not change which tables are read; EXPLAIN takes literals
        literal = re.sub(r"\{\w+:\w+\}", "''", sql)
        plan = "\n".join(row[0] for row in store.connection.rows(f"EXPLAIN QUERY TREE {literal}"))
        read = set(re.findall(r"table_name: (\S+?)[,\s]", plan + " "))
        assert read, plan
        assert {name.split(".")[0] for name in read} <= {store.connection.zones.open, "system"}, read


def test_every_open_query_is_tried() -> None:
    methods = {n for n in vars(OpenStore) if not n.startswith("_")}
    assert methods == set(OPEN_QUERIES)


def test_the_open_module_speaks_of_nothing_private() -> None:
    text = (contracts.schemas().parent / "services/nytta/store/open.py").read_text("utf-8")
    assert "{private}" not in text.replace("{{", "{").replace("}}", "}")
    assert not re.search(r"^(from|import) .*private", text, re.MULTILINE)


def test_open_views_read_open_tables() -> None:
    for path in sorted((contracts.schemas() / "tables" / "open").glob("*.sql")):
        assert "{private}" not in path.read_text("utf-8"), path.name


def test_migrations_lie_where_they_are_looked_for(tables: Path) -> None:
    assert sorted(p.name for p in tables.iterdir()) == ["open", "private"]
