"""The streaming parts, as ratios in one run: what a worker takes in with 1, 100 and 500 events per message, beside the
embedded pipeline and a plain aiokafka consumer that stores the same messages, as bytes, line by line and decoded alike
(`batch_peer.py`); what `nytta up` accepts over HTTP; and how soon that is figures.

    python -m tests.bench.stream [--events 400000] [--out var/bench-stream.json]

The embedded pipeline is measured before and after the workers, so that a machine that slows down shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import orjson

from nytta import service as nytta
from nytta.demo.bulk import bulk
from nytta.ingest.stream import topics
from nytta.ingest.stream.producer import Producer
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.bench.batch_peer import WAYS
from tests.bench.gateway import accept_rate, buckets, edge_95, freshness, groups
from tests.support.broker import Broker, broker
from tests.support.installation import Installation
from tests.support.processes import python, until

_UNITS = 50
_RATES = (100, 1_000)
"""Events a second at which it is measured how soon they are figures."""
_TOTAL = re.compile(r"^nytta_worker_events_total (\S+)$", re.MULTILINE)


def embedded(folder: Path, registry: Path, count: int) -> float:
    """Events per second of the pipeline in one process."""
    bodies = list(bulk(count, 3, units=_UNITS, body_size=20_000))
    with nytta.embedded(Settings(data=folder, registry=registry)) as app:
        started = time.perf_counter()
        for _ in app.intake.accept(bodies, datetime.now(UTC)):
            pass
        return count / (time.perf_counter() - started)


def worker(folder: Path, started: Broker, count: int, per_message: int) -> float:
    """Events per second of one worker that finds so many messages waiting."""
    place = Installation(folder, started, units=_UNITS)
    try:
        place.start(workers=0)
        asyncio.run(_fill(place, count, per_message))
        place.add_worker("--compute-every", "3600")
        return _rate(place.ports[0], count)
    finally:
        place.stop()


async def _fill(place: Installation, count: int, per_message: int) -> None:
    # units share a partition: what is put at once fills messages as full as they may be
    async with Producer(cluster_of(place.settings), place.keys.seal, events=per_message, linger=1.0) as producer:
        for events, rejects in place.decoded(bulk(count, 3, units=_UNITS, body_size=min(20_000, 200 * per_message))):
            await producer.put(events, rejects)


def _rate(port: int, count: int) -> float:
    """Events per second, from the first that were stored to the last."""
    seen: list[tuple[float, float]] = []

    def done() -> bool:
        try:
            told = _TOTAL.search(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text)
        except httpx.HTTPError:
            return False
        value = float(told[1]) if told else 0.0
        if value and (not seen or value != seen[-1][1]):
            seen.append((time.perf_counter(), value))
        return value >= count

    until(done, "the worker")
    (begin, first), (end, last) = seen[0], seen[-1]
    return (last - first) / (end - begin) if end > begin else float("nan")


_PEER_TABLES = (
    "CREATE TABLE peer_bytes (message String) ENGINE = MergeTree ORDER BY tuple() "
    "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
    "CREATE TABLE peer_lines (event String) ENGINE = MergeTree ORDER BY tuple() "
    "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
    "CREATE TABLE peer_decoded AS nytta_private.events",
)
"""As durable as raw events, which the last table is a copy of."""


def peer(folder: Path, started: Broker, count: int, way: str) -> float:
    """Events per second of a plain consumer that finds the same messages of 500 events waiting."""
    place = Installation(folder, started, units=_UNITS)
    try:
        place.start(workers=0)
        asyncio.run(_fill(place, count, 500))
        client = clickhouse_connect.get_client(host="127.0.0.1", port=place.store.port)
        for table in _PEER_TABLES:
            client.command(table)
        topic = topics.full(cluster_of(place.settings), topics.USAGE)
        arguments = (way, place.settings.kafka, topic, str(place.store.port), str(count))
        command = python("-m", "tests.bench.batch_peer", *arguments)
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        place.stop()


def measure(folder: Path, events: int) -> dict[str, Any]:
    """What workers take in, beside the embedded pipeline and plain consumers."""
    (folder / "broker").mkdir()
    rates: dict[str, float] = {}
    beside: list[float] = []
    with broker(folder / "broker") as started:
        for way in WAYS:
            rates[f"peer_{way}"] = peer(folder / f"peer-{way}", started, events, way)
        registry = folder / "peer-bytes" / "registry"
        beside.append(embedded(folder / "embedded-before", registry, events))
        for per_message in (1, 100, 500):
            count = events if per_message > 1 else events // 10
            rates[f"worker_{per_message}"] = worker(folder / f"worker-{per_message}", started, count, per_message)
    beside.append(embedded(folder / "embedded-after", registry, events))
    rates["embedded"] = sum(beside) / len(beside)
    return {
        "events": events,
        "events_per_second": {name: round(rate) for name, rate in rates.items()},
        "embedded_before_and_after": [round(rate) for rate in beside],
        "worker_500_to_embedded": round(rates["worker_500"] / rates["embedded"], 2),
        "worker_100_to_embedded": round(rates["worker_100"] / rates["embedded"], 2),
        "worker_500_to_peer_decoded": round(rates["worker_500"] / rates["peer_decoded"], 2),
        "worker_500_to_peer_bytes": round(rates["worker_500"] / rates["peer_bytes"], 2),
        "worker_500_to_peer_lines": round(rates["worker_500"] / rates["peer_lines"], 2),
    }


def behind_kafka(folder: Path) -> list[dict[str, Any]]:
    """How soon events are figures behind Kafka, at each rate."""
    (folder / "fresh-broker").mkdir()
    with broker(folder / "fresh-broker") as started:
        return [cells_behind_kafka(folder / f"fresh-kafka-{rate}", started, rate) for rate in _RATES]


def cells_behind_kafka(folder: Path, started: Broker, rate: int, seconds: int = 60) -> dict[str, Any]:
    """At `rate` events a second through one worker: how long events wait to be stored, and marks of them for cells.

    Of what is stored at once the oldest message counts, of what is computed every one. Together they are what an event
    waits at most.
    """
    place = Installation(folder, started, units=_UNITS)
    stages = {"stored": "nytta_worker_stored_seconds", "cells": "nytta_worker_cell_seconds"}
    try:
        place.start(workers=1)
        asyncio.run(_paced(place, "warm", rate, 10))
        before = {stage: buckets(_metrics(place), name) for stage, name in stages.items()}
        asyncio.run(_paced(place, "paced", rate, seconds))
        time.sleep(10)  # the last rounds end
        after = {stage: buckets(_metrics(place), name) for stage, name in stages.items()}
    finally:
        place.stop()
    counts = {
        stage: {edge: count - before[stage].get(edge, 0) for edge, count in after[stage].items()} for stage in stages
    }
    edges = {f"{stage}_seconds_95_at_most": edge_95(counts[stage]) for stage in stages}
    return {"events_per_second": rate, "messages": counts["cells"]["+Inf"], **edges}


async def _paced(place: Installation, name: str, rate: int, seconds: int) -> None:
    """Put batches of 100 events at a steady rate."""
    units = [f"last-{number:03d}" for number in range(_UNITS)]
    bodies = (b"\n".join(map(orjson.dumps, group)) for group in groups(100, rate * seconds, name, units, "last"))
    async with place.producer() as producer:
        begun = time.perf_counter()
        for number, (events, rejects) in enumerate(place.decoded(bodies)):
            await asyncio.sleep(max(0.0, begun + number * 100 / rate - time.perf_counter()))
            assert not rejects, rejects[0]
            await producer.put(events, rejects)


def _metrics(place: Installation) -> str:
    return httpx.get(f"http://127.0.0.1:{place.ports[0]}/metrics", timeout=30).text


def main() -> None:
    """Measure part by part; print each, and write what there is to the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nytta-stream-") as name:
        folder = Path(name)
        figures: dict[str, Any] = {"load_before": [round(load, 1) for load in os.getloadavg()]}
        parts: dict[str, Callable[[], Any]] = {
            "workers": lambda: measure(folder, chosen.events),
            "accepted_over_http": lambda: accept_rate(folder / "rate"),
            "event_to_cell": lambda: [freshness(folder / f"fresh-{rate}", rate=rate) for rate in _RATES],
            "event_to_cell_behind_kafka": lambda: behind_kafka(folder),
        }
        for part, measure_part in parts.items():
            figures[part] = measure_part()
            print(json.dumps({part: figures[part]}, indent=2), flush=True)
            if chosen.out:
                chosen.out.parent.mkdir(parents=True, exist_ok=True)
                chosen.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
