from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files.times import AmbiguousTimeError, Order, day_reader, reader

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("order", "text", "moment"),
    [
        ("year-first", "2011-10-11T13:42:22.688+02:00", at(2011, 10, 11, 11, 42, 22, 688000)),
        ("year-first", "2011-10-11T13:42:22Z", at(2011, 10, 11, 13, 42, 22)),
        ("year-first", "2011-10-11 13:42:22 +0200", at(2011, 10, 11, 11, 42, 22)),
        ("year-first", "2024-04-28", at(2024, 4, 27, 22)),
        ("year-first", "2024-12-01 10:00", at(2024, 12, 1, 9)),
        ("year-first", "2024/12/1 10:00:30,5", at(2024, 12, 1, 9, 0, 30, 500000)),
        ("day-first", "2024-12-01", at(2024, 11, 30, 23)),
        ("day-first", "29-02-2016 01:23", at(2016, 2, 29, 0, 23)),
        ("day-first", "4/10/2010 0:00:00", at(2010, 10, 3, 22)),
        ("day-first", "4.10.2010 kl", None),
        ("day-first", "24.12.2010 08.30", at(2010, 12, 24, 7, 30)),
        ("day-first", "24.12.2010, 08:30:15.123456789 +01:00", at(2010, 12, 24, 7, 30, 15, 123456)),
        ("month-first", "12/24/2010 1:05 PM", at(2010, 12, 24, 12, 5)),
        ("month-first", "12/24/2010 12:05 a.m.", at(2010, 12, 23, 23, 5)),
        ("epoch-s", "1293178500", at(2010, 12, 24, 8, 15)),
        ("epoch-ms", "1293178500250", at(2010, 12, 24, 8, 15, 0, 250000)),
    ],
)
def test_times_are_read_as_the_file_writes_them(order: Order, text: str, moment: datetime | None) -> None:
    read = reader(order, (), STOCKHOLM)
    if moment is None:
        with pytest.raises(ValueError):
            read(text)
    else:
        assert read(text) == moment


@pytest.mark.parametrize(
    ("order", "text", "message"),
    [
        ("year-first", "04-10-2010", "day first or month first"),
        ("day-first", "04-10-10", "no year of four digits"),
        ("day-first", "31/02/2010", "no date of the calendar"),
        ("month-first", "13/02/2010", "no date of the calendar"),
        ("month-first", "12/24/2010 13:05 PM", "outside 1 to 12"),
        ("year-first", "yesterday", "no date or time in a form that is known"),
        ("year-first", "0001-01-01T00:00:00+14:00", "outside the calendar"),
        ("epoch-s", "2010-10-04", "not a whole number of seconds"),
    ],
)
def test_what_cannot_be_read_says_what_to_change(order: Order, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as told:
        reader(order, (), STOCKHOLM)(text)
    assert text not in str(told.value)


@pytest.mark.parametrize("text", ["2024-10-27 02:00", "2024-10-27 02:30", "2024-10-27T02:59:59"])
def test_the_doubled_hour_of_autumn_needs_an_offset(text: str) -> None:
    with pytest.raises(AmbiguousTimeError, match="Europe/Stockholm showed twice"):
        reader("year-first", (), STOCKHOLM)(text)
    assert reader("year-first", (), STOCKHOLM)(text + "+01:00") > reader("year-first", (), STOCKHOLM)(text + "+02:00")
    assert reader("year-first", (), ZoneInfo("UTC"))(text).hour == 2


def test_the_missing_hour_of_spring_does_not_exist() -> None:
    with pytest.raises(AmbiguousTimeError, match="Europe/Stockholm showed never"):
        reader("year-first", (), STOCKHOLM)("2024-03-31 02:30")


def test_the_hours_beside_the_changes_are_read() -> None:
    read = reader("year-first", (), STOCKHOLM)
    assert read("2024-10-27 01:59:59") == at(2024, 10, 26, 23, 59, 59)
    assert read("2024-10-27 03:00") == at(2024, 10, 27, 2)
    assert read("2024-03-31 01:59:59") == at(2024, 3, 31, 0, 59, 59)
    assert read("2024-03-31 03:00") == at(2024, 3, 31, 1)


def test_declared_forms_are_tried_in_order() -> None:
    read = reader("year-first", ("%d %B %Y %H:%M", "%Y%m%d%H%M%S %z"), STOCKHOLM)
    assert read("3 March 2024 10:00") == at(2024, 3, 3, 9)
    assert read("20240303100000 +0000") == at(2024, 3, 3, 10)
    with pytest.raises(ValueError, match="none of the declared forms"):
        read("2024-03-03")


def test_a_day_is_the_day_as_written() -> None:
    assert day_reader("day-first", (), STOCKHOLM)("04/10/2010 23:59") == date(2010, 10, 4)
    assert day_reader("year-first", (), STOCKHOLM)("2010-10-04T23:00:00Z") == date(2010, 10, 5)
    assert day_reader("epoch-s", (), STOCKHOLM)("1286233200") == date(2010, 10, 5)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["+0{}:00", "-0{}30", "+0{}"]))
def test_any_time_with_an_offset_is_the_same_instant_in_every_order(moment: datetime, offset: str) -> None:
    moment = moment.replace(microsecond=0)
    suffix = offset.format(moment.second % 10)
    expected = datetime.fromisoformat(moment.isoformat() + suffix).astimezone(UTC)
    for order, pattern in (
        ("year-first", "%Y/%m/%d"),
        ("day-first", "%d.%m.%Y"),
        ("month-first", "%m-%d-%Y"),
    ):
        text = moment.strftime(f"{pattern} %H:%M:%S") + suffix
        assert reader(order, (), STOCKHOLM)(text) == expected  # type: ignore[arg-type]
