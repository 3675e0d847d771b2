"""The hierarchy that published figures follow: units below units, small ones below their reporting group."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, zip_longest
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Numbers = TypeVar("Numbers", npt.NDArray[np.int64], npt.NDArray[np.float64])


class TreeError(ValueError):
    """A hierarchy that no figure can follow: what is wrong, and what to change."""


@dataclass(frozen=True, eq=False)
class Tree:
    """Units with parents before children; `parent` is -1 for roots, `grouped` marks members of reporting groups."""

    units: tuple[str, ...]
    parent: tuple[int, ...]
    grouped: Bools
    index: Mapping[str, int]
    below: Bools
    """`below[u, v]`: v is u, or lies under it; shape (units, units)."""

    @classmethod
    def of(cls, parents: Mapping[str, str], members: Mapping[str, str] | None = None) -> Tree:
        """The tree of unit → parent ('' for roots); `members` names the reporting group of each grouped unit.

        A group stands between its members and their parent. TreeError where units lie under each other in a circle,
        or a parent is unknown.
        """
        members = members or {}
        home = dict(parents)
        for unit, group in members.items():
            if unit in parents:
                home[group] = parents[unit]
                home[unit] = group
        children: dict[str, list[str]] = {}
        for unit, parent in home.items():
            if parent and parent not in home:
                raise TreeError(f"'{unit}' lies under '{parent}', which does not exist then; name a unit that does")
            children.setdefault(parent, []).append(unit)
        order, stack = [], sorted(children.get("", ()), reverse=True)
        while stack:
            order.append(stack.pop())
            stack.extend(sorted(children.get(order[-1], ()), reverse=True))
        if len(order) < len(home):
            lost = min(set(home) - set(order))
            raise TreeError(f"units lie under each other in a circle, '{lost}' among them; give one another parent")
        index = {unit: n for n, unit in enumerate(order)}
        above = tuple(index[home[unit]] if home[unit] else -1 for unit in order)
        below = np.eye(len(order), dtype=bool)
        for n in range(len(order) - 1, -1, -1):
            if above[n] >= 0:
                below[above[n]] |= below[n]
        grouped = np.array([unit in members for unit in order], dtype=bool)
        return cls(tuple(order), above, grouped, index, below)

    def own(self, rows: Numbers) -> Numbers:
        """What each unit adds to its children, from figures of every level (first axis: units)."""
        own = rows.copy()
        for n, parent in enumerate(self.parent):
            if parent >= 0:
                own[parent] -= rows[n]
        return own

    def total(self, own: Numbers) -> Numbers:
        """Figures of every level from what each unit adds itself; undoes `own`."""
        rows = own.copy()
        for n in range(len(self.parent) - 1, -1, -1):
            if self.parent[n] >= 0:
                rows[self.parent[n]] += rows[n]
        return rows


def reporting_groups(
    sizes: Mapping[str, int], parents: Mapping[str, str], *, k: int, least: int
) -> list[tuple[str, ...]]:
    """Siblings that are too small to be shown, joined into groups of at least `least` persons.

    Small units of one parent form one group, which takes in the smallest of the shown siblings where they are too few
    alone; where even that does not help they stay as they are, and their figures are in the parent's. To be set once a
    year: a group that follows its members would reveal them.
    """
    children: dict[str, list[str]] = {}
    for unit, parent in parents.items():
        children.setdefault(parent, []).append(unit)
    with_children = set(parents.values())
    groups = []
    for parent in sorted(children):
        leaves = sorted(
            (u for u in _of(children[parent], sizes) if u not in with_children), key=lambda u: (sizes[u], u)
        )
        small = [u for u in leaves if 0 < sizes[u] < k]
        if not small:
            continue
        rest = [u for u in leaves if sizes[u] >= k]
        while sum(sizes[u] for u in small) < least and rest:
            small.append(rest.pop(0))
        if sum(sizes[u] for u in small) >= least and len(small) > 1:
            groups.append(tuple(sorted(small)))
    return groups


def _of(units: Iterable[str], sizes: Mapping[str, int]) -> list[str]:
    return [u for u in units if u in sizes]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit stood on the days from `valid_from` up to `valid_to`; '' for no parent and for no group."""

    unit: str
    parent: str
    group: str
    valid_from: date
    valid_to: date


class Hierarchy:
    """The dated hierarchy of one organisation. TreeError where two versions of a unit overlap."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = sorted(places, key=lambda p: (p.unit, p.valid_from))
        for one, other in pairwise(self.places):
            if one.unit == other.unit and other.valid_from < one.valid_to:
                raise TreeError(
                    f"unit '{one.unit}' has two versions from {other.valid_from}; let the first one end with "
                    "`valid_to` before the second begins"
                )
        self.units = tuple(dict.fromkeys(p.unit for p in self.places))
        self._cuts = sorted({p.valid_from for p in self.places} | {p.valid_to for p in self.places})
        self._trees: dict[int, Tree] = {}

    def at(self, day: date) -> Tree:
        """The tree of a day."""
        number = bisect_right(self._cuts, day)
        if number not in self._trees:
            valid = [p for p in self.places if p.valid_from <= day < p.valid_to]
            groups = {p.unit: p.group for p in valid if p.group}
            self._trees[number] = Tree.of({p.unit: p.parent for p in valid}, groups)
        return self._trees[number]


def changed_past(before: Iterable[Place], now: Iterable[Place], until: date) -> list[str]:
    """What a hierarchy says otherwise of the days before `until`, one sentence for each unit; units may be added."""
    then, today = _courses(before, until), _courses(now, until)
    told = []
    for unit, course in then.items():
        if unit not in today:
            told.append(
                f"unit '{unit}' has published figures and is gone; keep it, and end it with `valid_to: {until}`"
            )
        elif today[unit] != course:
            old = next(c for c, n in zip_longest(course, today[unit]) if c != n) or course[-1]
            under = f"under '{old[1]}'" if old[1] else "without a parent"
            told.append(
                f"unit '{unit}' stood {under}{f' in group {old[2]!r}' if old[2] else ''} from {old[0]} in figures that "
                f"are published; let the change begin on {until} or later"
            )
    return told


def _courses(places: Iterable[Place], until: date) -> dict[str, list[tuple[date, str, str]]]:
    """Per unit the days before `until` on which its place changed, with parent and group."""
    found: dict[str, list[tuple[date, str, str]]] = {}
    for place in sorted(places, key=lambda p: (p.unit, p.valid_from)):
        course = found.setdefault(place.unit, [])
        if place.valid_from < until and (not course or course[-1][1:] != (place.parent, place.group)):
            course.append((place.valid_from, place.parent, place.group))
    return {unit: course for unit, course in found.items() if course}
