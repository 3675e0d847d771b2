"""What pages read: one organisation's published rows at one version of the open zone, read once and kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.model import Alert
from nytta.insight.store.alerts import AlertStore
from nytta.insight.store.effects import PublishedEffect, published_effects
from nytta.insight.store.statements import PublishedStatement, Statements
from nytta.insight.store.states import read_states
from nytta.registry.registry import Registry
from nytta.registry.units import Names
from nytta.surfaces.console import queries
from nytta.surfaces.console.parts import Refused

WEEKS: Final = 52
"""So many weeks a page shows."""
_REACH: Final = timedelta(weeks=56)
_LOOK_SECONDS: Final = 1.0
_KEPT: Final = 16

_VERSION = """
SELECT (SELECT max(publication) FROM {open}.published_values), (SELECT max(publication) FROM {open}.published_signals),
       (SELECT max(publication) FROM {open}.published_facts), (SELECT max(publication) FROM {open}.decision_acts),
       (SELECT max(publication) FROM {open}.benefit_statements), (SELECT max(version) FROM {open}.alert_records),
       (SELECT max(version) FROM {open}.deliveries), (SELECT max(loaded) FROM {open}.registry_loads),
       (SELECT max(publication) FROM {open}.published_states), (SELECT max(told_at) FROM {open}.published_effects)
"""

LEADING: Final = (
    *("intended-use", "weekly-breadth", "enrolment", "activation", "digital-intake", "digital-take-up"),
    *("self-service", "e-service-take-up", "fallback", "rework", "lead-time", "tickets-per-100"),
)
"""Indicators from the one that says most about use on; the others follow in order of their ids."""


@dataclass(frozen=True)
class Reading:
    """One organisation as it is published: `week` is the Monday of the last closed week with figures."""

    root: str
    published: PublishedEvidence
    week: date
    alerts: tuple[Alert, ...]
    said: PublishedStatement | None
    states: tuple[Mapping[str, Any], ...]
    effects: tuple[PublishedEffect, ...]
    coverage: tuple[tuple[str, str, int], ...]
    definitions: Mapping[str, Definition]
    version: tuple[Any, ...]

    @property
    def registry(self) -> Registry:
        """The registry of the reading."""
        return self.published.registry

    @property
    def day(self) -> date:
        """The last day of the last week."""
        return self.week + timedelta(days=6)

    @property
    def weeks(self) -> list[date]:
        """Mondays of the weeks that are shown, the oldest first."""
        return [self.week - timedelta(weeks=offset) for offset in reversed(range(WEEKS))]

    def row(self, indicator: str, unit: str, system: str, week: date | None = None) -> dict[str, Any] | None:
        """The published row of an indicator's window that ends with `week` (else with the last one)."""
        return self.published.evidence.values.get((indicator, "window", unit, system, week or self.week))

    def told(self, state_name: str, unit: str, system: str) -> list[Mapping[str, Any]]:
        """The last week's rows of a derived indicator of a unit and system."""
        return [row for row in self.states if (row["what"], row["unit"], row["system"]) == (state_name, unit, system)]

    def systems(self, unit: str) -> list[str]:
        """Systems with rows about the unit in the last year, in the registry's order."""
        shown_ids = {key[3] for key in self.published.evidence.values if key[1] == "window" and key[2] == unit}
        declared_ids = [system.id for system in self.registry.systems if system.id in shown_ids]
        return declared_ids + sorted(shown_ids - set(declared_ids))

    def indicators(self, unit: str, system: str) -> list[str]:
        """Indicators with a row about the unit and system in the last week, the telling ones first."""
        shown_ids = {
            key[0]
            for key in self.published.evidence.values
            if key[1:4] == ("window", unit, system) and key[4] == self.week
        } & set(self.definitions)
        return [indicator_id for indicator_id in LEADING if indicator_id in shown_ids] + sorted(
            shown_ids - set(LEADING)
        )

    def leading(self, unit: str, system: str) -> str | None:
        """The most telling indicator that shows a figure of the unit."""
        for indicator in self.indicators(unit, system):
            row = self.row(indicator, unit, system)
            if row is not None and row["value"] is not None:
                return indicator
        return None

    def unit_names(self, unit: str) -> Names:
        """The name of a unit or reporting group; its id where it exists no more."""
        group = next((group for group in self.registry.groups if group.id == unit), None)
        if group is not None:
            return group.names
        versions = [version for version in self.registry.units if version.id == unit]
        return next(
            (version.names for version in versions if self.day in version.span),
            versions[-1].names if versions else Names.of(unit),
        )

    def system_names(self, system: str) -> Names:
        """The name of a system."""
        registered = self.registry.system(system)
        return registered.names if registered else Names.of(system)


class Readings:
    """Readings of every organisation, each read again only when something was published."""

    def __init__(
        self, store: OpenStore, registry: Callable[[], Registry], definitions: Callable[[], Sequence[Definition]]
    ) -> None:
        self.store = store
        self._registry = registry
        self._definitions = definitions
        self._kept: OrderedDict[str, Reading] = OrderedDict()
        self._one = threading.RLock()
        self._version: tuple[Any, ...] = ()
        self._seen: Registry | None = None
        self._declared = 0
        self._looked = float("-inf")

    def version(self) -> tuple[Any, ...]:
        """The version of all that is published; looked up once a second."""
        with self._one:
            if time.monotonic() - self._looked > _LOOK_SECONDS:
                registry = self._registry()
                if registry is not self._seen:
                    self._seen, self._declared = registry, self._declared + 1
                self._version = (*self.store.connection.rows(_VERSION)[0], self._declared)
                self._looked = time.monotonic()
            return self._version

    def changed(self) -> None:
        """Something was written by the console itself: look again at once."""
        with self._one:
            self._looked = float("-inf")

    def of(self, root: str) -> Reading:
        """The reading of an organisation. Refused where nothing is published of it."""
        with self._one:
            version = self.version()
            reading = self._kept.get(root)
            if reading is None or reading.version != version:
                reading = self._read(root, version, reading)
                self._kept[root] = reading
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(root)
            return reading

    def _read(self, root: str, version: tuple[Any, ...], previous: Reading | None) -> Reading:
        registry = self._registry()
        book = AlertStore(self.store.connection)
        week = self._last_week(root)
        same = previous is not None and (*previous.version[:5], *previous.version[7:]) == (*version[:5], *version[7:])
        if previous is not None and same:  # only the book changed
            published = previous.published
        else:
            published = PublishedEvidence(root, registry, book.evidence(root, week - _REACH, week))
        return Reading(
            root,
            published,
            week,
            tuple(book.alerts(root)),
            Statements(self.store.connection).latest(root),
            tuple(read_states(self.store.connection, organisation=root, week=week)),
            tuple(published_effects(self.store.connection, root)),
            previous.coverage if previous is not None and same else tuple(queries.coverage(self.store, root, week)),
            {definition.id: definition for definition in self._definitions()},
            version,
        )

    def _last_week(self, root: str) -> date:
        latest: date = self.store.connection.value(
            "SELECT max(period) FROM {open}.published_values WHERE organisation = {root:String} AND grain = 'window'",
            root=root,
        )
        if latest.year < 2000:
            raise Refused(404, "no_figures")
        return latest
