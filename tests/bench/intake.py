"""What an accepted event costs the processor, beside the engine's own insert of the same bodies into a typed table.

Run as `python -m tests.bench.intake [EVENTS] [ROUNDS]`. Each way has a process and a store of its own, and they take
turns: what one leaves to merge, or in caches, is not another's. CPU is that of the whole process, until no part is
being merged any more; the first body, in which caches fill, is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nytta.demo.bulk import bulk
from nytta.storage.client import Connection
from tests.bench.__main__ import NOW, RAW_TABLE, UNITS, _app

BODY = 50_000
WAYS = ("raw", "accepted")
_QUIET = 6
"""Looks in a row at which nothing is merged, a quarter of a second apart."""


def cost(way: str, events: int, folder: Path) -> float:
    """CPU-microseconds an event of one way."""
    first_body, *bodies = bulk(events + BODY, 7, units=UNITS, body_size=BODY)
    with _app(folder) as app:
        connection = app.private.connection
        connection.run(RAW_TABLE)
        client = connection._client  # the bench alone reaches past the store: it needs the bare engine

        def take(some: list[bytes]) -> None:
            if way == "accepted":
                list(app.intake.accept(some, NOW))
                return
            for body in some:
                client.raw_insert(f"{connection.zones.private}.bench_raw", insert_block=body, fmt="JSONEachRow")

        take([first_body])
        _settle(connection)
        started = time.process_time()
        take(bodies)
        _settle(connection)
        used = time.process_time() - started
    return 1e6 * used / sum(body.count(b"\n") for body in bodies)


def _settle(connection: Connection) -> None:
    """Return when the engine merges no more."""
    quiet = 0
    while quiet < _QUIET:
        quiet = 0 if connection.value("SELECT count() FROM system.merges") else quiet + 1
        time.sleep(0.25)


def main(events: int = 400_000, rounds: int = 3) -> None:
    """Print the costs of each turn, and their ratio by medians."""
    costs: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="nytta-bench-") as folder:
        for turn in range(rounds):
            for way in WAYS:
                place = Path(folder) / f"{way}-{turn}"
                command = [sys.executable, "-m", "tests.bench.intake", way, str(events), str(place)]
                # the last line: the service says what it does before
                answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
                costs[way].append(float(answer))
    for way, values in costs.items():
        print(f"{way:9}", *(f"{value:6.2f}" for value in values), "CPU-microseconds an event")
    raw, accepted = (statistics.median(costs[way]) for way in WAYS)
    print(f"accepted at {raw / accepted:.2f} of raw")


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        print(cost(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
    else:
        main(*map(int, sys.argv[1:]))
