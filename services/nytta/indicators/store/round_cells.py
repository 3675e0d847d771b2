"""Cells of a round: those that are noted as touched are counted anew, at all levels, and replace what stood there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nytta.indicators.definition import Definition
from nytta.indicators.store import seals
from nytta.indicators.store.processing import Processing
from nytta.indicators.store.render.cells import cells
from nytta.indicators.store.render.hands import hands
from nytta.indicators.store.render.persons import person_rows
from nytta.indicators.store.render.rows import alike
from nytta.indicators.store.render.scope import Near, Scope, Wanted, kinds, listed
from nytta.indicators.store.render.touched import touched_places
from nytta.indicators.subjects import SUBJECTS
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection

_CELL = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_PLACE = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"
_TOGETHER = 12
"""Kinds of rows that are counted in one statement: more would hold more in memory at a time."""
_NAMED = 100
"""Units that a statement names; of more it asks the table."""

Below = Mapping[str, frozenset[str]]
"""The units at or under each unit, at any time."""


def derive_cells(
    store: PrivateStore,
    definitions: Sequence[Definition],
    scope: Scope,
    rules: Processing,
    below: Below,
    version: int,
) -> tuple[int, int]:
    """Replace the touched cells of all indicators; how many were written, and how many are sealed."""
    connection = store.connection
    _list_touched(store, "cells", definitions, scope, rules)
    places, sealed = _Places.of(connection, "cells", below)
    connection.run(
        f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
        SELECT {_CELL}, {_FIGURES}, {version - 1}, 1 FROM {{private}}.cells FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_cells)"""
    )
    wanted = places.wanted(definition for definition in definitions if _has_feed(definition, scope))
    list_persons(store, wanted, scope, places.near(scope))
    for several in together(wanted):
        anew = cells(several, places.scope(scope, several), places.near(scope))
        connection.run(
            f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
            SELECT {_CELL}, {_FIGURES}, {version}, 0 FROM ({anew})"""
        )
    written = connection.value(
        f"SELECT count() FROM {{private}}.cells WHERE computed = {version} AND NOT is_deleted"
    )
    return int(written), sealed


def derive_hands(
    store: PrivateStore,
    definitions: Sequence[Definition],
    scope: Scope,
    rules: Processing,
    below: Below,
    version: int,
) -> None:
    """Replace the touched counts of who handled and who asked."""
    connection = store.connection
    handled = [definition.of_every_level for definition in definitions if definition.counts_hands]
    _list_touched(store, "hands", handled, scope, rules)
    places, _ = _Places.of(connection, "hands", below)
    connection.run(
        f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
        SELECT {_PLACE}, {_HANDS}, {version - 1}, 1 FROM {{private}}.hands FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_hands)"""
    )
    wanted = places.wanted(handled)
    if wanted:
        anew = hands(wanted, places.scope(scope, wanted), places.near(scope))
        connection.run(
            f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
            SELECT {_PLACE}, {_HANDS}, {version}, 0 FROM ({anew})"""
        )


def units_below(connection: Connection) -> Below:
    """The units at or under each unit of the registry."""
    rows = connection.rows(
        "SELECT ancestor, groupUniqArray(unit) FROM {open}.unit_paths GROUP BY ancestor"
    )
    return {ancestor: frozenset(units) for ancestor, units in rows}


@dataclass(frozen=True, slots=True)
class _Places:
    """What a working list holds that is computed anew, by indicator, version and grain.

    Of each the first and the last period and the units; `below` are the units at or under each of them. It stands in
    the text of statements: to ask for it in every one of them would cost more than what they compute.
    """

    table: seals.Table
    reaches: Mapping[tuple[str, int, str], tuple[date, date, frozenset[str]]]
    below: Below

    @classmethod
    def of(cls, connection: Connection, table: seals.Table, below: Below) -> tuple[_Places, int]:
        """What a working list holds once sealed places have left it, and how many have."""
        query = f"""SELECT indicator, version, grain, minIf(period, computes), maxIf(period, computes),
                   groupUniqArrayIf(unit, computes), countIf(NOT ({seals.unsealed(table=table)}))
            FROM {{private}}.round_{table} GROUP BY indicator, version, grain"""
        reach_rows = connection.rows(query)
        sealed = sum(int(row[-1]) for row in reach_rows)
        if sealed:
            seals.leave_out(connection, table)
            reach_rows = connection.rows(query)
        reaches = {
            tuple(key): (first, last, frozenset(units))
            for *key, first, last, units, _ in reach_rows
            if units
        }
        return cls(table, reaches, below), sealed

    def wanted(self, definitions: Iterable[Definition]) -> Wanted:
        """Of some indicators those of which anything is computed anew, and the grains."""
        wanted = []
        for definition in definitions:
            own_reaches = {
                grain: (definition.id, definition.version, grain) for grain in definition.grains
            }
            grains = [grain for grain, reach in own_reaches.items() if reach in self.reaches]
            if grains:
                wanted.append((definition, grains))
        return wanted

    def near(self, scope: Scope) -> Near:
        """A function of some indicators that gives the scope limited to their places."""
        return lambda wanted: self.scope(scope, wanted)

    def scope(self, scope: Scope, wanted: Wanted) -> Scope:
        """The scope limited to the places of some indicators."""
        reaches: dict[str, tuple[date, date]] = {}
        levels: frozenset[str] = frozenset()
        for definition, grains in wanted:
            for grain in grains:
                first_day, last_day, units = self.reaches[definition.id, definition.version, grain]
                earlier_first, earlier_last = reaches.get(grain, (first_day, last_day))
                reaches[grain] = min(first_day, earlier_first), max(last_day, earlier_last)
                levels |= units
        touched = f"""SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_{self.table}
            WHERE computes AND indicator IN {listed(definition.id for definition, _ in wanted)}"""
        units = levels.union(*(self.below.get(unit, ()) for unit in levels))
        return replace(
            scope, touched=touched, reaches=reaches, levels=_named(levels), units=_named(units)
        )


def _named(units: frozenset[str]) -> tuple[str, ...] | None:
    """Units in order, where they are few enough to be named in a statement."""
    return tuple(sorted(units)) if len(units) <= _NAMED else None


def together(wanted: Wanted) -> Iterator[Wanted]:
    """Indicators that are computed in one statement: each costs more to plan than it reads."""
    # those that read the same rows beside each other, so that a statement reads few kinds of them
    by_rows = sorted(wanted, key=lambda member: str(next(iter(alike([member])))))
    computed_together: list[tuple[Definition, Sequence[str]]] = []
    for member in by_rows:
        if computed_together and len(alike([*computed_together, member])) > _TOGETHER:
            yield computed_together
            computed_together = []
        computed_together.append(member)
    if computed_together:
        yield computed_together


def _has_feed(definition: Definition, scope: Scope) -> bool:
    """Whether there is anything that the indicator needs; without it none of its cells is there."""
    if definition.numerator.subject == "answer" and not scope.has("answer"):
        return False
    if definition.needs_feed and not scope.has(definition.numerator.subject):
        return False
    return not definition.feed or scope.has(definition.feed)


def _list_touched(
    store: PrivateStore,
    table: seals.Table,
    definitions: Sequence[Definition],
    scope: Scope,
    rules: Processing,
) -> None:
    """Fill a working list of touched places."""
    if not definitions:
        return
    wanted = [(definition, definition.grains) for definition in definitions]
    touched = touched_places(
        wanted, "SELECT * FROM {private}.round_touched", "{open}", scope.last_week
    )
    by_condition: dict[str, list[str]] = {}
    for definition, grains in wanted:
        for grain in grains:
            members = by_condition.setdefault(rules.condition(definition, grain), [])
            members.append(f"('{definition.id}', '{grain}')")
    branches = [
        f"(indicator, grain) IN ({', '.join(members)}), {condition}"
        for condition, members in by_condition.items()
    ]
    computes = (
        f"multiIf({', '.join(branches)}, 0)" if len(branches) > 1 else next(iter(by_condition))
    )
    store.connection.run(
        f"""INSERT INTO {{private}}.round_{table} (indicator, version, grain, unit, system, period, computes)
        SELECT indicator, version, grain, unit, system, period, {computes} FROM ({touched})"""
    )


def list_persons(
    store: PrivateStore, wanted: Wanted, scope: Scope, near: Near | None = None
) -> None:
    """Fill round_persons for every grain and window that indicators need: of what is `near`, or everything.

    Where it is everything, a statement lists one grain at a time, for it holds them in memory.
    """
    of_persons = [
        (definition, grains)
        for definition, grains in wanted
        if any(SUBJECTS[side.subject].per_period for side in definition.reads)
    ]
    habits = {
        definition.window_weeks
        for definition, _ in of_persons
        if any("weeks_" in f"{side.value} {side.where}" for side in definition.reads)
    }
    if not of_persons:
        return
    needed = kinds(of_persons)
    limited = scope if near is None else near(of_persons)
    portions = [[kind] for kind in needed] if near is None else [needed]
    for portion in portions:
        rows = person_rows(portion, limited, habits)
        store.connection.run(f"INSERT INTO {{private}}.round_persons {rows}")
