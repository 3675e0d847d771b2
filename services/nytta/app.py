"""Where the parts are joined: a store, a key, a registry and definitions become one installation."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pyarrow as pa

from nytta import contracts
from nytta.alerting import evaluate as alerting
from nytta.benefits import model_file
from nytta.benefits.maturity import Model
from nytta.broker import topics, waiting
from nytta.broker.cluster import Cluster
from nytta.broker.producer import Producer
from nytta.delivery.channels import Channels, ChannelSettingError, smtp_of
from nytta.delivery.deliver import Delivered, deliver
from nytta.disclosure.clock import first_open_week
from nytta.events.columns import join
from nytta.indicators import load as catalogue
from nytta.indicators.definition import Definition
from nytta.intake import Intake
from nytta.keys import Keys, load_or_make
from nytta.organisation.load import load as load_registry
from nytta.organisation.problems import check_text
from nytta.organisation.registry import Registry
from nytta.processors.parts import Parts
from nytta.settings import Settings
from nytta.store import benefits, client, detection, facts, migrate, processing, publish, recompute, scratch, sources, values
from nytta.store import registry as registry_tables
from nytta.store.alerts import AlertStore
from nytta.store.lease import Guarded
from nytta.store.open import OpenStore
from nytta.store.private import PrivateStore, RejectQuery

_CALENDAR_MARGIN = timedelta(days=400)
_SETTLED = 600.0  # seconds
_RESTATED = timedelta(minutes=10)
"""Measured benefits and reports on decisions change no value; this soon they are stated all the same."""

PURPOSES = contracts.schemas() / "purposes.yaml"
"""Where the purposes stand that indicators and approvals name."""


class AppError(Exception):
    """Something that the person at the keyboard can change."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of rejects that were sent again: how many were tried, how many passed, and the others by reason."""

    tried: int
    passed: int
    still: dict[str, int]


P = ParamSpec("P")
T = TypeVar("T")


def _one_round(method: Callable[Concatenate[App, P], T]) -> Callable[Concatenate[App, P], T]:
    """One computation at a time: the working lists of a round and the scratch zone are there once."""

    @wraps(method)
    def alone(self: App, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.computing:
            return method(self, *args, **kwargs)

    return alone


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that store and compute, where this one does not."""

    settle: Callable[[], None]
    """Returns when everything that came before is in the cells."""
    deliver: Callable[[pa.Table], None]
    """Gives them decoded events; returns when these are durable."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation found, and what became of the messages."""

    alerts: alerting.Evaluation
    delivered: Delivered


@dataclass
class App:
    """One installation, opened. `definitions` are those of the catalogue, whose cells are kept up to date."""

    private: PrivateStore
    open: OpenStore
    keys: Keys
    definitions: tuple[Definition, ...]
    declared: Registry | None
    tables: Path
    workers: Workers | None = None
    """The other processes that store and compute; None where this one does."""
    intake: Intake = field(init=False)
    computing: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    channels: Channels = field(default_factory=Channels, init=False, repr=False)
    sign_in: Callable[[], str] | None = field(default=None, init=False, repr=False)
    """Makes a link to the console of the service that runs on this installation; None where none runs."""
    judged: tuple[Any, ...] = field(default=(), init=False, repr=False)
    stated: tuple[tuple[Any, ...], datetime] = field(
        default=((), datetime.min.replace(tzinfo=UTC)), init=False, repr=False
    )

    def __post_init__(self) -> None:
        self.intake = Intake(self.private, self.keys, self.declared)
        self.private.finish_commits()
        if not self.workers:
            self._save_registry(datetime.now(UTC).date())
            self._save_definitions()

    @_one_round
    def bring_up_to_date(self, now: datetime) -> None:
        """Compute what the marks touch and publish what is closed."""
        if self.workers:
            self.workers.settle()
            return
        self._save_registry(now.date())
        if recompute.recompute(self.private, self.definitions).marks:
            publish.publish(self.private, self.definitions, now)
            self._round_off(now)

    @_one_round
    def values(
        self,
        query: values.ValueQuery,
        timezone: str | None = None,
        definitions: Sequence[Definition] | None = None,
    ) -> list[dict[str, Any]]:
        """Exact values of the private zone, for an administrator; another zone or definitions are computed beside."""
        if timezone or definitions or query.grain == "total":
            chosen = [d for d in definitions or self.definitions if query.indicator in ("", d.id)]
            return scratch.read_beside(self.private, chosen, self.tables, query, timezone)
        return values.read_values(self.private, query)

    @_one_round
    def not_approved(self) -> list[dict[str, Any]]:
        """What is not computed for want of an approval: organisation, indicator, and what is missing."""
        return processing.not_approved(self.private.connection, [(d.id, d.purpose) for d in self.definitions])

    @_one_round
    def verify(self) -> scratch.Verification:
        """Every stored cell against a computation from raw alone."""
        return scratch.verify(self.private, self.definitions, self.tables, alone=self.workers is None)

    @_one_round
    def compute(self, now: datetime) -> int:
        """One round: what the marks touch, with the registry as it is on that day; how many marks were read."""
        if not self.private.marks_wait():
            return 0
        self._save_registry(now.date())
        return recompute.recompute(self.private, self.definitions).marks

    @_one_round
    def publish(self, now: datetime) -> None:
        """Publish what is closed."""
        publish.publish(self.private, self.definitions, now)
        self._round_off(now)

    @_one_round
    def rebuild(self, now: datetime) -> int:
        """Mark everything and compute it anew; the number of cells written."""
        self.private.mark_everything()
        if self.workers:
            self.workers.settle()
            return int(self.private.connection.value("SELECT count() FROM {private}.cells FINAL"))
        done = recompute.recompute(self.private, self.definitions)
        publish.publish(self.private, self.definitions, now)
        self._round_off(now)
        return done.cells

    @_one_round
    def replay(self, query: RejectQuery, now: datetime, *, dry_run: bool = False) -> Replayed:
        """Send rejects through the door again; those that pass are rejects no more, the others stay as they are."""
        found = self.private.sealed_rejects(query)
        judged = [(reject, self.intake.judge_again(reject, now)) for reject in found]
        passed = [(reject, events) for reject, events in judged if events is not None]
        if passed and not dry_run:
            events = join(events for _, events in passed)
            if self.workers:
                self.workers.deliver(events)
            else:
                self.intake.store(events, (), now)
            self.private.forget_rejects([reject for reject, _ in passed])
            if not self.workers:
                self.bring_up_to_date(now)
        still = Counter(reject.reason for reject, events in judged if events is None)
        return Replayed(len(found), len(passed), dict(sorted(still.items())))

    def evaluate(self, now: datetime) -> Evaluated:
        """Judge the closed weeks at `now` (aware), open and close alerts, and send the messages that are due.

        Called as often as one likes; detection runs only after a round that computed something, or a week's end.
        """
        with self.computing:
            registry = self.intake.registry
            closed = sorted({first_open_week(now, o.timezone) for o in registry.organisations})
            state = (self.private.counter("version"), *closed)
            if state != self.judged:
                detection.publish_signals(self.private, registry, self.definitions, now)
                facts.publish_facts(self.private, registry, now)
                self.judged = state
            book = AlertStore(self.open.connection)
            found = alerting.evaluate(book, registry, now, address=self.channels.address)
        return Evaluated(found, deliver(book, registry, self.channels, now))

    def declare(self, declared: Registry | None) -> None:
        """Take the registry as its files are now; the next round puts it into the store."""
        self.declared = declared
        self.intake.declare(declared)

    def close(self) -> None:
        """Release the store."""
        self.private.connection.close()

    # keeping the registry and the definitions

    def _round_off(self, now: datetime) -> None:
        """What follows a publication of values: take back what is no longer approved, and state the benefits."""
        self._withdraw(now)
        registry = self.intake.registry
        shown = int(self.open.connection.value("SELECT max(publication) FROM {open}.published_values"))
        closed = sorted({first_open_week(now, o.timezone) for o in registry.organisations})
        about = (shown, id(registry), *closed)
        if about != self.stated[0] or now - self.stated[1] >= _RESTATED:
            model = read_model(contracts.schemas() / "maturity" / "default.yaml")
            benefits.publish_benefits(self.private, registry, model, now)
            sources.publish_sources(self.private.connection, now)
            self.stated = (about, now)

    def _withdraw(self, now: datetime) -> None:
        """Take back what was published and is no longer approved."""
        publication = self.private.counter("publication") + 1
        for definition in self.definitions:
            processing.withdraw(self.private.connection, definition, publication, now)
        self.private.raise_counter("publication", publication)

    def _save_registry(self, day: date) -> None:
        """Put the registry, as it is on `day`, into the store with a calendar that covers the data.

        Mark everything if it changed.
        """
        first, last = self.private.data_span()
        registry = registry_tables.with_created(
            self.intake.registry, registry_tables.created_roots(self.private.connection)
        )
        if not registry.organisations:
            return
        purposes = {d.purpose for d in self.definitions}
        reach = last + _CALENDAR_MARGIN
        if registry_tables.save(self.private.connection, registry, first, reach, purposes=purposes, day=day):
            self.private.mark_everything()

    def _save_definitions(self) -> None:
        known = values.known_definitions(self.private)
        changed = [d for d in self.definitions if known.get((d.id, d.version)) != d.model_dump_json()]
        if changed:
            values.save_definitions(self.private, changed)
            self.private.mark_everything()


@contextmanager
def embedded(settings: Settings, registry: Path | None = None) -> Iterator[App]:
    """The whole service in this process, on the embedded store of `settings.data`."""
    _quiet_collector()
    definitions = read_definitions(contracts.schemas() / "indicators")
    declared = read_registry(registry or settings.registry, definitions)
    keys = load_or_make(settings.key_file or settings.data / "key.json")
    connection = (
        client.server(settings.clickhouse)
        if settings.clickhouse
        else client.embedded(settings.data / "store", memory=settings.memory)
    )
    tables = contracts.schemas() / "tables"
    app: App | None = None
    try:
        migrate.migrate(connection, tables)
        app = App(PrivateStore(connection), OpenStore(connection), keys, definitions, declared, tables)
        app.channels = read_channels(settings)
        yield app
    finally:
        connection.close()


@contextmanager
def distributed(settings: Settings, registry: Path | None = None) -> Iterator[App]:
    """An installation whose events go through Kafka and whose figures are computed by its workers."""
    with _joined(settings, registry) as (app, _):
        yield app


@contextmanager
def working(settings: Settings, registry: Path | None = None) -> Iterator[Parts]:
    """What a worker of a distributed installation is made of. BrokerError where a topic is not as it must be."""
    with _joined(settings, registry) as (app, cluster):
        topics.check(cluster)

        store = PrivateStore(app.private.connection)

        def take_over(check: Callable[[], None]) -> App:
            own = PrivateStore(Guarded.of(store.connection, check))
            own.writing = store.writing  # one sequence of marks, whoever of the two writes them
            return App(own, OpenStore(own.connection), app.keys, app.definitions, app.declared, app.tables)

        yield Parts(
            cluster,
            store,
            app.keys,
            app.intake.judge,
            app.intake.count_stopped,
            lambda: app.declare(app.declared),
            take_over,
        )


@contextmanager
def _joined(settings: Settings, registry: Path | None) -> Iterator[tuple[App, Cluster]]:
    if not settings.clickhouse:
        raise AppError(
            "with Kafka, several processes share the store: name a ClickHouse server in NYTTA_CLICKHOUSE, or unset "
            "NYTTA_KAFKA to keep everything in one process"
        )
    _quiet_collector()
    cluster = Cluster.of(settings)
    definitions = read_definitions(contracts.schemas() / "indicators")
    declared = read_registry(registry or settings.registry, definitions)
    keys = load_or_make(settings.key_file or settings.data / "key.json")
    tables = contracts.schemas() / "tables"
    connection = client.server(settings.clickhouse)
    try:
        missing = migrate.missing(connection, tables)
        if missing:
            raise AppError(f"the store has not seen migration {missing[0]}: run nytta migrate")
        store = PrivateStore(connection, lambda text: asyncio.run(_ask(cluster, keys, text)))
        app = App(
            store,
            OpenStore(connection),
            keys,
            definitions,
            declared,
            tables,
            Workers(lambda: _settle(cluster, store), lambda events: asyncio.run(_put(cluster, keys, events))),
        )
        app.channels = read_channels(settings)
        yield app, cluster
    finally:
        connection.close()


async def _put(cluster: Cluster, keys: Keys, events: pa.Table) -> None:
    async with Producer(cluster, keys.seal, linger=0) as producer:
        await producer.put(events, ())


async def _ask(cluster: Cluster, keys: Keys, text: str) -> None:
    async with Producer(cluster, keys.seal) as producer:
        await producer.command(text)


def _settle(cluster: Cluster, store: PrivateStore) -> None:
    """Return when everything that is on the topics now is in the cells."""
    for name in (topics.USAGE, topics.REJECTED, topics.MARKS):
        waiting.wait_for(cluster, name, within=_SETTLED)
    until = time.monotonic() + _SETTLED
    last = store.counter("batch")
    while store.counter("cleared") < last and store.marks_wait():
        if time.monotonic() > until:
            raise AppError("the marks are not computed: is nytta worker running, and does its log name an error?")
        time.sleep(0.2)


def migrate_distributed(settings: Settings) -> list[str]:
    """Bring the tables of the server up to date and make the topics; the names of what was made."""
    connection = client.server(settings.clickhouse)
    try:
        done = migrate.migrate(connection, contracts.schemas() / "tables")
    finally:
        connection.close()
    made = topics.create(Cluster.of(settings), partitions=settings.kafka_partitions, replicas=settings.kafka_replicas)
    return done + made


def _quiet_collector() -> None:
    """Batches hold many small objects at once, and none of them in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)


def read_definitions(directory: Path) -> tuple[Definition, ...]:
    """The definitions of a folder. AppError with every problem where one is not sound."""
    found = catalogue.load(directory)
    if found.problems:
        raise AppError(check_text(found.problems, str(directory)).rstrip("\n"))
    return found.definitions


def read_model(path: Path) -> Model:
    """The model of maturity in a file. AppError with every problem where it is not sound."""
    model, problems = model_file.read_model(path.name, path.read_bytes())
    if model is None:
        raise AppError(check_text(problems, str(path.parent)).rstrip("\n"))
    return model


def read_channels(settings: Settings) -> Channels:
    """The ways out that the settings name. AppError where one cannot be used."""
    try:
        smtp = smtp_of(settings.smtp.get_secret_value())
    except ChannelSettingError as error:
        raise AppError(str(error)) from error
    if settings.webhook and not settings.webhook_secret.get_secret_value():
        raise AppError("NYTTA_WEBHOOK needs NYTTA_WEBHOOK_SECRET: what is posted is signed with it")
    return Channels(
        smtp,
        settings.sender,
        settings.address,
        settings.webhook,
        settings.webhook_secret.get_secret_value(),
        settings.alertmanager,
    )


def read_registry(directory: Path | None, definitions: Sequence[Definition]) -> Registry | None:
    """The registry of a folder; None where none is named. AppError with every problem where it is not sound."""
    if directory is None:
        return None
    loaded = load_registry(directory, {d.id: d.version for d in definitions} or None, catalogue.purposes(PURPOSES))
    if loaded.registry is None:
        raise AppError(check_text(loaded.problems, str(directory)).rstrip("\n"))
    return loaded.registry
