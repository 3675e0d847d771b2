"""A broker that demands TLS and a password: every library is let in by the same settings."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nytta.ingest.stream import topics
from nytta.ingest.stream.cluster import BrokerError
from nytta.ingest.stream.producer import Producer, Unavailable
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.ingest.stream.certificates import self_signed
from tests.support.broker import SCRIPT, OwnBroker, fetched
from tests.support.processes import Process, answers, free_port, opens, python, until

pytestmark = pytest.mark.slow

USER, PASSWORD = "nytta", "long-and-secret"


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
        secured += f"""
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={login} username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";
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


def test_a_worker_is_let_in(secured: Settings, tmp_path: Path) -> None:
    topics.create(cluster_of(secured), partitions=1, replicas=1)
    port = free_port()
    worker = Process(
        python("-m", "tests.ingest.stream.joining", str(port)), tmp_path / "worker.log", environment(secured)
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
        "NYTTA_KAFKA_USER": secured.kafka_user,
        "NYTTA_KAFKA_PASSWORD": PASSWORD,
        "NYTTA_KAFKA_CA": str(secured.kafka_ca),
    }


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
