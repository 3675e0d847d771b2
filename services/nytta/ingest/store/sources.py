"""What came from which source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nytta.ingest.store.counted import EVENTS, winning
from nytta.storage.client import Connection

if TYPE_CHECKING:
    from nytta.ingest.store.private import PrivateStore


def sources_of_events(connection: Connection) -> dict[str, list[str]]:
    """Which event types came from which source."""
    rows = connection.rows(
        "SELECT source, arraySort(groupUniqArray(type)) FROM {private}.events GROUP BY source ORDER BY source"
    )
    return {source: list(types) for source, types in rows}


def all_sources(store: PrivateStore) -> list[dict[str, Any]]:
    """Per source: events, first and last time and receipt, rejects, and the organisations whose units it names."""
    store.settle()
    organisations = dict(
        store.connection.rows(
            """SELECT source, groupUniqArray(root)
               FROM (SELECT DISTINCT source, unit FROM {private}.events) AS named
               INNER JOIN (SELECT DISTINCT unit, root FROM {open}.units) AS known USING (unit) GROUP BY source"""
        )
    )
    source_rows = store.connection.dicts(
        f"""SELECT source, sum(events) AS events, sum(rejects) AS rejects, min(first) AS first_event,
                  max(last) AS last_event, max(receipt) AS last_received
           FROM (
               SELECT source, {EVENTS} AS events, 0 AS rejects, toNullable(min(time)) AS first,
                      toNullable(max(time)) AS last, max(received_at) AS receipt
               FROM {{private}}.events WHERE {winning(store.connection)} GROUP BY source
               UNION ALL
               SELECT source, 0, count(), NULL, NULL, max(received_at)
               FROM {{private}}.rejects FINAL GROUP BY source)
           GROUP BY source ORDER BY source"""
    )
    return [
        source_row | {"organisations": sorted(organisations.get(source_row["source"], ()))}
        for source_row in source_rows
    ]
