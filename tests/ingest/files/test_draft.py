"""Drafts of mappings: what the names of columns say, and that every draft can be read and tried at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nytta.ingest.files import mapping as mappings
from nytta.ingest.files.draft import draft
from nytta.ingest.files.draft import drafted as looked_at
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.explain import explain
from nytta.ingest.files.looks import look


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


def fields_of(folder: Path, name: str, body: str) -> tuple[str, dict[str, str]]:
    file = folder / name
    file.write_text(body, encoding="utf-8")
    made = looked_at(look(file, name))
    return made.kind, dict(made.fields)


def test_what_the_names_leave_out_is_told_by_cells(tmp_path: Path) -> None:
    kind, fields = fields_of(
        tmp_path,
        "register.csv",
        "App;Case Officer Name;First;Then;Case Type;Desired reply;How\n"
        "26/1;J Dean;2026-01-14;2026-01-20;Event;Email;Portal\n26/2;J Dean;2026-02-03;;Event;Post;Paper\n"
        "26/3;K West;2026-02-28;2026-03-01;Taxi;Email;Portal\n26/4;K West;2026-03-09;2026-04-13;Taxi;Email;Counter\n",
    )
    # a name is no number of a case, what was never later than another came first, and a reply is no way in
    assert (kind, fields) == (
        "cases",
        {"case": "App", "actor": "Case Officer Name", "case_type": "Case Type", "opened": "First", "channel": "How"},
    )


def test_cells_decide_nothing_where_two_columns_are_alike(tmp_path: Path) -> None:
    _, fields = fields_of(
        tmp_path,
        "cases.csv",
        "Case no;Case type;A;B;Officer\n1;x;2026-01-14;2026-01-14;k\n2;x;2026-02-03;2026-02-03;k\n"
        "3;y;2026-02-28;2026-02-28;l\n4;y;2026-03-09;2026-03-09;l\n",
    )
    assert "opened" not in fields


def test_a_column_called_like_a_name_may_be_that_of_the_units_above(tmp_path: Path) -> None:
    _, fields = fields_of(
        tmp_path,
        "anställda.csv",
        "Anstnr;Org-enhet nivå 2;Org-enhet nivå 3;Kostnadsställe;Yrke\n1;Omsorg;Norr;31010;Chef\n"
        "2;Omsorg;Norr;31010;Sköterska\n3;Omsorg;Syd;31020;Sköterska\n4;Bildning;Skolan;41000;Rektor\n",
    )
    units = {"unit": "Kostnadsställe", "unit_name": "Org-enhet nivå 3", "unit_above": "Org-enhet nivå 2"}
    assert {role: fields.get(role) for role in units} == units
