"""Exact figures behind a roll-up, for an administrator's command; nothing that people see reads this."""

from __future__ import annotations

from nytta.indicators.definition import Definition, Kind
from nytta.insight.states.mix import Stratum
from nytta.insight.store.mix import Figures, Question, windows
from nytta.storage.client import Connection


def exact(connection: Connection, definition: Definition, question: Question) -> Figures:
    """What is true, in the figure's unit of measure, with how many stand behind it: nobody where there is no row."""
    per = 100.0 if definition.kind is Kind.SHARE else 1.0
    source = "SELECT *, toFloat64(denominator) AS behind, NULL AS low, NULL AS high FROM {private}.indicator_values"
    figures = windows(
        connection,
        source,
        definition,
        question,
        lambda value, count, _low, _high: Stratum(value * per, count),
    )
    for place, by_day in figures.items():
        if place == (question.unit, "*"):
            continue
        for day, other in ((question.first, question.last), (question.last, question.first)):
            if day not in by_day:
                # what came or went is mix, with the rate that it has
                by_day[day] = Stratum(by_day[other].rate, 0.0)
    return figures
