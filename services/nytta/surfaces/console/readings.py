"""What pages read: one organisation's published rows at one version of the open zone, read once and kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.rollout import WEEKLY
from nytta.insight.alerts.model import Alert
from nytta.insight.store.alerts import AlertStore
from nytta.insight.store.effects import PublishedEffect, published_effects
from nytta.insight.store.statements import PublishedStatement, Statements
from nytta.insight.store.states import read_states
from nytta.registry.registry import Registry
from nytta.registry.units import Names
from nytta.surfaces.console import queries
from nytta.surfaces.console.parts import Link, Refused

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

_OF_ALERTS: Final = (5, 6)
"""The places in a version that tell of alerts and deliveries, which change far more often than figures."""

LEADING: Final = (
    *(
        "intended-use",
        "weekly-breadth",
        "enrolment",
        "activation",
        "digital-intake",
        "digital-take-up",
    ),
    *("self-service", "e-service-take-up", "fallback", "rework", "lead-time", "tickets-per-100"),
)
"""Indicators from the one that says most about use on; the others follow in order of their ids."""


StateRow = Mapping[str, Any]
"""A published row of a derived indicator: its state, its value, and the figures that it rests on."""


@dataclass(frozen=True)
class Reading:
    """One organisation as it is published: `week` is the Monday of the last closed week with figures."""

    root: str
    published: PublishedEvidence
    week: date
    alerts: tuple[Alert, ...]
    statement: PublishedStatement | None
    """What was stated last of benefits; None where nothing was."""
    states: tuple[StateRow, ...]
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

    def row(
        self, indicator: str, unit: str, system: str, week: date | None = None
    ) -> dict[str, Any] | None:
        """The published row of an indicator's window that ends with `week` (else with the last one)."""
        return self.published.evidence.values.get(
            (indicator, "window", unit, system, week or self.week)
        )

    def state_rows(self, indicator: str, unit: str, system: str) -> list[StateRow]:
        """The last week's rows of a derived indicator of a unit and system."""
        return list(self._states_by_place.get((indicator, unit, system), ()))

    def open_alerts(self, units: Collection[str]) -> list[Alert]:
        """Live alerts of these units."""
        return [alert for alert in self.alerts if alert.live and alert.key.unit in units]

    def alerts_about(self, unit: str, system: str) -> list[Alert]:
        """Live alerts of a unit and a system."""
        return list(self._alerts_by_place.get((unit, system), ()))

    @cached_property
    def _states_by_place(self) -> Mapping[tuple[str, str, str], Sequence[StateRow]]:
        by_place: defaultdict[tuple[str, str, str], list[StateRow]] = defaultdict(list)
        for row in self.states:
            by_place[row["what"], row["unit"], row["system"]].append(row)
        return by_place

    @cached_property
    def _alerts_by_place(self) -> Mapping[tuple[str, str], Sequence[Alert]]:
        by_place: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
        for alert in self.alerts:
            if alert.live:
                by_place[alert.key.unit, alert.key.system].append(alert)
        return by_place

    def systems(self, unit: str) -> list[str]:
        """Systems with rows about the unit in the last year, in the registry's order."""
        return self.systems_of({unit})

    def systems_of(self, units: Collection[str] | None = None) -> list[str]:
        """Systems with rows about any of these units (None for every one) in the last year, in the registry's order."""
        rows = self.published.evidence.values
        if units is None:
            shown_ids = {*rows.measured("window")}
        else:
            shown_ids = {system for unit in units for system in rows.systems("window", unit)}
        declared_ids = [system.id for system in self.registry.systems if system.id in shown_ids]
        # the registry may have dropped a system since
        return declared_ids + sorted(shown_ids - set(declared_ids))

    def figures(self, indicator: str, system: str) -> Mapping[str, float | None]:
        """The last week's figures of all units, by unit; None where a row shows none."""
        return self.published.evidence.values.figures(indicator, "window", system, self.week)

    def measured(self, system: str) -> list[str]:
        """Indicators with rows about any unit and the system in the last year, the telling ones first."""
        return self._telling(self.published.evidence.values.measured("window").get(system, ()))

    @cached_property
    def shown_places(self) -> frozenset[str]:
        """Units and groups of which any figure is shown in the last week."""
        shown: set[str] = set()
        for system, indicators in self.published.evidence.values.measured("window").items():
            for indicator in self.definitions.keys() & indicators:
                figures = self.figures(indicator, system)
                shown |= {unit for unit, figure in figures.items() if figure is not None}
        return frozenset(shown)

    @cached_property
    def tree_order(self) -> Mapping[str, int]:
        """The position of each place, so that lists stand in the order of the tree and none is a ranking."""
        return {place: position for position, place in enumerate(self.published.places(self.day))}

    @cached_property
    def parents(self) -> frozenset[str]:
        """Units above others, whose figures repeat what those below them have."""
        units = self.registry.units_at(self.day).values()
        return frozenset(unit.parent for unit in units if unit.parent is not None)

    def indicators(self, unit: str, system: str) -> list[str]:
        """Indicators with a row about the unit and system in the last week, the telling ones first."""
        return self._telling(
            self.published.evidence.values.indicators("window", unit, system, self.week)
        )

    def _telling(self, indicators: Collection[str]) -> list[str]:
        """Those of these indicators that are defined, the telling ones first."""
        defined_ids = self.definitions.keys() & indicators
        leading_ids = [indicator_id for indicator_id in LEADING if indicator_id in defined_ids]
        return leading_ids + sorted(defined_ids - set(LEADING))

    def leading(self, unit: str, system: str) -> str | None:
        """The most telling indicator that shows a figure of the unit."""
        for indicator in self.indicators(unit, system):
            row = self.row(indicator, unit, system)
            if row is not None and row["value"] is not None:
                return indicator
        return None

    def unit_names(self, unit: str) -> Names:
        """The name of a unit or reporting group; its id where it exists no more."""
        return self.registry.place_names(unit, self.day)

    def unit_link(self, unit: str, language: str) -> Link:
        """The name of a unit or reporting group, which leads to its page."""
        return Link(self.unit_names(unit).text(language), f"/units/{unit}")

    def case_type_name(self, system: str, case_type: str, language: str) -> str:
        """The name of a case type; its id where the registry has it no more."""
        return self.registry.case_type_names(system, case_type).text(language)

    def system_names(self, system: str) -> Names:
        """The name of a system."""
        return self.registry.system_names(system)


class Readings:
    """Readings of every organisation, each read again only when something was published."""

    def __init__(
        self,
        store: OpenStore,
        registry: Callable[[], Registry],
        definitions: Callable[[], Sequence[Definition]],
    ) -> None:
        self.store = store
        self._registry = registry
        self._definitions = definitions
        self._by_root: OrderedDict[str, Reading] = OrderedDict()
        self._lock = threading.RLock()
        self._version: tuple[Any, ...] = ()
        self._declared_registry: Registry | None = None
        self._declarations = 0
        self._looked_at = float("-inf")

    def version(self) -> tuple[Any, ...]:
        """The version of all that is published; looked up once a second."""
        with self._lock:
            if time.monotonic() - self._looked_at > _LOOK_SECONDS:
                registry = self._registry()
                if registry is not self._declared_registry:
                    self._declared_registry, self._declarations = registry, self._declarations + 1
                self._version = (*self.store.connection.rows(_VERSION)[0], self._declarations)
                self._looked_at = time.monotonic()
            return self._version

    def changed(self) -> None:
        """Something was written by the console itself: look again at once."""
        with self._lock:
            self._looked_at = float("-inf")

    def of(self, root: str) -> Reading:
        """The reading of an organisation. Refused where nothing is published of it."""
        with self._lock:
            version = self.version()
            reading = self._by_root.get(root)
            if reading is None or reading.version != version:
                reading = self._read(root, version, reading)
                self._by_root[root] = reading
                if len(self._by_root) > _KEPT:
                    self._by_root.popitem(last=False)
            self._by_root.move_to_end(root)
            return reading

    def _read(self, root: str, version: tuple[Any, ...], previous: Reading | None) -> Reading:
        registry = self._registry()
        alert_store = AlertStore(self.store.connection)
        week = self._last_week(root)
        if previous is not None and _same_figures(previous.version, version):
            published, coverage = previous.published, previous.coverage
        else:
            evidence = alert_store.evidence(
                root,
                week - _REACH,
                week,
                weekly=WEEKLY,
                earlier=None if previous is None else previous.published.evidence,
                since=0 if previous is None else previous.version[0],
            )
            published = PublishedEvidence(root, registry, evidence)
            coverage = tuple(queries.coverage(self.store, root, week))
        return Reading(
            root,
            published,
            week,
            tuple(alert_store.alerts(root)),
            Statements(self.store.connection).latest(root),
            tuple(read_states(self.store.connection, organisation=root, week=week)),
            tuple(published_effects(self.store.connection, root)),
            coverage,
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


def _same_figures(previous: tuple[Any, ...], version: tuple[Any, ...]) -> bool:
    """Whether two versions differ in nothing but what is kept of alerts and their deliveries."""
    return all(
        before == now
        for place, (before, now) in enumerate(zip(previous, version, strict=True))
        if place not in _OF_ALERTS
    )
