"""Periods as they are told: of slow figures once a month, of all else when they close; in SQL and of computed cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from nytta.disclosure.clock import last_of_month
from nytta.indicators.definition import Definition

TOLD_WEEKS = 6
"""For so many weeks at most the window of a month's last week is told, the month itself before it."""

_LAST_OF_MONTH = "toMonth(period + 6) != toMonth(period + 13)"
"""SQL condition: no later week ends in the month in which the week of `period` does."""

_NEXT = "range(if(toMonth(period + 34) != toMonth(period + 41), 4, 5))"

_MONTHLY = f"""arrayConcat(
    [('month', toStartOfMonth(period + 6))],
    arrayMap(i -> ('week', period + 7 * i), {_NEXT}), arrayMap(i -> ('window', period + 7 * i), {_NEXT}))"""
"""SQL of the places that tell the window of a month's last week: its month, and the weeks until the next month ends."""


def told_places(definition: Definition, grain: str, period: date) -> list[tuple[str, date]]:
    """The places (grain, period) of an indicator whose figures rest on a cell of this grain and period."""
    if definition.pace == "month":
        return _told_monthly(definition, grain, period)
    places = [(grain, period)]
    # windows that are not summed from weeks have cells of their own
    if grain == "week" and (definition.adds or definition.window_weeks == 1):
        places += [
            ("window", period + timedelta(weeks=later)) for later in range(definition.window_weeks)
        ]
    return places


def _told_monthly(definition: Definition, grain: str, period: date) -> list[tuple[str, date]]:
    """The places that tell a slow figure: those of `_MONTHLY`, where the cell is of a month's last window."""
    of_windows = "week" if definition.window_weeks == 1 else "window"
    if grain != of_windows or last_of_month(period) != period:
        return []
    sunday = period + timedelta(days=6)
    later_weeks = [period + timedelta(weeks=later) for later in range(TOLD_WEEKS)]
    weeks = [week for week in later_weeks if last_of_month(week) == period]
    return [
        ("month", sunday.replace(day=1)),
        *((told, week) for told in ("week", "window") for week in weeks),
    ]


def of_indicators(definitions: Sequence[Definition]) -> str:
    """SQL condition on `indicator` and `version`; the first of them by itself too, which more tables can look up."""
    versions = ", ".join(f"('{definition.id}', {definition.version})" for definition in definitions)
    return f"indicator IN ({_ids(definitions)}) AND (indicator, version) IN ({versions})"


def _ids(definitions: Sequence[Definition]) -> str:
    return ", ".join(f"'{definition.id}'" for definition in definitions)


def exact_cells(
    definitions: Sequence[Definition], condition: str
) -> list[tuple[list[Definition], str]]:
    """SQL of exact cells of indicators as they are told, where a condition holds: of those that add up, and the others.

    Slow ones are told once a month, by all grains alike: of people who come and go one by one, every new figure of
    nearly the same people would be a further hint.
    """
    queries = []
    for view, adds in (("added_cells", True), ("other_cells", False)):
        alike = [definition for definition in definitions if definition.adds is adds]
        if alike:
            queries.append(
                (alike, f"{_told_cells(view, alike)} WHERE {of_indicators(alike)} AND {condition}")
            )
    return queries


def _told_cells(view: str, definitions: Sequence[Definition]) -> str:
    """SQL of the cells of a view by the places that tell them."""
    slow = [definition for definition in definitions if definition.pace == "month"]
    if not slow:
        return f"{{private}}.{view}"
    is_slow = f"indicator IN ({_ids(slow)})"
    is_told = f"if({is_slow}, grain = 'window' AND {_LAST_OF_MONTH}, period >= {{first:Date}})"
    return f"""(
        SELECT * REPLACE (place.1 AS grain, place.2 AS period) FROM (
            SELECT *, arrayJoin(if({is_slow}, {_MONTHLY}, [(toString(grain), period)])) AS place
            FROM {{private}}.{view} WHERE {of_indicators(definitions)} AND {is_told}))"""


def end(grain: str, period: str) -> str:
    """SQL of the first day after a period; windows and weeks are named by the Monday of their last week."""
    return f"if({grain} = 'month', addMonths({period}, 1), {period} + 7)"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def of_units(days: Mapping[str, date], units: Mapping[str, Sequence[str]]) -> str:
    """SQL of the day of the organisation of `unit`, by organisations' days and units."""
    roots_by_day: dict[date, list[str]] = {}
    for root, day in days.items():
        roots_by_day.setdefault(day, []).append(root)
    # mostly all are in one zone: no unit is looked up then
    *others, (last_day_of_roots, _) = roots_by_day.items()
    branches = []
    for day, roots in others:
        names = [_quoted(unit) for root in roots for unit in units.get(root, ())]
        branches.append(f"has([{', '.join(names)}]::Array(String), unit), toDate('{day}')")
    rest = f"toDate('{last_day_of_roots}')"
    return f"multiIf({', '.join((*branches, rest))})" if branches else rest


def last_day(grain: str, period: date) -> date:
    """The last day of what a slow figure tells: of the month itself, or of the latest week that is its month's last."""
    return period if grain == "month" else last_of_month(period) + timedelta(days=6)
