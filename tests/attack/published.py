"""What a world publishes, week by week, through the gate or through primary suppression alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from nytta.disclosure.figures import DENOMINATOR, NUMERATOR, SIZE, Figures, Grain, Nature, Series, Told
from nytta.disclosure.gate import Exact, Gated, gate
from nytta.disclosure.ledger import disclose
from nytta.disclosure.pattern import Patterns
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Tree
from tests.attack.world import FIRST, World, monday

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Population = Literal["staff", "cases"]
Gate = Callable[[Series, Nature, Callable[[date], Tree], Rules, date, Patterns], dict[Grain, Told]]

STAFF = Nature(staff=True, adds=False, flows=False, heads=True, middles=False, window_weeks=2)
CASES = Nature(staff=False, adds=True, flows=True, heads=True, middles=False, window_weeks=3)


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure, and the records that it counts (rows of the world's table, with their state)."""

    publication: int
    grain: Grain
    period: date
    unit: str
    column: int
    value: float
    low: float
    high: float
    band: str
    status: str
    numerator: int
    denominator: int
    size: int


@dataclass
class Published:
    """Everything that was ever published of a population, and what the cells behind it were like at the time."""

    world: World
    population: Population
    rows: list[Row] = field(default_factory=list)
    cells: int = 0
    shown: int = 0
    suppressed: int = 0
    grouped: int = 0
    books: list[dict[Grain, Told]] = field(default_factory=list)
    lives: list[dict[Grain, Figures]] = field(default_factory=list)
    units: tuple[str, ...] = ()


def primary(
    series: Series,
    nature: Nature,
    tree_at: Callable[[date], Tree],
    rules: Rules,
    this_week: date,
    patterns: Patterns,
) -> dict[Grain, Told]:
    """Primary suppression alone, live figures: what the gate is measured against."""
    told: dict[Grain, Told] = {}
    rules = rules.for_staff if nature.staff else rules
    for grain, figures in series.grains.items():
        size = figures.live[..., SIZE].max(axis=3)
        shown = (size >= rules.k) & (figures.handlers >= rules.handlers) & (figures.most <= rules.most * size)
        for n, period in enumerate(figures.periods):
            tree = tree_at(period)
            place = [series.units.index(u) for u in tree.units]
            shown[n, place] &= ~tree.grouped[:, None]
        changed = np.full(len(figures.periods), this_week.toordinal())
        told[grain] = Told(figures.live, shown, np.zeros_like(shown), size, changed, np.zeros_like(shown))
    return told


def publish(world: World, population: Population, through: Gate = disclose, every: int = 1) -> Published:
    """Publish every closed week, `every` weeks apart, and keep what was shown."""
    nature = STAFF if population == "staff" else CASES
    out = Published(world, population, units=world.hierarchy.units)
    before: dict[Grain, Figures] = {}
    for publication in range(every, world.weeks + 1, every):
        live = live_figures(world, population, publication, nature)
        series = Series(out.units, ("*",) if population == "staff" else ("*", "a", "b"), _with_ledger(live, before))
        told = through(series, nature, world.hierarchy.at, Rules(), monday(publication), Patterns())
        before = {
            grain: Figures(
                f.periods,
                f.live,
                f.handlers,
                f.most,
                f.there,
                told[grain].ledger,
                f.there,
                told[grain].shown,
                told[grain].changed,
                told[grain].restated,
            )
            for grain, f in series.grains.items()
        }
        out.books.append(told)
        out.lives.append(series.grains)
        _collect(out, publication, series, told, nature)
    return out


def live_figures(world: World, population: Population, publication: int, nature: Nature) -> dict[Grain, Figures]:
    """All closed periods as they are known at a publication."""
    found: dict[Grain, Figures] = {}
    ended = monday(publication)
    periods: dict[Grain, list[date]] = {
        "week": [monday(w) for w in range(publication)],
        "window": [monday(w) for w in range(publication)],
        "month": [
            m for m in (date(2026, n, 1) for n in range(1, 13)) if (m + timedelta(days=32)).replace(day=1) <= ended
        ],
    }
    for grain, its in periods.items():
        if not its:
            continue
        figures = [
            (_staff if population == "staff" else _cases)(world, publication, *span(grain, p, nature), p) for p in its
        ]
        live, handlers, most = (np.stack(column) for column in zip(*figures, strict=True))
        shape = live.shape[:3]
        there = live[..., SIZE] > 0
        if population == "cases" and grain == "week":
            there = np.logical_or.accumulate(there, axis=0)
        found[grain] = Figures(
            tuple(its),
            live,
            handlers,
            most,
            there,
            np.zeros_like(live),
            np.zeros_like(there),
            np.zeros(shape, dtype=bool),
            np.zeros(len(its), dtype=np.int64),
            np.zeros(shape, dtype=bool),
        )
    return found


def span(grain: Grain, period: date, nature: Nature) -> tuple[int, int]:
    """First day and first day after, counted from the first week."""
    first = (period - FIRST).days
    if grain == "week":
        return first, first + 7
    if grain == "window":
        return first - 7 * (nature.window_weeks - 1), first + 7
    return first, ((period + timedelta(days=32)).replace(day=1) - FIRST).days


def _with_ledger(live: dict[Grain, Figures], before: dict[Grain, Figures]) -> dict[Grain, Figures]:
    found = {}
    for grain, f in live.items():
        told, known, shown, changed = f.told.copy(), f.known.copy(), f.shown.copy(), f.changed.copy()
        restated = f.restated.copy()
        if grain in before:
            n = len(before[grain].periods)
            told[:n], known[:n] = before[grain].told, before[grain].known
            shown[:n], changed[:n] = before[grain].shown, before[grain].changed
            restated[:n] = before[grain].restated
        found[grain] = Figures(
            f.periods, f.live, f.handlers, f.most, f.there | known, told, known, shown, changed, restated
        )
    return found


def paths(world: World, period: date) -> npt.NDArray[np.int64]:
    """`paths[unit of the world, unit of the hierarchy]`: 1 where the first lies in the second at the time."""
    tree = world.hierarchy.at(period)
    place = {u: n for n, u in enumerate(world.hierarchy.units)}
    found = np.zeros((len(world.units), len(place)), dtype=np.int64)
    for n, unit in enumerate(world.units):
        for above in np.flatnonzero(tree.below[:, tree.index[unit]]):
            found[n, place[tree.units[above]]] = 1
    return found


def members(world: World, publication: int, first: int, end: int) -> dict[tuple[int, int], int]:
    """Staff of the days from `first` to `end`: (person, unit) → state as it is known at a publication."""
    s = world.staff
    known = (s.since < publication) & (7 * s.week < end) & (7 * s.week + 7 > first)
    state = np.where(s.corrected < publication, 1 - s.done, s.done)
    found: dict[tuple[int, int], int] = {}
    for person, unit, done in zip(s.person[known], s.unit[known], state[known], strict=True):
        key = (int(person), int(unit))
        found[key] = max(found.get(key, 0), int(done))
    acts: dict[int, int] = {}
    for (person, _), done in found.items():
        acts[person] = max(acts.get(person, 0), done)
    return {(person, unit): acts[person] for person, unit in found}


def _staff(world: World, publication: int, first: int, end: int, period: date) -> tuple[Ints, Ints, Ints]:
    way = paths(world, period)
    size = np.zeros(way.shape[1], dtype=np.int64)
    done = np.zeros(way.shape[1], dtype=np.int64)
    of: dict[int, list[int]] = {}
    state: dict[int, int] = {}
    for (person, unit), acted in members(world, publication, first, end).items():
        of.setdefault(person, []).append(unit)
        state[person] = acted
    for person, units in of.items():
        at = way[units].any(axis=0)
        size += at
        done += at * state[person]
    live = np.stack([done, size, size], axis=1)[:, None, None, :]
    nobody = np.zeros((way.shape[1], 1), dtype=np.int64)
    return live, nobody, nobody


def counted(world: World, publication: int, first: int, end: int) -> Bools:
    """Cases of the days from `first` to `end` that are known at a publication."""
    c = world.cases
    return (c.since < publication) & (c.day >= first) & (c.day < end)


def _cases(world: World, publication: int, first: int, end: int, period: date) -> tuple[Ints, Ints, Ints]:
    way, c = paths(world, period), world.cases
    its = counted(world, publication, first, end)
    own = np.zeros((len(world.units), 2, 3), dtype=np.int64)
    one = np.stack([c.done[its], np.ones(its.sum(), np.int64), np.ones(its.sum(), np.int64)], axis=1)
    np.add.at(own, (c.unit[its], c.kind[its]), one)
    rows = np.einsum("nu,nkf->ukf", way, own)
    live = np.concatenate([rows.sum(axis=1, keepdims=True), rows], axis=1)[:, :, None, :]
    # each unit has hands enough; their rule has tests of its own
    handlers = np.where(live[:, :, 0, SIZE] > 0, 5, 0)
    return live, handlers, live[:, :, 0, SIZE] // 5


def _collect(out: Published, publication: int, series: Series, told: dict[Grain, Told], nature: Nature) -> None:
    """Remember the rows that are other than the last time."""
    known = {(r.grain, r.period, r.unit, r.column): r for r in out.rows}
    last = publication == out.world.weeks
    for grain, figures in series.grains.items():
        book = told[grain]
        at = np.nonzero(figures.there[..., 0])
        ledger = book.ledger[at][:, 0]
        grouped = np.zeros(figures.there.shape[:2], dtype=bool)
        for n, period in enumerate(figures.periods):
            tree = out.world.hierarchy.at(period)
            place = [series.units.index(u) for u in tree.units]
            grouped[n, place] = tree.grouped
        shown = precise(
            ledger, book.smallest[at], figures.handlers[at], figures.most[at], book.shown[at], grouped[at[:2]], nature
        )
        if last:
            out.cells += len(ledger)
            out.shown += int((~np.isnan(shown.value)).sum())
            out.grouped += int((shown.status == "grouped").sum())
            out.suppressed += int((shown.status == "suppressed").sum())
        for i, (p, u, c) in enumerate(zip(*at, strict=True)):
            row = Row(
                publication,
                grain,
                figures.periods[p],
                series.units[u],
                int(c),
                float(shown.value[i]),
                float(shown.low[i]),
                float(shown.high[i]),
                str(shown.n_band[i]),
                str(shown.status[i]),
                *(int(x) for x in ledger[i]),
            )
            old = known.get((row.grain, row.period, row.unit, row.column))
            same = old is not None and (old.status, old.numerator, old.denominator, old.size) == (
                row.status,
                row.numerator,
                row.denominator,
                row.size,
            )
            if not same:
                out.rows.append(row)


def precise(
    ledger: Ints, size: Ints, handlers: Ints, most: Ints, shown: Bools, grouped: Bools, nature: Nature
) -> Gated:
    """Figures of a share at the precision that may be shown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(ledger[:, DENOMINATOR] == 0, np.nan, ledger[:, NUMERATOR] / ledger[:, DENOMINATOR])
    exact = Exact(value, ledger[:, NUMERATOR], ledger[:, DENOMINATOR], size, handlers, most, grouped)
    protects = "staff" if nature.staff else "public"
    return gate(exact, kind="share", protects=protects, scale=1, minimum_denominator=1, shown=shown)
