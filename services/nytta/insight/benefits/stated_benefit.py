"""One benefit as a statement has it: its plan and its changes, what was measured, hours, money, and a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

from nytta.insight.benefits import hours
from nytta.insight.benefits import statement as stated
from nytta.insight.benefits.basis import Basis
from nytta.insight.benefits.evidence import Measured
from nytta.insight.benefits.forecast import Forecast, Status, next_status
from nytta.insight.benefits.measured import Measurement, measurement
from nytta.insight.benefits.money import Ledger, value_of_change
from nytta.insight.benefits.pools import counts_hours, share_of
from nytta.insight.benefits.realised import leakage
from nytta.registry.programme import PLANNED, Benefit, Kind
from nytta.registry.units import Names

UNCONFIRMED, NO_COST, NOT_MEASURED = "minutes_unconfirmed", "no_hourly_cost", "not_measured"
"""Why there is no money: the owner has not confirmed the minutes, no hourly cost is known, nothing was measured."""

_PROMISE = frozenset({"baseline", "target", "start", "due", "unit_of_measure"})
"""Fields of a plan with which the promise changes."""


def measurement_of(basis: Basis, benefit: Benefit) -> Measurement:
    """What was measured of a benefit until the end of the week."""
    go_live = basis.registry.go_live(benefit.system, benefit.unit) if benefit.system else None
    return measurement(
        benefit, _measured(basis, benefit), basis.organisation.calendar, go_live=go_live
    )


def _measured(basis: Basis, benefit: Benefit) -> Sequence[Measured]:
    """What was written down of a benefit, or the published series of the indicator by which it is measured."""
    if not benefit.indicator:
        return basis.evidence.measured.get(benefit.id, ())
    # a small unit has no figure of its own: its group's stands for it
    places = (benefit.unit, basis.place_of(benefit.unit))
    for place, case_type in product(places, filter(None, (benefit.case_type, "*"))):
        series = basis.evidence.series.get((benefit.indicator, place, benefit.system, case_type))
        if series:
            scale = _scale(basis, benefit.indicator)
            return [
                Measured(week, week + timedelta(weeks=1), round(scale * value))
                for week, value in series
            ]
    return ()


def _scale(basis: Basis, indicator: str) -> int:
    """From a published value to thousandths; a percent is ten thousandths of a share."""
    definition = basis.evidence.definitions.get(indicator)
    return 10 if definition and definition.unit_of_measure == "percent" else 1000


def stated_benefit(
    basis: Basis,
    benefit: Benefit,
    measured: Measurement,
    pools: Sequence[stated.Pool],
    ledger: Ledger,
    past: stated.Benefit | None,
) -> stated.Benefit:
    """A benefit with the `pools` that are about it; `past` is what was stated of it last."""
    plan = _plan(basis, benefit)
    changes = stated.changes(past.plan, plan, basis.day) if past else ()
    word_before = _word_before(basis, past, changes)
    status_word = next_status(Status(word_before) if word_before else None, measured.ahead)
    bookings = [booking for booking in ledger.bookings if booking.benefit == benefit.id]
    amounts = [booking.amount for booking in bookings]
    # a sum of some bookings would be read as the worth of all hours
    known_amounts = [amount for amount in amounts if amount is not None]
    is_priced = bool(amounts) and len(known_amounts) == len(amounts)
    has_hours = any(pool.freed is not None for pool in pools)
    avoided, avoided_missing = _avoided(benefit, measured)
    return stated.Benefit(
        id=benefit.id,
        plan=plan,
        unit_names=basis.unit_names(benefit.unit),
        system_names=basis.registry.system_names(benefit.system)
        if benefit.system
        else Names.of(""),
        case_type_names=basis.registry.case_type_names(benefit.system, benefit.case_type),
        place=basis.place_of(benefit.unit),
        known_since=past.known_since if past else basis.day,
        changes=(*(past.changes if past else ()), *changes),
        lacks=tuple(name for name in PLANNED if getattr(benefit, name) in (None, "")),
        flags=measured.flags,
        points=measured.points,
        realised=None if measured.now is None else round(10 * measured.now),
        ahead=None if measured.ahead is None else _ahead(measured.ahead),
        word=status_word.value,
        word_before=word_before,
        week=basis.evidence.week,
        gap=_gap(basis, benefit, measured),
        account=bookings[0].account.value if bookings else "",
        freed=sum(booking.hours for booking in bookings) if has_hours else None,
        amount=sum(known_amounts) if is_priced else None,
        why_no_money=""
        if is_priced and counts_hours(benefit)
        else _why_no_money(basis, benefit, measured, pools),
        avoided=avoided,
        avoided_missing=avoided_missing,
        decision_stands=hours.has_decision(basis, benefit),
    )


def _word_before(
    basis: Basis, past: stated.Benefit | None, changes: Sequence[stated.Change]
) -> str:
    """The word of the weeks before; '' for a new benefit, and for one whose promise was changed."""
    if past is None or any(change.field in _PROMISE for change in changes):
        return ""
    # a week that is stated again starts from the word that it started from
    return past.word if past.week < basis.evidence.week else past.word_before


def _ahead(forecast: Forecast) -> stated.Ahead:
    """A forecast in whole thousandths and percent."""
    return stated.Ahead(
        round(10 * forecast.expected),
        round(10 * forecast.low),
        round(10 * forecast.high),
        round(100 * forecast.probability),
        forecast.complete,
    )


def _why_no_money(
    basis: Basis, benefit: Benefit, measured: Measurement, pools: Sequence[stated.Pool]
) -> str:
    """Why hours have no worth, or a purchase is not known to be avoided; '' where nothing is missing."""
    if benefit.kind is Kind.AVOIDED_PURCHASE:
        return (
            ""
            if measured.level is not None and benefit.value_per_unit is not None
            else NOT_MEASURED
        )
    if not counts_hours(benefit):
        return ""
    if not hours.is_confirmed(basis, benefit):
        return UNCONFIRMED
    if hours.cost_of_hour(basis, benefit) is None:
        return NO_COST
    return next((pool.why for pool in pools if pool.why), "")


def _avoided(benefit: Benefit, measured: Measurement) -> tuple[int | None, int | None]:
    """What of a year's purchases is avoided, and what is not yet, in öre."""
    price, level, level_before = benefit.value_per_unit, measured.level, measured.before
    baseline, target = benefit.baseline, benefit.target
    if (
        benefit.kind is not Kind.AVOIDED_PURCHASE
        or price is None
        or level is None
        or level_before is None
    ):
        return None, None
    if baseline is None or target is None:
        return None, None
    worth = value_of_change(round(level), round(level_before), baseline, target, price)
    # more than was promised is no debt of anybody
    promised = value_of_change(target, baseline, baseline, target, price)
    return worth, max(0, promised - worth)


def _gap(basis: Basis, benefit: Benefit, measured: Measurement) -> stated.Gap | None:
    """Use and effect, where the unit's own share of use is published."""
    adoption = benefit.adoption
    if (
        adoption is None
        or adoption.baseline is None
        or adoption.target is None
        or measured.now is None
    ):
        return None
    place = basis.place_of(benefit.unit)
    share = share_of(basis.evidence, adoption.indicator, place, benefit.system, benefit.case_type)
    # a group's share says nothing of one of its units
    if place != benefit.unit or isinstance(share, str) or adoption.target == adoption.baseline:
        return None
    split = leakage(measured.now, share, adoption.baseline / 10, adoption.target / 10)
    return stated.Gap(round(split.use), round(split.effect))


def _plan(basis: Basis, benefit: Benefit) -> stated.Plan:
    span, adoption = benefit.baseline_span, benefit.adoption
    minutes = basis.minutes(benefit, benefit.case_type)
    return stated.Plan(
        names=benefit.names,
        unit=benefit.unit,
        system=benefit.system,
        case_type=benefit.case_type,
        kind=benefit.kind.value,
        unit_of_measure=benefit.unit_of_measure,
        measure=benefit.measure.value,
        owner=benefit.owner.name if benefit.owner else "",
        baseline=benefit.baseline,
        baseline_from=span.valid_from if span else None,
        baseline_to=span.valid_to if span else None,
        target=benefit.target,
        start=benefit.start,
        due=benefit.due,
        method=benefit.method,
        value_per_unit=benefit.value_per_unit,
        indicator=benefit.indicator,
        adoption=adoption.indicator if adoption else "",
        adoption_baseline=adoption.baseline if adoption else None,
        adoption_target=adoption.target if adoption else None,
        minutes_before=minutes.before_ms if minutes else None,
        minutes_after=minutes.after_ms if minutes else None,
        confirmed_by=minutes.confirmed_by if minutes else "",
        confirmed_on=minutes.confirmed_on if minutes else None,
        role=benefit.role,
        hourly_cost=benefit.hourly_cost,
        hourly_cost_source=benefit.hourly_cost_source,
        decision=benefit.decision,
    )
