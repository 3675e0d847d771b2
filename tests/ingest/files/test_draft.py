"""Drafts of mappings: what the names of columns say, and that every draft can be read and tried at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nytta.ingest.files import mapping as mappings
from nytta.ingest.files.draft import draft
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.explain import explain


def drafted(folder: Path, name: str, body: str) -> tuple[Path, Path]:
    file, said = folder / name, folder / "draft.yaml"
    file.write_text(body, encoding="utf-8")
    said.write_text(draft(file, name, "town", "Europe/Oslo"), encoding="utf-8")
    return file, said


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        (
            "Saksnummer;Avdeling;Status;Opprettet dato;Inn kanal\n1;Nord;Ferdig;02.03.2026 10:00;Post\n",
            {"Saksnummer", "Avdeling", "Opprettet dato", "Inn kanal"},
        ),
        ("id,department,created,note\n7,north,2026-03-02T10:00:00Z,x\n", {"id", "department", "created"}),
        ('"a: b","c ""d"" #"\n2026-03-02,x\n', {"a: b", 'c "d" #'}),
    ],
)
def test_columns_are_found_by_their_names(tmp_path: Path, body: str, reads: set[str]) -> None:
    file, said = drafted(tmp_path, "list.csv", body)
    mapping = mappings.load(said)
    assert mapping.columns <= reads
    (row,) = explain(file, mapping).rows
    if len(reads) > 2:
        assert mapping.columns == reads
        assert row.problems == ()
        assert row.events[0].fields[0].value.startswith("2026-03-02T")


def test_an_event_log_is_drafted_by_its_standard_names(shared_data: Path, tmp_path: Path) -> None:
    said = tmp_path / "draft.yaml"
    log = shared_data / "events" / "08_receipt.xes.gz"
    said.write_text(draft(log, log.name, "wabo", "Europe/Amsterdam"), encoding="utf-8")
    mapping = mappings.load(said)
    assert {"time:timestamp", "concept:name", "org:resource", "case:concept:name"} <= mapping.columns
    assert all(row.events and not row.problems for row in explain(log, mapping).rows)


def test_a_file_that_is_no_table_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputError, match="the file is empty"):
        draft(tmp_path / "empty.csv", "empty.csv", "town", "UTC")
