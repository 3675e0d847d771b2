"""What a completed case costs: the fourth figure of a service beside take-up, completion and satisfaction.

As the GOV.UK service manual counts it: all that the service costs, in every channel, over all completed cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from nytta.disclosure.rounding import rounded_cases, two_digits
from nytta.registry.programme import Cost

SERVICE: Final = "service"
"""The kind of a cost of running a service in all of its channels, people's work included."""

YEAR: Final = timedelta(days=364)
"""The time over which cost and cases are added up: 52 weeks."""


def yearly_cost(costs: Iterable[Cost], last_day: date) -> int | None:
    """What a service cost in the 52 weeks to `last_day`, in hundredths; None where a day of them has no cost."""
    first_day = last_day - YEAR + timedelta(days=1)
    total, covered = 0.0, set[date]()
    for cost in costs:
        begin = max(cost.span.valid_from, first_day)
        end = min(cost.span.valid_to, last_day + timedelta(days=1))
        days = [begin + timedelta(days=number) for number in range((end - begin).days)]
        covered.update(days)
        total += cost.amount * len(days) / max(1, (cost.span.valid_to - cost.span.valid_from).days)
    return round(total) if len(covered) == YEAR.days else None


def cost_per_case(cost: int | None, completed: int) -> int | None:
    """Hundredths a completed case, in two digits of whole units; None without a cost, or with fewer than ten cases.

    Cases are rounded before anything is computed from them, for whoever knows the cost would know their number.
    """
    cases = rounded_cases(completed)
    if cost is None or cases is None:
        return None
    return 100 * two_digits(cost / cases / 100)
