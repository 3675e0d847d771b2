"""From entries without problems to the registry: what is inherited or absent is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel

from nytta.registry.dates import ALWAYS, Span
from nytta.registry.entries.contents import Contents, Located
from nytta.registry.entries.organisation import (
    ApprovalEntry,
    CodeMapEntry,
    ContactEntry,
    DisposalEntry,
    GroupEntry,
    OrganisationEntry,
    UnitEntry,
)
from nytta.registry.entries.programme import (
    BenefitEntry,
    CostEntry,
    DecisionEntry,
    DeviationEntry,
    MilestoneEntry,
    PlanEntry,
    SuggestionEntry,
    SurveyEntry,
)
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
from nytta.registry.units import (
    Approval,
    Contact,
    Delegate,
    Names,
    Organisation,
    ReportingGroup,
    Unit,
    UnitCode,
)

E = TypeVar("E", bound=BaseModel)


def build(contents: Contents) -> Registry:
    """The registry of `contents`, which must have passed every rule."""
    units = tuple(_units(contents))
    # a unit that moved between organisations counts with the last of them
    units_in_time = sorted(units, key=lambda unit: unit.valid_from)
    languages = {unit.id: unit.language for unit in units_in_time}
    currencies = _currencies(contents, {unit.id: unit.root for unit in units_in_time})
    return Registry(
        organisations=tuple(map(_organisation, _entries(contents.organisations))),
        units=units,
        groups=tuple(
            _group(entry, languages[entry.units[0]])
            for entry in _entries(contents.reporting_groups)
        ),
        codes=tuple(code for entry in _entries(contents.code_maps) for code in _codes(entry)),
        approvals=tuple(map(_approval, _entries(contents.approvals))),
        disposals=tuple(map(_disposal, _entries(contents.disposals))),
        systems=tuple(map(_system, _entries(contents.systems))),
        milestones=tuple(map(_milestone, _entries(contents.milestones))),
        plans=tuple(map(_plan, _entries(contents.plans))),
        benefits=tuple(
            _benefit(entry, currencies[entry.unit], languages[entry.unit])
            for entry in _entries(contents.benefits)
        ),
        decisions=tuple(map(_decision, _entries(contents.decisions))),
        costs=tuple(_cost(entry, currencies[entry.unit]) for entry in _entries(contents.costs)),
        surveys=tuple(map(_survey, _entries(contents.surveys))),
        suggestions=tuple(map(_suggestion, _entries(contents.suggestions))),
        deviations=tuple(map(_deviation, _entries(contents.deviations))),
    )


def _entries(located_entries: Iterable[Located[E]]) -> Iterator[E]:
    """The entries without their lines, which only messages need."""
    return (located.entry for located in located_entries)


def _currencies(contents: Contents, roots: Mapping[str, str]) -> dict[str, str]:
    """The currency of each unit's organisation."""
    organisations = [organisation.entry for organisation in contents.organisations]
    # reversed, so that of several versions of an organisation the first one listed decides
    by_root = {organisation.id: organisation.money for organisation in reversed(organisations)}
    return {unit: by_root[root] for unit, root in roots.items()}


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
        employee_representatives=_contacts(entry.employee_representatives, entry.tongue),
        data_protection=_contacts(entry.data_protection, entry.tongue),
        administrators=_contacts(entry.administrators, entry.tongue),
        public_data=entry.public_data,
        disclosure=tuple(disclosure_entry.protection for disclosure_entry in entry.disclosure),
        false_per_unit_year=entry.detection.false_per_unit_year,
    )


def _group(entry: GroupEntry, language: str) -> ReportingGroup:
    return ReportingGroup(
        id=entry.id,
        names=entry.names,
        units=entry.units,
        manager=entry.manager.contact(language),
        span=entry.span,
    )


def _codes(entry: CodeMapEntry) -> Iterator[UnitCode]:
    for code in entry.codes:
        yield UnitCode(entry.source, code.code, code.unit, code.span)


def _approval(entry: ApprovalEntry) -> Approval:
    return Approval(
        purpose=entry.purpose,
        organisation=entry.organisation or "",
        legal_basis=entry.legal_basis or "",
        dpia=entry.dpia or "",
        consulted_on=entry.consulted_on,
    )


def _disposal(entry: DisposalEntry) -> Disposal:
    return Disposal(entry.rule, entry.decision, entry.organisation or "")


def _milestone(entry: MilestoneEntry) -> Milestone:
    return Milestone(
        id=entry.id,
        what=entry.what,
        date=entry.date,
        names=entry.names,
        system=entry.system,
        unit=entry.unit,
        tier=entry.tier or "",
    )


def _plan(entry: PlanEntry) -> Plan:
    return Plan(
        unit=entry.unit,
        system=entry.system,
        indicator=entry.indicator,
        start=entry.start,
        targets=tuple(Target(target.date, target.value) for target in entry.targets),
        workplaces=entry.workplaces,
        span=entry.span,
    )


def _decision(entry: DecisionEntry) -> Decision:
    return Decision(
        id=entry.id,
        names=entry.names,
        decided=entry.decided,
        level=entry.level or "",
        due=entry.due,
        units=entry.units,
        system=entry.system,
    )


def _cost(entry: CostEntry, currency: str) -> Cost:
    return Cost(
        names=Names.of(entry.name),
        unit=entry.unit,
        span=entry.span,
        amount=entry.amount,
        currency=entry.currency or currency,
        system=entry.system,
        kind=entry.kind or "",
    )


def _survey(entry: SurveyEntry) -> Survey:
    # in order of their names, so that the same survey has the same digest
    scores = tuple(sorted(entry.scores.items()))
    return Survey(entry.name, entry.year, entry.unit, scores, entry.source)


def _suggestion(entry: SuggestionEntry) -> Suggestion:
    return Suggestion(entry.alert, entry.text, entry.owner, entry.link or "", entry.system)


def _deviation(entry: DeviationEntry) -> Deviation:
    return Deviation(
        unit=entry.unit,
        system=entry.system,
        reason=entry.reason,
        agreed_by=entry.agreed_by,
        case_type=entry.case_type,
        span=entry.span,
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
        inherited_spans = [(span, _inherited(chain)) for span, chain in chains(version, versions)]
        # chains are in order of time: neighbours that inherit the same are one version of the unit
        for inherited, neighbours in groupby(inherited_spans, key=itemgetter(1)):
            spans = [span for span, _ in neighbours]
            whole_span = Span(spans[0].valid_from, spans[-1].valid_to)
            yield _unit(version, whole_span, inherited)


class _Inherited(NamedTuple):
    """What a unit has from the units above it, where it says nothing itself."""

    root: str
    country: str
    language: str


def _inherited(chain: Sequence[_Placed]) -> _Inherited:
    root = chain[-1].entry
    # the nearest that says it; a root always has a country
    country = next(version.entry.country for version in chain if version.entry.country)
    root_language = root.tongue if isinstance(root, OrganisationEntry) else "en"
    languages = (version.entry.language for version in chain if version.entry.language)
    return _Inherited(root.id, country, next(languages, root_language))


def _unit(version: _Placed, span: Span, inherited: _Inherited) -> Unit:
    entry = version.entry
    language = inherited.language
    usual_type = "organisation" if version.parent is None else ""
    peer_group = entry.peer_group if isinstance(entry, UnitEntry) else None
    delegate = entry.delegate
    return Unit(
        id=entry.id,
        names=entry.names,
        parent=version.parent,
        root=inherited.root,
        type=entry.type or usual_type,
        peer_group=peer_group or "",
        country=inherited.country,
        language=language,
        valid_from=span.valid_from,
        valid_to=span.valid_to,
        manager=_contact(entry.manager, language),
        delegate=Delegate(delegate.contact(language), delegate.span) if delegate else None,
        declared_size=entry.declared_size,
    )


def _contact(entry: ContactEntry | None, language: str) -> Contact | None:
    return entry.contact(language) if entry else None


def _contacts(entries: Iterable[ContactEntry], language: str) -> tuple[Contact, ...]:
    return tuple(entry.contact(language) for entry in entries)


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
        entry.id,
        entry.names,
        entry.intended,
        entry.digital_route,
        _minutes(entry.minutes),
        entry.sensitive,
    )


def _minutes(entry: MinutesEntry | None) -> Minutes | None:
    if entry is None:
        return None
    return Minutes(
        entry.before, entry.after, entry.method or "", entry.confirmed_by or "", entry.confirmed_on
    )


def _benefit(entry: BenefitEntry, currency: str, language: str) -> Benefit:
    adoption = None
    if entry.adoption:
        adoption_entry = entry.adoption
        adoption = Adoption(
            adoption_entry.indicator,
            adoption_entry.baseline,
            adoption_entry.target,
            adoption_entry.version,
        )
    return Benefit(
        id=entry.id,
        names=entry.names,
        unit=entry.unit,
        kind=entry.kind,
        unit_of_measure=entry.unit_of_measure,
        currency=entry.currency or currency,
        owner=_contact(entry.owner, language),
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
