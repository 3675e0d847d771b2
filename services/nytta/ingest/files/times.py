"""Dates and times as files write them.

A time without an offset is local time in a declared zone. Where the clocks went back it may mean two
instants, where they went forward none: both are refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

Order = Literal["year-first", "day-first", "month-first", "epoch-s", "epoch-ms", "excel"]
"""How a file writes dates. Year first is ISO 8601; the epoch forms count from 1970 in UTC; `excel` counts days from
1899-12-30, as spreadsheets do, in local time."""

Years = Literal["four", "two"]
"""How many digits a year has. Two mean 1969 to 2068, as POSIX has it."""

_BY_HAND = re.compile(r"(\d{1,2})/(\d{1,2}) ?[-–\u2212] ?(\d{2}|\d{4})\b")
"""A day as it is written by hand where the day comes first: 13/1 -26."""
_PARTS = re.compile(
    r"(?P<a>\d{1,4})(?P<separator>[-/. ])(?P<b>\d{1,2})(?P=separator)(?P<c>\d{1,4})"
    r"(?:(?:[T:, ]|, )\s*(?:(?:klo?|at|às|à|a las|um|om)\.? )?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?(?: Uhr)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
    r"(?:\s*\(?(?P<offset>(?:UTC|GMT) ?[+-]\d{1,2}(?::?\d{2})?|[+-]\d{2}(?::?\d{2})?"
    r"|Z|UTC|GMT|WES?T|BST|CES?T|MES?T|MEZ|MESZ|EES?T)\)?(?: \([\w ]+\))?)?",
)
_ISO = re.compile(
    r"\d{4}-(?:\d\d-\d\d|W\d\d-\d)(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"
)
"""What the standard library's reader means as it is written: a dot after the hour or the minute is none of it."""

_MONTH_NAMES: Final = """
january januari januar jan janvier janv enero ene janeiro gennaio gen tammikuu tammikuuta
february februari februar feb febr février févr fév febrero fevereiro fev febbraio helmikuu helmikuuta
march mars marts mar märz mrz maart mrt marzo março maaliskuu maaliskuuta
april apr avril avr abril abr aprile huhtikuu huhtikuuta
may maj mai mei mayo maio maggio mag toukokuu toukokuuta
june juni jun juin junio junho giugno giu kesäkuu kesäkuuta
july juli jul juillet juil julio julho luglio lug heinäkuu heinäkuuta
august augusti aug août augustus agosto ago elokuu elokuuta
september sep sept septembre septiembre setembro set settembre syyskuu syyskuuta
october oktober oct okt octobre octubre outubro out ottobre ott lokakuu lokakuuta
november nov novembre noviembre novembro marraskuu marraskuuta
december desember dec des dezember dez décembre déc diciembre dic dezembro dicembre joulukuu joulukuuta
"""
_MONTHS: Final = tuple(line.split() for line in _MONTH_NAMES.split("\n") if line)
"""Months by number in English, the languages of the North, German, Dutch and Romance ones, in full and as shortened."""
_MONTH_OF: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_DAYS: Final = re.compile(
    "(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
    "|(?:mån|tis|ons|tors|fre|lör|sön|man|tir|tor|lør|søn)(?:dag)?|ma|ti|on|to|fr|lø|sø|del?"
)
"""Names of days of the week, and words between day and month, which say nothing that the date does not."""
_WORD = re.compile(r"[^\W\d_]{2,}\.?")
_NAMED = re.compile(
    r"(?P<day>\d{1,4})(?:st|nd|rd|th|:?e)?[-/. ]+(?P<month>@\d\d)[-/., ]+(?P<year>\d{1,4})(?P<rest>\D.*)?"
    r"|(?P<month2>@\d\d)[-/. ]+(?P<day2>\d{1,2})(?:st|nd|rd|th)?[-/., ]+(?P<year2>\d{4}|\d{2})(?P<rest2>\D.*)?"
)
"""A date whose month is a word, which stands as "@" and its number."""

_ZONES: Final = {
    "Z": "+0000",
    "UTC": "+0000",
    "GMT": "+0000",
    "WET": "+0000",
    "WEST": "+0100",
    "BST": "+0100",
    "CET": "+0100",
    "MET": "+0100",
    "MEZ": "+0100",
    "CEST": "+0200",
    "MEST": "+0200",
    "MESZ": "+0200",
    "EET": "+0200",
    "EEST": "+0300",
}
"""Zones that exports name by letters, with the offset that each states."""
_ZONE = re.compile(rf"\b(?:{'|'.join(_ZONES)})\b(?![+-])")
_RUN = re.compile(r"(?:%[YymdHMS]){2,}")
"""Parts of a pattern with no sign between them, of which each has all its digits."""
_LITERAL_UTC = re.compile(r"(?<=%[A-Za-z])Z\b|\b(?<!%)(?:UTC|GMT)\b")
"""Letters of a pattern that say UTC: the Z of `%SZ`, and the words."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPREADSHEET = datetime(1899, 12, 30)
_SERIALS = 2_958_466
"""The first number of days that spreadsheets do not know: they end with the year 9999."""


class AmbiguousTimeError(ValueError):
    """A local time that the clocks showed twice, or never."""


def reader(
    date_order: Order, formats: Sequence[str], zone: ZoneInfo, year_digits: Years = "four"
) -> Callable[[str], datetime]:
    """A function from text to instant, in UTC.

    `formats` are strptime patterns, tried in order; where there are none, `date_order` and `year_digits` decide. A
    zone that the text states counts, by offset or by letters. The function raises `AmbiguousTimeError` for a local
    time in a changed hour and `ValueError` for any other text it cannot read; both say, as the end of a sentence that
    begins with the field, what to change.
    """
    read_local = _local(date_order, formats, year_digits)

    def read(time_text: str) -> datetime:
        moment = read_local(time_text)
        try:
            return moment.astimezone(UTC) if moment.tzinfo is not None else _placed(moment, zone)
        except OverflowError as error:
            raise ValueError("lies outside the calendar") from error

    return read


def day_reader(
    date_order: Order, formats: Sequence[str], zone: ZoneInfo, years: Years = "four"
) -> Callable[[str], date]:
    """A function from text to calendar date: as written, or in `zone` where the text has an offset."""
    naive = _local(date_order, formats, years)

    def read(time_text: str) -> date:
        moment = naive(time_text)
        return (moment.astimezone(zone) if moment.tzinfo is not None else moment).date()

    return read


def _local(
    date_order: Order, formats: Sequence[str], year_digits: Years
) -> Callable[[str], datetime]:
    """A function from text to a time, which has an offset where the text states one."""
    match date_order:
        case "epoch-s" | "epoch-ms":
            return _epoch(1 if date_order == "epoch-s" else 1_000)
        case "excel":
            return _serial
        case _:
            return _by_formats(formats) if formats else _by_order(date_order, year_digits)


def _epoch(unit: int) -> Callable[[str], datetime]:
    def read(time_text: str) -> datetime:
        if not re.fullmatch(r"-?\d{1,15}(?:\.\d{1,9})?", time_text):
            raise ValueError(f"is no number of {'milli' * (unit > 1)}seconds since 1970")
        return _EPOCH + timedelta(microseconds=int(Decimal(time_text) * 1_000_000 / unit))

    return read


def _serial(time_text: str) -> datetime:
    """The local time that a spreadsheet's number of days stands for, to the second."""
    if not re.fullmatch(r"\d{1,7}(?:[.,]\d{1,15})?", time_text):
        raise ValueError("is no number of days as spreadsheets count them")
    days = Decimal(time_text.replace(",", "."))
    if days >= _SERIALS:
        raise ValueError("is no number of days as spreadsheets count them")
    # before 1900-03-01 spreadsheets disagree, and an empty cell is 0
    if days < 61:
        raise ValueError("is a number of days before March 1900, and no date of an export")
    return _SPREADSHEET + timedelta(seconds=int((days * 86_400).to_integral_value()))


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    early = moment.replace(tzinfo=zone)
    first_offset, second = early.utcoffset(), early.replace(fold=1).utcoffset()
    if first_offset != second:
        assert first_offset is not None
        assert second is not None
        how_often = "twice" if first_offset > second else "never"
        raise AmbiguousTimeError(
            f"is a time that the clocks of {zone.key} showed {how_often}; export times with their offset or in UTC"
        )
    return early.astimezone(UTC)


def _by_formats(formats: Sequence[str]) -> Callable[[str], datetime]:
    patterns = [_Pattern(pattern) for pattern in formats]

    def read(time_text: str) -> datetime:
        for pattern in patterns:
            if not pattern.fits(time_text):
                continue
            try:
                return pattern.read(time_text)
            except ValueError:
                continue
        raise ValueError(f"is in none of the declared forms ({', '.join(formats)})")

    return read


class _Pattern:
    """A strptime pattern that keeps the zone it states and knows the names of months."""

    def __init__(self, pattern: str) -> None:
        self._utc = bool(_LITERAL_UTC.search(pattern))
        self._zoned = "%Z" in pattern
        self._named = "%b" in pattern or "%B" in pattern
        self._pattern = pattern.replace("%Z", "%z").replace("%B", "%b")
        run = _RUN.match(pattern)
        self._digits = sum(4 if sign == "Y" else 2 for sign in run[0][1::2]) if run else 0

    def fits(self, time_text: str) -> bool:
        """Whether a text has all digits of parts without signs: strptime takes 2026111 for the first of November."""
        return (
            not self._digits or len(time_text) - len(time_text.lstrip("0123456789")) == self._digits
        )

    def read(self, time_text: str) -> datetime:
        """The time, with its offset where the text or the pattern states one. ValueError where it does not fit."""
        if self._zoned:
            time_text = _ZONE.sub(lambda match: _ZONES[match[0]], time_text)
        if self._named:
            time_text = _WORD.sub(_in_english, time_text)
        moment = datetime.strptime(time_text, self._pattern)
        return moment.replace(tzinfo=UTC) if self._utc and moment.tzinfo is None else moment


def _in_english(match: re.Match[str]) -> str:
    number = _MONTH_OF.get(match[0].rstrip(".").lower())
    return _MONTHS[number - 1][0][:3] if number else match[0]


def _by_order(date_order: Order, year_digits: Years) -> Callable[[str], datetime]:
    def read(time_text: str) -> datetime:
        # The standard library's reader is fast and knows all of ISO 8601; what it does not know, or means otherwise
        # than people who write a dot between hour and minute, is taken apart.
        if time_text[4:5] == "-" and _ISO.fullmatch(time_text):
            try:
                return datetime.fromisoformat(time_text)
            except ValueError:
                pass
        return _taken_apart(time_text, date_order, year_digits)

    return read


def _taken_apart(time_text: str, date_order: Order, year_digits: Years) -> datetime:
    plain_text, date_order = _numbered(time_text, date_order)
    if by_hand := _BY_HAND.match(plain_text):
        plain_text, date_order = (
            "/".join(by_hand.groups()) + plain_text[by_hand.end() :],
            "day-first",
        )
    match = _PARTS.fullmatch(plain_text)
    if match is None:
        raise ValueError(
            "is no date or time in a form that is known; declare its form (dates: {formats: …})"
        )
    year, month, day = _ordered(match["a"], match["b"], match["c"], date_order, year_digits)
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("has an hour outside 1 to 12 beside AM or PM")
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    fraction = int(((match["fraction"] or "") + "000000")[:6])
    # the midnight that ends the day
    at_its_end = hour == 24 and not (minute or second or fraction)
    try:
        moment = datetime(
            year,
            month,
            day,
            0 if at_its_end else hour,
            minute,
            second,
            fraction,
            tzinfo=_offset(match["offset"]),
        )
        return moment + timedelta(days=at_its_end)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is no date of the calendar, read {date_order}") from error


def _numbered(time_text: str, date_order: Order) -> tuple[str, Order]:
    """The text with the number of its month in place of the name, and the order in which it then stands."""
    names_month = False

    def number(word_match: re.Match[str]) -> str:
        nonlocal names_month
        word_name = word_match[0].rstrip(".").lower()
        if _DAYS.fullmatch(word_name):
            return ""
        if word_name in _MONTH_OF:
            names_month = True
            return f"@{_MONTH_OF[word_name]:02}"
        return word_match[0]

    if time_text.isascii() and time_text.translate(_NO_DIGITS) in ("", "T", "Z", "TZ", "AM", "PM"):
        return time_text, date_order
    plain_text = _WORD.sub(number, time_text).strip(" ,.")
    if not names_month:
        return time_text, date_order
    match = _NAMED.fullmatch(plain_text)
    if match is None:
        return time_text, date_order
    day, month, year, remainder = (
        match[word_name] or match[f"{word_name}2"] or ""
        for word_name in ("day", "month", "year", "rest")
    )
    if len(day) == 4 or (date_order == "year-first" and len(day) == len(year) == 2):
        return f"{day}-{month[1:]}-{year}{remainder}", "year-first"
    return f"{day}-{month[1:]}-{year}{remainder}", "day-first"


_NO_DIGITS = str.maketrans("", "", "0123456789-/.:,+ ")


def _ordered(
    first_number: str, second_number: str, third_number: str, date_order: Order, year_digits: Years
) -> tuple[int, int, int]:
    """Year, month and day of a date's three numbers. ValueError where the order or the century is not known."""
    if len(first_number) == 4:
        return int(first_number), int(second_number), int(third_number)
    if len(third_number) == 4:
        if date_order == "day-first":
            return int(third_number), int(second_number), int(first_number)
        if date_order == "month-first":
            return int(third_number), int(first_number), int(second_number)
        raise ValueError(
            "may be day first or month first; declare which (dates: {order: day-first})"
        )
    if year_digits == "four":
        raise ValueError(
            "has no year of four digits; declare that years have two (dates: {years: two}), or export the full year"
        )
    date_parts = {
        "day-first": (third_number, second_number, first_number),
        "month-first": (third_number, first_number, second_number),
    }.get(date_order, (first_number, second_number, third_number))
    if len(date_parts[0]) != 2:
        raise ValueError("has a year of neither two digits nor four")
    year, month, day = map(int, date_parts)
    return year + (1900 if year > 68 else 2000), month, day


def _offset(time_text: str | None) -> timezone | None:
    """The offset that a time states by a number, `GMT+0100` or `+01:00`, or by letters."""
    if time_text is None:
        return None
    stated = _ZONES.get(time_text) or time_text.lstrip("UTCGM ")
    hours, minutes = stated[1:3].rstrip(":"), stated.replace(":", "")[3:] or "0"
    distance = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-distance if stated[0] == "-" else distance)
