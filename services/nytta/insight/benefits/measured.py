"""One benefit as measured: realised share period by period, where it is now, what will have come by the due date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from nytta.insight.benefits.evidence import Measured
from nytta.insight.benefits.forecast import LAST, Forecast, MeasuredBenefit, forecast, last_usable
from nytta.insight.benefits.realised import Baseline, realised_share
from nytta.insight.benefits.statement import Point
from nytta.registry.calendars import Calendar
from nytta.registry.dates import monday
from nytta.registry.programme import Benefit

TWICE = "measured_twice"
"""Flag: the same weeks were measured in several ways that contradict each other; there is no forecast."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of a benefit. `now` is the mean realised share of the last four usable measured weeks."""

    points: tuple[Point, ...] = ()
    now: float | None = None
    level: float | None = None
    before: float | None = None
    ahead: Forecast | None = None
    flags: tuple[str, ...] = ()


def measurement(
    benefit: Benefit, measured: Sequence[Measured], calendar: Calendar, *, go_live: date | None
) -> Measurement:
    """Realised share and forecast of a benefit; empty where it has no baseline or target, or nothing was measured.

    Of a period that was measured several times, the last in `measured` stands. `level` and `before` are the level of
    the last four usable weeks and what it is compared with, in thousandths.
    """
    if benefit.baseline is None or benefit.target is None:
        return Measurement()
    weekly = {week.isocalendar().week: value for week, value in benefit.baseline_weeks}
    baseline = Baseline(benefit.baseline, benefit.baseline_span, weekly)
    flags = tuple(flag.value for flag in baseline.flags(go_live))
    latest = sorted({(each.start, each.end): each for each in measured}.values(), key=lambda m: (m.start, m.end))
    if not latest:
        return Measurement(flags=flags)
    before = [float(baseline.at(_weeks(each)).mean()) for each in latest]
    shares = realised_share([each.value for each in latest], before, benefit.baseline, benefit.target)
    points = tuple(
        Point(each.start, each.end, each.value, round(10 * float(share)))
        for each, share in zip(latest, shares, strict=True)
    )
    values: dict[date, tuple[float, float, float]] = {}
    for each, level, share in zip(latest, before, shares, strict=True):
        values |= {week: (float(share), each.value, level) for week in _weeks(each) if not calendar.is_quiet(week)}
    last = [values[week] for week in sorted(values)[-LAST:]]
    ahead, contradicts = _ahead(benefit, latest, [float(s) for s in shares], calendar)
    told = (*flags, *((TWICE,) if contradicts else ()))
    if not last:
        return Measurement(points, ahead=ahead, flags=told)
    now, mean, compared = (float(each) for each in np.mean(last, axis=0))
    return Measurement(points, now, mean, compared, ahead, told)


def _ahead(
    benefit: Benefit, measured: Sequence[Measured], shares: Sequence[float], calendar: Calendar
) -> tuple[Forecast | None, bool]:
    """The forecast, and whether the measurements contradict each other."""
    if benefit.due is None:
        return None, False
    start = monday(benefit.start or measured[0].start)
    due = (monday(benefit.due) - start).days // 7
    if due < 1:
        return None, False
    usable = np.array([not calendar.is_quiet(start + timedelta(weeks=n)) for n in range(due)])
    if not usable.any():
        return None, False
    kept = [(each, share) for each, share in zip(measured, shares, strict=True) if monday(each.start) >= start]
    if not kept:
        return None, False
    first = np.array([(monday(each.start) - start).days // 7 for each, _ in kept])
    length = np.array([len(_weeks(each)) for each, _ in kept])
    try:
        course = MeasuredBenefit(first, length, np.array([share for _, share in kept]), last_usable(due, usable))
    except ValueError:
        return None, True
    return forecast(course), False


def _weeks(measured: Measured) -> list[date]:
    """The ISO weeks that a period mostly covers: those whose Thursday lies in it, at least the one it begins in."""
    days = (measured.end - measured.start).days
    thursdays = [measured.start + timedelta(days=n) for n in range(days)]
    return [monday(day) for day in thursdays if day.weekday() == 3] or [monday(measured.start)]
