"""Every query of every dashboard over the published figures of 500 units and three years.

    python -m tests.bench.panels [--units NUMBER] [--store FOLDER] [--only TEXT] [--out FILE]

The story `all` is played once; its units and weeks are then copied until there are as many. Each query runs as Grafana
would send it with all units chosen, over three years, for every organisation and system that the board can show: once
cold, when the engine has forgotten marks, blocks and what conditions found, and then several times. A store that was
filled once, and is kept in a folder, is measured again without that.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage import client
from nytta.storage.client import Connection
from nytta.storage.migrate import migrate
from nytta.surfaces.grafana.catalogue import BOARDS
from tests.surfaces.grafana.expander import Range, expand
from tests.surfaces.grafana.filled import END, Filled, fill
from tests.surfaces.grafana.test_boards import choices

UNITS, WEEKS = 500, 156
OVER = Range(END - timedelta(weeks=WEEKS), END, interval=24 * 3600.0)
PLAYED = 80  # weeks
REPEATS = 5
_TIMED = {
    "published_values": ("period", "if(grain = 'month', addMonths(period, -18), period - 560)"),
    "published_facts": ("week", "week - 560"),
    "published_states": ("week", "week - 560"),
    "not_assessed": ("week", "week - 560"),
    "published_signals": ("opened", "opened - 560"),
}
"""Tables by week, the column, and what it becomes in the copies of earlier weeks."""


def panels(folder: Path, units: int = UNITS, only: str = "") -> dict[str, Any]:
    """Milliseconds of each query whose name has `only` in it; percentiles are over every run of every query."""
    is_filled = (folder / "store").exists()
    folder.mkdir(parents=True, exist_ok=True)
    connection = client.embedded(folder / "store")
    try:
        migrate(connection, declarations.schemas() / "tables")
        if is_filled:
            return measured(Filled(connection), only)
        store = fill(PrivateStore(connection), folder / "story", "all", PLAYED, 1.0)
        _grow(connection, units)
        return measured(store, only)
    finally:
        connection.close()


def measured(store: Filled, only: str = "") -> dict[str, Any]:
    """The figures of a store that is filled; `cpu` is the work of all threads, which other programs slow less."""
    connection = store.connection
    spent: dict[str, list[float]] = {}
    cold: dict[str, list[float]] = {}
    work: list[float] = []
    cold_work: list[float] = []
    for board in BOARDS:
        for chosen, offered in islice(choices(board, store, "All"), 8):
            for panel in (p for p in board.panels if p.sql):
                name = f"{board.uid}: {panel.title}"
                if only not in name:
                    continue
                sql = expand(panel.sql, chosen, OVER, offered).replace("nytta.", f"{connection.zones.open}.")
                sql += "\nSETTINGS prefer_column_name_to_alias = 0, max_threads = 2"
                _forget(connection)
                for turn in range(REPEATS + 1):
                    started, worked = time.perf_counter(), time.process_time()
                    connection._client.query(sql)  # as Grafana's user sends it, past the settings of the store
                    runs, works = (spent, work) if turn else (cold, cold_work)
                    runs.setdefault(name, []).append(1000 * (time.perf_counter() - started))
                    works.append(1000 * (time.process_time() - worked))
    counted = "SELECT uniqExact(unit), dateDiff('week', min(period), max(period)), count() FROM {open}.indicator_values"
    units, weeks, rows = connection.rows(counted)[0]
    every, every_cold = (sorted(ms for runs in ways.values() for ms in runs) for ways in (spent, cold))
    slowest = sorted(spent, key=lambda name: -mean(spent[name]))[:10]
    return {
        "published_rows": int(rows),
        "units": int(units),
        "weeks": int(weeks),
        "queries": len(spent),
        "runs": len(every),
        "mean_ms": round(mean(every), 1),
        "p50_ms": round(quantiles(every, n=20)[9], 1),
        "p95_ms": round(quantiles(every, n=20)[18], 1),
        "p95_cpu_ms": round(quantiles(work, n=20)[18], 1),
        "cold_p50_ms": round(quantiles(every_cold, n=20)[9], 1),
        "cold_p95_ms": round(quantiles(every_cold, n=20)[18], 1),
        "cold_p95_cpu_ms": round(quantiles(cold_work, n=20)[18], 1),
        "slowest_mean_ms": {name: round(mean(spent[name]), 1) for name in slowest},
        "slowest_cold_ms": {
            name: round(mean(cold[name]), 1) for name in sorted(cold, key=lambda name: -mean(cold[name]))[:10]
        },
    }


def _forget(connection: Connection) -> None:
    """Drop what the engine keeps of what it read; the pages of files stay with the machine."""
    for kept in ("MARK", "INDEX MARK", "UNCOMPRESSED", "INDEX UNCOMPRESSED", "QUERY CONDITION"):
        connection.run(f"SYSTEM DROP {kept} CACHE")


def _grow(connection: Connection, units: int) -> None:
    """Copy weeks until there are three years, and units until there are as many as asked for."""
    for table, (column, earlier) in _TIMED.items():
        connection.run(f"INSERT INTO {{open}}.{table} SELECT * REPLACE ({earlier} AS {column}) FROM {{open}}.{table}")
    _more_units(connection, units)


def _more_units(connection: Connection, units: int) -> None:
    roots = "unit NOT IN (SELECT organisation FROM {open}.indicator_values)"
    here = int(connection.value(f"SELECT uniqExact(unit) FROM {{open}}.indicator_values WHERE {roots}"))
    for copy in range(1, -(-units // here)):
        named = f"concat(unit, '~{copy}') AS unit"
        for table in ("units", "unit_paths", "go_lives", *_TIMED):
            of = f"(SELECT * FROM {{open}}.{table} WHERE {roots} AND unit NOT LIKE '%~%')"
            connection.run(f"INSERT INTO {{open}}.{table} SELECT * REPLACE ({named}) FROM {of}")
    for table in _TIMED:  # as a store is that has run for a while
        connection.run(f"OPTIMIZE TABLE {{open}}.{table} FINAL")


def main() -> None:
    """Run and print, and write to a file where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--store", type=Path, help="a folder that is filled where it is empty, and kept")
    parser.add_argument("--only", default="", help="measure panels whose board and title have this in them")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nytta-bench-") as name:
        figures = panels(chosen.store or Path(name), chosen.units, chosen.only)
    print(json.dumps(figures, indent=2))
    if chosen.out:
        chosen.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
