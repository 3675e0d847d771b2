"""A broker that demands TLS and a password, and gives each user the rights of deploy/acls and no other.

Every library is let in by the same settings.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from nytta.ingest.events import Pseudonymiser, decode
from nytta.ingest.keys import Note
from nytta.ingest.stream import topics, waiting
from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.ingest.stream.producer import Producer, Unavailable
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.ingest.http.conftest import of_unit
from tests.ingest.stream.certificates import self_signed
from tests.support import acls
from tests.support.broker import BRIEF, SCRIPT, OwnBroker, fetched
from tests.support.processes import Process, answers, free_port, opens, python, until

pytestmark = pytest.mark.slow

USER, PASSWORD = "nytta", "long-and-secret"
PARTS = tuple(f"nytta-{part}" for part in ("gateway", "worker", "alerter", "puller", "console", "command", "open"))
"""The users of deploy/acls; USER is the brokers' own, who may do everything."""
SEED = b"{}"
"""A message that every topic has."""


class SecuredBroker(OwnBroker):
    """A broker of our own whose one listener speaks SASL over TLS."""

    def __init__(self, folder: Path, pem: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        here = folder / "kafka"
        here.mkdir()
        for name in ("kafka.sh", "log4j2.yaml"):
            shutil.copy(SCRIPT.parent / name, here / name)
        plain = (SCRIPT.parent / "server.properties").read_text("utf-8")
        secured = re.sub(r"\bPLAINTEXT(:?//@)", r"SASL_SSL\1", plain)
        secured = secured.replace("inter.broker.listener.name=PLAINTEXT", "inter.broker.listener.name=SASL_SSL")
        secured = secured.replace("protocol.map=PLAINTEXT:PLAINTEXT", "protocol.map=SASL_SSL:SASL_SSL")
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        users = " ".join(f'user_{name}="{PASSWORD}"' for name in (USER, *PARTS))
        # the controller's own listener knows nobody by name
        secured += f"""
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{USER};User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={login} username="{USER}" password="{PASSWORD}" {users};
ssl.keystore.type=PEM
ssl.keystore.location={pem}
ssl.truststore.type=PEM
ssl.truststore.location={pem.with_name("authority.pem")}
ssl.endpoint.identification.algorithm=
"""
        (here / "server.properties").write_text(secured, "utf-8")
        environment = {
            "KAFKA_PORT": str(self.port),
            "KAFKA_CONTROLLER_PORT": str(free_port()),
            "KAFKA_HEAP": "384m",
            "KAFKA_LIBS": str(SCRIPT.parent / "libs"),
            "JDK_JAVA_OPTIONS": BRIEF,
        }
        self._process = Process(
            [str(here / "kafka.sh"), "run", str(folder / "data")], folder / "broker.log", environment
        )

    def start(self) -> None:
        self._process.start()
        until(lambda: opens(self.port), "the broker", self._process.log)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    missing = fetched()
    if missing:
        pytest.skip(f"no Kafka of our own: {missing}")
    folder = tmp_path_factory.mktemp("secured")
    pem = self_signed(folder)
    broker = SecuredBroker(folder, pem)
    try:
        broker.start()
        yield Settings(
            kafka=broker.servers,
            kafka_security="SASL_SSL",
            kafka_mechanism="PLAIN",
            kafka_user=USER,
            kafka_password=PASSWORD,  # type: ignore[arg-type]
            kafka_ca=pem.with_name("authority.pem"),
            data=folder / "data",
        )
    finally:
        broker.stop()


def test_the_administrator_and_the_producer_are_let_in(secured: Settings) -> None:
    cluster = cluster_of(secured)
    assert len(topics.create(cluster, partitions=1, replicas=1)) == len(topics.TOPICS)

    async def ready() -> None:
        async with Producer(cluster, bytes) as producer:
            await producer.ready()
            await producer.command("import 1")

    asyncio.run(ready())


def test_a_worker_is_let_in(granted: Settings, tmp_path: Path) -> None:
    port = free_port()
    worker = Process(
        python("-m", "tests.ingest.stream.joining", str(port)), tmp_path / "worker.log", environment(granted)
    )
    worker.start()
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "the worker", worker.log)
    finally:
        worker.stop()


def environment(secured: Settings) -> dict[str, str]:
    return {
        "NYTTA_KAFKA": secured.kafka,
        "NYTTA_KAFKA_SECURITY": secured.kafka_security,
        "NYTTA_KAFKA_MECHANISM": secured.kafka_mechanism,
        "NYTTA_KAFKA_USER": "nytta-worker",
        "NYTTA_KAFKA_PASSWORD": PASSWORD,
        "NYTTA_KAFKA_CA": str(secured.kafka_ca),
    }


@pytest.fixture(scope="module")
def granted(secured: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The broker with its topics, and with the rights of deploy/acls."""
    cluster = cluster_of(secured)
    topics.create(cluster, partitions=1, replicas=1)
    with topics.administrator(cluster) as client:
        done = client.create_acls([_acl(grant) for grant in acls.asked(tmp_path_factory.mktemp("acls"))])
    assert not done["failed"]

    async def seed() -> None:
        async with AIOKafkaProducer(**cluster.options, acks="all") as producer:
            for topic in topics.TOPICS:
                await producer.send_and_wait(f"nytta.{topic.name}", SEED, b"key", partition=0)

    asyncio.run(seed())
    return secured


def _acl(grant: acls.Grant) -> ACL:
    operation = ACLOperation[re.sub(r"(?<!^)(?=[A-Z])", "_", grant.operation).upper()]
    pattern = ResourcePattern(ResourceType[grant.kind.upper()], grant.name)
    return ACL(f"User:{grant.principal}", "*", operation, ACLPermissionType.ALLOW, pattern)


def of(settings: Settings, part: str) -> Cluster:
    """The broker as one part of an installation signs in."""
    return cluster_of(settings.model_copy(update={"kafka_user": f"nytta-{part}"}))


HANDED_ON: Mapping[str, tuple[str, ...]] = {
    "gateway": (topics.USAGE, topics.REJECTED, topics.MARKS),
    "puller": (topics.USAGE, topics.REJECTED, topics.MARKS),
    "worker": (topics.REJECTED, topics.MARKS, topics.VALUES, topics.SIGNALS),
    "alerter": (topics.SIGNALS,),
    "console": (topics.USAGE, topics.REJECTED, topics.MARKS, topics.SIGNALS),
    "command": (topics.USAGE, topics.REJECTED, topics.MARKS, topics.SIGNALS),
    "open": (),
}
"""What each part writes."""


@pytest.mark.parametrize("part", HANDED_ON)
def test_each_part_writes_what_it_hands_on_and_nothing_else(granted: Settings, part: str) -> None:
    async def refused() -> set[str]:
        names = set()
        async with AIOKafkaProducer(**of(granted, part).options, acks="all") as producer:
            for topic in topics.TOPICS:
                try:
                    await asyncio.wait_for(producer.send_and_wait(f"nytta.{topic.name}", SEED, b"key"), 60)
                except TopicAuthorizationFailedError:
                    names.add(topic.name)
        return names

    assert asyncio.run(refused()) == {topic.name for topic in topics.TOPICS} - set(HANDED_ON[part])


READ: Mapping[str, tuple[str, ...]] = {
    "gateway": (),
    "puller": (topics.SIGNALS,),
    "worker": (topics.USAGE, topics.REJECTED, topics.MARKS),
    "alerter": (topics.SIGNALS,),
    "console": (),
    "command": (),
    "open": (topics.VALUES, topics.SIGNALS),
}
"""What each part reads."""


@pytest.mark.parametrize("part", READ)
def test_each_part_reads_what_concerns_it_and_nothing_else(granted: Settings, part: str) -> None:
    async def refused() -> set[str]:
        names = set()
        for topic in topics.TOPICS:
            async with AIOKafkaConsumer(auto_offset_reset="earliest", **of(granted, part).options) as consumer:
                if f"nytta.{topic.name}" not in await consumer.topics():
                    names.add(topic.name)
                    continue
                consumer.assign([TopicPartition(f"nytta.{topic.name}", 0)])
                try:
                    assert await asyncio.wait_for(consumer.getone(), 60)
                except TopicAuthorizationFailedError:
                    names.add(topic.name)
        return names

    assert asyncio.run(refused()) == {topic.name for topic in topics.TOPICS} - set(READ[part])


def test_a_gateway_is_let_in_with_notes_of_keys(granted: Settings) -> None:
    body = orjson.dumps(of_unit("north", 1)) + b"\nno event"
    batch = decode(body, received_at=datetime.now(UTC), pseudonymise=Pseudonymiser("k1", bytes(16)))
    assert len(batch.table) == len(batch.rejects) == 1

    async def put() -> None:
        async with Producer(of(granted, "gateway"), bytes) as producer:
            await producer.ready()
            await producer.note([Note("k1", "k2", bytes(16), bytes(16))])
            await producer.put(batch.table, batch.rejects)

    asyncio.run(put())


@pytest.mark.parametrize("part", ["worker", "alerter", "puller"])
def test_whoever_works_looks_at_its_topics_first(granted: Settings, part: str) -> None:
    topics.check(of(granted, part))


@pytest.mark.parametrize("part", ["puller", "console", "command"])
def test_whoever_hands_on_waits_for_the_workers(granted: Settings, part: str) -> None:
    for name in (topics.USAGE, topics.REJECTED, topics.MARKS):
        assert waiting.lag(of(granted, part), name) >= 1


def test_a_command_makes_the_topics_that_are_missing(granted: Settings) -> None:
    with topics.administrator(cluster_of(granted)) as client:
        client.delete_topics(["nytta.values"])
    until(lambda: topics.create(of(granted, "command"), partitions=1, replicas=1) == ["nytta.values"], "the topic")


@pytest.mark.parametrize(("part", "group"), [("alerter", "nytta-alerter"), ("puller", "nytta-puller")])
def test_whoever_hears_signals_joins_its_group(granted: Settings, part: str, group: str) -> None:
    async def hears() -> bytes:
        place = {"group_id": group, "auto_offset_reset": "earliest"}
        async with AIOKafkaConsumer("nytta.signals", **place, **of(granted, part).options) as consumer:
            message = await asyncio.wait_for(consumer.getone(), 60)
            return bytes(message.value)

    assert asyncio.run(hears()) == SEED


def test_without_tls_the_sentence_says_so(secured: Settings) -> None:
    with pytest.raises(BrokerError, match="requires TLS: set NYTTA_KAFKA_SECURITY"):
        topics.check(cluster_of(Settings(kafka=secured.kafka)))


def test_with_a_wrong_password_the_sentence_says_where_to_look(secured: Settings) -> None:
    wrong = cluster_of(secured.model_copy(update={"kafka_user": "somebody"}))
    with pytest.raises(BrokerError, match="NYTTA_KAFKA_USER, NYTTA_KAFKA_PASSWORD"):
        topics.check(wrong)

    async def ready() -> None:
        async with Producer(wrong, bytes) as producer:
            await producer.ready()

    with pytest.raises(Unavailable, match="NYTTA_KAFKA_USER"):
        asyncio.run(ready())
