"""The registry: what is known about the organisations, and the questions that other parts ask of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from nytta.registry.codes import Places, places, resolver
from nytta.registry.paths import by_id, chains
from nytta.registry.programme import Benefit, Cost, Decision, Deviation, Milestone, Plan, Suggestion, Survey
from nytta.registry.retention import Disposal, Rule
from nytta.registry.systems import CaseType, System
from nytta.registry.units import ANY_PURPOSE, Addressee, Approval, Organisation, ReportingGroup, Unit, UnitCode


@dataclass(frozen=True)
class Registry:
    """One consistent state of the registry.

    `units` holds all versions of all units, roots included, as declared.

    Consistent means what `load` checks: the tree has no cycle on any day, no unit outlives its parent, and
    every id that is named exists. Methods that take a unit and a day raise KeyError where the unit does not
    exist on that day.
    """

    organisations: tuple[Organisation, ...]
    units: tuple[Unit, ...]
    groups: tuple[ReportingGroup, ...] = ()
    codes: tuple[UnitCode, ...] = ()
    approvals: tuple[Approval, ...] = ()
    disposals: tuple[Disposal, ...] = ()
    systems: tuple[System, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    plans: tuple[Plan, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    decisions: tuple[Decision, ...] = ()
    costs: tuple[Cost, ...] = ()
    surveys: tuple[Survey, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    def units_at(self, day: date) -> dict[str, Unit]:
        """The version of each unit that exists on `day`, in declared order."""
        return {unit.id: unit for unit in self.units if day in unit.span}

    def unit(self, unit: str, day: date) -> Unit:
        """The version of `unit` on `day`."""
        for version in self._versions.get(unit, ()):
            if day in version.span:
                return version
        raise KeyError(f"unit '{unit}' does not exist on {day}")

    def ancestors(self, unit: str, day: date) -> list[Unit]:
        """The units above `unit` on `day`, the nearest first, the root last."""
        above: list[Unit] = []
        parent = self.unit(unit, day).parent
        while parent is not None:
            above.append(self.unit(parent, day))
            parent = above[-1].parent
        return above

    def tree(self, day: date) -> list[tuple[Unit, int]]:
        """All units of `day` with their depth, each before the units below it, siblings in declared order."""
        below: defaultdict[str | None, list[Unit]] = defaultdict(list)
        for unit in self.units_at(day).values():
            below[unit.parent].append(unit)
        stack = [(unit, 0) for unit in reversed(below[None])]
        rows: list[tuple[Unit, int]] = []
        while stack:
            unit, depth = stack.pop()
            rows.append((unit, depth))
            stack += [(child, depth + 1) for child in reversed(below[unit.id])]
        return rows

    def descendants(self, unit: str, day: date) -> list[Unit]:
        """The units below `unit` on `day`, in tree order, without itself."""
        self.unit(unit, day)
        rows = self.tree(day)
        start = next(number for number, (candidate, _) in enumerate(rows) if candidate.id == unit)
        descendants: list[Unit] = []
        for descendant, depth in rows[start + 1 :]:
            if depth <= rows[start][1]:
                break
            descendants.append(descendant)
        return descendants

    def peers(self, unit: str, day: date) -> list[str]:
        """The other units of the same peer group on `day`; none for a unit without a peer group."""
        group = self.unit(unit, day).peer_group
        return [
            peer.id for peer in self.units_at(day).values() if group and peer.peer_group == group and peer.id != unit
        ]

    def organisation(self, root: str) -> Organisation:
        """The organisation of a root unit. KeyError when there is none."""
        return self._organisations[root]

    @cached_property
    def _places(self) -> Places:
        return places(self.codes, self.units)

    @cached_property
    def _members(self) -> Mapping[str, tuple[str, ...]]:
        return {group.id: group.units for group in self.groups}

    @cached_property
    def _roots(self) -> Mapping[str, str]:
        return {unit.id: unit.root for unit in self.units}

    @cached_property
    def zones(self) -> Mapping[str, ZoneInfo]:
        """The time zone of each root unit."""
        return {organisation.id: ZoneInfo(organisation.timezone) for organisation in self.organisations}

    def resolve(self, codes: Sequence[str], source: str, day: date) -> list[str | None]:
        """The unit behind each code that `source` used on `day`; None for a code without a unit on that day.

        A code mapped for the source comes first and never falls back; any other code is taken for a unit's
        id.
        """
        resolved = {code: self.resolve_one(code, source, day) for code in set(codes)}
        return [resolved[code] for code in codes]

    def resolve_rows(self, rows: Iterable[tuple[str, str, date]]) -> list[str | None]:
        """As `resolve`, for rows of (code, source, day)."""
        resolved: dict[tuple[str, str, date], str | None] = {}
        return [resolved[row] if row in resolved else resolved.setdefault(row, self.resolve_one(*row)) for row in rows]

    @cached_property
    def resolve_one(self) -> Callable[[str, str, date], str | None]:
        """As `resolve`, for one (code, source, day)."""
        return resolver(self._places)

    def root_of(self, code: str, source: str) -> str:
        """The organisation to which a code of `source` belongs, whatever the day; '' where that is open."""
        if len(self.organisations) == 1:
            return self.organisations[0].id
        roots = {self._roots[unit] for _, unit in self._places(code, source)}
        return roots.pop() if len(roots) == 1 else ""

    def group(self, unit: str, day: date) -> ReportingGroup | None:
        """The reporting group that `unit` belongs to on `day`."""
        return next((group for group in self.groups if unit in group.units and day in group.span), None)

    def addressee(self, unit: str, day: date) -> Addressee | None:
        """Who gets messages about `unit` on `day`; None when nobody is named, up to the root.

        The manager of the unit's reporting group comes before the unit's own: such a unit is only shown as
        part of the group. Above the unit, the nearest manager counts. A delegate stands in on the days of the
        delegation.
        """
        group = self.group(unit, day)
        if group is not None:
            return Addressee(group.manager, group.id, "group_manager")
        for place in (self.unit(unit, day), *self.ancestors(unit, day)):
            if place.delegate is not None and day in place.delegate.span:
                return Addressee(place.delegate.contact, place.id, "delegate")
            if place.manager is not None:
                return Addressee(place.manager, place.id, "manager" if place.id == unit else "inherited")
        return None

    def system(self, system: str) -> System | None:
        """The system of that id; None when the registry does not know it."""
        return self._systems.get(system)

    def case_type(self, system: str, case_type: str) -> CaseType | None:
        """The case type of that id in a system; None when the registry does not know it."""
        registered = self._systems.get(system)
        return (
            next((candidate for candidate in registered.case_types if candidate.id == case_type), None)
            if registered
            else None
        )

    def processes(self, system: str, day: date) -> bool:
        """Whether events of `system` that happened on `day` may be processed; of systems not known here, they may."""
        registered = self._systems.get(system)
        return registered is None or not any(day in span for span in registered.stops)

    def go_live(self, system: str, unit: str) -> date | None:
        """The day on which `unit` went live with `system`: its own, else the nearest above, else everyone's.

        A unit that moves under one that is already live goes live on the day of the move. None when no day is
        set.
        """
        registered = self._systems.get(system)
        if registered is None:
            return None
        unit_days = dict(registered.go_lives)
        days: list[date] = []
        for version in self._versions.get(unit, ()):
            for span, chain in chains(version, self._versions):
                day = next(
                    (unit_days[ancestor.id] for ancestor in chain if ancestor.id in unit_days), registered.go_live
                )
                if day is not None and day < span.valid_to:
                    moved = span.valid_from > self._versions[unit][0].valid_from
                    days.append(max(day, span.valid_from) if moved else day)
        return min(days, default=None)

    def members(self, place: str) -> tuple[str, ...]:
        """The units of a reporting group; of a unit, itself."""
        return self._members.get(place, (place,))

    def live(self, system: str, place: str) -> date | None:
        """The day from which a unit, or every member of a reporting group, is live; None where one has no such day."""
        days = [self.go_live(system, unit) for unit in self.members(place)]
        return None if None in days else max(day for day in days if day is not None)

    def plan(self, system: str, indicator: str, unit: str, day: date) -> Plan | None:
        """The plan with targets that holds for `unit` on `day`: its own, else the nearest above it."""
        for place in (unit, *(above.id for above in self.ancestors(unit, day))):
            for plan in self.plans:
                named = (plan.unit, plan.system, plan.indicator) == (place, system, indicator)
                if named and plan.targets and day in plan.span:
                    return plan
        return None

    def target_of_use(self, system: str, indicator: str, unit: str, day: date) -> int | None:
        """The intended share of use in whole percent: the last target of the plan, else the benefit's."""
        plan = self.plan(system, indicator, unit, day)
        if plan is not None:
            return round(plan.targets[-1].value / 10)
        for benefit in self.benefits:
            adoption = benefit.adoption
            if (
                (benefit.unit, benefit.system) == (unit, system)
                and adoption
                and adoption.indicator == indicator
                and adoption.target
            ):
                return round(adoption.target / 10)
        return None

    def deviation(self, system: str, unit: str, day: date, case_type: str = "") -> Deviation | None:
        """The agreement by which `unit`, or a unit above it, does not use `system` on `day`.

        With a case type, agreements about that case type count too; without, only those about the whole
        system.
        """
        places = {unit, *(above.id for above in self.ancestors(unit, day))}
        for deviation in self.deviations:
            about = deviation.system == system and deviation.case_type in ("", case_type)
            if about and deviation.unit in places and day in deviation.span:
                return deviation
        return None

    def suggested(self, alert: str, system: str) -> tuple[Suggestion, ...]:
        """What is to be suggested about an alert of a kind: what names the system, else what names none."""
        about = [suggestion for suggestion in self.suggestions if suggestion.alert == alert]
        system_suggestions = tuple(suggestion for suggestion in about if suggestion.system == system)
        return system_suggestions or tuple(suggestion for suggestion in about if not suggestion.system)

    def approval(self, purpose: str, root: str) -> Approval:
        """What is in place in the organisation `root` for indicators of `purpose`; an empty one where nothing is.

        An approval that names the organisation comes before one for all, one for the purpose before one for
        any.
        """
        about = [
            approval
            for approval in self.approvals
            if approval.purpose in (purpose, ANY_PURPOSE) and approval.organisation in ("", root)
        ]
        about.sort(key=lambda approval: (approval.organisation == "", approval.purpose == ANY_PURPOSE))
        return about[0] if about else Approval(purpose, root)

    def unapproved(self, purpose: str, root: str, day: date) -> tuple[str, ...]:
        """What is missing on `day` before indicators of `purpose` may be computed for the organisation `root`.

        Words of the registry's `approvals`; empty where all is in place. Public data need no approval.
        """
        return () if self.organisation(root).public_data else self.approval(purpose, root).missing(day)

    def disposal(self, rule: Rule, root: str) -> Disposal | None:
        """The decision under which what `rule` is about may be disposed of in the organisation `root`; None without.

        A decision that names the organisation comes before one for all.
        """
        about = [
            disposal for disposal in self.disposals if disposal.rule is rule and disposal.organisation in ("", root)
        ]
        return min(about, key=lambda disposal: disposal.organisation == "", default=None)

    def approved(self, purpose: str, root: str, day: date) -> bool:
        """Whether indicators of `purpose` may be computed for the organisation `root` on `day`."""
        return not self.unapproved(purpose, root, day)

    @cached_property
    def _versions(self) -> dict[str, list[Unit]]:
        return {
            unit: sorted(versions, key=lambda unit: unit.valid_from) for unit, versions in by_id(self.units).items()
        }

    @cached_property
    def _organisations(self) -> dict[str, Organisation]:
        return {organisation.id: organisation for organisation in self.organisations}

    @cached_property
    def _systems(self) -> dict[str, System]:
        return {system.id: system for system in self.systems}
