"""One round of recomputation: marks are read, subjects and cells derived anew from raw, marks cleared.

Nothing is incremented. A round that dies half-way is repeated: its marks still stand, newer versions win, and what it
had noted as touched is kept, because the subjects that stood there may have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nytta.indicators.definition import Definition
from nytta.indicators.store.processing import processing
from nytta.indicators.store.render.scope import Scope, Zones
from nytta.indicators.store.round_cells import derive_cells, derive_hands, units_below
from nytta.indicators.store.round_subjects import (
    derive_all_subjects,
    reach_last_week,
    touch_answers,
    touch_persons,
)
from nytta.ingest.store.counted import EVENT, visible
from nytta.ingest.store.marks import marks_in
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection

_EPOCH = date(1970, 1, 1)
_OF_ONE_TRY = "round_%s"
"""Working lists that a further try of a round fills anew: all but `round_touched`."""

_MARKS = 1000
"""Numbers of marks in a partition."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: marks read, cells written, and sealed cells that the marks touched and that stay."""

    marks: int
    cells: int
    sealed: int = 0


def zones_of(store: PrivateStore, override: str | None = None) -> Zones:
    """Local time per organisation as the registry says, or one zone for all."""
    if override:
        return Zones({override: ""})
    zone_rows = store.connection.rows(
        "SELECT DISTINCT timezone FROM {open}.units ORDER BY timezone"
    )
    names = [name for (name,) in zone_rows] or ["Europe/Stockholm"]
    return Zones(
        {name: f"SELECT unit FROM {{open}}.units WHERE timezone = '{name}'" for name in names}
    )


def last_week(store: PrivateStore) -> date:
    """Monday of the latest event's local week."""
    return _EPOCH + timedelta(days=store.counter("last_week"))


def recompute(store: PrivateStore, definitions: Sequence[Definition]) -> Round:
    """Compute every cell that the marks touch, and clear these marks."""
    connection = store.connection
    counters = store.counters()
    cleared = counters["cleared"]
    highest_mark = int(connection.value("SELECT max(sequence) FROM {private}.marks"))
    if highest_mark <= cleared:
        return Round(0, 0)
    # two numbers a round: rows that go bear the first, rows that stand in their place the second, and win
    version = counters["version"] + 2
    # raised before anything is written: a round that dies leaves rows that the next one's outrank
    store.raise_counter("version", version)
    connection.run(f"TRUNCATE ALL TABLES FROM {{private}} LIKE '{_OF_ONE_TRY}'")
    _read_marks(store, cleared, highest_mark)
    zones = zones_of(store)
    mark_rows = connection.rows(
        f"SELECT kind, count(), max(toMonday({zones.date('hour')})) FROM {{private}}.round_marks GROUP BY kind"
    )
    marked = {subject_kind: int(number) for subject_kind, number, _ in mark_rows}
    latest_week = max(
        (week for subject_kind, _, week in mark_rows if subject_kind != "plan"), default=_EPOCH
    )
    scope = Scope("{private}", "{private}", "{open}", zones, "", visible=visible(connection))
    scope = replace(scope, feeds=derive_all_subjects(store, marked, scope, counters, version))
    touch_persons(store, marked)
    if "pulse" in marked:
        touch_answers(store, zones)
    scope = replace(
        scope,
        last_week=reach_last_week(store, zones, counters["last_week"], latest_week).isoformat(),
    )
    touched = {
        subject_kind
        for (subject_kind,) in connection.rows(
            "SELECT DISTINCT subject FROM {private}.round_touched"
        )
    }
    concerned = [
        definition
        for definition in definitions
        if any(side.subject in touched for side in definition.reads)
    ]
    processing_rules, below = processing(connection, concerned), units_below(connection)
    written_cells, sealed_cells = derive_cells(
        store, concerned, scope, processing_rules, below, version
    )
    derive_hands(store, concerned, scope, processing_rules, below, version)
    # the marks last: a round that dies before is done again
    store.raise_counter("cleared", highest_mark)
    if highest_mark // _MARKS > cleared // _MARKS:
        _drop_marks(connection, highest_mark)
    connection.run("TRUNCATE ALL TABLES FROM {private} LIKE 'round_%'")
    return Round(sum(marked.values()), written_cells, sealed_cells)


def _drop_marks(connection: Connection, highest_mark: int) -> None:
    """Drop the partitions of marks that hold none above a number."""
    for (partition,) in connection.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {db:String} AND table = 'marks' "
        "AND toUInt64(partition) < intDiv({upto:UInt64}, {most:UInt64})",
        db=connection.zones.private,
        upto=highest_mark,
        most=_MARKS,
    ):
        connection.run(f"ALTER TABLE {{private}}.marks DROP PARTITION ID '{partition}'")


def _read_marks(store: PrivateStore, cleared: int, highest_mark: int) -> None:
    """Fill round_marks; find contents that lost against another of their identity, and mark where they stood."""
    connection = store.connection
    marks = f"{{private}}.marks WHERE sequence > {cleared} AND sequence <= {highest_mark}"
    connection.run(
        f"INSERT INTO {{private}}.round_marks SELECT DISTINCT kind, system, subject, unit, hour FROM {marks}"
    )
    contested = f"""
        SELECT event FROM {{private}}.deliveries
        WHERE event IN (SELECT event FROM {{private}}.deliveries WHERE batch IN (SELECT DISTINCT batch FROM {marks}))
        GROUP BY event HAVING uniqExact(snapshot, content) > 1"""
    if not connection.rows(f"SELECT 1 FROM ({contested}) LIMIT 1"):
        return
    # what is contested by halves of hashes is looked at whole in the raw events: two of them may share a half
    contested_events = f"{EVENT} IN ({contested})"
    connection.run(
        f"""INSERT INTO {{private}}.superseded
        SELECT identity, pair.1, pair.2, pair.3 FROM (
            SELECT identity, groupUniqArray((snapshot, content, import, revision)) AS contents,
                   arrayJoin(arrayDistinct(arrayFlatten(arrayMap(
                       l -> arrayMap(w -> (l.1, l.2, w.3),
                                     arrayFilter(w -> (w.1, w.4) > (l.1, l.4)
                                                      OR ((w.1, w.4) = (l.1, l.4) AND w.2 < l.2), contents)),
                       contents)))) AS pair
            FROM {{private}}.events WHERE {contested_events} GROUP BY identity)"""
    )
    connection.run(
        "INSERT INTO {private}.round_marks (kind, system, subject, unit, hour) "
        + marks_in("{private}.events", contested_events)
    )
