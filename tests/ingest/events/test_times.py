from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nytta.ingest.events.times import AmbiguousTime, instant, instants, milliseconds

FORMS = st.from_regex(
    r"(19|20|99)[0-9]{2}-[0-3][0-9]-[0-4][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,10})?"
    r"([Zz]|[+-][0-2][0-9]:?[0-6][0-9]|)",
    fullmatch=True,
)


def read(*texts: str) -> list[int | None]:
    found, certain = instants(pa.array(texts, pa.string()))
    return [int(value) if sure else None for value, sure in zip(found, certain, strict=True)]


def test_the_usual_forms_are_read_at_once() -> None:
    assert read(
        "2026-02-09T08:30:00Z",
        "2026-02-09T08:30:00.25Z",
        "2026-02-09T09:30:00.250+01:00",
        "2026-02-09T03:00:00.250999999-05:30",
    ) == [1770625800000, 1770625800250, 1770625800250, 1770625800250]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-09",
        "2026-02-30T08:30:00Z",
        "2025-02-29T08:30:00Z",
        "2026-13-01T08:30:00Z",
        "2026-00-01T08:30:00Z",
        "2026-02-09T24:00:00Z",
        "2026-02-09T08:60:00Z",
        "2026-02-09T08:30:60Z",
        "2026-02-09T08:30:00.Z",
        "2026-02-09T08:30:00+24:00",
        "2026-02-09T08:30:00+01:60",
        "2026-02-09T08:30Z",
        "0000-02-09T08:30:00Z",
        "2026-02-09T08:30:00",
        "٢٠٢٦-02-09T08:30:00Z",
    ],
)
def test_no_time_is_read_by_neither_rule(text: str) -> None:
    assert read(text) == [None]
    with pytest.raises(ValueError):
        instant(text)


def test_only_the_missing_offset_is_called_ambiguous() -> None:
    with pytest.raises(AmbiguousTime):
        instant("2026-10-25T02:30:00")
    with pytest.raises(ValueError) as caught:
        instant("2026-10-25")
    assert not isinstance(caught.value, AmbiguousTime)


@given(st.lists(FORMS, min_size=1, max_size=8))
@example(["2024-02-29T23:59:59.999999999Z", "2000-02-29T00:00:00+23:59", "1900-02-29T00:00:00Z"])
def test_what_is_read_at_once_is_what_the_rule_for_one_says(texts: list[str]) -> None:
    for text, value in zip(texts, read(*texts), strict=True):
        if value is not None:
            assert value == milliseconds(instant(text))


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2299, 12, 31)),
    st.integers(-23 * 60, 23 * 60),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_every_instant_python_writes_is_read_at_once(naive: datetime, minutes: int, precision: str) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.isoformat(timespec=precision)
    assert read(text) == [milliseconds(datetime.fromisoformat(text))]
    in_utc = moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
    assert read(in_utc) == read(text)
