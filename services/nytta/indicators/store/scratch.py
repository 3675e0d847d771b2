"""Figures computed beside the live ones: a verification from raw alone, and a reader's own time zone or definitions.

A scratch zone is a private database of its own, with the same tables and the same dividing view, dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from nytta.indicators.definition import Definition
from nytta.indicators.periods import GRAINS
from nytta.indicators.store import feeds
from nytta.indicators.store.processing import processed
from nytta.indicators.store.recompute import last_week, recompute, zones_of
from nytta.indicators.store.render.cells import cells
from nytta.indicators.store.render.hands import hands
from nytta.indicators.store.render.scope import Scope, Wanted, subject_rows, winners
from nytta.indicators.store.round_cells import list_persons, together
from nytta.indicators.store.seals import Table, count, unsealed
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.indicators.subjects import STORED, SUBJECTS, Subject
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Zones
from nytta.storage.migrate import make

_KEY = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_HANDS_KEY = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"

_COLUMNS: dict[Table, tuple[str, str]] = {"cells": (_KEY, _FIGURES), "hands": (_HANDS_KEY, _HANDS)}
"""Of each table that a round fills, the columns that name a row, and those that say something of it."""

_EVENTS = 250_000
"""Events of subjects that are brought together at a time: they are sorted in memory."""
_EXAMPLES = 5
"""Cells that differ are shown, at most so many."""
_PERSON_WEEKS = 50_000
_FEWEST_WEEKS = 4
"""Persons by weeks that are listed at a time, each in all its windows and at all levels; weeks at least."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The stored cells against those computed from the raw events alone."""

    compared: int
    missing: int
    different: int
    examples: tuple[dict[str, Any], ...]
    sealed: int = 0
    """Cells that were not compared, because their raw rows are gone."""

    @property
    def equal(self) -> bool:
        """Whether every cell agrees."""
        return not self.missing and not self.different


@contextmanager
def scratch(store: PrivateStore, tables: Path) -> Iterator[PrivateStore]:
    """An empty private zone beside the live one, sharing its registry."""
    live_zones = store.connection.zones
    zones = Zones(private=f"{live_zones.private}_scratch", open=live_zones.open)
    connection = store.connection.beside(zones)
    connection.run("DROP DATABASE IF EXISTS {private}")
    make(connection, tables)
    try:
        yield PrivateStore(connection)
    finally:
        connection.run("DROP DATABASE IF EXISTS {private}")


def verify(
    store: PrivateStore, definitions: Sequence[Definition], tables: Path, *, alone: bool = True
) -> Verification:
    """Compute every cell from raw, trusting neither subject rows nor indexes, and compare.

    Where this process is `alone` in computing, events may come in meanwhile: what is marked is computed, then the raw
    events are compared as they stand. Else no events may come in until it returns.
    """
    with scratch(store, tables) as scratch_store:
        live_zone = store.connection.zones.private
        # held until the raw events are linked: what came in between would be in them and in no cell
        with store.writing:
            if alone:
                recompute(store, definitions)
            _link_events(live_zone, scratch_store)
        scope = Scope(
            "{private}",
            "{private}",
            "{open}",
            zones_of(store),
            last_week(store).isoformat(),
            visible=visible(store.connection),
        )
        _index(scratch_store, scope)
        for subject in STORED:
            _derive(scratch_store, subject, scope)
        feeds.keep(scratch_store, {}, feeds.looked_for(scratch_store, scope.visible), 1)
        compute(scratch_store, definitions, scope)
        indicator_versions = ", ".join(
            f"('{definition.id}', {definition.version})" for definition in definitions
        )
        compared = missing = different = 0
        examples: list[dict[str, Any]] = []
        for table in _COLUMNS:
            condition = (
                f"(indicator, version) IN ({indicator_versions}) AND {unsealed(live_zone, table)}"
            )
            comparison = _compared(scratch_store, live_zone, table, condition)
            compared += comparison.compared
            missing += comparison.missing
            different += comparison.different
            examples += comparison.examples
        sealed = count(store.connection)
        return Verification(compared, missing, different, tuple(examples[:_EXAMPLES]), sealed)


def _index(scratch_store: PrivateStore, scope: Scope) -> None:
    """Make the indexes of the scratch zone's raw events from these events alone."""
    connection = scratch_store.connection
    contested = f"""SELECT identity FROM {{private}}.events WHERE {scope.visible}
        GROUP BY identity HAVING min((snapshot, content)) != max((snapshot, content))"""
    connection.run(
        f"""INSERT INTO {{private}}.superseded (identity, snapshot, content, import)
        SELECT identity, lost.1, lost.2, best.4 FROM (
            SELECT identity, arrayJoin(contents) AS lost,
                   arraySort(c -> (-toInt64(c.1), -toInt64(c.3), c.2, c.4), contents)[1] AS best
            FROM (SELECT identity, groupUniqArray((snapshot, content, revision, import)) AS contents
                  FROM {{private}}.events WHERE {scope.visible} AND identity IN ({contested}) GROUP BY identity))
        WHERE (lost.1, lost.2) != (best.1, best.2)"""
    )
    # what the view makes of events that are inserted, of those that were linked
    view = connection.value(
        "SELECT as_select FROM system.tables WHERE database = {db:String} AND name = 'persons_by_day_of_events'",
        db=connection.zones.private,
    )
    connection.run(f"INSERT INTO {{private}}.persons_by_day {view}")


def _derive(scratch_store: PrivateStore, subject: Subject, scope: Scope) -> None:
    """Fill the rows of a kind of subjects, so many of them at a time."""
    connection = scratch_store.connection
    columns = ", ".join(subject.stored)
    number = int(
        connection.value(f"SELECT count() FROM {{private}}.events WHERE kind = '{subject.name}'")
    )
    # parted by a hash of the subject: all events of one are brought together in the same statement
    parts = 1 + number // _EVENTS
    for part in range(parts):
        events = winners(scope, f"'{subject.name}'", f"cityHash64(subject) % {parts} = {part}")
        connection.run(
            f"INSERT INTO {{private}}.{subject.table} ({columns}, version, is_deleted) "
            f"SELECT {columns}, 1, 0 FROM ({subject_rows(subject, events, '{open}')})"
        )


class _Comparison(NamedTuple):
    """Rows of a table compared, missing on one side, and different; and a few of the last two."""

    compared: int
    missing: int
    different: int
    examples: list[dict[str, Any]]


def _compared(
    scratch_store: PrivateStore, live_zone: str, table: Table, condition: str
) -> _Comparison:
    """The rows of a table that fulfil the condition, in the live zone and in the scratch zone."""
    key_columns, figure_columns = _COLUMNS[table]
    query = f"SELECT {key_columns}, {figure_columns} FROM {{}}.{table} FINAL WHERE {condition}"
    stored_rows, raw_rows = query.format(live_zone), query.format("{private}")
    difference = f"""
        SELECT {key_columns}, countIf(side = 'stored') AS stored, countIf(side = 'raw') AS raw,
               groupArrayIf(({figure_columns}), side = 'stored') AS stored_figures,
               groupArrayIf(({figure_columns}), side = 'raw') AS raw_figures
        FROM (SELECT *, 'stored' AS side FROM ({stored_rows}) UNION ALL SELECT *, 'raw' AS side FROM ({raw_rows}))
        GROUP BY {key_columns} HAVING stored_figures != raw_figures"""
    compared = scratch_store.connection.value(f"SELECT count() FROM ({raw_rows})")
    missing, different = scratch_store.connection.rows(
        f"SELECT countIf(stored = 0 OR raw = 0), countIf(stored AND raw) FROM ({difference})"
    )[0]
    examples = scratch_store.connection.dicts(
        f"SELECT * FROM ({difference}) ORDER BY {key_columns} LIMIT {_EXAMPLES}"
    )
    return _Comparison(int(compared), int(missing), int(different), examples)


def _link_events(live_zone: str, scratch_store: PrivateStore) -> None:
    """Put the live raw events into the scratch zone as they stand, as links to the same files."""
    partition_rows = scratch_store.connection.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {db:String} AND table = 'events'",
        db=live_zone,
    )
    for (partition,) in partition_rows:
        scratch_store.connection.run(
            f"ALTER TABLE {{private}}.events ATTACH PARTITION ID '{partition}' FROM {live_zone}.events"
        )


def read_beside(
    store: PrivateStore,
    definitions: Sequence[Definition],
    tables: Path,
    query: ValueQuery,
    timezone: str | None,
) -> list[dict[str, Any]]:
    """Values of `definitions` at the query's grain, in another time zone where one is given, from live subject rows."""
    with scratch(store, tables) as scratch_store:
        scope = Scope(
            store.connection.zones.private,
            store.connection.zones.private,
            "{open}",
            zones_of(store, timezone),
            last_week(store).isoformat(),
            visible=visible(store.connection),
        )
        compute(scratch_store, definitions, scope, grains=(query.grain,))
        save_definitions(scratch_store, definitions)
        scratch_store.raise_counter("last_week", store.counter("last_week"))
        return read_values(scratch_store, query)


def compute(
    target: PrivateStore,
    definitions: Sequence[Definition],
    scope: Scope,
    grains: Sequence[str] | None = None,
) -> None:
    """Fill the target's cells from the scope's subjects: all of them, at the definitions' grains or at `grains`.

    Figures of persons are computed some periods at a time: every person is there in every week.
    """
    of_persons: list[tuple[Definition, Sequence[str]]] = []
    of_others: list[tuple[Definition, Sequence[str]]] = []
    of_hands: list[tuple[Definition, Sequence[str]]] = []
    for definition in definitions:
        counts_persons = any(SUBJECTS[side.subject].per_period for side in definition.reads)
        (of_persons if counts_persons else of_others).append(
            (definition, grains or definition.grains)
        )
        published = [
            grain for grain in grains or definition.of_every_level.grains if grain in GRAINS
        ]
        if definition.counts_hands and published:
            of_hands.append((definition, published))
    # the total is of all time at once
    is_parted = bool(of_persons) and "total" not in (grains or ())
    for stretch in _reaches(target, scope) if is_parted else [None]:
        limited = replace(scope, reaches=dict.fromkeys(GRAINS, stretch)) if stretch else scope
        target.connection.run("TRUNCATE TABLE {private}.round_persons")
        list_persons(target, of_persons, limited)
        _fill_cells(target, of_persons, limited)
    _fill_cells(target, of_others, scope)
    if of_hands:
        _fill(target, "hands", processed(of_hands, hands(of_hands, scope, lambda _: scope)))


def _fill_cells(target: PrivateStore, wanted: Wanted, scope: Scope) -> None:
    for several in together(wanted):
        _fill(target, "cells", processed(several, cells(several, scope, lambda _: scope)))


def _fill(target: PrivateStore, table: Table, cells_query: str) -> None:
    key_columns, figure_columns = _COLUMNS[table]
    target.connection.run(
        f"INSERT INTO {{private}}.{table} ({key_columns}, {figure_columns}, computed, is_deleted) "
        f"SELECT {key_columns}, {figure_columns}, 1, 0 FROM ({cells_query})"
    )


def _reaches(target: PrivateStore, scope: Scope) -> Iterator[tuple[date, date]]:
    """Stretches of time, without a gap, that hold all periods; in each, persons by weeks are about as many."""
    persons, first_seen = target.connection.rows(
        f"""SELECT uniqExact(actor), min(if(kind IN ('eligibility', 'presence'), toDate(valid_from), toDate(time)))
        FROM {scope.events}.events WHERE actor != toFixedString('', 16)"""
    )[0]
    length = timedelta(weeks=max(_FEWEST_WEEKS, _PERSON_WEEKS // max(1, persons)))
    stretch_start, last_day = (
        date(1970, 1, 1),
        date.fromisoformat(scope.last_week) + timedelta(days=62),
    )
    # the first stretch is as long as it takes to the first of them: nobody is there before
    boundary = max(stretch_start, min(first_seen, last_day)) + length
    while stretch_start <= last_day:
        yield stretch_start, min(boundary, last_day)
        stretch_start = boundary + timedelta(days=1)
        boundary += length
