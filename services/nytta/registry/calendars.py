"""When staff can be expected at work: public holidays, school breaks, summer and Christmas.

Shares are integers in thousandths. They answer one question: of the people who belong to a unit, how many are
at work on at least one day of the period. They stand in where no register tells who was absent.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Final

from nytta.registry.dates import mondays

if TYPE_CHECKING:
    # loaded where a country is asked for: it takes as long as a twentieth of a whole command
    from types import ModuleType

    from holidays import HolidayBase

SUMMER_WEEKS = range(27, 33)
"""ISO weeks of the Nordic summer holidays."""

CHRISTMAS_WEEKS = (52, 53, 1)
"""ISO weeks around Christmas and New Year."""

_COUNTRIES: Final = "holidays.countries"

_BREAK_DAYS = 3
"""Working days of a week that a school break must cover for the week to count as a break."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Expected share at work on at least one day of a week, in thousandths, by kind of week.

    The defaults are the presence that the detection benchmark's Nordic calendar uses. An ordinary week takes
    nobody away: sick leave and the like are not guessed, so a share of use is rather understated than
    overstated.
    """

    ordinary: int = 1000
    summer: int = 330
    christmas: int = 350
    easter: int = 600
    school_break: int = 800


DEFAULT = Presence()


@dataclass(frozen=True, slots=True)
class Break:
    """A school break from its first to its last day, both included."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days and weeks of one root unit.

    `country` is an ISO 3166 code, or '' where it is not known: then no week or day is a holiday but those
    listed here. `closed` are days on which the organisation is closed beside public holidays. `weeks` are
    Mondays whose share the registry states, in thousandths; they stand over every rule.
    """

    country: str = ""
    breaks: tuple[Break, ...] = ()
    closed: tuple[date, ...] = ()
    presence: Presence = DEFAULT
    weeks: tuple[tuple[date, int], ...] = ()

    def presence_any(self, week: date) -> int:
        """Share of staff at work on at least one day of the week that begins on `week`, in thousandths."""
        stated = dict(self.weeks).get(week)
        if stated is not None:
            return stated
        return presence_any(self.country, week, school_breaks=self.breaks, presence=self.presence)

    def presence_any_month(self, month: date) -> int:
        """Share of staff at work on at least one day of the month that begins on `month`, in thousandths.

        A month's weeks are those whose Thursday falls in it. A person misses the month who misses each of
        them, taken as independent of each other: holidays come in blocks of three to five weeks at different
        times.
        """
        last_day = _last_day(month)
        weeks = [
            monday
            for monday in mondays(month, last_day)
            if month <= monday + timedelta(days=3) <= last_day
        ]
        share_away = math.prod(1 - self.presence_any(week) / 1000 for week in weeks)
        return 1000 - round(1000 * share_away)

    def is_workday(self, day: date) -> bool:
        """Whether `day` is no weekend, no public holiday and no day on which the organisation is closed."""
        if day.weekday() >= 5 or day in self.closed:
            return False
        return day not in public_holidays(self.country, day.year)

    def workdays(self, week: date) -> int:
        """Number of working days in the ISO week that begins on `week`."""
        return sum(self.is_workday(week + timedelta(days=offset)) for offset in range(7))

    def workdays_month(self, month: date) -> int:
        """Number of working days in the month that begins on `month`."""
        length = (_last_day(month) - month).days + 1
        return sum(self.is_workday(month + timedelta(days=offset)) for offset in range(length))

    def is_quiet(self, week: date) -> bool:
        """Whether the week that begins on `week` is for holidays: summer, Christmas or a school break."""
        number = week.isocalendar().week
        is_season = number in SUMMER_WEEKS or number in CHRISTMAS_WEEKS
        # without a country nothing is known of its seasons
        is_holiday = bool(self.country) and is_season
        return is_holiday or _is_break(week, self.breaks)


def presence_any(
    country: str, week: date, *, school_breaks: tuple[Break, ...] = (), presence: Presence = DEFAULT
) -> int:
    """Share of staff at work on at least one day of the ISO week that begins on `week`, in thousandths.

    Where several rules meet in a week, the lowest share holds. Easter is the week of Good Friday, in
    countries that keep it; the days after Easter are ordinary unless the registry lists them as a school
    break.
    """
    week_number = week.isocalendar().week
    friday = week + timedelta(days=4)
    shares = [presence.ordinary]
    if country and week_number in SUMMER_WEEKS:
        shares.append(presence.summer)
    if country and week_number in CHRISTMAS_WEEKS:
        shares.append(presence.christmas)
    if country and _good_friday(country, friday.year) == friday:
        shares.append(presence.easter)
    if _is_break(week, school_breaks):
        shares.append(presence.school_break)
    return min(shares)


@lru_cache(maxsize=512)
def is_country(country_code: str) -> bool:
    """Whether `country_code` is an ISO 3166 code of two letters of a country whose holidays are known."""
    if len(country_code) != 2:
        return False
    try:
        _library().country_holidays(country_code)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=512)
def public_holidays(country_code: str, year: int) -> frozenset[date]:
    """Public holidays of a year, and the days that are holidays in fact (Midsummer Eve in Sweden).

    None without country.
    """
    return frozenset(_holidays(country_code, year)) if country_code else frozenset()


@lru_cache(maxsize=512)
def _good_friday(country: str, year: int) -> date | None:
    good_fridays = _holidays(country, year).get_named("Good Friday", lookup="exact")
    return good_fridays[0] if good_fridays else None


def _library() -> ModuleType:
    """The library of holidays, which loads a country when it is asked for it.

    Each lies in a module of their package, whose own code would load all 250 of them: 17 MB that nobody looks at. So
    the package is made, and its code is left out.
    """
    import holidays

    if _COUNTRIES not in sys.modules:
        spec = find_spec(_COUNTRIES)
        if spec is not None:
            sys.modules[_COUNTRIES] = module_from_spec(spec)
    return holidays


def _holidays(country: str, year: int) -> HolidayBase:
    holidays = _library()
    supported = holidays.country_holidays(country).supported_categories
    # the library refuses a category that a country does not have; in English, for names are looked up in it
    categories = tuple(category for category in ("public", "de_facto") if category in supported)
    days: HolidayBase = holidays.country_holidays(
        country, years=year, language="en_US", categories=categories
    )
    return days


def _last_day(month: date) -> date:
    # four days after the 28th lie in the next month, however long this one is
    following_month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following_month - timedelta(days=1)


def _is_break(week: date, breaks: tuple[Break, ...]) -> bool:
    working_days = [week + timedelta(days=offset) for offset in range(5)]
    break_days = [
        day
        for day in working_days
        if any(school_break.first <= day <= school_break.last for school_break in breaks)
    ]
    return len(break_days) >= _BREAK_DAYS
