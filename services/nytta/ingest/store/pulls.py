"""How far pulled sources have come, and what each of their rounds did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nytta.ingest.events import Reason
from nytta.ingest.store.private import PrivateStore


@dataclass(slots=True)
class PullRound:
    """What one round of a source did. `what` is `live`, `reconcile` or `probe`."""

    source: str
    what: str
    started_at: datetime
    state: str = "good"
    """`good`; `degraded` where rows were rejected or are hidden; `held` where a page was not taken; `concealed` where
    the source tells nothing of single persons; `failed`."""
    message: str = ""
    pages: int = 0
    rows: int = 0
    events: int = 0
    rejected: int = 0
    retracted: int = 0
    throttled: int = 0
    hidden: int = 0
    unplaced: int = 0
    """Events whose unit is to be looked up and is not known yet; they are kept."""
    fields: dict[str, int] = field(default_factory=dict)
    """The share of rows, in percent, in which each field said something."""
    listed: int | None = None
    """Rows that the source lists, where the round looked for what is gone."""
    standing: int | None = None
    """Rows of ours that stand after such a look."""
    until: datetime | None = None
    """The moment before which the source asks not to be asked again."""


_COLUMNS = (
    *(
        "source",
        "what",
        "started_at",
        "ended_at",
        "state",
        "message",
        "pages",
        "rows",
        "events",
        "rejected",
    ),
    *("retracted", "throttled", "hidden", "unplaced", "fields"),
    *("listed", "standing"),
)
_USUAL = 20
"""Rounds back that say which fields there usually are."""


def cursor_of(store: PrivateStore, source: str) -> str:
    """From where the next round of a source goes on; '' from the beginning."""
    rows = store.connection.rows(
        "SELECT cursor FROM {private}.pull_cursors FINAL WHERE source = {source:String}",
        source=source,
    )
    return str(rows[0][0]) if rows else ""


def save_cursor(store: PrivateStore, source: str, cursor: str, current_time: datetime) -> None:
    """Keep a cursor, after what lies before it is durable."""
    with store.writing:
        version = store.counter("pull_version") + 1
        store.raise_counter("pull_version", version)
        store.connection.insert(
            "{private}.pull_cursors",
            ["source", "cursor", "saved_at", "version"],
            [[source, cursor, current_time, version]],
        )


def note_round(store: PrivateStore, pull_round: PullRound, current_time: datetime) -> None:
    """Write down what a round did."""
    values = [
        current_time if name == "ended_at" else getattr(pull_round, name) for name in _COLUMNS
    ]
    store.connection.insert("{private}.pull_rounds", list(_COLUMNS), [values])


def latest_rounds(store: PrivateStore) -> list[dict[str, Any]]:
    """The latest round of each source and kind of round, and when the last good one ended. Moments are aware."""
    round_rows = store.connection.dicts(
        """SELECT source, what, max(started_at) AS started, argMax(ended_at, started_at) AS ended,
                  argMax(state, started_at) AS state, argMax(message, started_at) AS message,
                  argMax(rows, started_at) AS rows, argMax(events, started_at) AS events,
                  argMax(rejected, started_at) AS rejected, argMax(retracted, started_at) AS retracted,
                  argMax(throttled, started_at) AS throttled, argMax(hidden, started_at) AS hidden,
                  argMax(unplaced, started_at) AS unplaced,
                  maxIf(ended_at, state IN ('good', 'degraded')) AS last_good,
                  argMax(listed, started_at) AS listed, argMax(standing, started_at) AS standing,
                  maxIf(ended_at, isNotNull(listed)) AS compared
           FROM {private}.pull_rounds GROUP BY source, what ORDER BY source, what"""
    )
    return [{name: _aware(value) for name, value in row.items()} for row in round_rows]


def _aware(value: Any) -> Any:
    """A moment of the store, which knows UTC alone, with that zone; anything else as it is."""
    return (
        value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
    )


def known_fields(store: PrivateStore, source: str) -> dict[str, int]:
    """The share of rows, in percent, in which each field usually said something: the most in the last rounds.

    A round of few rows, or of rows that lacked a field, makes nobody forget that the field was there.
    """
    field_rows = store.connection.rows(
        """SELECT arrayJoin(mapKeys(fields)) AS name, max(fields[name]) FROM (
            SELECT fields FROM {private}.pull_rounds
            WHERE source = {source:String} AND what = 'live' AND state IN ('good', 'degraded') AND notEmpty(fields)
            ORDER BY started_at DESC LIMIT {rounds:UInt32})
        GROUP BY name""",
        source=source,
        rounds=_USUAL,
    )
    return {field_name: int(share) for field_name, share in field_rows}


def latest_fields(store: PrivateStore) -> dict[str, dict[str, int]]:
    """By source, the share of rows in which each field said something in the last live round that had rows."""
    field_rows = store.connection.rows(
        """SELECT source, argMax(fields, started_at) FROM {private}.pull_rounds
        WHERE what = 'live' AND notEmpty(fields) GROUP BY source"""
    )
    return {
        source: {field_name: int(share) for field_name, share in fields.items()}
        for source, fields in field_rows
    }


def unplaced_events(store: PrivateStore) -> dict[str, int]:
    """By source, the events that wait for their unit to be known; sources without any are not among them."""
    source_rows = store.connection.rows(
        "SELECT source, count() FROM {private}.rejects FINAL WHERE reason = {reason:String} GROUP BY source",
        reason=Reason.UNPLACED.value,
    )
    return {source: int(event_count) for source, event_count in source_rows}


def fed_units(store: PrivateStore) -> dict[str, dict[str, list[str]]]:
    """By source and organisation, the units of which it has told."""
    unit_rows = store.connection.rows(
        """SELECT source, root, groupUniqArray(unit) FROM {private}.source_units AS e
        INNER JOIN (SELECT DISTINCT unit, root FROM {open}.units) AS u USING (unit) GROUP BY source, root"""
    )
    units: dict[str, dict[str, list[str]]] = {}
    for source, root, source_units in unit_rows:
        units.setdefault(source, {})[root] = sorted(source_units)
    return units
