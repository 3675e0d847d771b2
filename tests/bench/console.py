"""How heavy the console's pages are and how soon they come: kept, made anew with charts drawn, and with fifty readers.

    python -m tests.bench.console [--units NUMBER]

Readers look at one page after another with a second between; server and readers share the machine. With a number of
units the town becomes a county of so many more, with ten indicators and 164 weeks of each, and what is measured is the
first reading after a publication, what it holds, and the pages of each path made anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.units import Names
from nytta.storage.client import Zones, embedded
from nytta.storage.migrate import migrate
from nytta.surfaces.authentication.proxy import SECRET_HEADER
from nytta.surfaces.console.context import Console
from tests.surfaces.console.world import HEADER, LAST, ROLES, SECRET, World, fill, opened

PATHS = ("/", "/units/u00", "/indicators/weekly-breadth?unit=u00&system=arken", "/alerts", "/benefits")
READERS, SECONDS = 50, 30
COUNTY_WEEKS = 164
COUNTY_INDICATORS = (
    *("activation", "digital-intake", "enrolment", "entitlement", "fallback", "habit", "intended-use", "lead-time"),
    *("rework", "weekly-breadth"),
)
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


def county(units: int, rounds: int = 20) -> dict[str, Any]:
    """Of a county of so many units: the first reading, and milliseconds of pages made anew; their charts are kept."""
    with tempfile.TemporaryDirectory() as folder:
        tables = declarations.schemas() / "tables"
        connection = embedded(Path(folder) / "store")
        migrate(connection, tables)
        store = PrivateStore(connection)
        fill(store)
        _more_units(store, units)
        filled = opened(store, Path(folder), tables)
        filled.app.intake.registry = _county(filled.app.intake.registry, units)
        try:
            desk = filled.console()
            before, started, worked = _resident(), time.perf_counter(), time.process_time()
            desk.readings.of("town")
            figures: dict[str, Any] = {
                "published_rows": int(connection.value("SELECT count() FROM {open}.published_values")),
                "reading_seconds": round(time.perf_counter() - started, 2),
                "reading_cpu_seconds": round(time.process_time() - worked, 2),
                "reading_mb": _resident() - before,
                "pages": {},
            }
            visit = filled.visit("lead", console=desk)
            for path in (*PATHS, "/units/c1", "/indicators/weekly-breadth?unit=c1&system=arken"):
                first = _timed(visit, path, desk)
                worked = time.process_time()
                anew = [_timed(visit, path, desk) for _ in range(rounds)]
                cpu = 1000 * (time.process_time() - worked) / rounds
                figures["pages"][path] = {
                    "first_ms": round(first, 1),
                    "anew_ms_95": _high(anew),
                    "cpu_ms": round(cpu, 1),
                    "bytes": len(visit.get(path).content),
                }
            figures["resident_mb_after"] = _resident() - before
            return figures
        finally:
            filled.close()
            connection.close()


def _county(registry: Registry, units: int) -> Registry:
    """The town's registry with so many units more, of five kinds."""
    like = next(unit for unit in registry.units if unit.id == "u02")
    more = [
        replace(like, id=f"c{number}", names=Names.of(f"Unit c{number}"), peer_group=f"like{number % 5}", manager=None)
        for number in range(units)
    ]
    return replace(registry, units=(*registry.units, *more))


def _more_units(store: PrivateStore, units: int) -> None:
    columns = "organisation, unit, system, case_type, part, indicator, version, grain, period, value, low, high"
    store.connection.run(
        f"""INSERT INTO {{open}}.published_values
               ({columns}, n_band, status, unit_of_measure, published_at, publication)
        SELECT 'town', concat('c', toString(number)), 'arken', '*', '', indicator, 1, grain,
               toDate('{LAST}') - 7 * week, cityHash64(number, week, indicator) % 80 + 10 AS figure, figure - 8,
               figure + 8, '30-99', 'rounded', 'percent', now(), 1
        FROM numbers({units}) ARRAY JOIN {[*COUNTY_INDICATORS]} AS indicator ARRAY JOIN ['week', 'window'] AS grain
        ARRAY JOIN range({COUNTY_WEEKS}) AS week"""
    )
    store.connection.run("OPTIMIZE TABLE {open}.published_values FINAL")


def _resident() -> int:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 // (1 << 20)


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


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps(county(chosen.units) if chosen.units else console(), indent=2))


if __name__ == "__main__":
    main()
