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
    latest = sorted(
        {(entry.start, entry.end): entry for entry in measured}.values(), key=lambda entry: (entry.start, entry.end)
    )
    if not latest:
        return Measurement(flags=flags)
    levels_before = [float(baseline.at(_weeks(entry)).mean()) for entry in latest]
    shares = realised_share([entry.value for entry in latest], levels_before, benefit.baseline, benefit.target)
    points = tuple(
        Point(entry.start, entry.end, entry.value, round(10 * float(share)))
        for entry, share in zip(latest, shares, strict=True)
    )
    values: dict[date, tuple[float, float, float]] = {}
    for entry, level, share in zip(latest, levels_before, shares, strict=True):
        values |= {week: (float(share), entry.value, level) for week in _weeks(entry) if not calendar.is_quiet(week)}
    last_values = [values[week] for week in sorted(values)[-LAST:]]
    ahead, contradicts = _ahead(benefit, latest, [float(share) for share in shares], calendar)
    all_flags = (*flags, *((TWICE,) if contradicts else ()))
    if not last_values:
        return Measurement(points, ahead=ahead, flags=all_flags)
    current, mean, compared = (float(value) for value in np.mean(last_values, axis=0))
    return Measurement(points, current, mean, compared, ahead, all_flags)


def _ahead(
    benefit: Benefit, measured: Sequence[Measured], shares: Sequence[float], calendar: Calendar
) -> tuple[Forecast | None, bool]:
    """The forecast, and whether the measurements contradict each other."""
    if benefit.due is None:
        return None, False
    start = monday(benefit.start or measured[0].start)
    due_week = (monday(benefit.due) - start).days // 7
    if due_week < 1:
        return None, False
    usable = np.array([not calendar.is_quiet(start + timedelta(weeks=offset)) for offset in range(due_week)])
    if not usable.any():
        return None, False
    later_entries = [
        (entry, share) for entry, share in zip(measured, shares, strict=True) if monday(entry.start) >= start
    ]
    if not later_entries:
        return None, False
    starts = np.array([(monday(entry.start) - start).days // 7 for entry, _ in later_entries])
    length = np.array([len(_weeks(entry)) for entry, _ in later_entries])
    try:
        course = MeasuredBenefit(
            starts, length, np.array([share for _, share in later_entries]), last_usable(due_week, usable)
        )
    except ValueError:
        return None, True
    return forecast(course), False


def _weeks(measured: Measured) -> list[date]:
    """The ISO weeks that a period mostly covers: those whose Thursday lies in it, at least the one it begins in."""
    days = (measured.end - measured.start).days
    thursdays = [measured.start + timedelta(days=offset) for offset in range(days)]
    return [monday(day) for day in thursdays if day.weekday() == 3] or [monday(measured.start)]
