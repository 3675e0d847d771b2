"""Imports that would have left a traceback, or a store that does not start again, end in a sentence."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta import Mendable
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.intake import Intake, IntakeError
from nytta.ingest.keys import Keys
from nytta.ingest.store.imports import all_imports
from nytta.ingest.store.private import PrivateStore
from nytta.registry.store.tables import created_roots
from tests.ingest.files.test_mapping import HEAD, STEP
from tests.organisations import county

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROWS = "Unit,When,Case,Step\nhall,2024-03-02T10:00:00Z,1,In\n"
MAPPING = parse(HEAD + "purpose: public_data\n" + STEP, "example.yaml")
SNAPSHOT = parse(HEAD + "purpose: public_data\nsource: s\nidentity: Case\nsnapshot: true\n" + STEP, "snapshot.yaml")


@pytest.fixture
def intake(store: PrivateStore) -> Intake:
    return Intake(store, Keys("k1", bytes(32)), county())


@pytest.mark.parametrize(
    ("organisation", "timezone", "told"),
    [("", "Nowhere/City", "time zone"), ("north", "", "unit below another"), (" ", "", "needs an id")],
)
def test_an_organisation_that_cannot_be_made_is_told_before_anything_is_kept(
    intake: Intake, tmp_path: Path, organisation: str, timezone: str, told: str
) -> None:
    """It would be made again at every start, and fail there."""
    path = tmp_path / "log.csv"
    for content in (ROWS, "Unit,When,Case,Step\n"):
        path.write_text(content, "utf-8")
        with pytest.raises(IntakeError, match=told):
            intake.import_file(path, MAPPING, NOW, organisation=organisation, timezone=timezone)
    assert created_roots(intake.private.connection) == []
    Intake(intake.private, intake.keys, county())


def test_a_file_whose_name_is_no_text_is_imported_and_listed(intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xe5rende.csv")
    path.write_text(ROWS, "utf-8")
    report = intake.import_file(path, MAPPING, NOW)
    assert (report.accepted, report.file) == (1, f"{tmp_path}/\ufffdrende.csv")
    assert [job["name"] for job in all_imports(intake.private)] == ["\ufffdrende.csv"]


@pytest.mark.parametrize("moment", [0, -86_400])
def test_a_list_of_before_1970_is_asked_for_its_date(intake: Intake, tmp_path: Path, moment: int) -> None:
    path = tmp_path / "list.csv"
    path.write_text(ROWS, "utf-8")
    os.utime(path, (moment, moment))
    with pytest.raises(Mendable, match="--snapshot-at"):
        intake.import_file(path, SNAPSHOT, NOW)
    assert intake.import_file(path, SNAPSHOT, NOW, snapshot_at=NOW).accepted == 1
