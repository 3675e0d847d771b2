"""What a round costs as years come behind it: the same county, the same late week, 1,900 events a week.

    python -m tests.bench.rounds [EVENTS …]

For each number of events a store is filled and computed; then, after a round that is not counted, some events of the
last week come and a round is made of them: statements, rows read, CPU-seconds, seconds, and what took most. `few`
touches one case in one unit, `many` cases and acts in eight units. Then the store is verified.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from nytta import service as nytta
from nytta.demo.bulk import bulk
from nytta.service.settings import Settings
from nytta.storage.client import Connection
from nytta.storage.errors import StoreError

UNITS: Final = 50
PERSONS: Final = 20
PER_WEEK: Final = 1_900
END: Final = date(2026, 6, 1)
NOW: Final = datetime(2026, 6, 2, tzinfo=UTC)
REGISTRY: Final = {
    "organisation.yaml": """
organisations: [{id: county, name: County, timezone: Europe/Stockholm, country: SE, language: sv}]
units:
UNITS
approvals: [{purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2015-11-03}]
""".replace("UNITS", "\n".join(f"  - {{id: last-{n:03d}, name: Unit {n}, parent: county}}" for n in range(UNITS))),
    "systems.yaml": "systems: [{id: last, name: Last, intended: [handläggning]}]\n",
    "programme.yaml": "plans: []\n",
}


@dataclass
class Cost:
    """What something cost; `rows` are those that the engine read."""

    statements: int = 0
    rows: int = 0
    cpu: float = 0.0
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """Figures of it."""
        return {
            "statements": self.statements,
            "rows": self.rows,
            "cpu": round(self.cpu, 2),
            "seconds": round(self.seconds, 2),
        }


@contextmanager
def measured(connection: Connection) -> Iterator[Cost]:
    """What happens while this is entered; what it asks itself is not counted."""
    before, cpu, at, cost = _events(connection), _cpu(), time.perf_counter(), Cost()
    yield cost
    cost.seconds, cost.cpu = time.perf_counter() - at, _cpu() - cpu
    after = _events(connection)
    cost.statements, cost.rows = (b - a for a, b in zip(before, after, strict=True))


def _events(connection: Connection) -> tuple[int, int]:
    rows = connection.rows("SELECT event, value FROM system.events WHERE event IN ('Query', 'SelectedRows')")
    found = dict(rows)
    return int(found.get("Query", 0)), int(found.get("SelectedRows", 0))


def _cpu() -> float:
    used = os.times()
    return used.user + used.system


@contextmanager
def filled(folder: Path, events: int) -> Iterator[nytta.App]:
    """An installation on `folder`, of which the last week ends on END; everything is computed."""
    place = folder / "registry"
    if not place.exists():
        place.mkdir(parents=True)
        for name, text in REGISTRY.items():
            (place / name).write_text(text, "utf-8")
    with nytta.embedded(Settings(data=folder), place) as app:
        if not app.intake.private.connection.value("SELECT count() FROM {private}.events"):
            weeks = max(1, events // PER_WEEK)
            start = END - timedelta(weeks=weeks)
            bodies = bulk(events, 1, first_day=start, units=UNITS, weeks=weeks)
            for batch in app.intake.accept((people(start), *bodies), NOW):
                assert not batch.rejects, batch.rejects[0]
            app.bring_up_to_date(NOW)
        yield app


def people(start: date) -> bytes:
    """The staff list: everybody who acts, since the first day."""
    lines = [
        {
            "specversion": "1.0",
            "id": f"p{unit}-{person}",
            "source": "/last/personal",
            "type": "nytta.people.eligibility.v1",
            "time": f"{start}T00:00:00Z",
            "data": {
                "unit": f"last-{unit:03d}",
                "system": "last",
                "actor": f"anst-{unit:03d}-{person:02d}",
                "actor_kind": "person",
                "role": "handläggare",
                "valid_from": str(start),
            },
        }
        for unit in range(UNITS)
        for person in range(PERSONS)
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def late(number: int, units: Sequence[int], kinds: Sequence[str]) -> bytes:
    """Events of the last full week that come late: one of each kind in each unit."""
    lines = []
    for unit in units:
        for kind in kinds:
            data = {
                "unit": f"last-{unit:03d}",
                "system": "last",
                "actor": f"anst-{unit:03d}-03",
                "actor_kind": "person",
            }
            if kind.startswith("case"):
                data |= {"case": f"late-{number}-{unit}"}
            lines.append(
                {
                    "specversion": "1.0",
                    "id": f"late-{number}-{unit}-{kind}",
                    "source": "/last/late",
                    "type": f"nytta.{kind}.v1",
                    "time": f"{END - timedelta(days=5)}T10:00:00Z",
                    "data": data,
                }
            )
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def rounds(app: nytta.App) -> dict[str, Any]:
    """Costs of two kinds of rounds, each after one of its kind that is not counted, and the cells of each."""
    found: dict[str, Any] = {}
    connection = app.private.connection
    for name, units, kinds in (
        ("few", [7], ["case.opened"]),
        ("many", range(8), ["case.opened", "case.closed", "platform.session"]),
    ):
        for _ in range(2):
            number = app.private.counter("batch")
            rejects = [r for b in app.intake.accept([late(number, units, kinds)], NOW) for r in b.rejects]
            assert not rejects, rejects[0]
            with measured(connection) as cost:
                app.compute(NOW)
        version = app.private.counter("version")
        cells = connection.value(f"SELECT count() FROM {{private}}.cells WHERE computed = {version}")
        found[name] = cost.summary() | {"cells": int(cells)}
    return found


def bench(folder: Path, events: int) -> dict[str, Any]:
    """Everything about a history of so many events."""
    with filled(folder, events) as app:
        found: dict[str, Any] = {"events": events} | rounds(app)
        with measured(app.private.connection) as cost:
            app.publish(NOW)
        found["publication"] = cost.summary()
        with measured(app.private.connection) as cost:
            try:
                found["equal"] = app.verify().equal
            except StoreError as error:
                found["equal"] = str(error)
        found["verify"] = cost.summary()
        return found


def main() -> None:
    """Measure histories of the numbers of events that are given, each in a process of its own."""
    sizes = [int(word) for word in sys.argv[1:]] or [100_000, 1_000_000]
    for events in sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(bench(Path(folder), events)), flush=True)


if __name__ == "__main__":
    main()
