"""Dates and times as files write them.

A time without an offset is local time in a declared zone. Where the clocks went back it may mean two
instants, where they went forward none: both are refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

Order = Literal["year-first", "day-first", "month-first", "epoch-s", "epoch-ms"]
"""How a file writes dates. Year first is ISO 8601; the epoch forms count from 1970 in UTC."""

_PARTS = re.compile(
    r"(?P<a>\d{1,4})(?P<separator>[-/.])(?P<b>\d{1,2})(?P=separator)(?P<c>\d{1,4})"
    r"(?:[T, ]\s*(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
    r"(?:\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?",
)


class AmbiguousTimeError(ValueError):
    """A local time that the clocks showed twice, or never."""


def reader(order: Order, formats: Sequence[str], zone: ZoneInfo) -> Callable[[str], datetime]:
    """A function from text to instant, in UTC.

    `formats` are strptime patterns, tried in order; where there are none, `order` decides. The function
    raises `AmbiguousTimeError` for a local time in a changed hour and `ValueError` for any other text it
    cannot read; both say, as the end of a sentence that begins with the field, what to change.
    """
    if order in ("epoch-s", "epoch-ms"):
        unit = 1_000 if order == "epoch-ms" else 1

        def read_epoch(text: str) -> datetime:
            if not re.fullmatch(r"-?\d{1,15}", text):
                raise ValueError(f"is not a whole number of {'milli' * (unit > 1)}seconds since 1970")
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text) * 1_000 // unit)

        return read_epoch

    naive = _by_formats(formats) if formats else _by_order(order)

    def read(text: str) -> datetime:
        moment = naive(text)
        try:
            return moment.astimezone(UTC) if moment.tzinfo is not None else _placed(moment, zone)
        except OverflowError as error:
            raise ValueError("lies outside the calendar") from error

    return read


def day_reader(order: Order, formats: Sequence[str], zone: ZoneInfo) -> Callable[[str], date]:
    """A function from text to calendar date: as written, or in `zone` where the text has an offset."""
    if order in ("epoch-s", "epoch-ms"):
        instant = reader(order, formats, zone)
        return lambda text: instant(text).astimezone(zone).date()
    naive = _by_formats(formats) if formats else _by_order(order)

    def read(text: str) -> date:
        moment = naive(text)
        return (moment.astimezone(zone) if moment.tzinfo is not None else moment).date()

    return read


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    early = moment.replace(tzinfo=zone)
    first, second = early.utcoffset(), early.replace(fold=1).utcoffset()
    if first != second:
        assert first is not None
        assert second is not None
        what = "twice" if first > second else "never"
        raise AmbiguousTimeError(
            f"is a time that the clocks of {zone.key} showed {what}; export times with their offset or in UTC"
        )
    return early.astimezone(UTC)


def _by_formats(formats: Sequence[str]) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        for pattern in formats:
            try:
                return datetime.strptime(text, pattern)
            except ValueError:
                continue
        raise ValueError(f"is in none of the declared forms ({', '.join(formats)})")

    return read


def _by_order(order: Order) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        # The standard library's reader is fast and knows all of ISO 8601; what it does not know is taken
        # apart.
        if text[4:5] == "-":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        return _taken_apart(text, order)

    return read


def _taken_apart(text: str, order: Order) -> datetime:
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError("is no date or time in a form that is known; declare its form (dates: {formats: …})")
    a, b, c = found["a"], found["b"], found["c"]
    if len(a) == 4:
        year, month, day = a, b, c
    elif len(c) != 4:
        raise ValueError("has no year of four digits; export dates with the full year")
    elif order == "day-first":
        year, month, day = c, b, a
    elif order == "month-first":
        year, month, day = c, a, b
    else:
        raise ValueError("may be day first or month first; declare which (dates: {order: day-first})")
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("has an hour outside 1 to 12 beside AM or PM")
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    fraction = ((found["fraction"] or "") + "000000")[:6]
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            hour,
            int(found["minute"] or 0),
            int(found["second"] or 0),
            int(fraction),
            tzinfo=_offset(found["offset"]),
        )
    except ValueError as error:
        raise ValueError(f"is no date of the calendar, read {order}") from error


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if text[0] == "-" else distance)
