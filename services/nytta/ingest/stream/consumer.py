"""How every stream is consumed: take some messages, do the work, acknowledge in order; an error ends the process.

Faust acknowledges in `finally` where a stream is iterated or `take`n, even when the agent failed. Only `noack_take`
with an acknowledgement after the work, one agent at a time, of a stream that acknowledges nothing by itself, loses
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import faust
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, StreamT

from nytta.ingest.stream import metrics, topics
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import log
from nytta.storage.lease import Lease, LeaseLostError

T = TypeVar("T")

_RENEWAL_SECONDS = 1.0
"""Seconds between two renewals of a lease."""
_LEAVE_SECONDS = 5.0
"""Seconds for which what is being stored is waited for when the agent must go."""


def consume(
    app: faust.App,
    cluster: Cluster,
    topic_name: str,
    prepare: Callable[[Sequence[Message]], Awaitable[T]],
    work: Callable[[T], Awaitable[None]],
    *,
    most: int,
    within: float,
) -> None:
    """Give the app an agent that takes at most `most` messages of a topic at a time, after `within` seconds at most.

    `work` is given what `prepare` makes of them. While it is at it, the next are taken and prepared, for one waits for
    the store and the other for the processor. Work is done, and acknowledged, one after the other.
    """
    topic = app.topic(
        topics.full(cluster, topic_name), value_serializer="raw", key_serializer="raw"
    )

    async def finish(taken_events: Sequence[Any], prepared: T, stream: Any) -> None:
        await work(prepared)
        # only now: what is acknowledged does not come again
        for event in taken_events:
            await stream.ack(event)
        metrics.MESSAGES.labels(topic_name).inc(len(taken_events))

    agent = _agent(app, prepare, finish, most=most, within=within)
    # one at a time, or a later message could be acknowledged before an earlier one is stored
    app.agent(topic, name=topic_name, concurrency=1)(agent)


def _agent(
    app: faust.App,
    prepare: Callable[[Sequence[Message]], Awaitable[T]],
    finish: Callable[[Sequence[Any], T, Any], Awaitable[None]],
    *,
    most: int,
    within: float,
) -> Callable[[StreamT[bytes]], Awaitable[None]]:
    """The agent of `consume`: `finish` is given the events that were taken, what `prepare` made of them, the stream."""

    async def agent(stream: StreamT[bytes]) -> None:
        # noack_take is missing in Faust's type of a stream
        taking: Any = stream
        # When it ends, noack_take sets this back to what it was, and its drainer reads on: messages behind the one that
        # failed would be acknowledged unseen.
        taking.enable_acks = False
        under_way: asyncio.Task[None] | None = None
        try:
            async for taken_events in taking.noack_take(most, within=within):
                # After an error Faust starts the agent anew while the process ends. What it acknowledged now would
                # acknowledge the messages of the failed one too: a group that has acknowledged nothing yet knows of no
                # gap before its first message.
                if app.should_stop:
                    return
                messages = [_message(event) for event in taken_events]
                prepared = await _or_crash(app, prepare(messages))
                if under_way:
                    await under_way
                finishing = finish(taken_events, prepared, taking)
                under_way = asyncio.create_task(_or_crash(app, finishing))
        finally:
            # it may be about to acknowledge: what it stored would otherwise come again
            if under_way:
                await asyncio.wait([under_way], timeout=_LEAVE_SECONDS)
                under_way.cancel()

    return agent


async def as_taken(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages themselves, for work that needs no preparation."""
    return messages


async def _or_crash(app: faust.App, doing: Awaitable[T]) -> T:
    """The result; after an error the process ends, because going on would acknowledge what was not stored."""
    try:
        return await doing
    except asyncio.CancelledError:  # the end of the process, or of its part: no fault
        raise
    except Exception as error:
        await app.crash(error)
        raise


def assignment(app: faust.App) -> set[TP]:
    """The partitions of this worker; none before it has joined its group."""
    try:
        return set(app.consumer.assignment())
    except ConsumerNotStarted:
        return set()


def every(app: faust.App, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Give the app a task that works again and again, `seconds` after the last time; an error ends the process."""

    async def task() -> None:
        while not app.should_stop:
            await app.sleep(seconds)
            await _or_crash(app, work())

    app.task(task)


def own_partition(
    app: faust.App, partition: TP, lease: Lease, leave: Callable[[], Awaitable[None]]
) -> None:
    """Have `lease` renewed while this process holds `partition`; when the partition goes, `leave` is waited for."""

    async def renew() -> None:
        # while partitions move, another process may hold it already
        is_stable = not app.rebalancing and not app.should_stop
        if is_stable and partition in assignment(app):
            lease.renew()

    async def let_go() -> None:
        await app.wait_until_stopped()
        lease.drop()  # whatever computes stops at its next statement

    async def revoked(*details: Any, **_: Any) -> None:
        _app, revoked_partitions = details[:2]
        if partition in revoked_partitions:
            await leave()

    app.on_partitions_revoked.connect(revoked)
    app.task(let_go)
    every(app, _RENEWAL_SECONDS, renew)


def unless_lost(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """`work`, for which a lost lease is no error: another process does it now."""

    async def attempt() -> None:
        try:
            await work()
        except LeaseLostError as error:
            log.debug("%s", error)

    return attempt


def _message(event: Any) -> Message:
    message = event.message
    return Message(
        value=message.value,
        headers=dict(event.headers or {}),
        stored_at=_stored_at(message.timestamp, datetime.now(UTC)),
        position=f"{message.topic}/{message.partition} offset {message.offset}",
    )


def _stored_at(timestamp: float | None, current_time: datetime) -> datetime:
    """When the broker got a message; now where its time, which a producer may set, lies ahead or says nothing."""
    is_plausible = timestamp is not None and 0 < timestamp <= current_time.timestamp()
    return datetime.fromtimestamp(timestamp, UTC) if is_plausible and timestamp else current_time
