"""From entries without problems to the registry: what is inherited or absent is filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from nytta.registry.dates import ALWAYS, Span
from nytta.registry.entries.contents import Contents
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


def build(contents: Contents) -> Registry:
    """The registry of `contents`, which must have passed every rule."""
    organisations = [each.entry for each in contents.organisations]
    units = tuple(_units(contents))
    # A unit that moved between organisations counts with the last of them.
    roots = {unit.id: unit.root for unit in sorted(units, key=lambda u: u.valid_from)}
    tongues = {unit.id: unit.language for unit in sorted(units, key=lambda u: u.valid_from)}
    money = {unit: next(o.money for o in organisations if o.id == root) for unit, root in roots.items()}
    return Registry(
        organisations=tuple(_organisation(each) for each in organisations),
        units=units,
        groups=tuple(
            ReportingGroup(e.id, e.names, e.units, e.manager.contact(tongues[e.units[0]]), e.span)
            for e in (each.entry for each in contents.reporting_groups)
        ),
        codes=tuple(
            UnitCode(each.entry.source, code.code, code.unit, code.span)
            for each in contents.code_maps
            for code in each.entry.codes
        ),
        approvals=tuple(
            Approval(e.purpose, e.organisation or "", e.legal_basis or "", e.dpia or "", e.consulted_on)
            for e in (each.entry for each in contents.approvals)
        ),
        disposals=tuple(
            Disposal(e.rule, e.decision, e.organisation or "") for e in (each.entry for each in contents.disposals)
        ),
        systems=tuple(_system(each.entry) for each in contents.systems),
        milestones=tuple(
            Milestone(e.id, e.what, e.date, e.names, e.system, e.unit, e.tier or "")
            for e in (each.entry for each in contents.milestones)
        ),
        plans=tuple(
            Plan(
                unit=e.unit,
                system=e.system,
                indicator=e.indicator,
                start=e.start,
                targets=tuple(Target(target.date, target.value) for target in e.targets),
                workplaces=e.workplaces,
                span=e.span,
            )
            for e in (each.entry for each in contents.plans)
        ),
        benefits=tuple(_benefit(each.entry, money, tongues) for each in contents.benefits),
        decisions=tuple(
            Decision(e.id, e.names, e.decided, e.level or "", e.due, e.units, e.system)
            for e in (each.entry for each in contents.decisions)
        ),
        costs=tuple(
            Cost(
                Names.of(e.name),
                e.unit,
                e.span,
                e.amount,
                e.currency or money[e.unit],
                e.system,
                e.kind or "",
            )
            for e in (each.entry for each in contents.costs)
        ),
        surveys=tuple(
            Survey(e.name, e.year, e.unit, tuple(sorted(e.scores.items())), e.source)
            for e in (each.entry for each in contents.surveys)
        ),
        suggestions=tuple(
            Suggestion(e.alert, e.text, e.owner, e.link or "", e.system)
            for e in (each.entry for each in contents.suggestions)
        ),
        deviations=tuple(
            Deviation(e.unit, e.system, e.reason, e.agreed_by, e.case_type, e.span)
            for e in (each.entry for each in contents.deviations)
        ),
    )


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
        employee_representatives=tuple(c.contact(entry.tongue) for c in entry.employee_representatives),
        data_protection=tuple(c.contact(entry.tongue) for c in entry.data_protection),
        administrators=tuple(c.contact(entry.tongue) for c in entry.administrators),
        public_data=entry.public_data,
        disclosure=tuple(each.protection for each in entry.disclosure),
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
    entries: list[_Version] = [each.entry for each in contents.organisations]
    entries += [each.entry for each in contents.units]
    placed = [_Placed(entry) for entry in entries]
    versions: dict[str, list[_Placed]] = {}
    for each in placed:
        versions.setdefault(each.id, []).append(each)
    for each in placed:
        lines = [(span, _inherited(chain)) for span, chain in chains(each, versions)]
        for inherited, same in groupby(lines, key=itemgetter(1)):
            spans = [span for span, _ in same]
            yield _unit(each, Span(spans[0].valid_from, spans[-1].valid_to), *inherited)


def _inherited(chain: Sequence[_Placed]) -> tuple[str, str, str]:
    root = chain[-1].entry
    country = next(each.entry.country for each in chain if each.entry.country)
    tongue = root.tongue if isinstance(root, OrganisationEntry) else "en"
    return root.id, country, next((each.entry.language for each in chain if each.entry.language), tongue)


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
        case_types=tuple(_case_type(each) for each in entry.case_types),
        intended=entry.intended,
        digital_route=entry.digital_route,
        go_live=entry.go_live,
        go_lives=tuple((each.unit, each.date) for each in entry.go_lives),
        legacy=entry.legacy,
        protects=entry.protects,
        stops=tuple(each.span for each in entry.stopped) if entry.processing else (ALWAYS,),
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
        baseline_weeks=tuple((each.week, each.value) for each in entry.baseline_weeks),
        indicator=entry.measured_by.indicator if entry.measured_by else "",
        indicator_version=entry.measured_by.version if entry.measured_by else None,
        minutes=_minutes(entry.minutes),
        role=entry.role or "",
        hourly_cost=entry.hourly_cost.amount if entry.hourly_cost else None,
        hourly_cost_source=entry.hourly_cost.source if entry.hourly_cost else "",
        monthly_pay=entry.hourly_cost.monthly_pay if entry.hourly_cost else None,
    )
