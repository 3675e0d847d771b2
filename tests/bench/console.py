"""How heavy the console's pages are and how soon they come: kept, made anew with charts drawn, and with fifty readers.

    python -m tests.bench.console

Readers look at one page after another with a second between; server and readers share the machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage.client import Zones, embedded
from nytta.storage.migrate import migrate
from nytta.surfaces.authentication.proxy import SECRET_HEADER
from nytta.surfaces.console.context import Console
from tests.surfaces.console.world import HEADER, ROLES, SECRET, World, fill, opened

PATHS = ("/", "/units/u00", "/indicators/weekly-breadth?unit=u00&system=arken", "/alerts", "/benefits")
READERS, SECONDS = 50, 30
GOALS = {"bytes": 200_000, "kept_ms_95": 10, "anew_ms_95": 150, "readers_ms_95": 150}


def console(rounds: int = 40) -> dict[str, Any]:
    """Per page: bytes, and milliseconds (95 %) kept and made anew; milliseconds (95 %) of fifty readers together."""
    with tempfile.TemporaryDirectory() as folder:
        tables = declarations.schemas() / "tables"
        connection = embedded(Path(folder) / "store")
        beside = connection.beside(Zones(private="bench_private", open="bench_open"))
        migrate(beside, tables)
        store = PrivateStore(beside)
        fill(store)
        filled = opened(store, Path(folder), tables)
        try:
            return _measured(filled, rounds)
        finally:
            filled.close()
            connection.close()


def _measured(filled: World, rounds: int) -> dict[str, Any]:
    desk = filled.console()
    visit = filled.visit("lead", console=desk)
    found: dict[str, Any] = {"pages": {}}
    for path in PATHS:
        body = visit.get(path).content
        kept = [_timed(visit, path) for _ in range(5 * rounds)]
        anew = [_timed(visit, path, desk) for _ in range(rounds)]
        found["pages"][path] = {"bytes": len(body), "kept_ms_95": _high(kept), "anew_ms_95": _high(anew)}
    found["style_bytes"] = len(desk.style)
    found["readers_ms_95"] = _high(asyncio.run(_read(filled.address(desk))))
    pages = found["pages"].values()
    worst = {name: max(page[name] for page in pages) for name in ("bytes", "kept_ms_95", "anew_ms_95")}
    worst["bytes"] += len(desk.style)  # what a first visit loads
    worst["readers_ms_95"] = found["readers_ms_95"]
    found["goals"] = {
        name: {"most": most, "worst": worst[name], "met": worst[name] <= most} for name, most in GOALS.items()
    }
    return found


def _timed(visit: httpx.Client, path: str, desk: Console | None = None) -> float:
    if desk is not None:
        desk.forget()
    started = time.perf_counter()
    assert visit.get(path).status_code == 200
    return 1000 * (time.perf_counter() - started)


async def _read(address: str) -> list[float]:
    waits: list[float] = []
    headers = {HEADER: ROLES["lead"], SECRET_HEADER: SECRET, "Accept-Language": "en"}
    limits = httpx.Limits(max_connections=READERS)
    async with httpx.AsyncClient(
        base_url=address, headers=headers, limits=limits, trust_env=False, timeout=60
    ) as client:

        async def reader(seed: int) -> None:
            drawn, end = random.Random(seed), time.monotonic() + SECONDS
            while time.monotonic() < end:
                await asyncio.sleep(drawn.uniform(0.5, 1.5))
                started = time.perf_counter()
                await client.get(drawn.choice(PATHS))
                waits.append(1000 * (time.perf_counter() - started))

        await asyncio.gather(*(reader(n) for n in range(READERS)))
    return waits


def _high(waits: list[float]) -> float:
    return round(quantiles(waits, n=20)[18], 1)


if __name__ == "__main__":
    print(json.dumps(console(), indent=2))
