"""The forecast on simple courses, its words, and on 200 invented benefits at half-time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.insight.benefits.forecast import (
    WORDS,
    Forecast,
    MeasuredBenefit,
    Parameters,
    Status,
    forecast,
    last_usable,
    next_status,
)
from tests.insight.benefits.courses import judge

DUE = (48, 49, 50, 51)


def _risen(ceiling: float, weeks: int, noise: float = 3.0, seed: int = 1) -> MeasuredBenefit:
    t = np.arange(weeks)
    course = ceiling / (1 + np.exp(-(t - 8) / 2)) + np.random.default_rng(seed).normal(0, noise, weeks)
    return MeasuredBenefit.weekly(course, DUE)


@pytest.mark.parametrize(
    ("ceiling", "status"),
    [(120, Status.ON_TRACK), (100, Status.AT_RISK), (60, Status.OFF_TRACK), (-20, Status.OFF_TRACK)],
)
def test_a_level_that_was_reached_is_expected_to_stay(ceiling: float, status: Status) -> None:
    found = forecast(_risen(ceiling, 30))
    assert found is not None
    assert found.expected == pytest.approx(ceiling, abs=4)
    assert found.low < found.expected < found.high
    assert next_status(None, found) is status


def test_before_the_take_off_it_is_too_early() -> None:
    assert next_status(None, forecast(_risen(100, 6))) is Status.TOO_EARLY
    assert next_status(None, forecast(_risen(100, 8))) is Status.TOO_EARLY


def test_a_forecast_is_of_the_observed_mean() -> None:
    quiet, loud = forecast(_risen(80, 30, noise=1.0)), forecast(_risen(80, 30, noise=8.0))
    assert quiet is not None
    assert loud is not None
    # Four weeks with a noise of 8 points: their mean alone varies by 4, its 80 % interval is 10 points wide.
    assert loud.high - loud.low > 10
    assert loud.high - loud.low > quiet.high - quiet.low


def test_with_all_weeks_measured_it_is_the_result() -> None:
    course = _risen(101, 52)
    found = forecast(course)
    assert found is not None
    assert found.complete
    mean = course.realised[list(DUE)].mean()
    assert (found.low, found.expected, found.high) == pytest.approx((mean, mean, mean), abs=0.01)
    word = Status.ACHIEVED if mean >= 100 else Status.PARTLY if mean >= 50 else Status.NOT_ACHIEVED
    assert next_status(Status.AT_RISK, found) is word


def test_weeks_still_to_come_after_the_due_date_are_not_a_result() -> None:
    course = _risen(110, 52)
    course.realised[51] = np.nan
    found = forecast(course)
    assert found is not None
    assert not found.complete
    assert next_status(Status.ON_TRACK, found) is Status.ON_TRACK


def test_four_week_periods_say_about_what_their_weeks_say() -> None:
    weekly = _risen(85, 28)
    starts = np.arange(0, 28, 4)
    means = weekly.realised.reshape(-1, 4).mean(axis=1)
    one = forecast(weekly)
    other = forecast(MeasuredBenefit(starts, np.full(len(starts), 4), means, DUE))
    assert one is not None
    assert other is not None
    assert other.weeks == one.weeks == 28
    assert other.expected == pytest.approx(one.expected, abs=4)


def test_the_last_usable_weeks() -> None:
    usable = np.ones(60, bool)
    usable[48:51] = False
    assert last_usable(52, usable) == (45, 46, 47, 51)
    with pytest.raises(ValueError, match="no usable week"):
        last_usable(0, usable)


def test_courses_that_cannot_be() -> None:
    one = np.array([1])
    with pytest.raises(ValueError, match="equally long"):
        MeasuredBenefit(one, one, np.array([1.0, 2.0]), DUE)
    with pytest.raises(ValueError, match="week 0 or later"):
        MeasuredBenefit(-one, one, np.array([1.0]), DUE)
    with pytest.raises(ValueError, match="at least one week"):
        MeasuredBenefit(one, one, np.array([1.0]), ())
    with pytest.raises(ValueError, match="the one that stands"):
        MeasuredBenefit(np.array([0, 0]), np.array([4, 4]), np.array([1.0, 2.0]), DUE)
    with pytest.raises(ValueError, match="the one that stands"):
        MeasuredBenefit(np.array([0, 2, 0]), np.array([4, 2, 2]), np.array([1.0, 2.0, 3.0]), DUE)


def test_rolling_periods_are_taken() -> None:
    weekly = _risen(85, 30).realised
    starts = np.arange(0, 18, 4)
    rolling = np.array([weekly[start : start + 13].mean() for start in starts])
    found = forecast(MeasuredBenefit(starts, np.full(len(starts), 13), rolling, DUE))
    assert found is not None
    assert found.weeks == 29
    assert found.expected == pytest.approx(85, abs=10)


def test_nothing_measured_is_no_forecast() -> None:
    assert forecast(MeasuredBenefit.weekly(np.full(20, np.nan), DUE)) is None
    assert forecast(MeasuredBenefit.weekly(np.array([]), DUE)) is None


def test_exactly_the_target_is_achieved() -> None:
    found = forecast(MeasuredBenefit.weekly(np.full(52, 100.0), DUE))
    assert next_status(None, found) is Status.ACHIEVED


def _seen(probability: float, width: float = 20.0) -> Forecast:
    return Forecast(90, 90 - width / 2, 90 + width / 2, probability, 30, False)


@pytest.mark.parametrize(
    ("before", "probability", "width", "after"),
    [
        (None, 0.85, 20, Status.ON_TRACK),
        (None, 0.75, 20, Status.AT_RISK),
        (Status.ON_TRACK, 0.75, 20, Status.ON_TRACK),
        (Status.ON_TRACK, 0.69, 20, Status.AT_RISK),
        (Status.AT_RISK, 0.25, 20, Status.AT_RISK),
        (Status.AT_RISK, 0.19, 20, Status.OFF_TRACK),
        (Status.OFF_TRACK, 0.25, 20, Status.OFF_TRACK),
        (Status.OFF_TRACK, 0.31, 20, Status.AT_RISK),
        (None, 0.85, 45, Status.TOO_EARLY),
        (Status.TOO_EARLY, 0.85, 45, Status.TOO_EARLY),
        (Status.TOO_EARLY, 0.85, 39, Status.ON_TRACK),
        (Status.ON_TRACK, 0.85, 45, Status.ON_TRACK),
        (Status.ON_TRACK, 0.85, 51, Status.TOO_EARLY),
    ],
)
def test_words_change_only_when_it_is_clear(
    before: Status | None, probability: float, width: float, after: Status
) -> None:
    assert next_status(before, _seen(probability, width)) is after


@given(st.sampled_from([None, *Status]), st.floats(0, 1), st.floats(0, 100))
def test_a_word_said_twice_on_the_same_figures_stays(before: Status | None, probability: float, width: float) -> None:
    said = next_status(before, _seen(probability, width))
    assert next_status(said, _seen(probability, width)) is said


@given(st.sampled_from([Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK]), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_gives_a_worse_word(before: Status, one: float, other: float) -> None:
    order = [Status.OFF_TRACK, Status.AT_RISK, Status.ON_TRACK]
    low, high = sorted((one, other))
    assert order.index(next_status(before, _seen(low))) <= order.index(next_status(before, _seen(high)))


def test_each_word_in_three_languages() -> None:
    assert set(WORDS) == set(Status)
    assert [WORDS[Status.OFF_TRACK].text(language) for language in ("sv", "nb", "en")] == [
        "Avviker från plan",
        "Avviker fra plan",
        "Off track",
    ]
    assert len({word.sv for word in WORDS.values()}) == len(Status)


@settings(max_examples=8)
@given(st.floats(20, 130), st.integers(0, 1000))
def test_a_higher_course_gives_a_higher_forecast(ceiling: float, seed: int) -> None:
    fast = replace(Parameters(), noises=(3.0,), drifts=(0.3,))
    course = _risen(ceiling, 30, seed=seed)
    one, other = forecast(course, fast), forecast(MeasuredBenefit.weekly(course.realised + 10.0, DUE), fast)
    assert one is not None
    assert other is not None
    assert other.expected > one.expected


@pytest.mark.slow
def test_200_invented_benefits_at_half_time() -> None:
    found = judge(seed=20261, benefits=200)
    assert 0.75 <= found.coverage <= 0.85, found
    assert found.median_error <= 8, found
    assert found.on_track_of_misses <= 0.05, found
    # A forecast that never commits itself would meet the rest.
    assert found.on_track_of_hits >= 0.4, found
