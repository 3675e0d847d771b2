"""What the open zone may know of one indicator in one system: a ledger of exact figures, and which cells are shown.

Everything published is computed from the ledger, never from live figures, so that no two published rows differ by data
that came in between. A period enters the ledger as it stands when it is first published. After that a class of parts
(see `pattern`) takes over live figures only when that concerns at least k persons or cases, leaves enough of them, and
the period was not restated this week already; else its late data wait, and its rows say so. What nobody could tell
apart so far follows live figures freely. A cell that was shown stays shown.

Periods that lie in one another are not published freely either, or their differences would be shorter periods:

- *Staff* are the same persons however long the period: a month or a window is shown where all its weeks are, and
  where the persons of the period itself allow it (somebody who moved counts in two units, and once above them).
- *Cases* of a longer period are its shorter periods' cases. A window or month whose weeks are all known is their sum
  and tells nothing more; of a month, the days that its first and last week leave over must be many enough too. A window
  none of whose weeks is known is shown when it is full and its last week is not empty: two such windows differ by
  signed weeks, never by one. Windows of which some weeks are known are not shown; so weeks show only what is steadily
  large enough for them.
- A median is no sum; its periods are judged each for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from nytta.disclosure.knowledge import Knowledge, Masks
from nytta.disclosure.pattern import Parts, Patterns, Table, classes, unsafe
from nytta.disclosure.rules import Rules
from nytta.disclosure.timeline import Timeline
from nytta.disclosure.tree import Bools, Ints, Tree

Grain = Literal["week", "month", "window"]

NUMERATOR, DENOMINATOR, SIZE = 0, 1, 2
"""Places in the last axis of figures."""

Floats = npt.NDArray[np.float64]
_GRAINS: tuple[Grain, ...] = ("week", "month", "window")

Cells = TypeVar("Cells", Ints, Bools, Floats)

_WEEK = timedelta(weeks=1)

_ROUNDS = 12
_QUARTER = 13
_STEADY, _STILL = 0.25, 0.4
"""A cell's weeks begin to be shown at four times k cases a week, and are while there are two and a half times k: then
fewer than k come once in 5,000 weeks (Poisson)."""


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
    restated: Bools
    """Parts (units' own, in their columns) that took over late data after they had been shown in a figure."""


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
    restated: Bools


def disclose(
    series: Series,
    nature: Nature,
    tree_at: Callable[[date], Tree],
    rules: Rules,
    this_week: date,
    patterns: Patterns,
) -> dict[Grain, Told]:
    """Decide all periods of a series.

    `tree_at` gives the hierarchy of a day, the same tree for the same hierarchy; `this_week` is the publication's, and
    `patterns` the choices made in it.
    """
    own = rules.for_staff if nature.staff else rules

    def settled() -> dict[Grain, Told]:
        book = _Book(series, nature, tree_at, own, this_week, patterns)
        return {grain: book.settle(grain) for grain in _GRAINS if grain in series.grains}

    if any(figures.known.any() for figures in series.grains.values()):
        return settled()
    # nothing is told yet: who is counted decides all, and what they did nothing
    key = (replace(nature, heads=False), tree_at, this_week, series.units, series.columns, *_population(series))
    return {
        grain: replace(told, ledger=series.grains[grain].live.copy())
        for grain, told in patterns.once(key, settled).items()
    }


def _population(series: Series) -> Iterator[Hashable]:
    for grain, figures in series.grains.items():
        sizes = figures.live[..., SIZE].max(axis=3)
        yield (
            grain,
            figures.periods,
            *(a.tobytes() for a in (sizes, figures.handlers, figures.most, figures.there.any(axis=3))),
        )


class _Book:
    def __init__(
        self,
        series: Series,
        nature: Nature,
        tree_at: Callable[[date], Tree],
        rules: Rules,
        this_week: date,
        patterns: Patterns,
    ) -> None:
        self.series, self.nature, self.rules, self.patterns = series, nature, rules, patterns
        self.tree_at, self.today = tree_at, this_week.toordinal()
        self.weeks = series.grains.get("week")
        self.places: dict[Tree, Ints] = {}
        self.week_at: dict[date, int] = {p: n for n, p in enumerate(self.weeks.periods)} if self.weeks else {}
        self.told: Told | None = None
        self.late: Ints = np.zeros(0, dtype=np.int64)
        self.size: Ints = np.zeros(0, dtype=np.int64)
        self.shown_weeks: Bools = np.zeros(0, dtype=bool)
        self.open_cases = nature.adds and not nature.staff
        self.windows: list[tuple[int, Knowledge]] = []
        self._weekly: dict[int, Knowledge] = {}
        self._lines: dict[bytes, Timeline] = {}
        self._cells_of: dict[Tree, Masks] = {}
        self._own: dict[tuple[int, bytes], Ints] = {}

    def settle(self, grain: Grain) -> Told:
        figures = self.series.grains[grain]
        shape = figures.there.shape[:3]
        told = Told(
            figures.told.copy(),
            figures.shown.copy(),
            np.zeros(shape, dtype=bool),
            figures.told[..., 0, SIZE].copy() if figures.told.size else np.zeros(shape, dtype=np.int64),
            figures.changed.copy(),
            figures.restated.copy(),
        )
        if grain == "week":
            self.size = told.ledger[..., SIZE].max(axis=3)
            self.shown_weeks = told.shown
        for n, period in enumerate(figures.periods):
            live = self._without_late(grain, period, figures.live[n])
            self._settle_period(grain, n, period, live, figures, told)
            if grain == "window" and self.open_cases:
                tree = self.tree_at(period)
                place = self._place(tree)
                size = told.ledger[n][place].max(axis=2)[..., SIZE]
                self.windows.append((self.week_at[period], self._classes(tree, told.shown[n][place], size)))
        if grain == "week":
            self.told = told
            self.late = self._late_parts(figures, told.ledger)
        smallest = self._smallest(grain, figures, told)
        return Told(told.ledger, told.shown, told.held, smallest, told.changed, told.restated)

    def _settle_period(self, grain: Grain, n: int, period: date, live: Ints, figures: Figures, told: Told) -> None:
        tree = self.tree_at(period)
        place = self._place(tree)
        before, seen = figures.told[n], figures.shown[n]
        first = not figures.known[n].any()
        if not first and np.array_equal(live, before):
            return
        ledger, held = live, np.zeros(seen.shape, dtype=bool)
        if not first and self.open_cases and grain != "week":
            # a window follows its weeks, which let nothing through; what is late to a month may lie outside its weeks
            held = self._waiting(grain, period, tree)
            ledger = before if grain == "month" else live
        elif not first:
            may = int(figures.changed[n]) < self.today
            ledger, held, taken = self._release(tree, place, figures, n, live, may)
            told.restated[n] |= taken
        told.ledger[n], told.held[n] = ledger, held
        if grain == "week":
            self.size[n] = ledger[..., SIZE].max(axis=2)
        if not first and np.array_equal(ledger, before):
            return
        told.changed[n] = self.today
        allowed, forced = self._bounds(grain, period, n, tree, place)
        table = Table(ledger[place].max(axis=2)[..., SIZE], figures.handlers[n][place], figures.most[n][place])
        keep = seen[place] | forced[place]
        old = Table(before[place].max(axis=2)[..., SIZE], table.handlers, table.most)
        if seen.any():
            # a cell shown beside what others were before would tell what the hidden ones were
            allowed = allowed & (seen | (before.max(axis=2)[..., SIZE] == 0))
            keep = seen[place] | (forced[place] & allowed[place])
        chosen = self._chosen(grain, period, tree, table, keep, allowed[place])
        if seen.any() and unsafe(tree, old, self.rules, chosen):
            chosen = seen[place]
        enough = table.size >= self.rules.k
        enough &= (table.handlers >= self.rules.handlers) & (table.most <= self.rules.most * table.size)
        chosen &= seen[place] | (enough & ~tree.grouped[:, None])
        told.shown[n] = False
        told.shown[n][place] = chosen

    def _chosen(self, grain: Grain, period: date, tree: Tree, table: Table, keep: Bools, allowed: Bools) -> Bools:
        """The cells to show; of windows of cases, those that do not tell of shorter stretches of time."""
        chosen = self.patterns.choose(tree, table, self.rules, keep, allowed)
        if grain != "window" or not self.open_cases:
            return chosen
        allowed = allowed.copy()
        for number in range(_ROUNDS):
            bad = self._revealing(period, tree, table, chosen)
            if not bad:
                return chosen
            for where in bad:
                self._forbid(tree, where, chosen & ~keep, allowed)
            if number == _ROUNDS // 2:
                allowed[:, 1:] = False  # units without their case types are much, and sooner safe
            chosen = self.patterns.choose(tree, table, self.rules, keep, allowed)
        return keep

    # late data

    def _release(
        self, tree: Tree, place: Ints, figures: Figures, n: int, live: Ints, may: bool
    ) -> tuple[Ints, Bools, Bools]:
        """The ledger of a period published before, the cells that late data wait for, and the parts that took over."""
        table = Table(live[place].max(axis=2)[..., SIZE], figures.handlers[n][place], figures.most[n][place])
        parts = Parts.of(tree, table)
        inner = table.inner
        now, then = tree.own(live[place][:, inner]), tree.own(figures.told[n][place][:, inner])
        found = self._told_apart(tree, place, figures, n)
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
        taken = np.zeros(held.shape, dtype=bool)
        cells = taken[place]
        cells[:, inner] = differs & ~waiting & (found != 0)
        taken[place] = cells
        return ledger, held, taken

    def _told_apart(self, tree: Tree, place: Ints, figures: Figures, n: int) -> Ints:
        """Classes of a period; of a week of cases, as the periods around it tell them apart that were shown."""
        found = classes(tree, figures.shown[n][place])
        if not self.open_cases or figures is not self.weeks:
            return found
        week = figures.periods[n]
        for grain, longer in self.series.grains.items():
            for m, period in enumerate(longer.periods):
                if grain != "week" and longer.shown[m].any() and self._meets(grain, period, week):
                    then = self.tree_at(period)
                    around = np.zeros(self._inner(longer.shown[m]).shape, dtype=np.int64)
                    around[self._place(then)] = classes(then, longer.shown[m][self._place(then)])
                    # an odd factor for each period, so that two of them never cancel
                    found = found ^ (around[place] * (2 * period.toordinal() + 1))
        return found

    def _meets(self, grain: Grain, period: date, week: date) -> bool:
        """Whether a window or month has days of a week."""
        if grain == "window":
            return period - self.nature.window_weeks * _WEEK < week <= period
        return period < week + _WEEK and week < (period.replace(day=28) + timedelta(days=4)).replace(day=1)

    def _waiting(self, grain: Grain, period: date, tree: Tree) -> Bools:
        """Cells of a longer period for which a week of theirs waits."""
        held: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        weeks = [self.week_at[w] for w in self._weeks(grain, period) if w in self.week_at]
        place = self._place(tree)
        late = (self.late[weeks] != 0).any(axis=(0, 3, 4))[place]
        held[place] = np.einsum("uv,vc->uc", tree.below, late, dtype=np.int64) > 0
        return held

    def _without_late(self, grain: Grain, period: date, live: Ints) -> Ints:
        """Figures of a longer period without what its weeks still wait for."""
        if grain == "week" or self.told is None or not (self.nature.adds or self.nature.flows):
            return live
        weeks = [self.week_at[w] for w in self._weeks(grain, period) if w in self.week_at]
        late: Ints = self.late[weeks].sum(axis=0)
        if not late.any():
            return live
        tree = self.tree_at(period)
        place = self._place(tree)
        rows = np.zeros_like(live)
        rows[place] = tree.total(late[place])
        return live - (rows if self.nature.adds else rows * np.array([1, 0, 0]))

    def _late_parts(self, figures: Figures, ledger: Ints) -> Ints:
        """Of each week, what units add themselves to figures that wait: units may stand elsewhere in longer periods."""
        late = np.zeros_like(ledger)
        for n in np.flatnonzero((figures.live != ledger).any(axis=(1, 2, 3, 4))):
            tree = self.tree_at(figures.periods[n])
            place = self._place(tree)
            late[n, place] = tree.own(figures.live[n][place] - ledger[n][place])
        return late

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

    def _bounds(self, grain: Grain, period: date, n: int, tree: Tree, place: Ints) -> tuple[Bools, Bools]:
        """Cells that may be shown, and cells that are known already whatever is shown."""
        shape = self.series.grains[grain].shown[n].shape
        free, none = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
        if grain == "week" and self.open_cases and self.nature.window_weeks > 1:
            return self._steady(n, tree, place), none
        if grain == "week" or self.told is None or self.nature.middles:
            return free, none
        weeks = [self.week_at[w] for w in self._weeks(grain, period) if w in self.week_at]
        size = self.size
        if self.nature.staff:
            return np.logical_and.reduce([self.told.shown[w] | (size[w] == 0) for w in weeks] or [free]), none
        if not self.open_cases:
            return free, none
        if grain == "month":
            return self._month(period, tree), none
        follows = self._follows(period, tree)
        return follows | ~self._restated(period, tree), follows

    def _follows(self, period: date, tree: Tree) -> Bools:
        """Cells whose window follows from what is known of weeks and earlier windows."""
        place = self._place(tree)
        found: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        start, end = self._ends(period)
        cells = self._cells(tree)
        for n in range(len(cells.parts)):
            line = self._line(cells, n, cells.parts[n], end - 1)
            unit, column = divmod(n, found.shape[1])
            found[place[unit], column] = line.total[end] > line.total[start] and line.joined(start, end)
        return found

    def _restated(self, period: date, tree: Tree) -> Bools:
        """Cells with late data in their window that were told as a difference: it is known what came when."""
        assert self.told is not None
        weeks = [self.week_at[w] for w in self._weeks("window", period) if w in self.week_at]
        place = self._place(tree)
        late: Bools = self._inner(np.asarray(self.told.restated[weeks].any(axis=0)))[place]
        under = np.einsum("uv,vc->uc", tree.below, late, dtype=np.int64) > 0
        found: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        found[place] = under if found.shape[1] == 1 else np.column_stack([under.any(axis=1), under])
        return found

    def _revealing(self, period: date, tree: Tree, table: Table, chosen: Bools) -> list[Bools]:
        """Groups whose window would tell too much of a shorter time."""
        start, end = self._ends(period)
        now = self._classes(tree, chosen, table.size)
        cells = self._cells(tree)
        groups = [(int(n), cells.parts[n]) for n in np.flatnonzero(now.known(cells))]
        others = {where.tobytes(): where for where in now.groups()}
        for week in range(start, end):
            assert self.weeks is not None
            then = self.tree_at(self.weeks.periods[week])
            if then is not tree:  # what a unit was before it took in or lost another is a group of its own
                before = self._cells(then)
                others |= {before.parts[n].tobytes(): before.parts[n] for n in np.flatnonzero(now.known(before))}
        around = [self._week_classes(week) for week in range(start, end)]
        around += [classes_then for last, classes_then in self.windows if last >= start]
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
        last = next((w for w, known in reversed(self.windows) if known.knows(cells, number, where)), -1)
        if last < start:
            return False
        line = self._line(cells, number, where, end - 1)
        leaves = range(max(0, last + 1 - self.nature.window_weeks), start)
        enters = range(last + 1, end)
        for stays, turned in ((leaves, enters), (enters, leaves)):
            around = [self._week_classes(week).around(cells, number, where) for week in turned]
            if min(around, default=-1) >= 0:
                group = line.total[turned.stop] - line.total[turned.start]
                cases = line.total[stays.stop] - line.total[stays.start] + sum(around) - group
                if 0 < cases < self.rules.k:
                    return True
        return False

    def _forbid(self, tree: Tree, where: Bools, free: Bools, allowed: Bools) -> None:
        """Take the smallest shown cell around a group out of the choice, or else one inside or beside it."""
        cells = [(self._cells(tree).parts[u * free.shape[1] + c], u, c) for u, c in np.argwhere(free)]
        around = [each for each in cells if not (where & ~each[0]).any()]
        beside = around or [each for each in cells if (where & each[0]).any()] or cells
        if beside:
            _, unit, column = min(beside, key=lambda each: int(each[0].sum()))
            allowed[unit, column] = False

    def _line(self, cells: Masks, number: int, where: Bools, week: int) -> Timeline:
        """The timeline of a group with all that is known of it up to a week; `number` is its place among the cells."""
        key = where.tobytes()
        if key not in self._lines:
            assert self.weeks is not None
            sizes = [self._inner(self._parts(w))[where].sum() for w in range(len(self.weeks.periods))]
            self._lines[key] = Timeline(np.array(sizes, dtype=np.int64))
        line = self._lines[key]
        while line.weeks <= week:
            n = line.weeks
            if line.total[n] == line.total[n + 1] or self._week_classes(n).knows(cells, number, where):
                line.join(n, n + 1)
            line.weeks += 1
        while line.windows < len(self.windows) and self.windows[line.windows][0] <= week:
            end, classes_then = self.windows[line.windows]
            if classes_then.knows(cells, number, where):
                line.join(max(0, end - self.nature.window_weeks + 1), end + 1)
            line.windows += 1
        return line

    def _ends(self, period: date) -> tuple[int, int]:
        """First and last moment of a window, as numbers of weeks."""
        last = self.week_at[period]
        return max(0, last - self.nature.window_weeks + 1), last + 1

    def _inner(self, cells: Cells) -> Cells:
        return cells[:, 1:] if cells.shape[1] > 1 else cells

    def _cells(self, tree: Tree) -> Masks:
        """The cells of a tree as the parts that they count."""
        if tree not in self._cells_of:
            columns = self.size.shape[2]
            parts = np.zeros((len(tree.parent), columns, *self._inner(self.size[0]).shape), dtype=bool)
            place = self._place(tree)
            for unit in range(len(tree.parent)):
                under = place[tree.below[unit]]
                parts[unit, 0, under] = True
                for column in range(1, columns):
                    parts[unit, column, under, column - 1] = True
            self._cells_of[tree] = Masks(parts.reshape(-1, *parts.shape[2:]))
        return self._cells_of[tree]

    def _classes(self, tree: Tree, shown: Bools, size: Ints) -> Knowledge:
        place = self._place(tree)
        found = np.zeros(self._inner(self.size[0]).shape, dtype=np.int64)
        own = np.zeros(found.shape, dtype=np.int64)
        found[place] = classes(tree, shown)
        own[place] = tree.own(self._inner(size))
        return Knowledge(found, own)

    def _week_classes(self, week: int) -> Knowledge:
        assert self.told is not None
        assert self.weeks is not None
        if week not in self._weekly:
            tree = self.tree_at(self.weeks.periods[week])
            place = self._place(tree)
            self._weekly[week] = self._classes(tree, self.told.shown[week][place], self.size[week][place])
        return self._weekly[week]

    def _steady(self, n: int, tree: Tree, place: Ints) -> Bools:
        """Cells that weeks may show: those large enough to be shown in every week, by what the last quarter had.

        A unit that is shown in some weeks only would lose the windows around them, so that it is shown in windows.
        """
        weeks = range(max(0, n - _QUARTER + 1), n + 1)
        recent = self._inner(np.mean([self._parts(week)[place] for week in weeks], axis=0))
        found: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        found[place] = self._large(tree, recent, _STEADY)
        if n:
            stays = self._large(tree, recent, _STILL)
            found[place] |= stays & self.shown_weeks[n - 1][place]
        return found

    def _large(self, tree: Tree, recent: Floats, share: float) -> Bools:
        """Cells of which this share of the mean would be shown."""
        rows = tree.total(np.floor(share * recent).astype(np.int64))
        if self.size.shape[2] > 1:
            rows = np.concatenate([rows.sum(axis=1, keepdims=True), rows], axis=1)
        nobody = np.zeros_like(rows)
        return self.patterns.choose(tree, Table(rows, nobody, nobody), self.rules.for_staff, None, None)

    def _month(self, period: date, tree: Tree) -> Bools:
        """Cells all of whose weeks are known, and whose days in the weeks that the month cuts are many enough."""
        end = (period.replace(day=28) + timedelta(days=4)).replace(day=1)
        monday = period - timedelta(days=period.weekday())
        ok = np.ones(self.size.shape[1:], dtype=bool)
        while monday < end:
            week = self.week_at.get(monday)
            if week is not None:
                ok &= self._known_cells(week, tree) | (self._sizes(week, tree) == 0)
            monday += _WEEK
        for cut in (period, end):
            if cut.weekday():
                ok &= self._cut(cut, tree)
        return ok

    def _cut(self, day: date, tree: Tree) -> Bools:
        """Cells of which the days of a week before `day`, and those from it on, may be shown apart."""
        ok = np.ones(self.size.shape[1:], dtype=bool)
        week = self.week_at.get(day - timedelta(days=day.weekday()))
        if week is None:
            return ok
        left: Ints = np.zeros(ok.shape, dtype=np.int64)
        for each in range(week):
            left -= self._parts(each)
        months = self.series.grains["month"]
        for n, month in enumerate(months.periods):
            if month < day:
                then = self.tree_at(month)
                place = self._place(then)
                rows = self._without_late("month", month, months.live[n])[..., SIZE].max(axis=2)
                left[place] += then.own(rows[place])
        place = self._place(tree)
        known = self._known_cells(week, tree)[place]
        for side in (left, self._parts(week) - left):
            rows = tree.total(side[place])
            nobody = np.zeros_like(rows)
            chosen = self.patterns.choose(tree, Table(rows, nobody, nobody), self.rules.for_staff, None, known)
            ok[place] &= chosen | (rows == 0)
        return ok

    def _parts(self, week: int) -> Ints:
        """How much each unit adds itself to the ledger of a week; shape (units, columns)."""
        assert self.weeks is not None
        size = self.size[week]
        key = (week, size.tobytes())
        if key not in self._own:
            then = self.tree_at(self.weeks.periods[week])
            place = self._place(then)
            own = np.zeros_like(size)
            own[place] = then.own(size[place])
            self._own[key] = own
        return self._own[key]

    def _sizes(self, week: int, tree: Tree) -> Ints:
        """The ledger of a week as it adds up in another tree; shape (units, columns)."""
        place = self._place(tree)
        rows: Ints = np.zeros_like(self.size[week])
        rows[place] = tree.total(self._parts(week)[place])
        return rows

    def _known_cells(self, week: int, tree: Tree) -> Bools:
        """Cells of `tree` whose figures in a week follow from what is shown of it."""
        known: Bools = np.zeros(self.size.shape[1:], dtype=bool)
        known[self._place(tree)] = self._week_classes(week).known(self._cells(tree)).reshape(-1, known.shape[1])
        return known

    def _smallest(self, grain: Grain, figures: Figures, told: Told) -> Ints:
        """The size a figure's precision goes by: of staff, the fewest of any week in the period."""
        size = told.ledger[..., SIZE].max(axis=3)
        if not self.nature.staff or grain == "week" or self.told is None:
            return np.asarray(size)
        weekly = self.size
        for n, period in enumerate(figures.periods):
            for week in self._weeks(grain, period):
                if week in self.week_at:
                    each = weekly[self.week_at[week]]
                    size[n] = np.where(each > 0, np.minimum(size[n], each), size[n])
        return np.asarray(size)

    def _place(self, tree: Tree) -> Ints:
        """For each unit of the tree its place in the series."""
        if tree not in self.places:
            where = {u: n for n, u in enumerate(self.series.units)}
            self.places[tree] = np.array([where[u] for u in tree.units], dtype=np.int64)
        return self.places[tree]


def columns_of(case_types: Sequence[str]) -> tuple[str, ...]:
    """Columns of a series: all case types together first."""
    return ("*", *sorted(set(case_types) - {"*"}))
