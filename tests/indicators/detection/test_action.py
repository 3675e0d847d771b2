"""What followed an action: against a simulation with known effects, and where nothing can be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nytta.indicators.detection.action import AFTER, FEWEST_OTHERS, Why, followed
from nytta.indicators.detection.panel import Panel
from nytta.statistics import effect
from tests.indicators.detection.acting import ACTION, invent, judge, missed


@pytest.mark.parametrize(("size", "actions"), [(40, 400), (120, 60), (400, 20)])
def test_intervals_cover_and_little_is_claimed_of_nothing(size: int, actions: int) -> None:
    """Half of the actions without an effect, the others of five to fifteen points."""
    score = judge(19, size, actions)
    if actions == 400:
        assert missed(score) == []
    else:
        assert score.found_of_ten >= 0.9


def test_nothing_ahead_is_seen() -> None:
    panel = invent(np.random.default_rng(1), helped=0.1)
    later = panel.numerator.copy()
    later[:, ACTION + AFTER + 1 :] = 0
    assert followed(replace(panel, numerator=later), 0, ACTION, {0}) == followed(panel, 0, ACTION, {0})
    for weeks in range(ACTION + 1, ACTION + AFTER + 1):
        seen = panel.numerator.copy()
        seen[:, weeks:] = np.nan
        assert followed(replace(panel, numerator=seen), 0, ACTION, {0}) is None


def test_where_nothing_can_be_told() -> None:
    rng = np.random.default_rng(2)
    panel = invent(rng)
    few = invent(rng, units=FEWEST_OTHERS)
    assert _why(few) is Why.TOO_FEW_LIKE
    assert _why(panel, acted=set(range(20))) is Why.TOO_FEW_LIKE
    assert _why(invent(rng, size=9)) is Why.TOO_FEW
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
    """Five units of the same size: mean .02, variance .001, so sigma² = .001 · (1 + 1/5).

    Student's distribution has t(.9, 4) = 1.5332 and, of the claim, t(.97, 4) = 2.6008.
    """
    changes = [0.02 + d for d in (-0.04, -0.02, 0.0, 0.02, 0.04)]
    found = effect(0.12, 40, changes, [40] * 5)
    sigma = (0.001 * 1.2) ** 0.5
    assert found.estimate == pytest.approx(0.10)
    assert found.high - found.estimate == pytest.approx(1.5332 * sigma, rel=1e-4)
    assert found.least == pytest.approx(2.6008 * sigma, rel=1e-4)
    assert found.claimed
    with pytest.raises(ValueError, match="two other units"):
        effect(0.1, 40, [0.1], [40])
