"""Figures without their mix: Simpson's paradox, exactly and as it is published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.disclosure.gate import BANDS
from nytta.insight.states.mix import Stratum, middle_of, mixed
from nytta.statistics import split_change


def pooled(strata: dict[str, Stratum]) -> Stratum:
    behind = sum(s.n for s in strata.values())
    return Stratum(sum(s.rate * s.n for s in strata.values()) / behind, behind)


BEFORE = {"easy": Stratum(90, 800), "hard": Stratum(30, 200)}
AFTER = {"easy": Stratum(90, 200), "hard": Stratum(30, 800)}


def test_constant_rates_and_a_shifting_mix() -> None:
    """Everybody does as before, and yet the figure falls from 78 to 42: all of it is mix."""
    found = mixed((pooled(BEFORE), pooled(AFTER)), BEFORE, AFTER)
    assert found is not None
    assert (found.before, found.after) == (78, 42)
    assert found.adjusted_before == found.adjusted_after == pytest.approx(60)
    assert found.within == pytest.approx(0)
    assert found.mix == pytest.approx(-36)


def test_better_in_each_part_and_worse_as_a_whole() -> None:
    after = {"easy": Stratum(95, 200), "hard": Stratum(40, 800)}
    found = mixed((pooled(BEFORE), pooled(after)), BEFORE, after, {"easy": 1, "hard": 1})
    assert found is not None
    assert found.change == pytest.approx(51 - 78)
    assert found.adjusted_before == pytest.approx(60)
    assert found.adjusted_after == pytest.approx(67.5)
    assert found.within == pytest.approx(7.5)
    assert found.mix == pytest.approx(-34.5)


def test_published_bands_say_the_same() -> None:
    """Bands are coarse weights, but a rate that did not change did not change under any."""
    strata = [
        {"easy": Stratum(90, middle_of(a)), "hard": Stratum(30, middle_of(b))}
        for a, b in (("300-999", "100-299"), ("100-299", "300-999"))
    ]
    overall = (Stratum(78, 300), Stratum(42, 300))
    found = mixed(overall, strata[0], strata[1], stratum_names=["easy", "hard", "rare"])
    assert found is not None
    assert found.adjusted_before == pytest.approx(found.adjusted_after)
    assert found.within == pytest.approx(0)
    assert found.mix == pytest.approx(-31, abs=1)  # the middles of bands are more alike than what is behind them
    assert found.rest == pytest.approx(-36 - found.mix)
    assert found.unseen == 1


def test_figures_that_differ_by_no_more_than_their_uncertainty_have_changed_by_nothing_certain() -> None:
    """A town's own list: types at 90 to 95 percent cannot make a mix of eight points, whatever they weigh."""
    before = {"permit": Stratum(95, 17, 60, 100), "complaint": Stratum(100, 17, 65, 100)}
    after = {"permit": Stratum(90, 54, 65, 100), "complaint": Stratum(95, 54, 70, 100)}
    found = mixed((Stratum(90, 54, 70, 100), Stratum(93, 173, 86, 98)), before, after)
    assert found is not None
    assert not found.is_clear
    assert found.within == pytest.approx(-5)
    low, high = found.within_interval
    assert low < 0 < high
    assert abs(found.mix) <= 5
    assert found.rest == pytest.approx(8)


def test_an_interval_of_a_change_is_newcombes() -> None:
    """With one part the sum of distances is that of a difference of two shares (Newcombe 1998, 9/10 and 3/10)."""
    earlier, later = Stratum(30, 10, 10.779, 60.322), Stratum(90, 10, 59.585, 98.213)
    found = mixed((earlier, later), {"one": earlier}, {"one": later})
    assert found is not None
    assert found.is_clear
    assert found.change_interval == pytest.approx((17.05, 80.90), abs=0.01)
    assert found.within_interval == pytest.approx(found.change_interval)


def test_every_published_band_has_a_middle() -> None:
    middles = [middle_of(str(band)) for band in BANDS]
    assert middles == sorted(middles)
    assert middles[0] == 3


@pytest.mark.parametrize(("band", "middle"), [("10-29", 17), ("30-99", 54), ("1000+", 1732)])
def test_the_middle_of_a_band(band: str, middle: float) -> None:
    assert middle_of(band) == pytest.approx(middle, abs=0.6)


COUNTS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 999), st.integers(0, 100), st.integers(1, 999)),
    min_size=1,
    max_size=6,
)


@given(COUNTS)
def test_the_parts_add_up_to_the_change(rows: list[tuple[int, int, int, int]]) -> None:
    r0, n0, r1, n1 = (np.array(column, float) for column in zip(*rows, strict=True))
    within, mix = split_change(r0, n0, r1, n1)
    change = (r1 * n1).sum() / n1.sum() - (r0 * n0).sum() / n0.sum()
    assert float(within + mix) == pytest.approx(change, abs=1e-9)


@given(COUNTS, st.integers(1, 9))
def test_splitting_a_unit_in_two_changes_nothing(rows: list[tuple[int, int, int, int]], tenths: int) -> None:
    before = {str(n): Stratum(r, 10 * k) for n, (r, k, _, _) in enumerate(rows)}
    after = {str(n): Stratum(r, 10 * k) for n, (_, _, r, k) in enumerate(rows)}
    whole = (pooled(before), pooled(after))
    found = mixed(whole, before, after)
    for strata in (before, after):
        one = strata.pop("0")
        strata["0a"], strata["0b"] = (
            Stratum(one.rate, one.n * tenths / 10),
            Stratum(one.rate, one.n * (10 - tenths) / 10),
        )
    split = mixed((pooled(before), pooled(after)), before, after)
    assert found is not None
    assert split is not None
    for field in ("before", "after", "adjusted_before", "adjusted_after", "within", "mix"):
        assert getattr(split, field) == pytest.approx(getattr(found, field), abs=1e-6)


def test_a_stratum_that_came_or_went_is_mix() -> None:
    within, mix = split_change([50, 0], [100, 0], [50, 90], [100, 100])
    assert (float(within), float(mix)) == (0, 20)
