"""Whom the ratios of `stream.py` are taken to: a plain aiokafka consumer that takes what waits, stores it, and commits.

It stores the messages' bytes as they are, one text a message (`bytes`) or one text an event (`lines`), or decodes them
as Nytta does and stores the columns of raw events (`decoded`). All are durable before they commit; none marks, rejects
or answers for order.
Prints events a second from the first that were stored to the last.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import clickhouse_connect
import pyarrow as pa
from aiokafka import AIOKafkaConsumer

from nytta.ingest.events import decode

WAYS = ("bytes", "lines", "decoded")
_MESSAGES = 40  # of 500 events: about what a worker of Nytta finds within its tenth of a second


async def consume(servers: str, topic: str, events: int, store: Callable[[list[bytes]], None]) -> float:
    """Events a second of one consumer that finds so many waiting."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=f"peer-{time.time_ns()}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=32 << 20,
        fetch_max_bytes=128 << 20,
    )
    await consumer.start()
    stored, first, started = 0, 0, 0.0
    try:
        while stored < events:
            taken = await consumer.getmany(timeout_ms=100, max_records=_MESSAGES)
            bodies = [record.value for records in taken.values() for record in records]
            if not bodies:
                continue
            await asyncio.to_thread(store, bodies)
            await consumer.commit()
            stored += sum(body.count(b"\n") + (not body.endswith(b"\n")) for body in bodies)
            if not started:
                started, first = time.perf_counter(), stored
    finally:
        await consumer.stop()
    return (stored - first) / (time.perf_counter() - started) if stored > first else float("nan")


def main() -> None:
    """Consume as one of the ways says."""
    way, servers, topic, port, events = sys.argv[1:]
    client = clickhouse_connect.get_client(host="127.0.0.1", port=int(port))

    def store_bytes(bodies: list[bytes]) -> None:
        client.insert("peer_bytes", [[body] for body in bodies], column_names=["message"])

    def store_lines(bodies: list[bytes]) -> None:
        lines = [line for body in bodies for line in body.splitlines()]
        client.insert_arrow("peer_lines", pa.table({"event": pa.array(lines, pa.binary())}))

    def store_decoded(bodies: list[bytes]) -> None:
        lines = b"\n".join(body.rstrip(b"\n") for body in bodies) + b"\n"
        client.insert_arrow("peer_decoded", decode(lines, received_at=datetime.now(UTC), pseudonymise=None).table)

    store = {"bytes": store_bytes, "lines": store_lines, "decoded": store_decoded}[way]
    print(asyncio.run(consume(servers, topic, int(events), store)))


if __name__ == "__main__":
    main()
