"""Whether a worker lives, whether it has work, what it counts, and the watchdog that ends one that stands still."""

from __future__ import annotations

import time
from typing import Any

import faust
from faust.web import Request, Response, View
from prometheus_client import generate_latest

from nytta.processors import figures
from nytta.processors.parts import log
from nytta.processors.stream import assignment, every

_LOOK = 5.0  # seconds


class StandsStillError(Exception):
    """Messages wait and none was acknowledged for too long."""


def attach(app: faust.App, *, still: float) -> None:
    """Give the app its pages, and a watchdog that ends it after `still` seconds without progress."""

    @app.page("/healthz")
    async def health(view: View, _: Request) -> Response:
        return view.json({"status": "alive"})

    @app.page("/readyz")
    async def ready(view: View, _: Request) -> Response:
        assigned = sorted(f"{tp.topic}/{tp.partition}" for tp in assignment(app))
        waits = app.rebalancing or not assigned
        return view.json(
            {"status": "waits for partitions" if waits else "ready", "assigned": assigned}, status=503 if waits else 200
        )

    @app.page("/metrics")
    async def metrics(view: View, _: Request) -> Response:
        return view.bytes(generate_latest(figures.REGISTRY), content_type="text/plain; version=0.0.4")

    progress = {"done": -1.0, "since": time.monotonic()}

    async def watch() -> None:
        waiting = 0
        for tp in assignment(app):
            lag = _lag(app, tp)
            figures.LAG.labels(tp.topic, str(tp.partition)).set(lag)
            waiting += lag
        done = sum(s.value for m in figures.MESSAGES.collect() for s in m.samples if s.name.endswith("_total"))
        if not waiting or done != progress["done"]:
            progress["done"], progress["since"] = done, time.monotonic()
        elif time.monotonic() - progress["since"] > still:
            log.error("%s messages wait and none was acknowledged for %.0f seconds", waiting, still)
            await app.crash(StandsStillError(f"{waiting} messages wait"))

    every(app, _LOOK, watch)


def _lag(app: faust.App, tp: faust.types.TP) -> int:
    """Messages of a partition beyond the last one committed, as far as the broker has told."""
    end = app.consumer.highwater(tp)
    consumer: Any = app.consumer  # its type does not tell what was committed
    done = consumer._committed_offset.get(tp)
    return max(0, int(end) - int(done or 0)) if end else 0
