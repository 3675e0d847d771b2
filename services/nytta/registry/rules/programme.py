"""Plans, benefits and costs: nothing is promised twice, and money adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations

from nytta.registry.entries.contents import Contents, Located
from nytta.registry.entries.programme import BenefitEntry, CostEntry, PlanEntry
from nytta.registry.paths import by_id, chains
from nytta.registry.problems import Problem
from nytta.registry.programme import PLANNED, Kind, Measure, measure_of

_WORK = (Measure.HOURS, Measure.CASE_MINUTES)
"""Measures of working time, which two benefits might both claim."""

BASELINE_WEEKS = 13
"""Fewest weeks of a baseline: a quarter of a year, so that one bad month does not make it."""


def plans_are_single(contents: Contents) -> Iterator[Problem]:
    """On each day a unit has one plan at most of an indicator, and one of workplaces on a system."""
    for planned_field in ("targets", "workplaces"):
        plans: defaultdict[tuple[str, ...], list[Located[PlanEntry]]] = defaultdict(list)
        for plan in contents.plans:
            plan_entry = plan.entry
            if planned_field == "targets" and plan_entry.targets:
                plans[plan_entry.unit, plan_entry.system, plan_entry.indicator].append(plan)
            if planned_field == "workplaces" and plan_entry.workplaces is not None:
                plans[plan_entry.unit, plan_entry.system].append(plan)
        for subject, rivals in plans.items():
            for earlier_plan, later_plan in combinations(rivals, 2):
                if earlier_plan.entry.span.meet(later_plan.entry.span):
                    yield later_plan.problem(
                        f"`{planned_field}` of {' · '.join(filter(None, subject))} are planned twice on the same days "
                        f"(first in line {earlier_plan.node.line}); end the earlier plan with `valid_to`, or keep one"
                    )
                    break


def benefits_are_planned(contents: Contents) -> Iterator[Problem]:
    """A benefit without owner, baseline, target, date or method is registered, but not planned."""
    for benefit in contents.benefits:
        missing = [f"`{name}`" for name in PLANNED if getattr(benefit.entry, name) is None]
        if missing:
            yield benefit.problem(
                f"'{benefit.entry.id}' lacks {', '.join(missing)}; "
                "until that is filled in, the benefit counts as not planned",
                warning=True,
            )


def baselines_come_first(contents: Contents) -> Iterator[Problem]:
    """A baseline that was measured after the system went live holds part of the effect."""
    go_lives: dict[str, list[date]] = defaultdict(list)
    for system in contents.systems:
        if system.entry.go_live:
            go_lives[system.entry.id].append(system.entry.go_live)
        go_lives[system.entry.id] += [go_live.date for go_live in system.entry.go_lives]
    for benefit in contents.benefits:
        span = benefit.entry.baseline_span
        days = go_lives.get(benefit.entry.system)
        # the first unit's day: what it learned may have spread before the others went live
        if span is not None and days and span.valid_to > min(days):
            yield benefit.problem(
                f"the baseline of '{benefit.entry.id}' was measured until {span.valid_to}, but "
                f"'{benefit.entry.system}' went live on {min(days)}; measure it before, or check the dates",
                "baseline_to",
                warning=True,
            )


def baselines_are_long_enough(contents: Contents) -> Iterator[Problem]:
    """On few weeks, one bad month passes for an effect."""
    for benefit in contents.benefits:
        span = benefit.entry.baseline_span
        if span is not None and (span.valid_to - span.valid_from).days < 7 * BASELINE_WEEKS:
            yield benefit.problem(
                f"the baseline of '{benefit.entry.id}' was measured on fewer than {BASELINE_WEEKS} weeks "
                f"({span.valid_from} to {span.valid_to}); measure it longer, or take the old system's export",
                "baseline_to",
                warning=True,
            )


def owners_confirm(contents: Contents) -> Iterator[Problem]:
    """Minutes become money when the benefit's owner has confirmed them."""
    for benefit in contents.benefits:
        minutes, owner = benefit.entry.minutes, benefit.entry.owner
        if minutes is None or not minutes.confirmed_by:
            continue
        if owner is None or minutes.confirmed_by != owner.name:
            owner_name = f" ({owner.name})" if owner else ""
            yield benefit.problem(
                f"the minutes of '{benefit.entry.id}' are confirmed by '{minutes.confirmed_by}', not by its owner"
                f"{owner_name}; until then no money is shown",
                "minutes",
                "confirmed_by",
                warning=True,
            )


def avoided_purchases_have_a_price(contents: Contents) -> Iterator[Problem]:
    """What is not bought any more is worth what it cost."""
    for saving in contents.benefits:
        if saving.entry.kind is Kind.AVOIDED_PURCHASE and saving.entry.value_per_unit is None:
            yield saving.problem(
                f"'{saving.entry.id}' avoids a purchase, but `value_per_unit` is missing; without it no money is shown",
                "kind",
                warning=True,
            )


def hours_are_counted_once(contents: Contents) -> Iterator[Problem]:
    """Two benefits do not claim the same working hours: same system, cases, units and time."""
    units_above = _above(contents)
    hours = [
        benefit
        for benefit in contents.benefits
        if measure_of(benefit.entry.unit_of_measure) in _WORK and benefit.entry.system
    ]
    for earlier, later in combinations(hours, 2):
        if not _same_cases(earlier.entry, later.entry) or not _same_time(
            earlier.entry, later.entry
        ):
            continue
        unit, other_unit = earlier.entry.unit, later.entry.unit
        # a unit's hours are part of those of every unit above it
        lies_above = unit in units_above.get(other_unit, {other_unit})
        lies_below = other_unit in units_above.get(unit, {unit})
        if lies_above or lies_below:
            yield later.problem(
                f"'{later.entry.id}' counts the same hours as '{earlier.entry.id}' in line {earlier.node.line} "
                f"(system '{earlier.entry.system}', units '{unit}' and '{other_unit}'); an hour is booked once: "
                "give them different case types, units or times, or keep one",
                "id",
            )


def currencies_are_one(contents: Contents) -> Iterator[Problem]:
    """Money within one organisation is in one currency, so that it can be added."""
    units_above = _above(contents)
    currencies = {
        organisation.entry.id: organisation.entry.money for organisation in contents.organisations
    }
    money: list[Located[BenefitEntry] | Located[CostEntry]] = [*contents.benefits, *contents.costs]
    for amount in money:
        entry = amount.entry
        organisations_above = units_above.get(entry.unit, set()) & set(currencies)
        for root in sorted(organisations_above):
            if entry.currency not in (None, currencies[root]):
                name = entry.id if isinstance(entry, BenefitEntry) else entry.name
                yield amount.problem(
                    f"the amount of '{name}' is in {entry.currency}, but '{root}' counts in {currencies[root]}; "
                    "convert it, or change `currency` of the organisation",
                    "currency",
                )


def _above(contents: Contents) -> dict[str, set[str]]:
    """The units that each unit ever lay under, itself included."""
    versions = by_id(place.entry for place in contents.places)
    # at any time: what overlaps on one day is booked twice on that day
    ancestors: defaultdict[str, set[str]] = defaultdict(set)
    for unit, unit_versions in versions.items():
        for version in unit_versions:
            for _, chain in chains(version, versions):
                ancestors[unit] |= {ancestor.id for ancestor in chain}
    return ancestors


def _same_cases(benefit: BenefitEntry, other_benefit: BenefitEntry) -> bool:
    if benefit.system != other_benefit.system:
        return False
    # a benefit without a case type is about all of them
    is_about_all = not benefit.case_type or not other_benefit.case_type
    return is_about_all or benefit.case_type == other_benefit.case_type


def _same_time(benefit: BenefitEntry, other_benefit: BenefitEntry) -> bool:
    def ends_before(earlier: BenefitEntry, later: BenefitEntry) -> bool:
        return earlier.due is not None and later.start is not None and earlier.due <= later.start

    return not ends_before(benefit, other_benefit) and not ends_before(other_benefit, benefit)
