"""What followed an action: against a simulation with known effects, and where nothing can be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nytta.indicators.detection.action import AFTER, FEWEST_OTHERS, Why, followed
from nytta.indicators.detection.panel import Panel
from nytta.registry.dates import mondays
from nytta.statistics import effect

WEEKS, ACTION = 40, 20


def world(rng: np.random.Generator, units: int = 24, size: int = 40, helped: float = 0.0) -> Panel:
    """Weekly breadth of units of 40 persons who use or do not, with weeks and drifts that all share; unit 0 acts."""
    level = np.clip(rng.normal(0.55, 0.08, units), 0.35, 0.75)
    common = rng.normal(0, 0.02, WEEKS)
    drift = rng.normal(0, 0.02, units)
    share = level[:, None] + common + np.linspace(0, 1, WEEKS)[None, :] * drift[:, None]
    share[0, ACTION + 1 :] += helped
    used = rng.binomial(size, np.clip(share, 0.02, 0.98))
    weeks = tuple(
        f"{y}-W{w:02d}" for y, w, _ in (d.isocalendar() for d in mondays(date(2025, 1, 6), date(2025, 12, 1)))
    )
    return Panel(
        "s",
        "weekly-breadth",
        tuple(f"u{n:02d}" for n in range(units)),
        weeks[:WEEKS],
        np.zeros(units, np.int64),
        used.astype(float),
        np.full((units, WEEKS), float(size)),
        np.zeros(units, np.int64),
        np.zeros((units, WEEKS), bool),
        np.full(units, WEEKS, np.int64),
    )


def test_intervals_cover_and_little_is_claimed_of_nothing() -> None:
    """Four hundred actions, half of them without an effect, the others of five to fifteen points."""
    rng = np.random.default_rng(19)
    covered, claimed_of_nothing, claimed_of_ten = [], [], []
    for number in range(400):
        true = 0.0 if number % 2 else float(rng.uniform(0.05, 0.15))
        told = followed(world(rng, helped=true), 0, ACTION, {0})
        assert told is not None
        assert told.effect is not None
        covered.append(told.effect.low <= true <= told.effect.high)
        if true == 0:
            claimed_of_nothing.append(told.effect.claimed)
        ten = followed(world(rng, helped=0.10), 0, ACTION, {0})
        assert ten is not None
        assert ten.effect is not None
        claimed_of_ten.append(ten.effect.claimed)
    assert 0.75 <= np.mean(covered) <= 0.85
    assert np.mean(claimed_of_nothing) <= 0.075  # one in twenty, and the chance of two hundred
    assert np.mean(claimed_of_ten) >= 0.8


def test_nothing_ahead_is_seen() -> None:
    panel = world(np.random.default_rng(1), helped=0.1)
    later = panel.numerator.copy()
    later[:, ACTION + AFTER + 1 :] = 0
    assert followed(replace(panel, numerator=later), 0, ACTION, {0}) == followed(panel, 0, ACTION, {0})
    for weeks in range(ACTION + 1, ACTION + AFTER + 1):
        seen = panel.numerator.copy()
        seen[:, weeks:] = np.nan
        assert followed(replace(panel, numerator=seen), 0, ACTION, {0}) is None


def test_where_nothing_can_be_told() -> None:
    rng = np.random.default_rng(2)
    panel = world(rng)
    few = world(rng, units=FEWEST_OTHERS)
    assert _why(few) is Why.TOO_FEW_LIKE
    assert _why(panel, acted=set(range(20))) is Why.TOO_FEW_LIKE
    assert _why(world(rng, size=9)) is Why.TOO_FEW
    early = panel.numerator.copy()
    early[0, : ACTION - 5] = np.nan
    assert _why(replace(panel, numerator=early)) is Why.TOO_SHORT
    rebase = panel.rebase.copy()
    rebase[0, ACTION + 2] = True
    assert _why(replace(panel, rebase=rebase)) is Why.CHANGED


def _why(panel: Panel, acted: set[int] | None = None) -> Why | None:
    told = followed(panel, 0, ACTION, acted or {0})
    assert told is not None
    assert told.effect is None
    return told.why


def test_the_formula_by_hand() -> None:
    """Five units of the same size: mean .02, variance .001, so sigma² = .001 · (1 + 1/5); t(.9, 4) = 1.5332."""
    changes = [0.02 + d for d in (-0.04, -0.02, 0.0, 0.02, 0.04)]
    found = effect(0.12, 40, changes, [40] * 5)
    sigma = (0.001 * 1.2) ** 0.5
    assert found.estimate == pytest.approx(0.10)
    assert found.high - found.estimate == pytest.approx(1.5332 * sigma, rel=1e-4)
    assert found.least == pytest.approx(2.1318 * sigma, rel=1e-4)
    assert found.claimed
    with pytest.raises(ValueError, match="two other units"):
        effect(0.1, 40, [0.1], [40])
