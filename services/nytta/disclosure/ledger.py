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

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from nytta.disclosure.figures import GRAINS, SIZE, Figures, Floats, Grain, Nature, Series, Told
from nytta.disclosure.late import release, waiting, without_late
from nytta.disclosure.months import Months
from nytta.disclosure.pattern import Patterns, Table, unsafe
from nytta.disclosure.periods import Periods
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree
from nytta.disclosure.weeks import Weeks
from nytta.disclosure.windows import Windows

_QUARTER = 13
_STEADY, _STILL = 0.25, 0.4
"""A cell's weeks begin to be shown at four times k cases a week, and are while there are two and a half times k: then
fewer than k come once in 5,000 weeks (Poisson)."""


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
        book = _Book(Periods(series, nature, tree_at), own, this_week, patterns)
        return {grain: book.settle(grain) for grain in GRAINS if grain in series.grains}

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
    def __init__(self, periods: Periods, rules: Rules, this_week: date, patterns: Patterns) -> None:
        self.periods, self.rules, self.patterns = periods, rules, patterns
        self.nature, self.today = periods.nature, this_week.toordinal()
        self.of_cases = self.nature.adds and not self.nature.staff
        self.weeks: Weeks | None = None
        self.months: Months | None = None
        self.windows: Windows | None = None

    def settle(self, grain: Grain) -> Told:
        """Decide the periods of a grain, one after the other; weeks come first."""
        figures = self.periods.series.grains[grain]
        told = _as_before(figures)
        if grain == "week":
            self.weeks = Weeks(self.periods, told)
        elif self.weeks and self.of_cases and grain == "month":
            known_of = partial(without_late, self.weeks, "month")
            self.months = Months(self.periods, self.weeks, self.rules, self.patterns, figures, known_of)
        elif self.weeks and self.of_cases:
            self.windows = Windows(self.periods, self.weeks, self.rules, self.patterns)
        for n, period in enumerate(figures.periods):
            live = figures.live[n]
            if self.weeks and grain != "week":
                live = without_late(self.weeks, grain, period, live)
            self._settle_period(grain, n, period, live, figures, told)
            if grain == "window" and self.windows:
                tree = self.periods.tree_at(period)
                place = self.periods.place(tree)
                self.windows.tell(period, tree, told.shown[n][place], told.ledger[n][place].max(axis=2)[..., SIZE])
        if grain == "week" and self.weeks:
            self.weeks.end(figures)
        return replace(told, smallest=self._smallest(grain, figures, told))

    def _settle_period(self, grain: Grain, n: int, period: date, live: Ints, figures: Figures, told: Told) -> None:
        tree = self.periods.tree_at(period)
        place = self.periods.place(tree)
        before, seen = figures.told[n], figures.shown[n]
        first = not figures.known[n].any()
        if not first and np.array_equal(live, before):
            return
        ledger, held = live, np.zeros(seen.shape, dtype=bool)
        if not first and self.of_cases and grain != "week" and self.weeks:
            # a window follows its weeks, which let nothing through; what is late to a month may lie outside its weeks
            held = waiting(self.weeks, grain, period, tree)
            ledger = before if grain == "month" else live
        elif not first:
            may = int(figures.changed[n]) < self.today
            apart = self.of_cases and grain == "week"
            ledger, held, taken = release(self.periods, self.rules, tree, figures, n, live, apart=apart, may=may)
            told.restated[n] |= taken
        told.ledger[n], told.held[n] = ledger, held
        if grain == "week" and self.weeks:
            self.weeks.tell(n, ledger)
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
        if grain == "window" and self.windows:
            chosen = self.windows.choose(period, tree, table, keep, allowed[place])
        else:
            chosen = self.patterns.choose(tree, table, self.rules, keep, allowed[place])
        if seen.any() and unsafe(tree, old, self.rules, chosen):
            chosen = seen[place]
        enough = table.size >= self.rules.k
        enough &= (table.handlers >= self.rules.handlers) & (table.most <= self.rules.most * table.size)
        chosen &= seen[place] | (enough & ~tree.grouped[:, None])
        told.shown[n] = False
        told.shown[n][place] = chosen

    def _bounds(self, grain: Grain, period: date, n: int, tree: Tree, place: Ints) -> tuple[Bools, Bools]:
        """Cells that may be shown, and cells that are known already whatever is shown."""
        shape = self.periods.series.grains[grain].shown[n].shape
        free, none = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
        if self.weeks is None:
            return free, none
        if grain == "week":
            steady = self.of_cases and self.nature.window_weeks > 1
            return (self._steady(self.weeks, n, tree, place) if steady else free), none
        if self.nature.middles:
            return free, none
        if self.nature.staff:
            weeks = self.periods.weeks_of(grain, period)
            return (self.weeks.told.shown[weeks] | (self.weeks.size[weeks] == 0)).all(axis=0), none
        if self.months and grain == "month":
            return self.months.allowed(period, tree), none
        return self.windows.bounds(period, tree) if self.windows else (free, none)

    def _steady(self, weeks: Weeks, n: int, tree: Tree, place: Ints) -> Bools:
        """Cells that weeks may show: those large enough to be shown in every week, by what the last quarter had.

        A unit that is shown in some weeks only would lose the windows around them, so that it is shown in windows.
        """
        quarter = range(max(0, n - _QUARTER + 1), n + 1)
        recent = self.periods.inner(np.mean([weeks.parts(week)[place] for week in quarter], axis=0))
        found: Bools = np.zeros(weeks.size.shape[1:], dtype=bool)
        found[place] = self._large(tree, recent, _STEADY)
        if n:
            stays = self._large(tree, recent, _STILL)
            found[place] |= stays & weeks.told.shown[n - 1][place]
        return found

    def _large(self, tree: Tree, recent: Floats, share: float) -> Bools:
        """Cells of which this share of the mean would be shown."""
        rows = tree.total(np.floor(share * recent).astype(np.int64))
        if len(self.periods.series.columns) > 1:
            rows = np.concatenate([rows.sum(axis=1, keepdims=True), rows], axis=1)
        nobody = np.zeros_like(rows)
        return self.patterns.choose(tree, Table(rows, nobody, nobody), self.rules.for_staff, None, None)

    def _smallest(self, grain: Grain, figures: Figures, told: Told) -> Ints:
        """The size a figure's precision goes by: of staff, the fewest of any week in the period."""
        size = told.ledger[..., SIZE].max(axis=3)
        if not self.nature.staff or grain == "week" or self.weeks is None:
            return np.asarray(size)
        for n, period in enumerate(figures.periods):
            for week in self.periods.weeks_of(grain, period):
                each = self.weeks.size[week]
                size[n] = np.where(each > 0, np.minimum(size[n], each), size[n])
        return np.asarray(size)


def _as_before(figures: Figures) -> Told:
    """What was told of the figures before."""
    shape = figures.there.shape[:3]
    return Told(
        figures.told.copy(),
        figures.shown.copy(),
        np.zeros(shape, dtype=bool),
        np.zeros(shape, dtype=np.int64),
        figures.changed.copy(),
        figures.restated.copy(),
    )
