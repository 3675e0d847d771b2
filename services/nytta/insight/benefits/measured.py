"""One benefit as measured: realised share period by period, where it is now, what will have come by the due date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

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

_THURSDAY = 4
"""As ISO 8601 counts days; the week of a Thursday is the one that has most of its days."""


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
    by_period = {(entry.start, entry.end): entry for entry in measured}
    latest = [by_period[period] for period in sorted(by_period)]
    if not latest:
        return Measurement(flags=flags)
    levels_before = [float(baseline.at(_weeks(entry)).mean()) for entry in latest]
    values = [entry.value for entry in latest]
    shares = realised_share(values, levels_before, benefit.baseline, benefit.target).tolist()
    points = tuple(
        # a Point's share is in thousandths
        Point(entry.start, entry.end, entry.value, round(10 * share))
        for entry, share in zip(latest, shares, strict=True)
    )
    ahead, contradicts = _ahead(benefit, latest, shares, calendar)
    if contradicts:
        flags = (*flags, TWICE)
    last_weeks = _last_weeks(latest, shares, levels_before, calendar)
    if not last_weeks:
        return Measurement(points, ahead=ahead, flags=flags)
    now, level, before = np.mean(last_weeks, axis=0).tolist()
    return Measurement(points, now, level, before, ahead, flags)


class _Week(NamedTuple):
    """A measured week: realised share in percent, what was measured, and the level that it is compared with."""

    share: float
    value: float
    before: float


def _last_weeks(
    measured: Sequence[Measured],
    shares: Sequence[float],
    levels_before: Sequence[float],
    calendar: Calendar,
) -> list[_Week]:
    """The last usable weeks. Holidays say nothing of how things are now, and are left out."""
    weeks: dict[date, _Week] = {}
    for entry, share, before in zip(measured, shares, levels_before, strict=True):
        # where periods overlap, the later one stands
        usual_weeks = [week for week in _weeks(entry) if not calendar.is_quiet(week)]
        weeks |= dict.fromkeys(usual_weeks, _Week(share, entry.value, before))
    return [weeks[week] for week in sorted(weeks)[-LAST:]]


def _ahead(
    benefit: Benefit, measured: Sequence[Measured], shares: Sequence[float], calendar: Calendar
) -> tuple[Forecast | None, bool]:
    """The forecast, and whether the measurements contradict each other."""
    if benefit.due is None:
        return None, False
    start_week = monday(benefit.start or measured[0].start)
    due_week = (monday(benefit.due) - start_week).days // 7
    if due_week < 1:
        return None, False
    usable = np.array(
        [not calendar.is_quiet(start_week + timedelta(weeks=offset)) for offset in range(due_week)]
    )
    if not usable.any():
        return None, False
    # what was measured before the start is no part of the course
    in_course = [
        number for number, entry in enumerate(measured) if monday(entry.start) >= start_week
    ]
    if not in_course:
        return None, False
    starts = np.array(
        [(monday(measured[number].start) - start_week).days // 7 for number in in_course]
    )
    lengths = np.array([len(_weeks(measured[number])) for number in in_course])
    measured_shares = np.array([shares[number] for number in in_course])
    try:
        course = MeasuredBenefit(starts, lengths, measured_shares, last_usable(due_week, usable))
    except ValueError:
        # a period that follows from others: the same weeks were measured in several ways
        return None, True
    return forecast(course), False


def _weeks(measured: Measured) -> list[date]:
    """The ISO weeks that a period mostly covers: those whose Thursday lies in it, at least the one it begins in."""
    days = [
        measured.start + timedelta(days=offset)
        for offset in range((measured.end - measured.start).days)
    ]
    thursdays = [day for day in days if day.isoweekday() == _THURSDAY]
    return [monday(day) for day in thursdays] or [monday(measured.start)]
