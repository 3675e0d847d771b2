"""Who belonged to a unit in a week is what the dates of memberships say, however far they reach back or ahead."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import save_definitions
from nytta.ingest.events.fields import FIRST_DATE, LAST_DATE
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from tests.organisations import small_county
from tests.rows import NOW, event, table

DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id == "weekly-breadth")
WEEKS = [date(2026, 1, 12) + timedelta(weeks=number) for number in range(8)]
EDGES = [FIRST_DATE, date(1969, 12, 31), date(1970, 1, 1), date(1970, 1, 5), date(1999, 12, 31), date(2000, 1, 1)]
EDGES += [date(2149, 6, 6), date(2149, 6, 7), date(2200, 1, 1), LAST_DATE]
SYSTEMS = 3


def any_day(draw: random.Random) -> date:
    """A day near the weeks, one at which calendars of computers end, or any that an event may bear."""
    near = WEEKS[0] + timedelta(days=draw.randrange(-20, 80))
    anywhere = FIRST_DATE + timedelta(days=draw.randrange((LAST_DATE - FIRST_DATE).days))
    return draw.choice([near, near, draw.choice(EDGES), anywhere])


def spans(draw: random.Random) -> list[tuple[date, date | None]]:
    """Forty memberships: the first day, and the first day after."""
    drawn = [(any_day(draw), draw.choice([None, any_day(draw), any_day(draw)])) for _ in range(80)]
    return [(begin, end) for begin, end in drawn if end is None or begin < end][:40]


def test_a_week_counts_who_belonged_on_one_of_its_days(new_store: Callable[[], PrivateStore]) -> None:
    store = new_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    draw = random.Random(23)
    memberships = {f"system {number}": spans(draw) for number in range(SYSTEMS)}
    rows = [
        event(f"{system} {number}", "people.eligibility", "01-01", f"{number}", system=system, actor=f"{number}")
        | {"entitled": 1, "valid_from": begin, "valid_to": end}
        for system, of_system in memberships.items()
        for number, (begin, end) in enumerate(of_system)
    ]
    rows += [
        event(f"{system} {week}", "platform.session", "01-01", "0", system=system, actor="0", quantity=1)
        | {"time": datetime(week.year, week.month, week.day, 12, tzinfo=UTC)}
        for system in memberships
        for week in (WEEKS[0], WEEKS[-1])
    ]
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)
    counted = store.connection.rows(
        "SELECT system, period, denominator FROM {private}.cells FINAL "
        "WHERE unit = 'north' AND grain = 'week' AND case_type = '*' AND denominator > 0"
    )
    expected = {
        (system, week): sum(begin <= week + timedelta(days=6) and (end is None or end > week) for begin, end in spans)
        for system, spans in memberships.items()
        for week in WEEKS
    }
    assert len(expected) == SYSTEMS * len(WEEKS)
    assert {(system, week): count for system, week, count in counted if week in WEEKS} == expected
