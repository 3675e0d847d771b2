"""Bodies of events become a table of those that may pass, and a reason for each of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from nytta.ingest.events.batch import MAX_FUTURE, NO_TIME, Batch, Reject, decode
from nytta.ingest.events.columns import join
from nytta.ingest.events.lines import KEPT
from nytta.ingest.events.models import TYPES
from nytta.ingest.events.pseudonyms import Chooser
from nytta.ingest.events.validation import validate
from nytta.ingest.http import scope
from nytta.ingest.http.modes import Headers, Mode, Unreadable, lines_of
from nytta.ingest.http.tokens import Token
from nytta.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class EventRequest:
    """One request: who sent what, and how. The body is as it was before compression."""

    token: Token
    mode: Mode
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the events of one request."""

    read: int
    rejects: tuple[Reject, ...] = ()
    """In the order of the request."""
    places: tuple[int, ...] = ()
    """For each reject, which event of the request it was, counted from 0."""
    batch: int | None = None
    """The number of the batch that its events were stored as, where that is known."""

    @property
    def accepted(self) -> int:
        """Events that may pass."""
        return self.read - len(self.rejects)

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The rejects as the sender is told of them."""
        return [
            {"index": place, "reason": reject.reason.value, "detail": reject.detail}
            for place, reject in zip(self.places, self.rejects, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What requests are judged by."""

    registry: Registry
    pseudonymise: Chooser
    now: datetime
    homes: Mapping[str, str] = field(default_factory=dict)
    """The organisations of sources that are declared, for events whose units are looked up."""

    def table(self, lines: bytes) -> Batch:
        """The lines decoded, with all ids pseudonymised."""
        return decode(lines, received_at=self.now, pseudonymise=self.pseudonymise)


def judge(
    requests: Sequence[EventRequest], circumstances: Circumstances
) -> tuple[pa.Table, list[Judged]]:
    """The events of many requests that may pass, and what became of each request, in order.

    All requests of a token are decoded together, for decoding costs more by the call than by the event. A body that
    cannot be read is one reject. A reject that names no source bears the name of the token's.
    """
    answers: dict[int, Judged] = {}
    by_token: dict[str, list[tuple[int, list[bytes]]]] = {}
    for request_number, request in enumerate(requests):
        try:
            lines = lines_of(request.mode, request.headers, request.body)
        except Unreadable as error:
            reject = Reject(
                error.reason, error.detail, request.token.source, "body", _whole(request)
            )
            answers[request_number] = Judged(1, (reject,), (0,))
        else:
            by_token.setdefault(request.token.id, []).append((request_number, lines))
    tables = []
    for group in by_token.values():
        first_number, _ = group[0]
        lines = [line for _, request_lines in group for line in request_lines]
        events, rejects_by_line = _decoded(requests[first_number].token, lines, circumstances)
        tables.append(events)
        # the lines of the group are those of its requests, one request after the other
        request_start = 0
        for request_number, request_lines in group:
            rejects = _rejects_within(rejects_by_line, request_start, len(request_lines))
            read = sum(map(_says_something, request_lines))
            answers[request_number] = _judged(requests[request_number], read, rejects)
            request_start += len(request_lines)
    return join(tables), [answers[request_number] for request_number in range(len(requests))]


def _rejects_within(
    rejects_by_line: Mapping[int, Reject], start: int, count: int
) -> list[tuple[int, Reject]]:
    """The rejects of `count` lines from `start` on, in order, each with its line counted from `start`."""
    # most groups have no reject: their lines are not gone through
    if not rejects_by_line:
        return []
    numbers = [number for number in range(count) if start + number in rejects_by_line]
    return [(number, rejects_by_line[start + number]) for number in numbers]


def _decoded(
    token: Token, lines: list[bytes], circumstances: Circumstances
) -> tuple[pa.Table, dict[int, Reject]]:
    """The events of a token's lines that may pass, and the rejects by line, counted from 0."""
    batch = circumstances.table(b"\n".join(lines))
    events = batch.table
    rejects_by_line = {
        int(reject.position.removeprefix("line ")) - 1: reject for reject in batch.rejects
    }
    verdicts = None
    if len(events):
        verdicts = scope.refused(events, token, circumstances.registry, circumstances.homes)
    if verdicts is not None:
        events = events.filter(pa.array([verdict is None for verdict in verdicts]))
        rejects_by_line |= _forbidden(lines, set(rejects_by_line), token, circumstances)
    return events, rejects_by_line


def _judged(
    request: EventRequest, read_count: int, numbered_rejects: list[tuple[int, Reject]]
) -> Judged:
    word = "line" if request.mode is Mode.NDJSON else "event"
    rejects = tuple(
        replace(
            reject, source=reject.source or request.token.source, position=f"{word} {number + 1}"
        )
        for number, reject in numbered_rejects
    )
    return Judged(read_count, rejects, tuple(number for number, _ in numbered_rejects))


def _says_something(line: bytes) -> bool:
    return bool(line.strip(b" \t\r"))


def _whole(request: EventRequest) -> bytes:
    """What came, as far as it told of the event, as far as a reject keeps it."""
    if request.mode is not Mode.BINARY:
        return request.body[:KEPT]
    # headers that tell of the event and no others: the token stands in one of them
    event_headers = []
    for name, text in request.headers:
        if name.startswith(b"ce-") or name == b"content-type":
            event_headers.append(name + b": " + text)
    whole = b"\r\n".join([*event_headers, b"", request.body])
    return whole[:KEPT]


def _forbidden(
    lines: list[bytes], rejected_lines: set[int], token: Token, circumstances: Circumstances
) -> dict[int, Reject]:
    """The events that the token may not send, by line: a table does not say on which line an event stood."""
    rejects_by_line = {}
    for line_number, line in enumerate(lines):
        if line_number in rejected_lines or not _says_something(line):
            continue
        # raises nothing: the line was decoded, so the models accept it
        event = validate(line, latest=circumstances.now + MAX_FUTURE, raw_ids=True)
        day = (event.time or NO_TIME).astimezone(UTC).date()
        unit = event.data.unit if event.data else None
        verdict = scope.verdict(
            token,
            circumstances.registry,
            event.source,
            TYPES[event.type].name,
            unit or "",
            day,
            homes=circumstances.homes,
        )
        if verdict is not None:
            rejects_by_line[line_number] = Reject(
                verdict.reason, verdict.detail, event.source, "", line
            )
    return rejects_by_line
