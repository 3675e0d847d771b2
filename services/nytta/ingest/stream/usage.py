"""Stream `usage`: events become raw rows and rejects, then marks are sent, then the messages are acknowledged.

While what some messages held is being stored, the next are decoded.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

import faust
import pyarrow as pa

from nytta.ingest.events import Batch, Reason, Reject
from nytta.ingest.events.columns import join
from nytta.ingest.store.marks import marks_of
from nytta.ingest.store.rejects import write_rejects
from nytta.ingest.stream import metrics, topics
from nytta.ingest.stream.consumer import consume
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import Parts, log, patient
from nytta.ingest.stream.producer import Producer
from nytta.ingest.stream.wire import Body, body_of

# single events of foreign producers want many at once; of full batches, fewer come within the time
_MESSAGES = 400
_TAKING_SECONDS = 0.1
# messages received so close to each other are decoded as one body
_RECEIPT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Read:
    """The events and rejects of some messages, when the broker got the oldest, and the seconds that reading took."""

    batch: Batch
    oldest: datetime
    seconds: float


def read(parts: Parts, messages: Sequence[Message]) -> Read:
    """The events and rejects of some messages; nothing is stored.

    Whatever a producer wrote is an event or a reject: an error here is one of this process, and ends it.
    """
    started = time.perf_counter()
    rejects: list[Reject] = []
    readable: list[tuple[Body, str]] = []
    for message in messages:
        body = body_of(message.value, message.headers, message.stored_at, message.position)
        if body.reject:
            rejects.append(body.reject)
        else:
            readable.append((body, message.position))
    # partitions come mixed: near receipts are brought together before they are grouped
    readable.sort(key=_receipt)
    batches = [
        _decoded(parts, list(near_bodies)) for _, near_bodies in groupby(readable, key=_receipt)
    ]
    read_rows = len(rejects) + sum(batch.read for batch in batches)
    for batch in batches:
        rejects += batch.rejects
    joined = Batch(join([batch.table for batch in batches]), tuple(rejects), read_rows)
    oldest = min(message.stored_at for message in messages)
    return Read(joined, oldest, time.perf_counter() - started)


def _receipt(positioned: tuple[Body, str]) -> int:
    """When a body was received, as coarsely as bodies are brought together."""
    body, _ = positioned
    return int(body.received_at.timestamp()) // _RECEIPT_SECONDS


def _decoded(parts: Parts, bodies: Sequence[tuple[Body, str]]) -> Batch:
    # each body ends its last line, so that they can be joined and their lines counted
    batch_lines = [
        body.lines if body.lines.endswith(b"\n") else body.lines + b"\n" for body, _ in bodies
    ]
    # the latest receipt of them: an earlier one could make a time lie in the future that did not
    received_at = max(body.received_at for body, _ in bodies)
    batch = parts.judge(b"".join(batch_lines), received_at)
    if not batch.rejects:
        return batch
    lines_before: list[int] = []
    line_count = 0
    for body_lines in batch_lines:
        lines_before.append(line_count)
        line_count += body_lines.count(b"\n")
    positions = [position for _, position in bodies]
    rejects = tuple(_with_message(reject, lines_before, positions) for reject in batch.rejects)
    return replace(batch, rejects=rejects)


def _with_message(reject: Reject, lines_before: Sequence[int], positions: Sequence[str]) -> Reject:
    """The reject with the position of the message it stood in; `lines_before` counts the lines before each message."""
    if not reject.position.startswith("line "):
        return reject
    line_number = int(reject.position.removeprefix("line "))
    # lines count from 1, so the message is the last one with fewer lines before it
    message = bisect_left(lines_before, line_number) - 1
    line_of_message = line_number - lines_before[message]
    return replace(reject, position=f"{positions[message]} line {line_of_message}")


def store(parts: Parts, read_result: Read) -> pa.Table | None:
    """Store what was read, raw before rejects; the marks to be sent, None where there are none."""
    started = time.perf_counter()
    current_time = datetime.now(UTC)
    batch_number = _number()
    batch = read_result.batch
    # raw first, marks last: whoever reads a mark must find what it stands for
    parts.private.store_events(batch.table, batch_number)
    write_rejects(parts.private.connection, batch.rejects, parts.keys.seal, current_time)
    for reject in batch.rejects:
        metrics.REJECTS.labels(reject.reason.value).inc()
        if reject.reason is Reason.FAULT:
            log.error("%s could not be judged and is a reject: %s", reject.position, reject.detail)
    metrics.EVENTS.inc(len(batch))
    metrics.NEWEST.set_to_current_time()
    metrics.BATCHES.observe(len(batch))
    metrics.STORING.observe(read_result.seconds + time.perf_counter() - started)
    metrics.STORED.observe(max(0.0, time.time() - read_result.oldest.timestamp()))
    return marks_of(batch.table, batch_number) if len(batch) else None


def _number() -> int:
    """A number that no other batch has. It grows with the clock, which only makes it quicker to find."""
    # twelve random bits, because several workers may store within one microsecond
    return (time.time_ns() // 1000) << 12 | secrets.randbits(12)


def attach(app: faust.App, parts: Parts, producer: Producer) -> None:
    """Give the app the agent of this stream."""

    async def prepare(messages: Sequence[Message]) -> Read:
        read_result = await asyncio.to_thread(read, parts, messages)
        # here, and not when they are stored: what `read` counts must not be written while it counts
        await patient(parts, lambda: parts.count(datetime.now(UTC)))
        return read_result

    async def work(read_result: Read) -> None:
        marks = await patient(parts, lambda: store(parts, read_result))
        if marks is not None:
            await producer.mark(marks)

    consume(app, parts.cluster, topics.USAGE, prepare, work, most=_MESSAGES, within=_TAKING_SECONDS)
