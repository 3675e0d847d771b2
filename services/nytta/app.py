"""Where the parts are joined: a store, a key, a registry and definitions become one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from nytta import contracts
from nytta.connectors import files
from nytta.connectors.cloudevents import read_cloudevents
from nytta.connectors.mapping import Mapping
from nytta.connectors.read import read
from nytta.events.batch import Batch, Reject, decode
from nytta.events.reasons import Reason
from nytta.indicators import load as catalogue
from nytta.indicators.definition import Definition
from nytta.keys import Keys, load_or_make
from nytta.organisation.load import load as load_registry
from nytta.organisation.problems import check_text
from nytta.organisation.registry import Registry
from nytta.settings import Settings
from nytta.store import client, migrate, publish, recompute, scratch, values
from nytta.store import registry as registry_tables
from nytta.store.open import OpenStore
from nytta.store.private import Import, PrivateStore
from nytta.store.registry import CreatedRoot

Progress = Callable[[int, int], None]
"""Told (bytes read, bytes in all) as a file is read."""

_CALENDAR_MARGIN = timedelta(days=400)


class AppError(Exception):
    """Something that the person at the keyboard can change."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of one file."""

    file: str
    read: int
    accepted: int
    duplicate: int
    rejected: int
    conflict: int
    left_out: int
    units_created: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"units_created": list(self.units_created)}


@dataclass
class App:
    """One installation, opened. `definitions` are those of the catalogue, whose cells are kept up to date."""

    private: PrivateStore
    open: OpenStore
    keys: Keys
    definitions: tuple[Definition, ...]
    declared: Registry | None
    tables: Path

    def __post_init__(self) -> None:
        self.registry = registry_tables.with_created(self.declared, registry_tables.created_roots(self.private.connection))
        self.private.finish_commits()
        self._save_registry()
        self._save_definitions()

    # events in

    def accept(self, body: bytes, now: datetime, import_id: int = 0, snapshot: int = 0) -> Batch:
        """Validate, pseudonymise and store a body of NDJSON durably; what was accepted and what was not."""
        batch = decode(body, received_at=now, pseudonymise=self.keys.pseudonymiser())
        placed, unplaced = self._place(batch.table)
        rejects = (*batch.rejects, *unplaced)
        self.private.write(
            placed, rejects, seal=self.keys.seal, received_at=now, import_id=import_id, snapshot=snapshot
        )
        return Batch(placed, rejects, batch.read)

    def _place(self, events: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
        """Put the registry's units for the sources' codes; events of unknown units are rejected whole."""
        if not len(events):
            return events, ()
        days = pc.cast(events["time"], pa.date32())
        keys = pa.table({"source": _plain(events["source"]), "unit": _plain(events["unit"]), "day": days})
        distinct = keys.group_by(["source", "unit", "day"]).aggregate([]).to_pylist()
        resolve = self.registry.resolve_one
        homes = {(r["source"], r["unit"], r["day"]): resolve(r["unit"], r["source"], r["day"]) if r["unit"] else "" for r in distinct}
        if all(home == unit for (_, unit, _), home in homes.items()):
            return events, ()
        triples = zip(*(keys[name].to_pylist() for name in ("source", "unit", "day")), strict=True)
        found = [homes[triple] for triple in triples]
        known = pa.array([home is not None for home in found])
        column = pa.array(found, pa.string()).dictionary_encode()
        placed = events.set_column(events.schema.get_field_index("unit"), "unit", column).filter(known)
        lost = events.filter(pc.invert(known))
        return placed, tuple(_unplaced(row) for row in lost.to_pylist())

    # files in

    def import_file(
        self,
        path: Path,
        mapping: Mapping | None,
        now: datetime,
        *,
        organisation: str = "",
        timezone: str = "",
        snapshot_at: datetime | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file, or go on with an interrupted import of it; its rows count from the moment it is complete.

        Without a mapping the file holds CloudEvents, one per line.
        """
        digest = files.digest(path)
        root = organisation or (mapping.organisation.id if mapping else "")
        snapshot = 0
        if mapping and mapping.snapshot:
            taken = snapshot_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
            snapshot = int(taken.timestamp())
        number = Import.identify(digest, repr(mapping), root, snapshot)
        job = self.private.find_import(number) or Import(
            number, path.name, digest, mapping.id if mapping else "cloudevents", root, snapshot=snapshot
        )
        if job.state != "open":
            return ImportReport(str(path), job.read, 0, job.read - job.rejected, job.rejected, 0, 0, ())
        makes_units = mapping is not None and not self._declares(root)
        made = self._created(root, timezone or (mapping.timezone if mapping else ""), mapping) if makes_units else None
        left_out = 0
        pseudonymiser = self.keys.pseudonymiser()
        chunks = (
            read(path, mapping, job.read, digest=digest, conceal=pseudonymiser.wire)
            if mapping
            else read_cloudevents(path, job.read)
        )
        for chunk in chunks:
            batch = decode(chunk.ndjson, received_at=now, pseudonymise=pseudonymiser)
            if made:
                made = self._with_units(made, batch.table)
            placed, unplaced = self._place(batch.table)
            if mapping and mapping.identity is not None:
                placed = _unnumbered(placed)
            rejects = (*chunk.rejects, *(_at_row(r, job.read) for r in batch.rejects), *unplaced)
            self.private.write(
                placed, rejects, seal=self.keys.seal, received_at=now, import_id=number, snapshot=snapshot
            )
            left_out += chunk.skipped
            job = replace(job, read=chunk.rows, rejected=job.rejected + len({r.position for r in rejects}))
            self.private.save_import(job, now)
            if progress:
                progress(chunk.bytes_read, chunk.bytes_total)
        job = self._counted(job, mapping)
        created_now: tuple[str, ...] = ()
        if made:
            before = {c for r in registry_tables.created_roots(self.private.connection) if r.root == root for c in r.codes}
            created_now = tuple(sorted(set(made.codes) - before))
            registry_tables.add_created(self.private.connection, made)
        self.private.commit_import(job, now)
        return ImportReport(
            str(path), job.read, job.accepted, job.duplicate, job.rejected, job.conflict, left_out, created_now
        )

    def _counted(self, job: Import, mapping: Mapping | None) -> Import:
        """Rows against what was there before: a row of a file is known by its number, or by the mapping's identity."""
        if mapping is not None and mapping.identity is None:
            return replace(job, accepted=job.read - job.rejected)
        accepted, conflict = self.private.import_counts(job.id, derived=mapping is not None)
        duplicate = max(0, job.read - job.rejected - accepted - conflict)
        return replace(job, accepted=accepted, conflict=conflict, duplicate=duplicate)

    def _declares(self, root: str) -> bool:
        return self.declared is not None and any(o.id == root for o in self.declared.organisations)

    def _created(self, root: str, timezone: str, mapping: Mapping | None) -> CreatedRoot:
        known = {r.root: r for r in registry_tables.created_roots(self.private.connection)}
        if root in known:
            return known[root]
        size = mapping.declared_size if mapping and isinstance(mapping.declared_size, int) else None
        public = mapping is not None and mapping.purpose == "public_data"
        country = mapping.organisation.country if mapping else ""
        return CreatedRoot(root, timezone, (), country, public, size)

    def _with_units(self, made: CreatedRoot, events: pa.Table) -> CreatedRoot:
        """`made` with the codes of these events, and the registry with their units."""
        codes = set(pc.unique(_plain(events["unit"])).to_pylist()) - {""} if len(events) else set()
        taken = {u.id: u.root for u in self.registry.units}
        foreign = sorted(c for c in codes if taken.get(c, made.root) != made.root)
        if foreign:
            raise AppError(
                f"unit '{foreign[0]}' belongs to organisation '{taken[foreign[0]]}' already: if it is the same, say "
                f"--organisation {taken[foreign[0]]}; if not, give the units of this log names of their own in the mapping"
            )
        new = codes - set(made.codes)
        if new:
            made = replace(made, codes=tuple(sorted(set(made.codes) | codes)))
            self.registry = registry_tables.with_created(self.registry, [made])
        return made

    # figures out

    def bring_up_to_date(self, now: datetime) -> None:
        """Compute what the marks touch and publish what is closed."""
        self._save_registry()
        if recompute.recompute(self.private, self.definitions).marks:
            publish.publish(self.private, self.definitions, now)

    def values(
        self, query: values.ValueQuery, timezone: str | None = None, definitions: Sequence[Definition] | None = None
    ) -> list[dict[str, Any]]:
        """Exact values of the private zone, for an administrator; another zone or definitions are computed beside."""
        if timezone or definitions or query.grain == "total":
            chosen = [d for d in definitions or self.definitions if query.indicator in ("", d.id)]
            return scratch.read_beside(self.private, chosen, self.tables, query, timezone)
        return values.read_values(self.private, query)

    def verify(self) -> scratch.Verification:
        """Every stored cell against a computation from raw alone."""
        return scratch.verify(self.private, self.definitions, self.tables)

    def rebuild(self, now: datetime) -> int:
        """Mark everything and compute it anew; the number of cells written."""
        self.private.mark_everything()
        done = recompute.recompute(self.private, self.definitions)
        publish.publish(self.private, self.definitions, now)
        return done.cells

    def close(self) -> None:
        """Release the store."""
        self.private.connection.close()

    # keeping the registry and the definitions

    def _save_registry(self) -> None:
        """Put the registry into the store with a calendar that covers the data; mark everything if it changed."""
        first, last = self.private.data_span()
        if not self.registry.organisations:
            return
        if registry_tables.save(self.private.connection, self.registry, first, last + _CALENDAR_MARGIN):
            self.private.mark_everything()

    def _save_definitions(self) -> None:
        known = values.known_definitions(self.private)
        changed = [d for d in self.definitions if known.get((d.id, d.version)) != d.model_dump_json()]
        if changed:
            values.save_definitions(self.private, changed)
            self.private.mark_everything()


@contextmanager
def embedded(settings: Settings, registry: Path | None = None) -> Iterator[App]:
    """The whole service in this process, on the embedded store of `settings.data`."""
    definitions = read_definitions(contracts.schemas() / "indicators")
    declared = read_registry(registry or settings.registry, definitions)
    keys = load_or_make(settings.key_file or settings.data / "key.json")
    connection = (
        client.server(settings.clickhouse)
        if settings.clickhouse
        else client.embedded(settings.data / "store", memory=settings.memory)
    )
    tables = contracts.schemas() / "tables"
    app: App | None = None
    try:
        migrate.migrate(connection, tables)
        app = App(PrivateStore(connection), OpenStore(connection), keys, definitions, declared, tables)
        yield app
    finally:
        connection.close()


def read_definitions(directory: Path) -> tuple[Definition, ...]:
    """The definitions of a folder. AppError with every problem where one is not sound."""
    found = catalogue.load(directory)
    if found.problems:
        raise AppError(check_text(found.problems, str(directory)).rstrip("\n"))
    return found.definitions


def read_registry(directory: Path | None, definitions: Sequence[Definition]) -> Registry | None:
    """The registry of a folder; None where none is named. AppError with every problem where it is not sound."""
    if directory is None:
        return None
    loaded = load_registry(directory, {d.id for d in definitions} or None)
    if loaded.registry is None:
        raise AppError(check_text(loaded.problems, str(directory)).rstrip("\n"))
    return loaded.registry


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _unnumbered(events: pa.Table) -> pa.Table:
    """The events without row numbers: rows with an identity of their own stand elsewhere in the next export."""
    zeros = pa.repeat(pa.scalar(0, pa.uint64()), len(events))
    return events.set_column(events.schema.get_field_index("sequence"), "sequence", zeros)


def _at_row(reject: Reject, rows_before: int) -> Reject:
    """The reject of a decoded line with its place in the file: the row it was mapped from, or the line itself."""
    try:
        row = str(orjson.loads(reject.body)["sequence"])
        return replace(reject, position=f"row {int(row)}")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        line = int(reject.position.removeprefix("line "))
        return replace(reject, position=f"line {rows_before + line}")


def _unplaced(row: dict[str, Any]) -> Reject:
    """The reject of an event whose unit nobody knows; its body is the decoded event, pseudonymised."""
    plain = {k: v.hex() if isinstance(v, bytes) else str(v) for k, v in row.items() if v not in (None, "", 0)}
    body = repr(plain).encode()
    detail = f"the registry has no unit '{row['unit']}' on {row['time']:%Y-%m-%d}; add it or map the code"
    return Reject(Reason.UNKNOWN_UNIT, detail, row["source"], f"id {row['id']}", body)


