"""From evidence, registry and the statement before to the statement of an organisation after a closed week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean

from nytta.insight.benefits import hours
from nytta.insight.benefits import statement as stated
from nytta.insight.benefits.basis import Basis
from nytta.insight.benefits.compared import compared
from nytta.insight.benefits.decided import standing
from nytta.insight.benefits.evidence import Evidence
from nytta.insight.benefits.expenses import break_evens, spent, transactions
from nytta.insight.benefits.maturity import Model
from nytta.insight.benefits.measured import Measurement
from nytta.insight.benefits.pools import by_benefit, gathered
from nytta.insight.benefits.scored import COVERAGE, REALISED, scores
from nytta.insight.benefits.stated_benefit import measurement_of, stated_benefit
from nytta.registry.programme import Benefit, Decision
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation


def state(
    organisation: Organisation,
    registry: Registry,
    evidence: Evidence,
    model: Model,
    previous: stated.Statement | None,
) -> stated.Statement:
    """The statement of an organisation after the closed week of `evidence`; `previous` is the last one there is."""
    basis = Basis(organisation, registry, evidence)
    root = organisation.id
    units = {unit.id for unit in registry.units if unit.root == root}
    benefits = [benefit for benefit in registry.benefits if benefit.unit in units]
    measured = {benefit.id: measurement_of(basis, benefit) for benefit in benefits}
    works = list(hours.works(basis, benefits, measured))
    pools = hours.priced(basis, gathered(works, evidence), benefits)
    ledger = hours.ledger_of(basis, benefits, pools)
    past, pools_of = stated.by_id(previous), by_benefit(pools)
    stated_benefits = tuple(
        stated_benefit(
            basis,
            benefit,
            measured[benefit.id],
            pools_of.get(benefit.id, ()),
            ledger,
            past.get(benefit.id),
        )
        for benefit in benefits
    )
    places = basis.places()
    systems = sorted(
        {benefit.system for benefit in benefits} | {key[2] for key in evidence.published}
    )
    adoptions = {
        (benefit.adoption.indicator, benefit.system) for benefit in benefits if benefit.adoption
    }
    own_figures = _own_figures(basis, benefits, measured, places)
    return stated.Statement(
        organisation=root,
        names=basis.unit_names(root),
        week=evidence.week,
        currency=organisation.currency,
        country=organisation.country,
        benefits=stated_benefits,
        pools=pools,
        booked=tuple(hours.booked(ledger, stated_benefits)),
        decisions=tuple(_decisions(basis, units)),
        maturity=tuple(scores(model, evidence, places, systems, own_figures, whole_place=root)),
        surveys=tuple(_surveys(registry, units)),
        break_even=tuple(break_evens(basis, systems, pools)),
        transactions=tuple(transactions(basis, systems, units)),
        compared=tuple(compared(root, adoptions, places, evidence)),
        spent=spent(basis, units),
        places=places,
        systems={system: basis.registry.system_names(system) for system in systems},
        definitions=dict(evidence.definitions),
    )


def _surveys(registry: Registry, units: Collection[str]) -> Iterator[stated.Surveyed]:
    for survey in registry.surveys:
        if survey.unit in units:
            yield stated.Surveyed(
                survey.name, survey.year, survey.unit, dict(survey.scores), survey.source
            )


def _decisions(basis: Basis, units: Collection[str]) -> Iterator[stated.Decided]:
    for decision in basis.registry.decisions:
        concerned = _concerned(basis, decision, units)
        if decision.decided <= basis.day and concerned:
            yield standing(decision, basis.evidence.acts, concerned, basis.day)


def _concerned(basis: Basis, decision: Decision, units: Collection[str]) -> list[str]:
    """Units of the organisation that must carry it out: those named, else every unit that reported on it."""
    if decision.units:
        return [unit for unit in decision.units if unit in units]
    reporting = {act.unit for act in basis.evidence.acts if act.decision == decision.id}
    return sorted(reporting.intersection(units))


def _own_figures(
    basis: Basis,
    benefits: Sequence[Benefit],
    measured: Mapping[str, Measurement],
    places: Collection[str],
) -> dict[tuple[str, str], dict[str, float]]:
    """Plan coverage and mean realised share of the benefits in and below each place, by system."""
    places_above: dict[str, set[str]] = {place: {place} for place in places}
    for benefit in benefits:
        place = basis.place_of(benefit.unit)
        _unit, *ancestors = basis.unit_with_those_above(benefit.unit)
        if ancestors:
            places_above.setdefault(place, {place}).update(ancestors)
    benefits_by_place: defaultdict[tuple[str, str], list[Benefit]] = defaultdict(list)
    for benefit in benefits:
        for place in places_above.get(basis.place_of(benefit.unit), ()):
            benefits_by_place[place, benefit.system].append(benefit)
    own_figures: dict[tuple[str, str], dict[str, float]] = {}
    for place_and_system, place_benefits in benefits_by_place.items():
        planned = sum(benefit.planned for benefit in place_benefits)
        figures: dict[str, float] = {COVERAGE: round(100 * planned / len(place_benefits))}
        shares = [measured[benefit.id].now for benefit in place_benefits]
        known_shares = [share for share in shares if share is not None]
        if known_shares:
            figures[REALISED] = round(fmean(known_shares))
        own_figures[place_and_system] = figures
    return own_figures
