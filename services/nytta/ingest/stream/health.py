"""Whether a worker lives, whether it has work, what it counts, and the watchdog that ends one that stands still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP
from faust.web import Request, Response, View
from prometheus_client import generate_latest

from nytta.ingest.stream import metrics
from nytta.ingest.stream.consumer import assignment, every
from nytta.ingest.stream.parts import log

_LOOK_SECONDS = 5.0
"""Seconds between two looks at what waits, and for which the broker's answer is waited."""


class StandsStillError(Exception):
    """Messages wait and none was acknowledged for too long."""


def attach(app: faust.App, *, still: float) -> None:
    """Give the app its pages, and a watchdog that ends it after `still` seconds without progress."""

    @app.page("/healthz")
    async def health(view: View, _: Request) -> Response:
        return view.json({"status": "alive"})

    @app.page("/readyz")
    async def ready(view: View, _: Request) -> Response:
        assigned = sorted(
            f"{partition.topic}/{partition.partition}" for partition in assignment(app)
        )
        is_waiting = app.rebalancing or not assigned
        state = {"status": "waits for partitions" if is_waiting else "ready", "assigned": assigned}
        return view.json(state, status=503 if is_waiting else 200)

    @app.page("/metrics")
    async def metrics_page(view: View, _: Request) -> Response:
        return view.bytes(
            generate_latest(metrics.REGISTRY), content_type="text/plain; version=0.0.4"
        )

    progress = {"done": -1.0, "since": time.monotonic()}

    async def watch() -> None:
        waiting = 0
        own_partitions = assignment(app)
        partition_ends = await _ends(app, own_partitions)
        for partition in own_partitions:
            lag_messages = _lag(app, partition, partition_ends.get(partition) or 0)
            metrics.LAG.labels(partition.topic, str(partition.partition)).set(lag_messages)
            waiting += lag_messages
        # the counter that Prometheus reads: acknowledgements are counted in one place
        samples = [sample for metric in metrics.MESSAGES.collect() for sample in metric.samples]
        done = sum(sample.value for sample in samples if sample.name.endswith("_total"))
        if not waiting or done != progress["done"]:
            progress["done"] = done
            progress["since"] = time.monotonic()
        elif time.monotonic() - progress["since"] > still:
            log.error("%s messages wait and none was acknowledged for %.0f seconds", waiting, still)
            await app.crash(StandsStillError(f"{waiting} messages wait"))

    every(app, _LOOK_SECONDS, watch)


async def _ends(app: faust.App, partitions: set[TP]) -> Mapping[TP, int | None]:
    """The ends of partitions, asked of the broker; while it is away, as far as it has told.

    While the store is waited for, nothing is fetched, and what the broker told with it grows old.
    """
    if not partitions:
        return {}
    try:
        return await asyncio.wait_for(app.consumer.highwaters(*partitions), _LOOK_SECONDS)
    except (KafkaError, TimeoutError, ConsumerNotStarted):
        return {partition: app.consumer.highwater(partition) for partition in partitions}


def _lag(app: faust.App, partition: TP, end: int) -> int:
    """Messages of a partition beyond the last one committed."""
    # its type does not tell what was committed
    consumer: Any = app.consumer
    return max(0, end - int(consumer._committed_offset.get(partition) or 0))
