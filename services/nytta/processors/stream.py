"""How every stream is consumed: take some messages, do the work, acknowledge in order; an error ends the process.

Faust acknowledges in `finally` where a stream is iterated or `take`n, even when the agent failed. Only `noack_take`
with an acknowledgement after the work, one agent at a time, loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import faust
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, StreamT

from nytta.broker import topics
from nytta.broker.cluster import Cluster
from nytta.processors import figures
from nytta.processors.messages import Message

Work = Callable[[Sequence[Message]], Awaitable[None]]


def consume(app: faust.App, cluster: Cluster, name: str, work: Work, *, most: int, within: float) -> None:
    """Give the app an agent that hands at most `most` messages of a topic to `work`, after `within` seconds at most."""
    topic = app.topic(topics.full(cluster, name), value_serializer="raw", key_serializer="raw")

    async def agent(stream: StreamT[bytes]) -> None:
        taking: Any = stream  # noack_take is missing in Faust's type of a stream
        async for taken in taking.noack_take(most, within=within):
            try:
                await work([_message(event) for event in taken])
                for event in taken:
                    await taking.ack(event)
                figures.MESSAGES.labels(name).inc(len(taken))
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # going on would acknowledge what was not stored: the process ends, and its supervisor starts it anew
                await app.crash(error)
                raise

    app.agent(topic, name=name, concurrency=1)(agent)


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
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await app.crash(error)
                raise
            await app.sleep(seconds)

    app.task(task)


def _message(event: Any) -> Message:
    message = event.message
    at = datetime.fromtimestamp(max(message.timestamp, 0), UTC)
    return Message(
        message.value, dict(event.headers or {}), at, f"{message.topic}/{message.partition} offset {message.offset}"
    )
