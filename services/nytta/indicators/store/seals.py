"""Sealed cells: their raw rows are gone, so they stay as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from nytta.indicators.definition import Definition
from nytta.indicators.store.render import touched_periods
from nytta.indicators.subjects import SUBJECTS
from nytta.storage.client import Connection

_PLACE = "indicator, version, grain, unit, system, period"


def unsealed(database: str = "{private}") -> str:
    """SQL condition on rows of cells: not sealed in this private database."""
    return f"({_PLACE}) NOT IN (SELECT {_PLACE} FROM {database}.sealed)"


def count(connection: Connection) -> int:
    """How many cells are sealed."""
    return int(connection.value(f"SELECT count() FROM {{private}}.cells FINAL WHERE NOT ({unsealed()})"))


def leave_out(connection: Connection) -> int:
    """Take sealed cells from the list of those that a round computes; how many they were."""
    listed = int(connection.value(f"SELECT count() FROM {{private}}.round_cells WHERE NOT ({unsealed()})"))
    if listed:
        connection.run(
            f"ALTER TABLE {{private}}.round_cells DELETE WHERE NOT ({unsealed()}) SETTINGS mutations_sync = 2"
        )
    return listed


def seal(
    connection: Connection,
    definitions: Sequence[Definition],
    touched: str,
    before: date,
    last_week: date,
    certificate: int,
) -> int:
    """Seal the cells that rows of `touched` bear on, which are about to go; how many places they are.

    Figures of persons are sealed where they reach back before `before`: their rows are gone. Figures of cases are
    sealed where they had ended by then: the cases stay, but who handled them, which guards the figure, is gone.
    `touched` is the SQL of a table (subject, unit, system, day, onwards), as rounds keep it.
    """
    for definition in definitions:
        for grain in definition.grains:
            periods = touched_periods(definition, grain, touched, "{open}", last_week.isoformat())
            connection.run(
                f"""INSERT INTO {{private}}.sealed ({_PLACE}, certificate)
                SELECT DISTINCT {_PLACE}, {certificate} FROM {{private}}.cells FINAL
                WHERE indicator = '{definition.id}' AND version = {definition.version} AND grain = '{grain}'
                  AND {_old(definition, grain, before)} AND {unsealed()}
                  AND (unit, system, period) IN ({periods})"""
            )
    return int(connection.value(f"SELECT count() FROM {{private}}.sealed FINAL WHERE certificate = {certificate}"))


def _old(definition: Definition, grain: str, before: date) -> str:
    """SQL condition on `period`."""
    day = f"toDate('{before}')"
    if any(SUBJECTS[side.subject].per_period for side in definition.reads):
        return f"period - {7 * (definition.window_weeks - 1) if grain == 'window' else 0} < {day}"
    return f"{'addMonths(period, 1)' if grain == 'month' else 'period + 7'} <= {day}"
