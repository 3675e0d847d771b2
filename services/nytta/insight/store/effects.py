"""What followed actions, as it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nytta.storage.client import Connection


@dataclass(frozen=True, slots=True)
class PublishedEffect:
    """What followed one action: points more than `others` like units, with an 80 % interval.

    `word` is helped or nothing_yet; any other says why nothing can be told, and there are no points.
    """

    unit: str
    system: str
    indicator: str
    alert: str
    action: str
    day: date
    word: str
    points: int | None
    low: int | None
    high: int | None
    others: int


def published_effects(connection: Connection, organisation: str) -> list[PublishedEffect]:
    """The effects of an organisation, the latest action first."""
    effect_rows = connection.rows(
        """SELECT unit, system, indicator, alert, action, day, word, points, low, high, others
           FROM {open}.published_effects FINAL WHERE organisation = {organisation:String}
           ORDER BY day DESC, unit, system""",
        organisation=organisation,
    )
    return [PublishedEffect(*effect_row) for effect_row in effect_rows]
