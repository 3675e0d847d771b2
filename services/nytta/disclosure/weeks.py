"""The weeks of a series as they are told, which everything longer is held against."""

from __future__ import annotations

import numpy as np

from nytta.disclosure.figures import SIZE, Figures, Told
from nytta.disclosure.knowledge import Knowledge
from nytta.disclosure.pattern import classes
from nytta.disclosure.periods import Periods
from nytta.disclosure.tree import Bools, Ints, Tree


class Weeks:
    """What is told of weeks. `told` is filled week by week, and `size`, shape (weeks, units, columns), with it."""

    def __init__(self, periods: Periods, told: Told) -> None:
        self.periods, self.told = periods, told
        self.size: Ints = told.ledger[..., SIZE].max(axis=3)
        self.late: Ints = np.zeros_like(told.ledger)
        """Of each week, what units add themselves to figures that wait: they may stand elsewhere in longer periods."""
        self._known: dict[int, Knowledge] = {}
        self._own: dict[tuple[int, bytes], Ints] = {}

    def tell(self, week: int, ledger: Ints) -> None:
        """Take over the ledger of a week."""
        self.size[week] = ledger[..., SIZE].max(axis=2)

    def end(self, figures: Figures) -> None:
        """All weeks are told; of `figures`, what is not in their ledger is late."""
        for n in np.flatnonzero((figures.live != self.told.ledger).any(axis=(1, 2, 3, 4))):
            tree = self.periods.tree_at(figures.periods[n])
            place = self.periods.place(tree)
            self.late[n, place] = tree.own(figures.live[n][place] - self.told.ledger[n][place])

    def parts(self, week: int) -> Ints:
        """How much each unit adds itself to the ledger of a week; shape (units, columns)."""
        size = self.size[week]
        key = (week, size.tobytes())
        if key not in self._own:
            then = self.periods.tree_at(self.periods.weeks[week])
            place = self.periods.place(then)
            own = np.zeros_like(size)
            own[place] = then.own(size[place])
            self._own[key] = own
        return self._own[key]

    def sizes(self, week: int, tree: Tree) -> Ints:
        """The ledger of a week as it adds up in another tree; shape (units, columns)."""
        place = self.periods.place(tree)
        rows: Ints = np.zeros_like(self.size[week])
        rows[place] = tree.total(self.parts(week)[place])
        return rows

    def knowledge_of(self, tree: Tree, shown: Bools, size: Ints) -> Knowledge:
        """What the figures shown of a period tell; arrays of shape (units of the tree, columns)."""
        place = self.periods.place(tree)
        found = np.zeros(self.periods.inner(self.size[0]).shape, dtype=np.int64)
        own = np.zeros(found.shape, dtype=np.int64)
        found[place] = classes(tree, shown)
        own[place] = tree.own(self.periods.inner(size))
        return Knowledge(found, own)

    def knowledge(self, week: int) -> Knowledge:
        """What is known of a week."""
        if week not in self._known:
            tree = self.periods.tree_at(self.periods.weeks[week])
            place = self.periods.place(tree)
            self._known[week] = self.knowledge_of(tree, self.told.shown[week][place], self.size[week][place])
        return self._known[week]

    def known(self, week: int, tree: Tree) -> Bools:
        """Cells of `tree` whose figures in a week follow from what is shown of it; shape (units, columns)."""
        known: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        found = self.knowledge(week).known(self.periods.cells(tree))
        known[self.periods.place(tree)] = found.reshape(-1, known.shape[1])
        return known
