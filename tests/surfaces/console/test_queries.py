"""Whatever a page asks of the store, it asks of the open zone."""

from __future__ import annotations

import inspect
import re
from datetime import date
from pathlib import Path

import nytta.surfaces.console
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.store.private import PrivateStore
from nytta.surfaces.console import queries, readings
from tests.contracts.test_zones import listening, tables_read

DAY = date(2026, 3, 2)
ASKED = {
    "parts": lambda s: queries.parts(s, "x", 1, "u", "y", DAY),
    "coverage": lambda s: queries.coverage(s, "x", DAY),
    "rejected": queries.rejected,
    "delivering": queries.delivering,
    "parts_over_time": lambda s: queries.parts_over_time(s, "i", 1, "u", "s", DAY),
    "evaluated_week": lambda s: queries.evaluated_week(s, "x"),
    "not_assessed": lambda s: queries.not_assessed(s, "x", DAY),
    "deliveries": lambda s: queries.deliveries(s, "x"),
    "disposals": queries.disposals,
}


def test_every_query_reads_open_tables_alone(store: PrivateStore) -> None:
    for name, ask in ASKED.items():
        connection = listening(store.connection)
        ask(OpenStore(connection))
        assert connection.asked, name
        for sql in connection.asked:
            assert tables_read(store, sql) == {store.connection.zones.open}, name


def test_every_query_is_tried() -> None:
    assert {n for n, f in vars(queries).items() if inspect.isfunction(f) and f.__module__ == queries.__name__} == set(
        ASKED
    )


def test_the_version_of_what_is_published_is_read_from_open_tables(store: PrivateStore) -> None:
    assert tables_read(store, store.connection.zones.fill(readings._VERSION)) <= {store.connection.zones.open, "system"}


def test_no_file_of_the_console_names_a_private_table() -> None:
    for path in Path(nytta.surfaces.console.__file__).parent.rglob("*.py"):
        assert not re.search(r"\{private\}|nytta_private", path.read_text("utf-8")), path
