"""One unit and those above it, week by week: an exact attacker on sets that change by one at a time.

The attacker knows the rates, every join and leave, most of the states of those who come and go, and when the person he
asks for joined, left or took a course. How many of the others count is carried along as chances of every number, and
so is how many changed since the figure was last computed: that a figure stands, or moves, is evidence as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binom

from nytta.disclosure.gate import Exact, Measure, gate
from nytta.indicators.definition import Kind, Protects
from nytta.registry.protection import Protection, StaffRules
from tests.attack.likelihood import likelihoods
from tests.attack.published import SECRET
from tests.attack.world import Floats, Ints

_SHARE = Measure(Kind.SHARE, Protects.STAFF, "readiness")
_RATE = 0.5


@dataclass(frozen=True, slots=True)
class Telling:
    """When a figure is told anew: every so many weeks, where at least so many records changed since.

    With `clock`, the noise also follows the period, so that a figure is told anew then whether or not its set stands.
    """

    every: int = 1
    least: int = 1
    clock: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """Persons at the beginning, joins and leaves a week, and the chance to change state in a week."""

    size: int
    changes: float
    hazard: float = 0.0


@dataclass(frozen=True, slots=True)
class _Change:
    """Somebody else joins (1) or leaves (-1); `state` is None where the attacker does not know it."""

    sign: int
    state: int | None


@dataclass(frozen=True, eq=False)
class Course:
    """What happened in a unit, and what was published (percent by week, -1 for nothing)."""

    changes: Sequence[Sequence[_Change]]
    published: Ints


Way = Literal["join", "leave", "course"]


def run(
    rng: np.random.Generator, unit: Unit, telling: Telling, weeks: int, known: float, way: Way, at: int, state: int
) -> Course:
    """A year of a unit, in which the person asked for joins, leaves or takes a course in week `at`."""
    counting, others = int(rng.binomial(unit.size, _RATE)), unit.size
    changes: list[list[_Change]] = []
    cells: list[tuple[int, int]] = []
    cell = np.full(weeks, -1)
    pending = 0
    for week in range(weeks):
        happened = []
        for _ in range(_many(rng, unit.changes)):
            # joins and leaves in turn, so that the unit keeps its size
            sign = 1 if others <= unit.size else -1
            one = int(rng.random() < (_RATE if sign > 0 else counting / others))
            counting, others = counting + sign * one, others + sign
            happened.append(_Change(sign, one if rng.random() < known else None))
        learnt = min(int(rng.binomial(others - counting, unit.hazard)), 2) if way == "course" else 0
        counting += learnt
        changes.append(happened)
        inside, counts = _target(way, at, week, state)
        pending += len(happened) + learnt + (week == at and (way != "course" or state == 1))
        if (week + 1) % telling.every == 0 and (pending >= telling.least or telling.clock or not cells):
            cells.append((counting + counts, others + inside))
            pending = 0
        cell[week] = len(cells) - 1
    values = _values(rng, cells)
    return Course(changes, np.where(cell >= 0, values[cell], -1))


def _many(rng: np.random.Generator, mean: float) -> int:
    """Changes of a week: as near to the mean as whole numbers are."""
    return int(mean) + int(rng.random() < mean % 1)


def _target(way: Way, at: int, week: int, state: int) -> tuple[int, int]:
    """Whether the person asked for is in the unit at the end of a week, and counts."""
    inside = int({"join": week >= at, "leave": week < at, "course": True}[way])
    return inside, inside * state * int(way != "course" or week >= at)


def _values(rng: np.random.Generator, cells: Sequence[tuple[int, int]]) -> Ints:
    """Published values of sets in percent, through the gate; -1 for none."""
    numerator, size = np.array(cells).T
    nobody, false = np.zeros_like(size), np.zeros(len(size), dtype=bool)
    keys = rng.integers(0, 2**64, (2, len(size)), dtype=np.uint64)
    exact = Exact(
        *(numerator, size, nobody, size, keys[0], keys[1], nobody, nobody, nobody, size, nobody), *(false,) * 3
    )
    return np.nan_to_num(gate(exact, _SHARE, Protection(), SECRET).value, nan=-1).astype(np.int64)


def evidence(unit: Unit, telling: Telling, course: Course, way: Way, at: int, state: int) -> float:
    """Log-chance of everything that was published of a unit, if the person asked for has this state.

    Carried along are the chances of how many others count (rows) and of how many records changed since the figure was
    last computed (columns; as many as matter).
    """
    noise = StaffRules().noise
    others = unit.size
    numbers = np.arange(unit.size + 3)
    chances = np.zeros((len(numbers), telling.least + 1))
    chances[: others + 1, 0] = binom.pmf(numbers[: others + 1], others, _RATE)
    total, last = 0.0, None
    for week, happened in enumerate(course.changes):
        for change in happened:
            chances, others = _later(_moved(chances, change, others), 1), others + change.sign
        if way == "course":
            chances = _learnt(chances, others, unit.hazard)
        inside, counts = _target(way, at, week, state)
        if week == at and (way != "course" or state == 1):
            chances = _later(chances, 1)
        if (week + 1) % telling.every:
            continue
        value, size = int(course.published[week]), others + inside
        fits = numbers <= others
        told = np.zeros(len(numbers))
        told[fits] = likelihoods(size, noise)[numbers[fits] + counts, value] if value >= 0 else 1.0
        due = np.arange(telling.least + 1) >= telling.least
        due |= telling.clock or last is None
        after = np.where(due | (value != last), 0.0, chances)
        after[:, 0] += (chances * due).sum(axis=1) * told
        amount = float(after.sum())
        if amount == 0:
            return -np.inf
        total, chances, last = total + float(np.log(amount)), after / amount, value
    return total


def _moved(chances: Floats, change: _Change, others: int) -> Floats:
    """Chances once somebody joined or left."""
    numbers = np.arange(len(chances))[:, None]
    up, down = np.zeros_like(chances), np.zeros_like(chances)
    up[1:], down[:-1] = chances[:-1], (chances * numbers / others)[1:]
    match change.sign, change.state:
        case 1, None:
            return (1 - _RATE) * chances + _RATE * up
        case 1, state:
            return up if state else chances
        case _, None:
            return np.asarray(down + chances * np.maximum(1 - numbers / others, 0))
        case _, state:
            return np.asarray(down if state else chances * np.maximum(1 - numbers / others, 0))


def _learnt(chances: Floats, others: int, hazard: float) -> Floats:
    """Chances once others changed state, by chance: none, one or two in a week."""
    left = np.maximum(others - np.arange(len(chances)), 0)
    none = (1 - hazard) ** left
    one = left * hazard / (1 - hazard) * none
    out = chances * none[:, None]
    for many, chance in ((1, one), (2, 1 - none - one)):
        part = _later(chances * chance[:, None], many)
        out[many:] += part[:-many]
    return np.asarray(out)


def _later(chances: Floats, many: int) -> Floats:
    """Chances with so many more records that changed since the figure was told; as many as matter."""
    out = np.zeros_like(chances)
    most = chances.shape[1] - 1
    for n in range(most + 1):
        out[:, min(n + many, most)] += chances[:, n]
    return out
