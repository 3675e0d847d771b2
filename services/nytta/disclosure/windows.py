"""Windows of cases: what one may tell beside the weeks and windows around it.

A window of which all weeks are known is their sum and tells nothing more. One none of whose weeks is known differs from
the window before it by the week that enters less the week that leaves, never by one alone. So a window is shown where
no shorter stretch of time follows for any group that some period tells, and where what enters and leaves cannot be
turned into a sum of too few.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from nytta.disclosure.knowledge import Knowledge, Masks
from nytta.disclosure.pattern import Patterns, Table
from nytta.disclosure.periods import Periods
from nytta.disclosure.rules import Rules
from nytta.disclosure.timeline import Timeline
from nytta.disclosure.tree import Bools, Ints, Tree
from nytta.disclosure.weeks import Weeks

_ROUNDS = 12


class Windows:
    """The windows of a series that are told so far, in the order of their last weeks."""

    def __init__(self, periods: Periods, weeks: Weeks, rules: Rules, patterns: Patterns) -> None:
        self.periods, self.weeks, self.rules, self.patterns = periods, weeks, rules, patterns
        self._told: list[tuple[int, Knowledge]] = []
        self._lines: dict[bytes, Timeline] = {}

    def tell(self, window: date, tree: Tree, shown: Bools, size: Ints) -> None:
        """Take a window as told; arrays of shape (units of the tree, columns)."""
        self._told.append((self.periods.number[window], self.weeks.knowledge_of(tree, shown, size)))

    def bounds(self, window: date, tree: Tree) -> tuple[Bools, Bools]:
        """Cells that may be shown, and cells that are known already whatever is shown; shape (units, columns)."""
        follows = self._follows(window, tree)
        return follows | ~self._restated(window, tree), follows

    def choose(self, window: date, tree: Tree, table: Table, keep: Bools, allowed: Bools) -> Bools:
        """The cheapest choice of cells that does not tell too much of shorter stretches of time."""
        allowed = allowed.copy()
        for number in range(_ROUNDS):
            chosen = self.patterns.choose(tree, table, self.rules, keep, allowed)
            bad = self._revealing(window, tree, table, chosen)
            if not bad:
                return chosen
            for where in bad:
                self._forbid(tree, where, chosen & ~keep, allowed)
            if number == _ROUNDS // 2:
                allowed[:, 1:] = False  # units without their case types are much, and sooner safe
        return keep

    def _follows(self, window: date, tree: Tree) -> Bools:
        """Cells whose window follows from what is known of weeks and earlier windows."""
        place = self.periods.place(tree)
        found: Bools = np.zeros(self.weeks.size.shape[1:], dtype=bool)
        start, end = self.periods.ends(window)
        cells = self.periods.cells(tree)
        for n in range(len(cells.parts)):
            line = self._line(cells, n, cells.parts[n], end - 1)
            unit, column = divmod(n, found.shape[1])
            found[place[unit], column] = line.total[end] > line.total[start] and line.joined(start, end)
        return found

    def _restated(self, window: date, tree: Tree) -> Bools:
        """Cells with late data in their window that were told as a difference: it is known what came when."""
        place = self.periods.place(tree)
        restated = self.weeks.told.restated[self.periods.weeks_of("window", window)].any(axis=0)
        late: Bools = self.periods.inner(np.asarray(restated))[place]
        under = np.einsum("uv,vc->uc", tree.below, late, dtype=np.int64) > 0
        found: Bools = np.zeros(self.weeks.size.shape[1:], dtype=bool)
        found[place] = under if found.shape[1] == 1 else np.column_stack([under.any(axis=1), under])
        return found

    def _revealing(self, window: date, tree: Tree, table: Table, chosen: Bools) -> list[Bools]:
        """Groups whose window would tell too much of a shorter time."""
        start, end = self.periods.ends(window)
        now = self.weeks.knowledge_of(tree, chosen, table.size)
        cells = self.periods.cells(tree)
        groups = [(int(n), cells.parts[n]) for n in np.flatnonzero(now.known(cells))]
        others = {where.tobytes(): where for where in now.groups()}
        for week in range(start, end):
            then = self.periods.tree_at(self.periods.weeks[week])
            if then is not tree:  # what a unit was before it took in or lost another is a group of its own
                before = self.periods.cells(then)
                others |= {before.parts[n].tobytes(): before.parts[n] for n in np.flatnonzero(now.known(before))}
        around = [self.weeks.knowledge(week) for week in range(start, end)]
        around += [then for last, then in self._told if last >= start]
        for known in around:
            others |= {where.tobytes(): where for where in now.unions(known)}
        groups += [(-1, where) for key, where in others.items() if key not in cells.place]
        bad = []
        for n, where in groups:
            line = self._line(cells, n, where, end - 1)
            if not line.joined(start, end) and (
                not line.bears(start, end, self.rules.k) or self._mixing(cells, n, where, start, end)
            ):
                bad.append(where)
        return bad

    def _mixing(self, cells: Masks, number: int, where: Bools, start: int, end: int) -> bool:
        """Whether a window and the one before tell of too few: those of one week in a group, and of another around it.

        The two differ by what enters less what leaves. Where a week's figure is known of more than the group, the
        group's part of it follows from the others', with the sign turned: what was a difference becomes a sum.
        """
        last = next((w for w, known in reversed(self._told) if known.knows(cells, number, where)), -1)
        if last < start:
            return False
        line = self._line(cells, number, where, end - 1)
        leaves = range(max(0, last + 1 - self.periods.nature.window_weeks), start)
        enters = range(last + 1, end)
        for stays, turned in ((leaves, enters), (enters, leaves)):
            around = [self.weeks.knowledge(week).around(cells, number, where) for week in turned]
            if min(around, default=-1) >= 0:
                group = line.total[turned.stop] - line.total[turned.start]
                cases = line.total[stays.stop] - line.total[stays.start] + sum(around) - group
                if 0 < cases < self.rules.k:
                    return True
        return False

    def _forbid(self, tree: Tree, where: Bools, free: Bools, allowed: Bools) -> None:
        """Take the smallest shown cell around a group out of the choice, or else one inside or beside it."""
        cells = [(self.periods.cells(tree).parts[u * free.shape[1] + c], u, c) for u, c in np.argwhere(free)]
        around = [each for each in cells if not (where & ~each[0]).any()]
        beside = around or [each for each in cells if (where & each[0]).any()] or cells
        if beside:
            _, unit, column = min(beside, key=lambda each: int(each[0].sum()))
            allowed[unit, column] = False

    def _line(self, cells: Masks, number: int, where: Bools, week: int) -> Timeline:
        """The timeline of a group with all that is known of it up to a week; `number` is its place among the cells."""
        key = where.tobytes()
        if key not in self._lines:
            sizes = [self.periods.inner(self.weeks.parts(w))[where].sum() for w in range(len(self.periods.weeks))]
            self._lines[key] = Timeline(np.array(sizes, dtype=np.int64))
        line = self._lines[key]
        while line.weeks <= week:
            n = line.weeks
            if line.total[n] == line.total[n + 1] or self.weeks.knowledge(n).knows(cells, number, where):
                line.join(n, n + 1)
            line.weeks += 1
        while line.windows < len(self._told) and self._told[line.windows][0] <= week:
            end, then = self._told[line.windows]
            if then.knows(cells, number, where):
                line.join(max(0, end - self.periods.nature.window_weeks + 1), end + 1)
            line.windows += 1
        return line
