"""Stream `marks`: its one owner writes marks in their order, computes what they touch, publishes, tells the values."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import faust
import orjson
import pyarrow as pa
from faust.types import TP

from nytta.disclosure.store import outbox
from nytta.disclosure.store.outbox import Outbox
from nytta.ingest.keys import Note
from nytta.ingest.store import renamings
from nytta.ingest.store.private import EVERYTHING
from nytta.ingest.stream import metrics, topics, waiting, wire
from nytta.ingest.stream.consumer import as_taken, consume, every, own_partition, unless_lost
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import Computing, Parts, log, patient
from nytta.ingest.stream.producer import Producer
from nytta.service.streams import signal_messages
from nytta.storage.lease import Lease

Row = Mapping[str, Any]

SCHEMA = pa.schema(
    [
        ("batch", pa.uint64()),
        ("kind", pa.string()),
        ("system", pa.string()),
        ("subject", pa.binary(16)),
        ("unit", pa.string()),
        ("hour", pa.timestamp("s", "UTC")),
    ]
)
_IMPORT = re.compile(rb"import ([0-9]{1,20})")
_POSTPONED = 20
"""Times that a publication waits for events that wait."""
_AT_ONCE = 500_000
"""Marks that the store takes as one part: a round sees all of them, or none."""


@dataclass(frozen=True, slots=True)
class MarkRequests:
    """What some messages ask for: marks and notes to be written, and imports, or everything, to be marked."""

    marks: pa.Table
    notes: tuple[Note, ...]
    imports: tuple[int, ...]
    everything: bool


def read(message_values: Sequence[bytes | None]) -> MarkRequests:
    """What messages ask for; a message that asks for nothing is counted and passed over."""
    tables = [SCHEMA.empty_table()]
    imports: list[int] = []
    notes: list[Note] = []
    everything = False
    for message_value in message_values:
        message_body = message_value or b""
        if message_body == EVERYTHING.encode():
            everything = True
        elif import_match := _IMPORT.fullmatch(message_body):
            imports.append(int(import_match[1]))
        else:
            try:
                # notes are JSON, and a table of marks never begins so
                if message_body.startswith(b"{"):
                    notes += wire.read_notes(message_body)
                else:
                    tables.append(wire.read_marks(message_body, SCHEMA))
            except ValueError as error:
                metrics.POISON.labels(topics.MARKS).inc()
                log.error("a message on the topic of marks was passed over: %s", error)
    return MarkRequests(
        marks=pa.concat_tables(tables),
        notes=tuple(notes),
        imports=tuple(dict.fromkeys(imports)),
        everything=everything,
    )


class Owner:
    """Computes while it holds the partition of the marks; what it does, it does one after the other."""

    def __init__(self, parts: Parts, producer: Producer, lease: Lease) -> None:
        self.parts = parts
        self.producer = producer
        self.lease = lease
        self._turn = asyncio.Lock()
        self._computing: Computing | None = None
        self._changed = True  # whoever takes over publishes once
        self._closed: Sequence[date] = ()
        self._postponed = 0
        # when the broker got the messages whose marks no round has read
        self._stored_at: list[float] = []

    async def write(self, messages: Sequence[Message]) -> None:
        """Do what messages ask for: an older owner's marks do no harm, for its messages are given to the next one."""
        requests = read([message.value for message in messages])
        private = self.parts.private
        await patient(self.parts, partial(renamings.note, private, requests.notes))
        for start in range(0, len(requests.marks), _AT_ONCE):
            portion = requests.marks.slice(start, _AT_ONCE)
            await patient(self.parts, partial(private.append_marks, portion))
        if requests.imports or requests.everything:
            # marks made by one statement may come in parts: no round may read half of them
            async with self._turn:
                for number in requests.imports:
                    await patient(self.parts, partial(private.mark, f"import = {number}"))
                if requests.everything:
                    await patient(self.parts, private.mark_everything)
        self._stored_at += [message.stored_at.timestamp() for message in messages]

    async def compute(self) -> None:
        """One round, if marks wait for it."""
        async with self._turn:
            if not self.lease.held:
                self._computing = None
                return
            started = time.perf_counter()
            current_time = self.parts.clock()
            computing = self._computing
            # made once for as long as the lease lasts: it remembers what was published and judged
            if computing is None:
                computing = await patient(
                    self.parts, lambda: self.parts.take_over(self.lease.check)
                )
                self._computing = computing
            # taken out before the round: marks that are written meanwhile are those of the next one
            stored_at = self._stored_at
            self._stored_at = []
            if await patient(self.parts, partial(computing.compute, current_time)):
                self._changed = True
                metrics.ROUNDS.observe(time.perf_counter() - started)
                instant = time.time()
                # each message by itself: a message holds what was stored at once, so that shares of them are of events
                for moment in stored_at:
                    metrics.CELLS.observe(max(0.0, instant - moment))

    async def publish(self) -> None:
        """Bring the open zone up to date and tell its values and signals, if anything was computed or closed since."""
        async with self._turn:
            computing = self._computing
            if computing is None or not self.lease.held:
                return
            metrics.PUBLISHED.set_to_current_time()
            current_time = self.parts.clock()
            # before anything is published: what can be placed now belongs into the figures
            if await patient(self.parts, partial(computing.place_waiting, current_time)):
                self._changed = True
            closed = computing.closed(current_time)
            is_published = not self._changed and closed == self._closed
            if is_published or await self._catching_up():
                return
            started = time.perf_counter()
            await patient(self.parts, partial(computing.publish, current_time))
            metrics.PUBLISHING.observe(time.perf_counter() - started)
            await self._tell(
                computing,
                outbox.VALUES,
                lambda value_row: self.producer.value(*value_message(value_row)),
            )
            started = time.perf_counter()
            judged = await patient(self.parts, partial(computing.judge, current_time))
            metrics.JUDGING.observe(time.perf_counter() - started)
            await self._tell(computing, outbox.SIGNALS, self._tell_signal)
            for organisation in judged:
                await self.producer.signal(
                    organisation, signal_messages.judged_message(organisation)
                )
            metrics.JUDGED.set_to_current_time()
            # at the end: what fails on the way is published and told again
            self._changed = False
            self._closed = closed

    async def _tell(
        self, computing: Computing, box: Outbox, send: Callable[[Row], Awaitable[None]]
    ) -> None:
        """Send what was published since; whoever takes over sends again what is not remembered as sent."""
        rows, position = await patient(self.parts, lambda: box.unsent(computing.private))
        for value_row in rows:
            await send(value_row)
        # after all of them: a crash before this sends some twice, and loses none
        await patient(self.parts, lambda: box.sent(computing.private, position))

    async def _tell_signal(self, value_row: Row) -> None:
        await self.producer.signal(
            str(value_row["organisation"]), signal_messages.signal_message(value_row)
        )

    async def _catching_up(self) -> bool:
        """Whether events wait, so that figures are half of what they will be; for so many times only."""
        cluster = self.parts.cluster

        def messages_waiting() -> int:
            return waiting.lag(cluster, topics.USAGE) + waiting.lag(cluster, topics.MARKS)

        is_behind = await asyncio.to_thread(messages_waiting) > 0
        self._postponed = self._postponed + 1 if is_behind else 0
        # bounded, for a steady load would have nothing published ever
        return 0 < self._postponed < _POSTPONED

    async def leave(self) -> None:
        """Stop at the next statement, and wait until it is over."""
        self.lease.drop()
        async with self._turn:
            self._computing = None


def value_message(value_row: Row) -> tuple[bytes, bytes]:
    """Key and message of a published value: a later message of the same key replaces it."""
    column_names = (
        "indicator",
        "version",
        "grain",
        "unit",
        "system",
        "case_type",
        "part",
        "period",
    )
    key = "|".join(str(value_row[column_name]) for column_name in column_names)
    stated = {
        column_name: column_value
        for column_name, column_value in value_row.items()
        if column_value is not None
    }
    return key.encode(), orjson.dumps(stated, default=str)


def attach(app: faust.App, owner: Owner, *, compute_every: float, publish_every: float) -> None:
    """Give the app the agent of this stream, and the times at which its owner computes and publishes."""
    partition = TP(topics.full(owner.parts.cluster, topics.MARKS), 0)
    consume(app, owner.parts.cluster, topics.MARKS, as_taken, owner.write, most=200, within=0.1)

    own_partition(app, partition, owner.lease, owner.leave)
    every(app, compute_every, unless_lost(owner.compute))
    every(app, publish_every, unless_lost(owner.publish))
    metrics.OWNER.set_function(lambda: float(owner.lease.held))
