"""How each source does, for operations: what it delivered of each day, coarse enough to tell of no small office."""

from __future__ import annotations

from datetime import datetime, timedelta

from nytta.store.client import Connection

SPAN = timedelta(weeks=26)
"""So far back is told anew; persons' rows are disposed of after it."""


def publish_sources(connection: Connection, now: datetime) -> None:
    """Tell how many events each source has of each UTC day up to `now`: two significant digits, none under ten."""
    publication = int(connection.value("SELECT max(publication) + 1 FROM {open}.published_sources"))
    step = "intExp10(toUInt8(greatest(0, length(toString(count())) - 2)))"
    connection.run(
        f"""INSERT INTO {{open}}.published_sources
        SELECT source, system, toDate(time) AS day,
               if(count() < 10, NULL, intDiv(count() + intDiv({step}, 2), {step}) * {step}), max(received_at),
               {publication}
        FROM {{private}}.events
        WHERE time >= {{first:DateTime64(3, 'UTC')}} AND time <= {{now:DateTime64(3, 'UTC')}}
        GROUP BY source, system, day""",
        first=now - SPAN,
        now=now,
    )
