"""Marks: what events touch, so that a round computes it anew. As rows of Arrow tables, and as SQL of stored events."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.events.pseudonyms import NOBODY, SIZE

MARK: Final = "kind, system, subject, unit, hour"
"""Columns of what a mark says, beside its numbers."""
_BY_PERSONS: Final = ("session", "case")
"""Kinds of events that tell of acts of persons."""
_TOUCHING: Final = ("batch", "kind", "system", "subject", "unit", "time", "actor_kind")
_HOUR: Final = 3_600_000
"""Milliseconds."""


def marks_in(events_table: str, condition: str, *also: str) -> str:
    """SQL of the marks of the events that `condition` selects: as `marks_of`, with columns `also` told apart."""
    extra_columns = "".join(f", {extra_column}" for extra_column in also)
    return f"""
        SELECT kind, system, subject, '' AS unit, toStartOfHour(max(time)) AS hour{extra_columns}
        FROM {events_table} WHERE {condition} AND (kind != 'session' OR retracted)
        GROUP BY kind, system, subject{extra_columns}
        UNION ALL
        SELECT 'act', system, toFixedString('', 16), unit, toStartOfHour(max(time)){extra_columns}
        FROM {events_table} WHERE {condition} AND kind IN {_BY_PERSONS} AND actor_kind = 'person'
        GROUP BY system, unit, toDate(time){extra_columns}"""


def marks_of(events: pa.Table, batch: int) -> pa.Table:
    """What a batch of events touches, as rows of table `marks` without their sequence number.

    Each subject once, acts of persons per unit and day.
    """
    return marks_of_batches(with_number(events, "batch", batch))


def marks_of_batches(events: pa.Table) -> pa.Table:
    """As `marks_of`, of events of several batches, which column `batch` tells apart."""
    # words are told apart by their codes, so that all chunks have to have the same
    touching = events.select(_TOUCHING).unify_dictionaries()
    touching = touching.append_column("day", pc.cast(events["time"], pa.date32()))
    are_sessions = pc.equal(touching["kind"], "session")
    # a session has no subject whose row would be derived: it counts by its unit and day
    have_subject = pc.invert(are_sessions)
    # what a retraction takes back is found by its batch: it needs a mark
    if "retracted" in events.column_names:
        have_subject = pc.or_(have_subject, pc.equal(events["retracted"], 1))
    subject_events = touching.filter(have_subject)
    subjects = subject_events.group_by(["batch", "kind", "system", "subject"]).aggregate(
        [("time", "max")]
    )
    are_acts = pc.or_(are_sessions, pc.equal(touching["kind"], "case"))
    are_by_persons = pc.equal(touching["actor_kind"], "person")
    act_events = touching.filter(pc.and_(are_acts, are_by_persons))
    acts = act_events.group_by(["batch", "system", "unit", "day"]).aggregate([("time", "max")])
    return _as_marks(subjects, acts)


def with_number(rows: pa.Table, name: str, number: int) -> pa.Table:
    """Rows with one more column, which holds the same number in each."""
    return rows.append_column(name, pa.repeat(pa.scalar(number, pa.uint64()), len(rows)))


def _as_marks(subjects: pa.Table, acts: pa.Table) -> pa.Table:
    """Touched subjects and acts as rows of one table; an act has no subject, and a subject no unit."""
    nobody = pa.scalar(NOBODY, pa.binary(SIZE))
    # by arithmetic, for Arrow looks up the zone of each moment
    moments = _stacked(subjects["time_max"], acts["time_max"]).cast(pa.int64())
    hours = pc.multiply(pc.divide(moments, _HOUR), _HOUR)
    return pa.table(
        {
            "batch": _stacked(subjects["batch"], acts["batch"]),
            "kind": _stacked(_plain(subjects["kind"]), pa.repeat("act", len(acts))),
            "system": _stacked(_plain(subjects["system"]), _plain(acts["system"])),
            "subject": _stacked(subjects["subject"], pa.repeat(nobody, len(acts))),
            "unit": _stacked(pa.repeat("", len(subjects)), _plain(acts["unit"])),
            "hour": hours.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("s", "UTC")),
        }
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _stacked(*columns: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    chunks: list[pa.Array] = []
    for column in columns:
        chunks += column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return pa.chunked_array(chunks)
