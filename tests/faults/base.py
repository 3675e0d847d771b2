"""What a run of `nytta up` under faults begins with, by `python -m tests.faults.base FOLDER`.

A county of four units, with persons whose key is due to change, events that are due for disposal, and more recent ones.
With a number after the folder: an empty store instead, of which only so many migrations are applied.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nytta import service as nytta
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.keys import Keys, load_or_make, save
from nytta.registry import declarations
from nytta.service.settings import Settings
from nytta.storage.client import embedded
from nytta.storage.migrate import migrate, migrations

UNITS = tuple(f"unit-{n}" for n in range(4))
PERSONS = 30
ORGANISATION = f"""
organisations:
  - {{id: county, name: County, timezone: Europe/Stockholm, country: SE, language: sv}}
units:
{chr(10).join(f"  - {{id: {unit}, name: {unit}, parent: county}}" for unit in UNITS)}
approvals:
  - {{purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2024-11-03}}
disposals:
  - {{rule: persons, decision: KS 1}}
  - {{rule: keys, decision: KS 2}}
"""
SYSTEMS = """
systems:
  - {id: cases, name: Cases, intended: [decide]}
  - {id: earlier, name: Earlier}
"""


def made_events(source: str, numbers: range, first: datetime, system: str = "cases") -> list[dict[str, Any]]:
    """For each number a case that is opened or closed, or a person's session; identities are the source's alone.

    Every third event is a case that was opened in the web; they lie within four weeks from `first` (aware) on.
    """
    found = []
    for n in numbers:
        kind, case = ("case.opened", n) if n % 3 == 0 else ("case.closed", n - 1)
        data: dict[str, Any] = {"unit": UNITS[n // 3 % 4], "system": system, "case": f"{source}-{case}"}
        if kind == "case.opened":
            data["channel"] = "web"
        if n % 3 == 2:
            kind = "platform.session"
            data = {"unit": UNITS[n // 3 % 4], "system": system, "actor": f"person-{n % PERSONS}"}
            data |= {"app": "desk", "legacy": False, "actions": 3}
        at = first + timedelta(hours=n // 3 * 7 % 600, minutes=n % 3)
        found.append(
            {
                "specversion": "1.0",
                "id": str(n),
                "source": source,
                "type": f"nytta.{kind}.v1",
                "time": at.astimezone(UTC).isoformat(),
                "data": data,
            }
        )
    return found


def lines(events: list[dict[str, Any]]) -> bytes:
    """The events as a body or file, one per line."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def make(folder: Path) -> None:
    """The county with its events, keys, and a token, whose text lies beside."""
    now = datetime.now(UTC)
    settings = _begun(folder)
    keys = load_or_make(settings.key_place)
    keys = keys.with_coming("county", "county", (now - timedelta(weeks=47)).date())
    keys = keys.with_coming("county", "county", (now - timedelta(weeks=21)).date())
    save(Keys(keys.id, keys.secret, keys.persons), settings.key_place)
    with nytta.embedded(settings) as app:
        for name, weeks in (("old", 30), ("recent", 5)):
            received = now - timedelta(weeks=weeks)
            events = made_events(f"/{name}", range(600), received - timedelta(weeks=5), "earlier")
            for batch in app.intake.accept([lines(events)], received):
                assert not batch.rejects, batch.rejects[0]
        app.bring_up_to_date(now)


def half_migrated(folder: Path, number: int) -> None:
    """A store of which the first migrations alone are applied: the service has the others to apply when it starts."""
    settings = _begun(folder)
    tables = declarations.schemas() / "tables"
    with tempfile.TemporaryDirectory() as name:
        for each in migrations(tables)[:number]:
            place = Path(name) / each.sequence / f"{each.name}.sql"
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(tables / each.sequence / f"{each.name}.sql", place)
        connection = embedded(settings.data / "store")
        migrate(connection, Path(name))
        connection.close()


def _begun(folder: Path) -> Settings:
    registry = folder / "registry"
    registry.mkdir(parents=True)
    (registry / "organisation.yaml").write_text(ORGANISATION)
    (registry / "systems.yaml").write_text(SYSTEMS)
    (registry / "programme.yaml").write_text("plans: []\n")
    settings = Settings(data=folder / "data", registry=registry)
    (folder / "token").write_text(Tokens(settings.data / "tokens.json").add("test", datetime.now(UTC))[1])
    return settings


if __name__ == "__main__":
    if len(sys.argv) > 2:
        half_migrated(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        make(Path(sys.argv[1]))
