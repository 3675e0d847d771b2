"""The access log: who read figures of which unit, kept for twelve months in the open zone, without third persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nytta.organisation.roles import Role, What
from nytta.store.client import Connection


@dataclass(frozen=True, slots=True)
class Read:
    """One read of unit-level figures.

    `reader` tells readers apart without naming them: a pseudonym by the lasting key. `role_unit` is the unit or group
    for which the role is held, `surface` what was used (console, api, export, cli).
    """

    reader: str
    role: Role
    role_unit: str
    what: What
    unit: str
    surface: str


class AccessLog:
    """Writes and lists reads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def write(self, reads: list[Read], at: datetime) -> None:
        """Record reads before they are answered."""
        self.connection.insert(
            "{open}.access_log",
            ["at", "reader", "role", "role_unit", "what", "unit", "surface"],
            [[at, r.reader, r.role.value, r.role_unit, r.what.value, r.unit, r.surface] for r in reads],
        )

    def read(self, units: frozenset[str] | None, since: datetime, reader: str = "") -> list[dict[str, Any]]:
        """Reads of these units (None: of all), the latest first."""
        conditions = ["at >= {since:DateTime}"]
        if units is not None:
            conditions.append("unit IN {units:Array(String)}")
        if reader:
            conditions.append("reader = {reader:String}")
        return self.connection.dicts(
            f"""SELECT at, reader, role, role_unit, what, unit, surface FROM {{open}}.access_log
                WHERE {" AND ".join(conditions)} ORDER BY at DESC, unit""",
            since=since,
            units=sorted(units or ()),
            reader=reader,
        )


def sources_of_events(connection: Connection) -> dict[str, list[str]]:
    """Which event types came from which source."""
    rows = connection.rows(
        "SELECT source, arraySort(groupUniqArray(type)) FROM {private}.events GROUP BY source ORDER BY source"
    )
    return {source: list(types) for source, types in rows}
