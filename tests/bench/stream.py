"""How much a worker takes in, as ratios in one run: 1, 100 and 500 events per message, the embedded pipeline, and a
plain Faust agent with pydantic that inserts row by row.

    python -m tests.bench.stream [--events 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
from kafka import KafkaProducer

from nytta import app as nytta
from nytta.broker import topics
from nytta.broker.cluster import Cluster
from nytta.broker.producer import Producer
from nytta.settings import Settings
from nytta.simulate.bulk import bulk
from tests.support.broker import Broker, broker
from tests.support.installation import Installation
from tests.support.processes import Process, free_port, python, until

_UNITS = 50
_TOTAL = re.compile(r"^nytta_worker_events_total (\S+)$", re.MULTILINE)


def embedded(folder: Path, registry: Path, count: int) -> float:
    """Events per second of the pipeline in one process."""
    bodies = list(bulk(count, 3, units=_UNITS, size=20_000))
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
    async with Producer(Cluster.of(place.settings), place.keys.seal, events=per_message, linger=1.0) as producer:
        for events, rejects in place.decoded(bulk(count, 3, units=_UNITS, size=min(20_000, 200 * per_message))):
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

    until(done, 600, "the worker")
    (begin, first), (end, last) = seen[0], seen[-1]
    return (last - first) / (end - begin) if end > begin else float("nan")


def plain(folder: Path, started: Broker, count: int) -> float:
    """Events per second of the plain agent."""
    place = Installation(folder, started, units=_UNITS)
    try:
        place.start(workers=0)
        client = clickhouse_connect.get_client(host="127.0.0.1", port=place.store.port)
        client.command(
            "CREATE TABLE plain (id String, source String, time DateTime64(3), unit String) "
            "ENGINE = MergeTree ORDER BY id"
        )
        name = topics.full(Cluster.of(place.settings), topics.USAGE)
        producer = KafkaProducer(bootstrap_servers=place.settings.kafka)
        lines = [
            line
            for body in bulk(count * 4, 3, units=_UNITS, size=20_000)
            for line in body.splitlines()
            if b"platform.session" in line
        ][:count]
        for line in lines:
            producer.send(name, line)
        producer.flush()
        arguments = (place.settings.kafka, name, "127.0.0.1", str(place.store.port), str(free_port()))
        agent = Process(python("-m", "tests.bench.plain_agent", *arguments), folder / "plain.log")
        agent.start()
        try:
            rows = "SELECT count() FROM plain"
            until(lambda: bool(client.command(rows)), 120, "the plain agent", agent.log)
            begin, first = time.perf_counter(), int(str(client.command(rows)))
            until(lambda: int(str(client.command(rows))) >= len(lines), 600, "the plain agent", agent.log)
            return (len(lines) - first) / (time.perf_counter() - begin)
        finally:
            agent.stop()
    finally:
        place.stop()


def measure(folder: Path, events: int) -> dict[str, Any]:
    """All of it."""
    (folder / "broker").mkdir()
    rates: dict[str, float] = {}
    with broker(folder / "broker") as started:
        rates["plain_agent"] = plain(folder / "plain", started, max(200, events // 100))
        for per_message in (1, 100, 500):
            count = events if per_message > 1 else events // 10
            rates[f"worker_{per_message}"] = worker(folder / f"worker-{per_message}", started, count, per_message)
    rates["embedded"] = embedded(folder / "embedded", folder / "plain" / "registry", events)
    return {
        "events": events,
        "events_per_second": {name: round(rate) for name, rate in rates.items()},
        "worker_500_to_embedded": round(rates["worker_500"] / rates["embedded"], 2),
        "worker_500_to_plain_agent": round(rates["worker_500"] / rates["plain_agent"], 1),
        "worker_100_to_plain_agent": round(rates["worker_100"] / rates["plain_agent"], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nytta-stream-") as name:
        print(json.dumps(measure(Path(name), chosen.events), indent=2))


if __name__ == "__main__":
    main()
