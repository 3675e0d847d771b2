"""What the open zone may know of one indicator in one system: a ledger of exact figures, and which cells are shown.

Everything published is computed from the ledger, never from live figures, so that no two published rows differ by data
that came in between. A period enters the ledger as it stands when it is first published. After that a class of parts
(see `pattern`) takes over live figures only when that concerns at least k persons or cases, leaves enough of them, and
the period was not restated this week already; else its late data wait, and its rows say so. What nobody could tell
apart so far follows live figures freely. A cell that was shown stays shown.

Periods that lie in one another are not published freely either, or their differences would be shorter periods:

- *Staff* are the same persons however long the period: a month or a window is shown where all its weeks are, and where
  the persons of the period itself allow it (somebody who moved counts in two units, and once above them).
- *Cases* of a longer period are its shorter periods' cases. A window or month whose weeks are all known is their sum and
  tells nothing more; of a month, the days that its first and last week leave over must be many enough too. A window none
  of whose weeks is known is shown when it is full and its last week is not empty: two such windows differ by signed
  weeks, never by one. Windows of which some weeks are known are not shown.
- A median is no sum; its periods are judged each for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from nytta.disclosure.pattern import Parts, Table, choose, classes
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree

Grain = Literal["week", "month", "window"]

NUMERATOR, DENOMINATOR, SIZE = 0, 1, 2
"""Places in the last axis of figures."""

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Nature:
    """How an indicator's figures behave.

    `staff`: its population are persons, else cases. `adds`: figures add up over units and weeks. `flows`: at least the
    numerator adds up over weeks. `heads`: the numerator counts members of the population, each once. `middles`: it is
    no number that can be added at all (medians).
    """

    staff: bool
    adds: bool
    flows: bool
    heads: bool
    middles: bool
    window_weeks: int


@dataclass(frozen=True, eq=False)
class Figures:
    """Figures of all published periods of one grain; arrays of shape (periods, units, columns[, parts, 3]).

    Units and columns are those of `Series`. The last axis is numerator, denominator, size. `there` marks rows that the
    live figures have; `told` is the ledger of the last publication where `known`, `shown` what it showed, and `changed`
    the day of the publication week (its first open week) in which the period's ledger last changed, 0 for never
    (shape: periods).
    """

    periods: tuple[date, ...]
    live: Ints
    handlers: Ints
    most: Ints
    there: Bools
    told: Ints
    known: Bools
    shown: Bools
    changed: Ints


@dataclass(frozen=True, eq=False)
class Series:
    """One indicator, organisation and system; `columns` are case types, '*' (all of them) first."""

    units: tuple[str, ...]
    columns: tuple[str, ...]
    grains: dict[Grain, Figures]


@dataclass(frozen=True, eq=False)
class Told:
    """What a publication makes of the figures of one grain; shapes as in `Figures`.

    `held` marks cells that late data wait for. `smallest` is the size that a figure's precision goes by.
    """

    ledger: Ints
    shown: Bools
    held: Bools
    smallest: Ints
    changed: Ints


def disclose(
    series: Series, nature: Nature, tree_at: Callable[[date], Tree], rules: Rules, this_week: date
) -> dict[Grain, Told]:
    """Decide all periods of a series. `tree_at` gives the hierarchy of a day; `this_week` is the publication's."""
    own = rules.for_staff if nature.staff else rules
    book = _Book(series, nature, tree_at, own, this_week)
    told: dict[Grain, Told] = {}
    for grain in ("week", "month", "window"):
        if grain in series.grains:
            told[grain] = book.settle(grain)
    return told


class _Book:
    def __init__(
        self, series: Series, nature: Nature, tree_at: Callable[[date], Tree], rules: Rules, this_week: date
    ) -> None:
        self.series, self.nature, self.rules = series, nature, rules
        self.tree_at, self.today = tree_at, this_week.toordinal()
        self.weeks = series.grains.get("week")
        self.places: dict[int, Ints] = {}
        self.week_at: dict[date, int] = {p: n for n, p in enumerate(self.weeks.periods)} if self.weeks else {}
        self.told: Told | None = None
        self.late: Ints = np.zeros(0, dtype=np.int64)
        self.open_cases = nature.adds and not nature.staff
        self._known: dict[tuple[int, bytes, bytes], Bools] = {}
        self._before: tuple[Ints, Ints] | None = None

    def settle(self, grain: Grain) -> Told:
        figures = self.series.grains[grain]
        shape = figures.there.shape[:3]
        told = Told(
            figures.told.copy(),
            figures.shown.copy(),
            np.zeros(shape, dtype=bool),
            figures.told[..., 0, SIZE].copy() if figures.told.size else np.zeros(shape, dtype=np.int64),
            figures.changed.copy(),
        )
        for n, period in enumerate(figures.periods):
            live = self._without_late(grain, period, figures.live[n])
            self._settle_period(grain, n, period, live, figures, told)
        if grain == "week":
            self.told = told
            self.late = figures.live - told.ledger
        smallest = self._smallest(grain, figures, told)
        return Told(told.ledger, told.shown, told.held, smallest, told.changed)

    def _settle_period(
        self, grain: Grain, n: int, period: date, live: Ints, figures: Figures, told: Told
    ) -> None:
        tree = self.tree_at(period)
        place = self._place(tree)
        before, seen = figures.told[n], figures.shown[n]
        first = not figures.known[n].any()
        if not first and np.array_equal(live, before):
            return
        ledger, held = live, np.zeros(seen.shape, dtype=bool)
        if not first:
            may = int(figures.changed[n]) < self.today
            ledger, held = self._release(tree, place, figures, n, live, may)
        told.ledger[n], told.held[n] = ledger, held
        if not first and np.array_equal(ledger, before):
            return
        told.changed[n] = self.today
        allowed, forced = self._bounds(grain, period, n, ledger, tree, place)
        table = Table(
            ledger[place].max(axis=2)[..., SIZE], figures.handlers[n][place], figures.most[n][place]
        )
        keep = seen[place] | forced[place]
        chosen = choose(tree, table, self.rules, keep=keep, allowed=allowed[place])
        enough = table.size >= self.rules.k
        enough &= (table.handlers >= self.rules.handlers) & (table.most <= self.rules.most * table.size)
        chosen &= seen[place] | (enough & ~tree.grouped[:, None])
        back = np.zeros(seen.shape, dtype=bool)
        back[place] = chosen
        told.shown[n] = back

    # late data

    def _release(
        self, tree: Tree, place: Ints, figures: Figures, n: int, live: Ints, may: bool
    ) -> tuple[Ints, Bools]:
        """The ledger of a period that was published before, and which cells late data wait for."""
        table = Table(live[place].max(axis=2)[..., SIZE], figures.handlers[n][place], figures.most[n][place])
        parts = Parts.of(tree, table)
        inner = table.inner
        now, then = tree.own(live[place][:, inner]), tree.own(figures.told[n][place][:, inner])
        found = classes(tree, figures.shown[n][place])
        differs = (now != then).any(axis=(2, 3))
        waiting = np.zeros(found.shape, dtype=bool)
        for each in np.unique(found[differs]):
            where = found == each
            if not each:
                continue
            change = np.abs((now[where] - then[where]).sum(axis=0))
            if not change.any():
                continue
            heads = change if self.nature.heads else change[:, DENOMINATOR:]
            if not (may and int(heads.max()) >= self.rules.k and parts.enough(where, self.rules)):
                waiting |= where
        kept = np.where(waiting[..., None, None], then, now)
        held = np.zeros(figures.shown[n].shape, dtype=bool)
        ledger = live.copy()
        if waiting.any():
            rows = tree.total(kept)
            under = np.einsum("uv,vc->uc", tree.below, waiting, dtype=np.int64) > 0
            cells = np.zeros((len(tree.parent), len(self.series.columns)), dtype=bool)
            cells[:, inner] = under
            cells[:, 0] = under.any(axis=1)
            full = live[place].copy()
            full[:, inner] = rows
            if table.size.shape[1] > 1:
                full[:, 0] = rows.sum(axis=1)
            if self.nature.middles:
                stays = np.where(cells[..., None], figures.told[n][place][..., NUMERATOR], live[place][..., NUMERATOR])
                full[..., NUMERATOR] = stays
            ledger[place], held[place] = full, cells
        return ledger, held

    def _without_late(self, grain: Grain, period: date, live: Ints) -> Ints:
        """Figures of a longer period without what its weeks still wait for."""
        if grain == "week" or self.told is None or not (self.nature.adds or self.nature.flows):
            return live
        weeks = [self.week_at[w] for w in self._weeks(grain, period) if w in self.week_at]
        late = self.late[weeks].sum(axis=0) if weeks else None
        if late is None or not late.any():
            return live
        if not self.nature.adds:
            late = late * np.array([1, 0, 0])
        return live - late

    # periods within periods

    def _weeks(self, grain: Grain, period: date) -> list[date]:
        """The weeks of a window, or those that begin in a month."""
        if grain == "window":
            return [period - n * _WEEK for n in range(self.nature.window_weeks)]
        if grain == "week":
            return [period]
        day = period + timedelta(days=-period.weekday() % 7)
        found = []
        while (day.year, day.month) == (period.year, period.month):
            found.append(day)
            day += _WEEK
        return found

    def _bounds(
        self, grain: Grain, period: date, n: int, ledger: Ints, tree: Tree, place: Ints
    ) -> tuple[Bools, Bools]:
        """Cells that may be shown, and cells that are known already whatever is shown."""
        shape = self.series.grains[grain].shown[n].shape
        free, none = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
        if grain == "week" or self.told is None or self.nature.middles:
            return free, none
        weeks = [self.week_at[w] for w in self._weeks(grain, period) if w in self.week_at]
        size = self.told.ledger[..., SIZE].max(axis=3)
        if self.nature.staff:
            return np.logical_and.reduce([self.told.shown[w] | (size[w] == 0) for w in weeks] or [free]), none
        if not self.open_cases:
            return free, none
        if grain == "month":
            return self._month(period, size), none
        known = [self._known_cells(w, size[w]) for w in weeks]
        filled = np.logical_or.reduce([size[w] > 0 for w in weeks] or [none])
        whole = filled & np.logical_and.reduce([k | (size[w] == 0) for k, w in zip(known, weeks, strict=True)] or [none])
        partly = np.logical_or.reduce([k & (size[w] > 0) for k, w in zip(known, weeks, strict=True)] or [none])
        return whole | (~partly & self._full(period, size)), whole

    def _full(self, period: date, size: Ints) -> Bools:
        """Cells whose window does not reach before their first week, and whose last week is not empty."""
        last = self.week_at.get(period)
        first = self.week_at.get(period - (self.nature.window_weeks - 1) * _WEEK)
        if last is None or first is None:
            return np.zeros(size.shape[1:], dtype=bool)
        return np.asarray((size[: first + 1] > 0).any(axis=0) & (size[last] > 0))

    def _month(self, period: date, size: Ints) -> Bools:
        """Cells all of whose weeks are known, and whose days in the weeks that the month cuts are many enough."""
        end = (period.replace(day=28) + timedelta(days=4)).replace(day=1)
        monday = period - timedelta(days=period.weekday())
        touched = []
        while monday < end:
            touched.append(monday)
            monday += _WEEK
        ok = np.ones(size.shape[1:], dtype=bool)
        for day in touched:
            week = self.week_at.get(day)
            if week is not None:
                ok &= self._known_cells(week, size[week]) | (size[week] == 0)
        for cut in (period, end):
            if cut.weekday():
                ok &= self._cut(cut, size)
        return ok

    def _cut(self, day: date, size: Ints) -> Bools:
        """Cells of which the days of a week before `day`, and those from it on, may be shown apart."""
        week = self.week_at.get(day - timedelta(days=day.weekday()))
        if week is None:
            return np.ones(size.shape[1:], dtype=bool)
        months = self.series.grains["month"]
        if self._before is None:
            upto = np.array([self._without_late("month", m, months.live[n]) for n, m in enumerate(months.periods)])
            self._before = upto[..., SIZE].max(axis=3).cumsum(axis=0), size.cumsum(axis=0)
        by_month, by_week = self._before
        ended = [n for n, m in enumerate(months.periods) if m < day]
        left = by_month[ended[-1]] if ended else np.zeros(size.shape[1:], dtype=np.int64)
        left = left - (by_week[week] - size[week])
        tree = self.tree_at(day - timedelta(days=day.weekday()))
        place = self._place(tree)
        known = self._known_cells(week, size[week])[place]
        ok = np.ones(size.shape[1:], dtype=bool)
        for side in (left, size[week] - left):
            side = side[place]
            nobody = np.zeros_like(side)
            chosen = choose(tree, Table(side, nobody, nobody), self.rules.for_staff, allowed=known)
            ok[place] &= chosen | (side == 0)
        return ok

    def _known_cells(self, week: int, size: Ints) -> Bools:
        """Cells of a week whose figures follow from what is shown of it."""
        assert self.told is not None and self.weeks is not None
        tree = self.tree_at(self.weeks.periods[week])
        place = self._place(tree)
        shown = self.told.shown[week][place]
        key = (id(tree), shown.tobytes(), (size != 0).tobytes())
        if key not in self._known:
            found = classes(tree, shown)
            inner = Table(size, size, size).inner
            known = _sums_of_classes(tree, found, tree.own(size[place][:, inner]) != 0, shown.shape[1])
            back = np.zeros(known.shape, dtype=bool)
            back[place] = known
            self._known[key] = back
        return self._known[key]

    def _smallest(self, grain: Grain, figures: Figures, told: Told) -> Ints:
        """The size a figure's precision goes by: of staff, the fewest of any week in the period."""
        size = told.ledger[..., SIZE].max(axis=3)
        if not self.nature.staff or grain == "week" or self.told is None:
            return np.asarray(size)
        weekly = self.told.ledger[..., SIZE].max(axis=3)
        for n, period in enumerate(figures.periods):
            for week in self._weeks(grain, period):
                if week in self.week_at:
                    each = weekly[self.week_at[week]]
                    size[n] = np.where(each > 0, np.minimum(size[n], each), size[n])
        return np.asarray(size)

    def _place(self, tree: Tree) -> Ints:
        """For each unit of the tree its place in the series."""
        if id(tree) not in self.places:
            where = {u: n for n, u in enumerate(self.series.units)}
            self.places[id(tree)] = np.array([where[u] for u in tree.units], dtype=np.int64)
        return self.places[id(tree)]


def _sums_of_classes(tree: Tree, found: Ints, filled: Bools, columns: int) -> Bools:
    """Cells that hold some parts, and every class of theirs wholly; shape (units, columns)."""
    ids, which = np.unique(found, return_inverse=True)
    which = which.reshape(found.shape)
    marks = np.zeros((*found.shape, len(ids)), dtype=np.int64)
    np.put_along_axis(marks, which[..., None], filled[..., None].astype(np.int64), axis=2)
    inside = np.einsum("uv,vci->uci", tree.below.astype(np.int64), marks)
    if columns > 1:
        inside = np.concatenate([inside.sum(axis=1, keepdims=True), inside], axis=1)
    whole = (inside == 0) | ((inside == marks.sum(axis=(0, 1))) & (ids != 0))
    return np.asarray(whole.all(axis=2) & (inside > 0).any(axis=2))


def columns_of(case_types: Sequence[str]) -> tuple[str, ...]:
    """Columns of a series: all case types together first."""
    return ("*", *sorted(set(case_types) - {"*"}))
