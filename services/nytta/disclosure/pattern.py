"""Complementary suppression: which cells of a table may be shown together, and the cheapest choice of them.

Published figures of a table are sums over its smallest parts: what a unit adds to its children, per case type. Figures
tell two parts apart only where one of them counts the one and not the other, so everything that can be worked out of
them, by whatever arithmetic, is a sum over **classes** of parts that the same published cells count. A choice is safe
when each class is empty or large enough (`Rules.enough`), whatever an attacker knows beside. For a tree this is exact:
the classes are the differences between a shown unit and the shown units below it.

The cheapest safe choice over the tree is found by an integer programme that grows by what an attacker would solve: the
programme without constraints shows everything; each class that is too small becomes a constraint; solved again until no
attack is left. This is the scheme of Fischetti and Salazar-González, "Solving the cell suppression problem on tabular
data with linear constraints", Management Science 47(7), 2001, with HiGHS as solver and the exact class check as the
attacker's problem. Case types are then added within the units, from the lowest level up, as the hierarchical approach
of τ-ARGUS does (de Wolf 2002): a cell that would leave a class too small stays away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree

_ROUNDS = 200
_LISTED = 12
"""Up to so many cells every choice is tried; more are left to the solver."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """Figures of one period at every level: arrays of shape (units, columns); column 0 is all case types together.

    `size` counts persons or cases, `handlers` who handled them, `most` the cases of the busiest. Without other columns
    the first one is the table; with them it is their sum.
    """

    size: Ints
    handlers: Ints
    most: Ints

    @property
    def inner(self) -> slice:
        """The columns that the smallest parts lie in."""
        return slice(1, None) if self.size.shape[1] > 1 else slice(0, 1)


@dataclass(frozen=True, eq=False)
class Parts:
    """The smallest parts of a table, arrays of shape (units, inner columns).

    Who handled what a unit adds to its children nobody knows: nobody for certain, and perhaps one person all of it.
    """

    size: Ints
    handlers: Ints
    most: Ints

    @classmethod
    def of(cls, tree: Tree, table: Table) -> Parts:
        """The parts of `table`."""
        inner = table.inner
        size = tree.own(table.size[:, inner])
        leaf = np.ones(len(tree.parent), dtype=bool)
        leaf[[p for p in tree.parent if p >= 0]] = False
        handlers = np.where(leaf[:, None], table.handlers[:, inner], 0)
        most = np.where(leaf[:, None], table.most[:, inner], np.maximum(size, 0))
        return cls(size, np.where(size > 0, handlers, 0), most)

    def enough(self, where: Bools, rules: Rules) -> bool:
        """Whether the parts `where` together may be told apart."""
        if not where.any():
            return True
        return rules.enough(int(self.size[where].sum()), int(self.handlers[where].max()), int(self.most[where].sum()))


def choose(tree: Tree, table: Table, rules: Rules, *, keep: Bools | None = None, allowed: Bools | None = None) -> Bools:
    """The cells to show, shape (units, columns): safe together, and as many as can be.

    `keep` are cells that are public already and stay so; `allowed` bounds the choice. Members of reporting groups are
    never chosen. Of as many cells, those with more persons are shown.
    """
    kept = np.zeros(table.size.shape, dtype=bool) if keep is None else keep
    may = table.size >= rules.k
    may &= (table.handlers >= rules.handlers) & (table.most <= rules.most * table.size)
    may &= ~tree.grouped[:, None]
    if allowed is not None:
        may &= allowed
    shown = np.zeros_like(may)
    shown[:, 0] = _units(tree, table, rules, kept[:, 0], may[:, 0] | kept[:, 0])
    if table.size.shape[1] > 1:
        shown[:, 1:] = kept[:, 1:]
        if kept[:, 1:].any() and unsafe(tree, table, rules, shown):
            return kept.copy()
        _columns(tree, Parts.of(tree, table), rules, may & ~kept, shown)
    return shown


def classes(tree: Tree, shown: Bools) -> Ints:
    """The class of each part, shape (units, inner columns): equal numbers are never told apart; 0 is in no figure."""
    inner = shown.shape[1] - 1 or 1
    marks = np.random.Generator(np.random.PCG64(0)).integers(1, 1 << 62, size=shown.shape)
    found = np.zeros((len(tree.parent), inner), dtype=np.int64)
    for unit, column in np.argwhere(shown):
        under = tree.below[unit]
        if column == 0:
            found[under] ^= marks[unit, 0]
        else:
            found[under, column - 1] ^= marks[unit, column]
    return found


def unsafe(tree: Tree, table: Table, rules: Rules, shown: Bools) -> list[Bools]:
    """Classes that are too small under `shown`: what an attacker would work out. Each as the parts in it."""
    parts, found = Parts.of(tree, table), classes(tree, shown)
    return [found == c for c in np.unique(found) if c and not parts.enough(found == c, rules)]


# the integer programme over the tree


@dataclass(frozen=True, slots=True)
class Cut:
    """What an attack forbids: of the cells with sign 1 at most `most` are shown, one more for each with sign -1."""

    cells: list[int]
    signs: list[float]
    most: int


def _units(tree: Tree, table: Table, rules: Rules, kept: Bools, may: Bools) -> Bools:
    size = table.size[:, 0]
    whole = Table(*(a[:, :1] for a in (table.size, table.handlers, table.most)))
    parts = Parts.of(tree, whole)
    own = [
        (int(s), int(h), int(m))
        for s, h, m in zip(parts.size[:, 0], parts.handlers[:, 0], parts.most[:, 0], strict=True)
    ]
    shown = may.copy()
    cuts: list[Cut] = []
    number = np.flatnonzero(may)
    place = {int(u): n for n, u in enumerate(number)}
    worth = 1 + size[number] / (1 + np.abs(size[number]).sum())
    for _ in range(_ROUNDS):
        attacks = _attacks(tree, own, rules, shown)
        if not attacks:
            return shown
        grown = False
        for unit, maximal in attacks:
            inside = [unit, *maximal]
            under = tree.below[unit].copy()
            for each in maximal:
                under &= ~tree.below[each]
            under[unit] = False
            others = [int(u) for u in np.flatnonzero(under & may)]
            if all(kept[u] for u in inside):
                continue  # told already: nothing that is shown beside makes it worse
            cells = [place[u] for u in (*inside, *others)]
            cuts.append(Cut(cells, [1.0] * len(inside) + [-1.0] * len(others), len(maximal)))
            grown = True
        if not grown:
            return shown
        answer = _solve(worth, kept[number], cuts)
        if answer is None:
            break
        shown = np.zeros_like(may)
        shown[number[answer]] = True
    return kept.copy()  # nothing beside what is public already


def _attacks(tree: Tree, own: list[tuple[int, int, int]], rules: Rules, shown: Bools) -> list[tuple[int, list[int]]]:
    """Shown units whose figure, less those of the highest shown units below them, is about too few."""
    count = len(own)
    rest = [list(each) for each in own]
    top: list[list[int]] = [[] for _ in range(count)]
    found = []
    for n in range(count - 1, -1, -1):
        parent = tree.parent[n]
        if shown[n]:
            if not rules.enough(rest[n][0], rest[n][1], rest[n][2]):
                found.append((n, top[n]))
            if parent >= 0:
                top[parent].append(n)
        elif parent >= 0:
            above = rest[parent]
            above[0] += rest[n][0]
            above[1] = max(above[1], rest[n][1])
            above[2] += rest[n][2]
            top[parent] += top[n]
    return found


def _solve(worth: Floats, kept: Bools, cuts: Sequence[Cut]) -> Bools | None:
    """The choice of most worth that no cut forbids; None where what must be kept leaves no choice.

    Cuts that share no cell are solved apart; what no cut names is shown.
    """
    shown = np.ones(len(worth), dtype=bool)
    for group in _connected(cuts):
        cells = np.unique(np.concatenate([cut.cells for cut in group]))
        matrix = np.zeros((len(group), len(cells)))
        for row, cut in enumerate(group):
            matrix[row, np.searchsorted(cells, cut.cells)] = cut.signs
        found = _best(worth[cells], kept[cells], matrix, np.array([cut.most for cut in group], dtype=float))
        if found is None:
            return None
        shown[cells] = found
    return shown


def _connected(cuts: Sequence[Cut]) -> list[list[Cut]]:
    groups: list[tuple[set[int], list[Cut]]] = []
    for cut in cuts:
        cells, its = set(cut.cells), [cut]
        for other in [g for g in groups if g[0] & cells]:
            groups.remove(other)
            cells |= other[0]
            its += other[1]
        groups.append((cells, its))
    return [its for _, its in groups]


def _best(worth: Floats, kept: Bools, matrix: Floats, most: Floats) -> Bools | None:
    """The best of all choices where they can be listed, else the solver's."""
    if len(worth) <= _LISTED:
        every = (np.arange(1 << len(worth))[:, None] >> np.arange(len(worth)) & 1).astype(float)
        fits = (every @ matrix.T <= most).all(axis=1) & (every >= kept).all(axis=1)
        if not fits.any():
            return None
        return np.asarray(every[np.argmax(np.where(fits, every @ worth, -1.0))] > 0)
    found = milp(
        -worth,
        integrality=np.ones(len(worth), dtype=np.int64),
        bounds=Bounds(kept.astype(float), 1.0),
        constraints=LinearConstraint(csr_array(matrix), ub=most),
    )
    return None if found.x is None else np.asarray(found.x > 0.5)


# case types within the units


def _columns(tree: Tree, parts: Parts, rules: Rules, may: Bools, shown: Bools) -> None:
    """Add cells of case types to `shown`, in place, below shown units, as long as every class stays large enough."""
    found = classes(tree, shown)
    fresh = 1
    for unit in range(len(tree.parent) - 1, -1, -1):
        for column in np.flatnonzero(may[unit] & shown[unit, 0]):
            if column == 0:
                continue
            inside = np.zeros(found.shape, dtype=bool)
            inside[tree.below[unit], column - 1] = True
            split = np.unique(found[inside])
            within = [(found == c) & inside for c in split]
            beside = [(found == c) & ~inside for c in split if c]
            if all(parts.enough(each, rules) for each in (*within, *beside)):
                shown[unit, column] = True
                for each in within:
                    found[each] = -fresh  # classes are positive
                    fresh += 1
