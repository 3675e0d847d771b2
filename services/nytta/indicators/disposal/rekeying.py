"""The change from one key of persons to the next: one pseudonym per person before, one after, and no way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nytta.indicators.definition import Definition
from nytta.indicators.disposal.removal import Removed, delete, listed, remove
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.raw import raw_columns

_PAIRS = "SELECT old_digest, new_digest FROM {{private}}.renamings FINAL WHERE old_key = '{0}' AND new_key = '{1}'"


def change(
    store: PrivateStore,
    used: str,
    coming: str,
    since: datetime,
    definitions: Sequence[Definition],
    certificate: int = 0,
) -> tuple[int, Removed]:
    """Rename what was received from `since` on to the key `coming`; (events renamed, what else lost its persons).

    Whoever was not heard of since then has no coming pseudonym and is counted no longer. What dies half-way is begun
    again; afterwards the key `used` is to be destroyed.
    """
    connection = store.connection
    pairs = _PAIRS.format(used, coming)
    condition = f"""actor_key = '{used}' AND received_at >= toDateTime64({since.timestamp():.3f}, 3, 'UTC')
        AND actor IN (SELECT old_digest FROM ({pairs}))"""
    # nothing may come in between: it would bear a key that is about to be destroyed
    with store.writing:
        with listed(store, condition) as rows:
            if any(rows.values()):
                _rename(store, condition, pairs, coming)
                delete(store, condition)
        renamed = rows["events deleted"] + rows["events without their actor now"]
        removed = remove(store, f"actor_key = '{used}'", definitions, before_day=since.date(), certificate=certificate)
        connection.run(
            f"""INSERT INTO {{private}}.exclusions (digest, key_id, reference, since)
            SELECT p.new_digest, '{coming}', e.reference, e.since FROM {{private}}.exclusions AS e FINAL
            INNER JOIN ({pairs}) AS p ON p.old_digest = e.digest WHERE e.key_id = '{used}'"""
        )
        connection.run(f"ALTER TABLE {{private}}.exclusions DELETE WHERE key_id = '{used}' SETTINGS mutations_sync = 2")
        connection.run("TRUNCATE TABLE {private}.renamings")
        store.raise_counter("renamed", store.counter("renamed") + 1)
    return renamed, removed


def _rename(store: PrivateStore, condition: str, pairs: str, coming: str) -> None:
    names = raw_columns(store.connection)
    # a person is the subject of their own sessions, and only an actor of cases
    replacements = {
        "actor": "p.new_digest",
        "subject": "if(e.subject = e.actor, p.new_digest, e.subject)",
        "actor_key": f"'{coming}'",
        "batch": str(store.raise_batch()),
    }
    columns = ", ".join(f"{replacements.get(name, f'e.{name}')} AS {name}" for name in names)
    store.connection.run(
        f"""INSERT INTO {{private}}.events ({", ".join(names)})
        SELECT {columns} FROM (SELECT {", ".join(names)} FROM {{private}}.events WHERE {condition}) AS e
        INNER JOIN ({pairs}) AS p ON p.old_digest = e.actor"""
    )
