"""Invented organisations for the attacks: trees, persons who join, leave and move, cases, and data that come late.

Everything is a function of the seed. Units and reporting groups are nodes, numbered; weeks are numbers. States of
persons stand for the whole time, which helps the attackers: nothing but moves changes a set of records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nytta.registry.protection import StaffRules

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

TYPES = 3
"""Case types of every organisation."""

ACTIVE = (0.3, 0.9)
"""Chance that somebody without and with the habit does something in a week."""

MONTH = 30.4
_DEPTH = 5
_SMALL = StaffRules().k


@dataclass(frozen=True, eq=False)
class Persons:
    """One element per person; `unit` and `active` are of shape (weeks, persons), `unit` -1 where absent.

    `known` is the week from which a person's data are there. `trained`, `entitled` and `habit` are the states that
    attackers ask for, `rates` the chance of each by the first unit of the person, of shape (3, persons).
    """

    unit: Ints
    active: Bools
    known: Ints
    manager: Bools
    trained: Bools
    entitled: Bools
    habit: Bools
    rates: Floats
    key: Keys


@dataclass(frozen=True, eq=False)
class Cases:
    """One element per case: where, of which type, on which day, known from which week, and what is asked of it.

    `channel` is 0, 1 or 2; the first two are digital. `rates` has the chances of the channels 0 and 1 and of the
    intended way, of shape (3, cases).
    """

    unit: Ints
    kind: Ints
    day: Ints
    known: Ints
    channel: Ints
    intended: Bools
    handler: Ints
    rates: Floats
    key: Keys


@dataclass(frozen=True, eq=False)
class World:
    """One organisation. `parents` gives the parent of each unit by week, -1 for the root; `group` -1 for none."""

    seed: int
    weeks: int
    parents: Ints
    group: Ints
    persons: Persons
    cases: Cases

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.parents.shape[1])

    def lines(self, week: int) -> Ints:
        """Nodes that each unit counts in: itself, those above, its group; shape (units, depth), -1 for no more."""
        parents = self.parents[week]
        line = [np.arange(self.units)]
        for _ in range(_DEPTH):
            line.append(np.where(line[-1] >= 0, parents[line[-1]], -1))
        line.append(self.group)
        return np.stack(line, axis=1)


def world(seed: int, *, units: int, weeks: int = 26, case_units: int = 12, case_weeks: int = 12) -> World:
    """A random organisation of 3 to 400 persons a unit, with cases in its first units and weeks."""
    rng = np.random.default_rng(seed)
    parents = _tree(rng, units)
    inner = np.isin(np.arange(units), parents)
    sizes = np.clip(np.exp(rng.normal(2.9, 0.9, units)), 3, 400).astype(np.int64)
    sizes = np.where(inner & (rng.random(units) < 0.5), 0, sizes)
    by_week = np.repeat(parents[None, :], weeks, axis=0)
    leaves = np.flatnonzero(~inner)
    moved = rng.choice(leaves, size=min(2, len(leaves)), replace=False)
    for unit in moved:
        by_week[int(rng.integers(weeks // 4, 3 * weeks // 4)) :, unit] = rng.choice(np.flatnonzero(inner))
    group = _groups(parents, sizes, moved)
    return World(
        seed,
        weeks,
        by_week,
        group,
        _persons(rng, sizes, weeks),
        _cases(rng, sizes, min(case_units, units), min(case_weeks, weeks)),
    )


def _tree(rng: np.random.Generator, units: int) -> Ints:
    """Parents: few, with several children each, as organisations have them."""
    parents, depth = [-1], [1]
    for _ in range(1, units):
        places = [n for n in range(len(parents)) if depth[n] < _DEPTH]
        weights = np.array([1.0 + 3.0 * (n in parents) for n in places])
        parent = int(rng.choice(places, p=weights / weights.sum()))
        parents.append(parent)
        depth.append(depth[parent] + 1)
    return np.array(parents)


def _groups(parents: Ints, sizes: Ints, moved: Ints) -> Ints:
    """Small siblings together, as many as a group needs; units that move are in none."""
    group = np.full(len(parents), -1)
    number = len(parents)
    for parent in np.unique(parents[parents >= 0]):
        small = [n for n in np.flatnonzero(parents == parent) if 0 < sizes[n] < _SMALL and n not in moved]
        if sizes[small].sum() >= StaffRules().group:
            group[small] = number
            number += 1
    return group


def _persons(rng: np.random.Generator, sizes: Ints, weeks: int) -> Persons:
    """A fifth leaves and a fifth joins in a year, a tenth moves; of the joiners every fifth is known late."""
    home = np.repeat(np.arange(len(sizes)), sizes)
    begin = np.zeros(len(home), dtype=np.int64)
    joiners = np.repeat(np.arange(len(sizes)), rng.poisson(0.004 * sizes * weeks))
    home = np.concatenate([home, joiners])
    begin = np.concatenate([begin, rng.integers(1, weeks, len(joiners))])
    count = len(home)
    end = begin + rng.geometric(0.004, count)
    unit = np.empty((weeks, count), dtype=np.int64)
    here, weights = home.copy(), sizes / sizes.sum()
    for week in range(weeks):
        moves = rng.random(count) < 0.002
        here = np.where(moves, rng.choice(len(sizes), count, p=weights), here)
        unit[week] = np.where((begin <= week) & (week < end), here, -1)
    low, high = np.array([[0.1, 0.5, 0.2], [0.9, 0.95, 0.9]])
    rates = rng.uniform(low[:, None], high[:, None], (3, len(sizes)))[:, home]
    trained, entitled, habit = rng.random((3, count)) < rates
    late = np.where((begin > 0) & (rng.random(count) < 0.2), rng.integers(1, 4, count), 0)
    return Persons(
        unit=unit,
        active=rng.random((weeks, count)) < np.where(habit, ACTIVE[1], ACTIVE[0]),
        known=begin + late,
        manager=rng.random(count) < 0.1,
        trained=trained,
        entitled=entitled,
        habit=habit,
        rates=rates,
        key=rng.integers(0, 2**64, count, dtype=np.uint64),
    )


def _cases(rng: np.random.Generator, sizes: Ints, units: int, weeks: int) -> Cases:
    """From a few to dozens of cases a week, by one to eight handlers of each unit, of whom some do most."""
    columns = []
    chances = []
    for unit in range(units):
        handlers = int(rng.integers(1, 9))
        zeal = rng.dirichlet(np.full(handlers, 2.0))
        for kind in range(TYPES):
            count = int(rng.poisson(weeks * rng.gamma(1.2, 2.5)))
            digital, intended = rng.uniform(0.1, 0.95, 2)
            first = rng.uniform(0.2, 0.8) * digital
            chances.append(np.repeat([[first], [digital - first], [intended]], count, axis=1))
            day = rng.integers(0, 7 * weeks, count)
            late = np.where(rng.random(count) < 0.05, rng.integers(1, 4, count), 0)
            handler = 10 * unit + rng.choice(handlers, count, p=zeal)
            columns.append(np.stack([np.full(count, unit), np.full(count, kind), day, day // 7 + late, handler]))
    unit, kind, day, known, handler = np.concatenate(columns, axis=1)
    rates = np.concatenate(chances, axis=1)
    draw = rng.random(len(unit))
    channel = (draw >= rates[0]).astype(np.int64) + (draw >= rates[0] + rates[1])
    return Cases(
        unit=unit,
        kind=kind,
        day=day,
        known=known,
        channel=channel,
        intended=rng.random(len(unit)) < rates[2],
        handler=handler,
        rates=rates,
        key=rng.integers(0, 2**64, len(unit), dtype=np.uint64),
    )
