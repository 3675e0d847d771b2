"""Rejected input: why and where a line was refused for all to read, its body encrypted until it is sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from nytta.ingest.store.portions import portions
from nytta.storage.client import Connection

if TYPE_CHECKING:
    from nytta.ingest.events.batch import Reject
    from nytta.ingest.store.private import PrivateStore

_SEALED: Final = ("digest", "source", "reason", "position", "body")
_FORGOTTEN_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class RejectQuery:
    """Which rejects: of one reason or source, or all; received from `since` until before `until` (aware)."""

    reason: str = ""
    source: str = ""
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    until: datetime = datetime(2200, 1, 1, tzinfo=UTC)
    limit: int = 100_000


@dataclass(frozen=True, slots=True)
class SealedReject:
    """A reject whose body is encrypted."""

    digest: bytes
    source: str
    reason: str
    position: str
    body: bytes


def write_rejects(
    connection: Connection,
    rejects: Sequence[Reject],
    seal: Callable[[bytes], bytes],
    received_at: datetime,
    import_id: int = 0,
) -> None:
    """Store rejects, their bodies encrypted by `seal`; the same reject twice is one.

    `seal` makes the same of the same body. What tells rejects apart is a digest of what it makes: without the
    key, nobody can find out whether a body that he has guessed was among them.
    """
    if rejects:
        connection.insert_arrow(
            "{private}.rejects", sealed_table(rejects, seal, received_at, import_id)
        )


def sealed_table(
    rejects: Sequence[Reject],
    seal: Callable[[bytes], bytes],
    received_at: datetime,
    import_id: int = 0,
) -> pa.Table:
    """Rejects as rows of their table, their bodies encrypted by `seal`, which makes the same of the same body."""
    bodies = [seal(reject.body) for reject in rejects]
    columns: dict[str, pa.Array] = {
        "digest": pa.array([hashlib.sha256(body).digest()[:16] for body in bodies], pa.binary(16)),
        "source": pa.array([reject.source for reject in rejects], pa.string()),
        "reason": pa.array([reject.reason.value for reject in rejects], pa.string()),
        "position": pa.array([reject.position for reject in rejects], pa.string()),
        "detail": pa.array([reject.detail for reject in rejects], pa.string()),
        "import": pa.repeat(pa.scalar(import_id, pa.uint64()), len(bodies)),
        "received_at": pa.repeat(pa.scalar(received_at, pa.timestamp("ms", "UTC")), len(bodies)),
        "body": pa.array(bodies, pa.binary()),
    }
    return pa.table(columns)


def latest_rejects(
    store: PrivateStore, reason: str = "", source: str = "", limit: int = 1000
) -> list[dict[str, Any]]:
    """Rejects without their bodies, the latest first."""
    store.settle()
    return store.connection.dicts(
        """SELECT source, reason, position, detail, received_at FROM {private}.rejects FINAL
           WHERE ({reason:String} = '' OR reason = {reason:String})
             AND ({source:String} = '' OR source = {source:String})
           ORDER BY received_at DESC, source, position LIMIT {limit:UInt32}""",
        reason=reason,
        source=source,
        limit=limit,
    )


def sealed_rejects(store: PrivateStore, query: RejectQuery) -> list[SealedReject]:
    """Rejects with their encrypted bodies, the earliest first: for sending them again."""
    store.settle()
    reject_rows = store.connection.rows(
        f"""SELECT {", ".join(_SEALED)} FROM {{private}}.rejects FINAL
            WHERE ({{reason:String}} = '' OR reason = {{reason:String}})
              AND ({{source:String}} = '' OR source = {{source:String}})
              AND received_at >= {{since:DateTime64(3, 'UTC')}} AND received_at < {{until:DateTime64(3, 'UTC')}}
            ORDER BY received_at, source, position LIMIT {{limit:UInt32}}""",
        reason=query.reason,
        source=query.source,
        since=query.since,
        until=query.until,
        limit=query.limit,
    )
    # the engine gives texts back as texts, and a sealed body is one
    return [
        SealedReject(digest, source, reason, position, body.encode())
        for digest, source, reason, position, body in reject_rows
    ]


def forget_rejects(connection: Connection, rejects: Sequence[SealedReject]) -> None:
    """Take rejects out of both zones: they are rejects no more."""
    for portion in portions(rejects, _FORGOTTEN_AT_ONCE):
        # as hexadecimal digits, for a parameter is text and a digest any bytes
        reject_keys = [
            (reject.source, reject.reason, reject.digest.hex(), reject.position)
            for reject in portion
        ]
        connection.run(
            "DELETE FROM {private}.rejects WHERE (source, reason, lower(hex(digest)), position) IN "
            "{keys:Array(Tuple(String, String, String, String))}",
            keys=reject_keys,
        )
        reject_places = [(reject.source, reject.reason, reject.position) for reject in portion]
        connection.run(
            "DELETE FROM {open}.rejected WHERE (source, reason, position) IN "
            "{places:Array(Tuple(String, String, String))}",
            places=reject_places,
        )
