"""Exact figures behind a roll-up, for an administrator's command; nothing that people see reads this."""

from __future__ import annotations

from nytta.indicators.definition import Definition, Kind
from nytta.insight.states.mix import Stratum
from nytta.insight.store.mix import Figures, Question, windows
from nytta.storage.client import Connection


def exact(connection: Connection, definition: Definition, question: Question) -> Figures:
    """What is true, in the figure's unit of measure, with how many stand behind it."""
    per = 100.0 if definition.kind is Kind.SHARE else 1.0
    source = "SELECT *, toFloat64(denominator) AS behind FROM {private}.indicator_values"
    return windows(connection, source, definition, question, lambda value, count: Stratum(value * per, count))
