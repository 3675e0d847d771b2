"""An installation whose events go through Kafka and whose figures are computed by its workers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.ingest.events import Reject
from nytta.ingest.intake import Intake
from nytta.ingest.keys import KeyFileError, Keys, Note, load_or_make
from nytta.ingest.pull.declared import read as read_sources
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.stream import topics, waiting
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.parts import Parts
from nytta.ingest.stream.producer import Producer
from nytta.insight.alerts.answers import Answer
from nytta.insight.alerts.delivery.deliver import Delivered
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.service import evaluation
from nytta.service.brokers import cluster_of
from nytta.service.configuration import AppError, read_channels, read_definitions, read_registry
from nytta.service.installation import App, Workers, quiet_collector
from nytta.service.keeping import protect, recognised
from nytta.service.settings import Settings
from nytta.service.streams import pulling, signal_messages, signals
from nytta.storage import client, disk, migrate
from nytta.storage.client import Connection
from nytta.storage.journal import Journal
from nytta.storage.lease import Guarded

_log = logging.getLogger(__name__)
_SETTLED = 600.0
"""Seconds for which a command waits for the workers to have computed what came before it."""
_STORED = 60.0
"""Seconds for which a round of a pulled source waits for the workers to store what came before it."""


@contextmanager
def distributed(settings: Settings, registry: Path | None = None) -> Iterator[App]:
    """An installation whose events go through Kafka and whose figures are computed by its workers."""
    with _joined(settings, registry) as (installation, _):
        yield installation


@contextmanager
def working(settings: Settings, registry: Path | None = None) -> Iterator[Parts]:
    """What a worker of a distributed installation is made of. BrokerError where a topic is not as it must be."""
    with _joined(settings, registry) as (installation, cluster):
        topics.check(cluster)

        store = PrivateStore(installation.private.connection)

        def take_over(check: Callable[[], None]) -> _Owner:
            guarded_store = PrivateStore(Guarded.of(store.connection, check))
            # one sequence of marks, whoever of the two writes them
            guarded_store.writing = store.writing
            intake = Intake(guarded_store, installation.keys, installation.intake.declared)
            return _Owner(
                guarded_store,
                OpenStore(guarded_store.connection),
                intake,
                installation.definitions,
                installation.tables,
            )

        yield Parts(
            cluster=cluster,
            private=store,
            keys=installation.keys,
            judge=installation.intake.judge,
            count=installation.intake.count_stopped,
            refresh=lambda: installation.declare(installation.intake.declared),
            take_over=take_over,
            free=lambda: disk.free_ratio(store.connection),
        )


@contextmanager
def alerting(settings: Settings, registry: Path | None = None) -> Iterator[signals.Parts]:
    """What an alerter of a distributed installation is made of. BrokerError where a topic is not as it must be."""
    with _joined(settings, registry) as (installation, cluster):
        topics.check(cluster)

        def take_over(check: Callable[[], None]) -> signals.Alerting:
            guarded_store = PrivateStore(Guarded.of(installation.private.connection, check))
            intake = Intake(guarded_store, installation.keys, installation.intake.declared)
            keeper = _Keeper(
                guarded_store,
                OpenStore(guarded_store.connection),
                intake,
                installation.definitions,
                installation.tables,
                installation.workers,
            )
            keeper.channels = installation.channels
            return keeper

        yield signals.Parts(cluster, take_over)


@contextmanager
def asking(settings: Settings, registry: Path | None = None) -> Iterator[pulling.Parts]:
    """What a puller of a distributed installation is made of. BrokerError where a topic is not as it must be."""
    with _joined(settings, registry) as (installation, cluster):
        topics.check(cluster)

        def take_over(check: Callable[[], None]) -> App:
            guarded = Guarded.of(installation.private.connection, check)
            return _app(
                cluster,
                guarded,
                settings,
                installation.keys,
                installation.intake.declared,
                installation.definitions,
                installation.tables,
            )

        def learn(asked: App) -> None:
            asked.declare(installation.intake.declared)
            try:
                asked.intake.rekey(load_or_make(settings.key_place))
            except KeyFileError as error:  # the keys that it has go on, until they are missing
                _log.warning("keys could not be read again: %s", error)

        place = registry or settings.registry
        yield pulling.Parts(cluster, take_over, learn, read_sources(place), place)


@dataclass(frozen=True)
class _Workers:
    """Workers as those who store what this process pulled."""

    cluster: Cluster
    intake: Intake

    def deliver(self, events: pa.Table, rejects: Sequence[Reject], notes: Sequence[Note]) -> None:
        asyncio.run(_put(self.cluster, self.intake.keys, events, rejects, notes))

    def settle(self) -> None:
        for name in (topics.USAGE, topics.REJECTED):
            waiting.wait_for(self.cluster, name, within=_STORED)


class _Owner(App):
    """The installation of the one worker that computes, publishes and judges."""

    def closed(self, current_time: datetime) -> Sequence[date]:
        """The first open week of each time zone."""
        zones = {organisation.timezone for organisation in self.intake.registry.organisations}
        return sorted({first_open_week(current_time, zone) for zone in zones})

    def judge(self, current_time: datetime) -> Sequence[str]:
        """Publish signals and facts; the organisations that were judged, none where nothing changed since."""
        changed = evaluation.judge(self, current_time)
        return (
            [organisation.id for organisation in self.intake.registry.organisations]
            if changed
            else []
        )


class _Keeper(App):
    """The installation of the one process that keeps the alerts."""

    def decide(self, current_time: datetime) -> None:
        """Open and close alerts of the units that are known now, and write down the messages that are due."""
        self.declare(self.intake.declared)
        evaluation.decide(self, current_time)

    def send(self, current_time: datetime) -> Delivered:
        """Send what waits."""
        return evaluation.send(self, current_time)

    def answer(self, answer: Answer, current_time: datetime) -> None:
        """Carry out what a person answered; one that cannot be carried out any more is said in the log."""
        try:
            evaluation.answer(self, answer, current_time)
        except evaluation.AnswerError as error:
            _log.warning("an answer was not carried out: %s", error)


@contextmanager
def _joined(settings: Settings, registry: Path | None) -> Iterator[tuple[App, Cluster]]:
    if not settings.clickhouse:
        raise AppError(
            "with Kafka, several processes share the store: name a ClickHouse server in NYTTA_CLICKHOUSE, or unset "
            "NYTTA_KAFKA to keep everything in one process"
        )
    quiet_collector()
    cluster = cluster_of(settings)
    definitions = read_definitions(declarations.schemas() / "indicators")
    declared = read_registry(registry or settings.registry, definitions)
    tables = declarations.schemas() / "tables"
    protect(settings)
    connection = client.server(settings.clickhouse)
    try:
        # asked and not applied: several processes start at once, and one command brings the tables up to date
        missing = migrate.missing(connection, tables)
        if missing:
            raise AppError(f"the store has not seen migration {missing[0]}: run nytta migrate")
        pseudonym_keys = recognised(settings.key_place, PrivateStore(connection))
        app = _app(cluster, connection, settings, pseudonym_keys, declared, definitions, tables)
        app.channels = read_channels(settings)
        app.journal = Journal.of(settings.data / "reads")
        yield app, cluster
    finally:
        connection.close()


def _app(
    cluster: Cluster,
    connection: Connection,
    settings: Settings,
    pseudonym_keys: Keys,
    declared: Registry | None,
    definitions: tuple[Definition, ...],
    tables: Path,
) -> App:
    """An installation on a connection, whose events are stored and whose figures are computed by workers."""
    store = PrivateStore(connection, lambda text: asyncio.run(_ask(cluster, intake.keys, text)))
    intake = Intake(store, pseudonym_keys, declared, settings.key_place)
    intake.delivery = _Workers(cluster, intake)
    workers = Workers(
        lambda: _settle(cluster, store),
        lambda events: asyncio.run(_put(cluster, intake.keys, events, (), ())),
        lambda organisation, answer: asyncio.run(
            _answer(cluster, intake.keys, organisation, answer)
        ),
    )
    return App(store, OpenStore(connection), intake, definitions, tables, workers)


async def _put(
    cluster: Cluster,
    pseudonym_keys: Keys,
    events: pa.Table,
    rejects: Sequence[Reject],
    notes: Sequence[Note],
) -> None:
    async with Producer(cluster, pseudonym_keys.seal, linger=0) as producer:
        await producer.note(notes)
        await producer.put(events, rejects)


async def _ask(cluster: Cluster, pseudonym_keys: Keys, text: str) -> None:
    async with Producer(cluster, pseudonym_keys.seal) as producer:
        await producer.command(text)


async def _answer(
    cluster: Cluster, pseudonym_keys: Keys, organisation: str, answer: Answer
) -> None:
    async with Producer(cluster, pseudonym_keys.seal) as producer:
        await producer.signal(organisation, signal_messages.answer_message(answer))


def _settle(cluster: Cluster, store: PrivateStore) -> None:
    """Return when everything that is on the topics now is in the cells."""
    # in the order in which workers hand on: events become marks, so marks are waited for last
    for name in (topics.USAGE, topics.REJECTED, topics.MARKS):
        waiting.wait_for(cluster, name, within=_SETTLED)
    until = time.monotonic() + _SETTLED
    last_batch = store.counter("batch")
    while store.counter("cleared") < last_batch and store.marks_wait():
        if time.monotonic() > until:
            raise AppError(
                "the marks are not computed: is nytta worker running, and does its log name an error?"
            )
        time.sleep(0.2)


def migrate_distributed(settings: Settings) -> list[str]:
    """Bring the tables of the server up to date and make the topics; the names of what was made."""
    connection = client.server(settings.clickhouse)
    try:
        applied = migrate.migrate(
            connection, declarations.schemas() / "tables", cluster=settings.cluster
        )
    finally:
        connection.close()
    cluster = cluster_of(settings)
    new_topics = topics.create(
        cluster, partitions=settings.kafka_partitions, replicas=settings.kafka_replicas
    )
    return applied + new_topics
