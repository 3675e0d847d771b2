"""The cost of safety: what of an installation is still visible, against primary suppression alone.

    python -m tests.bench.disclosure FOLDER…    (data folders that `nytta import --data` filled)

Counts figures that could be computed (neither too little nor nothing to divide by) of indicators that protect somebody,
in the roll-up of all case types: cells at every level and grain, units without units below them in the latest window,
and the persons or cases in these, counted as visible through their own figure or that of their reporting group.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nytta.disclosure.rules import HANDLERS, MOST_BY_ONE, K
from nytta.storage.client import Connection, embedded

_ROWS = f"""
SELECT o.indicator AS indicator, d.protects AS protects, o.unit AS unit, o.system AS system, o.grain AS grain,
       o.period AS period, o.part AS part, o.value IS NOT NULL AS shown,
       if(d.protects = 'staff', v.persons, v.subjects) AS size,
       u.group AS group, u.group = '' AND if(d.protects = 'staff', v.persons >= {K}, v.subjects >= {K}
           AND v.persons >= {HANDLERS} AND v.most_by_one <= {MOST_BY_ONE} * v.subjects) AS primary,
       o.unit NOT IN (SELECT DISTINCT parent FROM {{open}}.units) AS leaf
FROM {{open}}.indicator_values AS o
INNER JOIN {{private}}.indicator_values AS v ON v.indicator = o.indicator AND v.version = o.version
    AND v.unit = o.unit AND v.system = o.system AND v.grain = o.grain AND v.period = o.period
    AND v.part = o.part AND v.case_type = o.case_type
INNER JOIN (SELECT indicator, version, protects FROM {{open}}.definitions FINAL) AS d
    ON d.indicator = o.indicator AND d.version = o.version
INNER JOIN (SELECT unit, max(reporting_group) AS group FROM {{open}}.units GROUP BY unit) AS u ON u.unit = o.unit
WHERE o.case_type = '*' AND d.protects != 'official-act' AND o.status NOT IN ('not_enough', 'no_denominator')
"""


def cost(connection: Connection) -> list[dict[str, Any]]:
    """One row for staff and one for cases: shares visible behind the gate and with primary suppression alone."""
    rows = connection.dicts(_ROWS)
    told = []
    for protects in sorted({row["protects"] for row in rows}):
        its = [row for row in rows if row["protects"] == protects]
        last = {s: max(r["period"] for r in its if r["grain"] == "window" and r["system"] == s) for s in _systems(its)}
        latest = [r for r in its if r["grain"] == "window" and r["period"] == last[r["system"]]]
        told.append({"protects": protects, "cells": len(its)} | _visible(its, latest, "shown", "gate"))
        told[-1] |= _visible(its, latest, "primary", "primary")
    return told


def _systems(rows: list[dict[str, Any]]) -> set[str]:
    return {row["system"] for row in rows if row["grain"] == "window"}


def _visible(every: list[dict[str, Any]], latest: list[dict[str, Any]], by: str, name: str) -> dict[str, str]:
    seen = {(r["indicator"], r["system"], r["part"], r["unit"]) for r in latest if r[by]}
    leaves = [r for r in latest if r["leaf"] and r["size"]]
    visible = [
        any((r["indicator"], r["system"], r["part"], place) in seen for place in (r["unit"], r["group"]))
        for r in leaves
        if r["unit"] not in {x["group"] for x in latest}
    ]
    sizes = [r["size"] for r in leaves if r["unit"] not in {x["group"] for x in latest}]
    return {
        f"cells, {name}": _share(sum(bool(r[by]) for r in every), len(every)),
        f"units, {name}": _share(sum(visible), len(visible)),
        f"in them, {name}": _share(sum(s for s, v in zip(sizes, visible, strict=True) if v), sum(sizes)),
    }


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def main() -> None:
    """Print the cost for each folder."""
    for folder in sys.argv[1:]:
        connection = embedded(Path(folder) / "store")
        for row in cost(connection):
            print(folder, *(f"{key}: {value}" for key, value in row.items()), sep="  ", flush=True)
        connection.close()


if __name__ == "__main__":
    main()
