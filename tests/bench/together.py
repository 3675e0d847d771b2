"""Readers beside senders: 50 people on pages, 2,000 events a second in bodies of 100, for three minutes.

    python -m tests.bench.together [SECONDS]

What is refused for load is 429 or 503 with Retry-After; the service, its senders and its readers share the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx

from tests.bench.gateway import batches
from tests.ingest.http.service import Service
from tests.support.commands import nytta
from tests.support.processes import until

READERS: Final = 50
EVENTS: Final = 2_000
BODY: Final = 100
SENDERS: Final = 8
PATHS: Final = ("/", "/indicators", "/alerts", "/operations", "/transparency", "/help")
_REFUSALS: Final = (429, 503)


@dataclass
class Answers:
    """What came back of one kind of request: milliseconds of each, how many of each status, refusals without a wait."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_wait: int = 0

    def count(self, answer: httpx.Response, started: float) -> None:
        """Count an answer to a request that was sent at `started` of the performance counter."""
        self.milliseconds.append(1000 * (time.perf_counter() - started))
        self.statuses[answer.status_code] += 1
        self.without_wait += answer.status_code in _REFUSALS and "retry-after" not in answer.headers

    def summary(self) -> dict[str, Any]:
        """Figures of it."""
        cuts = quantiles(self.milliseconds, n=20)
        return {
            "requests": len(self.milliseconds),
            "statuses": dict(self.statuses),
            "refusals_without_retry_after": self.without_wait,
            "ms_median": round(cuts[9], 1),
            "ms_95": round(cuts[18], 1),
        }


def together(folder: Path, seconds: int) -> dict[str, Any]:
    """Latencies of pages and posts, statuses, and the service's resident megabytes each ten seconds."""
    service = Service(folder).start()
    try:
        address = str(service.client.base_url)
        for body in batches(BODY, 20_000, "before"):
            media = {"Content-Type": "application/cloudevents-batch+json"}
            service.client.post("/events", content=body, headers=media).raise_for_status()
        units = _published(address, nytta("link", "--data", service.data).stdout.strip())
        link = nytta("link", "--data", service.data).stdout.strip()
        pages, posts = Answers(), Answers()
        memory = asyncio.run(_run(service, address, link, seconds, (*PATHS, *units), pages, posts))
        return {
            "seconds": seconds,
            "readers": READERS,
            "events_per_second_asked": EVENTS,
            "events_per_second": round(BODY * posts.statuses[202] / seconds),
            "pages": pages.summary(),
            "posts": posts.summary(),
            "resident_mib_each_10_s": memory,
        }
    finally:
        service.stop()


def _published(address: str, link: str) -> set[str]:
    """Pages of units that the overview leads to, when it has figures to show."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60, follow_redirects=True) as browser:
        browser.get(link)
        until(lambda: browser.get("/").status_code == 200, "the first figures")
        return set(re.findall(r'href="(/units/[^"?]+)', browser.get("/").text))


async def _run(
    service: Service, address: str, link: str, seconds: int, paths: Sequence[str], pages: Answers, posts: Answers
) -> list[int]:
    memory: list[int] = []
    end = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/cloudevents-batch+json"}
    bodies = iter(list(batches(BODY, EVENTS * seconds, "together")))
    async with (
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as people,
        httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=60) as systems,
    ):
        await people.get(link)

        async def read(seed: int) -> None:
            drawn = random.Random(seed)
            while time.monotonic() < end:
                await asyncio.sleep(drawn.uniform(0.5, 1.5))
                started = time.perf_counter()
                pages.count(await people.get(drawn.choice(paths)), started)

        async def send(number: int) -> None:
            pause = SENDERS * BODY / EVENTS
            due = time.monotonic() + pause * number / SENDERS
            while time.monotonic() < end:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due += pause
                started = time.perf_counter()
                posts.count(await systems.post("/events", content=next(bodies)), started)

        async def weigh() -> None:
            while time.monotonic() < end:
                pages_held = int(Path(f"/proc/{service.process.pid}/statm").read_text().split()[1])
                memory.append(pages_held * os.sysconf("SC_PAGESIZE") >> 20)
                await asyncio.sleep(10)

        await asyncio.gather(*map(read, range(READERS)), *map(send, range(SENDERS)), weigh())
    return memory


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="nytta-bench-") as name:
        print(json.dumps(together(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 180), indent=2))
