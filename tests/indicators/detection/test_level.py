"""What counts as usual among like units, and that units that lag do not change it."""

from __future__ import annotations

import numpy as np
import pytest

from nytta.indicators.detection.gates import Gated
from nytta.indicators.detection.level import USUAL_SPREAD, _Spread, between, recent

SPREAD = 0.12


def angles_of(units: int, lagging: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """True angles of units around 1.1, of which the first `lagging` never took off, each with chance of its own."""
    rng = np.random.default_rng(8)
    angles = rng.normal(1.1, SPREAD, (units, 1)) + rng.normal(0, 0.03, (units, 30))
    angles[:lagging] -= 0.4
    return angles


def test_the_spread_of_true_angles_is_found_beside_chance() -> None:
    angles = angles_of(400, 0)
    variance = between(angles, np.full(angles.shape, 0.03**2)).variance()
    assert np.sqrt(variance.mean()) == pytest.approx(SPREAD, rel=0.1)


def test_units_that_lag_hardly_widen_what_is_usual() -> None:
    """One in eight far below: a plain standard deviation rises by half, this one by less than a sixth."""
    calm, lagging = angles_of(400, 0), angles_of(400, 50)
    chance = np.full(calm.shape, 0.03**2)
    assert lagging.std() > 1.4 * calm.std()
    usual, beside_lagging = between(calm, chance).variance(), between(lagging, chance).variance()
    assert np.sqrt(beside_lagging.mean() / usual.mean()) < 7 / 6


def test_few_units_are_taken_as_usual() -> None:
    alike = np.full((3, 5), 1.1)
    variance = between(alike, np.full(alike.shape, 0.0005)).variance()
    assert (variance > 0.25 * USUAL_SPREAD).all()
    assert (variance <= USUAL_SPREAD).all()


def spread_of(groups: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> list[float]:
    """What is usual in each group, as a standard deviation, where all are learnt together."""
    shape = (sum(len(group) for group in groups), groups[0].shape[1])
    shown, first = _Spread.none(shape), 0
    for group in groups:
        rows = np.arange(first, first + len(group))
        shown.put(rows, np.ones(len(group), bool), between(group, np.full(group.shape, 0.03**2)))
        first += len(group)
    edges = np.cumsum([len(group) for group in groups])[:-1]
    return [float(np.sqrt(part.mean())) for part in np.split(shown.variance(), edges)]


def test_groups_that_are_alike_tell_of_each_other_and_others_do_not() -> None:
    rng = np.random.default_rng(9)
    alike = [rng.normal(1.1, 0.09, (30, 1)) + np.zeros((30, 5)) for _ in range(10)]
    alone = [spread_of([group])[0] for group in alike]
    together = spread_of(alike)
    assert np.std(together) < 0.5 * np.std(alone)
    wide = [rng.normal(1.1, 0.2, (30, 1)) + np.zeros((30, 5)) for _ in range(10)]
    mixed = spread_of([*alike, *wide])
    assert np.mean(mixed[10:]) > 1.5 * np.mean(mixed[:10])


def test_the_last_usable_weeks_reach_back_over_gaps_and_not_over_a_reset() -> None:
    n = np.array([[10.0, np.nan, 20.0, 30.0, np.nan, 40.0, 50.0]])
    reset = np.zeros(n.shape, bool)
    gated = Gated(n / 2, n, np.full(n.shape, "", object), reset, n / 2, n)
    count, denominator, filled = recent(gated, 3)
    assert denominator[0].tolist() == [10, 10, 30, 60, 60, 90, 120]
    assert count[0].tolist() == [5, 5, 15, 30, 30, 45, 60]
    assert filled[0].tolist() == [1, 1, 2, 3, 3, 3, 3]
    reset[0, 3] = True
    assert recent(gated, 3)[1][0].tolist() == [10, 10, 30, 30, 30, 70, 120]
    assert recent(gated, 3, first=np.array([5]))[1][0].tolist() == [0, 0, 0, 0, 0, 40, 90]
