"""Events of systems that are switched off: they are counted, and not kept."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from nytta.registry.registry import Registry
from nytta.storage.client import Connection


def without_stopped(
    registry: Registry, events: pa.Table, stopped: Counter[tuple[str, str]]
) -> pa.Table:
    """The events that may be processed; the others are only counted in `stopped`, by (source, system)."""
    if not len(events) or not any(system.stops for system in registry.systems):
        return events
    system_ids = events["system"].cast(pa.string())
    days = pc.cast(events["time"], pa.date32())
    are_stopped = pa.array([False] * len(events))
    for system in registry.systems:
        are_of_system = pc.equal(system_ids, system.id)
        for span in system.stops:
            have_begun = pc.greater_equal(days, pa.scalar(span.valid_from))
            have_not_ended = pc.less(days, pa.scalar(span.valid_to))
            are_in_span = pc.and_(have_begun, have_not_ended)
            are_stopped = pc.or_(are_stopped, pc.and_(are_of_system, are_in_span))
    dropped = events.filter(are_stopped)
    stopped.update(zip(dropped["source"].to_pylist(), dropped["system"].to_pylist(), strict=True))
    return events.filter(pc.invert(are_stopped))


def count_stopped(
    connection: Connection, stopped: Counter[tuple[str, str]], received_at: datetime
) -> None:
    """Write down how many events were not processed, and begin to count anew."""
    stopped_rows = []
    # taken out one by one: what another thread counts meanwhile is not lost
    while stopped:
        (source, system), events = stopped.popitem()
        stopped_rows.append([received_at.date(), source, system, events])
    connection.insert(
        "{open}.not_processed", ["received_on", "source", "system", "events"], stopped_rows
    )
