"""Rows that name no unit count in that of their case, else in the organisation, and the import says how many."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta.ingest.files.draft import drafted_file
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.surfaces.problems import in_language
from tests.organisations import SMALL_COUNTY, county

NOW = datetime.now(UTC)
LOG = """case;activity;timestamp;resource;unit
1;Registered;2026-03-02 08:00;system;
1;Checked;2026-03-03 08:00;p1;north
1;Closed;2026-03-04 08:00;p1;north
2;Registered;2026-03-02 09:00;system;
2;Closed;2026-03-03 09:00;p2;south
3;Registered;2026-03-02 10:00;system;
3;Closed;2026-03-05 10:00;batch;
"""


@pytest.mark.parametrize("is_declared", [True, False])
def test_steps_without_a_unit_are_counted_and_told(*, is_declared: bool, store: PrivateStore, tmp_path: Path) -> None:
    intake = Intake(store, Keys("k1", bytes(32)), county(SMALL_COUNTY) if is_declared else None)
    path = tmp_path / "log.csv"
    path.write_text(LOG, "utf-8")
    mapping = mapping_of(drafted_file(path, path.name), "county", "Europe/Stockholm", {"system": "cases"})
    report = intake.import_file(path, mapping, NOW)
    assert (report.read, report.accepted, report.rejected) == (7, 7, 0)
    assert report.units_created == (() if is_declared else ("north", "south"))
    assert report.warnings == (
        "2 rows name no unit and count in that of the first row that does with the same 'case'",
        "2 rows name no unit and count in 'county'",
    )
    assert all(in_language(warning, "nb") != warning for warning in report.warnings)
    rows = store.connection.rows("SELECT unit, count() FROM {private}.events GROUP BY unit ORDER BY unit")
    # three steps and a closing in the north, two and one in the south, and in the county
    assert [tuple(row) for row in rows] == [("county", 3), ("north", 4), ("south", 3)]


@pytest.mark.parametrize(
    "warning",
    [
        "32 ids look like another and count apart: see rows 6 and 138 (actor), 7 and 9 (unit) and more; nytta sources "
        "--alike lists them, and one spelling each puts it right",
        "no row has the fields 'a', 'b'; the fields are: x, y",
        "60 of 61 rows stand in first.csv too, and count again: name the columns by which a row is known (identity) in "
        "the mapping and import both anew, or import the new rows alone",
    ],
)
def test_what_an_import_says_is_said_in_the_language_of_its_reader(warning: str) -> None:
    said = {in_language(warning, language) for language in ("sv", "nb", "en")}
    assert len(said) == 3
