"""Taking persons out of the raw events: their own rows go, cases and tickets stay without their actor.

What a removal touches is noted before anything goes, and every step can be repeated: one that dies is begun again. The
next round computes the noted cells from what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from nytta.indicators.definition import Definition
from nytta.indicators.store import seals
from nytta.indicators.store.recompute import last_week, zones_of
from nytta.indicators.store.render.scope import SAID
from nytta.indicators.subjects import STORED
from nytta.ingest.store.counted import CONTENT, EVENT
from nytta.ingest.store.exclusions import PERSON_KINDS
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.raw import raw_columns

NOBODY = "toFixedString('', 16)"
"""SQL of what stands where there is no actor."""

_WHICH = "identity, snapshot, content, import"
_LISTED = f"({_WHICH}) IN (SELECT {_WHICH} FROM {{private}}.removal)"
_OF_DELIVERY = f"{EVENT}, snapshot, {CONTENT}, import"
_SYNC = "SETTINGS mutations_sync = 2"


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows found, by table, and cells sealed."""

    rows: dict[str, int]
    sealed: int = 0

    @property
    def any(self) -> bool:
        """Whether there was anything."""
        return any(self.rows.values())


@contextmanager
def listed(store: PrivateStore, condition: str) -> Iterator[dict[str, int]]:
    """The events that the SQL condition `condition` selects, on the working list; how many are deleted or stripped."""
    connection = store.connection
    connection.run("TRUNCATE TABLE {private}.removal")
    # of what came twice, the later receipt counts
    connection.run("OPTIMIZE TABLE {private}.events FINAL")
    connection.run(
        f"""INSERT INTO {{private}}.removal
        SELECT kind, system, subject, unit, time, if(year(valid_from) < 1970, toDate(0), toDate(valid_from)), actor,
               actor_kind, {_WHICH}
        FROM {{private}}.events WHERE {condition}"""
    )
    deleted, stripped, acts_deleted = connection.rows(
        f"""SELECT uniqExactIf(identity, kind IN {PERSON_KINDS}), uniqExactIf(identity, kind NOT IN {PERSON_KINDS}),
                   uniqExactIf(identity, kind IN ('session', 'case') AND actor_kind = 'person')
            FROM {{private}}.removal"""
    )[0]
    try:
        yield {
            "events deleted": int(deleted),
            "events without their actor now": int(stripped),
            "actions": int(acts_deleted),
        }
    finally:
        connection.run("TRUNCATE TABLE {private}.removal")


def remove(
    store: PrivateStore,
    condition: str,
    definitions: Sequence[Definition] = (),
    *,
    before_day: date | None = None,
    certificate: int = 0,
) -> Removed:
    """Remove the persons' events that the SQL condition `condition` selects.

    With `before_day`, cells that reach back before it are sealed; all others are computed anew in the next round.
    """
    connection = store.connection
    with store.writing, listed(store, condition) as removed_rows:
        if not any(removed_rows.values()):
            return Removed(removed_rows)
        # first: a removal that dies behind this is begun again, and what it touched is known already
        connection.run(f"INSERT INTO {{private}}.round_touched {_touched_persons()}")
        sealed = 0
        # cells of which a part has gone cannot be computed any more: they stay as they were
        if before_day is not None:
            touched = f"{_touched_persons()} UNION ALL {_touched_subjects(store)}"
            sealed = seals.seal(
                connection, definitions, touched, before_day, last_week(store), certificate
            )
        _strip(store)
        delete(store, condition)
        return Removed(removed_rows, sealed)


def remove_subjects(
    store: PrivateStore,
    condition: str,
    definitions: Sequence[Definition],
    *,
    before_day: date,
    certificate: int,
) -> Removed:
    """Remove whole cases, tickets and clients whose events `condition` selects; cells that had ended are sealed."""
    connection = store.connection
    with store.writing, listed(store, condition) as removed_rows:
        if not any(removed_rows.values()):
            return Removed({})
        sealed = seals.seal(
            connection,
            definitions,
            _touched_subjects(store),
            before_day,
            last_week(store),
            certificate,
        )
        number = store.raise_batch()
        connection.run(
            f"""INSERT INTO {{private}}.marks (sequence, batch, kind, system, subject, unit, hour)
            SELECT {number}, 0, kind, system, subject, '', toStartOfHour(max(time)) FROM {{private}}.removal
            GROUP BY kind, system, subject"""
        )
        delete(store, condition)
        return Removed(
            {"events deleted": sum(removed_rows.values()) - removed_rows["actions"]}, sealed
        )


def _touched_persons() -> str:
    """SQL of what the listed events of persons bear on, as rounds note it."""
    eligible_places = (
        "SELECT DISTINCT unit, system, actor FROM {private}.events WHERE kind = 'eligibility'"
    )
    presence = " UNION ALL ".join(
        f"""SELECT DISTINCT 'person', place.unit, place.system, r.valid_from, false
        FROM {{private}}.removal AS r INNER JOIN ({eligible_places}) AS place ON place.{by} = r.{by}
        WHERE r.kind = 'presence'"""
        for by in ("unit", "actor")
    )
    return f"""
        SELECT DISTINCT 'person' AS subject, unit, system,
               arrayJoin([toDate(time) - 1, toDate(time), toDate(time) + 1]) AS day, false AS onwards
        FROM {{private}}.removal WHERE kind IN ('session', 'case') AND actor_kind = 'person'
        UNION ALL
        SELECT DISTINCT 'person', unit, system, valid_from, true FROM {{private}}.removal WHERE kind = 'eligibility'
        UNION ALL
        SELECT DISTINCT 'person', place.unit, place.system, toDate(r.time) - 1, true
        FROM {{private}}.removal AS r
        INNER JOIN ({eligible_places}) AS place ON place.actor = r.actor AND place.system = r.system
        WHERE r.kind = 'training'
        UNION ALL {presence}"""


def _touched_subjects(store: PrivateStore) -> str:
    """SQL of the days at which the listed cases, tickets and clients stand."""
    zones = zones_of(store)
    branches = []
    for subject in STORED:
        days = ", ".join(
            f"if(isNull({moment}), NULL, {zones.date(f'assumeNotNull({moment})')})"
            for moment in subject.moments
        )
        branches.append(
            f"""SELECT '{subject.name}' AS subject, unit, system, assumeNotNull(day) AS day, true AS onwards
            FROM (SELECT unit, system, arrayJoin([{days}]) AS day FROM {{private}}.{subject.table} FINAL
                  WHERE (system, subject) IN (
                      SELECT system, subject FROM {{private}}.removal WHERE kind = '{subject.name}'))
            WHERE isNotNull(day)"""
        )
    return " UNION ALL ".join(branches)


def _strip(store: PrivateStore) -> None:
    """Write the listed events that are not about a person once more, without their actor."""
    connection = store.connection
    # an insert of nothing would cost as much as one of many, and a number
    if not connection.rows(
        f"SELECT 1 FROM {{private}}.removal WHERE kind NOT IN {PERSON_KINDS} LIMIT 1"
    ):
        return
    columns = ", ".join(raw_columns(connection))
    connection.run(
        f"""INSERT INTO {{private}}.events ({columns})
        SELECT * REPLACE ({NOBODY} AS actor, '' AS actor_key, '' AS actor_kind, {store.raise_batch()} AS batch)
        FROM (SELECT {columns} FROM {{private}}.events WHERE kind NOT IN {PERSON_KINDS} AND {_LISTED})"""
    )


def delete(store: PrivateStore, condition: str) -> None:
    """Delete the listed events, which `condition` selects, and what is kept of them; mark what else they said."""
    connection = store.connection
    identities = "identity IN (SELECT identity FROM {private}.removal)"
    connection.run(f"ALTER TABLE {{private}}.superseded DELETE WHERE {identities} {_SYNC}")
    deliveries = (
        f"(event, snapshot, content, import) IN (SELECT {_OF_DELIVERY} FROM {{private}}.removal)"
    )
    connection.run(f"ALTER TABLE {{private}}.deliveries DELETE WHERE {deliveries} {_SYNC}")
    # by what was said: this index holds no identities
    of_persons = f"(said, import) IN (SELECT {SAID}, import FROM {{private}}.removal)"
    connection.run(f"ALTER TABLE {{private}}.persons_by_day DELETE WHERE {of_persons} {_SYNC}")
    connection.run(f"ALTER TABLE {{private}}.events DELETE WHERE {condition} {_SYNC}")
    # what systems have is kept where it was seen once, and may be gone now
    store.doubt_feeds()
    store.mark(identities)
    # touches nothing by itself: it lets a round begin, which takes up what was noted
    connection.run(
        "INSERT INTO {private}.marks (sequence, batch, kind, hour) "
        f"SELECT {store.raise_batch()}, 0, 'act', toDateTime({7 * 86400}, 'UTC')"
    )


def purge(store: PrivateStore) -> None:
    """Let nothing stay of replaced rows of cases, tickets and clients: they may name persons that are gone."""
    for subject in STORED:
        table = f"{{private}}.{subject.table}"
        store.connection.run(f"OPTIMIZE TABLE {table} FINAL")
        store.connection.run(f"ALTER TABLE {table} DELETE WHERE is_deleted {_SYNC}")
