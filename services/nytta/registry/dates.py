"""Dates of the registry: validity spans and ISO weeks.

A span holds from its first day until the day before its last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BEGINNING = date(1970, 1, 1)
"""Stands for "since ever"; the first day that ClickHouse's type Date can hold."""

END = date(2149, 6, 6)
"""Stands for "until further notice"; the last day that ClickHouse's type Date can hold."""

_WEEK = re.compile(r"(\d{4})-?W(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from `valid_from` up to, not including, `valid_to`."""

    valid_from: date = BEGINNING
    valid_to: date = END

    def __contains__(self, day: date) -> bool:
        return self.valid_from <= day < self.valid_to

    def meet(self, other: Span) -> Span | None:
        """The days that both spans hold; None when they share none."""
        valid_from = max(self.valid_from, other.valid_from)
        valid_to = min(self.valid_to, other.valid_to)
        return Span(valid_from, valid_to) if valid_from < valid_to else None


ALWAYS = Span()
"""Every day the registry can speak of."""


def gaps(span: Span, covering: Iterable[Span]) -> list[Span]:
    """The parts of `span` that no span of `covering` holds, in order."""
    uncovered: list[Span] = []
    # the first day of which it is not known yet whether anything holds it
    day = span.valid_from
    for cover in sorted(covering):
        if cover.valid_from > day and day < span.valid_to:
            uncovered.append(Span(day, min(cover.valid_from, span.valid_to)))
        day = max(day, cover.valid_to)
    if day < span.valid_to:
        uncovered.append(Span(day, span.valid_to))
    return uncovered


def monday(day: date) -> date:
    """The first day of the ISO week that holds `day`."""
    return day - timedelta(days=day.weekday())


def parse_week(week_text: str) -> date:
    """The Monday of an ISO week written as 2026-W07. ValueError when there is no such week."""
    match = _WEEK.fullmatch(week_text)
    if match is None:
        raise ValueError(f"'{week_text}' is not an ISO week such as 2026-W07")
    return date.fromisocalendar(int(match[1]), int(match[2]), 1)


def mondays(first_day: date, last_day: date) -> list[date]:
    """The Mondays of all ISO weeks that touch the days from `first_day` to `last_day`, both included."""
    start = monday(first_day)
    count = (last_day - start).days // 7 + 1
    return [start + timedelta(weeks=offset) for offset in range(count)]


def months(first_day: date, last_day: date) -> list[date]:
    """The first days of all months that touch the days from `first_day` to `last_day`, both included."""
    # months as numbers from January of the year 0 on, so that no year has to be turned
    first_number = first_day.year * 12 + first_day.month - 1
    last_number = last_day.year * 12 + last_day.month - 1
    return [
        date(number // 12, number % 12 + 1, 1) for number in range(first_number, last_number + 1)
    ]


_LONGEST_ZONE = 64


@lru_cache(maxsize=512)
def is_zone(zone_name: str) -> bool:
    """Whether `zone_name` is an IANA time zone that is known here."""
    if len(zone_name) > _LONGEST_ZONE:
        # a name of many parts is looked for as so many packages, one in the other
        return False
    try:
        ZoneInfo(zone_name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def until(day: date) -> str:
    """`day` as the end of a validity, in words."""
    return "without end" if day == END else f"until {day}"
