"""Stream `rejected`: what the gateway refused becomes rows of the table of rejects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import faust

from nytta.ingest.keys import KeyFileError
from nytta.ingest.store.rejects import write_rejects
from nytta.ingest.stream import metrics, topics, wire
from nytta.ingest.stream.consumer import as_taken, consume
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import Parts, log, patient


def store(parts: Parts, values: Sequence[bytes | None]) -> None:
    """Store rejects; a message that holds none is counted and passed over."""
    for value in values:
        try:
            reject, received_at = wire.read_reject(value or b"")
            # opened here, for `write_rejects` seals what it is given; one of another key is told at once
            clear = replace(reject, body=parts.keys.unseal(reject.body))
        # passed over: the process would meet the same message again after every start, and never get past it
        except (ValueError, KeyFileError) as error:
            metrics.POISON.labels(topics.REJECTED).inc()
            log.error("a message on the topic of rejects was passed over: %s", error)
            continue
        write_rejects(parts.private.connection, [clear], parts.keys.seal, received_at)
        metrics.REJECTS.labels(reject.reason.value).inc()


def attach(app: faust.App, parts: Parts) -> None:
    """Give the app the agent of this stream."""

    async def work(messages: Sequence[Message]) -> None:
        await patient(parts, lambda: store(parts, [message.value for message in messages]))

    consume(app, parts.cluster, topics.REJECTED, as_taken, work, most=100, within=0.2)
