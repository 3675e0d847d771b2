"""Rows that a source has no more: which of them count so far, and how all events of them are taken back.

A retraction is a raw event like any other, with a revision or a snapshot above what it takes back: nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from nytta.ingest.store.counted import EVENT, ROW, WINNERS
from nytta.ingest.store.portions import portions

if TYPE_CHECKING:
    from nytta.ingest.store.imports import Import
    from nytta.ingest.store.private import PrivateStore

_STANDING_OF_ROWS: Final = f"""
    SELECT * FROM (
        SELECT *, identity FROM {{private}}.events
        WHERE source = {{source:String}} AND has({{rows:Array(String)}}, {ROW}) {WINNERS})
    WHERE retracted = 0"""
"""SQL of the events of some rows of a source that count."""


@dataclass(frozen=True, slots=True)
class Absent:
    """What a complete list lacks."""

    gone: int
    standing: int
    """Rows that count, those of the list included."""


def absent_rows(
    store: PrivateStore,
    import_job: Import,
    listed: Import,
    source: str,
    seen_rows: Sequence[str] = (),
) -> Absent:
    """How many rows of a source a complete list lacks that count so far, and how many count.

    `listed` is the import of the list, `import_job` the one that would take them back. `seen_rows` are ids of rows that
    the list has, though no event could be made of them.
    """
    store.settle()
    count_rows = store.connection.rows(
        f"SELECT uniqExactIf(row, absent), uniqExact(row) FROM ({_standing(import_job, listed)})",
        source=source,
        seen=list(seen_rows),
    )
    return Absent(*count_rows[0])


def retract_absent(
    store: PrivateStore,
    import_job: Import,
    listed: Import,
    source: str,
    seen_rows: Sequence[str],
    current_time: datetime,
) -> None:
    """Take back, as part of import `import_job`, what counts of a source and a complete list lacks."""
    with store.writing:
        # marked when the import commits, as its other rows are
        batch = store.next_batch()
        store.connection.run(
            f"""INSERT INTO {{private}}.events
                (source, id, type, kind, time, received_at, batch, import, snapshot, unit, system, subject, revision,
                 retracted)
            SELECT source, id, type, kind, time, {{now:DateTime64(3, 'UTC')}}, {batch}, {import_job.id},
                   {listed.snapshot}, unit, system, subject, revision, 1
            FROM ({_standing(import_job, listed)}) WHERE absent""",
            source=source,
            seen=list(seen_rows),
            now=current_time,
        )


def standing_rows(store: PrivateStore, source: str) -> set[str]:
    """The ids of a source's rows that count, without the words of derived events."""
    store.settle()
    id_rows = store.connection.rows(
        f"""SELECT DISTINCT {ROW} FROM (
            SELECT id, argMax(retracted, (snapshot, revision)) AS gone
            FROM {{private}}.events WHERE source = {{source:String}} GROUP BY id)
        WHERE NOT gone""",
        source=source,
    )
    return {row_id for (row_id,) in id_rows}


def retract_rows(
    store: PrivateStore, source: str, row_ids: Sequence[str], current_time: datetime
) -> int:
    """Take back all events of these rows of a source, by a revision of their own; how many were taken back."""
    with store.writing:
        return sum(
            _retract_portion(store, source, portion, current_time) for portion in portions(row_ids)
        )


def _retract_portion(
    store: PrivateStore, source: str, row_ids: list[str], current_time: datetime
) -> int:
    # counted first: no event stands any more once its retraction is there
    standing_count = int(
        store.connection.value(
            f"SELECT count() FROM ({_STANDING_OF_ROWS})", source=source, rows=row_ids
        )
    )
    if not standing_count:
        return 0
    with store.marked_batch() as batch:
        store.connection.run(
            f"""INSERT INTO {{private}}.events
                (source, id, type, kind, time, received_at, batch, snapshot, unit, system, subject, revision,
                 retracted)
            SELECT source, id, type, kind, time, {{now:DateTime64(3, 'UTC')}}, {batch}, snapshot, unit, system,
                   subject, revision + 1, 1
            FROM ({_STANDING_OF_ROWS})""",
            now=current_time,
            source=source,
            rows=row_ids,
        )
        store.mark_as(batch, f"batch = {batch}")
    return standing_count


def retractions_of(
    store: PrivateStore, source: str, rows: Sequence[str], current_time: datetime
) -> pa.Table:
    """What takes back all events of these rows of a source, for those who store it, as `encode` reads it."""
    # asked once where there are no rows too: an empty table has its columns from the store
    asked_portions = list(portions(rows)) or [[]]
    return pa.concat_tables(
        store.connection.arrow(
            f"""SELECT source, id, type, toTimeZone(time, 'UTC') AS time,
                {{now:DateTime64(3, 'UTC')}} AS received_at, unit, revision + 1 AS revision, 1 AS retracted
            FROM ({_STANDING_OF_ROWS})""",
            now=current_time,
            source=source,
            rows=portion,
        )
        for portion in asked_portions
    )


def _standing(import_job: Import, listed: Import) -> str:
    """SQL of the events of a source that count, in an organisation, and whether a complete list lacks them."""
    # a literal, for the text is put into statements whose parameters are their callers'; rows of other
    # organisations must not count as standing, or a list of one would take back those of all
    organisation = import_job.organisation.replace("\\", "\\\\").replace("'", "\\'")
    condition = f"""(import = 0 OR import = {import_job.id} OR import IN (
        SELECT import FROM {{private}}.imports FINAL WHERE state != 'open' AND organisation = '{organisation}'))"""
    return f"""
        SELECT source, id, type, kind, time, unit, system, subject, revision, {ROW} AS row,
               snapshot < {listed.snapshot} AND NOT has({{seen:Array(String)}}, row)
               AND {EVENT} NOT IN (
                   SELECT event FROM {{private}}.deliveries WHERE import = {listed.id}) AS absent
        FROM (
            SELECT *, identity FROM {{private}}.events WHERE source = {{source:String}} AND {condition} {WINNERS})
        WHERE retracted = 0"""
