"""What is taken back, or not computed, because its purpose is not approved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from nytta.indicators.definition import Definition
from nytta.indicators.store.processing import processing
from nytta.storage.client import Connection


def withdraw(
    connection: Connection, definitions: Collection[Definition], publication: int, moment: datetime
) -> int:
    """Take back what was published of indicators where they are no longer approved; how many figures.

    A whole indicator of a whole organisation goes at once, so that nothing is told by what goes.
    """
    approved = processing(connection, definitions).approved
    roots = [str(root) for (root,) in connection.rows("SELECT DISTINCT root FROM {open}.units")]
    unapproved = [
        (definition.id, root)
        for definition in definitions
        for root in roots
        if root not in approved[definition.purpose]
    ]
    if not unapproved:
        return 0
    rows = """SELECT * FROM {open}.published_values FINAL
        WHERE (indicator, organisation) IN {unapproved:Array(Tuple(String, String))} AND status != 'not_approved'"""
    count = int(connection.value(f"SELECT count() FROM ({rows})", unapproved=unapproved))
    if count:
        connection.run(
            f"""INSERT INTO {{open}}.published_values
            SELECT * REPLACE (NULL AS value, NULL AS low, NULL AS high, '' AS n_band, 'not_approved' AS status,
                              toDateTime({int(moment.timestamp())}) AS published_at, {publication} AS publication)
            FROM ({rows})""",
            unapproved=unapproved,
        )
    return count


def not_approved(
    connection: Connection, definitions: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """What is not computed and why: one row per organisation and indicator. `definitions` are (indicator, purpose)."""
    rows = connection.dicts(
        "SELECT purpose, root, missing FROM {open}.approvals WHERE notEmpty(missing) ORDER BY root, purpose"
    )
    return [
        {
            "unit": row["root"],
            "indicator": indicator,
            "status": "not_approved",
            "missing": list(row["missing"]),
        }
        for row in rows
        for indicator, purpose in definitions
        if purpose == row["purpose"]
    ]
