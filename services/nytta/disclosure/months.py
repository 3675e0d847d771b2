"""Months of cases: what one may tell beside the weeks that it holds and those that it cuts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from nytta.disclosure.figures import SIZE, Figures
from nytta.disclosure.pattern import Patterns, Table
from nytta.disclosure.periods import WEEK, Periods, month_end
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree
from nytta.disclosure.weeks import Weeks


class Months:
    """The months of a series; `known_of` gives the figures of one without what its weeks still wait for."""

    def __init__(
        self,
        periods: Periods,
        weeks: Weeks,
        rules: Rules,
        patterns: Patterns,
        figures: Figures,
        known_of: Callable[[date, Ints], Ints],
    ) -> None:
        self.periods, self.weeks, self.rules, self.patterns = periods, weeks, rules, patterns
        self._figures, self._known_of = figures, known_of

    def allowed(self, month: date, tree: Tree) -> Bools:
        """Cells all of whose weeks are known, and whose days in the weeks that the month cuts are many enough."""
        end = month_end(month)
        monday = month - timedelta(days=month.weekday())
        ok = np.ones(self.weeks.size.shape[1:], dtype=bool)
        while monday < end:
            week = self.periods.number.get(monday)
            if week is not None:
                ok &= self.weeks.known(week, tree) | (self.weeks.sizes(week, tree) == 0)
            monday += WEEK
        for cut in (month, end):
            if cut.weekday():
                ok &= self._cut(cut, tree)
        return ok

    def _cut(self, day: date, tree: Tree) -> Bools:
        """Cells of which the days of a week before `day`, and those from it on, may be shown apart."""
        ok = np.ones(self.weeks.size.shape[1:], dtype=bool)
        week = self.periods.number.get(day - timedelta(days=day.weekday()))
        if week is None:
            return ok
        left: Ints = np.zeros(ok.shape, dtype=np.int64)
        for each in range(week):
            left -= self.weeks.parts(each)
        for n, month in enumerate(self._figures.periods):
            if month < day:
                then = self.periods.tree_at(month)
                place = self.periods.place(then)
                rows = self._known_of(month, self._figures.live[n])[..., SIZE].max(axis=2)
                left[place] += then.own(rows[place])
        place = self.periods.place(tree)
        known = self.weeks.known(week, tree)[place]
        for side in (left, self.weeks.parts(week) - left):
            rows = tree.total(side[place])
            nobody = np.zeros_like(rows)
            chosen = self.patterns.choose(tree, Table(rows, nobody, nobody), self.rules.for_staff, None, known)
            ok[place] &= chosen | (rows == 0)
        return ok
