"""How many events a second `nytta up` acknowledges over HTTP, and how soon they are figures.

    python -m tests.bench.gateway

Events a second count from the first request to the last answer, all of them durable. The client is in another process
on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson

from tests.ingest.http.service import Service

SIZES = ((1, 64, 2_000), (1, 512, 4_000), (100, 8, 20_000), (500, 16, 100_000))
"""Events of a request, connections, and events in all."""


def accept_rate(folder: Path) -> dict[str, Any]:
    """Per size of a batch and connections: events acknowledged a second, CPU of the service, seconds to an answer.

    The CPU is that of the process while it is sent to, with the rounds that it makes meanwhile.
    """
    service = _started(folder)
    try:
        asyncio.run(_send(service, _requests(service, 100, 2_000, "warm"), 16))
        figures = {}
        for size, connections, events in SIZES:
            requests = list(_requests(service, size, events, f"rate-{size}-{connections}"))
            started, used = time.perf_counter(), _cpu(service)
            waits = asyncio.run(_send(service, iter(requests), connections))
            spent = time.perf_counter() - started
            cuts = quantiles(waits, n=20)
            figures[f"{size} at {connections}"] = {
                "events_per_second": round(events / spent),
                "cpu_microseconds_an_event": round((_cpu(service) - used) / events * 1e6, 1),
                "seconds_median": round(cuts[9], 3),
                "seconds_95": round(cuts[18], 3),
            }
        return figures
    finally:
        service.stop()


def _cpu(service: Service) -> float:
    """CPU-seconds of the service so far."""
    fields = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def freshness(folder: Path, *, rate: int = 1_000, seconds: int = 60) -> dict[str, Any]:
    """At `rate` events a second, in batches of 100: the age of a round's oldest event when its figures are there.

    The goal is five seconds from an event's being accepted to its cells.
    """
    service = _started(folder)
    try:
        asyncio.run(_send(service, _requests(service, 100, 2_000, "warm"), 4))
        _settled(service)
        before = buckets(service.metrics(), "nytta_cell_seconds")
        asyncio.run(_paced(service, rate, seconds))
        _settled(service)
        after = buckets(service.metrics(), "nytta_cell_seconds")
        rounds = {edge: after[edge] - before.get(edge, 0) for edge in after}
        return {
            "events_per_second": rate,
            "rounds": rounds["+Inf"],
            "seconds_95_at_most": edge_95(rounds),
            "within_5_seconds": round(rounds["5.0"] / rounds["+Inf"], 3),
        }
    finally:
        service.stop()


def _started(folder: Path) -> Service:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NYTTA_RATE"] = "1e9"
    return Service(folder).start()


def _requests(service: Service, size: int, events: int, name: str) -> Iterator[bytes]:
    """Whole HTTP requests of batches: steps of cases by fifty persons."""
    for body in batches(size, events, name):
        yield (
            f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\n"
            f"Content-Type: application/cloudevents-batch+json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def batches(size: int, events: int, name: str) -> Iterator[bytes]:
    """Bodies of batches, `size` events each."""
    return map(orjson.dumps, groups(size, events, name, ("south", "north"), "cases"))


def groups(size: int, events: int, name: str, units: Sequence[str], system: str) -> Iterator[list[dict[str, Any]]]:
    """Events that come together, `size` at a time, of units in turn."""
    for first in range(0, events, size):
        numbers = range(first, min(first + size, events))
        yield [_event(name, number, units[number % len(units)], system) for number in numbers]


def _event(name: str, number: int, unit: str, system: str) -> dict[str, Any]:
    data = {
        "unit": unit,
        "system": system,
        "case": f"{name}-{number // 5}",
        "activity": "decide",
        "actor": f"person {number % 50}",
    }
    return {
        "specversion": "1.0",
        "id": f"{name}-{number}",
        "source": "/bench",
        "type": "nytta.case.step.v1",
        "time": f"2026-03-{number % 28 + 1:02d}T10:{number % 60:02d}:00Z",
        "data": data,
    }


async def _send(service: Service, requests: Iterator[bytes], connections: int) -> list[float]:
    """Send all requests over so many connections; seconds to each answer."""
    waits: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.client.base_url.port)
        for request in requests:
            started = time.perf_counter()
            await _exchange(reader, writer, request)
            waits.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return waits


async def _paced(service: Service, rate: int, seconds: int) -> None:
    """Send batches of 100 at a steady rate."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.client.base_url.port)
    started = time.perf_counter()
    for number, request in enumerate(_requests(service, 100, rate * seconds, "paced")):
        await asyncio.sleep(max(0.0, started + number * 100 / rate - time.perf_counter()))
        await _exchange(reader, writer, request)
    writer.close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    """Send a request until it is accepted."""
    while True:
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        body = await reader.readexactly(int(length[1]))
        if not head.startswith(b"HTTP/1.1 429 "):
            break
        await asyncio.sleep(0.2)
    assert head.startswith(b"HTTP/1.1 202 "), head + body


def _settled(service: Service) -> None:
    """Wait until every event is in the figures."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if "\nnytta_behind_seconds 0.0\n" in service.metrics():
            return
        time.sleep(0.2)


def buckets(metrics: str, histogram: str) -> dict[str, int]:
    """How much a histogram of Prometheus has counted, by the upper edges of its buckets."""
    edges = re.findall(rf'^{histogram}_bucket\{{le="([^"]+)"\}} (\S+)', metrics, re.M)
    return {edge: int(float(count)) for edge, count in edges}


def edge_95(counts: Mapping[str, int]) -> float:
    """The lowest edge below which 95 % of what was counted lie."""
    return min(float(edge) for edge, count in counts.items() if count >= 0.95 * counts["+Inf"])


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="nytta-bench-") as name:
        figures = {
            "accept": accept_rate(Path(name) / "rate"),
            "fresh": [freshness(Path(name) / f"fresh-{rate}", rate=rate) for rate in (100, 1_000)],
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
