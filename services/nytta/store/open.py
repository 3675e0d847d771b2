"""The open zone's reader: published figures only; it cannot name a private table."""

from __future__ import annotations

from typing import Any

from nytta.store.client import Connection
from nytta.store.periods import PERIOD


class OpenStore:
    """Reads what has passed the gate."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def values(self, *, grain: str, indicator: str = "", unit: str = "", case_types: bool = False) -> list[dict[str, Any]]:
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
                       value, low, high, n_band, status, unit_of_measure, toString(published_at) AS published_at
                FROM {{open}}.indicator_values WHERE {" AND ".join(conditions)}
                ORDER BY indicator, part, organisation, system, unit, case_type, indicator_values.period""",
            grain=grain,
            indicator=indicator,
            unit=unit,
        )

    def units(self) -> list[dict[str, Any]]:
        """Units as the registry has them today, parents before children."""
        return self.connection.dicts(
            """SELECT unit, parent, root, name_sv, name_nb, name_en, type, reporting_group FROM {open}.units
               WHERE valid_to >= today() ORDER BY root, parent != '', parent, unit"""
        )
