"""Where the parts are joined: a store, a key, a registry and definitions become one installation."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from nytta import contracts
from nytta.indicators import load as catalogue
from nytta.indicators.definition import Definition
from nytta.intake import Intake
from nytta.keys import Keys, load_or_make
from nytta.organisation.load import load as load_registry
from nytta.organisation.problems import check_text
from nytta.organisation.registry import Registry
from nytta.settings import Settings
from nytta.store import client, migrate, processing, publish, recompute, scratch, values
from nytta.store import registry as registry_tables
from nytta.store.open import OpenStore
from nytta.store.private import PrivateStore

_CALENDAR_MARGIN = timedelta(days=400)

PURPOSES = contracts.schemas() / "purposes.yaml"
"""Where the purposes stand that indicators and approvals name."""


class AppError(Exception):
    """Something that the person at the keyboard can change."""


P = ParamSpec("P")
T = TypeVar("T")


def _one_round(method: Callable[Concatenate[App, P], T]) -> Callable[Concatenate[App, P], T]:
    """One computation at a time: the working lists of a round and the scratch zone are there once."""

    @wraps(method)
    def alone(self: App, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.computing:
            return method(self, *args, **kwargs)

    return alone


@dataclass
class App:
    """One installation, opened. `definitions` are those of the catalogue, whose cells are kept up to date."""

    private: PrivateStore
    open: OpenStore
    keys: Keys
    definitions: tuple[Definition, ...]
    declared: Registry | None
    tables: Path
    intake: Intake = field(init=False)
    computing: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.intake = Intake(self.private, self.keys, self.declared)
        self.private.finish_commits()
        self._save_registry(datetime.now(UTC).date())
        self._save_definitions()

    @_one_round
    def bring_up_to_date(self, now: datetime) -> None:
        """Compute what the marks touch and publish what is closed."""
        self._save_registry(now.date())
        if recompute.recompute(self.private, self.definitions).marks:
            publish.publish(self.private, self.definitions, now)
            self._withdraw(now)

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

    def verify(self) -> scratch.Verification:
        """Every stored cell against a computation from raw alone."""
        return scratch.verify(self.private, self.definitions, self.tables)

    @_one_round
    def rebuild(self, now: datetime) -> int:
        """Mark everything and compute it anew; the number of cells written."""
        self.private.mark_everything()
        done = recompute.recompute(self.private, self.definitions)
        publish.publish(self.private, self.definitions, now)
        self._withdraw(now)
        return done.cells

    def declare(self, declared: Registry | None) -> None:
        """Take the registry as its files are now; the next round puts it into the store."""
        self.declared = declared
        self.intake.declare(declared)

    def close(self) -> None:
        """Release the store."""
        self.private.connection.close()

    # keeping the registry and the definitions

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
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)  # batches hold many small objects at once, and none of them in cycles
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
        yield app
    finally:
        connection.close()


def read_definitions(directory: Path) -> tuple[Definition, ...]:
    """The definitions of a folder. AppError with every problem where one is not sound."""
    found = catalogue.load(directory)
    if found.problems:
        raise AppError(check_text(found.problems, str(directory)).rstrip("\n"))
    return found.definitions


def read_registry(directory: Path | None, definitions: Sequence[Definition]) -> Registry | None:
    """The registry of a folder; None where none is named. AppError with every problem where it is not sound."""
    if directory is None:
        return None
    loaded = load_registry(directory, {d.id for d in definitions} or None, catalogue.purposes(PURPOSES))
    if loaded.registry is None:
        raise AppError(check_text(loaded.problems, str(directory)).rstrip("\n"))
    return loaded.registry
