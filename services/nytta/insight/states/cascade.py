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
        reached = share is not None and share.value >= ANCHORED
        gates_by_tier[tier] = Gate.UNCLEAR if share is None else Gate.OPEN if reached else Gate.CLOSED
    return gates_by_tier


def level_gap(managers: Mapping[str, PublishedFigure], staff: Mapping[str, PublishedFigure]) -> dict[str, Difference]:
    """By element of the pulse, what managers say minus what staff says, where both are shown.

    The interval is recovered from the two (MOVER: Newcombe 1998, Stat Med 17:873; Zou and Donner 2008, 27:1693).
    """
    gaps = {}
    for element in sorted(managers.keys() & staff.keys()):
        a, b = managers[element], staff[element]
        if None in (a.low, a.high, b.low, b.high):
            continue
        assert a.low is not None and a.high is not None and b.low is not None and b.high is not None  # noqa: PT018
        value = a.value - b.value
        down, up = hypot(a.value - a.low, b.high - b.value), hypot(a.high - a.value, b.value - b.low)
        gaps[element] = Difference(value, value - down, value + up)
    return gaps


def after_training(
    trained: Mapping[str, Mapping[date, float]], use_by_unit: Mapping[str, Mapping[date, float]], week: date
) -> Association | None:
    """Use in weeks 3 to 8 after training less use before it, less the same of units not trained yet; up to `week`.

    Both by unit and last week of a published window, in percent. A unit is trained in the first week with `TRAINED`
    that comes within eight weeks of one below `UNTRAINED`. None with fewer than `FEWEST` units on either side.
    """
    effects: list[float] = []
    other_units: set[str] = set()
    for unit, shares in trained.items():
        turn = _turn(shares)
        if turn is None or turn + _TURN > week or (own_change := _change(use_by_unit.get(unit, {}), turn)) is None:
            continue
        waiting = {
            other_unit: change
            for other_unit, other_trained in trained.items()
            if other_trained.get(turn + _TURN, 100.0) < UNTRAINED
            and (change := _change(use_by_unit.get(other_unit, {}), turn)) is not None
        }
        if len(waiting) >= FEWEST:
            effects.append(own_change - fmean(waiting.values()))
            other_units |= waiting.keys()
    return Association(fmean(effects), len(effects), len(other_units)) if len(effects) >= FEWEST else None


def _turn(shares: Mapping[date, float]) -> date | None:
    for week in sorted(shares):
        shares_before = [shares[other_week] for other_week in shares if week - _TURN <= other_week < week]
        if shares[week] >= TRAINED and shares_before and min(shares_before) < UNTRAINED:
            return week
    return None


def _change(use_by_week: Mapping[date, float], turn: date) -> float | None:
    """Windows of four weeks that end six to eight weeks after, less those that end one to three before."""

    def mean(weeks: Sequence[int]) -> float | None:
        values = [use_by_week[window] for offset in weeks if (window := turn + timedelta(weeks=offset)) in use_by_week]
        return fmean(values) if values else None

    mean_after, mean_before = mean((6, 7, 8)), mean((-1, -2, -3))
    return None if mean_after is None or mean_before is None else mean_after - mean_before
