"""Weeks, working days and local time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from nytta.demo.weeks import Calendar, easter_monday, span


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("2026-W07", date(2026, 2, 9)),
        ("2026-W53", date(2026, 12, 28)),
        ("2026-02-15", date(2026, 2, 9)),  # a Sunday ends its week
        (date(2026, 2, 14), date(2026, 2, 2)),
        (date(2026, 2, 16), date(2026, 2, 9)),
    ],
)
def test_the_span_ends_with_the_last_week_that_has_ended(until: date | str, last: date) -> None:
    weeks = span(until, 80)
    assert weeks.monday(79) == last
    assert len(weeks.labels) == 80


def test_weeks_are_labelled_by_iso_year() -> None:
    weeks = span("2027-W01", 60)
    assert weeks.labels[-2:] == ["2026-W53", "2027-W01"]


def test_working_days_leave_out_weekends_and_holidays() -> None:
    calendar = Calendar(span("2026-W30", 80), "SE", "Europe/Stockholm")
    week = calendar.span.labels.index("2026-W25")  # Midsummer Eve is the Friday
    assert calendar.working_in_week[week] == 4
    thursday = np.array([week * 7 + 3])
    assert calendar.later(thursday, np.array([0]))[0] == week * 7 + 3
    assert calendar.later(thursday, np.array([1]))[0] == week * 7 + 7


def test_local_hours_become_utc_on_both_sides_of_the_clock_change() -> None:
    calendar = Calendar(span("2026-W30", 80), "NO", "Europe/Oslo")
    before = (date(2026, 3, 28) - calendar.span.start).days
    moments = calendar.moment(np.array([before, before + 1]), np.array([9.5, 9.5]))
    found = [datetime.fromtimestamp(m / 1000, UTC).isoformat() for m in moments.tolist()]
    assert found == ["2026-03-28T08:30:00+00:00", "2026-03-29T07:30:00+00:00"]


def test_the_week_of_a_moment_is_local() -> None:
    calendar = Calendar(span("2026-W30", 80), "SE", "Europe/Stockholm")
    midnight = round(datetime(2026, 2, 8, 23, 0, tzinfo=UTC).timestamp() * 1000)  # Monday 00:00 in Stockholm
    week = calendar.span.labels.index("2026-W07")
    assert calendar.week_of(np.array([midnight - 1, midnight])).tolist() == [week - 1, week]


@pytest.mark.parametrize(("year", "day"), [(2025, date(2025, 4, 21)), (2026, date(2026, 4, 6))])
def test_easter(year: int, day: date) -> None:
    assert easter_monday(year) == day
