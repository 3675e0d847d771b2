import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files.cells import notations
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
        ("year-first", "2024-12-31 24:00", at(2024, 12, 31, 23)),
        ("day-first", "31.12.2024 24.00", at(2024, 12, 31, 23)),
        ("year-first", "2024-12-31T24:00:00Z", at(2025, 1, 1, 0)),
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
        ("year-first", "2024-12-31 24:00:01", "no date of the calendar"),
        ("year-first", "9999-12-31 24:00", "no date of the calendar"),
        ("year-first", "yesterday", "no date or time in a form that is known"),
        ("year-first", "0001-01-01T00:00:00+14:00", "outside the calendar"),
        ("epoch-s", "2010-10-04", "no number of seconds"),
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


@given(
    st.dates(date(1970, 1, 1), date(2068, 12, 31)),
    st.sampled_from(["%Y%m%d", "%y%m%d", "%d%m%y", "%d%m%Y"]),
    st.integers(1, 7),
)
def test_a_day_without_signs_has_all_its_digits_or_is_none(day: date, pattern: str, missing: int) -> None:
    read = day_reader("year-first", (pattern,), STOCKHOLM)
    text = day.strftime(pattern)
    assert read(text) == day
    with pytest.raises(ValueError, match="none of the declared forms"):
        read(text[:-missing])  # strptime makes another day of fewer digits


@given(st.lists(st.integers(40_000, 50_000), min_size=1, max_size=40))
def test_numbers_of_days_are_dates_of_no_other_notation(serials: list[int]) -> None:
    found = notations([str(serial) for serial in serials], counted=True)
    assert [notation.order for notation in found] == ["excel"]


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


@pytest.mark.parametrize(
    ("order", "text", "moment"),
    [
        ("year-first", "2024-01-02 10.05", at(2024, 1, 2, 9, 5)),
        ("year-first", "2024-01-02 23.59", at(2024, 1, 2, 22, 59)),
        ("year-first", "2024-01-02 10.05.30", at(2024, 1, 2, 9, 5, 30)),
        ("year-first", "2024-01-02 10:05.30", at(2024, 1, 2, 9, 5, 30)),
        ("year-first", "2024-01-02T10:05:30,25", at(2024, 1, 2, 9, 5, 30, 250000)),
        ("year-first", "2024-01-02 10:05 GMT", at(2024, 1, 2, 10, 5)),
        ("day-first", "02.01.2024 10.05", at(2024, 1, 2, 9, 5)),
        ("day-first", "02.01.2024 kl. 10.05", at(2024, 1, 2, 9, 5)),
        ("year-first", "2 januari 2024 10:05", at(2024, 1, 2, 9, 5)),
        ("year-first", "2. januar 2024 kl. 10.05", at(2024, 1, 2, 9, 5)),
        ("year-first", "12 maj 2024", at(2024, 5, 11, 22)),
        ("year-first", "12. mai 2024 08:00", at(2024, 5, 12, 6)),
        ("year-first", "3 okt. 2024", at(2024, 10, 2, 22)),
        ("year-first", "3. desember 2024", at(2024, 12, 2, 23)),
        ("year-first", "15 marts 2024 12:00", at(2024, 3, 15, 11)),
        ("year-first", "Dec 24, 2010 1:05 PM", at(2010, 12, 24, 12, 5)),
        ("year-first", "31/Dec/2023 10:05 AM", at(2023, 12, 31, 9, 5)),
        ("year-first", "Tue, 02 Jul 2024 10:00:00 GMT", at(2024, 7, 2, 10)),
        ("year-first", "tis 2 juli 2024 10:00", at(2024, 7, 2, 8)),
        ("year-first", "2024-07-02 10:00:00 CEST", at(2024, 7, 2, 8)),
        ("day-first", "2.1.2024 10:00 (UTC+01:00)", at(2024, 1, 2, 9)),
        ("day-first", "02-01-2024:10.05", at(2024, 1, 2, 9, 5)),
        ("year-first", "2024-01-02 10:00 UTC-5", at(2024, 1, 2, 15)),
        ("year-first", "Tue Jul 02 2024 10:00:00 GMT+0200 (Central European Summer Time)", at(2024, 7, 2, 8)),
        ("epoch-s", "1293178500.25", at(2010, 12, 24, 8, 15, 0, 250000)),
        ("epoch-ms", "1293178500250.5", at(2010, 12, 24, 8, 15, 0, 250500)),
        ("excel", "45293", at(2024, 1, 1, 23)),
        ("excel", "45293,5", at(2024, 1, 2, 11)),
        ("excel", "45293.420138888889", at(2024, 1, 2, 9, 5)),
    ],
)
def test_local_notations_are_the_moment_that_people_read(order: Order, text: str, moment: datetime) -> None:
    assert reader(order, (), STOCKHOLM)(text) == moment


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("day-first", "31.12.23 10:05", date(2023, 12, 31)),
        ("month-first", "12/31/23", date(2023, 12, 31)),
        ("year-first", "23-12-31", date(2023, 12, 31)),
        ("day-first", "31/Dec/23 10:05 AM", date(2023, 12, 31)),
        ("year-first", "23-Dec-31", date(2023, 12, 31)),
        ("day-first", "1.2.68", date(2068, 2, 1)),
        ("day-first", "1.2.69", date(1969, 2, 1)),
        ("day-first", "1.2.2024", date(2024, 2, 1)),
        ("year-first", "13/1 -26", date(2026, 1, 13)),
        ("month-first", "2/1-26 08:15", date(2026, 1, 2)),
        ("day-first", "2/1 - 2026", date(2026, 1, 2)),
    ],
)
def test_years_of_two_digits_are_read_where_they_are_declared(order: Order, text: str, day: date) -> None:
    assert day_reader(order, (), STOCKHOLM, "two")(text) == day
    if not re.search(r"\b\d{4}\b", text):
        with pytest.raises(ValueError, match="years: two"):
            reader(order, (), STOCKHOLM)(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02 10.05,5",
        "2024-01-02 25.00",
        "45293.5",
        "0",
        "2024-13-01",
        "maj 2024",
        "1e5",
    ],
)
@pytest.mark.parametrize("order", ["year-first", "day-first", "month-first"])
def test_what_is_no_known_notation_is_refused_and_no_other_moment(order: Order, text: str) -> None:
    with pytest.raises(ValueError):
        reader(order, (), STOCKHOLM)(text)


@pytest.mark.parametrize(
    ("pattern", "text", "moment"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "2024-07-02T10:00:00Z", at(2024, 7, 2, 10)),
        ("%Y-%m-%d %H:%M UTC", "2024-07-02 10:00 UTC", at(2024, 7, 2, 10)),
        ("%a, %d %b %Y %H:%M:%S %Z", "Tue, 02 Jul 2024 10:00:00 GMT", at(2024, 7, 2, 10)),
        ("%d %b %Y %H:%M %Z", "02 jul 2024 10:00 CEST", at(2024, 7, 2, 8)),
        ("%d %b %Y %H:%M %Z", "02 okt 2024 10:00 CET", at(2024, 10, 2, 9)),
        ("%Y-%m-%d %H:%M %z", "2024-07-02 10:00 +0200", at(2024, 7, 2, 8)),
        ("%d/%b/%y %I:%M %p", "31/Dec/23 10:05 AM", at(2023, 12, 31, 9, 5)),
        ("%d %B %Y", "2 september 2024", at(2024, 9, 1, 22)),
    ],
)
def test_a_zone_that_a_form_or_its_text_states_counts(pattern: str, text: str, moment: datetime) -> None:
    assert reader("year-first", (pattern,), STOCKHOLM)(text) == moment


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31, 23, 59)).map(
        lambda d: d.replace(second=0, microsecond=0)
    ),
    st.sampled_from(
        [
            ("day-first", "%d.%m.%Y %H.%M"),
            ("day-first", "%d/%m/%y %H:%M"),
            ("month-first", "%m/%d/%Y %I:%M %p"),
            ("month-first", "%m/%d/%y %I:%M %p"),
            ("year-first", "%Y-%m-%d %H.%M"),
            ("year-first", "%d %B %Y %H:%M"),
            ("year-first", "%b %d, %Y %I:%M %p"),
            ("day-first", "%d-%b-%y %H:%M"),
        ]
    ),
)
def test_what_is_written_in_a_notation_is_read_as_the_same_moment(moment: datetime, form: tuple[Order, str]) -> None:
    order, pattern = form
    assert reader(order, (), ZoneInfo("UTC"), "two")(moment.strftime(pattern)) == moment.replace(tzinfo=UTC)
