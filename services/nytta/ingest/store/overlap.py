"""Whether the rows of a file came before, where nothing but their content could tell."""

from __future__ import annotations

from dataclasses import dataclass

from nytta.ingest.store.imports import Import
from nytta.storage.client import Connection

_ROW_HASH = """cityHash64(
    type, time, unit, system, case_type, subject, actor, actor_key, actor_kind, channel, mode, activity, team, line,
    category, role, tier, intended, digital_route, end_to_end, first_contact, how_to, legacy, by_law, follows, entitled,
    quantity, days, contract_days, valid_from, valid_to, mapKeys(attributes), mapValues(attributes))"""
"""What an event says, but for its place in the file."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of a file that an earlier file has too."""

    rows: int
    file: str


def is_known(connection: Connection, import_job: Import) -> bool:
    """Whether the same file was imported before, under another reading of its mapping."""
    overlap_rows = connection.rows(
        """SELECT count() FROM {private}.imports FINAL
           WHERE digest = {digest:String} AND import != {id:UInt64} AND state != 'open'""",
        digest=import_job.digest,
        id=import_job.id,
    )
    return bool(overlap_rows[0][0])


def overlap(connection: Connection, import_job: Import) -> Overlap | None:
    """The earlier file of the same mapping with which an import shares most rows; None where it shares none.

    Two rows are the same where all that an event of them says is the same.
    """
    # subjects are compared first: the hash of a row is over all of its columns
    overlaps = connection.rows(
        f"""WITH earlier_files AS (
                SELECT import, name FROM {{private}}.imports FINAL
                WHERE mapping = {{mapping:String}} AND organisation = {{organisation:String}}
                  AND digest != {{digest:String}} AND state != 'open'),
            own_rows AS (
                SELECT {_ROW_HASH} AS row_hash, sequence AS row FROM {{private}}.events WHERE import = {{id:UInt64}}),
            earlier_rows AS (
                SELECT DISTINCT {_ROW_HASH} AS row_hash, import FROM {{private}}.events
                WHERE import IN (SELECT import FROM earlier_files)
                  AND subject IN (SELECT subject FROM {{private}}.events WHERE import = {{id:UInt64}}))
            SELECT earlier_files.name, uniqExact(own_rows.row) AS shared
            FROM own_rows
            INNER JOIN earlier_rows ON earlier_rows.row_hash = own_rows.row_hash
            INNER JOIN earlier_files ON earlier_files.import = earlier_rows.import
            GROUP BY earlier_files.import, earlier_files.name ORDER BY shared DESC, earlier_files.name LIMIT 1""",
        mapping=import_job.mapping,
        organisation=import_job.organisation,
        digest=import_job.digest,
        id=import_job.id,
    )
    if not overlaps:
        return None
    file, shared_rows = overlaps[0]
    return Overlap(int(shared_rows), str(file))
