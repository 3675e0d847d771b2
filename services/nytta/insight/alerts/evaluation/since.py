"""Since when something has been so, by what is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.registry.dates import monday

SETTLED = timedelta(weeks=8)
"""After go-live, a ready unit may be asked from here on why it does not use the system."""


def first_low_week(
    published: PublishedEvidence, week: date, start: date, is_low: Callable[[date], bool | None]
) -> date:
    """The first week of the run of low weeks that ends with `week`; the week of `start` where it was never better.

    `is_low` tells of a week whether it was, None where nothing is known of it.
    """
    earliest, candidate = week, week
    first_day = max(monday(start), published.evidence.first)
    while candidate > first_day:
        candidate -= timedelta(weeks=1)
        match is_low(candidate):
            case False:
                return earliest
            case True:
                earliest = candidate
    # in its first weeks nothing was expected: a run that begins right after them has lasted from the start
    return monday(start) if earliest <= start + SETTLED else earliest
