"""Realised shares, hours and gaps, worked by hand and for any figures."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.benefits.realised import (
    Baseline,
    Flag,
    break_even_share,
    freed_hours,
    leakage,
    plan_coverage,
    realised,
    realised_share,
    unrealised_hours,
)
from nytta.registry.dates import Span
from nytta.registry.programme import Benefit, Kind
from nytta.registry.units import Contact, Names

FIGURE = st.integers(-1_000_000, 1_000_000)
PERCENT = st.integers(0, 100)


def test_a_decrease_counts_like_an_increase() -> None:
    # Minutes per case from 40 to 25: at 31, nine of fifteen minutes have come.
    assert float(realised_share(31_000, 40_000, 40_000, 25_000)) == pytest.approx(60)
    assert float(realised_share(49_000, 40_000, 40_000, 55_000)) == pytest.approx(60)


def test_more_than_promised_and_less_than_nothing_stay_as_they_are() -> None:
    assert realised_share([22_000, 43_000], 40_000, 40_000, 25_000).tolist() == [120, -20]


def test_no_change_is_no_benefit() -> None:
    with pytest.raises(ValueError, match="target equals the baseline"):
        realised_share(1, 2, 5, 5)


@given(FIGURE, FIGURE, FIGURE, FIGURE, st.integers(-10_000, 10_000))
def test_sign_and_zero_point_of_the_measure_do_not_matter(x: int, x0: int, start: int, change: int, shift: int) -> None:
    if change == 0:
        return
    share = float(realised_share(x, x0, start, start + change))
    assert float(realised_share(-x, -x0, -start, -start - change)) == pytest.approx(share)
    assert float(realised_share(x + shift, x0 + shift, start + shift, start + change + shift)) == pytest.approx(share)


@given(FIGURE, FIGURE, st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_step_towards_the_target_is_never_less(x: int, start: int, promised: int, step: int) -> None:
    assert realised_share(x + step, start, start, start + promised) > realised_share(x, start, start, start + promised)
    assert realised_share(x - step, start, start, start - promised) > realised_share(x, start, start, start - promised)


def test_weeks_are_compared_with_the_same_weeks_of_the_baseline() -> None:
    # Lead time 20 days, 24 in week 27; 12 are promised less. Week 27 after: 18, six of twelve days gained.
    span = Span(date(2025, 1, 6), date(2025, 12, 29))
    baseline = Baseline(20_000, span, {26: 20_000, 27: 24_000, 52: 22_000})
    weeks = [date(2026, 6, 22), date(2026, 6, 29), date(2026, 12, 28)]  # weeks 26, 27, 53
    found = realised(weeks, [14_000, 18_000, np.nan], baseline, 8_000)
    np.testing.assert_allclose(found.percent, [50, 50, np.nan])
    assert found.flags == ()
    assert baseline.at(weeks).tolist() == [20_000, 24_000, 22_000]


def test_weeks_without_a_figure_of_their_own_are_told() -> None:
    baseline = Baseline(20_000, Span(date(2025, 1, 6), date(2025, 12, 29)), {26: 20_000})
    assert realised([date(2026, 6, 29)], [14_000], baseline, 8_000).flags == (Flag.OTHER_WEEKS,)


@pytest.mark.parametrize(
    ("first", "weeks", "flags"),
    [
        (date(2026, 1, 5), 13, ()),
        (date(2026, 1, 5), 12, (Flag.SHORT,)),
        (date(2026, 2, 2), 13, (Flag.AFTER_GO_LIVE,)),
        (date(2026, 4, 1), 4, (Flag.AFTER_GO_LIVE, Flag.SHORT)),
    ],
)
def test_baselines_that_are_late_or_short_are_flagged(first: date, weeks: int, flags: tuple[Flag, ...]) -> None:
    span = Span(first, first + timedelta(weeks=weeks))
    assert Baseline(1, span).flags(date(2026, 4, 6)) == flags


def test_a_baseline_of_unknown_days_is_flagged() -> None:
    assert Baseline(1).flags(date(2026, 4, 6)) == (Flag.UNDATED,)


def test_freed_and_unrealised_hours() -> None:
    # 1,200 cases a year, 15 minutes less each: from 10 to 45 percent frees 105 h, 45 to 85 is 120 h left lying.
    saved = 15 * 60_000
    assert float(freed_hours(45, 10, 1200, saved)) == 105_000
    assert float(unrealised_hours(45, 85, 1200, saved)) == 120_000


def test_less_than_before_frees_nothing_and_more_than_the_target_leaves_nothing() -> None:
    assert float(freed_hours(8, 10, 1200, 900_000)) == 0
    assert float(unrealised_hours(90, 85, 1200, 900_000)) == 0


def test_a_way_that_takes_longer_costs_hours() -> None:
    assert float(freed_hours(20, 10, 100, -60_000 * 6)) == -1_000
    assert float(unrealised_hours(20, 80, 100, -60_000)) == 0


def test_only_published_shares_go_in() -> None:
    with pytest.raises(ValueError, match="whole percent"):
        freed_hours(45.37, 10, 1200, 900_000)
    with pytest.raises(ValueError, match="whole percent"):
        unrealised_hours(101, 85, 1200, 900_000)


def test_what_is_not_published_is_not_nothing() -> None:
    assert np.isnan(freed_hours([np.nan, 20], 10, 1200, 900_000)).tolist() == [True, False]


@given(PERCENT, PERCENT, PERCENT, st.integers(0, 100_000), st.integers(0, 10_000_000))
def test_hours_grow_with_use_and_what_is_left_shrinks(a: int, b: int, c: int, volume: int, saved: int) -> None:
    low, high = min(a, b), max(a, b)
    assert freed_hours(low, c, volume, saved) <= freed_hours(high, c, volume, saved)
    assert unrealised_hours(low, c, volume, saved) >= unrealised_hours(high, c, volume, saved) >= 0
    if low <= c:  # from before to now, and from now to the target, make the whole way
        whole = float(freed_hours(c, 0, volume, saved))
        parts = float(freed_hours(low, 0, volume, saved)) + float(unrealised_hours(low, c, volume, saved))
        assert abs(whole - parts) <= 1


def test_the_gap_is_split_into_use_and_effect() -> None:
    # Use from 0 to 51 of 85 percent: 60 % of the benefit could be there; 45 % is. 40 points are use, 15 effect.
    found = leakage(45, use_now=51, use_before=0, use_target=85)
    assert (found.expected, found.use, found.effect) == pytest.approx((60, 40, 15))


@given(FIGURE, PERCENT, PERCENT, PERCENT)
def test_use_and_effect_make_the_whole_gap(share: int, use: int, before: int, target: int) -> None:
    if before == target:
        with pytest.raises(ValueError, match="cannot be parted"):
            leakage(share, use, before, target)
        return
    found = leakage(share, use, before, target)
    assert found.use + found.effect == pytest.approx(100 - share)


def test_break_even_of_parallel_ways() -> None:
    # 90,000 kr a year for the second way, 3,000 cases, 150 kr saved on each: a fifth must be digital.
    assert break_even_share(9_000_000, 3_000, 15_000) == 20
    assert break_even_share(9_000_001, 3_000, 15_000) == 21
    assert break_even_share(0, 3_000, 15_000) == 0
    assert break_even_share(9_000_000, 300, 15_000) is None
    assert break_even_share(9_000_000, 3_000, -1) is None


@given(st.integers(0, 10**9), st.integers(1, 10**5), st.integers(1, 10**6))
def test_the_break_even_share_pays_and_one_less_does_not(parallel: int, volume: int, saved: int) -> None:
    share = break_even_share(parallel, volume, saved)
    if share is None:
        assert parallel > volume * saved
        return
    assert share * volume * saved >= 100 * parallel
    assert share == 0 or (share - 1) * volume * saved < 100 * parallel


def test_plan_coverage_names_what_is_missing() -> None:
    names = Names.of("x")
    bare = Benefit("b", names, "u", Kind.QUALITY, "days", "SEK")
    full = Benefit(
        "a",
        names,
        "u",
        Kind.QUALITY,
        "days",
        "SEK",
        Contact("Å", "", "", "sv"),
        0,
        None,
        5,
        None,
        date(2027, 1, 1),
        "m",
    )
    found = plan_coverage([full, bare])
    assert (found.planned, found.all, found.percent) == (1, 2, 50)
    assert found.missing == {"b": ("owner", "baseline", "target", "due", "method")}
    assert plan_coverage([]).percent is None
