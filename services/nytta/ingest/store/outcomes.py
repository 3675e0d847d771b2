"""What became of rows and events that came, beside what was known before: new, known already, or against each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from nytta.ingest.store.counted import COMMITTED, EVENT, ROW
from nytta.ingest.store.portions import portions

if TYPE_CHECKING:
    from nytta.ingest.store.private import PrivateStore

_CONTENTS: Final = """arraySort(content_key -> (-toInt64(content_key.1), -toInt64(content_key.2), content_key.3),
                             groupUniqArray((snapshot, revision, content, retracted)))"""
"""SQL of the contents of an identity, the one that counts first."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of an import: rows, but for retractions, which are events."""

    accepted: int
    """Rows that say something new: nobody knew them, or they are newer than what was known."""
    superseded: int
    """Of these, rows that took the place of what was known of them."""
    conflict: int
    """Rows that say something else than what is known, and neither is newer: the smaller content hash counts."""
    retracted: int
    """Events that were taken back."""


class _Known(NamedTuple):
    """What is stored of an event."""

    revision: int
    is_retracted: bool


def import_counts(store: PrivateStore, import_id: int, *, derived: bool) -> Counts:
    """What became of the rows of an import against all that was committed beside it.

    With `derived`, the events of a row are told apart by the word behind its id, and count as one.
    """
    store.settle()
    row_column = ROW if derived else "id"
    # `own` has of each identity the content of this import that would win, `others` what counted without it
    count_rows = store.connection.rows(
        f"""
        WITH own AS (
                SELECT {EVENT} AS event, any(source) AS source, any({row_column}) AS row,
                       {_CONTENTS} AS contents,
                       contents[1] AS best,
                       countEqual(arrayMap(content_key -> (content_key.1, content_key.2), contents),
                                  (best.1, best.2)) - 1 AS alike
                FROM {{private}}.events WHERE import = {import_id} GROUP BY identity),
             others AS ({_others(f"import != {import_id}")}),
             compared AS (
                SELECT own.source AS source, own.row AS row, own.alike AS alike, own.best.4 AS retracts,
                       empty(others.contents) AS unknown, has(others.contents, toUInt32(own.best.3)) AS same,
                       (own.best.1, own.best.2) > others.newest AS newer,
                       (own.best.1, own.best.2) = others.newest AS level,
                       others.gone AS gone
                FROM own LEFT JOIN others ON others.event = own.event),
             rows AS (
                SELECT max(unknown AND NOT retracts) AS new,
                       max(NOT unknown AND NOT gone) AS known,
                       max(NOT unknown AND NOT same AND newer AND NOT (retracts AND gone))
                           AND NOT min(retracts) AS changed,
                       max(alike) > 0 OR max(NOT unknown AND NOT same AND level) AS contested,
                       sum(NOT unknown AND retracts AND newer AND NOT gone) AS retractions
                FROM compared GROUP BY source, row)
        SELECT countIf(new OR changed), countIf((new AND known) OR changed),
               countIf(contested AND NOT new AND NOT changed), sum(retractions)
        FROM rows"""
    )
    return Counts(*count_rows[0])


def batch_counts(store: PrivateStore, batch: int) -> list[dict[str, Any]]:
    """What became of the events of a batch beside what was stored before it, by source."""
    store.settle(batch)
    return store.connection.dicts(
        f"""
        WITH own AS (
                SELECT source, {EVENT} AS event, {_CONTENTS}[1] AS best
                FROM {{private}}.events WHERE batch = {batch} AND import = 0 GROUP BY source, identity),
             others AS ({_others(f"batch < {batch}")}),
             compared AS (
                SELECT own.source AS source, own.best.4 AS retracts, empty(others.contents) AS unknown,
                       has(others.contents, toUInt32(own.best.3)) AS same, (own.best.1, own.best.2) AS version,
                       others.newest AS newest,
                       (unknown AND NOT retracts)
                           OR (NOT unknown AND NOT same AND version > newest AND NOT (retracts AND others.gone)) AS new
                FROM own LEFT JOIN others ON others.event = own.event)
        SELECT source, count() AS events, countIf(new) AS accepted, countIf(new AND NOT unknown) AS superseded,
               countIf(NOT new AND NOT (NOT unknown AND NOT same AND version = newest)) AS duplicate,
               countIf(NOT unknown AND NOT same AND version = newest) AS conflict,
               countIf(new AND retracts) AS retracted
        FROM compared GROUP BY source ORDER BY source"""
    )


def unknown_events(
    store: PrivateStore, events: pa.Table, source: str, unrevised: Collection[str] = ()
) -> pa.Table:
    """Those of a source's events that say something: not known in this revision or a later one.

    A first revision may be 0; events whose ids are `unrevised` have none and are always new. A retraction says
    something only where the event stands.
    """
    store.settle()
    if not len(events):
        return events
    event_ids = events["id"].to_pylist()
    known_events = _known_events(store, event_ids, source)
    nothing = [0] * len(event_ids)
    revisions = events["revision"].to_pylist() if "revision" in events.column_names else nothing
    retractions = events["retracted"].to_pylist() if "retracted" in events.column_names else nothing

    def is_news(event_id: str, revision: int, retracts: int) -> bool:
        stored_event = known_events.get(event_id)
        if stored_event is None:
            return not retracts
        if retracts and stored_event.is_retracted:
            return False
        return revision > stored_event.revision or event_id in unrevised

    news = [is_news(*identity) for identity in zip(event_ids, revisions, retractions, strict=True)]
    return events.filter(pa.array(news))


def _known_events(store: PrivateStore, ids: Sequence[str], source: str) -> dict[str, _Known]:
    """The latest revision of each of these events of a source that is stored."""
    known_events: dict[str, _Known] = {}
    for portion in portions(ids):
        event_rows = store.connection.rows(
            f"""
            WITH asked AS (
                SELECT arrayJoin({{ids:Array(String)}}) AS id, sipHash128({{source:String}}, id) AS identity,
                       {EVENT} AS event)
            SELECT asked.id, known.newest.1, known.newest.2
            FROM asked
            INNER JOIN (
                SELECT event, max((revision, retracted)) AS newest FROM {{private}}.deliveries
                WHERE event IN (SELECT event FROM asked) AND {COMMITTED}
                GROUP BY event) AS known ON known.event = asked.event""",
            ids=portion,
            source=source,
        )
        for event_id, revision, is_retracted in event_rows:
            known_events[event_id] = _Known(int(revision), bool(is_retracted))
    return known_events


def _others(condition: str) -> str:
    """SQL of what counts of the events of `own` by other deliveries that a condition selects."""
    return f"""
                SELECT event, groupUniqArray(content) AS contents, max((snapshot, revision)) AS newest,
                       argMax(retracted, (snapshot, revision)) AS gone
                FROM {{private}}.deliveries
                WHERE event IN (SELECT event FROM own) AND {condition} AND {COMMITTED}
                GROUP BY event"""
