"""Imports of files as the store keeps them: how far each has come, and the moment from which its rows count."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nytta.ingest.store.private import PrivateStore


@dataclass(frozen=True, slots=True)
class Import:
    """One import of one file under one mapping: its id is a digest of both, so that a second try finds the first."""

    id: int
    name: str
    digest: str
    mapping: str
    organisation: str
    state: str = "open"
    """`open` until its rows count, `committed` until they are marked too, then `marked`."""
    snapshot: int = 0
    """When a list was made, in seconds since 1970; 0 for other files."""
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    left_out: int = 0
    superseded: int = 0
    retracted: int = 0

    @staticmethod
    def identify(digest: str, mapping: str, organisation: str, snapshot: int) -> int:
        """A 63-bit id of a file's digest, the mapping's digest, the organisation and the snapshot's time."""
        text = f"{digest}\0{mapping}\0{organisation}\0{snapshot}"
        leading_bits = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        # never 0, which stands in raw events for "of no import"
        return leading_bits >> 1 | 1


def find_import(store: PrivateStore, import_id: int) -> Import | None:
    """The import, as it stands; None before its first row."""
    import_rows = store.connection.rows(
        "SELECT import, name, digest, mapping, organisation, state, snapshot, read, accepted, duplicate, conflict, "
        "rejected, left_out, superseded, retracted FROM {private}.imports FINAL WHERE import = {id:UInt64}",
        id=import_id,
    )
    return Import(*import_rows[0]) if import_rows else None


def all_imports(store: PrivateStore) -> list[dict[str, Any]]:
    """Every import, the latest last."""
    return store.connection.dicts(
        """SELECT name, mapping, organisation, if(state = 'open', 'interrupted', 'complete') AS state,
                  read, accepted, superseded, retracted, duplicate, conflict, rejected, updated_at
           FROM {private}.imports FINAL ORDER BY updated_at, name"""
    )


def save_import(store: PrivateStore, import_job: Import, moment: datetime) -> None:
    """Record how far an import has come."""
    with store.writing:
        # the table keeps the row of the greatest version; raised first, so that no two rows ever share one
        version = store.counter("import_version") + 1
        store.raise_counter("import_version", version)
        columns = {
            "import": import_job.id,
            "name": import_job.name,
            "digest": import_job.digest,
            "mapping": import_job.mapping,
            "organisation": import_job.organisation,
            "state": import_job.state,
            "snapshot": import_job.snapshot,
            "read": import_job.read,
            "accepted": import_job.accepted,
            "duplicate": import_job.duplicate,
            "conflict": import_job.conflict,
            "rejected": import_job.rejected,
            "left_out": import_job.left_out,
            "superseded": import_job.superseded,
            "retracted": import_job.retracted,
            "updated_at": moment,
            "version": version,
        }
        store.connection.insert("{private}.imports", list(columns), [list(columns.values())])


def commit_import(store: PrivateStore, import_job: Import, moment: datetime) -> None:
    """Make an import's rows count, and mark what they touch."""
    # two states, because marks are written between them: what dies there is marked by `finish_commits`
    save_import(store, replace(import_job, state="committed"), moment)
    _mark(store, import_job, moment)


def finish_commits(store: PrivateStore) -> None:
    """Mark what was stored but not yet marked when the process ended: batches, and committed imports."""
    store.finish_batches()
    commits = store.connection.rows(
        "SELECT import, updated_at FROM {private}.imports FINAL WHERE state = 'committed'"
    )
    for number, imported_at in commits:
        import_job = find_import(store, number)
        if import_job is not None:
            _mark(store, import_job, imported_at)


def latest_list(store: PrivateStore, import_job: Import) -> Import:
    """The latest committed list of the same mapping and organisation; `import_job` itself where none is later."""
    import_rows = store.connection.rows(
        """SELECT import FROM {private}.imports FINAL
        WHERE state != 'open' AND mapping = {mapping:String} AND organisation = {organisation:String}
          AND snapshot > {snapshot:UInt64} ORDER BY snapshot DESC LIMIT 1""",
        mapping=import_job.mapping,
        organisation=import_job.organisation,
        snapshot=import_job.snapshot,
    )
    latest = find_import(store, import_rows[0][0]) if import_rows else None
    return latest or import_job


def snapshot_taken(store: PrivateStore, mapping: str, organisation: str, snapshot: int) -> bool:
    """Whether another list of this mapping and organisation bears the very same time."""
    return bool(
        store.connection.rows(
            """SELECT 1 FROM {private}.imports FINAL WHERE mapping = {mapping:String}
            AND organisation = {organisation:String} AND snapshot = {snapshot:UInt64} LIMIT 1""",
            mapping=mapping,
            organisation=organisation,
            snapshot=snapshot,
        )
    )


def _mark(store: PrivateStore, import_job: Import, moment: datetime) -> None:
    store.mark_import(import_job.id)
    save_import(store, replace(import_job, state="marked"), moment)
