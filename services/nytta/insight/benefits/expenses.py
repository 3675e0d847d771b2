"""What is spent: on a programme, on a second way of working, on each completed case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from nytta.disclosure.rounding import rounded_cases, two_digits
from nytta.insight.benefits import statement as stated
from nytta.insight.benefits.basis import Basis
from nytta.insight.benefits.realised import break_even_share
from nytta.insight.benefits.transactions import SERVICE, cost_per_case, yearly_cost
from nytta.registry.systems import Minutes

DIGITAL = "digital-intake"
"""The indicator of the digital share that is held against the break-even."""

PARALLEL = "parallel"
"""The kind of a cost that a second way of working has whether used or not."""

_HOUR = 3_600_000
"""Milliseconds."""


def break_evens(
    basis: Basis, systems: Sequence[str], pools: Sequence[stated.Pool]
) -> Iterator[stated.BreakEven]:
    """The digital share from which two ways pay, of each system whose second way has a cost."""
    for system in systems:
        yearly = _yearly_cost_of_second_way(basis, system)
        priced_pools = [pool for pool in pools if pool.system == system]
        # hundredths that a case on the digital way saves, weighed by the cases of each pool
        savings = [saving for pool in priced_pools if (saving := _saving(basis, pool)) is not None]
        if not yearly or not savings:
            continue
        cases = sum(case_count for case_count, _per_case in savings)
        saved = round(sum(case_count * per_case for case_count, per_case in savings) / cases)
        published = basis.evidence.published.get((DIGITAL, basis.organisation.id, system, "*"))
        share_now = None if published is None or published.value is None else round(published.value)
        yield stated.BreakEven(
            system=system,
            names=basis.registry.system_names(system),
            share=break_even_share(yearly, cases, saved),
            now=share_now,
            parallel=yearly,
            course=tuple(
                (week, round(value)) for week, value in basis.evidence.digital.get(system, ())
            ),
        )


def _yearly_cost_of_second_way(basis: Basis, system: str) -> int:
    root = basis.organisation.id
    units = {unit.id for unit in basis.registry.units if unit.root == root}
    costs = [
        cost
        for cost in basis.registry.costs
        if cost.system == system
        and cost.kind == PARALLEL
        and basis.day in cost.span
        and cost.unit in units
    ]
    # a cost runs evenly over its days
    return sum(
        cost.amount * 365 // max(1, (cost.span.valid_to - cost.span.valid_from).days)
        for cost in costs
    )


def _saving(basis: Basis, pool: stated.Pool) -> tuple[int, float] | None:
    """The cases of a pool, and what one saves; None where either, or what an hour costs, is not known."""
    if pool.cases is None or pool.hourly_cost is None:
        return None
    minutes = _minutes_of(basis, pool)
    if minutes is None:
        return None
    return pool.cases, pool.hourly_cost * (minutes.before_ms - minutes.after_ms) / _HOUR


def _minutes_of(basis: Basis, pool: stated.Pool) -> Minutes | None:
    benefit = next(benefit for benefit in basis.registry.benefits if benefit.id == pool.benefits[0])
    return basis.minutes(benefit, pool.case_type)


def transactions(
    basis: Basis, systems: Sequence[str], units: Collection[str]
) -> Iterator[stated.Transaction]:
    """What a completed case costs, of each system whose service costs are known."""
    for system in systems:
        costs = [
            cost
            for cost in basis.registry.costs
            if cost.kind == SERVICE and cost.system == system and cost.unit in units
        ]
        completed = basis.evidence.completed.get(system, 0)
        cost, cases = yearly_cost(costs, basis.day), rounded_cases(completed)
        per_case = cost_per_case(cost, completed)
        if cost is not None and cases is not None and per_case is not None:
            yield stated.Transaction(
                system=system,
                names=basis.registry.system_names(system),
                cases=cases,
                cost=100 * two_digits(cost / 100),
                per_case=per_case,
            )


def spent(basis: Basis, units: Collection[str]) -> dict[str, int]:
    """What was spent on the programme until the end of the week, by system; costs run evenly over their days."""
    spent_by_system: defaultdict[str, int] = defaultdict(int)
    for cost in basis.registry.costs:
        # what a service or a second way costs is no cost of the programme
        if cost.unit not in units or cost.kind in (PARALLEL, SERVICE):
            continue
        days = (cost.span.valid_to - cost.span.valid_from).days
        days_gone = min(max((basis.day - cost.span.valid_from).days + 1, 0), days)
        spent_by_system[cost.system] += cost.amount * days_gone // max(1, days)
    return dict(sorted(spent_by_system.items()))
