"""What waits on a topic: told to those who must not go on before it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.ingest.stream.topics import administrator, full

_LOOK_SECONDS = 0.2


def lag(cluster: Cluster, topic_name: str) -> int:
    """Messages of a topic that the workers have not acknowledged."""
    with administrator(cluster) as client:
        partition_ends = _ends(client, full(cluster, topic_name))
        return _unacknowledged(client, cluster, partition_ends)


def wait_for(
    cluster: Cluster, topic_name: str, *, within: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Return when the workers have acknowledged what is on the topic now. BrokerError after `within` seconds."""
    deadline = time.monotonic() + within
    with administrator(cluster) as client:
        # asked once: what comes later is not waited for, or a busy topic would be waited for without end
        partition_ends = _ends(client, full(cluster, topic_name))
        while True:
            waiting = _unacknowledged(client, cluster, partition_ends)
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"{waiting} messages of topic {full(cluster, topic_name)} wait since {within:.0f} seconds: is "
                    "nytta worker running?"
                )
            sleep(_LOOK_SECONDS)


def _unacknowledged(
    client: KafkaAdminClient, cluster: Cluster, partition_ends: Mapping[TopicPartition, int]
) -> int:
    """Messages before the ends of partitions that the workers have not acknowledged."""
    acknowledged = _acknowledged(client, cluster)
    # partition by partition: one that is ahead of its end must not make up for another
    lags = [end - acknowledged.get(partition, 0) for partition, end in partition_ends.items()]
    return sum(max(0, partition_lag) for partition_lag in lags)


def _ends(client: KafkaAdminClient, topic: str) -> dict[TopicPartition, int]:
    """The offset behind the last message of each partition. BrokerError where there is no such topic."""
    (description,) = client.describe_topics([topic])
    if not description["partitions"]:
        raise BrokerError(f"topic {topic} is missing: run nytta migrate")
    partitions = [
        TopicPartition(topic, partition["partition_index"])
        for partition in description["partitions"]
    ]
    offsets = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {partition: offset.offset for partition, offset in offsets.items()}


def _acknowledged(client: KafkaAdminClient, cluster: Cluster) -> dict[TopicPartition, int]:
    """The offset behind the last acknowledged message of each partition, where any was acknowledged."""
    offsets = client.list_group_offsets({cluster.prefix: None})[cluster.prefix]
    return {partition: offset.offset for partition, offset in offsets.items()}
