"""Hours of a year that benefits free, and their money: where work lies, what an hour costs, what is booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import msgspec

from nytta.insight.benefits import statement as stated
from nytta.insight.benefits.basis import Basis
from nytta.insight.benefits.costs import HourlyCost, NoCost, hourly_cost
from nytta.insight.benefits.decided import reversed_on
from nytta.insight.benefits.measured import Measurement
from nytta.insight.benefits.money import Claim, Ledger, book, stands, total
from nytta.insight.benefits.money import Pool as PoolKey
from nytta.insight.benefits.pools import Work, counts_hours
from nytta.registry.programme import Benefit, Kind


def works(
    basis: Basis, benefits: Sequence[Benefit], measured: Mapping[str, Measurement]
) -> Iterator[Work]:
    """One per place and case type, in tree order of the places."""
    benefits_by_work: defaultdict[tuple[str, str, str], list[Benefit]] = defaultdict(list)
    for benefit in benefits:
        if counts_hours(benefit) and benefit.system:
            for case_type in _case_types(basis, benefit):
                benefits_by_work[benefit.unit, benefit.system, case_type].append(benefit)
    # in tree order everywhere, so that no list can be read as a ranking
    place_order = {place: number for number, place in enumerate(basis.places())}
    for place, system, case_type in sorted(
        benefits_by_work, key=lambda work: (place_order.get(work[0], 0), work)
    ):
        own_benefits = tuple(benefits_by_work[place, system, case_type])
        shares = [measured[benefit.id].now for benefit in own_benefits]
        known_shares = [share for share in shares if share is not None]
        yield Work(
            place=place,
            group=basis.place_of(place),
            names=basis.unit_names(place),
            units=tuple(_units_below(basis, own_benefits)),
            system=system,
            case_type=case_type,
            case_type_names=basis.registry.case_type_names(system, case_type),
            benefits=own_benefits,
            minutes=basis.minutes(own_benefits[0], case_type),
            realised=round(fmean(known_shares)) if known_shares else None,
        )


def _case_types(basis: Basis, benefit: Benefit) -> list[str]:
    """The case types whose work a benefit is about: its own, else all of the system of which minutes are known."""
    if benefit.case_type:
        return [benefit.case_type]
    registered = basis.registry.system(benefit.system)
    if registered is None:
        return []
    return [
        case_type.id for case_type in registered.case_types if case_type.minutes or benefit.minutes
    ]


def _units_below(basis: Basis, benefits: Sequence[Benefit]) -> list[str]:
    """The units of the benefits with all units below them, each once."""
    units = [unit for benefit in benefits for unit in basis.unit_with_those_below(benefit.unit)]
    return list(dict.fromkeys(units))


def cost_of_hour(basis: Basis, benefit: Benefit) -> HourlyCost | None:
    """What an hour costs; None where nobody says it, neither the benefit nor a published source."""
    country, source = basis.organisation.country, benefit.hourly_cost_source
    local = []
    if benefit.hourly_cost is not None and source:
        local.append(
            HourlyCost(country, benefit.currency, "", benefit.hourly_cost, source, local=True)
        )
    try:
        return hourly_cost(
            benefit.role,
            country,
            basis.organisation.currency,
            local=local,
            monthly_pay=benefit.monthly_pay,
            pay_source=source,
        )
    except NoCost:
        return None


def is_confirmed(basis: Basis, benefit: Benefit) -> bool:
    """Whether money may be shown: who stands for the minutes has confirmed them; a benefit's own, its owner."""
    minutes = basis.minutes(benefit, benefit.case_type)
    if minutes is None or not minutes.confirmed(basis.day):
        return False
    owner = benefit.owner.name if benefit.owner else ""
    return benefit.minutes is None or minutes.confirmed_by == owner


def priced(
    basis: Basis, pools: Sequence[stated.Pool], benefits: Sequence[Benefit]
) -> tuple[stated.Pool, ...]:
    """The pools, with the worth of their unrealised hours where it may be shown."""
    benefits_by_id = {benefit.id: benefit for benefit in benefits}
    return tuple(_priced(basis, pool, benefits_by_id[pool.benefits[0]]) for pool in pools)


def _priced(basis: Basis, pool: stated.Pool, benefit: Benefit) -> stated.Pool:
    cost = cost_of_hour(basis, benefit)
    if pool.missing is None or cost is None or not is_confirmed(basis, benefit):
        return pool
    # hours are in thousandths; half of one is rounded up
    amount = (pool.missing * cost.amount + 500) // 1000
    return msgspec.structs.replace(
        pool, hourly_cost=cost.amount, hourly_cost_source=cost.source, amount_missing=amount
    )


def ledger_of(basis: Basis, benefits: Sequence[Benefit], pools: Sequence[stated.Pool]) -> Ledger:
    """The freed hours of the pools, booked once among the benefits that claim them."""
    freed = {_key(pool): pool.freed for pool in pools if pool.freed is not None}
    claims = []
    for benefit in benefits:
        # hours that are not known cannot be claimed
        own_pools = [
            pool for pool in pools if benefit.id in pool.benefits and pool.freed is not None
        ]
        if own_pools:
            claims.append(
                Claim(
                    benefit.id,
                    benefit.kind,
                    tuple(map(_key, own_pools)),
                    decided=None if has_decision(basis, benefit) else 0,
                    cost=cost_of_hour(basis, benefit),
                    confirmed=is_confirmed(basis, benefit),
                )
            )
    return book(freed, claims)


def _key(pool: stated.Pool) -> PoolKey:
    return PoolKey(pool.place, pool.system, pool.case_type)


def has_decision(basis: Basis, benefit: Benefit) -> bool:
    """Whether a recorded decision turns the benefit's hours into money."""
    decision = next(
        (decision for decision in basis.registry.decisions if decision.id == benefit.decision), None
    )
    if decision is None:
        return False
    reversed_day = reversed_on(decision, basis.evidence.acts, basis.day)
    within = set(basis.unit_with_those_above(benefit.unit))
    return stands(decision, basis.day, within=within, reversed_on=reversed_day)


def booked(ledger: Ledger, benefits: Sequence[stated.Benefit]) -> Iterator[stated.Booked]:
    """The sums of each kind of benefit, of which there are any."""
    for benefit_kind in Kind:
        if benefit_kind is Kind.AVOIDED_PURCHASE:
            # purchases are money from the start, and no hours stand behind them
            yield from _avoided(
                [benefit for benefit in benefits if benefit.plan.kind == benefit_kind.value]
            )
            continue
        kind_total = total(ledger.bookings, benefit_kind)
        if kind_total.hours or kind_total.withheld:
            yield stated.Booked(
                benefit_kind.value, kind_total.hours, kind_total.amount, kind_total.withheld
            )


def _avoided(benefits: Sequence[stated.Benefit]) -> Iterator[stated.Booked]:
    if benefits:
        amount = sum(benefit.avoided for benefit in benefits if benefit.avoided is not None)
        withheld = sorted(benefit.id for benefit in benefits if benefit.avoided is None)
        yield stated.Booked(Kind.AVOIDED_PURCHASE.value, 0, amount, tuple(withheld))
