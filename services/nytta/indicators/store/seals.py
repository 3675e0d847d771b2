"""Sealed cells, and counts of hands: the raw rows behind them are gone, so they stay as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from nytta.indicators.definition import Definition
from nytta.indicators.store.render.touched import touched_places
from nytta.indicators.subjects import SUBJECTS
from nytta.storage.client import Connection

Table = Literal["cells", "hands"]

_PLACE = "indicator, version, grain, unit, system, period"
_SEALS: dict[Table, str] = {"cells": "sealed", "hands": "sealed_hands"}


def unsealed(database: str = "{private}", table: Table = "cells") -> str:
    """SQL condition on rows of a table: not sealed in this private database."""
    return f"({_PLACE}) NOT IN (SELECT {_PLACE} FROM {database}.{_SEALS[table]})"


def count(connection: Connection) -> int:
    """How many cells are sealed."""
    return int(
        connection.value(f"SELECT count() FROM {{private}}.cells FINAL WHERE NOT ({unsealed()})")
    )


def leave_out(connection: Connection, table: Table = "cells") -> None:
    """Take sealed places from the list of those that a round computes."""
    sealed = f"NOT ({unsealed(table=table)})"
    connection.run(
        f"ALTER TABLE {{private}}.round_{table} DELETE WHERE {sealed} SETTINGS mutations_sync = 2"
    )


def seal(
    connection: Connection,
    definitions: Sequence[Definition],
    touched: str,
    before_day: date,
    last_week: date,
    certificate: int,
) -> int:
    """Seal the cells that rows of `touched` bear on, which are about to go; how many places they are.

    Figures of persons are sealed where they reach back before `before_day`: their rows are gone; so are counts of
    those who handled. Figures of cases are sealed where they had ended by then: the cases stay, and their persons are
    gone.
    `touched` is the SQL of a table (subject, unit, system, day, onwards), as rounds keep it.
    """
    for definition in definitions:
        for grain in definition.grains:
            _seal(
                connection,
                "cells",
                definition,
                grain,
                touched,
                _old(definition, grain, before_day),
                last_week,
                certificate,
            )
        if not definition.counts_hands:
            continue
        levels = definition.of_every_level
        for grain in levels.grains:
            old_reach = _reaches(levels, grain, before_day)
            _seal(connection, "hands", levels, grain, touched, old_reach, last_week, certificate)
    return int(
        connection.value(
            f"SELECT count() FROM {{private}}.sealed FINAL WHERE certificate = {certificate}"
        )
    )


def _seal(
    connection: Connection,
    table: Table,
    definition: Definition,
    grain: str,
    touched: str,
    old_reach: str,
    last_week: date,
    certificate: int,
) -> None:
    sealed_places = touched_places(
        [(definition, [grain])], touched, "{open}", last_week.isoformat()
    )
    connection.run(
        f"""INSERT INTO {{private}}.{_SEALS[table]} ({_PLACE}, certificate)
        SELECT DISTINCT {_PLACE}, {certificate} FROM {{private}}.{table} FINAL
        WHERE indicator = '{definition.id}' AND version = {definition.version} AND grain = '{grain}'
          AND {old_reach} AND {unsealed(table=table)}
          AND (unit, system, period) IN (SELECT unit, system, period FROM ({sealed_places}))"""
    )


def _old(definition: Definition, grain: str, before_day: date) -> str:
    """SQL condition on `period`: the figures lose their rows."""
    if any(SUBJECTS[side.subject].per_period for side in definition.reads):
        return _reaches(definition, grain, before_day)
    period_end = "addMonths(period, 1)" if grain == "month" else "period + 7"
    return f"{period_end} <= toDate('{before_day}')"


def _reaches(definition: Definition, grain: str, before_day: date) -> str:
    """SQL condition on `period`: it reaches back before the day."""
    # a window is known by its last week
    days_before = 7 * (definition.window_weeks - 1) if grain == "window" else 0
    return f"period - {days_before} < toDate('{before_day}')"
