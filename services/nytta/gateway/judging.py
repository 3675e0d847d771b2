"""A body of events becomes a table of those that may pass, and a reason for each of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from nytta.events.batch import Reject, decode
from nytta.events.pseudonyms import Pseudonymiser
from nytta.events.validation import source_of
from nytta.gateway import scope
from nytta.gateway.modes import Headers, Mode, Unreadable, lines_of
from nytta.gateway.tokens import Token
from nytta.organisation.registry import Registry


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the events of one request."""

    events: pa.Table
    rejects: tuple[Reject, ...]
    """In the order of the request."""
    places: tuple[int, ...]
    """For each reject, which event of the request it was, counted from 0."""
    read: int

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The rejects as the sender is told of them."""
        return [
            {"index": place, "reason": reject.reason.value, "detail": reject.detail}
            for place, reject in zip(self.places, self.rejects, strict=True)
        ]


def judge(
    mode: Mode,
    headers: Headers,
    body: bytes,
    *,
    token: Token,
    registry: Registry,
    pseudonymiser: Pseudonymiser,
    now: datetime,
) -> Judged:
    """Decode a request's events with all ids pseudonymised, and hold them against what the token may send.

    A body that cannot be read is one reject. A reject that names no source bears the name of the token's.
    """
    try:
        lines = lines_of(mode, headers, body)
    except Unreadable as error:
        reject = Reject(error.reason, error.detail, token.source, "body", _whole(mode, headers, body))
        return Judged(decode(b"", received_at=now, pseudonymise=None).table, (reject,), (0,), 1)
    batch = decode(lines, received_at=now, pseudonymise=pseudonymiser)
    events = batch.table
    found = {int(r.position.removeprefix("line ")) - 1: r for r in batch.rejects}
    verdicts = scope.refused(events, token, registry) if len(events) else None
    if verdicts is not None:
        bad = {
            (source, key): verdict
            for source, key, verdict in zip(
                events["source"].to_pylist(), events["id"].to_pylist(), verdicts, strict=True
            )
            if verdict
        }
        events = events.filter(pa.array([verdict is None for verdict in verdicts]))
        found |= _placed(lines, bad, set(found), token, registry, pseudonymiser, now)
    places = sorted(found)
    rejects = [replace(found[n], source=found[n].source or token.source, position=_position(mode, n)) for n in places]
    return Judged(events, tuple(rejects), tuple(places), batch.read)


def _whole(mode: Mode, headers: Headers, body: bytes) -> bytes:
    """What came, as far as it told of the event."""
    if mode is not Mode.BINARY:
        return body
    told = [b": ".join(line) for line in headers if line[0].startswith(b"ce-") or line[0] == b"content-type"]
    return b"\r\n".join([*told, b"", body])


def _position(mode: Mode, place: int) -> str:
    return f"line {place + 1}" if mode is Mode.NDJSON else f"event {place + 1}"


def _placed(
    lines: bytes,
    bad: dict[tuple[str, str], scope.Verdict],
    done: set[int],
    token: Token,
    registry: Registry,
    pseudonymiser: Pseudonymiser,
    now: datetime,
) -> dict[int, Reject]:
    """The lines of the events that may not pass: a table does not say on which line an event stood."""
    rows = lines.split(b"\n")
    by_key: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(rows):
        if number not in done and row.strip():
            event = orjson.loads(row)
            by_key.setdefault((event["source"], event["id"]), []).append(number)
    found = {}
    for key, verdict in bad.items():
        numbers = by_key[key]
        for number in numbers:
            its: scope.Verdict | None = verdict
            if len(numbers) > 1:  # one identity twice, perhaps with different units
                alone = decode(rows[number], received_at=now, pseudonymise=pseudonymiser).table
                its = (scope.refused(alone, token, registry) or [None])[0]
            if its is not None:
                found[number] = Reject(its.reason, its.detail, source_of(rows[number]), "", rows[number])
    return found
