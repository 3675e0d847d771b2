"""A real Kafka broker for tests: a named one, one from the published jars, or one in a container."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.support.processes import ROOT, Process, free_port, opens, until

SCRIPT = ROOT / "deploy" / "kafka" / "kafka.sh"
BRIEF = "-XX:TieredStopAtLevel=1"
"""How Java runs what lives for minutes: code that is made faster costs more to make than it saves."""


class Broker(Protocol):
    """Where the broker is; one of our own can be killed and comes back on the same port with its data."""

    servers: str

    def kill(self) -> None:
        """End it as `kill -9` does."""

    def start(self) -> None:
        """Start it, and wait until it answers."""


class OwnBroker:
    """A broker from the published jars, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.servers = f"127.0.0.1:{self.port}"
        environment = {
            "KAFKA_PORT": str(self.port),
            "KAFKA_CONTROLLER_PORT": str(free_port()),
            "KAFKA_HEAP": "384m",
            "JDK_JAVA_OPTIONS": BRIEF,
        }
        self._process = Process([str(SCRIPT), "run", str(folder / "data")], folder / "broker.log", environment)

    def start(self) -> None:
        self._process.start()
        until(lambda: not self._process.alive or self._answers(), "the broker", self._process.log)
        assert self._process.alive, self._process.log.read_text("utf-8", "replace")[-2000:]

    def _answers(self) -> bool:
        return opens(self.port) and _serves(self.servers)

    def kill(self) -> None:
        self._process.kill()

    def stop(self) -> None:
        self._process.kill()  # its data are thrown away, nothing need be written


class GivenBroker:
    """A broker that is there and that no test may kill."""

    def __init__(self, servers: str) -> None:
        self.servers = servers

    def start(self) -> None:
        until(lambda: _serves(self.servers), f"the broker at {self.servers}")

    def kill(self) -> None:
        pytest.skip("the broker that NYTTA_KAFKA names is not ours to kill")


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """A started broker. Without any, the test is skipped with the reason; under NYTTA_REQUIRE=kafka it fails."""
    named = os.environ.get("NYTTA_KAFKA")
    if named:
        given = GivenBroker(named)
        given.start()
        yield given
        return
    missing = fetched()
    if not missing:
        own = OwnBroker(folder)
        try:
            own.start()
            yield own
        finally:
            own.stop()
        return
    if _docker():
        from testcontainers.kafka import KafkaContainer

        with KafkaContainer("apache/kafka:4.1.1") as container:
            yield GivenBroker(container.get_bootstrap_server())
        return
    reason = f"no Kafka: {missing}; no Docker engine answers; NYTTA_KAFKA names none"
    if "kafka" in os.environ.get("NYTTA_REQUIRE", ""):
        pytest.fail(reason)
    pytest.skip(reason)


def fetched() -> str:
    """Why Kafka's jars cannot be had; empty where they are here."""
    if not shutil.which("java"):
        return "no Java"
    done = subprocess.run([str(SCRIPT), "fetch"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"its jars cannot be fetched ({done.stderr.strip()[-200:]})"


def _docker() -> bool:
    return (
        bool(shutil.which("docker"))
        and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    )


def _serves(servers: str) -> bool:
    try:
        client = KafkaAdminClient(bootstrap_servers=servers.split(","), bootstrap_timeout_ms=10_000)
    except (KafkaError, OSError):
        return False
    client.close()
    return True
