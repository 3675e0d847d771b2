"""The attack itself: what follows from everything that was shown, by rank and by linear programming.

Two attackers. The *exact* one is granted the exact numerator and denominator of every figure that was ever shown, and
who is counted where; all that follows for a group is what lies in the span of the figures (`algebra.Span`). The
*reading* one has no more than what stands in the open zone: values with their rounding, and bands of sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from nytta.disclosure.rules import K
from nytta.disclosure.tree import Tree
from tests.attack.algebra import Span, minus
from tests.attack.ledgers import Shown, record_count, trace
from tests.attack.published import CASES, Published, Row, span


@dataclass(frozen=True, slots=True)
class Breach:
    """A group that was determined: how, about whom, and how many they are."""

    how: str
    about: str
    count: int


@dataclass
class Report:
    """What an attack tried and what it found."""

    systems: int = 0
    targets: int = 0
    breaches: list[Breach] = field(default_factory=list)


def exact(out: Published, weeks_together: int = 3) -> Report:
    """The exact attacker on every table of staff, and on every `weeks_together` weeks of cases."""
    cells, counts = trace(out), record_count(out.world, out.population)
    report = Report()
    for about, these in _systems(out, cells, weeks_together):
        figures = [cell.records for cell in these if cell.shown]
        if not figures:
            continue
        span = Span(figures, counts)
        report.systems += 1
        report.breaches += [Breach("solved", about, n) for n, _ in span.solved() if 0 < n < K]
        for name, target in _targets(these, counts):
            size = sum(abs(coefficient) * counts[key] for key, coefficient in target.items())
            if 0 < size < K:
                report.targets += 1
                if span.gives(target):
                    report.breaches.append(Breach(name, about, size))
    return report


def _systems(out: Published, cells: Sequence[Shown], together: int) -> Iterator[tuple[str, list[Shown]]]:
    if out.population == "staff":
        # states of different weeks are different unknowns
        key = lambda cell: (cell.grain, cell.period)  # noqa: E731
        for (grain, period), its in groupby(sorted(cells, key=key), key=key):
            yield f"staff {grain} {period}", list(its)
        return
    weeks = sorted({cell.period for cell in cells if cell.grain == "week"})
    for n in range(len(weeks) - together + 1):
        first, last = weeks[n], weeks[n + together - 1]
        reach = first - timedelta(weeks=CASES.window_weeks - 1)
        yield f"cases {first} to {last}", [cell for cell in cells if _lies(cell, reach, last + timedelta(days=7))]


def _lies(cell: Shown, first: date, end: date) -> bool:
    start, stop = (
        cell.period + timedelta(days=d - (cell.period - date(2026, 1, 5)).days)
        for d in span(cell.grain, cell.period, CASES)
    )
    return start >= first and stop <= end


def _targets(cells: Sequence[Shown], counts: Mapping[Any, int]) -> Iterator[tuple[str, dict[Any, int]]]:
    """Groups somebody could ask about: hidden cells, what came late to a cell, what one cell has more than another."""
    latest: dict[tuple[Any, ...], Shown] = {}
    for cell in cells:
        place = (cell.grain, cell.period, cell.unit, cell.column)
        if not cell.shown:
            yield f"hidden {cell.grain} of {cell.unit}", cell.records
        if place in latest:
            yield f"late {cell.grain} of {cell.unit}", minus(cell.records, latest[place].records)
        latest[place] = cell
    by_period: dict[tuple[Any, ...], list[Shown]] = {}
    for cell in latest.values():
        by_period.setdefault((cell.grain, cell.period), []).append(cell)
    for its in by_period.values():
        for one, other in _close(its, counts):
            yield f"{one.grain} of {one.unit} less {other.unit}", minus(one.records, other.records)


def _close(cells: Sequence[Shown], counts: Mapping[Any, int]) -> Iterator[tuple[Shown, Shown]]:
    """Pairs of cells that have records in common and differ by fewer than k."""
    place = {key: n for n, key in enumerate({key for cell in cells for key in cell.records})}
    within = np.zeros((len(cells), len(place)))
    for n, cell in enumerate(cells):
        for key, coefficient in cell.records.items():
            within[n, place[key]] = coefficient
    weight = np.array([counts[key] for key in place])
    common = (within != 0) @ (within != 0).T
    if np.isin(within, (0, 1)).all():
        both = within * weight @ within.T
        apart = both.diagonal()[:, None] + both.diagonal() - 2 * both
    else:  # a cell that late data wait for counts what came and what went
        apart = np.stack([np.abs(within - row) @ weight for row in within])
    for one, other in np.argwhere(common & (apart < K)):
        if one != other:
            yield cells[one], cells[other]


def reading(out: Published, sample: int = 40, seed: int = 0) -> Report:
    """The reading attacker: bounds of hidden counts from what stands in the open zone, three weeks at a time.

    Unknown are how many each unit has itself and how many of them did it, whole numbers of at least 0. Known are the
    hierarchy, and of each figure its value with its rounding or its band, and the band of its size. `sample` groups are
    asked for, chosen by `seed`; each answer needs four programmes.
    """
    report = Report()
    rng = np.random.default_rng(seed)
    rows = {(r.grain, r.period, r.unit, r.column): r for r in out.rows if r.grain == "week" and r.column == 0}
    weeks = sorted({r.period for r in rows.values()})
    chosen = rng.choice(max(1, len(weeks) - 2), size=min(4, max(1, len(weeks) - 2)), replace=False)
    for first in sorted(chosen.tolist()):
        for period in weeks[first : first + 3]:
            tree = out.world.hierarchy.at(period)
            its = [rows[key] for key in (("week", period, u, 0) for u in tree.units) if key in rows]
            matrix, limits = _read(tree, its)
            report.systems += 1
            small = [r for r in its if 0 < r.size < K]
            for n in rng.permutation(len(small))[: max(1, sample // 12)]:
                row = small[n]
                report.targets += 1
                for what, offset in (("size", 0), ("state", len(tree.units))):
                    if _one_answer(tree, row.unit, offset, matrix, limits):
                        report.breaches.append(Breach(f"read {what}", f"{row.unit} {period}", row.size))
    return report


def _read(tree: Tree, rows: Sequence[Row]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What is read, as inequalities over sizes and states of the parts: matrix @ unknowns <= limits."""
    count = len(tree.units)
    matrix, limits = [], []

    def told(size: npt.NDArray[np.float64], state: npt.NDArray[np.float64], most: float) -> None:
        matrix.append(np.concatenate([size, state]))
        limits.append(most)

    for n in range(count):
        one = np.eye(count)[n]
        told(-one, one, 0.0)  # nobody did it who is not there
    nothing = np.zeros(count)
    for row in rows:
        under = tree.below[tree.index[row.unit]].astype(float)
        if np.isnan(row.value):
            continue
        least, most = _BAND[row.band]
        told(-under, nothing, -least)
        told(under, nothing, most)
        if row.status == "banded":
            told(-row.high / 100 * under, under, 0.0)
            told(row.low / 100 * under, -under, 0.0)
        else:
            half = (5 if least < 30 else 1) / 2
            told(-(row.value + half) / 100 * under, under, 0.0)
            told((row.value - half) / 100 * under, -under, 0.0)
    return np.array(matrix), np.array(limits)


_BAND = {"10-29": (10, 29), "30-99": (30, 99), "100-299": (100, 299), "300-999": (300, 999), "1000+": (1000, 10**6)}


def _one_answer(
    tree: Tree, unit: str, offset: int, matrix: npt.NDArray[np.float64], limits: npt.NDArray[np.float64]
) -> bool:
    """Whether only one whole number is left for a unit's size (`offset` 0) or for how many of it did it."""
    aim = np.zeros(matrix.shape[1])
    aim[offset : offset + len(tree.units)] = tree.below[tree.index[unit]]
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * aim, A_ub=matrix, b_ub=limits, bounds=(0, 10**6), options={"time_limit": 20.0})
        if not found.success or found.fun is None:
            return True  # no answer in time is no safety
        ends.append(sign * found.fun)
    return bool(np.floor(ends[1] + 1e-6) <= np.ceil(ends[0] - 1e-6))
