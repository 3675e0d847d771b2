"""Drafts of mappings: what the names of columns say, and that every draft can be read and tried at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.beginning import problem
from nytta.ingest.files.draft import drafted as looked_at
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.explain import explain
from nytta.ingest.files.headers import notes_below
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import draft, mapping_of
from nytta.ingest.files.read import read


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
        ('"a: b","case ""d"" #"\n2026-03-02,x1\n', {"a: b", 'case "d" #'}),
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


def test_a_list_that_nothing_names_is_of_no_kind_and_its_dates_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Vem;Var;Sedan;Annat\nabc;A;2019-08-12;x\nbcd;A;2021-11-30;y\ncde;B;2024-02-01;x\n", "utf-8")
    made = looked_at(look(path, path.name))
    assert (made.kind, {"at", "opened", "from"} & made.fields.keys()) == ("log", set())
    assert problem(made).startswith("no column says of what its rows are")


@pytest.mark.parametrize("word", ["Tills vidare", "tillsvidare", "t.v.", "Pågår", "under behandling", "Open", "Åpen"])
def test_words_for_no_end_are_no_dates_and_no_damage(tmp_path: Path, word: str) -> None:
    rows = "".join(
        f"{n};Enhet {n % 3};2021-01-{n + 10};{word if n % 4 else f'2026-03-{n + 10}'}\n" for n in range(1, 17)
    )
    path = tmp_path / "personal.csv"
    path.write_text("Anstnr;Enhet;Anställd från;Anställd till\n" + rows, "utf-8")
    made = looked_at(look(path, path.name))
    assert made.fields["to"] == "Anställd till"
    (chunk,) = read(path, mapping_of(made, "town", "UTC"))
    ends = [json.loads(line)["data"].get("valid_to") for line in chunk.ndjson.splitlines()]
    assert not chunk.rejects
    assert [end for end in ends if end] == [f"2026-03-{n + 11}" for n in (4, 8, 12, 16)]


def test_a_word_that_another_column_means_is_no_null(tmp_path: Path) -> None:
    rows = "".join(f"C-{n};2026-01-{n + 10};{'open' if n % 4 else f'2026-03-{n + 10}'};open\n" for n in range(1, 17))
    path = tmp_path / "cases.csv"
    path.write_text("Case number;Received;Closed;Case type\n" + rows, "utf-8")
    assert "nulls" not in draft(path, path.name, "town", "UTC")


@pytest.mark.parametrize("name", ["Antal bilagor", "Antall journalposter", "Number of documents", "Ärenden (antal)"])
def test_a_count_is_the_number_of_no_case(tmp_path: Path, name: str) -> None:
    rows = "".join(f"{n};BN 2026-{n};Bygglov;2026-01-{n + 10}\n" for n in range(1, 9))
    kind, fields = fields_of(tmp_path, "diarium.csv", f"{name};Akt;Ärendetyp;Inkom\n{rows}")
    assert (kind, fields["case"]) == ("cases", "Akt")


@pytest.mark.parametrize(
    ("column", "counted"),
    [
        (["0", "2", "0", "1"], True),
        (["", "Leverantör", "", "Drift"], False),
        (["Ja", "Nej", "Nej", "Ja"], False),
        (["x", "", "", "x"], False),
    ],
)
def test_a_ticket_was_passed_on_where_the_list_says_to_whom(tmp_path: Path, column: list[str], counted: bool) -> None:
    path = tmp_path / "tickets.csv"
    rows = "".join(f"T{n};2026-01-{n + 20};A;{cell}\n" for n, cell in enumerate(column))
    path.write_text("Ticket ID;Opened;Department;Escalated to\n" + rows, "utf-8")
    made = looked_at(look(path, path.name))
    assert made.fields["reassignments"] == "Escalated to"
    (chunk,) = read(path, mapping_of(made, "town", "UTC", {"system": "s"}))
    passed_on = [json.loads(line) for line in chunk.ndjson.splitlines() if b"ticket.assigned" in line]
    assert [event["data"].get("count") for event in passed_on] == ([2, 1] if counted else [None, None])


def test_who_asks_and_where_they_work_are_not_passed_on(tmp_path: Path) -> None:
    _, fields = fields_of(
        tmp_path, "tickets.csv", "Ticket ID;Opened;Department;Transfers\n1;2026-01-20;A;Bus\n2;2026-01-21;A;\n"
    )
    assert "reassignments" not in fields


def test_units_are_the_finest_level_under_the_nearest(tmp_path: Path) -> None:
    body = "".join(f"{n};Ala;Förv {n % 2};Avd {n % 4};Enhet {n % 8};Lärare;2020-01-{n + 1}\n" for n in range(24))
    _, fields = fields_of(
        tmp_path, "personal.csv", "Anstnr;Nivå 1;Nivå 2 Förvaltning;Nivå 3 Avdelning;Nivå 4 Enhet;Yrke;From\n" + body
    )
    units = {"unit": "Nivå 4 Enhet", "unit_above": "Nivå 3 Avdelning", "unit_name": None}
    assert {role: fields.get(role) for role in units} == units


def test_an_account_from_which_several_units_are_paid_is_no_unit(tmp_path: Path) -> None:
    rows = "".join(f"{n};{1000 + n % 2};Unit {n % 3};Officer;2020-01-{n + 1}\n" for n in range(24))
    _, fields = fields_of(tmp_path, "staff.csv", "Employee ID;Cost center;Department;Job title;Hire date\n" + rows)
    assert (fields["unit"], fields.get("unit_name")) == ("Department", None)


def test_notes_below_a_table_say_nothing_of_its_columns() -> None:
    rows = [
        ["1", "a", "b", "c"],
        ["2", "a", "", ""],
        ["3", "a", "b", "c"],
        ["Obs! ej klar", "", "", ""],
        ["IT", "", "", ""],
    ]
    assert notes_below(rows) == 2
    assert notes_below(rows[:3]) == 0
    assert notes_below([["1", "x"], ["2", ""]]) == 0


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["Godkänd", "Ej godkänd", "Deltagit", "Avbruten"], [True, False, True, False]),
        (["Ja", "Nej", "Ja", "Nej"], [True, False, True, False]),
        (["Completed", "Not started", "In progress", "Passed"], [True, False, False, True]),
        (["Fullført", "Ikke møtt", "Påmeldt", "Gjennomført"], [True, False, False, True]),
        (["Complete", "Complete", "Complete", "Complete"], [True, True, True, True]),
    ],
)
def test_a_course_that_somebody_did_not_complete_is_none(tmp_path: Path, words: list[str], done: list[bool]) -> None:
    path = tmp_path / "kurser.csv"
    rows = "".join(f"{n};A;Grund;2026-01-{n + 20};{word}\n" for n, word in enumerate(words))
    path.write_text("Anstnr;Enhet;Kurs;Kursdatum;Resultat\n" + rows, "utf-8")
    (chunk,) = read(path, mapping_of(looked_at(look(path, path.name)), "town", "UTC"))
    trained = {json.loads(line)["data"]["actor"] for line in chunk.ndjson.splitlines()}
    assert trained == {str(number) for number, is_done in enumerate(done) if is_done}
    assert chunk.skipped == done.count(False)
