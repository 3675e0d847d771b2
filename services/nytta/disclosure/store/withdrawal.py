"""What is taken back, or not computed, because its purpose is not approved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from nytta.indicators.definition import Definition
from nytta.indicators.store.processing import approved_units
from nytta.storage.client import Connection


def withdraw(connection: Connection, definition: Definition, publication: int, moment: datetime) -> int:
    """Take back what was published of an indicator where it is no longer approved; how many figures.

    A whole indicator of a whole organisation goes at once, so that nothing is told by what goes.
    """
    condition = f"""indicator = '{definition.id}' AND status != 'not_approved' AND organisation IN (
        SELECT root FROM {{open}}.units WHERE unit NOT IN ({approved_units(definition)}))"""
    count = int(connection.value(f"SELECT count() FROM {{open}}.published_values FINAL WHERE {condition}"))
    if count:
        connection.run(
            f"""INSERT INTO {{open}}.published_values
            SELECT * REPLACE (NULL AS value, NULL AS low, NULL AS high, '' AS n_band, 'not_approved' AS status,
                              toDateTime({int(moment.timestamp())}) AS published_at, {publication} AS publication)
            FROM (SELECT * FROM {{open}}.published_values FINAL WHERE {condition})"""
        )
    return count


def not_approved(connection: Connection, definitions: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """What is not computed and why: one row per organisation and indicator. `definitions` are (indicator, purpose)."""
    rows = connection.dicts(
        "SELECT purpose, root, missing FROM {open}.approvals WHERE notEmpty(missing) ORDER BY root, purpose"
    )
    return [
        {"unit": row["root"], "indicator": indicator, "status": "not_approved", "missing": list(row["missing"])}
        for row in rows
        for indicator, purpose in definitions
        if purpose == row["purpose"]
    ]
