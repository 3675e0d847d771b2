"""On what a statement rests: an organisation, its registry, and the evidence of a closed week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from nytta.insight.benefits.evidence import Evidence
from nytta.registry.programme import Benefit
from nytta.registry.registry import Registry
from nytta.registry.systems import Minutes
from nytta.registry.units import Names, Organisation


@dataclass(frozen=True)
class Basis:
    """What everything in a statement is looked up in, as it is on the last day of the closed week."""

    organisation: Organisation
    registry: Registry
    evidence: Evidence

    @property
    def day(self) -> date:
        """The last day of the closed week."""
        return self.evidence.week + timedelta(days=6)

    def unit_names(self, unit: str) -> Names:
        """The names of a unit or reporting group; of a unit that has ended its last ones."""
        return self.registry.place_names(unit, self.day)

    def places(self) -> dict[str, Names]:
        """Units, and reporting groups before their first member, in tree order."""
        # a group stands where its first member would
        groups = {group.units[0]: group for group in self.registry.groups if self.day in group.span}
        names_by_place: dict[str, Names] = {}
        for unit, _depth in self.registry.tree(self.day):
            if unit.root != self.organisation.id:
                continue
            if unit.id in groups:
                names_by_place[groups[unit.id].id] = groups[unit.id].names
            names_by_place[unit.id] = unit.names
        return names_by_place

    def place_of(self, unit: str) -> str:
        """The reporting group of a unit, else the unit."""
        group = self.registry.group(unit, self.day)
        return group.id if group else unit

    def unit_with_those_above(self, unit: str) -> Iterator[str]:
        """A unit and the units above it; alone where it has ended."""
        yield unit
        if self._exists(unit):
            yield from (ancestor.id for ancestor in self.registry.ancestors(unit, self.day))

    def unit_with_those_below(self, unit: str) -> Iterator[str]:
        """A unit and the units below it; alone where it has ended."""
        yield unit
        if self._exists(unit):
            yield from (descendant.id for descendant in self.registry.descendants(unit, self.day))

    def _exists(self, unit: str) -> bool:
        return any(
            version.id == unit and self.day in version.span for version in self.registry.units
        )

    def minutes(self, benefit: Benefit, case_type: str) -> Minutes | None:
        """What a case takes before and after: as the benefit says, else as the registry says of the case type."""
        registered = self.registry.case_type(benefit.system, case_type)
        return benefit.minutes or (registered.minutes if registered else None)
