"""Persons who are not counted: their events are not kept, or lose their actor, before they are stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.events.pseudonyms import NOBODY, SIZE, Pseudonym
from nytta.ingest.keys import EXCLUDED
from nytta.storage.client import Connection

PERSON_KINDS = ("session", "eligibility", "presence", "training")
"""Kinds of events that are about a person: they go with the person. Of others, only the actor goes."""


def digests(connection: Connection) -> frozenset[bytes]:
    """What stands for the excluded: pseudonyms, and what the lasting key makes of their ids."""
    return frozenset(
        _bytes(digest)
        for (digest,) in connection.rows("SELECT digest FROM {private}.exclusions FINAL")
    )


def exclude(
    connection: Connection, whom: Collection[Pseudonym], reference: str, since: datetime
) -> None:
    """Count these no longer. A key id of '' stands for a digest by the lasting key."""
    connection.insert(
        "{private}.exclusions",
        ["digest", "key_id", "reference", "since"],
        [[pseudonym.digest, pseudonym.key_id, reference, since] for pseudonym in whom],
    )


def without_excluded(events: pa.Table, excluded: frozenset[bytes]) -> pa.Table:
    """The events without those about an excluded person; cases and tickets stay, without the actor."""
    if not len(events):
        return events
    excluded_digests = pa.array([*excluded, EXCLUDED], pa.binary(SIZE))
    are_excluded = pc.is_in(events["actor"], value_set=excluded_digests)
    if not pc.any(are_excluded).as_py():
        return events
    are_about_persons = pc.is_in(events["kind"].cast(pa.string()), value_set=pa.array(PERSON_KINDS))
    are_kept = pc.invert(pc.and_(are_excluded, are_about_persons))
    events = events.filter(are_kept)
    are_excluded = are_excluded.filter(are_kept)
    # with the pseudonym go the key that it was made with and the kind: an actor of whom these stood would count
    for name in ("actor_key", "actor_kind"):
        column = events[name]
        words = pc.if_else(are_excluded, "", column.cast(pa.string()))
        events = _with_column(events, name, words.dictionary_encode().cast(column.type))
    nobody = pa.scalar(NOBODY, pa.binary(SIZE))
    return _with_column(events, "actor", pc.if_else(are_excluded, nobody, events["actor"]))


def _with_column(events: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return events.set_column(events.schema.get_field_index(name), name, column)


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
