"""The topics of an installation: made and checked by `nytta migrate`, never by the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from nytta.ingest.stream.cluster import BrokerError, Cluster

USAGE: Final = "usage"
MARKS: Final = "marks"
REJECTED: Final = "rejected"
VALUES: Final = "values"
SIGNALS: Final = "signals"

MESSAGE_BYTES: Final = 4 << 20
"""The largest message that a topic takes."""
_WEEK = str(7 * 24 * 3600 * 1000)
"""Milliseconds, as the brokers' settings have them."""
_PATIENCE_MS = 10_000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it must be. `partitions` of 0: as many as the installation says."""

    name: str
    partitions: int
    config: dict[str, str]


TOPICS: Final = (
    Topic(USAGE, 0, {"retention.ms": _WEEK}),
    # one partition, because one process at a time recomputes: decisions need one order
    Topic(MARKS, 1, {"retention.ms": _WEEK}),
    Topic(REJECTED, 1, {"retention.ms": _WEEK}),
    Topic(VALUES, 3, {"cleanup.policy": "compact"}),
    # one partition, because the book of alerts has one writer
    Topic(SIGNALS, 1, {"retention.ms": _WEEK}),
)


def full(cluster: Cluster, topic_name: str) -> str:
    """The name of a topic on the broker, such as `nytta.usage`."""
    return f"{cluster.prefix}.{topic_name}"


@contextmanager
def administrator(cluster: Cluster) -> Iterator[KafkaAdminClient]:
    """An administrator's client. BrokerError, with what to change, where no broker lets us in."""
    client = None
    try:
        client = KafkaAdminClient(
            **cluster.options,
            client_id=f"{cluster.prefix}-admin",
            request_timeout_ms=_PATIENCE_MS,
            bootstrap_timeout_ms=_PATIENCE_MS,
        )
        yield client
    except (KafkaError, OSError) as error:
        raise BrokerError(f"{cluster.why_not()} ({type(error).__name__})") from error
    finally:
        if client is not None:
            client.close()


def create(cluster: Cluster, *, partitions: int, replicas: int) -> list[str]:
    """Make the topics that are missing and check the others; the names made. BrokerError names every problem."""
    # one replica may be away: with all of them required, a restart of one broker would stop everything
    common = {
        "max.message.bytes": str(MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    with administrator(cluster) as client:
        existing = set(client.list_topics())
        missing = {}
        for topic in TOPICS:
            topic_name = full(cluster, topic.name)
            if topic_name not in existing:
                missing[topic_name] = {
                    "num_partitions": topic.partitions or partitions,
                    "replication_factor": replicas,
                    "configs": common | topic.config,
                }
        if missing:
            client.create_topics(missing, wait_for_metadata=True)
        problems = _problems(cluster, client)
    if problems:
        raise BrokerError("; ".join(problems))
    return sorted(missing)


def check(cluster: Cluster) -> None:
    """BrokerError with every topic that is missing or not as it must be."""
    with administrator(cluster) as client:
        problems = _problems(cluster, client)
    if problems:
        raise BrokerError("; ".join(problems))


def _problems(cluster: Cluster, client: KafkaAdminClient) -> list[str]:
    topic_names = [full(cluster, topic.name) for topic in TOPICS]
    partition_counts = {
        topic["name"]: len(topic["partitions"]) for topic in client.describe_topics(topic_names)
    }
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic_name)
        for topic_name in topic_names
        if partition_counts.get(topic_name)
    ]
    configs = client.describe_configs(resources, config_filter="all")["topic"] if resources else {}
    problems = []
    for topic, topic_name in zip(TOPICS, topic_names, strict=True):
        if not partition_counts.get(topic_name):
            problems.append(f"topic {topic_name} is missing: run nytta migrate")
            continue
        if topic.partitions == 1 and partition_counts[topic_name] != 1:
            problems.append(
                f"topic {topic_name} has {partition_counts[topic_name]} partitions and must have one: delete it, run "
                "nytta migrate"
            )
        size = int(configs[topic_name]["max.message.bytes"]["value"])
        if size < MESSAGE_BYTES:
            problems.append(
                f"topic {topic_name} takes messages of {size} bytes: set max.message.bytes to {MESSAGE_BYTES}"
            )
    return problems
