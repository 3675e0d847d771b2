"""SQL of exact values and of periods as they are told: of staff once a month, of all else when they close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from nytta.disclosure.clock import last_of_month
from nytta.indicators.definition import Definition

LAST_OF_MONTH = "toMonth(period + 6) != toMonth(period + 13)"
"""SQL condition: no later week ends in the month in which the week of `period` does."""


_NEXT = "range(if(toMonth(period + 34) != toMonth(period + 41), 4, 5))"


MONTHLY = f"""arrayConcat(
    [('month', toStartOfMonth(period + 6))],
    arrayMap(i -> ('week', period + 7 * i), {_NEXT}), arrayMap(i -> ('window', period + 7 * i), {_NEXT}))"""
"""SQL of the places that tell the window of a month's last week: its month, and the weeks until the next month ends."""


def of_indicators(definitions: Sequence[Definition]) -> str:
    """SQL condition on `indicator` and `version`; the first of them by itself too, which more tables can look up."""
    ids = ", ".join(f"'{definition.id}'" for definition in definitions)
    versions = ", ".join(f"('{definition.id}', {definition.version})" for definition in definitions)
    return f"indicator IN ({ids}) AND (indicator, version) IN ({versions})"


def exact_values(definitions: Sequence[Definition]) -> str:
    """SQL of exact values of indicators as they are told: once a month for slow ones, by all grains alike.

    Of people who come and go one by one, every new figure of nearly the same people would be a further hint.
    """
    if definitions[0].pace == "week":
        return "{private}.indicator_values"
    return f"""(
        SELECT * REPLACE (place.1 AS grain, place.2 AS period) FROM (
            SELECT *, arrayJoin({MONTHLY}) AS place FROM {{private}}.indicator_values
            WHERE {of_indicators(definitions)} AND grain = 'window' AND {LAST_OF_MONTH}))"""


def end(grain: str, period: str) -> str:
    """SQL of the first day after a period; windows and weeks are named by the Monday of their last week."""
    return f"if({grain} = 'month', addMonths({period}, 1), {period} + 7)"


def of_root(roots: Sequence[str], days: Sequence[date]) -> str:
    """SQL of the day of `organisation`."""
    names = ", ".join("'" + root.replace("\\", "\\\\").replace("'", "\\'") + "'" for root in roots)
    dates = ", ".join(f"toDate('{day}')" for day in days)
    return f"transform(toString(organisation), [{names}], [{dates}], toDate(0))"


def last_day(grain: str, period: date) -> date:
    """The last day of what a slow figure tells: of the month itself, or of the latest week that is its month's last."""
    return period if grain == "month" else last_of_month(period) + timedelta(days=6)
