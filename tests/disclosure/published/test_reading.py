"""What readers of published figures get, whatever they ask and however the store lies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from nytta.ingest.store.private import PrivateStore

COLUMNS = ("organisation", "unit", "system", "case_type", "indicator", "version", "grain", "period", "value", "status")
WEEK = date(2026, 11, 9)


def publish(store: PrivateStore, number: int, grain: str, *rows: tuple[str, date, float | None]) -> None:
    """One publication of a unit's figures, a part of its own."""
    told = datetime(2026, 11, 16, number, tzinfo=UTC)
    store.connection.insert(
        "{open}.published_values",
        [*COLUMNS, "published_at", "publication"],
        [
            ["county", unit, "cases", "*", "lead-time", 1, grain, period, value, _status(value), told, number]
            for unit, period, value in rows
        ],
    )


def _status(value: float | None) -> str:
    return "suppressed" if value is None else "ok"


def rows(store: PrivateStore, sql: str) -> list[tuple[Any, ...]]:
    return store.connection.rows(sql)


def test_only_what_was_published_last_is_read(store: PrivateStore) -> None:
    quarter = WEEK - timedelta(weeks=13)
    publish(store, 1, "week", ("north", WEEK, 5.0), ("north", quarter, 7.0))
    publish(store, 2, "week", ("north", WEEK, None), ("north", quarter, 8.0))
    assert rows(store, "SELECT value FROM {open}.indicator_values WHERE isNotNull(value)") == [(8.0,)]
    assert rows(store, "SELECT value FROM {open}.indicator_values WHERE value < 8") == []
    assert rows(store, "SELECT count() FROM {open}.indicator_values WHERE status = 'ok' AND unit = 'north'") == [(1,)]


def test_the_last_window_stands_beside_the_one_that_ended_where_it_began(store: PrivateStore) -> None:
    columns = ["indicator", "version", "title_en", "window_weeks", "loaded"]
    store.connection.insert("{open}.definitions", columns, [["lead-time", 1, "Lead time", 4, 1]])
    before = WEEK - timedelta(weeks=4)
    publish(
        store, 1, "window", ("north", before, 9.0), ("south", before, 4.0), ("north", WEEK, 6.0), ("west", WEEK, 3.0)
    )
    publish(store, 2, "window", ("north", WEEK, 7.0))
    assert sorted(rows(store, "SELECT unit, value FROM {open}.last_values")) == [("north", 7.0), ("west", 3.0)]
    found = rows(store, "SELECT unit, value, earlier, change FROM {open}.last_changes ORDER BY unit")
    assert found == [("north", 7.0, 9.0, -2.0), ("west", 3.0, None, None)]


def test_a_closed_week_was_told_when_its_first_figure_was(store: PrivateStore) -> None:
    publish(store, 3, "week", ("north", WEEK, 5.0))
    publish(store, 8, "week", ("south", WEEK, 5.0))
    publish(store, 1, "window", ("north", WEEK, 5.0))
    assert rows(store, "SELECT period, hours FROM {open}.publications") == [(WEEK, 3)]
