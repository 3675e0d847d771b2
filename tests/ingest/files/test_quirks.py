"""Lists as people hand them over: titles above them, dates that a spreadsheet spoilt, names of no dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.beginning import problem as beginning_problem
from nytta.ingest.files.cells import affirmative
from nytta.ingest.files.draft import Draft, drafted, drafted_file
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.headers import header_row
from nytta.ingest.files.listed_units import codes
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from tests.ingest.files.test_workbook import workbook

ANSWERS = {"unit": "u", "system": "s"}


def draft_of(folder: Path, name: str, body: bytes | str) -> tuple[Path, Draft]:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path, drafted(look(path, name))


def events(path: Path, made: Draft, **answers: str) -> tuple[list[dict[str, Any]], int]:
    """The events of a file under its draft, and how many of its rows are rejected."""
    chunks = list(read(path, mapping_of(made, "org", "Europe/Oslo", ANSWERS | answers)))
    said = [json.loads(line) for chunk in chunks for line in chunk.ndjson.splitlines()]
    return said, sum(len(chunk.rejects) for chunk in chunks)


def rows(count: int, form: str, *more: str, delimiter: str = ";") -> str:
    """Rows with a number, a date in that form, and further cells."""
    days = [date.fromordinal(date(2026, 1, 3).toordinal() + n) for n in range(count)]
    return "".join(delimiter.join([f"T{n}", day.strftime(form), *more]) + "\n" for n, day in enumerate(days))


@pytest.mark.parametrize(
    ("above", "end"),
    [
        ("Ärendelista;;;\nUtskriven;2026-11-01 08:12;;\n\n", "Totalt;40;;\n"),
        ('All requests\nGenerated on "Nov 1, 2026"\n\n', "\nTotal: 40\n"),
        ("sep=;\nRapport\nPeriod;2026\n", ""),
        ("Ärende;;Anmälan;\n", ""),
        ("", ""),
    ],
)
def test_columns_are_named_below_what_stands_above_them(tmp_path: Path, above: str, end: str) -> None:
    body = f"{above}Ärendenummer;Skapad;Kanal;Enhet\n{rows(40, '%Y-%m-%d', 'Telefon', 'Nord')}{end}"
    path, made = draft_of(tmp_path, "a.csv", body)
    assert made.look.columns == ("Ärendenummer", "Skapad", "Kanal", "Enhet")
    said, rejected = events(path, made)
    assert (len(said), said[0]["time"], rejected) == (40, "2026-01-02T23:00:00Z", bool(end))


def test_of_a_workbook_the_sheet_with_the_list_is_read_below_its_title(tmp_path: Path) -> None:
    listed: list[list[object]] = [["Saker 2026"], [], ["Saksnr", "Opprettet", "Avdeling"]]
    listed += [[f"26/{n}", datetime(2026, 1, 3 + n), "Byggesak"] for n in range(20)]
    body = workbook([["Rapport"], ["Kjørt", "Kari"]], listed, [["Kode", "Tekst"], ["a", "b"]])
    path, made = draft_of(tmp_path, "saker.xlsx", body)
    assert (made.look.columns, made.look.above) == (("Saksnr", "Opprettet", "Avdeling"), 2)
    assert len(events(path, made)[0]) == 20


def test_a_header_is_full_and_holds_names() -> None:
    assert header_row([["a", "b", "c"], ["1", "2", "3"], ["4", "", "6"]]) == 0
    assert header_row([["from", "2026-01-01", ""], ["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]) == 1
    assert header_row([["1", "2"], ["3", "4"]]) == 0
    assert header_row([[], [""]]) == 0


TURNED: list[list[object]] = [["Ärende-ID", "Skapad", "Supportgrupp"]]
TURNED += [[f"S-{day}", datetime(2026, day, 1) if day <= 12 else f"{day:02}/01/2026", "A"] for day in range(1, 29)]
"""Days of January, day first, that a spreadsheet took for months first as far as it could."""


def test_dates_that_a_spreadsheet_turned_around_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'Skapad' seem to be turned around by a spreadsheet"):
        draft_of(tmp_path, "a.xlsx", workbook(TURNED))


def test_a_column_with_two_orders_is_not_read_or_the_list_is_refused(tmp_path: Path) -> None:
    mixed = [f"{day:02}/03/2026" for day in range(1, 29)] + [f"03/{day:02}/2026" for day in range(1, 29)]
    body = "".join(f"T{n},{day},A\n" for n, day in enumerate(mixed))
    with pytest.raises(InputError, match="'Opened' are written in several orders"):
        draft_of(tmp_path, "a.csv", f"Ticket No,Opened,Group\n{body}")
    sure = "".join(f"T{n},2026-03-01,{day},A\n" for n, day in enumerate(mixed))
    _, made = draft_of(tmp_path, "a.csv", f"Ticket No,Opened,Resolved,Group\n{sure}")
    assert "resolved" not in made.fields
    assert "the column is not read" in made.remarks[0]


def test_an_order_is_asked_for_a_column_that_writes_dates_otherwise_and_never_guessed(tmp_path: Path) -> None:
    body = "Ticket,Opened,Closed,Dept\n" + "".join(f"{n},2026-01-0{n},0{n + 1}/0{n + 2}/2026,A\n" for n in range(1, 8))
    path, made = draft_of(tmp_path, "a.csv", body)
    assert [question.choices for question in made.questions] == [("day-first", "month-first")]
    said, rejected = events(path, made)
    assert ({event["type"] for event in said}, rejected) == ({"nytta.ticket.opened.v1"}, 7)
    closed = [e["time"] for e in events(path, made, order="month-first")[0] if "resolved" in e["type"]]
    assert closed[0] == "2026-02-02T23:00:00Z"
    assert closed[0] not in [e["time"] for e in events(path, made, order="day-first")[0] if "resolved" in e["type"]]


@pytest.mark.parametrize(
    ("form", "time"),
    [
        ("%y%m%d", "2026-01-02T23:00:00Z"),
        ("%d%m%y", "2026-01-02T23:00:00Z"),
        ("%d%m%Y", "2026-01-02T23:00:00Z"),
        ("%d.%m.%y %H.%M", "2026-01-02T23:00:00Z"),
        ("%d-%b-%y %I.%M.%S.000000 %p", "2026-01-02T23:00:00Z"),
        ("%Y-%m-%dT%H:%M:%S.000+0000", "2026-01-03T00:00:00Z"),
    ],
)
def test_dates_of_old_systems_are_read(tmp_path: Path, form: str, time: str) -> None:
    path, made = draft_of(tmp_path, "a.csv", f"Ärendenummer;Skapad;Grupp\n{rows(60, form, 'A')}")
    assert made.questions[:1] == () or made.questions[0].about == "unit"
    assert events(path, made)[0][0]["time"] == time


def test_a_column_that_says_it_is_utc_is_read_in_utc(tmp_path: Path) -> None:
    path, made = draft_of(tmp_path, "a.csv", f"Reference;Created (UTC);Team\n{rows(30, '%Y-%m-%d %H:%M', 'A')}")
    assert events(path, made)[0][0]["time"] == "2026-01-03T00:00:00Z"


def test_a_list_within_a_document_is_found(tmp_path: Path) -> None:
    items = [
        {"caseReference": f"A/{n}", "receivedOn": f"2026-01-{n:02}", "handlingTeam": {"code": "T1"}}
        for n in range(1, 20)
    ]
    path, made = draft_of(tmp_path, "cases.json", json.dumps({"total": 19, "result": {"items": items}}))
    assert (made.look.records, made.fields["case"], made.fields["opened"]) == (
        "result/items",
        "caseReference",
        "receivedOn",
    )
    assert len(events(path, made)[0]) == 19


def test_lines_that_stand_in_quotation_marks_as_a_whole_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each line stands in quotation marks as a whole"):
        draft_of(tmp_path, "a.csv", '"id,created,unit"\n"1,2026-01-02,A"\n"2,2026-01-03,B"\n')


STAFF = """Ans.nr;Navn;Ansvar;Ansvar tekst;Seksjon;Stilling;Dato fra;Dato til;St.%
1;Kari;310;Byggesak;Plan;Leder;01.08.1998;31.12.9999;100
2;Ola;320;Miljø;Plan;Rådgiver;15.08.2019;31.01.2024;80
3;Per;320;Miljø;Plan;Rådgiver;15.08.2020;31.05.2026;80
4;Siv;410;Skole;Oppvekst;Lærer;31.01.2001;31.12.9999;100
"""


def test_an_end_in_the_year_9999_is_none_and_staff_count_from_the_day_that_figures_begin(tmp_path: Path) -> None:
    path, made = draft_of(tmp_path, "ansatte.csv", STAFF)
    said, rejected = events(path, made, not_before="2025-01-01")
    spans = {e["data"]["actor"]: (e["data"]["valid_from"], e["data"].get("valid_to")) for e in said}
    assert spans == {"1": ("2025-01-01", None), "3": ("2025-01-01", "2026-06-01"), "4": ("2025-01-01", None)}
    assert rejected == 0
    whole = {e["data"]["actor"]: e["data"]["valid_from"] for e in events(path, made)[0]}
    assert whole == {"1": "1998-08-01", "2": "2019-08-15", "3": "2020-08-15", "4": "2001-01-31"}


def test_the_finest_units_are_those_of_staff(tmp_path: Path) -> None:
    made = draft_of(tmp_path, "ansatte.csv", STAFF)[1]
    assert {"unit": "Ansvar", "unit_name": "Ansvar tekst", "unit_above": "Seksjon"}.items() <= made.fields.items()


@pytest.mark.parametrize(
    ("name", "header", "fields"),
    [
        (
            "ivanti.csv",
            "Incident;Created Date Time;Source;Owner Team;Profile Full Name;Org Unit;Resolved Date Time",
            {"ticket": "Incident", "opened": "Created Date Time", "channel": "Source", "team": "Owner Team"}
            | {"requester": "Profile Full Name", "unit": "Org Unit", "resolved": "Resolved Date Time"},
        ),
        (
            "w3d3.csv",
            "Ärende;Upprättat;Inkom genom;Ärendegrupp;Handl.;Org.enhet;Avslutat",
            {"case": "Ärende", "opened": "Upprättat", "channel": "Inkom genom", "case_type": "Ärendegrupp"}
            | {"actor": "Handl.", "unit": "Org.enhet", "closed": "Avslutat"},
        ),
        (
            "websak.csv",
            "Saksnr;Saksdato;Innsendt via;Sakstype;Saksansv.;Adm.enhet;Avsluttet dato",
            {"case": "Saksnr", "opened": "Saksdato", "channel": "Innsendt via", "case_type": "Sakstype"}
            | {"actor": "Saksansv.", "unit": "Adm.enhet", "closed": "Avsluttet dato"},
        ),
        (
            "remedy.csv",
            "Incident ID*+;Reported Date+;Reported Source*;Assigned Group*+;Customer*+;Department;Last Resolved Date",
            {"ticket": "Incident ID*+", "opened": "Reported Date+", "channel": "Reported Source*"}
            | {"team": "Assigned Group*+", "requester": "Customer*+", "unit": "Department"}
            | {"resolved": "Last Resolved Date"},
        ),
    ],
)
def test_columns_of_products_that_no_dictionary_knows(
    tmp_path: Path, name: str, header: str, fields: Mapping[str, str]
) -> None:
    body = "".join(
        f"X{n};2026-01-{n:02};{('Email', 'Phone', 'Post')[n % 3]};G{n % 2};P{n % 5};U{n % 4};2026-02-{n:02}\n"
        for n in range(1, 29)
    )
    made = draft_of(tmp_path, name, f"{header}\n{body}")[1]
    assert fields.items() <= made.fields.items()


def test_how_often_a_ticket_was_passed_on_is_read(tmp_path: Path) -> None:
    body = "Ärendenr;Registrerad;Löst;Anmälare;Antal omflyttningar\n" + "".join(
        f"INC{number};2026-0{1 + number % 9}-15 08:00;2026-0{1 + number % 9}-16 09:30;{1000 + number};{number % 3}\n"
        for number in range(30)
    )
    made, rejected = events(*draft_of(tmp_path, "tickets.csv", body.encode("cp1252")), system="desk", unit="town")
    passed_on = [event["data"]["count"] for event in made if event["type"].endswith("ticket.assigned.v1")]
    assert rejected == 0
    assert sorted(passed_on) == [1] * 10 + [2] * 10


NAMED = (
    # the last part of a compound says what it is; a title above and a total below; an impossible date
    (
        "cases",
        "Utdrag;;;;;;\n\nAktnr;Utredningstyp;Stadsdelsenhet;Aktualiseringsdatum;Avslutsdatum;Ansökningssätt;\n",
        ("26-{n}", ("11:1", "Ansökan"), ("Norr", "Syd"), "%Y%m%d", "", ("Brev", "E-tjänst"), ""),
        {"case": "Aktnr", "case_type": "Utredningstyp", "unit": "Stadsdelsenhet", "opened": "Aktualiseringsdatum"}
        | {"closed": "Avslutsdatum", "channel": "Ansökningssätt"},
    ),
    (
        "tickets",
        "Ticket ID;Date Logged;Client;Source;Category;Closure code;Reassigned Count\n",
        (
            "{n}",
            "%d/%m/%Y",
            ("School", "Care"),
            ("Email", "Phone"),
            ("A", "B"),
            ("First call", "Not first call"),
            ("0", "2"),
        ),
        {"ticket": "Ticket ID", "opened": "Date Logged", "unit": "Client", "channel": "Source", "category": "Category"}
        | {"first_contact": "Closure code", "reassignments": "Reassigned Count"},
    ),
    (
        "tickets",
        "Meldingsnummer;Opprettet;Avdeling;Inngang;Emne;Kategori;Løst ved første henvendelse\n",
        ("M{n}", "%d.%m.%Y", ("Plan", "Skole"), ("Telefon", "Oppmøte"), "Feil", ("A", "B"), ("X", "")),
        {"ticket": "Meldingsnummer", "opened": "Opprettet", "unit": "Avdeling", "channel": "Inngang"}
        | {"category": "Kategori", "first_contact": "Løst ved første henvendelse"},
    ),
    (
        "cases",
        "Saksnr;Opprettet;Ansvarlig enhet;Ansvarlig;Sakstype;Behandlingsmåte;Handling\n",
        ("26/{n}", "%d.%m.%Y", ("Plan", "Skole"), ("KL", "ON"), ("A", "B"), ("Helautomatisk", "Delvis digital"), "Ja"),
        {"case": "Saksnr", "opened": "Opprettet", "unit": "Ansvarlig enhet", "actor": "Ansvarlig"}
        | {"case_type": "Sakstype", "end_to_end": "Behandlingsmåte"},
    ),
    (
        "cases",
        "Arendenummer;Arendetyp;Handlaggare;Forvaltning;Inkommet;Avslutat;Inkomstsatt\n",  # a program without åäö
        ("B {n}/26", ("Bygglov", "Rivning"), ("EVA", "BO"), ("Norr", "Syd"), "%Y-%m-%d", "", ("E-post", "Brev")),
        {"case": "Arendenummer", "case_type": "Arendetyp", "actor": "Handlaggare", "unit": "Forvaltning"}
        | {"opened": "Inkommet", "closed": "Avslutat", "channel": "Inkomstsatt"},
    ),
    (
        "cases",
        "Arkivsak;Saksdato;Adm.enhed;Saksansv.;Ärendekategori;Klart datum;Indgangskanal\n",
        (
            "26/{n}",
            "%d-%m-%Y",
            ("Plan", "Skole"),
            ("KL", "ON"),
            ("A", "B"),
            "",
            ("Borger.dk", "Fremmøde", "Digital Post"),
        ),
        {"case": "Arkivsak", "opened": "Saksdato", "unit": "Adm.enhed", "actor": "Saksansv."}
        | {"case_type": "Ärendekategori", "closed": "Klart datum", "channel": "Indgangskanal"},
    ),
    (
        "staff",
        "Anst.nr;Ansvar;Bef.benämning;Anst.datum;Slutdatum;Still.%\n",
        ("{n}", ("1010", "1020"), ("Ingenjör", "Chef"), "serial", ("2958465", ""), ("100,0", "50,0")),
        {"person": "Anst.nr", "unit": "Ansvar", "role": "Bef.benämning", "from": "Anst.datum", "to": "Slutdatum"}
        | {"fte": "Still.%"},
    ),
)


@pytest.mark.parametrize(("kind", "above", "cells", "fields"), NAMED)
def test_what_a_column_holds_is_known_by_parts_of_its_name_and_by_the_words_of_its_cells(
    tmp_path: Path, kind: str, above: str, cells: tuple[str | tuple[str, ...], ...], fields: dict[str, str]
) -> None:
    days = [date(2026, 1, 3) + timedelta(days=number) for number in range(40)]

    def cell(form: str | tuple[str, ...], number: int) -> str:
        text = form if isinstance(form, str) else form[number % len(form)]
        if text == "serial":
            return str((days[number] - date(1899, 12, 30)).days)
        return days[number].strftime(text).replace("{n}", str(1000 + number))

    body = "".join(";".join(cell(form, number) for form in cells) + "\n" for number in range(40))
    path, made = draft_of(tmp_path, "list.csv", above + body + ";" * (len(cells) - 1) + "\n")
    assert (made.kind, dict(made.fields), made.questions) == (kind, fields, ())
    said, _ = events(path, made)
    opened = [event for event in said if event["type"].split(".")[2] in ("opened", "eligibility")]
    assert [datetime.fromisoformat(event["time"]).date() for event in opened] == [
        day - timedelta(days=1)
        for day in days  # midnight in Oslo
    ]
    assert all("valid_to" not in event["data"] for event in opened)  # the last day that a spreadsheet knows is no end


@pytest.mark.parametrize("name", ["Avslutsdatum", "Klart datum", "Beslutsdatum", "Ferdig dato", "Frist", "Sist endret"])
def test_an_end_is_never_the_time_of_what_happens_first(tmp_path: Path, name: str) -> None:
    for number in ("Löpnummer", "Dnr"):
        _, made = draft_of(tmp_path, "list.csv", f"{number};{name};Enhet;Steg\n" + rows(30, "%Y-%m-%d", "A", "S"))
        assert {"at", "opened", "from"} & made.fields.keys() == set()
        assert beginning_problem(made).startswith("no column is called like the day")


def test_words_affirm_only_where_others_do_not() -> None:
    assert affirmative("first_contact", ["Löst i första samtalet", "Ej första kontakt", "Andra linjen"] * 9) == [
        "Löst i första samtalet"
    ]
    assert affirmative("first_contact", ["First call"] * 9) is None
    assert affirmative("first_contact", ["Printer", "Network"] * 9) is None
    assert affirmative("end_to_end", ["Automatiserat beslut", "Manuellt"] * 9) == ["Automatiserat beslut"]
    assert affirmative("access", ["First call", "Not"] * 9) is None
    assert affirmative("access", ["J", "N", ""]) == ["J"]


def test_a_course_that_is_not_completed_is_left_out_though_it_has_no_date(tmp_path: Path) -> None:
    """By the date it would be known, which it does not have yet."""
    body = "Employee ID,Course,Completion date,Status\n" + "".join(
        f"E{n},Security,{f'2026-03-{n + 10}' if n % 3 else ''},{'Completed' if n % 3 else 'In Progress'}\n"
        for n in range(12)
    )
    path, made = draft_of(tmp_path, "training.csv", body)
    chunks = list(read(path, mapping_of(made, "org", "UTC", ANSWERS)))
    assert [(len(chunk.ndjson.splitlines()), len(chunk.rejects), chunk.skipped) for chunk in chunks] == [(8, 0, 4)]


def test_a_completed_course_without_a_date_is_rejected(tmp_path: Path) -> None:
    body = "Employee ID,Course,Completion date,Status\nE1,Security,2026-03-14,Completed\nE2,Security,,Completed\n"
    path, made = draft_of(tmp_path, "training.csv", body)
    assert [number for _, number in [events(path, made)]] == [1]


def test_where_no_row_can_be_read_the_first_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row can be read; of the first: 2 cells where the header has 3"):
        draft_of(tmp_path, "tickets.csv", "Ticket ID,Created,Closed\n1,2026-01-02\n2,2026-01-03\n")


def test_letters_far_down_a_list_tell_its_encoding(tmp_path: Path) -> None:
    """The beginning holds letters of ASCII alone, which every encoding writes alike."""
    body = "Ticket ID,Created,Resolved,Assignment group\n" + "".join(
        f"T{n},2026-01-02 08:00,2026-01-03 09:00,Network\n" for n in range(3_000)
    )
    body += "".join(f"U{n},2026-02-02 08:00,2026-02-03 09:00,Växel – nät\n" for n in range(9))
    path, made = draft_of(tmp_path, "tickets.csv", body.encode("cp1252"))
    said, rejected = events(path, made)
    assert rejected == 0
    assert {event["data"]["team"] for event in said} == {"Network", "Växel – nät"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        # no column says which row is which, though one holds dates
        ("What,Date\n" + rows(9, "%Y-%m-%d", delimiter=",").replace("T", "some text "), "of what its rows are"),
        ("Doc #,Endret dato,Tittel\n" + rows(9, "%d.%m.%Y", "En tittel", delimiter=","), "called like the day"),
    ],
)
def test_a_list_that_leaves_out_what_or_when_is_told_so(tmp_path: Path, body: str, told: str) -> None:
    _, made = draft_of(tmp_path, "liste.csv", body)
    assert told in beginning_problem(made)


@pytest.mark.parametrize("ways", [("WEB", "PHONE"), ("Telefon", "E-post")])
def test_ways_in_are_no_persons(tmp_path: Path, ways: tuple[str, str]) -> None:
    body = "Ticket ID,Opened,Resolved,Caller type\n" + "".join(
        f"T{n},2026-01-{n + 10},2026-02-{n + 10},{ways[n % 2]}\n" for n in range(12)
    )
    _, made = draft_of(tmp_path, "tickets.csv", body)
    assert (made.fields.get("requester"), made.fields.get("channel")) == (None, "Caller type")


def test_callers_are_persons_whatever_their_ids_are_called(tmp_path: Path) -> None:
    body = "number,opened_at,resolved_at,caller_id,opened_by\n" + "".join(
        f"INC{n},2026-01-{n % 19 + 10},2026-02-{n % 19 + 10},Caller {n % 15},Opened by {n % 4}\n" for n in range(30)
    )
    assert draft_of(tmp_path, "incidents.csv", body)[1].fields["requester"] == "caller_id"


def test_how_far_a_ticket_has_come_is_no_step_of_it(tmp_path: Path) -> None:
    """A list with one row of each: that it is closed does not say that it was on the day on which it came in."""
    body = "request_id,created_at,status,text\n" + "".join(
        f"{n + 1000},2026-01-{n + 10}T08:00:00+00:00,{('open', 'closed')[n % 2]},x\n" for n in range(12)
    )
    path, made = draft_of(tmp_path, "transformed.csv", body)
    said, rejected = events(path, made)
    assert ({event["type"].split(".")[2] for event in said}, rejected) == ({"opened"}, 0)


@pytest.mark.parametrize("name", ["ERT (Estimated Response Time)", "Response"])
def test_a_time_of_response_is_nobody(tmp_path: Path, name: str) -> None:
    body = f"Case ID,Received,Closed,{name}\n" + "".join(
        f"C{n},2026-01-{n + 10},2026-02-{n + 10},{n % 3 + 2} Business Days\n" for n in range(12)
    )
    assert "actor" not in draft_of(tmp_path, "cases.csv", body)[1].fields


@pytest.mark.parametrize("name", ["DATECANCELLED", "Annullerad datum", "Avbrutt dato"])
def test_nothing_came_in_on_the_day_on_which_it_was_cancelled(tmp_path: Path, name: str) -> None:
    body = f"Ticket ID,{name},Team,Resolved\n" + "".join(
        f"T{n},2026-01-{n + 10},A,2026-02-{n + 10}\n" for n in range(12)
    )
    assert "opened" not in draft_of(tmp_path, "tickets.csv", body)[1].fields


def test_a_way_that_nobody_knows_is_not_said_to_be_another(tmp_path: Path) -> None:
    body = "Ticket ID,Opened,Resolved,Source\n" + "".join(
        f"T{n},2026-01-{n + 10},2026-02-{n + 10},https://tracker.example\n" for n in range(12)
    )
    assert "channel" not in draft_of(tmp_path, "tickets.csv", body)[1].fields


def test_a_way_that_is_not_known_is_no_other_way(tmp_path: Path) -> None:
    body = "Case ID,Received,Closed,Channel\n" + "".join(
        f"C{n},2026-01-{n + 10},2026-02-{n + 10},{('PHONE', 'ONLINE', 'UNKNOWN')[n % 3]}\n" for n in range(12)
    )
    path, made = draft_of(tmp_path, "cases.csv", body)
    said, rejected = events(path, made)
    ways = {event["data"].get("channel") for event in said if ".opened." in event["type"]}
    assert (ways, rejected) == ({"phone", "web", None}, 0)


def test_units_far_down_a_list_are_units_too(tmp_path: Path) -> None:
    """The first rows decide what columns hold; all of them name units."""
    body = "Ticket ID,Opened,Resolved,Department\n" + "".join(
        f"T{n},2026-01-{n % 19 + 10},2026-02-{n % 19 + 10},{'K3' if n > 5_050 else f'K{n % 2 + 1}'}\n"
        for n in range(5_100)
    )
    path, made = draft_of(tmp_path, "tickets.csv", body)
    assert codes(made) == ["K1", "K2"]
    assert codes(drafted_file(path, path.name)) == ["K1", "K2", "K3"]


def numbered(project: str) -> str:
    """Twelve issues of four projects, each of which counts its own; `project` names the third column's cells."""
    return "number,published_at,repository,closed_at\n" + "".join(
        f"{n // 4 + 1},2026-01-{n + 10},{project.format(n % 4)},2026-02-{n + 10}\n" for n in range(12)
    )


def test_numbers_that_each_project_counts_are_told_apart(tmp_path: Path) -> None:
    path, made = draft_of(tmp_path, "issues.csv", numbered("town/app{}"))
    said, rejected = events(path, made)
    tickets = {event["data"]["ticket"] for event in said}
    assert (made.fields["series"], len(tickets), rejected) == ("repository", 12, 0)
    assert made.remarks == ()


def test_numbers_that_nothing_tells_apart_are_remarked(tmp_path: Path) -> None:
    _, made = draft_of(tmp_path, "issues.csv", numbered("town/app"))
    (remark,) = made.remarks
    assert remark.startswith("one number in 'number' stands on rows that came in at different times")


def test_rows_that_tell_a_ticket_anew_are_one_ticket(tmp_path: Path) -> None:
    body = "number,opened_at,assignment_group,closed_at\n" + "".join(
        f"{n // 4 + 1},2026-01-{n // 4 + 10},G{n % 4},2026-02-{n // 4 + 10}\n" for n in range(12)
    )
    path, made = draft_of(tmp_path, "incidents.csv", body)
    assert (made.remarks, "series" in made.fields) == ((), False)
    assert sum(".opened." in event["type"] for event in events(path, made)[0]) == 3
