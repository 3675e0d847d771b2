"""Reading exact values in the private zone: for an administrator, for detection, for the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nytta.indicators.definition import Definition, Protects
from nytta.indicators.periods import PERIOD
from nytta.ingest.store.private import PrivateStore


@dataclass(frozen=True, slots=True)
class ValueQuery:
    """Which values: grain (week, month, window, total), one indicator or all, leaves of the tree or every level.

    `case_types` gives each case type beside the roll-up of all ('*').
    """

    grain: str
    indicator: str = ""
    unit: str = ""
    tree: bool = False
    case_types: bool = False


def save_definitions(store: PrivateStore, definitions: Sequence[Definition]) -> None:
    """Tell the dividing view how each definition reads."""
    loaded = store.counter("definitions") + 1
    store.raise_counter("definitions", loaded)
    definition_rows = []
    for definition in definitions:
        columns = {
            "indicator": definition.id,
            "version": definition.version,
            "kind": definition.kind.value,
            "scale": definition.scale,
            "adds": definition.adds,
            "window_weeks": definition.window_weeks,
            "known": definition.known,
            "of_persons": definition.protects is Protects.STAFF,
            "body": definition.model_dump_json(),
            "loaded": loaded,
        }
        definition_rows.append(columns)
    if definition_rows:
        names = list(definition_rows[0])
        store.connection.insert(
            "{private}.definitions", names, [list(row.values()) for row in definition_rows]
        )


def known_definitions(store: PrivateStore) -> dict[tuple[str, int], str]:
    """Definitions that the cells follow: (id, version) → body."""
    rows = store.connection.rows("SELECT indicator, version, body FROM {private}.definitions FINAL")
    return {(indicator, version): body for indicator, version, body in rows}


def read_values(store: PrivateStore, query: ValueQuery) -> list[dict[str, Any]]:
    """Rows of the dividing view, in order of indicator, system, unit (tree order is the surface's), period."""
    conditions = ["grain = {grain:String}"]
    if query.indicator:
        conditions.append("indicator = {indicator:String}")
    if query.unit:
        conditions.append("unit = {unit:String}")
    if not query.case_types:
        conditions.append("case_type = '*'")
    if not query.tree and not query.unit:
        with_cells = "SELECT DISTINCT unit FROM {private}.cells FINAL"
        above = (
            f"SELECT ancestor FROM {{open}}.unit_paths WHERE depth > 0 AND unit IN ({with_cells})"
        )
        conditions.append(f"unit IN ({with_cells}) AND unit NOT IN ({above})")
    return store.connection.dicts(
        f"""SELECT unit, system, case_type, part, indicator, version, grain, {PERIOD} AS period,
                   numerator, denominator, value, subjects, persons
            FROM {{private}}.indicator_values WHERE {" AND ".join(conditions)}
            ORDER BY indicator, part, system, unit, case_type, indicator_values.period""",
        grain=query.grain,
        indicator=query.indicator,
        unit=query.unit,
    )
