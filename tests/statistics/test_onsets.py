"""Falls from a known level at an unknown week: exact without noise, and as rarely false as the formula says."""

import numpy as np
import pytest

from nytta.statistics import Onset, Sums, crossing_rate, fall, onset_limit, rise


def test_a_step_is_found_exactly() -> None:
    value = np.array([[1.0] * 10 + [0.4] * 4])
    place = np.arange(14)[None, :]
    found = fall(Sums.of(value, np.ones((1, 14)), place), Onset("step", 4), np.zeros((1, 14), int), 8)
    assert found.estimate[0, -1] == pytest.approx(0.6)
    assert found.reference[0, -1] == pytest.approx(1.0)
    assert found.variance[0, -1] == pytest.approx(1 / 4 + 1 / 10)
    assert np.isnan(found.estimate[0, :11]).all()


def test_a_ramp_goes_on_in_weeks_without_values() -> None:
    place = np.array([[*range(10), 10, 11, 17, 18]])
    value = np.where(place < 10, 1.0, 1.0 - 0.01 * (place - 9))
    found = fall(Sums.of(value, np.ones((1, 14)), place), Onset("ramp", 4), np.zeros((1, 14), int), 8)
    assert found.estimate[0, -1] == pytest.approx(0.09)


def test_values_without_weight_and_further_axes_of_values() -> None:
    value = np.array([[1.0] * 9 + [99.0] + [0.4] * 4])
    weight = np.where(value > 50, 0.0, 1.0)
    place = np.arange(14)[None, :]
    found = fall(Sums.of(np.stack([value, 2 * value]), weight, place), Onset("step", 4), np.zeros((1, 14), int), 8)
    assert found.estimate[:, 0, -1] == pytest.approx([0.6, 1.2])


@pytest.mark.parametrize("limit", [3.0, 3.25, 3.5])
def test_steps_cross_as_rarely_as_the_formula_says(limit: float) -> None:
    rng = np.random.default_rng(4)
    value = rng.normal(size=(2000, 200))
    place = np.broadcast_to(np.arange(200), value.shape)
    sums = Sums.of(value, np.ones(value.shape), place)
    start = np.zeros(value.shape, int)
    score = np.full(value.shape, -np.inf)
    for length in range(2, 27):
        found = fall(sums, Onset("step", length), start, 20)
        score = np.fmax(score, found.estimate / np.sqrt(found.variance))
    hit = score[:, 60:] >= limit
    first = hit & ~np.pad(np.logical_or.accumulate(hit, axis=1), ((0, 0), (1, 0)))[:, :-1]
    # Until its first crossing a row is at risk.
    at_risk = (~np.logical_or.accumulate(hit, axis=1)).sum()
    assert first.sum() / at_risk == pytest.approx(crossing_rate(limit, 2, 26), rel=0.25)


def test_the_limit_is_where_the_rate_is_what_it_shall_be() -> None:
    for rate in (1e-2, 1e-3, 1e-5):
        assert crossing_rate(onset_limit(rate, 2, 26), 2, 26) == pytest.approx(rate, rel=1e-6)
    assert onset_limit(0.9, 2, 26) == 1.5


@pytest.mark.parametrize("length", [1, 4, 10])
@pytest.mark.parametrize("start", [5, 20, 33])
def test_where_a_rise_begins(start: int, length: int) -> None:
    """A step with its first value, a climb where its line bends."""
    chance = np.random.default_rng(7)
    line = 10 + 8 * np.clip((np.arange(45) - start) / length, 0, 1)
    begins = start + 1 if length == 1 else start
    assert rise(line) == begins
    noisy = [rise(line + chance.normal(0, 1, 45)) for _ in range(100)]
    assert abs(np.median(noisy) - begins) <= 2
    assert np.mean(np.abs(np.array(noisy) - begins) <= 2) > 0.8
    with pytest.raises(ValueError, match="a level before"):
        rise([1.0, 2.0])


def test_two_series_that_rise_at_once_tell_more_than_one() -> None:
    chance = np.random.default_rng(11)
    steep, slow = (np.clip((np.arange(45) - 20) / length, 0, 1) for length in (4, 10))
    noise = chance.normal(0, 0.25, (200, 2, 45))
    apart = [abs(rise(steep + one) - 20) for one, _ in noise]
    joined = [abs(rise(steep + one, 3 * slow + 2 * other) - 20) for one, other in noise]
    assert np.mean(joined) < np.mean(apart)
    assert rise(steep, slow) == 20


@pytest.mark.parametrize("length", [1, 6])
def test_means_of_four_weeks_tell_the_week_and_not_their_middle(length: int) -> None:
    weekly = np.clip((np.arange(48) - 23) / length, 0, 1)
    windows = np.convolve(weekly, np.full(4, 0.25))[3:48]
    unknown = np.where(np.arange(45) % 5 == 2, np.nan, windows)
    begins = 24 - 3 if length == 1 else 23 - 3
    assert rise(windows, widths=(4,)) == rise(unknown, widths=(4,)) == begins
    noise = np.random.default_rng(3).normal(0, 0.2, (100, 48))
    noisy = [rise(np.convolve(weekly + one, np.full(4, 0.25))[3:48], widths=(4,)) for one in noise]
    assert abs(np.median(noisy) - begins) <= 2
