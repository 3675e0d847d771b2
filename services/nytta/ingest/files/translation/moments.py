"""Times and days of a row, as a mapping says that they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Dates, Moment
from nytta.ingest.files.times import AmbiguousTimeError, Order, Years, day_reader, reader
from nytta.ingest.files.translation.descriptions import described
from nytta.ingest.files.translation.texts import TextGetter, Texts

Instant = Callable[[Row], datetime | None]
"""The time of a row in UTC; None where the row says none. RowError where its text is no time."""
Day = Callable[[Row], str | None]
"""The day of a row as ISO 8601 writes it; None where the row says none. RowError where its text is no day."""

_Read = TypeVar("_Read")


class _Reading(NamedTuple, Generic[_Read]):
    """How the text of a moment is come by and read."""

    text: TextGetter
    read: Callable[[str], _Read]
    zone: ZoneInfo
    """Of texts without an offset."""


class Moments:
    """What gets times and days of rows."""

    def __init__(self, texts: Texts, dates: Dates, timezone: str) -> None:
        self._texts = texts
        self._dates = dates
        self._timezone = timezone

    def instant(self, moment: Moment) -> Instant:
        """The time that a moment of a mapping names."""
        getter, read, zone = self._reading(moment, reader)
        description = described(moment)
        shift = timedelta(days=moment.add_days)
        earliest_day = moment.not_before
        earliest = (
            None
            if earliest_day is None
            else datetime.combine(earliest_day, time.min, zone).astimezone(UTC)
        )

        def instant(row: Row) -> datetime | None:
            text = getter(row)
            if text is None:
                return None
            try:
                instant = read(text)
                shifted = instant if not shift else _shifted(instant, shift, zone)
                return shifted if earliest is None else max(shifted, earliest)
            except AmbiguousTimeError as error:
                raise RowError(Reason.AMBIGUOUS_TIME, f"{description} {error}", text) from error
            except (ValueError, OverflowError) as error:
                raise RowError(Reason.INVALID_FIELD, f"{description} {error}", text) from error

        return instant

    def day(self, moment: Moment) -> Day:
        """The day that a moment of a mapping names."""
        getter, read, _ = self._reading(moment, day_reader)
        description = described(moment)
        shift = timedelta(days=moment.add_days)
        earliest = moment.not_before

        def day(row: Row) -> str | None:
            text = getter(row)
            if text is None:
                return None
            try:
                shifted: date = read(text) + shift
            except (ValueError, OverflowError) as error:
                raise RowError(Reason.INVALID_FIELD, f"{description} {error}", text) from error
            return (shifted if earliest is None else max(shifted, earliest)).isoformat()

        return day

    def _reading(
        self,
        moment: Moment,
        make_reader: Callable[[Order, Sequence[str], ZoneInfo, Years], Callable[[str], _Read]],
    ) -> _Reading[_Read]:
        dates = self._dates
        zone = ZoneInfo(moment.zone or dates.zone or self._timezone)
        if moment.constant is not None:
            # written by us, so read as ISO 8601 whatever the file writes
            day = moment.constant.isoformat()
            return _Reading(lambda _row: day, make_reader("year-first", (), zone, "four"), zone)
        # a moment that says its own order is not written as the file's other dates are
        file_formats = () if moment.order else dates.formats
        formats = file_formats if moment.formats is None else moment.formats
        read = make_reader(moment.order or dates.order, formats, zone, moment.years or dates.years)
        return _Reading(self._texts.of_first(moment.fields), read, zone)


def _shifted(moment: datetime, shift: timedelta, zone: ZoneInfo) -> datetime:
    # On the local calendar: the same time of day, whatever the clocks do in between.
    return (moment.astimezone(zone) + shift).astimezone(moment.tzinfo)
