"""Figures without their mix: Simpson's paradox, exactly and as it is published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.disclosure.gate import BANDS
from nytta.insight.states.mix import Stratum, middle_of, mixed
from nytta.statistics import split_change


def pooled(strata: dict[str, Stratum]) -> float:
    return sum(s.rate * s.n for s in strata.values()) / sum(s.n for s in strata.values())


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
    found = mixed((78, 42), strata[0], strata[1], stratum_names=["easy", "hard", "rare"])
    assert found is not None
    assert found.adjusted_before == pytest.approx(found.adjusted_after)
    assert found.within == pytest.approx(0)
    assert found.mix == pytest.approx(-36)
    assert found.unseen == 1


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
