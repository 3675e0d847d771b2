"""Which events came from which source."""

from __future__ import annotations

from nytta.storage.client import Connection


def sources_of_events(connection: Connection) -> dict[str, list[str]]:
    """Which event types came from which source."""
    rows = connection.rows(
        "SELECT source, arraySort(groupUniqArray(type)) FROM {private}.events GROUP BY source ORDER BY source"
    )
    return {source: list(types) for source, types in rows}
