"""Hours of a year by the cases they are about: promised, freed, and left lying, from rounded shares alone.

Open-zone rule: unrealised hours beside a share and minutes would tell how many cases a unit has in a year. So cases are
rounded before anything is computed from them, to two significant digits and never finer than ten; fewer than ten give
nothing; and hours are rounded to two significant digits. The share of use is the mean of the windows that are published
of the last half year, in whole percent; a case type of which none is published has its place's share. The use of
persons is that of the place's reporting group where it has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import msgspec

from nytta.disclosure.rounding import _half_up, rounded_cases, two_digits
from nytta.disclosure.rules import Status
from nytta.insight.benefits.evidence import Evidence
from nytta.insight.benefits.realised import freed_hours, unrealised_hours
from nytta.insight.benefits.statement import Pool
from nytta.registry.programme import Benefit, Kind, Measure
from nytta.registry.systems import Minutes
from nytta.registry.units import Names

FEWEST = "too_few_cases"
"""Fewer than ten cases in 52 weeks."""

NO_MINUTES = "no_minutes"
"""Neither the benefit nor its case type says how many minutes a case takes."""

NO_TARGET = "no_target_of_use"
"""The benefit does not say which use it depends on, or from where to where that shall go."""

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Work:
    """Benefits about the cases of one type in one place, with what their hours are computed from.

    `units` are the units behind the place, `group` is what its staff are told as: the place, or its reporting group.
    `realised` is the mean realised share in whole percent of the benefits that are measured, None where none is.
    """

    place: str
    group: str
    names: Names
    units: tuple[str, ...]
    system: str
    case_type: str
    case_type_names: Names
    benefits: tuple[Benefit, ...]
    minutes: Minutes | None
    realised: int | None


def hours(work: Work, evidence: Evidence) -> Pool:
    """The hours of a year of one place and case type.

    Promised: from the plan's own minutes per case, else (target - baseline of use) · cases · minutes saved. Freed: B4,
    and where the benefit is measured no more than the measured share of what was promised, so that an hour counts
    only when both use and measurement support it. Left lying because of use: B5; although used: the rest.
    """
    first_benefit = work.benefits[0]
    bare = Pool(
        place=work.place,
        names=work.names,
        system=work.system,
        case_type=work.case_type,
        case_type_names=work.case_type_names,
        benefits=tuple(benefit.id for benefit in work.benefits),
    )
    adoption = first_benefit.adoption
    if work.minutes is None:
        return _without(bare, NO_MINUTES)
    if adoption is None or adoption.baseline is None or adoption.target is None:
        return _without(bare, NO_TARGET)
    share = share_of(
        evidence, adoption.indicator, work.place, work.system, work.case_type, work.group
    )
    target, baseline_share = _percent(adoption.target), _percent(adoption.baseline)
    if isinstance(share, str):
        return _without(bare, share)
    cases = rounded_cases(
        sum(evidence.cases.get((unit, work.system, work.case_type), 0) for unit in work.units)
    )
    if cases is None:
        return _without(bare, FEWEST)
    shares = _Shares(share, baseline_share, target)
    amounts = _amounts(work, shares, cases, work.minutes)
    return msgspec.structs.replace(
        bare,
        share=share,
        share_target=target,
        cases=cases,
        promised=two_digits(amounts.promised),
        freed=two_digits(amounts.freed),
        use_missing=two_digits(amounts.use_missing),
        effect_missing=two_digits(amounts.effect_missing),
    )


class _Shares(NamedTuple):
    """Use of the new way, in whole percent of the cases."""

    share: int
    baseline: int
    target: int


class _Amounts(NamedTuple):
    """Hours of a year."""

    promised: float
    freed: float
    use_missing: float
    effect_missing: float


def _amounts(work: Work, shares: _Shares, cases: int, minutes: Minutes) -> _Amounts:
    saved = minutes.before_ms - minutes.after_ms
    # less use than before frees nothing; it costs nothing either, because the old way was paid for before
    by_use = max(0.0, float(freed_hours(shares.share, shares.baseline, cases, saved)))
    use_missing = float(unrealised_hours(shares.share, shares.target, cases, saved))
    promised = _promised(work, cases)
    if promised is None:
        promised = max(0.0, float(freed_hours(shares.target, shares.baseline, cases, saved)))
    assert isfinite(by_use + use_missing)
    if work.realised is None:
        return _Amounts(promised, by_use, use_missing, 0.0)
    # a share that rose without shorter work frees no hour, nor does shorter work that nobody uses
    freed = min(by_use, max(0, work.realised) * promised / 100)
    return _Amounts(promised, freed, use_missing, max(0.0, promised - freed - use_missing))


def counts_hours(benefit: Benefit) -> bool:
    """Whether a benefit is about hours of work."""
    return benefit.kind is not Kind.AVOIDED_PURCHASE and benefit.measure in (
        Measure.HOURS,
        Measure.CASE_MINUTES,
    )


def gathered(works: Sequence[Work], evidence: Evidence) -> tuple[Pool, ...]:
    """The pools of all places, in the given order."""
    return tuple(hours(work, evidence) for work in works)


def by_benefit(pools: Sequence[Pool]) -> Mapping[str, tuple[Pool, ...]]:
    """The pools that each benefit is about."""
    pools_by_benefit: dict[str, tuple[Pool, ...]] = {}
    for pool in pools:
        for benefit in pool.benefits:
            pools_by_benefit[benefit] = (*pools_by_benefit.get(benefit, ()), pool)
    return pools_by_benefit


def share_of(
    evidence: Evidence, indicator: str, place: str, system: str, case_type: str, group: str = ""
) -> int | str:
    """The share of use in whole percent, or why it may not be said.

    Of cases that of the half year; where that of the case type is not shown, the place's. Of persons the latest one,
    of the place's reporting `group` where that of the place is not shown.
    """
    reason = None
    for about in filter(None, (case_type, _ANY)):
        use_share = evidence.use.get((indicator, place, system, about))
        if isinstance(use_share, int):
            return use_share
        reason = reason or use_share
    if reason is not None:
        return reason
    rows = [evidence.published.get((indicator, unit, system, _ANY)) for unit in (place, group)]
    published_share = next(
        (row.value for row in rows if row is not None and row.value is not None), None
    )
    if published_share is not None:
        return round(published_share)
    return next((row.status for row in rows if row is not None), Status.SUPPRESSED.value)


def _promised(work: Work, cases: int) -> float | None:
    """Thousandths of hours by the plans' own minutes per case, their mean where several benefits share the cases."""
    planned_minutes = [
        abs(benefit.target - benefit.baseline)
        for benefit in work.benefits
        if benefit.measure is Measure.CASE_MINUTES
        and benefit.baseline is not None
        and benefit.target is not None
    ]
    return cases * sum(planned_minutes) / len(planned_minutes) / 60 if planned_minutes else None


def _without(pool: Pool, reason: str) -> Pool:
    return msgspec.structs.replace(pool, why=reason)


def _percent(thousandths: int) -> int:
    return _half_up(thousandths, 10) // 10
