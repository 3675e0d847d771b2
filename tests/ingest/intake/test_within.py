"""Whoever may import for one organisation brings nothing in for another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta.ingest.files.mapping_load import parse
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects
from tests.organisations import SMALL_COUNTY, county

NOW = datetime.now(UTC)  # rejects are kept for two weeks
TEXT = """
id: list
format: table
organisation: county
timezone: Europe/Stockholm
unit: unit
system: {constant: cases}
ticket: nr
time: at
events:
  - type: ticket.opened
"""
TWO = SMALL_COUNTY | {
    "organisation.yaml": SMALL_COUNTY["organisation.yaml"]
    .replace(
        b"units:\n", b"  - {id: town, name: Town, timezone: Europe/Stockholm, country: SE, language: sv}\nunits:\n"
    )
    .replace(b"approvals:", b"  - {id: school, name: School, parent: town}\napprovals:")
}


@pytest.mark.parametrize(("within", "kept"), [("", 3), ("county", 2), ("town", 1)])
def test_rows_of_other_organisations_are_rejected(within: str, kept: int, store: PrivateStore, tmp_path: Path) -> None:
    intake = Intake(store, Keys("k1", bytes(32)), county(TWO))
    path = tmp_path / "list.csv"
    path.write_text("nr,unit,at\n1,north,2026-03-02\n2,south,2026-03-02\n3,school,2026-03-02\n", "utf-8")
    report = intake.import_file(path, parse(TEXT, "m.yaml"), NOW, organisation=within, within=within)
    assert (report.read, report.accepted, report.rejected) == (3, kept, 3 - kept)
    assert {reject["reason"] for reject in latest_rejects(store)} == ({"forbidden_unit"} if kept < 3 else set())
