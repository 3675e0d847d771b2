"""The simulated weeks and each country's calendar of working days over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from holidays import country_holidays

from nytta.demo.randomness import Flags, Floats, Ints
from nytta.registry.calendars import public_holidays

DAY = 86_400_000
"""Milliseconds of a day."""
SHORTEST = 60
"""The fewest weeks in which every story has room."""
# days kept behind the last week, so that work planned past the end still has a date
_AFTER = 40 * 7
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """`count` ISO weeks from the Monday `start`."""

    start: date
    count: int

    def monday(self, week: int) -> date:
        """First day of the week with this index; indexes outside the span are allowed."""
        return self.start + timedelta(weeks=week)

    def label(self, week: int) -> str:
        """The week as ISO text, such as 2026-W07."""
        year, number, _ = self.monday(week).isocalendar()
        return f"{year}-W{number:02d}"

    def at(self, share: float) -> int:
        """Index of the week that lies this share (0 to 1) into the span."""
        return round(self.count * share)

    @property
    def labels(self) -> list[str]:
        """Every week as ISO text."""
        return [self.label(week) for week in range(self.count)]


def span(until: date | str, weeks: int) -> Span:
    """The `weeks` ISO weeks that end with `until`.

    An ISO week ("2026-W07") is the last week itself; a date gives the last week that had ended by that day.
    Raises ValueError for a text that is neither, and for fewer than 60 weeks, in which no story has room.
    """
    if weeks < SHORTEST:
        raise ValueError(f"{weeks} weeks are too few for a story; use at least {SHORTEST}")
    last_monday = _monday(until) if isinstance(until, str) else _last_ended(until)
    return Span(last_monday - timedelta(weeks=weeks - 1), weeks)


def _monday(text: str) -> date:
    """Monday of a week as ISO text, or of the last week that had ended by a date as ISO text."""
    try:
        return datetime.strptime(f"{text}-1", "%G-W%V-%u").replace(tzinfo=UTC).date()
    except ValueError:
        # no week, so it may be a date
        pass
    try:
        return _last_ended(date.fromisoformat(text))
    except ValueError:
        raise ValueError(
            f"'{text}' is no week; write it as 2026-W07, or a date as 2026-02-15"
        ) from None


def _last_ended(day: date) -> date:
    """Monday of the last week that had ended by a day; on a Sunday its own week has."""
    days_since_sunday = day.isocalendar().weekday % 7
    return day - timedelta(days=days_since_sunday + 6)


@lru_cache(maxsize=64)
def easter_monday(year: int) -> date:
    """Easter Monday of a year."""
    return country_holidays("SE", years=year, language="en_US").get_named("Easter Monday")[0]


class Calendar:
    """Working days of one country over a span, and its clock.

    Days are numbered from the span's first Monday. Work planned up to 40 weeks past the end still has its
    day.
    """

    def __init__(self, span: Span, country: str, timezone: str) -> None:
        self.span = span
        self.country = country
        self._zone = ZoneInfo(timezone)
        self.days = span.count * 7 + _AFTER

    @cached_property
    def working(self) -> Flags:
        """Per day: Monday to Friday and no public holiday."""
        dates = [self.span.start + timedelta(days=offset) for offset in range(self.days)]
        return np.array(
            [
                day.weekday() < 5 and day not in public_holidays(self.country, day.year)
                for day in dates
            ]
        )

    @cached_property
    def working_days(self) -> Ints:
        """The day numbers of the working days, in order."""
        return np.flatnonzero(self.working)

    @cached_property
    def _position(self) -> Ints:
        """Per day: how many working days lie before it."""
        return np.concatenate(([0], np.cumsum(self.working)))[:-1]

    @cached_property
    def _midnight(self) -> Ints:
        """Per day: 00:00 local as UTC milliseconds, with the offset that holds at noon."""
        noons = [
            datetime.combine(self.span.start + timedelta(days=offset), time(12), self._zone)
            for offset in range(self.days)
        ]
        return np.array([round(noon.timestamp() * 1000) - DAY // 2 for noon in noons])

    @cached_property
    def working_in_week(self) -> Ints:
        """Per week of the span: number of working days."""
        days: Ints = self.working[: self.span.count * 7].reshape(-1, 7).sum(axis=1)
        return days

    def later(self, day: Ints, steps: Ints) -> Ints:
        """The working day `steps` working days after `day`; with 0 the day itself or the next working one."""
        # what would lie behind the days that are kept stands on the last of them
        place = np.minimum(self._position[day] + steps, len(self.working_days) - 1)
        working_day: Ints = self.working_days[place]
        return working_day

    def working_day_of(self, week: int, uniforms: Floats) -> Ints:
        """A working day of the week per number; the Wednesday where the week has none."""
        monday = week * 7
        working_days = np.flatnonzero(self.working[monday : monday + 7])
        if not len(working_days):
            working_days = np.array([2])
        place = (uniforms * len(working_days)).astype(np.int64)
        return monday + working_days[place]

    def moment(self, day: Ints, hour: Floats) -> Ints:
        """UTC milliseconds, to the whole second, of a local hour (such as 13.5) on a day."""
        return self._midnight[day] + (hour * 3600).astype(np.int64) * 1000

    @property
    def end(self) -> int:
        """UTC milliseconds of the first moment after the span."""
        return int(self._midnight[self.span.count * 7])

    def week_of(self, moments: Ints) -> Ints:
        """Index of the local week that each UTC moment lies in."""
        starts = self._midnight[::7]
        return np.searchsorted(starts, moments, side="right") - 1
