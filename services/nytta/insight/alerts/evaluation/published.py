"""One organisation as it is published, beside what the registry says of it: what alerts rest on."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

from nytta.insight.store.alerts import Evidence
from nytta.insight.store.published_rows import Figures
from nytta.registry.programme import Plan
from nytta.registry.registry import Registry

T = TypeVar("T")


@dataclass(frozen=True)
class PublishedEvidence:
    """One organisation: what is published, and what the registry says."""

    root: str
    registry: Registry
    evidence: Evidence
    _places: dict[int, list[str]] = field(default_factory=dict, repr=False)
    _by_peer_group: dict[tuple[int, bool], dict[str, list[str]]] = field(
        default_factory=dict, repr=False
    )
    _ordered: dict[tuple[str, ...], dict[date, Figures]] = field(default_factory=dict, repr=False)
    _derived: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, what: Hashable, derived: Callable[[], T]) -> T:
        """What is derived from these figures, derived when it is first asked for: they never change."""
        if what not in self._derived:
            self._derived[what] = derived()
        value: T = self._derived[what]
        return value

    # units

    def units(self, day: date) -> list[str]:
        """Units whose cases and tickets are spoken of, in tree order."""
        return [unit.id for unit, _ in self.registry.tree(day) if unit.root == self.root]

    def places(self, day: date) -> list[str]:
        """Units whose staff are spoken of: reporting groups stand for their members; in tree order."""
        era = self.registry.era(day)
        if era in self._places:
            return self._places[era]
        groups = [group for group in self.registry.groups if day in group.span]
        members = {member for group in groups for member in group.units}
        # a group stands where its first member would
        group_by_first = {group.units[0]: group.id for group in groups}
        places = []
        for unit in self.units(day):
            if unit not in members:
                places.append(unit)
            if unit in group_by_first:
                places.append(group_by_first[unit])
        return self._places.setdefault(era, places)

    def member(self, place: str) -> str:
        """The unit itself, or the first member of a reporting group."""
        return self.registry.members(place)[0]

    def peers(self, place: str, day: date) -> list[str]:
        """Comparable units and groups, without the unit itself; of a member of a group, units."""
        _, alike = self._alike(place, day)
        return [peer for peer in alike if peer != place]

    def _alike(self, place: str, day: date) -> tuple[tuple[str, ...], list[str]]:
        """A name of the comparable units and groups of a place, and these, itself among them."""
        era = self.registry.era(day)
        singly = self.once(("places", era), lambda: frozenset(self.places(day)))
        group_key = (era, place in singly)
        places = self.places(day) if place in singly else self.units(day)
        if group_key not in self._by_peer_group:
            by_peer_group: dict[str, list[str]] = {}
            for candidate in places:
                by_peer_group.setdefault(self._peer_group(candidate, day), []).append(candidate)
            self._by_peer_group[group_key] = by_peer_group
        peer_group = self._peer_group(place, day)
        if not peer_group:
            return (), []
        return (peer_group, *map(str, group_key)), self._by_peer_group[group_key].get(
            peer_group, []
        )

    def _peer_group(self, place: str, day: date) -> str:
        return self.registry.unit(self.member(place), day).peer_group

    def live(self, system: str, place: str) -> date | None:
        """The day from which the unit, or every member of the group, is live."""
        return self.registry.live(system, place)

    def plan(self, system: str, indicator: str, place: str, day: date) -> Plan | None:
        """The plan in force for the unit, or for the group's first member."""
        return self.registry.plan(system, indicator, self.member(place), day)

    def target_of_use(self, system: str, indicator: str, place: str, day: date) -> int | None:
        """The intended share of use of the unit, or of the group's first member, in whole percent."""
        return self.registry.target_of_use(system, indicator, self.member(place), day)

    # figures

    def value(self, indicator: str, grain: str, unit: str, system: str, week: date) -> float | None:
        """A published value; None where none is shown."""
        return self.evidence.values.value((indicator, grain, unit, system, week))

    def fact(
        self, fact: str, unit: str, system: str, week: date, part: str = ""
    ) -> dict[str, Any] | None:
        """One fact's row; None where none is shown."""
        rows = self.evidence.facts.get((fact, unit, system, week), [])
        return next((row for row in rows if part in ("", row["part"])), None)

    def facts_of_week(
        self, fact: str, week: date
    ) -> Mapping[tuple[str, str], Sequence[dict[str, Any]]]:
        """The rows of a fact in a week, by unit and system."""
        return self.once((fact, week), partial(self._facts_of_week, fact, week))

    def _facts_of_week(self, fact: str, week: date) -> dict[tuple[str, str], list[dict[str, Any]]]:
        facts = self.evidence.facts.items()
        return {
            (unit, system): rows
            for (name, unit, system, day), rows in facts
            if (name, day) == (fact, week)
        }

    def unrealised_hours(self, units: Sequence[str], system: str) -> list[dict[str, Any]]:
        """The rows of unrealised hours of these units in a system, whatever the week."""
        by_place = self.once("unrealised_hours", self._unrealised_hours)
        return [row for unit in units for row in by_place.get((unit, system), ())]

    def _unrealised_hours(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        by_place: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for (fact, unit, system, _), rows in self.evidence.facts.items():
            if fact == "unrealised_hours":
                by_place[unit, system] += rows
        return dict(by_place)

    def systems(self, indicator: str) -> list[str]:
        """Systems with published figures of an indicator."""
        return sorted(
            {system for other, _, _, system in self.evidence.values.series if other == indicator}
        )

    def among_peers(
        self, indicator: str, grain: str, unit: str, system: str, week: date
    ) -> list[float]:
        """Published values of comparable units, the least first."""
        name, peer_units = self._alike(unit, week + timedelta(days=6))
        # kept of all alike, for each of them is held against the others
        key = (indicator, grain, system, *name)
        if key not in self._ordered:
            self._ordered[key] = self.evidence.values.ordered(
                indicator, grain, system, set(peer_units)
            )
        figures = self._ordered[key].get(week)
        if figures is None:
            return []
        other_figures: list[float] = figures.tolist()
        own = self.value(indicator, grain, unit, system, week)
        if own is not None and unit in peer_units:
            del other_figures[bisect_left(other_figures, own)]
        return other_figures
