"""Puts events, rejects and marks on their topics; an answer means that all in-sync replicas have them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from nytta import Mendable
from nytta.ingest.events import Reject
from nytta.ingest.events.encode import encode
from nytta.ingest.keys import Note
from nytta.ingest.stream import topics, wire
from nytta.ingest.stream.cluster import Cluster

_EVENTS = 500
"""Events of a message at most."""
_BYTES = 1 << 20
"""Bytes of events with which a message is full before that: well below the largest that a topic takes."""
_MARKS = 10_000
"""Marks, or notes, of a message."""
_PATIENCE = 10.0
"""Seconds for which the brokers are waited for."""


class Unavailable(Mendable):
    """The brokers did not take it: nothing is promised, and the same may be sent again."""


@dataclass(slots=True)
class _Batch:
    """Events of one partition that wait to be sent together."""

    received_at: datetime
    sent: asyncio.Future[None]
    lines: list[bytes] = field(default_factory=list)
    size: int = 0


class Producer:
    """An idempotent producer for one event loop. `seal` encrypts the bodies of rejects; `linger` is in seconds."""

    def __init__(
        self,
        cluster: Cluster,
        seal: Callable[[bytes], bytes],
        *,
        linger: float = 0.05,
        events: int = _EVENTS,
    ) -> None:
        self._cluster = cluster
        self._seal = seal
        self._linger = linger
        self._events = events
        self._kafka: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._waiting: dict[int, _Batch] = {}
        self._partitions = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Send what waits, and leave the brokers."""
        for partition in list(self._waiting):
            self._send_batch(partition)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def ready(self) -> None:
        """Return if the brokers answer and the topics are there; else Unavailable says what is missing."""
        kafka = await self._open()
        for topic_name in (topics.USAGE, topics.REJECTED):
            topic = topics.full(self._cluster, topic_name)
            try:
                partitions = await asyncio.wait_for(kafka.partitions_for(topic), _PATIENCE)
            except (KafkaError, TimeoutError) as error:
                raise Unavailable(
                    f"topic {topic}: no broker knows it; run nytta migrate, or start Kafka"
                ) from error
            if topic_name == topics.USAGE:
                self._partitions = len(partitions)

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        """Return when all in-sync replicas have every event and every reject. Raises Unavailable.

        The events are as `nytta.ingest.events.decode` gives them; those of one unit go to one partition.
        """
        if not self._partitions:
            await self.ready()
        waits: set[asyncio.Future[None]] = set()
        if len(events):
            received_at = pc.min(events["received_at"]).as_py()
            lines = await asyncio.to_thread(encode, events)
            units = events["unit"].cast(pa.string()).to_pylist()
            for unit, line in zip(units, lines, strict=True):
                # a sum that is the same in every process, which Python's own hash of a text is not
                partition = crc32(unit.encode()) % self._partitions
                waits.add(self._add(partition, line, received_at))
        current_time = datetime.now(UTC)
        messages = [
            wire.reject_message(reject, current_time, self._seal(reject.body)) for reject in rejects
        ]
        sendings = [self._start(self._send(topics.REJECTED, 0, message)) for message in messages]
        await _all([*waits, *sendings])

    async def mark(self, marks: pa.Table) -> None:
        """Return when the marks are on their topic, for the one who recomputes. Raises Unavailable."""
        header = [("content-type", wire.ARROW.encode())]
        portions = [marks.slice(start, _MARKS) for start in range(0, len(marks), _MARKS)]
        messages = [wire.marks_message(portion) for portion in portions]
        await _all(
            [self._start(self._send(topics.MARKS, 0, message, header)) for message in messages]
        )

    async def note(self, notes: Sequence[Note]) -> None:
        """Return when what pseudonyms become is on the topic of marks. Raises Unavailable."""
        header = [("content-type", b"application/json")]
        portions = [notes[start : start + _MARKS] for start in range(0, len(notes), _MARKS)]
        messages = [wire.notes_message(portion) for portion in portions]
        await _all(
            [self._start(self._send(topics.MARKS, 0, message, header)) for message in messages]
        )

    async def command(self, text: str) -> None:
        """Ask the one who recomputes to mark `everything`, or `import 17`. Raises Unavailable."""
        await self._send(topics.MARKS, 0, text.encode(), [("content-type", wire.COMMAND.encode())])

    async def value(self, key: bytes, value: bytes) -> None:
        """Publish one open value. Raises Unavailable."""
        await self._send(topics.VALUES, None, value, [("content-type", b"application/json")], key)

    async def signal(self, organisation: str, message: bytes) -> None:
        """Tell the one who keeps the alerts of an organisation. Raises Unavailable."""
        header = [("content-type", b"application/json")]
        await self._send(topics.SIGNALS, 0, message, header, organisation.encode())

    # batches

    def _add(self, partition: int, line: bytes, received_at: datetime) -> asyncio.Future[None]:
        batch = self._waiting.get(partition)
        if batch is None:
            loop = asyncio.get_running_loop()
            batch = self._waiting[partition] = _Batch(received_at, loop.create_future())
            # the batch itself goes with the call: another may wait at its place by then
            loop.call_later(self._linger, self._send_batch, partition, batch)
        batch.lines.append(line)
        batch.size += len(line)
        # the earliest: what waits must not seem to have come later than it did
        batch.received_at = min(batch.received_at, received_at)
        if len(batch.lines) >= self._events or batch.size >= _BYTES:
            self._send_batch(partition)
        return batch.sent

    def _send_batch(self, partition: int, only: _Batch | None = None) -> None:
        batch = self._waiting.get(partition)
        if batch is None or (only is not None and batch is not only):
            return
        del self._waiting[partition]
        headers = wire.batch_headers(batch.received_at)
        sending = self._start(self._send(topics.USAGE, partition, b"".join(batch.lines), headers))

        def pass_on(task: asyncio.Task[None]) -> None:
            if batch.sent.done():  # all who waited for it have gone
                return
            if task.cancelled():
                batch.sent.cancel()
            elif error := task.exception():
                batch.sent.set_exception(error)
            else:
                batch.sent.set_result(None)

        sending.add_done_callback(pass_on)

    def _start(self, sending: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # the brokers

    async def _send(
        self,
        topic: str,
        partition: int | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
        key: bytes | None = None,
    ) -> None:
        kafka = await self._open()
        try:
            name = topics.full(self._cluster, topic)
            sending = kafka.send_and_wait(
                name, value, key=key, partition=partition, headers=list(headers)
            )
            # an idempotent producer tries for ever: whoever waits is told in time
            await asyncio.wait_for(sending, _PATIENCE)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._drop(kafka)
            raise Unavailable(
                f"no broker took it within {_PATIENCE:.0f} seconds ({type(error).__name__})"
            ) from error

    async def _open(self) -> AIOKafkaProducer:
        # under a lock: many send at once, and one producer serves them all
        async with self._opening:
            if self._kafka is not None:
                return self._kafka
            kafka = AIOKafkaProducer(
                **self._cluster.options,
                client_id=f"{self._cluster.prefix}-producer",
                acks="all",
                enable_idempotence=True,
                max_request_size=topics.MESSAGE_BYTES,
                request_timeout_ms=int(_PATIENCE * 1000),
            )
            try:
                await kafka.start()
            except (KafkaError, OSError) as error:
                # started halfway: what it has opened already must not stay behind
                with suppress(KafkaError, OSError):
                    await kafka.stop()
                raise Unavailable(await asyncio.to_thread(self._cluster.why_not)) from error
            self._kafka = kafka
            return kafka

    async def _drop(self, kafka: AIOKafkaProducer | None = None) -> None:
        """Leave a producer that failed, for a fresh one: its place in the brokers' sequence is uncertain."""
        async with self._opening:
            old = self._kafka
            if old is None or (kafka is not None and old is not kafka):
                return
            self._kafka = None
        # beside what goes on: who was told of the failure must not wait for the old producer's end too
        leaving = asyncio.create_task(_leave(old, failed=kafka is not None))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


async def _leave(kafka: AIOKafkaProducer, *, failed: bool) -> None:
    """End a producer; one that failed would try for ever to send what waits, and is only taken apart."""
    with suppress(KafkaError, OSError, TimeoutError):
        if not failed:
            await asyncio.wait_for(kafka.stop(), _PATIENCE)
            return
        kafka._closed = True
        await kafka._sender.close()
        await kafka.client.close()


async def _all(waits: Sequence[asyncio.Future[None]]) -> None:
    """Wait for all; the first failure is raised when none is under way any more."""
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    for result in outcomes:
        if isinstance(result, BaseException):
            raise result
