"""Drafts of exports of twenty products and more: what their columns hold, and that no date is read wrongly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta.ingest.files.cells import Notation, notations
from nytta.ingest.files.draft import Draft, drafted
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from tests.ingest.files.exports import EXPORTS, Export

BESIDE = {"status", "changed", "decided", "closed"}
"""Fields that are found and need not be read."""


def draft_of(export: Export, folder: Path) -> tuple[Path, Draft]:
    path = folder / export.name
    path.write_bytes(export.content())
    return path, drafted(look(path, path.name))


def right(export: Export, made: Draft) -> list[str]:
    """The columns of which the draft says what they hold, or that they are open."""
    wanted = {column: field for field, column in export.fields.items()}
    found = {column: field for field, column in made.fields.items()}
    return [
        column
        for column in export.columns
        if found.get(column) == wanted.get(column) or (column not in wanted and found.get(column) in BESIDE)
    ]


def test_columns_of_exports_are_drafted_right(tmp_path: Path) -> None:
    made = [(export, draft_of(export, tmp_path)[1]) for export in EXPORTS]
    assert [(export.name, draft.kind) for export, draft in made] == [(e.name, e.kind) for e in EXPORTS]
    all_columns = sum(len(export.columns) for export in EXPORTS)
    wrong = [(e.name, column) for e, draft in made for column in e.columns if column not in right(e, draft)]
    assert (len(EXPORTS), len(wrong) <= 0.1 * all_columns) == (22, True), wrong


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_no_date_of_an_export_is_read_wrongly(export: Export, tmp_path: Path) -> None:
    path, made = draft_of(export, tmp_path)
    mapping = mapping_of(made, "org", "UTC", {"unit": "u", "system": "s"})
    read_so = {}
    for chunk in read(path, mapping):
        assert not made.questions
        assert not chunk.rejects
        for line in chunk.ndjson.splitlines():
            event = json.loads(line)
            kind = event["type"].split(".")[2]
            read_so[event["sequence"], kind] = event["time"]
    whole = any(export.columns[made.fields[f]](export.rows()[0]).find(":") > 0 for f in ("opened",) if f in made.fields)
    expected = {}
    for number, row in enumerate(export.rows(), 1):
        opened = "eligibility" if export.kind == "staff" else "opened"
        expected[number, opened] = row.opened
        end = {"tickets": "resolved", "cases": "closed"}.get(export.kind)
        if end and row.closed:
            expected[number, end] = row.closed
    shown = "%Y-%m-%dT%H:%M" if whole or ".%M" in export.name else "%Y-%m-%d"
    for key, moment in expected.items():
        told = datetime.fromisoformat(read_so[key]).astimezone(UTC)
        assert told.strftime(shown) == moment.strftime(shown)


@pytest.mark.parametrize(
    ("cells", "orders"),
    [
        (["01/02/2026", "03/04/2026"], {"day-first", "month-first"}),
        (["01/02/2026", "13/04/2026"], {"day-first"}),
        (["01/02/2026", "03/14/2026"], {"month-first"}),
        (["01.02.2026", "03.04.2026"], {"day-first"}),
        (["2026-01-02", ""], {"year-first"}),
        (["26-01-02", "26-03-31"], {"year-first", "day-first"}),
        ([f"26-03-{day:02}" for day in range(1, 32)], {"year-first"}),
        ([f"{day:02}/03/26" for day in range(1, 32)], {"day-first"}),
        ([f"{year:02}-01-01" for year in range(1, 27)], {"year-first", "day-first"}),
        (["02/03/04"], {"year-first", "day-first", "month-first"}),
        (["13/04/2026", "03/14/2026"], set()),
        (["12,5", "1:30"], set()),
        (["10.05", "3.2"], set()),
        (["1", "2", "3"], set()),
    ],
)
def test_the_order_of_dates_is_decided_by_their_values_or_not_at_all(cells: list[str], orders: set[str]) -> None:
    assert {each.order for each in notations(cells)} == orders


def test_what_is_not_decided_is_asked_and_read_by_no_guess(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Ticket ID,Opened,Department\n1,01/02/2026 10:00,A\n2,03/04/2026 11:00,B\n", "utf-8")
    made = drafted(look(path, path.name))
    assert [(question.about, question.choices) for question in made.questions] == [
        ("order", ("day-first", "month-first"))
    ]
    (chunk,) = read(path, mapping_of(made, "org", "UTC"))
    assert (chunk.ndjson, len(chunk.rejects)) == (b"", 2)
    (chunk,) = read(path, mapping_of(made, "org", "UTC", {"order": "month-first"}))
    assert [json.loads(line)["time"] for line in chunk.ndjson.splitlines()] == [
        "2026-01-02T10:00:00Z",
        "2026-03-04T11:00:00Z",
    ]


def test_numbers_are_dates_only_where_a_name_says_so() -> None:
    serials = ["46083", "46084.5"]
    assert notations(serials) == ()
    assert notations(serials, counted=True) == (Notation("excel"),)
