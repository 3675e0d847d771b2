"""Presence, holidays and quiet weeks against the calendar on the wall."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest

from nytta.registry.calendars import DEFAULT, Break, Calendar, Presence, is_country, presence_any, public_holidays
from nytta.registry.dates import Span, gaps, monday, mondays, months, parse_week
from nytta.registry.registry import Registry


@pytest.mark.parametrize("country", ["SE", "NO"])
@pytest.mark.parametrize(
    ("week", "share"),
    [
        ("2026-W26", 1000),
        ("2026-W27", 330),
        ("2026-W32", 330),
        ("2026-W33", 1000),
        ("2025-W51", 1000),
        ("2025-W52", 350),
        ("2026-W01", 350),
        ("2026-W02", 1000),
        ("2026-W53", 350),
        ("2026-W14", 600),  # Good Friday on 3 April 2026
        ("2026-W15", 1000),
        ("2027-W12", 600),  # Good Friday on 26 March 2027
    ],
)
def test_the_default_table(country: str, week: str, share: int) -> None:
    assert presence_any(country, parse_week(week)) == share


def test_school_breaks_count_from_three_working_days() -> None:
    week = parse_week("2026-W10")
    three = (Break("a", week, week + timedelta(days=2)),)
    two = (
        Break("a", week, week + timedelta(days=1)),
        Break("b", week + timedelta(days=5), week + timedelta(days=9)),
    )
    assert presence_any("SE", week, school_breaks=three) == 800
    assert presence_any("SE", week, school_breaks=two) == 1000
    assert presence_any("SE", week + timedelta(days=7), school_breaks=two) == 800


def test_the_lowest_share_holds_and_the_registry_overrides(example: Registry) -> None:
    norrvik, havneset = example.organisation("norrvik").calendar, example.organisation("havneset").calendar
    assert norrvik.presence_any(parse_week("2026-W10")) == 800
    assert havneset.presence_any(parse_week("2026-W10")) == 1000
    assert norrvik.presence_any(parse_week("2026-W20")) == 900
    assert (norrvik.presence_any(parse_week("2026-W14")), havneset.presence_any(parse_week("2026-W14"))) == (
        600,
        500,
    )
    summer = Calendar("SE", breaks=(Break("sommarlov", date(2026, 6, 10), date(2026, 8, 18)),))
    assert summer.presence_any(parse_week("2026-W28")) == 330


def test_an_unknown_country_has_no_holidays() -> None:
    nowhere = Calendar()
    assert {nowhere.presence_any(week) for week in mondays(date(2026, 1, 1), date(2026, 12, 31))} == {1000}
    assert not nowhere.is_quiet(parse_week("2026-W30"))
    assert nowhere.workdays(parse_week("2026-W53")) == 5


def test_months() -> None:
    calendar = Calendar("NO")
    # Weeks 27 to 31 have their Thursday in July 2026: 1 - 0.67 ** 5.
    assert calendar.presence_any_month(date(2026, 7, 1)) == 865
    assert calendar.presence_any_month(date(2026, 4, 1)) == 1000
    assert Calendar("NO", presence=Presence(ordinary=0)).presence_any_month(date(2026, 9, 1)) == 0
    assert months(date(2025, 11, 30), date(2026, 2, 1)) == [
        *(date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1))
    ]


def test_days_of_work(example: Registry) -> None:
    norrvik, havneset = example.organisation("norrvik").calendar, example.organisation("havneset").calendar
    assert norrvik.workdays(parse_week("2026-W14")) == 4  # Good Friday
    assert havneset.workdays(parse_week("2026-W14")) == 3  # and Maundy Thursday
    assert norrvik.workdays(parse_week("2026-W20")) == 3  # Ascension Day and the closed Friday after it
    assert not norrvik.is_workday(date(2026, 6, 19))  # Midsummer Eve, a holiday in fact
    assert date(2026, 5, 17) in public_holidays("NO", 2026)
    assert public_holidays("", 2026) == frozenset()
    assert norrvik.workdays_month(date(2026, 2, 1)) == 20


def test_quiet_weeks(example: Registry) -> None:
    norrvik, havneset = example.organisation("norrvik").calendar, example.organisation("havneset").calendar
    quiet = [w.isocalendar().week for w in mondays(date(2026, 1, 5), date(2026, 12, 31)) if norrvik.is_quiet(w)]
    assert quiet == [10, 27, 28, 29, 30, 31, 32, 44, 52, 53]
    assert havneset.is_quiet(parse_week("2026-W41"))
    assert not havneset.is_quiet(parse_week("2026-W10"))


def test_countries_and_weeks() -> None:
    assert [is_country(code) for code in ("SE", "NO", "NL", "XX", "SWE", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert DEFAULT.ordinary == 1000
    assert monday(date(2026, 1, 1)) == date(2025, 12, 29) == parse_week("2026-W01") == parse_week("2026W01")
    for wrong in ("2025-W53", "2026-W00", "2026-7", "", "x2026-W01"):
        with pytest.raises(ValueError):
            parse_week(wrong)


def test_gaps() -> None:
    def day(n: int) -> date:
        return date(2026, 1, n)

    whole = Span(day(1), day(20))
    assert gaps(whole, []) == [whole]
    assert gaps(whole, [Span(day(1), day(20))]) == []
    assert gaps(whole, [Span(day(5), day(7)), Span(day(6), day(9)), Span(day(18), day(30))]) == [
        Span(day(1), day(5)),
        Span(day(9), day(18)),
    ]
    assert gaps(whole, [Span(day(21), day(25))]) == [whole]


def test_only_countries_that_are_asked_for_are_loaded() -> None:
    """In a process of its own, as a command is; then every country that the library has is found as before."""
    script = """
import sys
from datetime import date
from nytta.registry.calendars import is_country, public_holidays
assert date(2026, 6, 19) in public_holidays("SE", 2026)
assert date(2026, 5, 17) in public_holidays("NO", 2026)
loaded = {name for name in sys.modules if name.startswith("holidays.countries.")}
assert loaded == {"holidays.countries.sweden", "holidays.countries.norway"}, loaded
import holidays
assert all(map(is_country, holidays.list_supported_countries(include_aliases=False)))
assert not is_country("XX")
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
