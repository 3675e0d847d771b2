"""A whole distributed installation of a test: a store behind HTTP, topics of its own, workers with a supervisor."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from nytta import service as nytta
from nytta.ingest.events import Reject, decode
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.keys import Choice, Keys, with_first
from nytta.ingest.stream.producer import Producer
from nytta.service import distributed
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.support.broker import Broker
from tests.support.processes import Process, answers, free_port, python, until

_NUMBERS = itertools.count(1)

ORGANISATION = """
organisations:
  - {{id: county, name: County, timezone: Europe/Stockholm, country: SE, language: sv}}
units:
{units}
approvals:
  - {{purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2024-11-03}}
"""
SYSTEMS = """
systems:
  - {id: last, name: Last, intended: [handläggning]}
"""


class Store:
    """The facade over chDB as a process that can be killed and comes back with its data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.dsn = f"clickhouse://default@127.0.0.1:{self.port}"
        command = python("-m", "tests.support.facade", "--path", str(folder / "store"), "--port", str(self.port))
        self.process = Process(command, folder / "store.log", {"TZ": "UTC"})

    def start(self) -> None:
        self.process.start()
        until(lambda: answers(f"http://127.0.0.1:{self.port}/ping"), "the store", self.process.log)


class Installation:
    """Settings, store, topics and workers; everything that came through `put` is counted."""

    def __init__(
        self, folder: Path, broker: Broker, *, units: int = 20, partitions: int = 6, publish_every: float = 3600
    ) -> None:
        self.folder = folder
        self.publish_every = publish_every
        self.registry = folder / "registry"
        self.registry.mkdir(parents=True)
        names = "\n".join(f"  - {{id: last-{n:03d}, name: Unit {n}, parent: county}}" for n in range(units))
        (self.registry / "organisation.yaml").write_text(ORGANISATION.format(units=names), "utf-8")
        (self.registry / "systems.yaml").write_text(SYSTEMS, "utf-8")
        (self.registry / "programme.yaml").write_text("plans: []\n", "utf-8")
        self.broker = broker
        self.store = Store(folder)
        self.workers: list[Process] = []
        self.ports: list[int] = []
        self.settings = Settings(
            data=folder,
            registry=self.registry,
            clickhouse=self.store.dsn,
            kafka=broker.servers,
            kafka_prefix=f"test-{os.getpid()}-{next(_NUMBERS)}",
            kafka_partitions=partitions,
        )
        declared = nytta.read_registry(self.registry, ())
        assert declared is not None
        roots = {o.id: o.key for o in declared.organisations}
        self.keys: Keys = with_first(folder / "key.json", roots, datetime.now(UTC).date())
        self.choice = Choice(self.keys, declared.root_of)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this installation finds in its environment."""
        held = self.settings
        return {
            "NYTTA_DATA": str(held.data),
            "NYTTA_REGISTRY": str(held.registry),
            "NYTTA_CLICKHOUSE": held.clickhouse,
            "NYTTA_KAFKA": held.kafka,
            "NYTTA_KAFKA_PREFIX": held.kafka_prefix,
            "TZ": "UTC",
        }

    def start(self, workers: int = 1) -> None:
        """Start the store, make tables and topics, start workers and wait until each has partitions."""
        self.store.start()
        distributed.migrate_distributed(self.settings)
        for _ in range(workers):
            self.add_worker()
        self.ready()

    def add_worker(self, *options: str) -> Process:
        """One more worker; it may take some seconds until it has partitions."""
        port = free_port()
        command = python("-m", "nytta", "worker", "--port", str(port), "--publish-every", str(self.publish_every))
        command += options
        worker = Process(command, self.folder / f"worker-{len(self.workers)}.log", self.environment, supervised=True)
        worker.start()
        self.workers.append(worker)
        self.ports.append(port)
        return worker

    def ready(self) -> None:
        """Return when every worker has partitions."""
        for worker, port in zip(self.workers, self.ports, strict=True):
            until(lambda port=port: answers(f"http://127.0.0.1:{port}/readyz"), "a worker", worker.log)  # type: ignore[misc]

    def stop(self) -> None:
        """End everything."""
        for worker in self.workers:
            worker.stop()
        self.store.process.kill()

    def token(self) -> str:
        """A token with which a sender may send everything."""
        return Tokens(self.folder / "tokens.json").add("test", datetime.now(UTC))[1]

    def producer(self) -> Producer:
        """What the gateway puts events with."""
        return Producer(cluster_of(self.settings), self.keys.seal)

    def decoded(
        self, bodies: Iterable[bytes], now: datetime | None = None
    ) -> Iterator[tuple[pa.Table, Sequence[Reject]]]:
        """Bodies as the gateway decodes them."""
        for body in bodies:
            batch = decode(body, received_at=now or datetime.now(UTC), pseudonymise=self.choice)
            yield batch.table, batch.rejects

    @contextmanager
    def app(self) -> Iterator[nytta.App]:
        """The installation as a command opens it."""
        with distributed.distributed(self.settings) as opened:
            yield opened


@contextmanager
def installation(
    folder: Path, broker: Broker, *, workers: int = 1, units: int = 20, partitions: int = 6
) -> Iterator[Installation]:
    """A started installation."""
    made = Installation(folder, broker, units=units, partitions=partitions)
    try:
        made.start(workers)
        yield made
    finally:
        made.stop()
