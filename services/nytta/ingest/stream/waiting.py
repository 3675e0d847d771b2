"""What waits on a topic: told to those who must not go on before it is done."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.ingest.stream.topics import administrator, full

_LOOK = 0.2


def lag(cluster: Cluster, name: str) -> int:
    """Messages of a topic that the workers have not acknowledged."""
    with administrator(cluster) as client:
        partition_ends = _ends(client, full(cluster, name))
        acknowledged = _done(client, cluster)
    return sum(max(0, end - acknowledged.get(partition, 0)) for partition, end in partition_ends.items())


def wait_for(cluster: Cluster, name: str, *, within: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when the workers have acknowledged what is on the topic now. BrokerError after `within` seconds."""
    until = time.monotonic() + within
    with administrator(cluster) as client:
        partition_ends = _ends(client, full(cluster, name))
        while True:
            acknowledged = _done(client, cluster)
            left = sum(max(0, end - acknowledged.get(partition, 0)) for partition, end in partition_ends.items())
            if not left:
                return
            if time.monotonic() > until:
                raise BrokerError(
                    f"{left} messages of topic {full(cluster, name)} wait since {within:.0f} seconds: is nytta worker "
                    "running?"
                )
            sleep(_LOOK)


def _ends(client: KafkaAdminClient, topic: str) -> dict[TopicPartition, int]:
    described = client.describe_topics([topic])[0]["partitions"]
    if not described:
        raise BrokerError(f"topic {topic} is missing: run nytta migrate")
    wanted = {
        TopicPartition(topic, partition_info["partition_index"]): OffsetSpec.LATEST for partition_info in described
    }
    return {partition: offset.offset for partition, offset in client.list_partition_offsets(wanted).items()}


def _done(client: KafkaAdminClient, cluster: Cluster) -> dict[TopicPartition, int]:
    offsets = client.list_group_offsets({cluster.prefix: None})[cluster.prefix]
    return {partition: offset.offset for partition, offset in offsets.items()}
