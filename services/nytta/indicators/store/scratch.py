"""Figures computed beside the live ones: a verification from raw alone, and a reader's own time zone or definitions.

A scratch zone is a private database of its own, with the same tables and the same dividing view, dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nytta.indicators.definition import Definition
from nytta.indicators.periods import GRAINS
from nytta.indicators.store.processing import processed, processed_hands
from nytta.indicators.store.recompute import last_week, list_persons, recompute, together, zones_of
from nytta.indicators.store.render import Scope, cells, hands, subject_rows, winners
from nytta.indicators.store.seals import Table, count, unsealed
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.indicators.subjects import STORED
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Zones
from nytta.storage.migrate import migrate

_KEY = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_HANDS_KEY = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"

_COMPARED: tuple[tuple[Table, str, str], ...] = (("cells", _KEY, _FIGURES), ("hands", _HANDS_KEY, _HANDS))


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
    live = store.connection.zones
    zones = Zones(private=f"{live.private}_scratch", open=live.open)
    connection = store.connection.beside(zones)
    connection.run("DROP DATABASE IF EXISTS {private}")
    migrate(connection, tables)
    try:
        yield PrivateStore(connection)
    finally:
        connection.run("DROP DATABASE IF EXISTS {private}")


def verify(store: PrivateStore, definitions: Sequence[Definition], tables: Path, *, alone: bool = True) -> Verification:
    """Compute every cell from raw, trusting neither subject rows nor indexes, and compare.

    Where this process is `alone` in computing, events may come in meanwhile: what is marked is computed, then the raw
    events are compared as they stand. Else no events may come in until it returns.
    """
    with scratch(store, tables) as beside:
        live = store.connection.zones.private
        with store.writing:
            if alone:
                recompute(store, definitions)
            _link_events(live, beside)
        scope = Scope(
            "{private}",
            "{private}",
            "{open}",
            zones_of(store),
            last_week(store).isoformat(),
            visible=visible(store.connection),
            reference=True,
        )
        for subject in STORED:
            columns = ", ".join(subject.stored)
            events = winners(scope, f"'{subject.name}'")
            beside.connection.run(
                f"INSERT INTO {{private}}.{subject.table} ({columns}, version, is_deleted) "
                f"SELECT {columns}, 1, 0 FROM ({subject_rows(subject, events, '{open}')})"
            )
        compute(beside, definitions, scope)
        ids = ", ".join(f"('{d.id}', {d.version})" for d in definitions)
        results = [
            _compared(beside, live, table, key, figures, f"(indicator, version) IN ({ids}) AND {unsealed(live, table)}")
            for table, key, figures in _COMPARED
        ]
        compared, missing, different = (sum(column) for column in zip(*(r[0] for r in results), strict=True))
        examples = [example for result in results for example in result[1]][:5]
        return Verification(compared, missing, different, tuple(examples), count(store.connection))


def _compared(
    beside: PrivateStore, live: str, table: Table, key: str, figures: str, chosen: str
) -> tuple[tuple[int, int, int], list[dict[str, Any]]]:
    """Rows of a table compared, missing on one side, and different; and a few of them."""
    these = f"SELECT {key}, {figures} FROM {{}}.{table} FINAL WHERE {chosen}"
    ours, theirs = these.format(live), these.format("{private}")
    difference = f"""
        SELECT {key}, countIf(side = 'stored') AS stored, countIf(side = 'raw') AS raw,
               groupArrayIf(({figures}), side = 'stored') AS stored_figures,
               groupArrayIf(({figures}), side = 'raw') AS raw_figures
        FROM (SELECT *, 'stored' AS side FROM ({ours}) UNION ALL SELECT *, 'raw' AS side FROM ({theirs}))
        GROUP BY {key} HAVING stored_figures != raw_figures"""
    compared = beside.connection.value(f"SELECT count() FROM ({theirs})")
    missing, different = beside.connection.rows(
        f"SELECT countIf(stored = 0 OR raw = 0), countIf(stored AND raw) FROM ({difference})"
    )[0]
    examples = beside.connection.dicts(f"SELECT * FROM ({difference}) ORDER BY {key} LIMIT 5")
    return (int(compared), int(missing), int(different)), examples


def _link_events(live: str, beside: PrivateStore) -> None:
    """Put the live raw events into the scratch zone as they stand, as links to the same files."""
    parts = beside.connection.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {db:String} AND table = 'events'",
        db=live,
    )
    for (part,) in parts:
        beside.connection.run(f"ALTER TABLE {{private}}.events ATTACH PARTITION ID '{part}' FROM {live}.events")


def read_beside(
    store: PrivateStore,
    definitions: Sequence[Definition],
    tables: Path,
    query: ValueQuery,
    timezone: str | None,
) -> list[dict[str, Any]]:
    """Values of `definitions` at the query's grain, in another time zone where one is given, from live subject rows."""
    with scratch(store, tables) as beside:
        scope = Scope(
            store.connection.zones.private,
            store.connection.zones.private,
            "{open}",
            zones_of(store, timezone),
            last_week(store).isoformat(),
            visible=visible(store.connection),
        )
        compute(beside, definitions, scope, grains=(query.grain,))
        save_definitions(beside, definitions)
        beside.raise_counter("last_week", store.counter("last_week"))
        return read_values(beside, query)


def compute(
    target: PrivateStore, definitions: Sequence[Definition], scope: Scope, grains: Sequence[str] | None = None
) -> None:
    """Fill the target's cells from the scope's subjects: all of them, at the definitions' grains or at `grains`."""
    list_persons(target, definitions, scope, grains, everything=True)
    of_cells = [
        processed(definition, grain, cells(definition, grain, scope))
        for definition in definitions
        for grain in grains or definition.grains
    ]
    published = [grain for grain in grains or GRAINS if grain in GRAINS]
    of_hands = [
        processed_hands(definition, published, hands(definition, scope, published))
        for definition in definitions
        if definition.counts_hands and published
    ]
    for table, key, figures, texts in (
        ("cells", _KEY, _FIGURES, of_cells),
        ("hands", _HANDS_KEY, _HANDS, of_hands),
    ):
        for several in together(texts):
            target.connection.run(
                f"INSERT INTO {{private}}.{table} ({key}, {figures}, computed, is_deleted) "
                f"SELECT {key}, {figures}, 1, 0 FROM ({several})"
            )
