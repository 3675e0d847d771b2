"""The open zone's reader: published figures only; it cannot name a private table."""

from __future__ import annotations

from typing import Any

from nytta.indicators.periods import PERIOD
from nytta.storage.client import Connection


class OpenStore:
    """Reads what has passed the gate."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def values(
        self, *, grain: str, indicator: str = "", unit: str = "", case_types: bool = False
    ) -> list[dict[str, Any]]:
        """Published values of a grain (week, month, window), in order of indicator, system, unit and period."""
        conditions = ["grain = {grain:String}"]
        if indicator:
            conditions.append("indicator = {indicator:String}")
        if unit:
            conditions.append("unit = {unit:String}")
        if not case_types:
            conditions.append("case_type = '*'")
        return self.connection.dicts(
            f"""SELECT organisation, unit, system, case_type, part, indicator, version, grain, {PERIOD} AS period,
                       value, low, high, n_band, status, reason, unit_of_measure,
                       toString(published_at) AS published_at
                FROM {{open}}.figures WHERE {" AND ".join(conditions)}
                ORDER BY indicator, part, organisation, system, unit, case_type, figures.period""",
            grain=grain,
            indicator=indicator,
            unit=unit,
        )

    def latest(self) -> list[dict[str, Any]]:
        """The latest published window of every unit, system and indicator without parts, all case types together."""
        return self.connection.dicts(
            f"""SELECT v.unit AS unit, v.system AS system, v.indicator AS indicator, {PERIOD} AS period,
                       v.value AS value, v.low AS low, v.high AS high, v.n_band AS n_band, v.status AS status,
                       v.reason AS reason, v.unit_of_measure AS unit_of_measure
                FROM {{open}}.last_values AS v WHERE v.case_type = '*' AND v.part = ''
                ORDER BY v.unit, v.system, v.indicator"""
        )

    def units(self) -> list[dict[str, Any]]:
        """Units that exist on the last day of the registry, with depth, each before the units below it."""
        unit_rows = self.connection.dicts(
            """SELECT unit, argMax(parent, valid_to) AS parent, argMax(root, valid_to) AS root,
                      argMax(name_sv, valid_to) AS name_sv, argMax(name_nb, valid_to) AS name_nb,
                      argMax(name_en, valid_to) AS name_en, argMax(type, valid_to) AS type,
                      argMax(reporting_group, valid_to) AS reporting_group
               FROM {open}.units GROUP BY unit ORDER BY unit"""
        )
        units_below: dict[str, list[dict[str, Any]]] = {}
        for unit_row in unit_rows:
            units_below.setdefault(unit_row["parent"], []).append(unit_row)
        ordered: list[dict[str, Any]] = []
        stack = [(unit_row, 0) for unit_row in reversed(units_below.get("", []))]
        while stack:
            unit_row, depth = stack.pop()
            ordered.append(unit_row | {"depth": depth})
            stack += [
                (child, depth + 1) for child in reversed(units_below.get(unit_row["unit"], []))
            ]
        return ordered
