"""Where the parts are joined: a store, a key, a registry and definitions become one installation."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import pyarrow as pa

from nytta import COLLECTOR
from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.values import OpenStore
from nytta.disclosure.store import withdrawal
from nytta.indicators.definition import Definition
from nytta.indicators.store import recompute, scratch, values
from nytta.indicators.subjects import DERIVATION
from nytta.ingest.events.columns import join
from nytta.ingest.events.reasons import Reason
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.backlog import Backlog
from nytta.ingest.store.imports import finish_commits
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import RejectQuery, SealedReject, forget_rejects, sealed_rejects
from nytta.insight.alerts.delivery.channels import Channels
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.service.configuration import read_channels, read_definitions, read_model, read_registry
from nytta.service.keeping import protect, recognised
from nytta.service.settings import Settings
from nytta.storage import backup, client, migrate
from nytta.storage.journal import Journal

if TYPE_CHECKING:
    from nytta.insight.alerts.answers import Answer

_CALENDAR_MARGIN = timedelta(days=400)
_RESTATED = timedelta(minutes=10)
"""Measured benefits and reports on decisions change no value; where events came, they are stated this soon."""


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
            self.private.settle()
            return method(self, *args, **kwargs)

    return alone


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that store and compute, where this one does not."""

    settle: Callable[[], None]
    """Returns when everything that came before is in the cells."""
    deliver: Callable[[pa.Table], None]
    """Gives them decoded events; returns when these are durable."""
    answer: Callable[[str, Answer], None]
    """Gives the one who keeps the alerts of an organisation an answer; returns when it is durable."""


@dataclass
class App:
    """One installation, opened. `definitions` are those of the catalogue, whose cells are kept up to date."""

    private: PrivateStore
    open: OpenStore
    intake: Intake
    definitions: tuple[Definition, ...]
    tables: Path
    workers: Workers | None = None
    """The other processes that store and compute; None where this one does."""
    computing: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    channels: Channels = field(default_factory=Channels, init=False, repr=False)
    journal: Journal | None = field(default=None, init=False, repr=False)
    """Where reads of figures are written down at once; None where each goes straight into the store."""
    sign_in: Callable[[], str] | None = field(default=None, init=False, repr=False)
    """Makes a link to the console of the service that runs on this installation; None where none runs."""
    judged: tuple[Any, ...] = field(default=(), init=False, repr=False)
    withdrawn: tuple[int, int] = field(default=(-1, -1), init=False, repr=False)
    stated: tuple[tuple[Any, ...], int, datetime] = field(
        default=((), 0, datetime.min.replace(tzinfo=UTC)), init=False, repr=False
    )

    def __post_init__(self) -> None:
        # what was stored and not yet marked when the last process ended is marked before anything is computed
        finish_commits(self.private)
        if not self.workers:
            self._save_registry(datetime.now(UTC).date())
            self._save_definitions()

    @property
    def keys(self) -> Keys:
        """The keys as they are now."""
        return self.intake.keys

    @_one_round
    def bring_up_to_date(self, current_time: datetime) -> None:
        """Compute what the marks touch and publish what is closed."""
        if self.workers:
            self.workers.settle()
            return
        self._save_registry(current_time.date())
        if recompute.recompute(self.private, self.definitions).marks:
            self._publish_values(current_time)
            self._round_off(current_time)

    @_one_round
    def values(
        self,
        query: values.ValueQuery,
        timezone: str | None = None,
        definitions: Sequence[Definition] | None = None,
    ) -> list[dict[str, Any]]:
        """Exact values of the private zone, for an administrator; another zone or definitions are computed beside."""
        # cells are kept of the catalogue's definitions, in each organisation's own zone, and not as a total
        if timezone or definitions or query.grain == "total":
            candidates = definitions or self.definitions
            selected = [
                definition for definition in candidates if query.indicator in ("", definition.id)
            ]
            return scratch.read_beside(self.private, selected, self.tables, query, timezone)
        return values.read_values(self.private, query)

    @_one_round
    def not_approved(self) -> list[dict[str, Any]]:
        """What is not computed for want of an approval: organisation, indicator, and what is missing."""
        purposes = [(definition.id, definition.purpose) for definition in self.definitions]
        return withdrawal.not_approved(self.private.connection, purposes)

    @_one_round
    def verify(self) -> scratch.Verification:
        """Every stored cell against a computation from raw alone."""
        return scratch.verify(
            self.private, self.definitions, self.tables, alone=self.workers is None
        )

    @_one_round
    def compute(self, current_time: datetime) -> int:
        """One round: what the marks touch, with the registry as it is on that day; how many marks were read."""
        if not self.private.marks_wait():
            return 0
        self._save_registry(current_time.date())
        return recompute.recompute(self.private, self.definitions).marks

    @_one_round
    def publish(self, current_time: datetime) -> None:
        """Publish what is closed."""
        self._publish_values(current_time)
        self._round_off(current_time)

    @_one_round
    def rebuild(self, current_time: datetime) -> int:
        """Mark everything and compute it anew; the number of cells written."""
        self.private.mark_everything()
        if self.workers:
            self.workers.settle()
            return int(self.private.connection.value("SELECT count() FROM {private}.cells FINAL"))
        outcome = recompute.recompute(self.private, self.definitions)
        self._publish_values(current_time)
        self._round_off(current_time)
        return outcome.cells

    @_one_round
    def replay(
        self, query: RejectQuery, current_time: datetime, *, dry_run: bool = False
    ) -> Replayed:
        """Validate rejects again; those that pass are rejects no more, the others stay as they are."""
        rejects = sealed_rejects(self.private, query)
        # placed together, for one look-up serves all; the others are judged one by one
        waiting = [reject for reject in rejects if reject.reason == Reason.UNPLACED]
        placed_events, placed_rejects = self.intake.place_again(waiting, current_time)
        passed_rejects = list(placed_rejects)
        passed_events = [placed_events]
        refused: Counter[str] = Counter()
        for reject in rejects:
            if reject.reason == Reason.UNPLACED:
                continue
            judged_events = self.intake.judge_again(reject, current_time)
            if judged_events is None:
                refused[reject.reason] += 1
            else:
                passed_rejects.append(reject)
                passed_events.append(judged_events)
        if len(waiting) > len(placed_rejects):
            refused[Reason.UNPLACED.value] = len(waiting) - len(placed_rejects)
        if passed_rejects and not dry_run:
            self._take_in(passed_rejects, join(passed_events), current_time)
        return Replayed(len(rejects), len(passed_rejects), dict(sorted(refused.items())))

    def _take_in(
        self, passed: Sequence[SealedReject], events: pa.Table, current_time: datetime
    ) -> None:
        """Store what rejects became, or have the workers store it, and forget the rejects."""
        if self.workers:
            self.workers.deliver(events)
        else:
            self.intake.store(events, (), current_time)
        # only when their events are stored: a crash in between loses neither
        forget_rejects(self.private.connection, passed)
        if not self.workers:
            self.bring_up_to_date(current_time)

    def place_waiting(self, current_time: datetime) -> int:
        """Place events that waited for a directory, or for an opening, that has come since; how many were placed."""
        return self.replay(RejectQuery(reason=Reason.UNPLACED), current_time).passed

    def declare(self, declared: Registry | None) -> None:
        """Take the registry as its files are now; the next round puts it into the store."""
        self.intake.declare(declared)

    def close(self) -> None:
        """Release the store."""
        self.private.connection.close()

    # keeping the registry and the definitions

    @property
    def registry(self) -> Registry:
        """The registry with the organisations that logs brought."""
        created = registry_tables.created_roots(self.private.connection)
        return registry_tables.with_created(self.intake.registry, created)

    def _publish_values(self, current_time: datetime) -> None:
        # with the statistics of the gate; most commands publish nothing
        from nytta.disclosure.store import publish

        publish.publish(
            self.private, self.definitions, self.registry, self.keys.of_figures, current_time
        )

    def _round_off(self, current_time: datetime) -> None:
        """What follows a publication of values: take back what is no longer approved, and state the benefits."""
        from nytta.disclosure.store import sources
        from nytta.service import statements

        last_publication, loaded = self.open.connection.rows(
            "SELECT (SELECT max(publication) FROM {open}.published_values), "
            "(SELECT max(loaded) FROM {open}.registry_loads)"
        )[0]
        # only where figures or approvals are others than at the last look: nothing can have lost its approval else
        if (last_publication, loaded) != self.withdrawn:
            self._withdraw(current_time)
            self.withdrawn = last_publication, loaded
        registry = self.intake.registry
        zones = {organisation.timezone for organisation in registry.organisations}
        closed = sorted({first_open_week(current_time, zone) for zone in zones})
        grounds = (last_publication, registry, current_time.date(), *closed)
        batch = self.private.counter("batch")
        previous_grounds, last_batch, stated_at = self.stated
        is_due_for_events = batch != last_batch and current_time - stated_at >= _RESTATED
        if grounds != previous_grounds or is_due_for_events:
            model = read_model(declarations.schemas() / "maturity" / "default.yaml")
            statements.publish_benefits(self.private, registry, model, current_time)
            sources.publish_sources(self.private.connection, current_time)
            self.stated = (grounds, batch, current_time)

    def _withdraw(self, current_time: datetime) -> None:
        """Take back what was published and is no longer approved."""
        publication = self.private.counter("publication") + 1
        withdrawn = withdrawal.withdraw(
            self.private.connection, self.definitions, publication, current_time
        )
        # a number is used up only where something was taken back under it
        if withdrawn:
            self.private.raise_counter("publication", publication)

    def _save_registry(self, day: date) -> None:
        """Put the registry, as it is on `day`, into the store with a calendar that covers the data.

        Mark everything if it changed.
        """
        first_day, last_day = self.private.data_span()
        registry = self.registry
        if not registry.organisations:
            return
        purposes = {definition.purpose for definition in self.definitions}
        # a year ahead, so that the calendar is not written anew whenever the data grow
        reach = last_day + _CALENDAR_MARGIN
        if registry_tables.save(
            self.private.connection, registry, first_day, reach, purposes=purposes, day=day
        ):
            self.private.mark_everything()

    def _save_definitions(self) -> None:
        stored = values.known_definitions(self.private)
        changed_definitions = [
            definition
            for definition in self.definitions
            if stored.get((definition.id, definition.version)) != definition.model_dump_json()
        ]
        if changed_definitions:
            values.save_definitions(self.private, changed_definitions)
        # marked first: what dies before the counter is raised marks everything once more, and forgets nothing
        if changed_definitions or self.private.counter("derivation") < DERIVATION:
            self.private.mark_everything()
            self.private.raise_counter("derivation", DERIVATION)


@contextmanager
def embedded(settings: Settings, registry: Path | None = None) -> Iterator[App]:
    """The whole service in this process, on the embedded store of `settings.data`."""
    quiet_collector()
    definitions = read_definitions(declarations.schemas() / "indicators")
    declared = read_registry(registry or settings.registry, definitions)
    # after all that a person may have to mend, and before anything is written into the data folder
    protect(settings)
    if settings.clickhouse:
        connection = client.server(settings.clickhouse)
    else:
        connection = client.embedded(settings.data / "store", memory=settings.memory)
    tables = declarations.schemas() / "tables"
    try:
        backup.let_go(settings.data)
        migrate.migrate(connection, tables, cluster=settings.cluster)
        store = PrivateStore(connection)
        pseudonym_keys = recognised(settings.key_place, store)
        with closing(Backlog(store, settings.data / "accepted")) as backlog:
            # before anything is computed: what an earlier process accepted belongs into the figures
            backlog.open()
            intake = Intake(store, pseudonym_keys, declared, settings.key_place, backlog)
            installation = App(store, OpenStore(connection), intake, definitions, tables)
            installation.channels = read_channels(settings)
            installation.journal = Journal.of(settings.data / "reads")
            yield installation
    finally:
        connection.close()


def quiet_collector() -> None:
    """Have the garbage collector look seldom: batches hold many small objects at once, and none of them in cycles.

    What columns took is given back when they go: Arrow's own pool would keep it, for a service that waits all night.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    # what was loaded by now lives as long as the process: it is not looked at again
    gc.freeze()
    gc.set_threshold(*COLLECTOR)
