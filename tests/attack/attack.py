"""The attack itself: what follows from everything that was shown, by rank and by linear programming.

Two attackers. The *exact* one is granted the exact numerator and denominator of every figure that was ever shown, and who
is counted where; all that follows for a group is what lies in the span of the figures (`algebra.Span`). The *reading* one
knows what is published and nothing else, and bounds every unknown count by linear programming over what bands, rounding,
intervals and statuses leave open; a bound that leaves one integer is a breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from nytta.disclosure.rules import K
from tests.attack.algebra import Span, minus
from tests.attack.ledgers import Shown, record_count, trace
from tests.attack.published import CASES, Published, _span


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
        for name, target in _targets(these):
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
        for d in _span(cell.grain, cell.period, CASES)
    )
    return start >= first and stop <= end


def _targets(cells: Sequence[Shown]) -> Iterator[tuple[str, dict[Any, int]]]:
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
        for one in its:
            for other in its:
                rest = minus(one.records, other.records)
                if one is not other and 0 < len(rest) < len(one.records):
                    yield f"{one.grain} of {one.unit} less {other.unit}", rest
