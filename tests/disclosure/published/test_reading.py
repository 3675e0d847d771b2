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


def test_the_latest_figures_are_read_from_their_own_quarters_and_organisation(store: PrivateStore) -> None:
    """Whatever is asked of them: a county has ten million others."""
    for number in range(8):
        publish(
            store, number + 1, "window", *((f"u{unit}", WEEK - timedelta(weeks=13 * number), 5.0) for unit in range(9))
        )
    closed = ["organisation", "indicator", "version", "system", "grain", "period", "publication"]
    store.connection.insert("{open}.closed_periods", closed, [["county", "lead-time", 1, "cases", "window", WEEK, 1]])
    columns = ["indicator", "version", "protects", "window_weeks", "loaded"]
    store.connection.insert("{open}.definitions", columns, [["lead-time", 1, "handling", 4, 1]])
    units = ["unit", "root", "name_en", "valid_from", "valid_to"]
    ever = [date(1970, 1, 1), date(2149, 6, 6)]
    store.connection.insert("{open}.units", units, [[unit, "county", unit, *ever] for unit in ("u0", "u1", "new")])
    for question in (
        "SELECT status, count() FROM {open}.last_values GROUP BY status",
        "SELECT unit, value, reason FROM {open}.last_values WHERE organisation = 'county' AND system = 'cases'",
        "SELECT * FROM {open}.judged_units WHERE organisation = 'county'",
        "SELECT value, change FROM {open}.last_changes WHERE unit = 'u1'",
        f"SELECT status, count() FROM {{open}}.figures WHERE organisation = 'county' AND grain = 'window' AND "
        f"period = '{WEEK}' GROUP BY status",
    ):
        plan = [line for (line,) in rows(store, f"EXPLAIN indexes = 1 {question}")]
        reads = "\n".join(plan).split(f"({store.connection.zones.open}.published_values)")[1:]
        assert reads
        for read in reads:
            partition = read[read.index("Partition") :]
            assert "Condition: true" not in partition.split("PrimaryKey")[0], (question, read)
    shown = dict(rows(store, "SELECT unit, status FROM {open}.last_values"))
    assert shown == {f"u{unit}": "ok" for unit in range(9)} | {"new": "suppressed"}
    judged = rows(store, "SELECT unit, shown, figures FROM {open}.judged_units ORDER BY unit")
    assert judged == [("new", 0, 1), *((f"u{unit}", 1, 1) for unit in range(9))]
