"""Derived indicators of a change that goes from step to step: gates (R2), the gap between levels (R5), and what
followed training (R6). All of them take published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from math import hypot
from statistics import fmean

from nytta.insight.states.combined import PublishedFigure

ANCHORED = 80.0
"""Percent of a step's people who must be anchored before the next step's begin."""

TIERS = ("managers", "key-roles", "staff")
"""The steps in their order; `trained-<step>` is what is anchored of each."""

TRAINED, UNTRAINED = 50.0, 20.0
"""A unit is trained from this percent on, and not yet below this one."""

FEWEST = 3
"""Fewest units on either side of a comparison."""

_TURN = timedelta(weeks=8)


class Gate(StrEnum):
    """Whether a step may begin."""

    OPEN = "open"
    CLOSED = "closed"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its 95 % interval, in the figures' unit of measure."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Association:
    """How much more use rose after training than where nobody was trained yet, in percent points.

    An association: units were not drawn by lot. `trained` and `others` are the numbers of units.
    """

    value: float
    trained: int
    others: int


def gates(anchored: Mapping[str, PublishedFigure]) -> dict[str, Gate]:
    """Whether each step may begin at one unit: the first may; another when the one before it has reached `ANCHORED`.

    `anchored` holds published coverage by step; of steps too few to show there is none, and the next one's gate is
    unclear: look at a larger unit.
    """
    gates_by_tier = {TIERS[0]: Gate.OPEN}
    for previous, tier in pairwise(TIERS):
        share = anchored.get(previous)
        if share is None:
            gates_by_tier[tier] = Gate.UNCLEAR
        else:
            gates_by_tier[tier] = Gate.OPEN if share.value >= ANCHORED else Gate.CLOSED
    return gates_by_tier


def level_gap(
    managers: Mapping[str, PublishedFigure], staff: Mapping[str, PublishedFigure]
) -> dict[str, Difference]:
    """By element of the pulse, what managers say minus what staff says, where both are shown.

    The interval is recovered from the two (MOVER: Newcombe 1998, Stat Med 17:873; Zou and Donner 2008, 27:1693).
    """
    gaps = {
        element: _difference(managers[element], staff[element])
        for element in managers.keys() & staff.keys()
    }
    return {element: gap for element, gap in sorted(gaps.items()) if gap is not None}


def _difference(minuend: PublishedFigure, subtrahend: PublishedFigure) -> Difference | None:
    """`minuend` minus `subtrahend`; None where an interval is not shown."""
    if (
        minuend.low is None
        or minuend.high is None
        or subtrahend.low is None
        or subtrahend.high is None
    ):
        return None
    difference = minuend.value - subtrahend.value
    # each end lies where one figure is as low as it may be, and the other as high
    down = hypot(minuend.value - minuend.low, subtrahend.high - subtrahend.value)
    up = hypot(minuend.high - minuend.value, subtrahend.value - subtrahend.low)
    return Difference(difference, difference - down, difference + up)


def after_training(
    trained: Mapping[str, Mapping[date, float]],
    use_by_unit: Mapping[str, Mapping[date, float]],
    week: date,
) -> Association | None:
    """Use in weeks 3 to 8 after training less use before it, less the same of units not trained yet; up to `week`.

    Both by unit and last week of a published window, in percent. A unit is trained in the first week with `TRAINED`
    that comes within eight weeks of one below `UNTRAINED`. None with fewer than `FEWEST` units on either side.
    """
    effects: list[float] = []
    other_units: set[str] = set()
    for unit, shares in trained.items():
        turn = _turn(shares)
        if turn is None or turn + _TURN > week:
            continue
        own_change = _change(use_by_unit.get(unit, {}), turn)
        if own_change is None:
            continue
        # of whom nothing is shown may have been trained
        untrained = [
            other_unit
            for other_unit in trained
            if trained[other_unit].get(turn + _TURN, 100.0) < UNTRAINED
        ]
        changes = {
            other_unit: _change(use_by_unit.get(other_unit, {}), turn) for other_unit in untrained
        }
        compared = {
            other_unit: change for other_unit, change in changes.items() if change is not None
        }
        if len(compared) >= FEWEST:
            effects.append(own_change - fmean(compared.values()))
            other_units |= compared.keys()
    if len(effects) < FEWEST:
        return None
    return Association(fmean(effects), len(effects), len(other_units))


def _turn(shares: Mapping[date, float]) -> date | None:
    """The first week in which most are trained, where few were shortly before; None without one."""
    for week in sorted(shares):
        shares_before = [
            shares[other_week] for other_week in shares if week - _TURN <= other_week < week
        ]
        if shares[week] >= TRAINED and shares_before and min(shares_before) < UNTRAINED:
            return week
    return None


def _change(use_by_week: Mapping[date, float], turn: date) -> float | None:
    """Windows of four weeks that end six to eight weeks after, less those that end one to three before."""

    def mean(weeks: Sequence[int]) -> float | None:
        windows = [turn + timedelta(weeks=offset) for offset in weeks]
        values = [use_by_week[window] for window in windows if window in use_by_week]
        return fmean(values) if values else None

    mean_after, mean_before = mean((6, 7, 8)), mean((-1, -2, -3))
    if mean_after is None or mean_before is None:
        return None
    return mean_after - mean_before
