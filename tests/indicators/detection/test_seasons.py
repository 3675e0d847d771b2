"""What a unit's last year says of its weeks: seasons of its own, and nothing where weeks do not repeat themselves."""

from __future__ import annotations

import numpy as np
import pytest

from nytta.indicators.detection.seasons import seasons

UNITS, WEEKS, NOISE = 200, 156, 0.05


def distances(amplitude: float) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    """Waves of a year, each unit's with a phase of its own, and the same with chance around them."""
    rng = np.random.default_rng(6)
    phase = rng.uniform(0, 52, (UNITS, 1))
    waves = amplitude * np.sin(2 * np.pi * (np.arange(WEEKS) - phase) / 52)
    return waves, waves + rng.normal(0, NOISE, waves.shape)


def said(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return seasons(value, np.zeros(value.shape, int), np.full(value.shape, NOISE**2))


def test_seasons_that_repeat_themselves_are_known_after_a_year() -> None:
    waves, value = distances(0.1)
    season = said(value)
    assert (season[:, :52] == 0).all()
    left_over = (value - season)[:, 100:]
    # Of the waves' variance less than a quarter is left, and little noise has come with the mean of last year's weeks.
    assert left_over.var() < NOISE**2 + 0.25 * waves[:, 100:].var()


def test_weeks_that_do_not_repeat_themselves_have_no_season() -> None:
    _, value = distances(0.0)
    assert np.abs(said(value)).max() < NOISE / 4


def test_one_unit_that_fell_has_no_season_a_year_later() -> None:
    """A fall by 0.4 between units that stand still: last year is no reason to expect another."""
    _, value = distances(0.0)
    value[0, 60:90] -= 0.4
    assert np.abs(said(value)[0]).max() < NOISE / 2


def test_later_weeks_change_no_earlier_season() -> None:
    _, value = distances(0.1)
    assert said(value[:, :120]) == pytest.approx(said(value)[:, :120])


def test_what_came_before_a_unit_stood_still_is_no_season() -> None:
    _, value = distances(0.1)
    first = np.full(value.shape, 80)
    assert (seasons(value, first, np.full(value.shape, NOISE**2))[:, : 80 + 49] == 0).all()
