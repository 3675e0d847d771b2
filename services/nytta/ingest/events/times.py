"""RFC 3339 time stamps: the rule for one text, and the same rule over an array of the usual forms."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nytta.ingest.events.strings import byte_rows, layout

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Times before this are those of clocks that were never set."""

_MILLISECOND: Final = timedelta(milliseconds=1)
_CLOCK: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
)
_OFFSET: Final = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_LOCAL_TIME: Final = re.compile(_CLOCK)
_SHORTEST: Final = 20
_LONGEST: Final = 35
"""Letters of a time: from seconds with `Z` to nine digits of fraction with an offset."""

TIME_PATTERN: Final = f"^{_CLOCK}{_OFFSET}$"
_TIME: Final = re.compile(_CLOCK + _OFFSET)


class AmbiguousTime(ValueError):
    """The text is a date and a time, but without an offset it names no instant."""


def instant(time_text: str) -> datetime:
    """The instant an RFC 3339 text names; digits of a second beyond the sixth are cut off.

    Raises AmbiguousTime where only the offset is missing, ValueError where the text is no RFC 3339 time.
    """
    if not _TIME.fullmatch(time_text):
        if _LOCAL_TIME.fullmatch(time_text):
            raise AmbiguousTime("has no offset: end it with Z or with an offset such as +01:00")
        raise ValueError("is not an RFC 3339 time such as 2026-02-09T08:30:00Z")
    try:
        return datetime.fromisoformat(time_text.upper())
    except ValueError as error:
        raise ValueError("names a date that does not exist") from error


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds from 1970-01-01T00:00:00Z to `moment`, which must carry an offset; rounded down."""
    return (moment - EPOCH) // _MILLISECOND


def instants(time_texts: pa.StringArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Milliseconds since 1970 (UTC), and which texts were read; those not read need `instant`.

    Read are `2026-02-09T08:30:00`, up to nine digits of fraction, and `Z` or an offset. Every text that is
    read is one that `instant` reads, as the same millisecond.
    """
    text_bytes, offsets = layout(time_texts)
    starts, lengths = offsets[:-1], np.diff(offsets)
    are_times = np.zeros(len(time_texts), np.bool_)
    moments = np.zeros(len(time_texts), np.int64)
    # Texts of one length and one kind of zone have every digit in the same place, so each digit is a column.
    for length in np.flatnonzero(np.bincount(lengths, minlength=1)):
        if not _SHORTEST <= length <= _LONGEST:
            continue
        text_rows = np.flatnonzero(lengths == length)
        time_bytes = byte_rows(text_bytes, starts[text_rows], int(length))
        ends_with_z = time_bytes[:, -1] == ord("Z")
        for zulu in (True, False):
            same_form = ends_with_z == zulu
            if same_form.any():
                form_rows = text_rows[same_form]
                moments[form_rows], are_times[form_rows] = _instants(time_bytes[same_form], zulu)
    return moments, are_times


def _instants(
    time_bytes: NDArray[np.uint8], zulu: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The same for texts of one form: `time_bytes` has one row per text and one column per letter.

    `zulu` texts end with `Z`, the others with an offset such as `+01:00`.
    """
    zone_length = 1 if zulu else 6
    # where the zone begins: everything before it is the clock's
    seconds_end = time_bytes.shape[1] - zone_length
    # digits of a second behind its point; -1 where there is no point
    fraction = seconds_end - 20
    are_times = np.ones(len(time_bytes), np.bool_)
    if seconds_end < 19 or fraction == 0 or fraction > 9:
        return np.zeros(len(time_bytes), np.int64), ~are_times
    # what is no digit becomes 10 or more: bytes below the digit 0 wrap around
    digits = time_bytes - np.uint8(ord("0"))
    are_times &= _have_form(time_bytes, digits, seconds_end, zulu)
    # Numbers of texts that are not read may be anything; they are computed like the others and mean nothing.
    shift = np.zeros(len(time_bytes), np.int64)
    if not zulu:
        shift, are_zones = _shifts(time_bytes, digits, seconds_end)
        are_times &= are_zones
    year = _number(digits, range(4))
    month = _number(digits, (5, 6))
    day = _number(digits, (8, 9))
    hour = _number(digits, (11, 12))
    minute = _number(digits, (14, 15))
    second = _number(digits, (17, 18))
    month_start = _first_day(year, month)
    month_length = _first_day(year, month + 1) - month_start
    are_times &= (year > 0) & (month >= 1) & (month <= 12)
    are_times &= (day >= 1) & (day <= month_length)
    # no leap seconds: `instant` refuses them too
    are_times &= (hour < 24) & (minute < 60) & (second < 60)
    days = month_start + day - 1
    whole_minutes = (days * 24 + hour) * 60 + minute - shift
    seconds = whole_minutes * 60 + second
    # three digits at most, which cuts off the rest; fewer are filled up
    written_fraction = _number(digits, range(20, min(seconds_end, 23)))
    absent_digits = max(0, 3 - max(fraction, 0))
    thousandths = written_fraction * 10**absent_digits
    return seconds * 1000 + thousandths, are_times


def _have_form(
    time_bytes: NDArray[np.uint8], digits: NDArray[np.uint8], seconds_end: int, zulu: bool
) -> NDArray[np.bool_]:
    """Whether digits and the marks between them stand where they belong; the sign of a zone is not looked at."""
    numeric = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, *range(20, seconds_end)]
    marks = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
    if seconds_end > 19:
        marks[19] = "."
    if not zulu:
        numeric += [seconds_end + 1, seconds_end + 2, seconds_end + 4, seconds_end + 5]
        marks[seconds_end + 3] = ":"
    have_form = np.ones(len(time_bytes), np.bool_)
    have_form &= (digits[:, numeric] < 10).all(axis=1)
    for column, mark in marks.items():
        have_form &= time_bytes[:, column] == ord(mark)
    return have_form


def _shifts(
    time_bytes: NDArray[np.uint8], digits: NDArray[np.uint8], seconds_end: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The offset of each text in minutes, and whether it is one; it begins at column `seconds_end`."""
    hours = _number(digits, (seconds_end + 1, seconds_end + 2))
    minutes = _number(digits, (seconds_end + 4, seconds_end + 5))
    signs = time_bytes[:, seconds_end]
    west = signs == ord("-")
    are_zones = (west | (signs == ord("+"))) & (hours < 24) & (minutes < 60)
    return np.where(west, -1, 1) * (hours * 60 + minutes), are_zones


def _number(digits: NDArray[np.uint8], columns: Iterable[int]) -> NDArray[np.int64]:
    """The number of each text that its digits in these columns say."""
    number = np.zeros(len(digits), np.int64)
    for column in columns:
        number = number * 10 + digits[:, column]
    return number


def _first_day(year: NDArray[np.int64], month: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days from 1970-01-01 to the first of the month; months may run past December."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)
