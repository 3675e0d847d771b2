"""What every process tells Prometheus of itself: its version, its memory, its time of work, its clock."""

from __future__ import annotations

import time
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector


def add_process(registry: CollectorRegistry) -> None:
    """Add `nytta_build_info`, the clock, and the `process_` metrics that Prometheus's conventions name."""
    build = Gauge(
        "nytta_build_info",
        "1, labelled with the version that runs.",
        ["version"],
        registry=registry,
    )
    build.labels(version("nytta")).set(1)
    Gauge("nytta_clock_timestamp_seconds", "This machine's clock.", registry=registry).set_function(
        time.time
    )
    ProcessCollector(registry=registry)
