"""Whether the rows of a file came before, where nothing but their content could tell."""

from __future__ import annotations

from dataclasses import dataclass

from nytta.ingest.store.private import Import
from nytta.storage.client import Connection

_SAID = """cityHash64(
    type, time, unit, system, case_type, subject, actor, actor_key, actor_kind, channel, mode, activity, team, line,
    category, role, tier, intended, digital_route, end_to_end, first_contact, how_to, legacy, by_law, follows, entitled,
    quantity, days, contract_days, valid_from, valid_to, mapKeys(attributes), mapValues(attributes))"""
"""What an event says, but for its place in the file."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of a file that an earlier file has too."""

    rows: int
    file: str


def is_known(connection: Connection, job: Import) -> bool:
    """Whether the same file was imported before, under another reading of its mapping."""
    rows = connection.rows(
        """SELECT count() FROM {private}.imports FINAL
           WHERE digest = {digest:String} AND import != {id:UInt64} AND state != 'open'""",
        digest=job.digest,
        id=job.id,
    )
    return bool(rows[0][0])


def overlap(connection: Connection, job: Import) -> Overlap | None:
    """The earlier file of the same mapping with which an import shares most rows; None where it shares none.

    Two rows are the same where all that an event of them says is the same.
    """
    # subjects are compared first: what is said of an event is a hash over all of its columns
    overlaps = connection.rows(
        f"""WITH earlier AS (
                SELECT import, name FROM {{private}}.imports FINAL
                WHERE mapping = {{mapping:String}} AND organisation = {{organisation:String}}
                  AND digest != {{digest:String}} AND state != 'open')
            SELECT e.name, uniqExact(mine.row) AS shared
            FROM (SELECT {_SAID} AS said, sequence AS row FROM {{private}}.events WHERE import = {{id:UInt64}}) AS mine
            INNER JOIN (
                SELECT DISTINCT {_SAID} AS said, import FROM {{private}}.events
                WHERE import IN (SELECT import FROM earlier)
                  AND subject IN (SELECT subject FROM {{private}}.events WHERE import = {{id:UInt64}})) AS theirs
                ON theirs.said = mine.said
            INNER JOIN earlier AS e ON e.import = theirs.import
            GROUP BY e.import, e.name ORDER BY shared DESC, e.name LIMIT 1""",
        mapping=job.mapping,
        organisation=job.organisation,
        digest=job.digest,
        id=job.id,
    )
    if not overlaps:
        return None
    file, shared_rows = overlaps[0]
    return Overlap(int(shared_rows), str(file))
