"""Which periods are closed: the open zone publishes whole weeks and months, Monday 06:00 local time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_PUBLISHED_AT = time(6)


def last_of_month(week: date) -> date:
    """The latest week, not after `week` (Mondays), that ends as the last one of its month: slow figures tell it."""
    # A week belongs to the month of its Sunday; it is the last one where the next Sunday has another.
    while (week + timedelta(days=6)).month == (week + timedelta(days=13)).month:
        week -= timedelta(weeks=1)
    return week


def first_open_week(current_time: datetime, timezone: str) -> date:
    """Monday of the earliest week that is not published yet at `current_time` (aware), by the clock of `timezone`.

    A week is published on the Monday after it, at 06:00; until then it counts as open.
    """
    local = current_time.astimezone(ZoneInfo(timezone))
    monday = local.date() - timedelta(days=local.weekday())
    if local.date() == monday and local.time() < _PUBLISHED_AT:
        return monday - timedelta(weeks=1)
    return monday
