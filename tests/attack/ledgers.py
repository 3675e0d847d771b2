"""Which records stand behind every published figure, re-told from the world beside the gate's own book-keeping.

The gate keeps numbers; the attack needs to know who is in them. Each part (what a unit adds to its children, per case
type) stands in the ledger as it was known at one publication. Which one shows in its numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from nytta.disclosure.figures import Grain
from tests.attack.algebra import minus, plus
from tests.attack.published import CASES, STAFF, Population, Published, members, span
from tests.attack.world import FIRST, World, monday

Vectors = dict[tuple[int, int], dict[Any, int]]
"""By place of the unit in the hierarchy's list, and inner column."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A figure that was shown, or a cell that was not: its records, at one publication."""

    publication: int
    grain: Grain
    period: date
    unit: str
    column: int
    shown: bool
    records: dict[Any, int]


def record_count(world: World, population: str) -> dict[Any, int]:
    """How many persons or cases a record key stands for; persons one each."""
    if population == "staff":
        return defaultdict(lambda: 1)
    counts: dict[Any, int] = defaultdict(int)
    for key in _case_keys(world):
        counts[key] += 1
    for key in _nobody(world):
        counts[key] = 0
    return counts


def _nobody(world: World) -> Iterator[tuple[Any, ...]]:
    """A record without a case for each unit that handles cases, type and day: whether there were any, nobody knows."""
    for unit in np.unique(world.cases.unit):
        for kind in (0, 1):
            for week in range(world.weeks):
                days = {(FIRST + timedelta(days=7 * week + d)).month for d in range(7)}
                yield from ((int(unit), kind, week, month, -1) for month in sorted(days))


def trace(out: Published) -> list[Shown]:
    """Every cell at every publication that changed its table, with its records."""
    kept: dict[tuple[Grain, date], Vectors] = {}
    found: list[Shown] = []
    last: dict[tuple[Grain, date, str, int], tuple[bool, int, int]] = {}
    every = out.world.weeks // len(out.books)
    for number, (book, live) in enumerate(zip(out.books, out.lives, strict=True), start=1):
        publication = number * every
        weeks_now: dict[date, Vectors] = {}
        for grain in ("week", "month", "window"):
            if grain not in book:
                continue
            for n, period in enumerate(live[grain].periods):
                told = book[grain]
                changed = told.changed[n] == monday(publication).toordinal()
                if not changed and (grain, period) in kept:
                    continue
                tree = out.world.hierarchy.at(period)
                place = np.array([out.units.index(u) for u in tree.units])
                inner = slice(1, None) if told.shown.shape[2] > 1 else slice(0, 1)
                if out.population == "cases" and grain != "week":
                    now = _longer(out, kept, weeks_now, grain, period, publication)
                else:
                    now = _parts(out, grain, period, publication)
                if out.population == "cases" and grain == "week":
                    weeks_now[period] = now
                ledger = tree.own(told.ledger[n][place][:, inner, 0])
                before = kept.get((grain, period), {})
                vectors: Vectors = {}
                for u in range(len(tree.units)):
                    for c in range(ledger.shape[1]):
                        key = (int(place[u]), c)
                        numbers = (int(ledger[u, c, 0]), int(ledger[u, c, 2]))
                        then = before.get(key, {}) if out.population == "staff" or grain != "window" else {}
                        for choice in (now.get(key, {}), then):
                            if _numbers(out, choice) == numbers:
                                vectors[key] = choice
                                break
                        else:
                            raise AssertionError(f"{grain} {period} {tree.units[u]}: nobody knows who {numbers} are")
                kept[grain, period] = vectors
                for u, unit in enumerate(tree.units):
                    under = [int(place[v]) for v in np.flatnonzero(tree.below[u])]
                    for c in range(told.shown.shape[2]):
                        columns = range(ledger.shape[1]) if c == 0 else [c - 1]
                        records = plus(vectors.get((v, k), {}) for v in under for k in columns)
                        shown = bool(told.shown[n, place[u], c])
                        reads = (shown, *_numbers(out, records))
                        # a figure that reads as before is the one published before
                        if records and last.get((grain, period, unit, c)) != reads:
                            last[grain, period, unit, c] = reads
                            found.append(Shown(publication, grain, period, unit, c, shown, records))
    return found


def _numbers(out: Published, vector: dict[Any, int]) -> tuple[int, int]:
    """Numerator and size of a sum of records."""
    counts, done = _counted(out.world, out.population)
    return (
        sum(coefficient * done(key) for key, coefficient in vector.items()),
        sum(coefficient * counts[key] for key, coefficient in vector.items()),
    )


@lru_cache(maxsize=1)
def _counted(world: World, population: Population) -> tuple[dict[Any, int], Callable[[Any], int]]:
    counts = record_count(world, population)
    if population == "staff":
        return counts, lambda key: int(key[1])
    did: Counter[Any] = Counter()
    for key, done in zip(_case_keys(world), world.cases.done.tolist(), strict=True):
        did[key] += done
    return counts, lambda key: did[key]


def _parts(out: Published, grain: Grain, period: date, publication: int) -> Vectors:
    """Records of each part as they are known at a publication."""
    first, end = span(grain, period, STAFF if out.population == "staff" else CASES)
    if out.population == "cases":
        return _cases(out, first, end, publication)
    tree = out.world.hierarchy.at(period)
    place = {u: n for n, u in enumerate(out.units)}
    state = members(out.world, publication, first, end)
    rows: list[set[Any]] = [set() for _ in tree.units]
    for (person, unit), done in state.items():
        key = (person, done)  # a corrected state is another unknown
        at = tree.index[out.world.units[unit]]
        while at >= 0:
            rows[at].add(key)
            at = tree.parent[at]
    own: list[dict[Any, int]] = [dict.fromkeys(row, 1) for row in rows]
    for u, parent in enumerate(tree.parent):
        if parent >= 0:
            own[parent] = minus(own[parent], dict.fromkeys(rows[u], 1))
    return {(place[u], 0): own[n] for n, u in enumerate(tree.units)}


@lru_cache(maxsize=1)
def _case_keys(world: World) -> list[tuple[int, int, int, int, int]]:
    c = world.cases
    month = [(FIRST + timedelta(days=int(d))).month for d in c.day]
    return list(zip(c.unit.tolist(), c.kind.tolist(), (c.day // 7).tolist(), month, c.since.tolist(), strict=True))


def _cases(out: Published, first: int, end: int, publication: int) -> Vectors:
    world, c = out.world, out.world.cases
    its = (c.since < publication) & (c.day >= first) & (c.day < end)
    keys = _case_keys(world)
    place = {u: n for n, u in enumerate(out.units)}
    found: Vectors = {}
    for n in np.flatnonzero(its):
        key = keys[n]
        found.setdefault((place[world.units[key[0]]], key[1]), {})[key] = 1
    for each in _nobody(world):
        days = [7 * each[2] + d for d in range(7) if (FIRST + timedelta(days=7 * each[2] + d)).month == each[3]]
        if days[0] >= first and days[-1] < end:
            found.setdefault((place[world.units[each[0]]], each[1]), {})[each] = 1
    return found


def _longer(
    out: Published,
    kept: dict[tuple[Grain, date], Vectors],
    weeks_now: dict[date, Vectors],
    grain: Grain,
    period: date,
    publication: int,
) -> Vectors:
    """A longer period less what its weeks still wait for."""
    first, end = span(grain, period, CASES)
    live = _cases(out, first, end, publication)
    if grain == "window":
        days = [period - timedelta(weeks=n) for n in range(CASES.window_weeks)]
    else:
        days = [
            monday(w) for w in range(publication) if (monday(w).year, monday(w).month) == (period.year, period.month)
        ]
    for day in days:
        ledger = kept.get(("week", day))
        if ledger is None:
            continue
        week = _cases(out, *span("week", day, CASES), publication)
        for key in set(week) | set(ledger):
            late = minus(week.get(key, {}), ledger.get(key, {}))
            if late:
                live[key] = minus(live.get(key, {}), late)
    return live
