"""What safety costs: how much of what primary suppression alone would show is shown behind the gate, of a real store.

`python -m tests.attack.cost FOLDER…` prints a table, one row per store and kind of population. Cells are figures of a
unit and period, all case types together; units are those of which something is shown, by themselves or as members of a
shown group; people are the persons, or cases, of the smallest units, counted once per period.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nytta.disclosure.rules import Rules
from nytta.storage.client import Connection, embedded

_RULES = Rules()

_COST = f"""
WITH
    defined AS (SELECT indicator, max(version) AS version, argMax(protects, version) AS protects
                FROM {{open}}.definitions WHERE protects != 'official-act' GROUP BY indicator),
    parents AS (SELECT DISTINCT ancestor FROM {{open}}.unit_paths WHERE depth > 0),
    groups AS (SELECT unit, any(reporting_group) AS its_group FROM {{open}}.units
               WHERE reporting_group != '' GROUP BY unit),
    shown AS (SELECT indicator, version, unit, system, grain, period, max(isNotNull(value)) AS there
              FROM {{open}}.indicator_values WHERE case_type = '*' GROUP BY ALL),
    cells AS (
        SELECT d.protects AS protects, v.unit AS unit, s.there AS own, g.there AS through,
               v.unit NOT IN parents AS smallest,
               max(if(d.protects = 'staff', v.persons, v.subjects)) AS size,
               size >= {_RULES.k} AND (d.protects = 'staff' OR max(v.persons) >= {_RULES.handlers}
                   AND max(v.most_by_one) <= {_RULES.most} * size) AS alone
        FROM {{private}}.indicator_values AS v
        INNER JOIN defined AS d ON d.indicator = v.indicator AND d.version = v.version
        INNER JOIN shown AS s ON (s.indicator, s.version, s.unit, s.system, s.grain, s.period)
                               = (v.indicator, v.version, v.unit, v.system, v.grain, v.period)
        LEFT JOIN groups AS m ON m.unit = v.unit
        LEFT JOIN shown AS g ON (g.indicator, g.version, g.unit, g.system, g.grain, g.period)
                              = (v.indicator, v.version, m.its_group, v.system, v.grain, v.period)
        WHERE v.case_type = '*'
        GROUP BY v.indicator, d.protects, v.unit, v.system, v.grain, v.period, own, through)
SELECT protects, count(), sum(own) / count(), sum(own OR through) / count(), sum(alone) / count(),
       uniqExact(unit), uniqExactIf(unit, own OR through) / uniqExact(unit), uniqExactIf(unit, alone) / uniqExact(unit),
       sumIf(size, smallest AND (own OR through)) / sumIf(size, smallest),
       sumIf(size, smallest AND alone) / sumIf(size, smallest)
FROM cells GROUP BY protects ORDER BY protects"""


def cost(connection: Connection) -> list[tuple[object, ...]]:
    """Per population: cells and their share shown, also through a group, or by primary suppression; units; people."""
    return connection.rows(_COST)


def main() -> int:
    """Print the table for the stores of the data folders that are named."""
    print("store  protects  cells  shown  or grouped  primary  units  shown  primary  people shown  primary")
    for folder in map(Path, sys.argv[1:]):
        connection = embedded(folder / "store")
        for protects, *figures in cost(connection):
            told = [f"{f:.0%}" if isinstance(f, float) else str(f) for f in figures]
            print("  ".join([folder.name, str(protects), *told]), flush=True)
        connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
