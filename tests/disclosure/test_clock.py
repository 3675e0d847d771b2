"""The publication clock, across zones and the change to summer time."""

from datetime import UTC, date, datetime

import pytest

from nytta.disclosure.clock import first_open_week, last_of_month


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 18, 12, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 16, 4, 59, tzinfo=UTC), date(2026, 11, 9)),  # 05:59 in Stockholm
        (datetime(2026, 11, 16, 5, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 3, 30, 4, 0, tzinfo=UTC), date(2026, 3, 30)),  # summer time began the day before
        (
            datetime(2027, 1, 3, 23, 30, tzinfo=UTC),
            date(2026, 12, 28),
        ),  # Monday of ISO week 1 has begun, 06:00 has not
    ],
)
def test_a_week_closes_on_monday_at_six(now: datetime, week: date) -> None:
    assert first_open_week(now, "Europe/Stockholm") == week


@pytest.mark.parametrize(
    ("week", "told"),
    [
        (date(2026, 2, 16), date(2026, 2, 16)),  # ends on 22 February; the next one ends in March
        (date(2026, 2, 23), date(2026, 2, 16)),
        (date(2026, 3, 16), date(2026, 2, 16)),
        (date(2026, 3, 23), date(2026, 3, 23)),
        (date(2026, 1, 5), date(2025, 12, 22)),
    ],
)
def test_slow_figures_tell_the_last_week_that_ends_in_a_month(week: date, told: date) -> None:
    assert last_of_month(week) == told
