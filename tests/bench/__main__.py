"""Speed as ratios to a named reference in the same run, and the console's pages, written to a file: `make bench`.

No test asserts a time. Each ratio pairs two measurements that take turns, so that a slow machine slows both.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from nytta import service as nytta
from nytta.demo.bulk import bulk
from nytta.indicators.store import recompute
from nytta.ingest.events.batch import decode
from nytta.ingest.intake import behind
from nytta.ingest.store.imports import Import
from nytta.registry.created import created
from nytta.registry.store import tables as registry_tables
from nytta.service.settings import Settings
from tests.bench.console import console
from tests.bench.panels import panels

NOW = datetime(2026, 11, 16, tzinfo=UTC)
UNITS = 500
TURN = 4

RAW_TABLE = """
CREATE TABLE {private}.bench_raw
(
    specversion LowCardinality(String), id String, source LowCardinality(String), type LowCardinality(String),
    time DateTime64(3, 'UTC'), sequence UInt64,
    data Tuple(unit LowCardinality(String), system LowCardinality(String), case_type LowCardinality(String),
               `case` String, ticket String, client String, actor String, actor_kind LowCardinality(String),
               channel LowCardinality(String), mode LowCardinality(String), activity LowCardinality(String),
               team LowCardinality(String), line UInt8, category LowCardinality(String), intended Bool,
               digital_route Bool, end_to_end Bool, first_contact Bool, how_to Bool, actions UInt32)
)
ENGINE = MergeTree ORDER BY (source, id)
"""


def ingest(folder: Path, events: int) -> dict[str, Any]:
    """Events of one run through four ways, some bodies of each in turn.

    `raw` is chDB's own insert of the bodies into a typed table. `inserted` is decoding, validation, pseudonyms and
    insert into a deduplicating table that, like that of `raw`, has no index and no fsync. `stored` is what an import
    does: units resolved, the indexes of identities and actions kept, every part on disk. `accepted` is the whole
    acceptance: rejects and marks too, all of it on disk before a body is answered.
    """
    bodies = list(bulk(events, 7, units=UNITS, body_size=50_000))
    others = list(bulk(events, 8, units=UNITS, body_size=50_000))
    with _app(folder) as app:
        connection = app.private.connection
        connection.run(RAW_TABLE)
        connection.run(
            "CREATE TABLE {private}.bench_events AS {private}.events ENGINE = ReplacingMergeTree "
            "ORDER BY (kind, system, subject, identity, snapshot, content, import)"
        )
        client = connection._client  # the bench alone reaches past the store: it needs the bare engine
        pseudonymiser = app.keys.pseudonymiser()

        def raw(some: list[bytes]) -> None:
            for body in some:
                client.raw_insert(f"{connection.zones.private}.bench_raw", insert_block=body, fmt="JSONEachRow")

        def inserted(some: list[bytes]) -> None:
            batches = (decode(body, received_at=NOW, pseudonymise=pseudonymiser) for body in some)
            for _ in behind(batches, lambda batch: connection.insert_arrow("{private}.bench_events", batch.table)):
                pass

        ways: dict[str, tuple[Callable[[list[bytes]], object], list[bytes]]] = {
            "raw": (raw, bodies),
            "inserted": (inserted, bodies),
            "stored": (lambda some: list(app.intake.accept(some, NOW, Import(1, "", "", "", ""))), bodies),
            "accepted": (lambda some: list(app.intake.accept(some, NOW)), others),
        }
        spent = dict.fromkeys(ways, 0.0)
        for first in range(0, len(bodies), TURN):
            for name, (way, its) in ways.items():
                some = its[first : first + TURN]
                started = time.perf_counter()
                way(some)
                spent[name] += time.perf_counter() - started
        rows = int(connection.value("SELECT count() FROM {private}.events FINAL"))
    return {
        "events": events,
        "stored_rows": rows,
        "events_per_second": {name: round(events / seconds) for name, seconds in spent.items()},
        "ratio_to_raw": {name: round(spent["raw"] / seconds, 3) for name, seconds in spent.items()},
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def one_week(folder: Path, events: int) -> dict[str, Any]:
    """Recomputation of one touched week of 500 units, against recomputing everything."""
    bodies = bulk(events, 7, units=UNITS, body_size=2_000)  # a body is a day's: small ones spread over all weeks
    with _app(folder) as app:
        list(app.intake.accept(bodies, NOW))
        started = time.perf_counter()
        everything = recompute.recompute(app.private, app.definitions)
        whole = time.perf_counter() - started
        weeks = []
        for _ in range(3):
            app.private.mark("toMonday(time) = (SELECT toMonday(max(time)) - 28 FROM {private}.events)")
            started = time.perf_counter()
            week = recompute.recompute(app.private, app.definitions)
            weeks.append(time.perf_counter() - started)
    return {
        "events": events,
        "units": UNITS,
        "everything": {"cells": everything.cells, "seconds": round(whole, 2)},
        "one_week": {"cells": week.cells, "marks": week.marks, "seconds": round(median(weeks), 2)},
        "ratio_week_to_everything": round(median(weeks) / whole, 3),
    }


@contextmanager
def _app(folder: Path) -> Iterator[nytta.App]:
    """An empty installation with the load's 500 units."""
    shutil.rmtree(folder, ignore_errors=True)
    with nytta.embedded(Settings(data=folder)) as app:
        codes = tuple(f"last-{n:03d}" for n in range(UNITS))
        made = registry_tables.CreatedRoot("last", "Europe/Stockholm", codes, public_data=True)  # needs no approval
        registry_tables.add_created(app.private.connection, made)
        app.intake.registry = created(made.root, made.timezone, made.codes, public_data=True)
        app.bring_up_to_date(NOW)
        yield app


def main() -> None:
    """Run all benchmarks and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--events", type=int, default=2_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nytta-bench-") as name:
        figures = {
            "machine": {"python": platform.python_version(), "system": platform.platform()},
            "ingest": ingest(Path(name) / "ingest", chosen.events),
            "one_week": one_week(Path(name) / "week", chosen.events // 4),
            "console": console(),
            "panels": panels(Path(name) / "panels"),
        }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
