"""What a publication reads of cells: no figure that is due rests on one before the reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from nytta.disclosure.store import publish as publication_module
from nytta.disclosure.store.publication import exact_rows as reading
from nytta.disclosure.store.publication.course import ComputedPeriods, Publication
from nytta.indicators.definition import Definition
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from tests.organisations import county, secret
from tests.rows import NOW, event, table

DEFINITIONS = tuple(load(declarations.schemas() / "indicators").definitions)
FIRST_MONDAY = datetime(2024, 11, 4, 9, tzinfo=UTC)
WEEKS = 78
CLOSED_DAYS = (2, 5, 9)


def cases_of_week(week: int, number: int, word: str = "c") -> list[dict[str, Any]]:
    """Cases of a week by three handlers, opened on its Monday and closed some days later."""
    opened_at = FIRST_MONDAY + timedelta(weeks=week)
    rows = []
    for case in range(number):
        name = f"{word}{week}-{case}"
        actor = f"handler{case % 3}"
        closed_at = opened_at + timedelta(days=CLOSED_DAYS[case % 3])
        opened = event(f"{name}o", "case.opened", "01-01", name, actor=actor, channel=("web", "paper")[case % 2])
        closed = event(f"{name}x", "case.closed", "01-01", name, actor=actor)
        rows += [opened | {"time": opened_at}, closed | {"time": closed_at}]
    return rows


def add(store: PrivateStore, rows: list[dict[str, Any]]) -> None:
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)


def sorted_rows(rows: pa.Table) -> pa.Table:
    return rows.sort_by(
        [(name, "ascending") for name in ("indicator", "unit", "system", "case_type", "grain", "period")]
    )


def test_no_figure_that_is_due_rests_on_cells_before_the_reach(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry_tables.save(store.connection, county(), date(2024, 10, 1), date(2026, 12, 31))
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    add(store, [row for week in range(WEEKS) for row in cases_of_week(week, 6)])
    moment = FIRST_MONDAY + timedelta(weeks=WEEKS + 1)
    publication_module.publish(store, DEFINITIONS, county(), secret, moment)

    # late cases near the end: what is due lies far behind the first cells
    add(store, cases_of_week(WEEKS - 3, 5, "late"))
    exact_rows, reach = reading.exact_rows, reading._reach
    reaches: list[date] = []
    compared_rows: list[int] = []

    def both_ways(publication: Publication, alike: Sequence[Definition], computed: ComputedPeriods) -> pa.Table:
        def kept_reach(definitions: Sequence[Definition], first_day: date) -> date:
            reaches.append(reach(definitions, first_day))
            return reaches[-1]

        monkeypatch.setattr(reading, "_reach", kept_reach)
        rows = exact_rows(publication, alike, computed)
        monkeypatch.setattr(reading, "_reach", lambda *_: date(1970, 1, 1))
        assert sorted_rows(rows).equals(sorted_rows(exact_rows(publication, alike, computed)))
        compared_rows.append(len(rows))
        return rows

    monkeypatch.setattr(publication_module, "exact_rows", both_ways)
    assert publication_module.publish(store, DEFINITIONS, county(), secret, moment + timedelta(hours=1)) > 0
    assert sum(compared_rows) > 50
    assert min(reaches) > FIRST_MONDAY.date() + timedelta(weeks=20)
