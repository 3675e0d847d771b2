"""Rows that are made of columns are the rows that were put in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.store.published_rows import PublishedRows
from tests.support.published import PLACE, published_rows, published_table

MONDAY = date(2026, 11, 9)
NAMES = st.sampled_from(["", "a", "b", "ö", "a/b"])
PERIODS = st.integers(0, 500).map(lambda weeks: MONDAY - timedelta(weeks=weeks))
PLACES = st.tuples(NAMES, st.sampled_from(["week", "window"]), NAMES, NAMES, PERIODS)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.fixed_dictionaries(
    {
        "version": st.integers(1, 300),
        **dict.fromkeys(("value", "low", "high"), NUMBERS),
        **dict.fromkeys(("n_band", "status", "reason"), st.text(max_size=3)),
    }
)


@given(st.dictionaries(PLACES, ROWS, max_size=40), PLACES)
def test_rows_are_what_was_put_in(rows: dict[Any, dict[str, Any]], other: Any) -> None:
    columns = published_rows(rows)
    places = {place: dict(zip(PLACE, place, strict=True)) | row for place, row in rows.items()}
    assert dict(columns) == places
    assert len(columns) == len(rows)
    for place in (*rows, other):
        assert columns.get(place) == places.get(place)
        assert (place in columns) == (place in places)
        assert columns.value(place) == places.get(place, {}).get("value")
        _, grain, unit, system, period = place
        alike = {other[0] for other in rows if other[1:] == (grain, unit, system, period)}
        assert columns.indicators(grain, unit, system, period) == alike
        assert set(columns.systems(grain, unit)) == {other[3] for other in rows if other[1:3] == (grain, unit)}
    assert set(columns.series) == {place[:4] for place in rows}


@given(st.dictionaries(PLACES, ROWS, max_size=40), st.sets(NAMES))
def test_figures_of_units_stand_in_their_order_by_period(rows: dict[Any, dict[str, Any]], units: set[str]) -> None:
    expected: dict[Any, dict[date, list[float]]] = {place[:2] + place[3:4]: {} for place in rows}
    for (indicator, grain, unit, system, period), row in rows.items():
        if unit in units and row["value"] is not None:
            expected[indicator, grain, system].setdefault(period, []).append(row["value"])
    columns = published_rows(rows)
    for (indicator, grain, system), by_period in expected.items():
        ordered = columns.ordered(indicator, grain, system, units)
        assert {period: figures.tolist() for period, figures in ordered.items()} == {
            period: sorted(figures) for period, figures in by_period.items()
        }
    assert not columns.ordered("none", "week", "s", units)


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        published_rows({})["breadth", "week", "unit", "system", MONDAY]


def test_columns_may_come_in_pieces() -> None:
    """As the engine gives them: each piece has words of its own."""
    words = ["a", "b", "c"]
    pieces = [
        pa.table(
            {
                "indicator": pa.array([word], pa.string()).dictionary_encode(),
                "grain": pa.array(["week"]).dictionary_encode(),
                "unit": pa.array([word]).dictionary_encode(),
                "system": pa.array(["s"]).dictionary_encode(),
                "period": pa.array([20_000], pa.uint16()),
                "version": pa.array([1], pa.uint16()),
                **{name: pa.array([1.0]) for name in ("value", "low", "high")},
                **{name: pa.array([word]).dictionary_encode() for name in ("n_band", "status", "reason")},
            }
        )
        for word in words
    ]
    rows = PublishedRows(pa.concat_tables(pieces))
    assert [row["n_band"] for row in rows.values()] == words
    assert [row["unit"] for row in rows.values()] == words


@given(st.dictionaries(PLACES, ROWS, max_size=40), PLACES)
def test_figures_of_a_period_are_those_of_its_rows(rows: dict[Any, dict[str, Any]], other: Any) -> None:
    columns = published_rows(rows)
    for indicator, grain, _, system, period in (*rows, other):
        expected = {
            place[2]: row["value"]
            for place, row in rows.items()
            if (*place[:2], *place[3:]) == (indicator, grain, system, period)
        }
        assert columns.figures(indicator, grain, system, period) == expected
    for grain in ("week", "window"):
        measured = {place[3]: set[str]() for place in rows if place[1] == grain}
        for indicator, _, _, system, _ in (place for place in rows if place[1] == grain):
            measured[system].add(indicator)
        assert columns.measured(grain) == measured


@given(st.dictionaries(PLACES, ROWS, max_size=40), st.dictionaries(PLACES, ROWS, max_size=40), PERIODS)
def test_newer_rows_take_the_place_of_older_ones(older: dict[Any, Any], newer: dict[Any, Any], first: date) -> None:
    """As if all had been read at once: the same rows, series and orders of figures."""
    merged = published_rows(older).updated(published_table(newer), first)
    expected = {place: row for place, row in older.items() if place[4] >= first} | newer
    whole = published_rows(expected)
    assert dict(merged) == dict(whole)
    assert list(merged) == list(whole)
    assert list(merged.series) == list(whole.series)
    for indicator, grain, _, system, period in expected:
        assert merged.figures(indicator, grain, system, period) == whole.figures(indicator, grain, system, period)
        units = {place[2] for place in expected}
        ordered, at_once = (rows.ordered(indicator, grain, system, units) for rows in (merged, whole))
        assert {day: figures.tolist() for day, figures in ordered.items()} == {
            day: figures.tolist() for day, figures in at_once.items()
        }
