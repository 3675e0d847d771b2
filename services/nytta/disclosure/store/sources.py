"""How each source does, for operations: what it delivered of each day, coarse enough to tell of no small office."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nytta.ingest.store.counted import EVENTS, winning
from nytta.storage.client import Connection

SPAN = timedelta(weeks=26)
"""So far back is told anew; persons' rows are disposed of after it."""


def publish_sources(connection: Connection, current_time: datetime) -> None:
    """Tell how many events each source has of each UTC day up to `current_time`: two significant digits, none under
    ten."""
    publication = int(connection.value("SELECT max(publication) + 1 FROM {open}.published_sources"))
    rounding_step = "intExp10(toUInt8(greatest(0, length(toString(number)) - 2)))"
    rounded = f"intDiv(number + intDiv({rounding_step}, 2), {rounding_step}) * {rounding_step}"
    connection.run(
        f"""INSERT INTO {{open}}.published_sources
            (source, system, day, events, last_received, publication, notes)
        SELECT source, system, day, if(number < 10, NULL, {rounded}), last, {publication}, only_notes
        FROM (
            SELECT source, system, day, max(events) AS number, max(received) AS last, min(are_notes) AS only_notes
            FROM (
                SELECT source, system, toDate(time) AS day, {EVENTS} AS events, max(received_at) AS received,
                       min(startsWith(type, 'change.')) AS are_notes
                FROM {{private}}.events
                WHERE time >= {{first:DateTime64(3, 'UTC')}} AND time <= {{now:DateTime64(3, 'UTC')}}
                  AND {winning(connection)}
                GROUP BY source, system, day
                UNION ALL  -- days that were told, and of which nothing may be left
                SELECT source, system, day, 0, last_received, 1 FROM {{open}}.source_days
                WHERE day >= toDate({{first:DateTime64(3, 'UTC')}}) AND isNotNull(events))
            GROUP BY source, system, day)""",
        # whole days
        first=(current_time - SPAN)
        .astimezone(UTC)
        .replace(hour=0, minute=0, second=0, microsecond=0),
        now=current_time,
    )
