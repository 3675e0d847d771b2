"""Tickets of a unit beside its use: whoever asks much and uses less gives up, whoever uses more needs training."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from math import hypot, log, nan
from statistics import mean, median

from nytta.insight.alerts import rules
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.since import SETTLED
from nytta.insight.alerts.model import Observation
from nytta.statistics import rise

_BREADTH = "weekly-breadth"
_TICKETS = "tickets-per-100"
_QUARTER = 13
"""Weeks."""
_YEAR = 52
_WINDOW = 4
"""Weeks of a published window of tickets."""
_FEWEST_WINDOWS = 8
"""Windows, and weeks of use, below which no beginning is looked for."""
_FEWEST_PEERS = 3
"""Comparable units below which their middle would say what one of them does."""


def support_observations(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    """What the tickets of each unit say together with its use."""
    day = week + timedelta(days=6)
    for system in published.systems(_TICKETS):
        for place in published.units(day):
            ticket_row = published.evidence.values.get((_TICKETS, "window", place, system, week))
            if place == published.root or ticket_row is None:
                continue
            burdened_since = _burdened(published, place, system, week)
            change = change_of_use(published, place, system, week, burdened_since)
            low_burden, peer_burden = _surest_burden(published, place, system, week)
            latest = _burden(published, place, system, week) or 0.0
            kind, verdict = rules.support(low_burden, peer_burden, change, latest)
            urgency = 0.0
            if peer_burden is not None and low_burden is not None:
                # how much more than comparable units: twice as many tickets are as urgent as any alert is
                urgency = min(max(round(low_burden / max(peer_burden, 1) - 1, 2), 0.0), 1.0)
            yield Observation(
                place, system, kind, week, verdict, _BREADTH, urgency=urgency, since=burdened_since
            )


def _surest_burden(
    published: PublishedEvidence, place: str, system: str, week: date
) -> tuple[float | None, float | None]:
    """The low end of a unit's tickets per 100 persons, and what comparable units have; None where it is not known.

    What chance alone may have brought is no burden. One window tells at once of a great one; the windows of a quarter
    together, each with a chance of its own, of one that a single window cannot tell from chance.
    """
    tried = [
        _low_burden(published, place, system, week, windows) for windows in (1, _QUARTER // _WINDOW)
    ]
    burdens = [burden for burden in tried if burden is not None]
    return max(burdens, key=lambda burden: burden[0] / max(burden[1], 1), default=(None, None))


def _low_burden(
    published: PublishedEvidence, place: str, system: str, week: date, windows: int
) -> tuple[float, float] | None:
    """The low end of the mean of the last windows that do not overlap, and the mean of comparable units'."""
    ticket_values, half_widths, peer_medians = [], [], []
    for offset in range(windows):
        asked_week = week - timedelta(weeks=_WINDOW * offset)
        ticket_row = published.evidence.values.get((_TICKETS, "window", place, system, asked_week))
        peer_values = published.among_peers(_TICKETS, "window", place, system, asked_week)
        if (
            ticket_row is not None
            and ticket_row["low"] is not None
            and len(peer_values) >= _FEWEST_PEERS
        ):
            ticket_values.append(ticket_row["value"])
            half_widths.append(ticket_row["value"] - ticket_row["low"])
            peer_medians.append(median(peer_values))
        elif asked_week == week:
            return None
    # the chances of windows that do not overlap are independent: their squares add up
    half_width = hypot(*half_widths) / len(half_widths)
    return mean(ticket_values) - half_width, mean(peer_medians)


def _burdened(published: PublishedEvidence, place: str, system: str, week: date) -> date | None:
    """The week in which the tickets of a unit began to rise and its use to change, by what is published of a year.

    Tickets against comparable units of the same weeks, for everybody asks less in summer; use week by week, quiet
    ones out. Weeks in which either is not known, or the system was still being taken into use, tell nothing of it.
    """
    go_live = published.live(system, place)
    calendar = published.registry.organisation(published.root).calendar
    weeks = [week - timedelta(weeks=offset) for offset in reversed(range(_YEAR))]
    # a system that is being taken into use is used more each week
    weeks = [
        asked_week for asked_week in weeks if go_live is None or asked_week >= go_live + SETTLED
    ]
    tickets = [_burden(published, place, system, asked_week) for asked_week in weeks]
    uses = [
        None
        if calendar.is_quiet(asked_week)
        else published.value(_BREADTH, "week", place, system, asked_week)
        for asked_week in weeks
    ]
    known_uses = [use for use in uses if use is not None]
    known_tickets = [burden for burden in tickets if burden is not None]
    if min(len(known_uses), len(known_tickets)) < _FEWEST_WINDOWS:
        return None
    half = _FEWEST_WINDOWS // 2
    direction = -1.0 if mean(known_uses[-half:]) < mean(known_uses[:half]) else 1.0
    # `rise` looks for what goes up: use that falls is turned over
    turned_uses = [nan if use is None else direction * use for use in uses]
    # half as many and twice as many tickets are as far from usual
    burdens = [nan if burden is None else log(burden) for burden in tickets]
    return weeks[rise(burdens, turned_uses, widths=(_WINDOW, 1))]


def _burden(published: PublishedEvidence, place: str, system: str, week: date) -> float | None:
    """Tickets per person over those of comparable units, in the window that ends with a week; None where unknown."""
    published_value = published.value(_TICKETS, "window", place, system, week)
    peer_values = published.among_peers(_TICKETS, "window", place, system, week)
    if not published_value or len(peer_values) < _FEWEST_PEERS or median(peer_values) <= 0:
        return None
    return published_value / median(peer_values)


def change_of_use(
    published: PublishedEvidence, place: str, system: str, week: date, begun: date | None = None
) -> int | None:
    """Change of weekly breadth in percent points: four published weeks against four, quiet ones out.

    Over a quarter, or since the week `begun` where that is longer ago.
    """
    calendar = published.registry.organisation(published.root).calendar

    def level(last_day: date, reach: int) -> float | None:
        weeks = [last_day - timedelta(weeks=offset) for offset in range(reach)]
        usual_weeks = [week for week in weeks if not calendar.is_quiet(week)]
        usual_values = [
            published.value(_BREADTH, "week", place, system, week) for week in usual_weeks
        ]
        shown_values = [
            published_value for published_value in usual_values if published_value is not None
        ][:_WINDOW]
        return mean(shown_values) if len(shown_values) == _WINDOW else None

    quarter = week - timedelta(weeks=_QUARTER)
    compared_week = quarter if begun is None else min(quarter, begun - timedelta(weeks=1))
    # before a summer lie more quiet weeks than usual ones in two months
    current, earlier = level(week, 2 * _WINDOW), level(compared_week, _QUARTER)
    if current is None or earlier is None:
        return None
    return round(current - earlier)
