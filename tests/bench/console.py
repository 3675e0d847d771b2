"""How heavy the console's pages are and how soon they come: kept, made anew with charts drawn, and with fifty readers.

    python -m tests.bench.console [--units NUMBER] [--deep] [--store FOLDER]

Readers look at one page after another with a second between; server and readers share the machine. With a number of
units the town becomes a county of so many more, directly below the organisation or in a tree of four levels, with ten
indicators and 164 weeks of each, a tenth of them with an alert, all with states. Measured are the first reading after a
publication, what it holds, and pages of every kind, when they are first asked for and made anew. A store that is kept
in a folder is filled once, so that versions can be held against each other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from nytta.ingest.store.private import PrivateStore
from nytta.insight.store.alerts import AlertStore, Changes
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.registry.units import Names
from nytta.storage.client import Zones, embedded
from nytta.storage.migrate import migrate
from nytta.surfaces.authentication.proxy import SECRET_HEADER
from nytta.surfaces.console.context import Console
from nytta.surfaces.console.pages.alerts import address
from tests.insight.alerts.evaluation.conftest import START
from tests.surfaces.console.world import HEADER, LAST, NOW, ROLES, SECRET, World, fill, opened

COUNTY_PATHS = {
    "overview": ("/", "/?under={unit}", "/?page=2", "/?find=unit+c7"),
    "unit": ("/units/town", "/units/{unit}", "/units/{other}", "/units/c11", "/units/c1998"),
    "indicators": ("/indicators",),
    "indicator": (
        "/indicators/weekly-breadth?unit=town&system=arken",
        "/indicators/rework?unit={unit}&system=arken",
        "/indicators/habit?unit=c11&system=arken",
        "/indicators/lead-time?unit=c1998&system=arken&find=c19",
    ),
    "alerts": ("/alerts", "/alerts?state=all&sort=unit&page=3", "/alerts?unit={alerted}"),
    "alert": ("{alert}",),
    "benefits": ("/benefits", "/benefits/shorter"),
    "operations": ("/operations",),
    "transparency": ("/transparency", "/access-log", "/help", "/api"),
}
"""Addresses of each kind of page of a county."""
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


def county(units: int, *, deep: bool = False, kept: Path | None = None) -> dict[str, Any]:
    """Of a county of so many units: the first reading, and milliseconds of pages of every kind.

    `first` is with charts that nobody has drawn, `anew` with those that are kept; CPU is this process's, in which the
    reader is too, and without the process that draws.
    """
    with tempfile.TemporaryDirectory() as folder:
        tables = declarations.schemas() / "tables"
        place = kept or Path(folder) / "store"
        is_filled = place.exists()
        connection = embedded(place)
        migrate(connection, tables)
        store = PrivateStore(connection)
        if not is_filled:
            fill(store)
            _more_units(store, units)
        filled = opened(store, Path(folder), tables)
        registry = _county(filled.app.intake.registry, units, deep=deep)
        registry_tables.save(connection, registry, START, LAST + timedelta(weeks=60), purposes=set(), day=LAST)
        filled.app.intake.registry = registry
        try:
            return _of_county(filled)
        finally:
            filled.close()
            connection.close()


def _of_county(filled: World, rounds: int = 5) -> dict[str, Any]:
    desk = filled.console()
    connection = filled.app.open.connection
    before = _resident()
    figures: dict[str, Any] = {
        "published_rows": int(connection.value("SELECT count() FROM {open}.published_values")),
        "first_reading": _read_anew(desk),
        "reading_mb": _resident() - before,
    }
    # a week of every unit is published once more
    publication = connection.value("SELECT max(publication) + 1 FROM {open}.published_values")
    connection.run(
        f"""INSERT INTO {{open}}.published_values
            SELECT * REPLACE (value + 1 AS value, {publication} AS publication)
            FROM {{open}}.published_values FINAL WHERE period = '{LAST}' AND startsWith(unit, 'c')"""
    )
    figures |= {"reading_after_a_publication": _read_anew(desk), "pages": {}}
    visit = filled.visit("administrator", console=desk)
    _timed(visit, "/help")  # templates are read, connections made
    alert = next(alert for alert in desk.readings.of("town").alerts if alert.key.unit.startswith("c"))
    names = {"unit": "c0", "other": "c42", "alerted": alert.key.unit, "alert": address(alert.id)}
    all_first, all_anew, all_cpu = [], [], []
    for kind, paths in COUNTY_PATHS.items():
        for path in (path.format(**names) for path in paths):
            first = _timed(visit, path, desk)
            cpu, anew = [], []
            for _ in range(rounds):
                worked = time.process_time()
                anew.append(_timed(visit, path, desk))
                cpu.append(1000 * (time.process_time() - worked))
            figures["pages"][f"{kind} {path}"] = {
                "first_ms": round(first, 1),
                "anew_ms": round(median(anew), 1),
                "cpu_ms": round(median(cpu), 1),
                "bytes": len(visit.get(path).content),
            }
            all_first.append(first)
            all_anew += anew
            all_cpu += cpu
    figures |= {"first_ms_95": _high(all_first), "anew_ms_95": _high(all_anew), "cpu_ms_95": _high(all_cpu)}
    figures["resident_mb_after"] = _resident() - before
    return figures


def _read_anew(desk: Console) -> dict[str, float]:
    """Seconds of the reading that follows what was published, by the clock and of the processor."""
    desk.readings.changed()
    started, worked = time.perf_counter(), time.process_time()
    desk.readings.of("town")
    return {"seconds": round(time.perf_counter() - started, 2), "cpu": round(time.process_time() - worked, 2)}


def _county(registry: Registry, units: int, *, deep: bool) -> Registry:
    """The town's registry with so many units more, of five kinds: beside each other, or each below a tenth of them."""
    like = next(unit for unit in registry.units if unit.id == "u02")
    more = [
        replace(
            like,
            id=f"c{number}",
            names=Names.of(f"Unit c{number}"),
            # twelve at the top, then twelve below each
            parent=f"c{(number - 12) // 12}" if deep and number >= 12 else like.parent,
            peer_group=f"like{number % 5}",
            manager=None,
        )
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
               figure + 8, '30-99', 'rounded', 'percent', now(), {COUNTY_WEEKS} - week
        FROM numbers({units}) ARRAY JOIN {[*COUNTY_INDICATORS]} AS indicator ARRAY JOIN ['week', 'window'] AS grain
        ARRAY JOIN range({COUNTY_WEEKS}) AS week"""
    )
    store.connection.run("OPTIMIZE TABLE {open}.published_values FINAL")
    # as one unit of the town stands, so do these
    for table, condition, number in (
        ("published_states", "unit = 'u00'", units),
        ("published_signals", "unit = 'u01'", units // 10),
    ):
        store.connection.run(
            f"""INSERT INTO {{open}}.{table} SELECT * REPLACE (concat('c', toString(number)) AS unit)
                FROM {{open}}.{table} AS t ARRAY JOIN range({number}) AS number WHERE t.{condition}"""
        )
    alerts = AlertStore(store.connection)
    like = next(alert for alert in alerts.alerts("town") if alert.key.unit == "u01" and alert.live)
    more = [replace(like, key=replace(like.key, unit=f"c{number}")) for number in range(units // 10)]
    alerts.commit("town", Changes(alerts=more), NOW)


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
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--store", type=Path)
    chosen = parser.parse_args()
    figures = county(chosen.units, deep=chosen.deep, kept=chosen.store) if chosen.units else console()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
