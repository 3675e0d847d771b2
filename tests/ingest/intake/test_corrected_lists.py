"""Lists that come again: what a row says no more, and rows that are gone, are taken back, whatever their order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.store.recompute import recompute
from nytta.ingest.files.errors import MappingError
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.intake import Intake, IntakeError
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from tests.organisations import county

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TEXT = """
id: desk
format: json
records: result
organisation: {id: town, name: Town, country: SE, language: sv}
timezone: Europe/Stockholm
approval: {legal_basis: "6(1)(e)", dpia: D1, consulted_on: 2026-02-01}
dates: {zone: UTC}
source: desk
identity: [sys_id]
snapshot: true
complete: true
unit: group
system: {constant: desk}
ticket: sys_id
channel: {field: contact, values: {phone: phone, self-service: web}}
events:
  - type: ticket.opened
    time: opened
  - also: resolved
    type: ticket.resolved
    time: resolved
  - also: assigned
    type: ticket.assigned
    when: {field: moves, at_least: 1}
    time: changed
"""
LIST = parse(TEXT, "desk.yaml")
ROWS = parse(TEXT.replace("snapshot: true\ncomplete: true\n", "revision: changed\n"), "desk.yaml")


def row(number: int, **fields: str) -> dict[str, str]:
    opened = {"sys_id": f"s{number}", "group": "g1", "contact": "phone", "opened": "2026-03-02 08:00:00", "moves": "1"}
    return opened | {"resolved": "2026-03-03 09:00:00", "changed": "2026-03-03 09:00:00"} | fields


REOPENED = {"resolved": "", "moves": "0", "changed": "2026-03-05 09:00:00"}
FIRST = [row(n) for n in range(40)]
SECOND = [row(n, **REOPENED) if n < 20 else row(n) for n in range(40)]
THIRD = SECOND[5:35]


@pytest.fixture
def intake(store: PrivateStore) -> Intake:
    return Intake(store, Keys("k1", bytes(32)), county())


def file(folder: Path, rows: list[Any], name: str = "list.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"result": rows}), "utf-8")
    return path


def tickets(intake: Intake) -> tuple[int, int, int]:
    """Tickets, those resolved, and assignments."""
    recompute(intake.private, ())
    rows = intake.private.connection.rows(
        "SELECT count(), countIf(isNotNull(resolved_at)), sum(assignments) FROM {private}.tickets FINAL"
    )
    return tuple(map(int, rows[0]))  # type: ignore[return-value]


def test_a_list_takes_back_what_it_says_no_more(intake: Intake, tmp_path: Path) -> None:
    counts = []
    for number, rows in enumerate((FIRST, SECOND, THIRD)):
        report = intake.import_file(file(tmp_path, rows), LIST, NOW, snapshot_at=NOW + timedelta(days=number))
        counts.append((report.accepted, report.superseded, report.duplicate, report.retracted, *tickets(intake)))
    assert counts == [
        (40, 0, 0, 0, 40, 40, 40),
        (20, 20, 20, 40, 40, 20, 20),
        (0, 0, 30, 20, 30, 15, 15),
    ]


def test_an_older_list_that_comes_later_brings_nothing_back(intake: Intake, tmp_path: Path) -> None:
    for number, rows in ((2, THIRD), (0, FIRST), (1, SECOND)):
        intake.import_file(file(tmp_path, rows), LIST, NOW, snapshot_at=NOW + timedelta(days=number))
    assert tickets(intake) == (30, 15, 15)


def test_of_two_lists_of_the_same_moment_the_one_that_comes_later_is_later(intake: Intake, tmp_path: Path) -> None:
    for rows in (FIRST, SECOND, FIRST, SECOND):  # the last two have come before: they change nothing
        intake.import_file(file(tmp_path, rows), LIST, NOW, snapshot_at=NOW)
    assert tickets(intake) == (40, 20, 20)


def test_a_list_that_lacks_too_much_is_refused_and_changes_nothing(intake: Intake, tmp_path: Path) -> None:
    intake.import_file(file(tmp_path, FIRST), LIST, NOW, snapshot_at=NOW)
    few = file(tmp_path, FIRST[:10])
    later = NOW + timedelta(days=1)
    with pytest.raises(IntakeError, match=r"30 of 40 rows .* --gone-at-most 30"):
        intake.import_file(few, LIST, NOW, snapshot_at=later)
    assert tickets(intake) == (40, 40, 40)
    intake.import_file(few, LIST, NOW, snapshot_at=later, gone_at_most=30)
    assert tickets(intake) == (10, 10, 10)


def test_a_row_that_cannot_be_read_is_not_taken_for_gone(intake: Intake, tmp_path: Path) -> None:
    intake.import_file(file(tmp_path, FIRST), LIST, NOW, snapshot_at=NOW)
    wrong = [row(n, opened="never", resolved="never", changed="never") if n < 3 else row(n) for n in range(40)]
    report = intake.import_file(file(tmp_path, wrong), LIST, NOW, snapshot_at=NOW + timedelta(days=1))
    assert (report.rejected, report.retracted) == (3, 0)
    assert tickets(intake) == (40, 40, 40)


def test_rows_with_a_revision_supersede_in_any_order_without_being_a_whole_list(intake: Intake, tmp_path: Path) -> None:
    corrected = [row(n, contact="self-service", **REOPENED) for n in range(6)]
    for number, rows in enumerate((corrected, FIRST)):
        report = intake.import_file(file(tmp_path, rows, f"{number}.json"), ROWS, NOW)
    assert (report.accepted, report.superseded, report.duplicate) == (34, 0, 6)
    assert tickets(intake) == (40, 34, 34)
    channels = intake.private.connection.rows("SELECT countIf(channel = 'web') FROM {private}.tickets FINAL")
    assert channels == [(6,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("snapshot: true\n", ""), "complete belongs to snapshot"),
        (
            TEXT.replace("source: desk\nidentity: [sys_id]\nsnapshot: true\ncomplete: true\n", "revision: moves\n"),
            "a revision needs identity",
        ),
    ],
)
def test_what_does_not_go_together_is_told(text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        parse(text, "desk.yaml")
