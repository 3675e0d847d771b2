"""Topics and the producer on a real broker."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from nytta.demo.bulk import bulk
from nytta.ingest.events import Pseudonymiser, Reason, Reject, decode
from nytta.ingest.stream import topics, wire
from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.ingest.stream.producer import Producer, Unavailable
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.support.broker import Broker
from tests.support.broker import broker as started_broker

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
EVENTS = [
    decode(body, received_at=NOW, pseudonymise=Pseudonymiser("k1", bytes(16))).table
    for body in bulk(2000, 1, units=9, body_size=400)
]
_NUMBERS = itertools.count(1)


@pytest.fixture
def cluster(broker: Broker) -> Cluster:
    return cluster_of(Settings(kafka=broker.servers, kafka_prefix=f"own-{time.time_ns()}-{next(_NUMBERS)}"))


def seal(body: bytes) -> bytes:
    return b"sealed " + body[::-1]


def read(cluster: Cluster, name: str, partitions: int) -> list[tuple[int, bytes, dict[str, bytes]]]:
    """(partition, value, headers) of all messages of a topic."""
    consumer = KafkaConsumer(**cluster.options, auto_offset_reset="earliest")
    places = [TopicPartition(topics.full(cluster, name), n) for n in range(partitions)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    found = []
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(200).values():
            found += [(r.partition, r.value, dict(r.headers)) for r in records]
    consumer.close()
    return found


def test_topics_are_made_once_and_checked(cluster: Cluster) -> None:
    with pytest.raises(BrokerError, match=r"\.usage is missing: run nytta migrate"):
        topics.check(cluster)
    made = topics.create(cluster, partitions=3, replicas=1)
    assert made == sorted(f"{cluster.prefix}.{name}" for name in ("usage", "marks", "rejected", "signals", "values"))
    assert topics.create(cluster, partitions=3, replicas=1) == []
    topics.check(cluster)


def test_topics_that_are_not_as_they_must_be_are_named(cluster: Cluster) -> None:
    with topics.administrator(cluster) as client:
        client.create_topics(
            {
                topics.full(cluster, "marks"): {
                    "num_partitions": 2,
                    "replication_factor": 1,
                    "configs": {"max.message.bytes": "1000000"},
                }
            }
        )
    with pytest.raises(BrokerError) as told:
        topics.create(cluster, partitions=3, replicas=1)
    assert "marks has 2 partitions and must have one" in str(told.value)
    assert "marks takes messages of 1000000 bytes" in str(told.value)


def test_more_replicas_than_brokers_are_told(cluster: Cluster) -> None:
    with pytest.raises(BrokerError, match="InvalidReplicationFactor"):
        topics.create(cluster, partitions=3, replicas=5)


def test_events_come_in_batches_and_each_unit_in_one_partition(cluster: Cluster) -> None:
    topics.create(cluster, partitions=3, replicas=1)
    rejects = [Reject(Reason.MALFORMED_JSON, "is not JSON", "/s", "line 3", b"body")]

    async def put() -> None:
        async with Producer(cluster, seal) as producer:
            await asyncio.gather(*(producer.put(events, rejects) for events in EVENTS))

    asyncio.run(put())
    messages = read(cluster, topics.USAGE, 3)
    assert len(messages) <= 60  # of 2,000 events; how many exactly depends on the time that putting them takes
    homes: dict[str, set[int]] = {}
    stored = 0
    for partition, value, headers in messages:
        body = wire.body_of(value, headers, NOW, "")
        events = decode(body.lines, received_at=body.received_at, pseudonymise=None)
        assert (events.rejects, body.received_at) == ((), NOW)
        stored += len(events)
        for unit in events.table["unit"].to_pylist():
            homes.setdefault(unit, set()).add(partition)
    assert stored == 2000
    assert {len(found) for found in homes.values()} == {1}
    told = [wire.read_reject(value)[0] for _, value, _ in read(cluster, topics.REJECTED, 1)]
    assert {(r.reason, r.source, r.position, r.body) for r in told} == {
        (Reason.MALFORMED_JSON, "/s", "line 3", b"sealed ydob")
    }
    assert len(told) == len(EVENTS)


def test_without_topics_nothing_is_taken(cluster: Cluster) -> None:
    async def put() -> None:
        async with Producer(cluster, seal) as producer:
            await producer.put(EVENTS[0], ())

    with pytest.raises(Unavailable, match="run nytta migrate"):
        asyncio.run(put())


def test_a_broker_that_is_away_is_waited_for_and_then_taken_up_again(tmp_path: Path) -> None:
    with started_broker(tmp_path) as own:
        cluster = cluster_of(Settings(kafka=own.servers))
        topics.create(cluster, partitions=1, replicas=1)

        async def course(kill: Callable[[], None], start: Callable[[], None]) -> Sequence[str]:
            async with Producer(cluster, seal) as producer:
                await producer.put(EVENTS[0], ())
                await asyncio.to_thread(kill)
                with pytest.raises(Unavailable) as first:
                    await producer.put(EVENTS[1], ())
                with pytest.raises(Unavailable) as second:
                    await producer.put(EVENTS[1], ())
                await asyncio.to_thread(start)
                await producer.put(EVENTS[1], ())
                return str(first.value), str(second.value)

        told = asyncio.run(course(own.kill, own.start))
        assert "no broker took it" in told[0]
        assert any("no broker" in text for text in told)
        ids = set()
        for _, value, headers in read(cluster, topics.USAGE, 1):
            body = wire.body_of(value, headers, NOW, "")
            ids |= set(decode(body.lines, received_at=NOW, pseudonymise=None).table["id"].to_pylist())
        assert ids == {i for events in EVENTS[:2] for i in events["id"].to_pylist()}
