"""The access log: who read figures of which unit, kept for twelve months in the open zone, without third persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from nytta.registry.roles import Permission, Role
from nytta.storage.client import Connection
from nytta.storage.journal import Journal


@dataclass(frozen=True, slots=True)
class Read:
    """One read of unit-level figures.

    `reader` tells readers apart without naming them: a pseudonym by the lasting key. `role_unit` is the unit or group
    for which the role is held, `surface` what was used (console, api, export, cli).
    """

    reader: str
    role: Role
    role_unit: str
    what: Permission
    unit: str
    surface: str


_COLUMNS = ["at", "reader", "role", "role_unit", "what", "unit", "surface"]
_SECONDS = 5.0
"""So long reads may wait in the journal while others come."""


class AccessLog:
    """Writes and lists reads: into the store, or at once into a journal that is brought into the store later.

    Either way a read is on disk before it is answered. After a crash in the middle of bringing, a read may be listed
    twice; none is lost.
    """

    def __init__(self, connection: Connection, journal: Journal | None = None) -> None:
        self.connection = connection
        self.journal = journal

    def write(self, reads: list[Read], moment: datetime) -> None:
        """Record reads before they are answered."""
        log_rows = [
            [
                moment,
                read.reader,
                read.role.value,
                read.role_unit,
                read.what.value,
                read.unit,
                read.surface,
            ]
            for read in reads
        ]
        if self.journal is None:
            self.connection.insert("{open}.access_log", _COLUMNS, log_rows)
        else:
            self.journal.write(b"".join(orjson.dumps(log_row) + b"\n" for log_row in log_rows))

    def due(self) -> bool:
        """Whether it is time to bring the journal in."""
        return self.journal is not None and self.journal.due(_SECONDS)

    def bring(self) -> None:
        """Bring what waits in the journal into the store."""
        if self.journal is not None:
            self.journal.bring(self._insert)

    def _insert(self, lines: list[bytes]) -> None:
        rows = [orjson.loads(line) for line in lines]
        self.connection.insert(
            "{open}.access_log",
            _COLUMNS,
            [[datetime.fromisoformat(row[0]), *row[1:]] for row in rows],
        )

    def read(
        self, units: frozenset[str] | None, since: datetime, reader: str = ""
    ) -> list[dict[str, Any]]:
        """Reads of these units (None: of all), the latest first."""
        self.bring()
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
