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
    coming_key: str,
    changed_at: datetime,
    definitions: Sequence[Definition],
    certificate: int = 0,
) -> tuple[int, Removed]:
    """Rename to the key `coming_key` what was received since `changed_at`; events renamed, what else lost its persons.

    Whoever was not heard of since then has no coming pseudonym and is counted no longer. What dies half-way is begun
    again; afterwards the key `used` is to be destroyed.
    """
    connection = store.connection
    digest_pairs = _PAIRS.format(used, coming_key)
    condition = f"""actor_key = '{used}' AND received_at >= toDateTime64({changed_at.timestamp():.3f}, 3, 'UTC')
        AND actor IN (SELECT old_digest FROM ({digest_pairs}))"""
    # nothing may come in between: it would bear a key that is about to be destroyed
    with store.writing:
        with listed(store, condition) as listed_rows:
            if any(listed_rows.values()):
                _rename(store, condition, digest_pairs, coming_key)
                delete(store, condition)
        renamed = listed_rows["events deleted"] + listed_rows["events without their actor now"]
        removed = remove(
            store,
            f"actor_key = '{used}'",
            definitions,
            before_day=changed_at.date(),
            certificate=certificate,
        )
        connection.run(
            f"""INSERT INTO {{private}}.exclusions (digest, key_id, reference, since)
            SELECT p.new_digest, '{coming_key}', e.reference, e.since FROM {{private}}.exclusions AS e FINAL
            INNER JOIN ({digest_pairs}) AS p ON p.old_digest = e.digest WHERE e.key_id = '{used}'"""
        )
        connection.run(
            f"ALTER TABLE {{private}}.exclusions DELETE WHERE key_id = '{used}' SETTINGS mutations_sync = 2"
        )
        connection.run("TRUNCATE TABLE {private}.renamings")
        store.raise_counter("renamed", store.counter("renamed") + 1)
    return renamed, removed


def _rename(store: PrivateStore, condition: str, digest_pairs: str, coming_key: str) -> None:
    column_names = raw_columns(store.connection)
    # a person is the subject of their own sessions, and only an actor of cases
    replacements = {
        "actor": "p.new_digest",
        "subject": "if(e.subject = e.actor, p.new_digest, e.subject)",
        "actor_key": f"'{coming_key}'",
        "batch": str(store.raise_batch()),
    }
    columns = ", ".join(f"{replacements.get(name, f'e.{name}')} AS {name}" for name in column_names)
    store.connection.run(
        f"""INSERT INTO {{private}}.events ({", ".join(column_names)})
        SELECT {columns} FROM (SELECT {", ".join(column_names)} FROM {{private}}.events WHERE {condition}) AS e
        INNER JOIN ({digest_pairs}) AS p ON p.old_digest = e.actor"""
    )
