"""One organisation as it is published, beside what the registry says of it: what alerts rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from nytta.insight.store.alerts import Evidence
from nytta.registry.programme import Plan
from nytta.registry.registry import Registry


@dataclass(frozen=True)
class PublishedEvidence:
    """One organisation: what is published, and what the registry says."""

    root: str
    registry: Registry
    evidence: Evidence
    _places: dict[date, list[str]] = field(default_factory=dict, repr=False)
    _by_peer_group: dict[tuple[date, int], dict[str, list[str]]] = field(default_factory=dict, repr=False)

    # units

    def units(self, day: date) -> list[str]:
        """Units whose cases and tickets are spoken of, in tree order."""
        return [unit.id for unit, _ in self.registry.tree(day) if unit.root == self.root]

    def places(self, day: date) -> list[str]:
        """Units whose staff are spoken of: reporting groups stand for their members; in tree order."""
        if day in self._places:
            return self._places[day]
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
        return self._places.setdefault(day, places)

    def member(self, place: str) -> str:
        """The unit itself, or the first member of a reporting group."""
        return self.registry.members(place)[0]

    def peers(self, place: str, day: date) -> list[str]:
        """Comparable units and groups, without the unit itself; of a member of a group, units."""
        places = self.places(day)
        if place not in places:
            places = self.units(day)
        key = (day, len(places))
        if key not in self._by_peer_group:
            by_peer_group: dict[str, list[str]] = {}
            for candidate in places:
                by_peer_group.setdefault(self._peer_group(candidate, day), []).append(candidate)
            self._by_peer_group[key] = by_peer_group
        peer_group = self._peer_group(place, day)
        if not peer_group:
            return []
        return [peer for peer in self._by_peer_group[key].get(peer_group, []) if peer != place]

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
        row = self.evidence.values.get((indicator, grain, unit, system, week))
        return None if row is None else row["value"]

    def fact(self, fact: str, unit: str, system: str, week: date, part: str = "") -> dict[str, Any] | None:
        """One fact's row; None where none is shown."""
        rows = self.evidence.facts.get((fact, unit, system, week), [])
        return next((row for row in rows if part in ("", row["part"])), None)

    def systems(self, indicator: str) -> list[str]:
        """Systems with published figures of an indicator."""
        return sorted({key[3] for key in self.evidence.values if key[0] == indicator})

    def among_peers(self, indicator: str, grain: str, unit: str, system: str, week: date) -> list[float]:
        """Published values of comparable units."""
        peers = self.peers(unit, week + timedelta(days=6))
        values = [self.value(indicator, grain, peer, system, week) for peer in peers]
        return [value for value in values if value is not None]
