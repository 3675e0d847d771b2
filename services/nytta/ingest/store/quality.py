"""What sources leave out: units that nobody knows, and acts of persons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.counted import EVENTS, winning
from nytta.storage.client import Connection

SPAN: Final = timedelta(days=14)
"""So far back is looked; rejected input is kept as long."""

MOST_UNKNOWN: Final = 0.1
"""Largest share of a source's events that may name units nobody knows."""


def unknown_units(connection: Connection, current_time: datetime) -> dict[str, float]:
    """The share of each source's events received in the days before `current_time` that name units nobody knows, if
    any do."""
    first_moment = current_time - SPAN
    rejected = dict(
        connection.rows(
            "SELECT source, count() FROM {private}.rejects FINAL "
            "WHERE reason = {reason:String} AND received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source",
            reason=Reason.UNKNOWN_UNIT.value,
            since=first_moment,
        )
    )
    if not rejected:
        return {}
    accepted = dict(
        connection.rows(
            f"SELECT source, {EVENTS} FROM {{private}}.events WHERE source IN {{sources:Array(String)}} "
            f"AND received_at >= {{since:DateTime64(3, 'UTC')}} AND {winning(connection)} GROUP BY source",
            sources=list(rejected),
            since=first_moment,
        )
    )
    return {
        source: rejected_count / (rejected_count + accepted.get(source, 0))
        for source, rejected_count in rejected.items()
    }


def unclear_systems(connection: Connection, current_time: datetime) -> frozenset[str]:
    """Systems whose figures of units wait, because a source of theirs names too many units that nobody knows."""
    unclear_sources = [
        source
        for source, share in unknown_units(connection, current_time).items()
        if share > MOST_UNKNOWN
    ]
    if not unclear_sources:
        return frozenset()
    rows = connection.rows(
        "SELECT DISTINCT system FROM {private}.events WHERE source IN {sources:Array(String)}",
        sources=unclear_sources,
    )
    return frozenset(system for (system,) in rows)


def systems_in_use(connection: Connection) -> frozenset[str]:
    """Systems of which some source tells that persons work in them: sessions, steps of cases, or acts as they happen.

    A list of cases says who has each of them, and not who worked when: it tells of no use.
    """
    system_rows = connection.rows(
        """SELECT DISTINCT system FROM {private}.events
           WHERE kind IN ('session', 'case') AND actor_kind = 'person' AND retracted = 0
             AND (type IN ('platform.session', 'case.step', 'case.handover') OR import = 0)"""
    )
    return frozenset(system for (system,) in system_rows)


def systems_of_access(connection: Connection) -> frozenset[str]:
    """Systems of which some source tells who has an account or a licence; most staff lists tell of none."""
    system_rows = connection.rows(
        """SELECT DISTINCT system FROM {private}.events
           WHERE kind = 'eligibility' AND entitled >= 0 AND retracted = 0"""
    )
    return frozenset(system for (system,) in system_rows)
