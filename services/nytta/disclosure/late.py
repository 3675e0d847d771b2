"""Late data: what a period that was told takes over, and what waits."""

from __future__ import annotations

from datetime import date

import numpy as np

from nytta.disclosure.figures import DENOMINATOR, NUMERATOR, SIZE, Figures, Grain
from nytta.disclosure.pattern import Parts, Table, classes
from nytta.disclosure.periods import Periods
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Ints, Tree
from nytta.disclosure.weeks import Weeks


def release(
    periods: Periods, rules: Rules, tree: Tree, figures: Figures, n: int, live: Ints, *, apart: bool, may: bool
) -> tuple[Ints, Bools, Bools]:
    """The ledger of a period told before, the cells that late data wait for, and the parts that took over.

    A class of parts takes over `live` figures only where it `may` this week, at least k are concerned and enough of
    them are left. `apart`: classes are told apart by the longer periods around too.
    """
    place, nature = periods.place(tree), periods.nature
    table = Table(live[place].max(axis=2)[..., SIZE], figures.handlers[n][place], figures.most[n][place])
    parts = Parts.of(tree, table)
    inner = table.inner
    now, then = tree.own(live[place][:, inner]), tree.own(figures.told[n][place][:, inner])
    found = _told_apart(periods, tree, figures, n) if apart else classes(tree, figures.shown[n][place])
    differs = (now != then).any(axis=(2, 3))
    waiting = np.zeros(found.shape, dtype=bool)
    for each in np.unique(found[differs]):
        where = found == each
        if not each:
            continue
        change = np.abs((now[where] - then[where]).sum(axis=0))
        if not change.any():
            continue
        heads = change if nature.heads else change[:, DENOMINATOR:]
        if not (may and int(heads.max()) >= rules.k and parts.enough(where, rules)):
            waiting |= where
    kept = np.where(waiting[..., None, None], then, now)
    held = np.zeros(figures.shown[n].shape, dtype=bool)
    ledger = live.copy()
    if waiting.any():
        rows = tree.total(kept)
        under = np.einsum("uv,vc->uc", tree.below, waiting, dtype=np.int64) > 0
        cells = np.zeros((len(tree.parent), len(periods.series.columns)), dtype=bool)
        cells[:, inner] = under
        cells[:, 0] = under.any(axis=1)
        full = live[place].copy()
        full[:, inner] = rows
        if table.size.shape[1] > 1:
            full[:, 0] = rows.sum(axis=1)
        if nature.middles:
            stays = np.where(cells[..., None], figures.told[n][place][..., NUMERATOR], live[place][..., NUMERATOR])
            full[..., NUMERATOR] = stays
        ledger[place], held[place] = full, cells
    taken = np.zeros(held.shape, dtype=bool)
    cells = taken[place]
    cells[:, inner] = differs & ~waiting & (found != 0)
    taken[place] = cells
    return ledger, held, taken


def _told_apart(periods: Periods, tree: Tree, figures: Figures, n: int) -> Ints:
    """Classes of a week of cases, as the periods around it tell them apart that were shown."""
    place = periods.place(tree)
    found = classes(tree, figures.shown[n][place])
    week = figures.periods[n]
    for grain, longer in periods.series.grains.items():
        for m, period in enumerate(longer.periods):
            if grain != "week" and longer.shown[m].any() and periods.meets(grain, period, week):
                then = periods.tree_at(period)
                around = np.zeros(periods.inner(longer.shown[m]).shape, dtype=np.int64)
                around[periods.place(then)] = classes(then, longer.shown[m][periods.place(then)])
                # an odd factor for each period, so that two of them never cancel
                found = found ^ (around[place] * (2 * period.toordinal() + 1))
    return found


def waiting(weeks: Weeks, grain: Grain, period: date, tree: Tree) -> Bools:
    """Cells of a longer period for which a week of theirs waits; shape (units, columns)."""
    held: Bools = np.zeros(weeks.size.shape[1:], dtype=bool)
    place = weeks.periods.place(tree)
    late = (weeks.late[weeks.periods.weeks_of(grain, period)] != 0).any(axis=(0, 3, 4))[place]
    held[place] = np.einsum("uv,vc->uc", tree.below, late, dtype=np.int64) > 0
    return held


def without_late(weeks: Weeks, grain: Grain, period: date, live: Ints) -> Ints:
    """Figures of a longer period without what its weeks still wait for."""
    nature = weeks.periods.nature
    if not (nature.adds or nature.flows):
        return live
    late: Ints = weeks.late[weeks.periods.weeks_of(grain, period)].sum(axis=0)
    if not late.any():
        return live
    tree = weeks.periods.tree_at(period)
    place = weeks.periods.place(tree)
    rows = np.zeros_like(live)
    rows[place] = tree.total(late[place])
    return live - (rows if nature.adds else rows * np.array([1, 0, 0]))
