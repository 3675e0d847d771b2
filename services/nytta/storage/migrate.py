"""Two numbered sequences of frozen SQL, applied once each and recorded with their hash.

A statement that copies what a table holds may say `{part of TABLE by COLUMN}` as a condition: it is carried out some
rows at a time, each part noted when it is done, so that a migration that was broken off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nytta.storage.client import Connection
from nytta.storage.cluster import ALONE, Cluster, across, replicated
from nytta.storage.errors import StoreError

# the private zone's views read the open zone's registry
_SEQUENCES = ("open", "private")
_PART: Final = re.compile(r"\{part of (\w+) by (\w+)\}")
_PART_ROWS: Final = 1_000_000
"""Rows that are copied at a time: seconds, so that whoever waits sees how far it is."""
_STEP: Final = "step "
"""Begins what stands in the place of a hash while a migration is under way. Older programs refuse such a store."""

_log = logging.getLogger(__name__)


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
        # without comments first: a semicolon at the end of one would end the statement
        code_lines = (line for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        statements = (statement.strip() for statement in "\n".join(code_lines).split(";\n"))
        return (statement for statement in statements if statement.rstrip(";"))


def migrations(tables: Path) -> list[Migration]:
    """All migrations below `tables`, in the order of application."""
    migrations = [
        Migration(sequence, path.stem, path.read_text("utf-8"))
        for sequence in _SEQUENCES
        for path in sorted((tables / sequence).glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    if not migrations:
        raise StoreError(f"no migrations under {tables}: the installation is incomplete")
    return migrations


def migrate(
    connection: Connection,
    tables: Path,
    only: Collection[str] | None = None,
    cluster: Cluster = ALONE,
) -> list[str]:
    """Apply what is missing; the names applied. Refuses a changed file and a store that is ahead of this program.

    `only` those of these names, for rows that were written under them; without it, all. With a `cluster`, its tables
    have replicas, and forms across its shards.
    """

    def adapted(statement: str) -> str:
        return replicated(statement, cluster.replicas) if cluster.replicas else statement

    for sequence in _SEQUENCES:
        connection.run(adapted(f"CREATE DATABASE IF NOT EXISTS {{{sequence}}}"))
        record = (
            f"CREATE TABLE IF NOT EXISTS {{{sequence}}}.migrations (name String, digest String, applied_at DateTime "
            "DEFAULT now()) ENGINE = MergeTree ORDER BY name"
        )
        connection.run(adapted(record))
    applied = []
    declared_migrations = migrations(tables)
    for sequence in _SEQUENCES:
        applied_digests, steps = _recorded(connection, sequence)
        sequence_migrations = [
            migration for migration in declared_migrations if migration.sequence == sequence
        ]
        _refuse_ahead(sequence, {*applied_digests, *steps}, sequence_migrations)
        for migration in sequence_migrations:
            if migration.name in applied_digests:
                _refuse_changed(migration, applied_digests[migration.name])
                continue
            if only is not None and f"{sequence}/{migration.name}" not in only:
                continue
            _apply(
                connection,
                migration,
                [*map(adapted, migration.statements)],
                steps.get(migration.name, frozenset()),
            )
            applied.append(f"{sequence}/{migration.name}")
    # after all of them: forms across shards have the columns that tables have now
    if applied and cluster.shards:
        for statement in across(_tables_and_views(connection), cluster.shards):
            connection.run(statement)
    return applied


def _refuse_ahead(
    sequence: str, migration_names: Collection[str], known_migrations: Sequence[Migration]
) -> None:
    """StoreError where the store has a migration that is none of ours."""
    ahead = sorted(set(migration_names) - {migration.name for migration in known_migrations})
    # an older program would write into tables that it does not know
    if ahead:
        raise StoreError(
            f"the store has migration {sequence}/{ahead[0]}, unknown to this program: upgrade the program"
        )


def _refuse_changed(migration: Migration, applied_digest: str) -> None:
    """StoreError where the file of an applied migration is another one now."""
    # a store made by the file as it is now would differ from one that was made by what it was
    if applied_digest != migration.digest:
        raise StoreError(
            f"migration {migration.sequence}/{migration.name} was changed after it was applied: restore the file, "
            "and put the change into a migration of its own"
        )


def make(connection: Connection, tables: Path) -> None:
    """Make zones that are for this caller alone, such as a scratch zone; one that is there already stays as it is.

    They are as `migrate` makes them. After the first such time on an engine, tables are made as the last migration left
    them, not as each of all the migrations had them: half the work.
    """
    declared_migrations = migrations(tables)
    new_zones = [sequence for sequence in _SEQUENCES if not _stands(connection, sequence)]
    # by all migrations: with one more, or another text of one, tables are others
    digests = [migration.digest for migration in declared_migrations]
    form_keys = {sequence: (sequence, *digests) for sequence in new_zones}
    if not all(form_key in connection.forms for form_key in form_keys.values()):
        migrate(connection, tables)
        for sequence, form_key in form_keys.items():
            connection.forms[form_key] = _form(connection, sequence)
        return
    for sequence, form_key in form_keys.items():
        connection.run(f"CREATE DATABASE {{{sequence}}}")
        connection.run_all(connection.forms[form_key])
        of_sequence = [
            migration for migration in declared_migrations if migration.sequence == sequence
        ]
        records = [[migration.name, migration.digest] for migration in of_sequence]
        connection.insert(f"{{{sequence}}}.migrations", ["name", "digest"], records)


def _stands(connection: Connection, sequence: str) -> bool:
    """Whether the database of a sequence is there."""
    database = connection.zones.fill(f"{{{sequence}}}")
    return bool(
        connection.rows("SELECT 1 FROM system.databases WHERE name = {name:String}", name=database)
    )


def _form(connection: Connection, sequence: str) -> list[str]:
    """Statements that make the tables and views of a sequence as they are now, in any zones, without their rows."""
    zones = connection.zones
    statements = connection.rows(
        # views after the tables that they read or write
        "SELECT create_table_query FROM system.tables WHERE database = {name:String} "
        "ORDER BY endsWith(engine, 'View'), name",
        name=zones.fill(f"{{{sequence}}}"),
    )
    # a text between quotation marks that begins like a zone, such as the name of an event type, stays as it is
    named = re.compile(rf"(?<!['\w])({zones.private}|{zones.open})\.")
    placeholders = {zones.private: "{private}.", zones.open: "{open}."}
    return [
        named.sub(lambda match: placeholders[match[1]], statement) for (statement,) in statements
    ]


def _apply(
    connection: Connection, migration: Migration, statements: list[str], steps: frozenset[str]
) -> None:
    """Carry out the statements of a migration, but for the `steps` that are done, and note that it was applied."""
    parted: list[str] = []
    for statement in statements:
        parted += _parts(connection, migration.sequence, statement)
    # a small store takes no longer than a note does: it is tried again from its first statement
    if len(parted) == len(statements):
        connection.run_all(parted)
    else:
        step_names = [f"{_STEP}{number} of {len(parted)}" for number in range(1, len(parted) + 1)]
        for step_name, statement in zip(step_names, parted, strict=True):
            # Steps bear their number: of another number of them each held other rows, and all are carried out again.
            # Rows that were copied already are there twice then, and count once.
            if step_name not in steps:
                connection.run(statement)
                _note(connection, migration, step_name)
            _log.info("migration %s/%s: %s", migration.sequence, migration.name, step_name)
    # after its statements: one that is broken off is not done
    _note(connection, migration, migration.digest)


def _note(connection: Connection, migration: Migration, note_state: str) -> None:
    connection.run(
        f"INSERT INTO {{{migration.sequence}}}.migrations (name, digest) SELECT {{name:String}}, {{state:String}}",
        name=migration.name,
        state=note_state,
    )


def _parts(connection: Connection, sequence: str, statement: str) -> list[str]:
    """A statement as it is carried out: once, or once for each part of the table that it copies."""
    statement_part = _PART.search(statement)
    if statement_part is None:
        return [statement]
    table, column = statement_part.groups()
    part_count = (
        1 + int(connection.value(f"SELECT count() FROM {{{sequence}}}.{table}")) // _PART_ROWS
    )
    conditions = [
        f"cityHash64({column}) % {part_count} = {part_number}" for part_number in range(part_count)
    ]
    return [statement.replace(statement_part[0], condition) for condition in conditions]


def _recorded(
    connection: Connection, sequence: str
) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """The hashes of a sequence's migrations that were applied, and the steps that are done of those under way."""
    rows = connection.rows(f"SELECT name, digest FROM {{{sequence}}}.migrations ORDER BY ALL")
    applied = {
        migration_name: state for migration_name, state in rows if not state.startswith(_STEP)
    }
    steps: dict[str, frozenset[str]] = {}
    for migration_name, state in rows:
        if migration_name not in applied:
            steps[migration_name] = steps.get(migration_name, frozenset()) | {state}
    return applied, steps


def recorded(connection: Connection) -> list[str]:
    """The migrations that a store has, such as `private/0001_events`, in order."""
    return [
        f"{sequence}/{migration_name}"
        for sequence in _SEQUENCES
        for migration_name in _recorded(connection, sequence)[0]
    ]


def _tables_and_views(connection: Connection) -> list[str]:
    """Tables and views of the open zone, whose form across shards follows them."""
    table_rows = connection.rows(
        "SELECT name FROM system.tables WHERE database = {open:String} AND name != 'migrations'",
        open=connection.zones.open,
    )
    return [table_name for (table_name,) in table_rows]


def missing(connection: Connection, tables: Path) -> list[str]:
    """Migrations that the store has not seen; all where it has seen none."""
    missing_names = []
    for sequence in _SEQUENCES:
        database = connection.zones.fill(f"{{{sequence}}}")
        # looked for rather than made: whoever only asks must leave an empty store empty
        records = connection.rows(
            "SELECT 1 FROM system.tables WHERE database = {name:String} AND name = 'migrations'",
            name=database,
        )
        applied = _recorded(connection, sequence)[0] if records else {}
        missing_names += [
            f"{sequence}/{migration.name}"
            for migration in migrations(tables)
            if migration.sequence == sequence and migration.name not in applied
        ]
    return missing_names
