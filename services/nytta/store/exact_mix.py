"""Exact figures behind a roll-up, for an administrator's command; nothing that people see reads this."""

from __future__ import annotations

from nytta.indicators.definition import Definition, Kind
from nytta.indicators.mix import Stratum
from nytta.store.client import Connection
from nytta.store.mix import Figures, Question


def exact(connection: Connection, definition: Definition, asked: Question) -> Figures:
    """What is true, in the figure's unit of measure, with how many stand behind it."""
    rows = connection.rows(
        """SELECT unit, case_type, period, value * {per:Float64}, toFloat64(denominator)
           FROM {private}.indicator_values
           WHERE value IS NOT NULL AND indicator = {id:String} AND version = {version:UInt16}
             AND part = '' AND grain = 'window' AND system = {system:String}
             AND period IN ({first:Date}, {last:Date})""",
        id=definition.id,
        version=definition.version,
        system=asked.system,
        first=asked.first,
        last=asked.last,
        per=100.0 if definition.kind is Kind.SHARE else 1.0,
    )
    figures: Figures = {}
    for unit, case_type, period, value, n in rows:
        figures.setdefault((unit, case_type), {})[period] = Stratum(value, n)
    return figures
