"""From entries without problems to the registry: what is inherited or absent is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias, TypeVar

from pydantic import BaseModel

from nytta.registry.dates import ALWAYS, Span
from nytta.registry.entries.contents import Contents, Located
from nytta.registry.entries.organisation import ContactEntry, OrganisationEntry, UnitEntry
from nytta.registry.entries.programme import BenefitEntry
from nytta.registry.entries.systems import CaseTypeEntry, MinutesEntry, SystemEntry
from nytta.registry.paths import chains
from nytta.registry.programme import (
    Adoption,
    Benefit,
    Cost,
    Decision,
    Deviation,
    Milestone,
    Plan,
    Suggestion,
    Survey,
    Target,
)
from nytta.registry.registry import Registry
from nytta.registry.retention import Disposal
from nytta.registry.systems import CaseType, Minutes, System
from nytta.registry.units import Approval, Contact, Delegate, Names, Organisation, ReportingGroup, Unit, UnitCode

E = TypeVar("E", bound=BaseModel)


def build(contents: Contents) -> Registry:
    """The registry of `contents`, which must have passed every rule."""
    organisations = [organisation.entry for organisation in contents.organisations]
    units = tuple(_units(contents))
    # A unit that moved between organisations counts with the last of them.
    units_in_time = sorted(units, key=lambda unit: unit.valid_from)
    roots = {unit.id: unit.root for unit in units_in_time}
    tongues = {unit.id: unit.language for unit in units_in_time}
    # reversed, so that of several versions of an organisation the first one listed decides
    currencies = {organisation.id: organisation.money for organisation in reversed(organisations)}
    money = {unit: currencies[root] for unit, root in roots.items()}
    return Registry(
        organisations=tuple(_organisation(organisation) for organisation in organisations),
        units=units,
        groups=tuple(
            ReportingGroup(
                group_entry.id,
                group_entry.names,
                group_entry.units,
                group_entry.manager.contact(tongues[group_entry.units[0]]),
                group_entry.span,
            )
            for group_entry in _entries(contents.reporting_groups)
        ),
        codes=tuple(
            UnitCode(code_map.entry.source, code.code, code.unit, code.span)
            for code_map in contents.code_maps
            for code in code_map.entry.codes
        ),
        approvals=tuple(
            Approval(
                approval_entry.purpose,
                approval_entry.organisation or "",
                approval_entry.legal_basis or "",
                approval_entry.dpia or "",
                approval_entry.consulted_on,
            )
            for approval_entry in _entries(contents.approvals)
        ),
        disposals=tuple(
            Disposal(disposal_entry.rule, disposal_entry.decision, disposal_entry.organisation or "")
            for disposal_entry in _entries(contents.disposals)
        ),
        systems=tuple(_system(system.entry) for system in contents.systems),
        milestones=tuple(
            Milestone(
                milestone_entry.id,
                milestone_entry.what,
                milestone_entry.date,
                milestone_entry.names,
                milestone_entry.system,
                milestone_entry.unit,
                milestone_entry.tier or "",
            )
            for milestone_entry in _entries(contents.milestones)
        ),
        plans=tuple(
            Plan(
                unit=plan_entry.unit,
                system=plan_entry.system,
                indicator=plan_entry.indicator,
                start=plan_entry.start,
                targets=tuple(Target(target.date, target.value) for target in plan_entry.targets),
                workplaces=plan_entry.workplaces,
                span=plan_entry.span,
            )
            for plan_entry in _entries(contents.plans)
        ),
        benefits=tuple(_benefit(benefit.entry, money, tongues) for benefit in contents.benefits),
        decisions=tuple(
            Decision(
                decision_entry.id,
                decision_entry.names,
                decision_entry.decided,
                decision_entry.level or "",
                decision_entry.due,
                decision_entry.units,
                decision_entry.system,
            )
            for decision_entry in _entries(contents.decisions)
        ),
        costs=tuple(
            Cost(
                Names.of(cost_entry.name),
                cost_entry.unit,
                cost_entry.span,
                cost_entry.amount,
                cost_entry.currency or money[cost_entry.unit],
                cost_entry.system,
                cost_entry.kind or "",
            )
            for cost_entry in _entries(contents.costs)
        ),
        surveys=tuple(
            Survey(
                survey_entry.name,
                survey_entry.year,
                survey_entry.unit,
                tuple(sorted(survey_entry.scores.items())),
                survey_entry.source,
            )
            for survey_entry in _entries(contents.surveys)
        ),
        suggestions=tuple(
            Suggestion(
                suggestion_entry.alert,
                suggestion_entry.text,
                suggestion_entry.owner,
                suggestion_entry.link or "",
                suggestion_entry.system,
            )
            for suggestion_entry in _entries(contents.suggestions)
        ),
        deviations=tuple(
            Deviation(
                deviation_entry.unit,
                deviation_entry.system,
                deviation_entry.reason,
                deviation_entry.agreed_by,
                deviation_entry.case_type,
                deviation_entry.span,
            )
            for deviation_entry in _entries(contents.deviations)
        ),
    )


def _entries(located_entries: Iterable[Located[E]]) -> Iterator[E]:
    """The entries without their places, of which nothing more is told."""
    return (located.entry for located in located_entries)


def _organisation(entry: OrganisationEntry) -> Organisation:
    return Organisation(
        id=entry.id,
        timezone=entry.timezone,
        key=entry.key or entry.id,
        country=entry.country,
        language=entry.tongue,
        currency=entry.money,
        calendar=entry.calendar.calendar(entry.country),
        programme_lead=_contact(entry.programme_lead, entry.tongue),
        operations=_contact(entry.operations, entry.tongue),
        employee_representatives=tuple(
            employee_representative.contact(entry.tongue) for employee_representative in entry.employee_representatives
        ),
        data_protection=tuple(contact_entry.contact(entry.tongue) for contact_entry in entry.data_protection),
        administrators=tuple(administrator.contact(entry.tongue) for administrator in entry.administrators),
        public_data=entry.public_data,
        disclosure=tuple(disclosure_entry.protection for disclosure_entry in entry.disclosure),
        false_per_unit_year=entry.detection.false_per_unit_year,
    )


_Version: TypeAlias = OrganisationEntry | UnitEntry


class _Placed:
    """A version as the tree sees it."""

    def __init__(self, entry: _Version) -> None:
        self.entry = entry
        self.id = entry.id
        self.parent = entry.parent if isinstance(entry, UnitEntry) else None
        self.span = entry.span


def _units(contents: Contents) -> Iterator[Unit]:
    """Units in declared order. A version is cut where something that it inherits changes above it."""
    entries: list[_Version] = [organisation.entry for organisation in contents.organisations]
    entries += [unit.entry for unit in contents.units]
    placed = [_Placed(entry) for entry in entries]
    versions: dict[str, list[_Placed]] = {}
    for version in placed:
        versions.setdefault(version.id, []).append(version)
    for version in placed:
        lines = [(span, _inherited(chain)) for span, chain in chains(version, versions)]
        # lines are in order of time: neighbours that inherit the same are one version of the unit
        for inherited, stretch in groupby(lines, key=itemgetter(1)):
            spans = [span for span, _ in stretch]
            whole_span = Span(spans[0].valid_from, spans[-1].valid_to)
            yield _unit(version, whole_span, *inherited)


def _inherited(chain: Sequence[_Placed]) -> tuple[str, str, str]:
    root = chain[-1].entry
    # the nearest that says it; a root always has a country
    country = next(place.entry.country for place in chain if place.entry.country)
    tongue = root.tongue if isinstance(root, OrganisationEntry) else "en"
    languages = [place.entry.language for place in chain if place.entry.language]
    return root.id, country, languages[0] if languages else tongue


def _unit(placed: _Placed, span: Span, root: str, country: str, language: str) -> Unit:
    entry = placed.entry
    delegate = entry.delegate
    return Unit(
        id=entry.id,
        names=entry.names,
        parent=placed.parent,
        root=root,
        type=entry.type or ("organisation" if placed.parent is None else ""),
        peer_group=(entry.peer_group or "") if isinstance(entry, UnitEntry) else "",
        country=country,
        language=language,
        valid_from=span.valid_from,
        valid_to=span.valid_to,
        manager=_contact(entry.manager, language),
        delegate=Delegate(delegate.contact(language), delegate.span) if delegate else None,
        declared_size=entry.declared_size,
    )


def _contact(entry: ContactEntry | None, language: str) -> Contact | None:
    return entry.contact(language) if entry else None


def _system(entry: SystemEntry) -> System:
    return System(
        id=entry.id,
        names=entry.names,
        case_types=tuple(_case_type(case_type) for case_type in entry.case_types),
        intended=entry.intended,
        digital_route=entry.digital_route,
        go_live=entry.go_live,
        go_lives=tuple((go_live.unit, go_live.date) for go_live in entry.go_lives),
        legacy=entry.legacy,
        protects=entry.protects,
        stops=tuple(stop.span for stop in entry.stopped) if entry.processing else (ALWAYS,),
    )


def _case_type(entry: CaseTypeEntry) -> CaseType:
    return CaseType(
        entry.id, entry.names, entry.intended, entry.digital_route, _minutes(entry.minutes), entry.sensitive
    )


def _minutes(entry: MinutesEntry | None) -> Minutes | None:
    if entry is None:
        return None
    return Minutes(entry.before, entry.after, entry.method or "", entry.confirmed_by or "", entry.confirmed_on)


def _benefit(entry: BenefitEntry, money: Mapping[str, str], tongues: Mapping[str, str]) -> Benefit:
    adoption = None
    if entry.adoption:
        about = entry.adoption
        adoption = Adoption(about.indicator, about.baseline, about.target, about.version)
    return Benefit(
        id=entry.id,
        names=entry.names,
        unit=entry.unit,
        kind=entry.kind,
        unit_of_measure=entry.unit_of_measure,
        currency=entry.currency or money[entry.unit],
        owner=_contact(entry.owner, tongues[entry.unit]),
        baseline=entry.baseline,
        baseline_span=entry.baseline_span,
        target=entry.target,
        start=entry.start,
        due=entry.due,
        method=entry.method or "",
        value_per_unit=entry.value_per_unit,
        system=entry.system,
        case_type=entry.case_type,
        adoption=adoption,
        decision=entry.decision,
        baseline_weeks=tuple((level.week, level.value) for level in entry.baseline_weeks),
        indicator=entry.measured_by.indicator if entry.measured_by else "",
        indicator_version=entry.measured_by.version if entry.measured_by else None,
        minutes=_minutes(entry.minutes),
        role=entry.role or "",
        hourly_cost=entry.hourly_cost.amount if entry.hourly_cost else None,
        hourly_cost_source=entry.hourly_cost.source if entry.hourly_cost else "",
        monthly_pay=entry.hourly_cost.monthly_pay if entry.hourly_cost else None,
    )
