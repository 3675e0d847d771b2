"""How the periods of a series lie in one another, and how its units stand in the hierarchies of their days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from nytta.disclosure.figures import Floats, Grain, Nature, Series
from nytta.disclosure.knowledge import Masks
from nytta.disclosure.tree import Bools, Ints, Tree

Cells = TypeVar("Cells", Ints, Bools, Floats)

WEEK = timedelta(weeks=1)


def month_end(month: date) -> date:
    """The first day after the month that begins on `month`."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


class Periods:
    """The periods of a series. `tree_at` gives the hierarchy of a day, the same tree for the same hierarchy."""

    def __init__(self, series: Series, nature: Nature, tree_at: Callable[[date], Tree]) -> None:
        self.series, self.nature, self.tree_at = series, nature, tree_at
        weeks = series.grains.get("week")
        self.weeks: tuple[date, ...] = weeks.periods if weeks else ()
        self.number = {week: n for n, week in enumerate(self.weeks)}
        self._unit = {unit: n for n, unit in enumerate(series.units)}
        self._places: dict[Tree, Ints] = {}
        self._cells: dict[Tree, Masks] = {}

    def weeks_of(self, grain: Grain, period: date) -> list[int]:
        """Numbers of the weeks of a week or window, or of those that begin in a month, as far as there are figures."""
        if grain == "week":
            found = [period]
        elif grain == "window":
            found = [period - n * WEEK for n in range(self.nature.window_weeks)]
        else:
            first = period + timedelta(days=-period.weekday() % 7)
            found = [first + n * WEEK for n in range(5) if first + n * WEEK < month_end(period)]
        return [self.number[week] for week in found if week in self.number]

    def ends(self, window: date) -> tuple[int, int]:
        """First and last moment of a window, as numbers of weeks."""
        last = self.number[window]
        return max(0, last - self.nature.window_weeks + 1), last + 1

    def meets(self, grain: Grain, period: date, week: date) -> bool:
        """Whether a window or month has days of a week."""
        if grain == "window":
            return period - self.nature.window_weeks * WEEK < week <= period
        return period < week + WEEK and week < month_end(period)

    def place(self, tree: Tree) -> Ints:
        """For each unit of the tree its place in the series."""
        if tree not in self._places:
            self._places[tree] = np.array([self._unit[u] for u in tree.units], dtype=np.int64)
        return self._places[tree]

    def inner(self, cells: Cells) -> Cells:
        """The columns that are not sums of others; second axis: columns."""
        return cells[:, 1:] if cells.shape[1] > 1 else cells

    def cells(self, tree: Tree) -> Masks:
        """The cells of a tree, unit by unit and column by column, as the parts that they count."""
        if tree not in self._cells:
            shape = (len(self.series.units), len(self.series.columns))
            parts = np.zeros((len(tree.parent), shape[1], *self.inner(np.zeros(shape, dtype=bool)).shape), dtype=bool)
            place = self.place(tree)
            for unit in range(len(tree.parent)):
                under = place[tree.below[unit]]
                parts[unit, 0, under] = True
                for column in range(1, shape[1]):
                    parts[unit, column, under, column - 1] = True
            self._cells[tree] = Masks(parts.reshape(-1, *parts.shape[2:]))
        return self._cells[tree]
