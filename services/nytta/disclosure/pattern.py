"""Complementary suppression: which cells of a table may be shown together, and the cheapest choice of them.

Published figures of a table are sums over its smallest parts: what a unit adds to its children, per case type. Figures
tell two parts apart only where one of them counts the one and not the other, so everything that can be worked out of
them, by whatever arithmetic, is a sum over **classes** of parts that the same published cells count. A choice is safe
when each class is empty or large enough (`Rules.enough`), whatever an attacker knows beside. For a tree this is exact:
the classes are the differences between a shown unit and the shown units below it.

The cheapest safe choice over the tree is found exactly, by dynamic programming from the leaves up (tree knapsack:
Johnson and Niemi, "On knapsacks, partitions, and a new dynamic programming technique for trees", Mathematics of
Operations Research 8(1), 1983). Of a unit's subtree only what is in no shown figure yet matters above: how many persons
or cases, by how many hands. Each such rest is kept with the choice that shows most; a unit may be shown where the rest
below it is empty or large enough. The problem is that of Fischetti and Salazar-González, "Solving the cell suppression
problem on tabular data with linear constraints", Management Science 47(7), 2001, whose integer programme is needed for
tables that are no tree.

Case types are then added within the units, from the lowest level up, as the hierarchical approach of τ-ARGUS does
(de Wolf 2002): a cell that would leave a class too small stays away.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import numpy as np

from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree

T = TypeVar("T")


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


class Patterns:
    """Choices made so far: what has the same population has the same pattern, in whatever indicator it stands."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, population: Hashable, make: Callable[[], T]) -> T:
        """What was made for the same population before, or what `make` makes of it."""
        if population not in self._made:
            self._made[population] = make()
        found: T = self._made[population]
        return found

    def choose(self, tree: Tree, table: Table, rules: Rules, keep: Bools | None, allowed: Bools | None) -> Bools:
        """As `choose`."""
        arrays = (table.size, table.handlers, table.most, keep, allowed)
        key = (tree, table.size.shape, rules, *(None if a is None else a.tobytes() for a in arrays))
        return self.once(key, lambda: choose(tree, table, rules, keep=keep, allowed=allowed)).copy()


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


# the exact search over the tree

Chosen = tuple["Chosen | None", "Chosen | None", int] | None
"""Shown units: those of two choices, and one unit (-1 for none)."""

Rests = dict["Rest", tuple[int, Chosen]]
"""What of a subtree is in no figure shown yet, with the most that can be shown to leave it so, and how."""


class Rest(NamedTuple):
    """Parts that are left for the next shown unit above: how many, by how many hands, and how far from one's own.

    `spare` is what the busiest could have handled beside and still not have too much, in multiples of a case; `told`
    says that all figures shown beside are public already.
    """

    size: int
    handlers: int
    spare: int
    told: bool

    def beside(self, other: Rest, most: Rest) -> Rest:
        """Both together; counts beyond `most` make no difference any more."""
        return Rest(
            min(self.size + other.size, most.size),
            max(self.handlers, other.handlers),
            min(self.spare + other.spare, most.spare),
            self.told and other.told,
        )

    def enough(self, rules: Rules) -> bool:
        """As `Rules.enough`."""
        return rules.enough(self.size, self.handlers, 0 if self.spare >= 0 else self.size + 1)


def _units(tree: Tree, table: Table, rules: Rules, kept: Bools, may: Bools) -> Bools:
    size = table.size[:, 0]
    parts = Parts.of(tree, Table(*(a[:, :1] for a in (table.size, table.handlers, table.most))))
    share = Fraction(rules.most).limit_denominator(1000)
    spare = share.numerator * parts.size[:, 0] - share.denominator * parts.most[:, 0]
    # more than this no part can take away again
    most = Rest(
        rules.k - int(np.minimum(parts.size, 0).sum()),
        rules.handlers,
        -int(np.minimum(spare, 0).sum()),
        bool(kept.any()),
    )
    worth = (1 + int(np.abs(size).sum()) + size).tolist()
    inside: list[Rests] = [
        {
            Rest(min(s, most.size), min(h, most.handlers), min(o, most.spare), most.told): (0, None),
        }
        for s, h, o in zip(parts.size[:, 0].tolist(), parts.handlers[:, 0].tolist(), spare.tolist(), strict=True)
    ]
    shown = np.zeros_like(may)
    for unit in range(len(tree.parent) - 1, -1, -1):
        left: Rests = {} if kept[unit] else dict(inside[unit])
        if may[unit]:
            free = [its for rest, its in inside[unit].items() if rest.enough(rules) or (rest.told and kept[unit])]
            if free:
                value, chosen = max(free, key=lambda its: its[0])
                _offer(left, Rest(0, 0, 0, bool(kept[unit])), (value + worth[unit], (chosen, None, unit)))
        if not left:
            return kept.copy()  # nothing beside what is public already
        above = tree.parent[unit]
        if above >= 0:
            inside[above] = _best(_together(inside[above], left, most), most)
        else:
            shown[_listed(max(left.values(), key=lambda its: its[0])[1])] = True
    return shown


def _together(one: Rests, other: Rests, most: Rest) -> Rests:
    found: Rests = {}
    for rest, (value, chosen) in one.items():
        for beside, (more, its) in other.items():
            _offer(found, rest.beside(beside, most), (value + more, (chosen, its, -1)))
    return found


def _offer(rests: Rests, rest: Rest, its: tuple[int, Chosen]) -> None:
    if rest not in rests or rests[rest][0] < its[0]:
        rests[rest] = its


def _best(rests: Rests, most: Rest) -> Rests:
    """Without the rests to which another one is preferred whatever is chosen above."""
    plenty = max((value for rest, (value, _) in rests.items() if rest[:3] == most[:3]), default=0)
    found: Rests = {}
    spared: dict[tuple[int, int, bool], int] = {}
    for rest, its in sorted(rests.items(), key=lambda each: (-each[1][0], -each[0].spare)):
        alike = (rest.size, rest.handlers, rest.told)
        if its[0] >= plenty and rest.spare > spared.get(alike, rest.spare - 1):
            spared[alike] = rest.spare
            found[rest] = its
    return found


def _listed(chosen: Chosen) -> list[int]:
    found, stack = [], [chosen]
    while stack:
        each = stack.pop()
        if each is not None:
            one, other, unit = each
            stack += [one, other]
            found += [unit] * (unit >= 0)
    return found


# case types within the units


def _columns(tree: Tree, parts: Parts, rules: Rules, may: Bools, shown: Bools) -> None:
    """Add cells of case types to `shown`, in place, below shown units, as long as every class stays large enough."""
    inner = parts.size.shape[1]
    hands = parts.handlers >= rules.handlers
    figures = np.stack([parts.size, hands, parts.most], axis=2).reshape(-1, 3)
    home = classes(tree, shown).ravel()
    ids, which = np.unique(home, return_inverse=True)
    sums = np.zeros((len(ids), 3), dtype=np.int64)
    np.add.at(sums, which, figures)
    whole, its = dict(zip(ids.tolist(), sums.tolist(), strict=True)), figures.tolist()
    found, fresh = home.tolist(), 0
    for unit in range(len(tree.parent) - 1, -1, -1):
        columns = np.flatnonzero(may[unit] & shown[unit, 0])
        under = (np.flatnonzero(tree.below[unit]) * inner).tolist()
        for column in columns[columns > 0].tolist():
            split: dict[int, list[int]] = {}
            for place in under:
                split.setdefault(found[place + column - 1], []).append(place + column - 1)
            inside = {c: [sum(f) for f in zip(*(its[p] for p in within), strict=True)] for c, within in split.items()}
            beside = {c: [w - i for w, i in zip(whole[c], inside[c], strict=True)] for c in split}
            if all(_enough(s, rules) and (not c or _enough(beside[c], rules)) for c, s in inside.items()):
                shown[unit, column] = True
                for c, within in split.items():
                    fresh -= 1  # classes of shown cells are positive
                    whole[c], whole[fresh] = beside[c], inside[c]
                    for place in within:
                        found[place] = fresh


def _enough(figures: list[int], rules: Rules) -> bool:
    """As `Rules.enough`, from a size, the number of parts with hands enough, and the most by one."""
    size, hands, most = figures
    return rules.enough(size, rules.handlers if hands else 0, most)
