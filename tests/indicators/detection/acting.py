"""Invented units of which one acts: weekly breadth of persons with habits, absence, drifts of units, weeks of all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
from scipy.special import ndtri

from nytta.indicators.detection.action import followed
from nytta.indicators.detection.panel import Panel
from nytta.registry.dates import mondays
from nytta.statistics import Effect

WEEKS, ACTION = 40, 20
HABIT = 0.7
"""Share of the variance of using that is the person's own."""
_UNITS = 24
_SMALLEST, _GREATEST = 0.05, 0.15
"""Effects that are drawn, in shares."""

_LABELS = tuple(
    f"{year}-W{week:02d}"
    for year, week, _ in (monday.isocalendar() for monday in mondays(date(2025, 1, 6), date(2025, 12, 1)))
)


def invent(
    rng: np.random.Generator, units: int = _UNITS, size: int = 40, helped: float = 0.0, habit: float = HABIT
) -> Panel:
    """Units of `size` persons; the first acts in week ACTION, and from then on `helped` (a share) more of it use."""
    level = np.clip(rng.normal(0.55, 0.08, units), 0.35, 0.75)
    drift = rng.normal(0, 0.02, (units, 1)) * np.linspace(0, 1, WEEKS)
    share = level[:, None] + drift + rng.normal(0, 0.02, WEEKS)
    share[0, ACTION + 1 :] += helped
    height = np.sqrt(habit) * rng.standard_normal((units, size, 1))
    height = height + np.sqrt(1 - habit) * rng.standard_normal((units, size, WEEKS))
    at_work = rng.random(height.shape) < 0.9 if habit else np.ones(height.shape, bool)
    used = (height < ndtri(np.clip(share, 0.02, 0.98))[:, None, :]) & at_work
    return Panel(
        "s",
        "weekly-breadth",
        tuple(f"u{number:02d}" for number in range(units)),
        _LABELS[:WEEKS],
        np.zeros(units, np.int64),
        used.sum(axis=1).astype(float),
        at_work.sum(axis=1).astype(float),
        np.zeros(units, np.int64),
        np.zeros((units, WEEKS), bool),
        np.full(units, WEEKS, np.int64),
    )


@dataclass(frozen=True, slots=True)
class Score:
    """Shares: of intervals that hold the effect, of no effects that are claimed, of ten points that are found."""

    coverage: float
    claimed_of_nothing: float
    found_of_ten: float


GOALS = {"coverage": (0.75, 0.85), "claimed_of_nothing": (0.0, 0.05), "found_of_ten": (0.8, 1.0)}


def judge(seed: int, size: int, actions: int = 400, habit: float = HABIT) -> Score:
    """Judge `actions` invented ones, half of them without an effect, and as many of ten points, in units of `size`."""
    rng = np.random.default_rng(seed)
    covered, claimed_of_nothing, found_of_ten = [], [], []
    for number in range(actions):
        true = 0.0 if number % 2 else float(rng.uniform(_SMALLEST, _GREATEST))
        effect = _outcome(rng, size, true, habit)
        ten = _outcome(rng, size, 0.10, habit)
        found_of_ten.append(ten is not None and ten.claimed)
        if not true:
            claimed_of_nothing.append(effect is not None and effect.claimed)
        if effect is not None:
            covered.append(effect.low <= true <= effect.high)
    return Score(float(np.mean(covered)), float(np.mean(claimed_of_nothing)), float(np.mean(found_of_ten)))


def missed(score: Score) -> list[str]:
    """Goals that a score misses, by name."""
    return [name for name, value in asdict(score).items() if not GOALS[name][0] <= value <= GOALS[name][1]]


def _outcome(rng: np.random.Generator, size: int, helped: float, habit: float) -> Effect | None:
    outcome = followed(invent(rng, size=size, helped=helped, habit=habit), 0, ACTION, {0})
    return None if outcome is None else outcome.effect
