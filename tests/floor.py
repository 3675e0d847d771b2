"""How much of real logs is shown: python -m tests.floor FOLDER [LOG …]; one line of JSON per log, class and grain.

Counted are figures of all case types together that have at least ten cases, or persons, behind them. What passes the
rule of its class is computed here a second time, by hand, from the cells. Figures of use say nothing where no source
tells of use: they are counted nowhere.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nytta import service as nytta
from nytta.indicators.definition import Definition
from nytta.ingest.files.mapping_load import load as load_mapping
from nytta.ingest.store.private import PrivateStore
from nytta.service.settings import Settings

Row = dict[str, str | int | float]

LOGS: dict[str, tuple[tuple[str, str], ...]] = {
    "receipt": (("events/08_receipt.xes.gz", "wabo-receipt"),),
    "incidents": (("events/07_bpic2013_incidents.xes.gz", "volvo-incidents"),),
    "permits": tuple((f"events/BPIC15_{n}.xes.gz", "dutch-building-permits") for n in (1, 2, 3)),
    "servicenow": (("events/servicenow_incident_sample.csv", "servicenow-incidents"),),
    "viva": (("events/viva_person_query_2024.csv", "viva-person-query"),),
    "lists": (
        ("lists/personal_2026-11.csv", "hr"),
        ("lists/arenden_itsm.csv", "itsm"),
        ("lists/arendelista.csv", "cases"),
    ),
}

_CELLS = """
SELECT d.protects AS protects, v.grain AS grain, if(d.protects = 'staff', v.persons, v.subjects) AS size,
       coalesce(o.value) IS NOT NULL AS shown,
       size >= 10 AND v.denominator >= 10 AND (d.protects != 'handling' OR
           (h.handlers >= 3 AND h.most_by_one <= 0.6 * v.subjects)) AS passing
FROM {private}.indicator_values AS v
INNER JOIN (SELECT indicator, version, protects FROM {open}.definitions FINAL) AS d
    ON d.indicator = v.indicator AND d.version = v.version
LEFT JOIN (SELECT * FROM {open}.indicator_values) AS o
    ON o.indicator = v.indicator AND o.version = v.version AND o.system = v.system AND o.unit = v.unit
       AND o.case_type = v.case_type AND o.part = v.part AND o.grain = v.grain AND o.period = v.period
LEFT JOIN (SELECT * FROM {private}.hands FINAL) AS h
    ON h.indicator = v.indicator AND h.version = v.version AND h.system = v.system AND h.unit = v.unit
       AND h.case_type = v.case_type AND h.grain = v.grain AND h.period = v.period
WHERE v.case_type = '*' AND v.grain IN ('week', 'month', 'window') AND size >= 10 AND v.denominator >= 10
  AND v.value IS NOT NULL AND o.reason NOT IN ('no_data', 'not_told')
  AND (v.indicator NOT IN {slow:Array(String)} OR v.grain = 'month' OR toMonth(v.period + 6) != toMonth(v.period + 13))
  AND d.protects != 'official-act' AND v.unit NOT IN (SELECT reporting_group FROM {open}.units)
  AND (v.indicator, v.version, v.system, v.grain, v.period) IN (
      SELECT indicator, version, system, grain, period FROM {open}.closed_periods)
"""


def floor(store: PrivateStore, definitions: Sequence[Definition]) -> list[Row]:
    """Per class and grain: cells with ten and more, those shown, those that pass by hand, and what stands behind.

    Of figures that are told once a month, the windows of the months' last weeks count: all others repeat them.
    """
    return store.connection.dicts(
        f"""SELECT protects, grain, count() AS cells, countIf(shown) AS shown, countIf(passing) AS passing,
                   countIf(passing AND shown) AS passing_shown, sum(size) AS behind, sumIf(size, shown) AS behind_shown
            FROM ({_CELLS}) GROUP BY protects, grain ORDER BY protects, grain""",
        slow=[definition.id for definition in definitions if definition.pace == "month"],
    )


def measured(folder: Path, log: str) -> list[Row]:
    """The floor of one log of the folder with real data, imported into a store of its own."""
    registry = folder / "lists" / "registry" if log == "lists" else None
    with tempfile.TemporaryDirectory() as store, nytta.embedded(Settings(data=Path(store)), registry) as app:
        now = datetime.now(UTC)
        for file, name in LOGS[log]:
            mapping = load_mapping(str(folder / "lists" / f"{name}.yaml") if log == "lists" else name)
            app.intake.import_file(folder / file, mapping, now)
            app.bring_up_to_date(now)
        return [{"log": log, **row} for row in floor(app.private, app.definitions)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("log", choices=[*LOGS], nargs=1)
    asked = parser.parse_args()
    for row in measured(asked.folder, asked.log[0]):
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
