"""Two numbered sequences of frozen SQL, applied once each and recorded with their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nytta.storage.client import Connection, StoreError

_SEQUENCES = ("open", "private")  # the private zone's views read the open zone's registry


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of a sequence."""

    sequence: str
    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> Iterator[str]:
        """The statements, comments taken out."""
        lines = (line for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        return (part.strip() for part in "\n".join(lines).split(";\n") if part.strip().rstrip(";"))


def migrations(tables: Path) -> list[Migration]:
    """All migrations below `tables`, in the order of application."""
    found = [
        Migration(sequence, path.stem, path.read_text("utf-8"))
        for sequence in _SEQUENCES
        for path in sorted((tables / sequence).glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    if not found:
        raise StoreError(f"no migrations under {tables}: the installation is incomplete")
    return found


def migrate(connection: Connection, tables: Path) -> list[str]:
    """Apply what is missing; the names applied. Refuses a changed file and a store that is ahead of this program."""
    for sequence in _SEQUENCES:
        connection.run(f"CREATE DATABASE IF NOT EXISTS {{{sequence}}}")
        connection.run(
            f"CREATE TABLE IF NOT EXISTS {{{sequence}}}.migrations (name String, digest String, applied_at DateTime "
            "DEFAULT now()) ENGINE = MergeTree ORDER BY name"
        )
    applied = []
    wanted = migrations(tables)
    for sequence in _SEQUENCES:
        done = dict(connection.rows(f"SELECT name, digest FROM {{{sequence}}}.migrations"))
        ours = [m for m in wanted if m.sequence == sequence]
        ahead = sorted(set(done) - {m.name for m in ours})
        if ahead:
            raise StoreError(
                f"the store has migration {sequence}/{ahead[0]}, unknown to this program: upgrade the program"
            )
        for migration in ours:
            if migration.name in done:
                if done[migration.name] != migration.digest:
                    raise StoreError(
                        f"migration {sequence}/{migration.name} was changed after it was applied: restore the file, "
                        "and put the change into a migration of its own"
                    )
                continue
            for statement in migration.statements:
                connection.run(statement)
            connection.insert(f"{{{sequence}}}.migrations", ["name", "digest"], [[migration.name, migration.digest]])
            applied.append(f"{sequence}/{migration.name}")
    return applied


def missing(connection: Connection, tables: Path) -> list[str]:
    """Migrations that the store has not seen; all where it has seen none."""
    gone = []
    for sequence in _SEQUENCES:
        name = connection.zones.fill(f"{{{sequence}}}")
        tables_there = connection.rows(
            "SELECT 1 FROM system.tables WHERE database = {name:String} AND name = 'migrations'", name=name
        )
        done = dict(connection.rows(f"SELECT name, digest FROM {{{sequence}}}.migrations")) if tables_there else {}
        gone += [f"{sequence}/{m.name}" for m in migrations(tables) if m.sequence == sequence and m.name not in done]
    return gone
