"""Invented organisations for the attack: trees, persons who join, leave and move, cases, and data that come late.

Everything is a function of the seed. Weeks are numbers; what was known when a week was published is kept apart from
what came later, so that the same world can be looked at from any publication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from nytta.disclosure.rules import GROUP, K
from nytta.disclosure.tree import Hierarchy, Place, reporting_groups
from nytta.registry.dates import BEGINNING, END

Ints = npt.NDArray[np.int64]
FIRST = date(2026, 1, 5)


def monday(week: int) -> date:
    """The first day of a week."""
    return FIRST + timedelta(weeks=week)


@dataclass(frozen=True, eq=False)
class Staff:
    """Who is in which unit when, and who did it: arrays of equal length, one element for each person, week and unit.

    A person who moves within a week counts in both units. `since` is the publication from which the row is known,
    `done` what is known of the state then, `corrected` the publication from which the other state is known (or never).
    """

    person: Ints
    week: Ints
    unit: Ints
    since: Ints
    done: Ints
    corrected: Ints


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases with their unit, type, day, state, and the publication from which they are known."""

    unit: Ints
    kind: Ints
    day: Ints
    done: Ints
    since: Ints


@dataclass(frozen=True, eq=False)
class World:
    """One organisation over `weeks` weeks; `units` are in order of the hierarchy's."""

    seed: int
    weeks: int
    hierarchy: Hierarchy
    units: tuple[str, ...]
    staff: Staff
    cases: Cases
    moved: int


def world(
    seed: int, *, units: int = 40, levels: int = 5, weeks: int = 26, groups: bool = True, late: bool = True
) -> World:
    """A random organisation: a fifth of its units are small, one or two units move, people come and go each week.

    `groups` sets reporting groups for small siblings; without `late`, everything is known when its week ends.
    """
    rng = np.random.default_rng(seed)
    parents = _tree(rng, units, levels)
    names = sorted(parents)
    leaves = [u for u in names if u not in parents.values()]
    sizes = {u: _size(rng) for u in leaves}
    sizes |= {u: int(rng.integers(1, 14)) for u in names if u not in sizes and rng.random() < 0.3}
    moves = _moves(rng, parents, weeks, levels)
    # groups are set on the year's first day; a unit that moves leaves none behind
    still = {u: n for u, n in sizes.items() if u not in {m[0] for m in moves}}
    members: dict[str, str] = {}
    if groups:
        for number, group in enumerate(reporting_groups(still, parents, k=K, least=GROUP)):
            members |= dict.fromkeys(group, f"group-{number}")
    places = _places(parents, members, moves)
    hierarchy = Hierarchy(places)
    staff, cases = _staff(rng, names, sizes, weeks), _cases(rng, names, sizes, weeks)
    if not late:
        never = np.full_like(staff.week, 10**6)
        staff = Staff(staff.person, staff.week, staff.unit, staff.week, staff.done, never)
        cases = Cases(cases.unit, cases.kind, cases.day, cases.done, cases.day // 7)
    return World(seed, weeks, hierarchy, tuple(names), staff, cases, len(moves))


def _tree(rng: np.random.Generator, units: int, levels: int) -> dict[str, str]:
    parents, depth = {"u000": ""}, {"u000": 1}
    for n in range(1, units):
        # few parents with several children each, as organisations have them
        open_ones = [u for u in parents if depth[u] < levels]
        weights = np.array([1.0 + 3.0 * (u in parents.values()) for u in open_ones])
        parent = str(rng.choice(open_ones, p=weights / weights.sum()))
        parents[f"u{n:03d}"], depth[f"u{n:03d}"] = parent, depth[parent] + 1
    return parents


def _size(rng: np.random.Generator) -> int:
    kind = rng.random()
    if kind < 0.3:
        return int(rng.integers(1, 10))
    return int(rng.integers(10, 36)) if kind < 0.9 else int(rng.integers(36, 140))


def _moves(rng: np.random.Generator, parents: dict[str, str], weeks: int, levels: int) -> list[tuple[str, str, int]]:
    """Reorganisations: a unit without children goes under another parent from a week on."""
    leaves = sorted(u for u in parents if u not in parents.values())
    homes = sorted(set(parents.values()) - {""})
    found = []
    for unit in rng.choice(leaves, size=min(2, len(leaves)), replace=False):
        other = [h for h in homes if h != parents[str(unit)]]
        if other and weeks > 8:
            found.append((str(unit), str(rng.choice(other)), int(rng.integers(4, weeks - 2))))
    return found


def _places(parents: dict[str, str], members: dict[str, str], moves: Sequence[tuple[str, str, int]]) -> list[Place]:
    moved = {unit: (parent, week) for unit, parent, week in moves}
    places = []
    for unit, parent in parents.items():
        if unit not in moved:
            places.append(Place(unit, parent, members.get(unit, ""), BEGINNING, END))
            continue
        other, week = moved[unit]
        places.append(Place(unit, parent, "", BEGINNING, monday(week)))
        places.append(Place(unit, other, "", monday(week), END))
    for group in sorted(set(members.values())):
        first = next(u for u, g in members.items() if g == group)
        places.append(Place(group, parents[first], "", BEGINNING, END))
    return places


def _staff(rng: np.random.Generator, names: Sequence[str], sizes: dict[str, int], weeks: int) -> Staff:
    rows: list[tuple[int, int, int, int, int, int]] = []
    place = {u: n for n, u in enumerate(names)}
    never = 10**6
    person = 0
    for unit, size in sizes.items():
        habit = rng.uniform(0.2, 0.98)
        whole = int(rng.integers(1, weeks)) if rng.random() < 0.3 else -9  # a week in which everybody's state is late
        arrivals = [0] * size + [int(w) for w in rng.integers(1, weeks, rng.poisson(0.015 * size * weeks))]
        for start in arrivals:
            stay = int(rng.geometric(0.015))
            end = min(weeks, start + stay)
            late = start + int(rng.integers(1, 5)) if start and rng.random() < 0.3 else 0
            here = place[unit]
            for week in range(start, end):
                units = [here]
                if rng.random() < 0.004:
                    here = int(rng.choice([place[u] for u in sizes]))
                    units.append(here)  # at work in both in this week
                done = int(rng.random() < habit)
                wrong = week + int(rng.integers(1, 6)) if rng.random() < 0.02 or week == whole else never
                rows += [(person, week, u, max(week, late), done, wrong) for u in dict.fromkeys(units)]
            person += 1
    columns = np.array(rows, dtype=np.int64).T
    return Staff(*columns)


def _cases(rng: np.random.Generator, names: Sequence[str], sizes: dict[str, int], weeks: int) -> Cases:
    rows: list[tuple[int, int, int, int, int]] = []
    for number, unit in enumerate(names):
        if unit not in sizes:
            continue
        rate, share = sizes[unit] * rng.uniform(0.2, 2.0), rng.uniform(0.1, 0.97)
        mix = rng.uniform(0.1, 0.9)
        whole = int(rng.integers(1, weeks)) if rng.random() < 0.3 else -9  # weeks whose cases a source delivers late
        quiet = int(rng.integers(0, weeks))
        for week in range(weeks):
            count = 0 if week == quiet and rng.random() < 0.3 else int(rng.poisson(rate))
            for _ in range(count):
                late = int(rng.integers(1, 6)) if rng.random() < 0.03 else 2 * (week in (whole, whole + 1))
                day = 7 * week + int(rng.integers(0, 5))
                rows.append((number, int(rng.random() < mix), day, int(rng.random() < share), week + late))
    return Cases(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)
