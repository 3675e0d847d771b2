"""The registry: what is known about the organisations, and the questions that other parts ask of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from nytta.registry.codes import Places, places, resolver
from nytta.registry.paths import by_id, chains
from nytta.registry.programme import (
    Benefit,
    Cost,
    Decision,
    Deviation,
    Milestone,
    Plan,
    Suggestion,
    Survey,
)
from nytta.registry.retention import Disposal, Rule
from nytta.registry.systems import CaseType, System
from nytta.registry.units import (
    ANY_PURPOSE,
    Addressee,
    Approval,
    Names,
    Organisation,
    ReportingGroup,
    Unit,
    UnitCode,
)

_TREES_KEPT: Final = 16
"""Trees of as many eras are remembered; a page or a round asks about few days."""


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

    def era(self, day: date) -> int:
        """A number that is the same for all days around `day` on which the same units and groups exist."""
        return bisect_right(self._turns, day)

    def units_at(self, day: date) -> dict[str, Unit]:
        """The version of each unit that exists on `day`, in declared order."""
        return {unit.id: unit for unit in self.units if unit.valid_from <= day < unit.valid_to}

    def unit(self, unit: str, day: date) -> Unit:
        """The version of `unit` on `day`."""
        for version in self._versions.get(unit, ()):
            if day in version.span:
                return version
        raise KeyError(f"unit '{unit}' does not exist on {day}")

    def ancestors(self, unit: str, day: date) -> list[Unit]:
        """The units above `unit` on `day`, the nearest first, the root last."""
        ancestors: list[Unit] = []
        # ends, because `load` has refused every tree with a cycle
        parent = self.unit(unit, day).parent
        while parent is not None:
            ancestor = self.unit(parent, day)
            ancestors.append(ancestor)
            parent = ancestor.parent
        return ancestors

    def tree(self, day: date) -> list[tuple[Unit, int]]:
        """All units of `day` with their depth, each before the units below it, siblings in declared order."""
        era = self.era(day)
        tree = self._trees.get(era)
        if tree is None:
            tree = self._tree(day)
            # emptied rather than grown: a registry may have hundreds of eras
            if len(self._trees) >= _TREES_KEPT:
                self._trees.clear()
            self._trees[era] = tree
        # a copy, for what is remembered must not change with what a caller does to it
        return list(tree)

    def _tree(self, day: date) -> list[tuple[Unit, int]]:
        children: defaultdict[str | None, list[Unit]] = defaultdict(list)
        for unit in self.units_at(day).values():
            children[unit.parent].append(unit)
        # a stack rather than a call for each level; reversed, for the last put on it is the first taken
        stack = [(root, 0) for root in reversed(children[None])]
        units_with_depth: list[tuple[Unit, int]] = []
        while stack:
            unit, depth = stack.pop()
            units_with_depth.append((unit, depth))
            stack += [(child, depth + 1) for child in reversed(children[unit.id])]
        return units_with_depth

    def descendants(self, unit: str, day: date) -> list[Unit]:
        """The units below `unit` on `day`, in tree order, without itself."""
        self.unit(unit, day)  # KeyError where it does not exist
        tree = self.tree(day)
        position = next(
            number for number, (candidate, _) in enumerate(tree) if candidate.id == unit
        )
        _, own_depth = tree[position]
        descendants: list[Unit] = []
        # in tree order they follow the unit at once, each deeper than it
        for descendant, depth in tree[position + 1 :]:
            if depth <= own_depth:
                break
            descendants.append(descendant)
        return descendants

    def peers(self, unit: str, day: date) -> list[str]:
        """The other units of the same peer group on `day`; none for a unit without a peer group."""
        group = self.unit(unit, day).peer_group
        if not group:
            return []
        members = [
            member.id for member in self.units_at(day).values() if member.peer_group == group
        ]
        return [member for member in members if member != unit]

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
        return {
            organisation.id: ZoneInfo(organisation.timezone) for organisation in self.organisations
        }

    def resolve(self, unit_codes: Sequence[str], source: str, day: date) -> list[str | None]:
        """The unit behind each code that `source` used on `day`; None for a code without a unit on that day.

        A code mapped for the source comes first and never falls back; any other code is taken for a unit's
        id.
        """
        units = {
            unit_code: self.resolve_one(unit_code, source, day) for unit_code in set(unit_codes)
        }
        return [units[unit_code] for unit_code in unit_codes]

    def resolve_rows(self, coded_rows: Iterable[tuple[str, str, date]]) -> list[str | None]:
        """As `resolve`, for rows of (code, source, day)."""
        units: dict[tuple[str, str, date], str | None] = {}
        resolved: list[str | None] = []
        for coded_row in coded_rows:
            # asked with `in`, for None is an answer too: a code that nobody knows comes as often as others
            if coded_row not in units:
                units[coded_row] = self.resolve_one(*coded_row)
            resolved.append(units[coded_row])
        return resolved

    @cached_property
    def resolve_one(self) -> Callable[[str, str, date], str | None]:
        """As `resolve`, for one (code, source, day)."""
        return resolver(self._places)

    def root_of(self, unit_code: str, source: str) -> str:
        """The organisation to which a code of `source` belongs, whatever the day; '' where that is open."""
        if len(self.organisations) == 1:
            return self.organisations[0].id
        # whatever the day: an event's key is chosen before its time is known to be plausible
        roots = {self._roots[unit] for _, unit in self._places(unit_code, source)}
        return roots.pop() if len(roots) == 1 else ""

    def group(self, unit: str, day: date) -> ReportingGroup | None:
        """The reporting group that `unit` belongs to on `day`."""
        # the first is the only one: `load` refuses a unit that is in two groups at once
        return next(
            (group for group in self.groups if unit in group.units and day in group.span), None
        )

    def reporting_group(self, place: str, day: date) -> ReportingGroup | None:
        """The reporting group of that id on `day`; None for a unit, and for a group of other days."""
        return next(
            (group for group in self.groups if group.id == place and day in group.span), None
        )

    def place_names(self, place: str, day: date) -> Names:
        """The names of a unit or reporting group on `day`; its id where the registry never had it."""
        group_names = self._group_names.get(place)
        if group_names is not None:
            return group_names
        versions = self._versions.get(place, [])
        for version in versions:
            if day in version.span:
                return version.names
        # a unit that has ended is still spoken of, by its last names
        return versions[-1].names if versions else Names.of(place)

    def addressee(self, unit: str, day: date) -> Addressee | None:
        """Who gets messages about `unit` on `day`; None when nobody is named, up to the root.

        The manager of the unit's reporting group comes before the unit's own: such a unit is only shown as
        part of the group. Above the unit, the nearest manager counts. A delegate stands in on the days of the
        delegation.
        """
        group = self.group(unit, day)
        if group is not None:
            return Addressee(group.manager, group.id, "group_manager")
        for candidate in (self.unit(unit, day), *self.ancestors(unit, day)):
            if candidate.delegate is not None and day in candidate.delegate.span:
                return Addressee(candidate.delegate.contact, candidate.id, "delegate")
            if candidate.manager is not None:
                role = "manager" if candidate.id == unit else "inherited"
                return Addressee(candidate.manager, candidate.id, role)
        return None

    def system(self, system: str) -> System | None:
        """The system of that id; None when the registry does not know it."""
        return self._systems.get(system)

    def system_names(self, system: str) -> Names:
        """The names of a system; its id where the registry does not know it."""
        registered = self._systems.get(system)
        return registered.names if registered else Names.of(system)

    def case_type_names(self, system: str, case_type: str) -> Names:
        """The names of a case type; its id where the registry does not know it."""
        registered = self.case_type(system, case_type)
        return registered.names if registered else Names.of(case_type)

    def case_type(self, system: str, case_type: str) -> CaseType | None:
        """The case type of that id in a system; None when the registry does not know it."""
        registered = self._systems.get(system)
        if registered is None:
            return None
        return next(
            (candidate for candidate in registered.case_types if candidate.id == case_type), None
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
        versions = self._versions.get(unit, [])
        days: list[date] = []
        # each stretch of days with the same units above: these decide, and a unit may move
        for version in versions:
            for span, chain in chains(version, self._versions):
                stated_days = [
                    unit_days[ancestor.id] for ancestor in chain if ancestor.id in unit_days
                ]
                day = stated_days[0] if stated_days else registered.go_live
                if day is None or day >= span.valid_to:
                    continue
                # in its first place a unit may be live since before the registry knows it
                has_moved = span.valid_from > versions[0].valid_from
                days.append(max(day, span.valid_from) if has_moved else day)
        return min(days, default=None)

    def members(self, place: str) -> tuple[str, ...]:
        """The units of a reporting group; of a unit, itself."""
        return self._members.get(place, (place,))

    def live(self, system: str, place: str) -> date | None:
        """The day from which a unit, or every member of a reporting group, is live; None where one has no such day."""
        days = [self.go_live(system, unit) for unit in self.members(place)]
        known_days = [day for day in days if day is not None]
        return max(known_days) if len(known_days) == len(days) else None

    def plan(self, system: str, indicator: str, unit: str, day: date) -> Plan | None:
        """The plan with targets that holds for `unit` on `day`: its own, else the nearest above it."""
        for place in (unit, *(ancestor.id for ancestor in self.ancestors(unit, day))):
            for plan in self._plans.get((place, system, indicator), ()):
                if day in plan.span:
                    return plan
        return None

    def target_of_use(self, system: str, indicator: str, unit: str, day: date) -> int | None:
        """The intended share of use in whole percent: the last target of the plan, else the benefit's."""
        plan = self.plan(system, indicator, unit, day)
        thousandths: int | None
        if plan is not None:
            thousandths = plan.targets[-1].value
        else:
            thousandths = self._adoption_targets.get((unit, system, indicator))
        return None if thousandths is None else round(thousandths / 10)

    def deviation(self, system: str, unit: str, day: date, case_type: str = "") -> Deviation | None:
        """The agreement by which `unit`, or a unit above it, does not use `system` on `day`.

        With a case type, agreements about that case type count too; without, only those about the whole
        system.
        """
        places = {unit, *(ancestor.id for ancestor in self.ancestors(unit, day))}
        for deviation in self.deviations:
            is_about = deviation.system == system and deviation.case_type in ("", case_type)
            if is_about and deviation.unit in places and day in deviation.span:
                return deviation
        return None

    def suggested(self, alert: str, system: str) -> tuple[Suggestion, ...]:
        """What is to be suggested about an alert of a kind: what names the system, else what names none."""
        suggestions = [suggestion for suggestion in self.suggestions if suggestion.alert == alert]
        of_system = tuple(suggestion for suggestion in suggestions if suggestion.system == system)
        of_all = tuple(suggestion for suggestion in suggestions if not suggestion.system)
        return of_system or of_all

    def approval(self, purpose: str, root: str) -> Approval:
        """What is in place in the organisation `root` for indicators of `purpose`; an empty one where nothing is.

        An approval that names the organisation comes before one for all, one for the purpose before one for
        any.
        """

        def generality(approval: Approval) -> tuple[bool, bool]:
            return approval.organisation == "", approval.purpose == ANY_PURPOSE

        applicable = [
            approval
            for approval in self.approvals
            if approval.purpose in (purpose, ANY_PURPOSE) and approval.organisation in ("", root)
        ]
        return min(applicable, key=generality, default=Approval(purpose, root))

    def unapproved(self, purpose: str, root: str, day: date) -> tuple[str, ...]:
        """What is missing on `day` before indicators of `purpose` may be computed for the organisation `root`.

        Words of the registry's `approvals`; empty where all is in place. Public data need no approval.
        """
        if self.organisation(root).public_data:
            return ()
        return self.approval(purpose, root).missing(day)

    def disposal(self, rule: Rule, root: str) -> Disposal | None:
        """The decision under which what `rule` is about may be disposed of in the organisation `root`; None without.

        A decision that names the organisation comes before one for all.
        """
        of_rule = [disposal for disposal in self.disposals if disposal.rule is rule]
        applicable = [disposal for disposal in of_rule if disposal.organisation in ("", root)]
        # False comes before True: the one that names the organisation
        return min(applicable, key=lambda disposal: disposal.organisation == "", default=None)

    def approved(self, purpose: str, root: str, day: date) -> bool:
        """Whether indicators of `purpose` may be computed for the organisation `root` on `day`."""
        return not self.unapproved(purpose, root, day)

    @cached_property
    def _turns(self) -> list[date]:
        """Days on which a unit or a group begins to exist as it is, or ceases to."""
        spans = {unit.span for unit in self.units} | {group.span for group in self.groups}
        return sorted({day for span in spans for day in (span.valid_from, span.valid_to)})

    @cached_property
    def _trees(self) -> dict[int, list[tuple[Unit, int]]]:
        return {}

    @cached_property
    def _versions(self) -> dict[str, list[Unit]]:
        versions_by_unit = by_id(self.units)
        for versions in versions_by_unit.values():
            versions.sort(key=lambda version: version.valid_from)
        return versions_by_unit

    @cached_property
    def _plans(self) -> Mapping[tuple[str, str, str], Sequence[Plan]]:
        """Plans by unit, system and indicator; those without targets, which are of workplaces, are left out."""
        plans: defaultdict[tuple[str, str, str], list[Plan]] = defaultdict(list)
        for plan in self.plans:
            if plan.targets:
                plans[plan.unit, plan.system, plan.indicator].append(plan)
        return dict(plans)

    @cached_property
    def _adoption_targets(self) -> Mapping[tuple[str, str, str], int]:
        """The adoption that the first benefit of a unit, system and indicator aims at, in thousandths."""
        targets: dict[tuple[str, str, str], int] = {}
        for benefit in self.benefits:
            adoption = benefit.adoption
            if adoption is not None and adoption.target:
                targets.setdefault(
                    (benefit.unit, benefit.system, adoption.indicator), adoption.target
                )
        return targets

    @cached_property
    def _group_names(self) -> Mapping[str, Names]:
        names: dict[str, Names] = {}
        for group in self.groups:
            names.setdefault(group.id, group.names)
        return names

    @cached_property
    def _organisations(self) -> dict[str, Organisation]:
        return {organisation.id: organisation for organisation in self.organisations}

    @cached_property
    def _systems(self) -> dict[str, System]:
        return {system.id: system for system in self.systems}
