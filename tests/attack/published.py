"""Everything that is published of an invented organisation, through the gate, with the records behind each figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nytta.disclosure.gate import Exact, Gated, Measure, gate
from nytta.indicators.definition import Kind, Protects
from nytta.registry.protection import Protection
from tests.attack.world import MONTH, TYPES, Bools, Ints, Keys, World

SECRET = b"the root's secret, which no attacker knows"
ALL = TYPES
"""All case types together."""

WINDOW = 4
_NODES = 10_000

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of one series, one element per cell, and which records are in them, one element per pair.

    `place` has the columns kind, grain, period, version, node. `row` and `record` are the pairs, `counted` whether the
    record counts in the numerator. `moment` is when a figure with a noise of its own was told, 0 where the records
    alone decide the noise. `anew` marks shown cells whose sets, at that moment, no other cell of the table has.
    """

    name: str
    place: Ints
    row: Ints
    record: Ints
    counted: Bools
    exact: Exact
    gated: Gated
    moment: Ints
    shown: Bools
    anew: Bools

    @property
    def sets(self) -> list[frozenset[int]]:
        """The records of each cell."""
        order = np.argsort(self.row, kind="stable")
        cuts = np.cumsum(np.bincount(self.row, minlength=len(self.shown)))[:-1]
        return [frozenset(part.tolist()) for part in np.split(self.record[order], cuts)]


@dataclass(frozen=True, slots=True)
class Timing:
    """When figures are told anew; as they stand, as Nytta tells them.

    Slow figures of staff (all but weekly breadth) are told of every `every`-th week, and of months and windows by
    themselves where `grains`. With `clock`, slow figures have another noise each time. What was told stands unless
    `least` persons, or `late` cases, differ from those it was told of. Of a single case type windows alone are told,
    unless `types`, and of these every `sliding`-th, none where it is 0.
    """

    every: int = 4
    grains: bool = False
    least: int = 1
    clock: bool = True
    late: int = 3
    types: bool = False
    sliding: int = 1


STAFF = {
    "entitlement": Measure(Kind.SHARE, Protects.STAFF, "access"),
    "trained-staff": Measure(Kind.SHARE, Protects.STAFF, "readiness"),
    "trained-managers": Measure(Kind.SHARE, Protects.STAFF, "readiness"),
    "ready": Measure(Kind.SHARE, Protects.STAFF, "readiness"),
    "habit": Measure(Kind.SHARE, Protects.STAFF, "adoption"),
    "weekly-breadth": Measure(Kind.SHARE, Protects.STAFF, "adoption"),
}
CASES = {
    "take-up": Measure(Kind.SHARE, Protects.CITIZEN, "support"),
    "mix-0": Measure(Kind.SHARE, Protects.CITIZEN, "support"),
    "mix-1": Measure(Kind.SHARE, Protects.CITIZEN, "support"),
    "mix-2": Measure(Kind.SHARE, Protects.CITIZEN, "support"),
    "intended-use": Measure(Kind.SHARE, Protects.HANDLING, "adoption"),
}


def staff_tables(world: World, rules: Protection, timing: Timing) -> dict[str, Table]:
    """What is published of staff, by series: weeks and months, and of entitlement windows of four weeks."""
    persons = world.persons
    here = persons.unit >= 0
    begin = np.argmax(here, axis=0)
    tenured = (np.arange(world.weeks)[:, None] - begin >= 12) | (begin == 0)
    all_ = np.ones_like(here)
    series = {
        "entitlement": (here, persons.entitled & all_),
        "trained-staff": (here & ~persons.manager, persons.trained & all_),
        "trained-managers": (here & persons.manager, persons.trained & all_),
        "ready": (here, (persons.trained & persons.entitled) & all_),
        "habit": (here & persons.entitled & tenured, persons.habit & all_),
        "weekly-breadth": (here & persons.entitled, persons.active),
    }
    tables = {}
    for name, (behind, state) in series.items():
        slow = timing if name != "weekly-breadth" else Timing(every=1, grains=True)
        pairs = list(_staff_pairs(world, behind, state, slow, windows=name == "entitlement"))
        place, record, counted = (np.concatenate(column) for column in zip(*pairs, strict=True))
        clock = timing.clock and slow is timing
        table = _table(name, STAFF[name], rules, place, record, counted, persons.key, clock=clock)
        tables[name] = _standing(table, table.place[:, 4], slow.least)
    return tables


def _staff_pairs(
    world: World, behind: Bools, state: Bools, timing: Timing, *, windows: bool
) -> Iterator[tuple[Ints, Ints, Bools]]:
    weeks = np.arange(world.weeks)
    month = (7 * weeks / MONTH).astype(np.int64)
    periods = [(0, week, [week]) for week in weeks.tolist() if (week + 1) % timing.every == 0]
    periods += [
        (1, number, np.flatnonzero(month == number).tolist()) for number in range(int(month[-1])) if timing.grains
    ]
    if windows and timing.grains:
        last = [week for week in weeks.tolist() if week >= WINDOW - 1]
        periods += [(2, week, list(range(week - WINDOW + 1, week + 1))) for week in last]
    lines = [world.lines(week) for week in weeks.tolist()]
    for grain, period, within in periods:
        counted = np.any(state[within] & behind[within], axis=0)
        for version in (0, 1):
            parts = []
            for week in within:
                there = behind[week] & ((world.persons.known <= within[-1]) | (version == 1))
                persons = np.flatnonzero(there)
                nodes = lines[week][world.persons.unit[week, persons]]
                parts.append((nodes + np.int64(_NODES) * persons[:, None])[nodes >= 0])
            codes = np.unique(np.concatenate(parts))
            record, node = codes // _NODES, codes % _NODES
            yield _code(np.full(len(node), ALL), grain, period, version, node), record, counted[record]


def case_tables(world: World, rules: Protection, timing: Timing) -> dict[str, Table]:
    """What is published of cases, by series: weeks, months and windows of four weeks, by type and of all types."""
    cases = world.cases
    pairs = list(_case_pairs(world))
    place, record = (np.concatenate(column) for column in zip(*pairs, strict=True))
    states = {
        "take-up": cases.channel < 2,
        "mix-0": cases.channel == 0,
        "mix-1": cases.channel == 1,
        "mix-2": cases.channel == 2,
        "intended-use": cases.intended,
    }
    tables = {}
    for name, state in states.items():
        table = _table(name, CASES[name], rules, place, record, state[record], cases.key, cases.handler)
        kind, grain, period, version, node = table.place.T
        if not timing.types:
            is_told_window = (grain == 2) & ((period + 1) % timing.sliding == 0) if timing.sliding else False
            told = (kind == ALL) | is_told_window
            table = replace(table, shown=table.shown & told)
            table = replace(table, anew=_first_of_set(table.exact, table.moment, table.shown))
        tables[name] = _standing(table, _code(kind, grain, period, 0 * version, node), timing.late)
    return tables


def _case_pairs(world: World) -> Iterator[tuple[Ints, Ints]]:
    cases = world.cases
    week = cases.day // 7
    last = int(week.max())
    month = (cases.day / MONTH).astype(np.int64)
    periods = [(0, number, week == number, number) for number in range(last + 1)]
    periods += [(1, number, month == number, int((number + 1) * MONTH) // 7) for number in range(int(month.max()))]
    periods += [(2, number, (week > number - WINDOW) & (week <= number), number) for number in range(3, last + 1)]
    # cases of small units are judged by their own numbers, so groups have none
    lines = [world.lines(number)[:, :-1] for number in range(last + 1)]
    for grain, period, within, told in periods:
        for version in (0, 1):
            there = np.flatnonzero(within & ((cases.known <= told) | (version == 1)))
            nodes = np.stack(lines)[week[there], cases.unit[there]]
            record = np.repeat(there, nodes.shape[1])[nodes.ravel() >= 0]
            node = nodes.ravel()[nodes.ravel() >= 0]
            for kind in (cases.kind[record], np.full(len(record), ALL)):
                yield _code(kind, grain, period, version, node), record


def _standing(table: Table, series: Ints, least: int) -> Table:
    """The table without figures that repeat what was told of the series before, because too few records differ."""
    if least == 1:
        return table
    sets = table.sets
    end = np.where(table.place[:, 1] == 1, (table.place[:, 2] + 1) * MONTH / 7 - 1, table.place[:, 2])
    anew = np.zeros_like(table.anew)
    for one in np.unique(series[table.shown]):
        rows = np.flatnonzero((series == one) & table.shown)
        told: frozenset[int] | None = None
        for row in rows[np.lexsort((table.place[rows, 3], end[rows]))]:
            if told is None or len(sets[row] ^ told) >= least:
                told = sets[row]
                anew[row] = True
    return replace(table, anew=anew & table.anew)


def _code(kind: Ints, grain: int | Ints, period: int | Ints, version: int | Ints, node: Ints) -> Ints:
    return (((kind * 10 + grain) * 1000 + period) * 10 + version) * _NODES + node


def _place(code: Ints) -> Ints:
    version, node = code // _NODES % 10, code % _NODES
    period = code // _NODES // 10 % 1000
    grain = code // _NODES // 10_000 % 10
    return np.stack([code // _NODES // 100_000, grain, period, version, node], axis=1)


def _table(
    name: str,
    measure: Measure,
    rules: Protection,
    code: Ints,
    record: Ints,
    counted: Bools,
    key: Keys,
    handler: Ints | None = None,
    *,
    clock: bool = False,
) -> Table:
    """Cells of pairs of places and records, through the gate."""
    places, row = np.unique(code, return_inverse=True)
    count = len(places)
    size = np.bincount(row, minlength=count)
    nobody = np.zeros(count, dtype=np.int64)
    false = np.zeros(count, dtype=bool)
    handlers, most = nobody, nobody
    if handler is not None:
        hands, done = np.unique(row * np.int64(_NODES) + handler[record], return_counts=True)
        handlers = np.bincount(hands // _NODES, minlength=count)
        most = nobody.copy()
        np.maximum.at(most, hands // _NODES, done)
    staff = measure.protects is Protects.STAFF
    exact = Exact(
        numerator=np.bincount(row[counted], minlength=count),
        denominator=size,
        cases=nobody if staff else size,
        persons=size if staff else nobody,
        numerator_keys=_sums(row[counted], key[record[counted]], count),
        denominator_keys=_sums(row, key[record], count),
        handlers=handlers,
        most_by_one=most,
        requesters=nobody,
        register=size,
        register_handlers=nobody,
        grouped=false,
        sensitive=false,
        of_employees=false,
    )
    place = _place(places)
    moment = 1 + place[:, 2] if clock else nobody
    gated = gate(exact, measure, rules, SECRET)
    for told in np.unique(moment[moment > 0]):
        alike = moment == told
        of_moment = gate(exact[alike], replace(measure, family=f"{measure.family} {told}"), rules, SECRET)
        gated.value[alike] = of_moment.value
    shown = np.isfinite(gated.value)
    anew = _first_of_set(exact, moment, shown)
    return Table(name, place, row, record, counted, exact, gated, moment, shown, anew)


def _first_of_set(exact: Exact, moment: Ints, shown: Bools) -> Bools:
    """Shown cells whose sets no earlier cell has, at the same moment."""
    sets = np.stack([exact.numerator_keys, exact.denominator_keys, moment.astype(np.uint64)], axis=1)
    told = np.flatnonzero(shown)
    _, first = np.unique(sets[told], axis=0, return_index=True)
    anew = np.zeros_like(shown)
    anew[told[first]] = True
    return anew


def _sums(row: Ints, key: Keys, count: int) -> Keys:
    sums = np.zeros(count, dtype=np.uint64)
    np.add.at(sums, row, key)
    return sums
