"""What may be processed: approved purposes, systems that are not switched off. Nothing else is computed.

Denying is the rule: an organisation whose approval stands in no row has no figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nytta.indicators.definition import Definition
from nytta.organisation.registry import Registry
from nytta.organisation.units import ANY_PURPOSE, Approval
from nytta.store.client import Connection

_APPROVALS = ["purpose", "root", "legal_basis", "dpia", "consulted_on", "missing"]


def approvals(registry: Registry, purposes: Collection[str], day: date) -> list[list[Any]]:
    """Rows of table `approvals` as they stand on `day`: every organisation with every purpose."""
    named = {a.purpose for a in registry.approvals} | set(purposes) | {ANY_PURPOSE}
    rows = []
    for organisation in registry.organisations:
        for purpose in sorted(named):
            held = registry.approval(purpose, organisation.id)
            missing = list(registry.unapproved(purpose, organisation.id, day))
            rows.append([purpose, organisation.id, held.legal_basis, held.dpia, held.consulted_on, missing])
    return rows


def save_approvals(connection: Connection, rows: list[list[Any]]) -> None:
    """Replace the table `approvals`."""
    connection.run("TRUNCATE TABLE {open}.approvals")
    connection.insert("{open}.approvals", _APPROVALS, rows)


def approved_units(definition: Definition) -> str:
    """SQL of the units in whose organisations the indicator may be computed."""
    return f"""SELECT unit FROM {{open}}.units WHERE root IN (
        SELECT root FROM {{open}}.approvals WHERE purpose IN ('{definition.purpose}', '{ANY_PURPOSE}')
        GROUP BY root HAVING argMax(empty(missing), purpose != '{ANY_PURPOSE}'))"""


def processed(definition: Definition, grain: str, text: str) -> str:
    """SQL of those cells of `text` that may be made: approved, and of periods in which their system was processed."""
    return f"""SELECT * FROM ({text})
        WHERE unit IN ({approved_units(definition)}) AND (system, period) NOT IN ({_stopped(definition, grain)})"""


def _stopped(definition: Definition, grain: str) -> str:
    """SQL of the (system, period) that a stop concerns."""
    match grain:
        case "week" | "window":
            first, more = "toMonday(valid_from)", definition.window_weeks - 1 if grain == "window" else 0
            periods = f"arrayMap(i -> {first} + 7 * i, range(intDiv(toMonday(valid_to - 1) - {first}, 7) + {1 + more}))"
        case "month":
            first = "toStartOfMonth(valid_from)"
            periods = f"arrayMap(i -> addMonths({first}, i), range(dateDiff('month', {first}, valid_to - 1) + 1))"
        case _:
            periods = "emptyArrayDate()"
    return f"SELECT system, toDate(arrayJoin({periods})) FROM {{open}}.stops"


def without_stopped(registry: Registry, events: pa.Table, stopped: Counter[tuple[str, str]]) -> pa.Table:
    """The events that may be processed; the others are only counted in `stopped`, by (source, system)."""
    if not len(events) or not any(system.stops for system in registry.systems):
        return events
    system = events["system"].cast(pa.string())
    days = pc.cast(events["time"], pa.date32())
    gone = pa.array([False] * len(events))
    for each in registry.systems:
        for span in each.stops:
            on = pc.and_(pc.greater_equal(days, pa.scalar(span.valid_from)), pc.less(days, pa.scalar(span.valid_to)))
            gone = pc.or_(gone, pc.and_(pc.equal(system, each.id), on))
    lost = events.filter(gone)
    stopped.update(zip(lost["source"].to_pylist(), lost["system"].to_pylist(), strict=True))
    return events.filter(pc.invert(gone))


def count_stopped(connection: Connection, stopped: Counter[tuple[str, str]], received_at: datetime) -> None:
    """Write down how many events were not processed, and begin to count anew."""
    rows = []
    while stopped:
        (source, system), events = stopped.popitem()
        rows.append([received_at.date(), source, system, events])
    connection.insert("{open}.not_processed", ["received_on", "source", "system", "events"], rows)


def withdraw(connection: Connection, definition: Definition, publication: int, at: datetime) -> int:
    """Take back what was published of an indicator where it is no longer approved; how many figures.

    A whole indicator of a whole organisation goes at once, so that nothing is told by what goes.
    """
    gone = f"""indicator = '{definition.id}' AND status != 'not_approved' AND organisation IN (
        SELECT root FROM {{open}}.units WHERE unit NOT IN ({approved_units(definition)}))"""
    count = int(connection.value(f"SELECT count() FROM {{open}}.published_values FINAL WHERE {gone}"))
    if count:
        connection.run(
            f"""INSERT INTO {{open}}.published_values
            SELECT * REPLACE (NULL AS value, NULL AS low, NULL AS high, '' AS n_band, 'not_approved' AS status,
                              toDateTime({int(at.timestamp())}) AS published_at, {publication} AS publication)
            FROM (SELECT * FROM {{open}}.published_values FINAL WHERE {gone})"""
        )
    return count


def not_approved(connection: Connection, definitions: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is not computed and why: one row per organisation and indicator. `definitions` are (indicator, purpose)."""
    rows = connection.dicts(
        "SELECT purpose, root, missing FROM {open}.approvals WHERE notEmpty(missing) ORDER BY root, purpose"
    )
    return [
        {"unit": row["root"], "indicator": indicator, "status": "not_approved", "missing": list(row["missing"])}
        for row in rows
        for indicator, purpose in definitions
        if purpose == row["purpose"]
    ]


def remember_approval(connection: Connection, root: str, approval: Approval) -> None:
    """Keep what the owner of a log without a registry says of its approval, unless it was said already."""
    if created_approvals(connection).get(root) == approval:
        return
    place = int(connection.value("SELECT max(place) + 1 FROM {open}.created_approvals"))
    connection.insert(
        "{open}.created_approvals",
        ["root", "legal_basis", "dpia", "consulted_on", "place"],
        [[root, approval.legal_basis, approval.dpia, approval.consulted_on, place]],
    )


def created_approvals(connection: Connection) -> dict[str, Approval]:
    """The approvals of organisations made for logs, by root."""
    rows = connection.rows(
        "SELECT root, argMax(tuple(legal_basis, dpia, consulted_on), place) FROM {open}.created_approvals GROUP BY root"
    )
    return {root: Approval(ANY_PURPOSE, root, *said) for root, said in rows}
