"""Kinds of lists on which a draft went wrong: other languages, steps told twice, dates that are none, no persons."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from nytta.ingest.files import looks
from nytta.ingest.files.beginning import problem
from nytta.ingest.files.draft import Draft, drafted_file
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from nytta.ingest.files.times import day_reader
from nytta.surfaces.problems import in_language

BEGIN = datetime(2026, 1, 12, 8)


def drafted(folder: Path, columns: str, rows: Sequence[Sequence[str]], name: str = "export.csv") -> Draft:
    """The draft of a list with these columns, parted by "|"."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(columns.split("|"))
        writer.writerows(rows)
    return drafted_file(path, name)


def events(folder: Path, draft: Draft) -> list[dict[str, Any]]:
    """The events of its list, each with its type without what all types share."""
    mapping = mapping_of(draft, "org", "UTC", {"system": "s", "unit": "org"})
    lines = [line for chunk in read(folder / draft.look.name, mapping) for line in chunk.ndjson.splitlines()]
    made = [json.loads(line) for line in lines]
    return [
        {"type": event["type"].split(".", 1)[1].rpartition(".")[0], **event["data"], "time": event["time"]}
        for event in made
    ]


def counted(folder: Path, draft: Draft) -> Mapping[str, int]:
    return Counter(event["type"] for event in events(folder, draft))


def moments(number: int, form: str) -> tuple[str, str]:
    """When a thing came in and when it was done with; every fourth is not."""
    opened = BEGIN + timedelta(days=number, hours=number % 5)
    closed = "" if number % 4 == 3 else (opened + timedelta(days=2)).strftime(form)
    return opened.strftime(form), closed


# --- languages ---

DESKS = {
    "pt": "ID|Título|Entidade|Status|Data de abertura|Data da solução|Data de fechamento|Tempo para solução"
    "|Requerente - Requerente|Atribuído - Grupo técnico|Categoria|Origem da requisição",
    "es": "ID|Título|Entidad|Estado|Fecha de apertura|Fecha de solución|Fecha de cierre|Fecha límite"
    "|Solicitante - Solicitante|Asignado a - Grupo técnico|Categoría|Origen de la solicitud",
    "fr": "ID|Titre|Entité|Statut|Date d'ouverture|Date de résolution|Date de clôture|Échéance"
    "|Demandeur - Demandeur|Attribué à - Groupe de techniciens|Catégorie|Source de la demande",
    "de": "Ticketnummer|Betreff|Abteilung|Zustand|Erstellt am|Gelöst am|Geschlossen am|Fällig am"
    "|Antragsteller|Bearbeitergruppe|Kategorie|Eingangskanal",
    "nl": "Meldingnummer|Korte omschrijving|Vestiging (aanmelder)|Status|Datum aangemeld|Datum gereed|Datum afgemeld"
    "|Streefdatum|Aanmelder|Behandelaarsgroep|Categorie|Soort binnenkomst",
    "it": "Numero ticket|Titolo|Ufficio|Stato|Data di apertura|Data di risoluzione|Data di chiusura|Scadenza"
    "|Richiedente|Gruppo di assegnazione|Categoria|Canale",
    "fi": "Tikettinumero|Otsikko|Yksikkö|Tila|Luotu|Ratkaistu|Suljettu|Määräaika|Ilmoittaja|Ratkaisuryhmä"
    "|Luokka|Kanava",
    "da": "Sagsnr|Emne|Afdeling|Status|Oprettet|Løst|Lukket|Frist|Anmoder|Gruppe|Kategori|Henvendelseskanal",
}
WAYS = {
    "pt": ("Telefone", "E-Mail", "Formulário"),
    "es": ("Teléfono", "Correo electrónico", "Formulario"),
    "fr": ("Téléphone", "Courriel", "Formulaire"),
    "de": ("Telefon", "E-Mail", "Portal"),
    "nl": ("Telefonisch", "E-mail", "Portaal"),
    "it": ("Telefono", "E-mail", "Portale"),
    "fi": ("Puhelin", "Sähköposti", "Lomake"),
    "da": ("Telefon", "E-mail", "Selvbetjening"),
}


@pytest.mark.parametrize("language", DESKS)
def test_a_service_desk_exports_in_its_own_language(tmp_path: Path, language: str) -> None:
    rows = []
    for number in range(40):
        opened, solved = moments(number, "%d-%m-%Y %H:%M")
        closed = solved and "28-02-2026 09:00"
        limit = "20-06-2027 10:00"
        texts = (
            f"{4000 + number}",
            "x y z",
            f"U{number % 3}",
            "Status A" if closed else "B",
            opened,
            solved,
            closed,
            limit,
        )
        rows.append((*texts, f"p{number % 7}", f"G{number % 4}", f"K{number % 5}", WAYS[language][number % 3]))
    draft = drafted(tmp_path, DESKS[language], rows)
    columns = DESKS[language].split("|")
    roles = ("ticket", "unit", "status", "opened", "resolved", "closed", "requester", "team", "category", "channel")
    wanted = [column for place, column in enumerate(columns) if place not in (1, 7)]
    assert (draft.kind, [draft.fields.get(role) for role in roles]) == ("tickets", wanted)
    assert counted(tmp_path, draft) == {"ticket.opened": 40, "ticket.resolved": 30}
    resolved = {
        event["ticket"]: event["time"] for event in events(tmp_path, draft) if event["type"] == "ticket.resolved"
    }
    assert resolved["4000"].startswith("2026-01-14")  # when it was solved, and not when it was closed
    ways = Counter(event["channel"] for event in events(tmp_path, draft) if event["type"] == "ticket.opened")
    assert ways == {"phone": 14, "email": 13, "web": 13}


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (
            "Número do processo|Tipo de processo|Órgão responsável|Data de abertura|Data de encerramento|Prazo",
            "lista.csv",
        ),
        ("Expediente|Tipo de trámite|Unidad responsable|Fecha de entrada|Fecha de fin|Fecha límite", "expedientes.csv"),
        ("Numéro de dossier|Type de dossier|Service instructeur|Date de dépôt|Date de clôture|Échéance", "liste.csv"),
        ("Aktenzeichen|Vorgangsart|Fachbereich|Eingangsdatum|Abschlussdatum|Fällig am", "liste.csv"),
        ("Zaaknummer|Zaaktype|Behandelende afdeling|Ontvangstdatum|Einddatum|Streefdatum", "zaken.csv"),
        (
            "Numero pratica|Tipo di pratica|Ufficio responsabile|Data di presentazione|Data di chiusura|Scadenza",
            "p.csv",
        ),
        ("Diaarinumero|Asiatyyppi|Vastuuyksikkö|Vireilletulopäivä|Päättymispäivä|Määräaika", "asiat.csv"),
    ],
)
def test_cases_of_other_languages_begin_and_end(tmp_path: Path, columns: str, name: str) -> None:
    rows = []
    for number in range(40):
        opened, closed = moments(number, "%Y-%m-%d")
        rows.append((f"2026/{number:04}", f"T{number % 3}", f"U{number % 4}", opened, closed, "2027-01-01"))
    draft = drafted(tmp_path, columns, rows, name)
    roles = ("case", "case_type", "unit", "opened", "closed")
    assert (draft.kind, [draft.fields.get(role) for role in roles]) == ("cases", columns.split("|")[:-1])
    assert counted(tmp_path, draft) == {"case.opened": 40, "case.closed": 30}


def test_an_empty_column_of_solutions_is_no_end(tmp_path: Path) -> None:
    rows = [(f"{n}", "U1", moments(n, "%d/%m/%Y %H:%M")[0], "", "Novo") for n in range(30)]
    draft = drafted(tmp_path, "ID|Entidade|Data de abertura|Solução - Solução|Status", rows, "chamados.csv")
    assert counted(tmp_path, draft) == {"ticket.opened": 30}


def test_zeros_and_minutes_do_not_say_that_the_first_contact_resolved(tmp_path: Path) -> None:
    rows = [(f"IM{n}", f"B{n % 3}", *moments(n, "%Y-%m-%d %H:%M"), "0", f"{n % 2}") for n in range(30)]
    columns = "number|callerBranch|creationDate|closedDate|firstContactResolution|timeSpentFirstLine"
    assert "first_contact" not in drafted(tmp_path, columns, rows).fields


# --- steps that have a start and an end ---


def lifecycle_rows(
    words: Sequence[str], steps: Sequence[str] = ("Register", "Check", "Close case")
) -> list[tuple[str, ...]]:
    """A row for each word of each step, of twelve cases, an hour between each."""
    rows: list[tuple[str, ...]] = []
    for case in range(12):
        moment = BEGIN + timedelta(days=case)
        for step in steps:
            for word in words:
                moment += timedelta(hours=1)
                rows.append((f"C{case}", step, word, f"{moment:%Y-%m-%d %H:%M:%S}", f"p{case % 4}", f"U{case % 3}"))
    return rows


COLUMNS = "Case ID|Activity|{}|Timestamp|Resource|Group"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lifecycle:transition", ("start", "complete")),
        ("Event Type", ("SCHEDULE", "START", "COMPLETE")),
        ("registration_type", ("started", "completed")),
        ("Status", ("Påbörjad", "Klar")),
    ],
)
def test_a_step_with_a_start_and_an_end_counts_once(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    draft = drafted(tmp_path, COLUMNS.format(name), lifecycle_rows(words))
    assert (draft.kind, draft.fields["lifecycle"]) == ("log", name)
    made = events(tmp_path, draft)
    assert Counter(event["type"] for event in made) == {"case.step": 36, "case.opened": 12, "case.closed": 12}
    # a case is as long as before: from the first row to the end of its last step
    spans = {event["type"]: event["time"] for event in made if event["case"] == "C0"}
    assert spans["case.opened"] == "2026-01-12T09:00:00Z"
    assert spans["case.closed"] == f"2026-01-12T{8 + 3 * len(words):02}:00:00Z"


def test_a_step_that_is_never_completed_counts_as_it_begins(tmp_path: Path) -> None:
    rows = [row for row in lifecycle_rows(("start", "complete")) if row[1:3] != ("Check", "complete")]
    draft = drafted(tmp_path, COLUMNS.format("lifecycle:transition"), rows)
    steps = Counter(event["activity"] for event in events(tmp_path, draft) if event["type"] == "case.step")
    assert steps == {"Register": 12, "Check": 12, "Close case": 12}


def test_how_far_a_case_has_come_is_no_part_of_its_steps(tmp_path: Path) -> None:
    rows = [(*row[:2], "completed" if row[0] < "C5" else "started", *row[3:]) for row in lifecycle_rows(("x",))]
    draft = drafted(tmp_path, COLUMNS.format("Case state"), rows)
    assert "lifecycle" not in draft.fields
    assert counted(tmp_path, draft)["case.step"] == 36


# --- dates that are none ---


@pytest.mark.parametrize(
    ("placeholder", "form"),
    [
        ("1900-01-01", "%Y-%m-%d"),
        ("0001-01-01 00:00:00", "%Y-%m-%d %H:%M:%S"),
        ("01/01/1970 00:00", "%d/%m/%Y %H:%M"),
        ("31.12.9999", "%d.%m.%Y"),
        ("12/31/2099 11:59 PM", "%m/%d/%Y %I:%M %p"),
        ("21000101", "%Y%m%d"),
        ("1900-01-01T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ"),
    ],
)
@pytest.mark.parametrize("columns", ["Ticket ID|Department|Created|Resolved", "Dnr|Enhet|Inkom|Avslutad"])
def test_a_placeholder_is_no_end(tmp_path: Path, placeholder: str, form: str, columns: str) -> None:
    rows = []
    for number in range(30):
        opened, closed = moments(number, form)
        rows.append((f"A-{number}", f"U{number % 3}", opened, closed or placeholder))
    draft = drafted(tmp_path, columns, rows)
    assert sorted(counted(tmp_path, draft).values()) == [23, 30]
    [remark] = [remark for remark in draft.remarks if placeholder in remark]
    assert {in_language(remark, language) == remark for language in ("sv", "nb")} == {False}


def test_a_placeholder_that_stands_far_down_is_none_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "ROWS", 20)
    rows = [(f"T{n}", "U1", moments(n, "%Y-%m-%d")[0], "2026-06-01" if n < 25 else "9999-12-31") for n in range(30)]
    draft = drafted(tmp_path, "Ticket ID|Department|Created|Resolved", rows)
    assert counted(tmp_path, draft) == {"ticket.opened": 30, "ticket.resolved": 25}


def test_staff_since_1900_stay_staff(tmp_path: Path) -> None:
    rows = [(f"{n}", f"U{n % 3}", "1900-01-01" if n % 2 else "2020-05-05", "9999-12-31") for n in range(20)]
    draft = drafted(tmp_path, "Anställningsnummer|Enhet|Anställd from|Anställd till", rows, "personal.csv")
    assert draft.no_dates == ("9999-12-31",)


# --- no persons ---


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Role 3", "shared"),
        ("ROLE_ADMIN", "shared"),
        ("Servicedesk", "shared"),
        ("Team A", "shared"),
        ("2nd Line", "shared"),
        ("Kö bygg", "shared"),
        ("Loan Officer", "shared"),
        ("Handläggare", "shared"),
        ("Handläggare 7", "person"),
        ("ann@office.example", "person"),
        ("it.support@town.example", "shared"),
        ("Clerk-000003", "person"),
        ("Ann Clerk", "person"),
        ("system", "system"),
        ("Workflow", "system"),
        ("batch", "system"),
        ("no-reply", "system"),
        ("Anna Grupe", "person"),
        ("Teamu Laine", "person"),
        ("rolleiv", "person"),
    ],
)
def test_roles_and_groups_are_no_persons(tmp_path: Path, name: str, kind: str) -> None:
    rows = [
        (f"C{n // 3}", f"Step {n % 3}", f"2026-02-{n + 1:02} 08:00", name if n % 3 == 1 else f"u{n % 4}", "U1")
        for n in range(27)
    ]
    draft = drafted(tmp_path, "Case ID|Activity|Timestamp|Resource|Department", rows)
    kinds = {event["actor"]: event.get("actor_kind", "person") for event in events(tmp_path, draft) if "actor" in event}
    assert kinds == {name: kind} | {f"u{n}": "person" for n in range(4)}


def test_a_robot_that_acts_far_down_is_no_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "ROWS", 20)
    rows = [(f"T{n}", "U1", moments(n, "%Y-%m-%d")[0], f"p{n % 5}" if n < 25 else "svc_sync") for n in range(30)]
    draft = drafted(tmp_path, "Ticket ID|Department|Created|Requester", rows)
    kinds = {event["actor"]: event["actor_kind"] for event in events(tmp_path, draft)}
    assert kinds["svc_sync"] == "system"


# --- rows that name no unit ---


def test_a_step_without_a_unit_counts_in_that_of_its_case(tmp_path: Path) -> None:
    rows = [list(row[:2] + row[3:]) for row in lifecycle_rows(("x",))]
    for row in rows:
        if row[1] == "Register" or row[0] == "C1":
            row[-1] = ""
    draft = drafted(tmp_path, "Case ID|Activity|Timestamp|Resource|Department", rows)
    chunks = list(read(tmp_path / "export.csv", mapping_of(draft, "org", "UTC", {"system": "s"})))
    assert sum(len(chunk.rejects) for chunk in chunks) == 0
    assert (chunks[-1].beside, chunks[-1].unnamed) == (11, 3)
    units: dict[str, set[str]] = {}
    for event in events(tmp_path, draft):
        units.setdefault(event["case"], set()).add(event["unit"])
    assert units == {"C1": {"org"}} | {f"C{n}": {f"U{n % 3}"} for n in range(12) if n != 1}


def test_a_case_without_a_unit_is_the_organisations(tmp_path: Path) -> None:
    rows = [(f"A-{n}", f"U{n % 3}" if n % 5 else "-", *moments(n, "%Y-%m-%d")) for n in range(30)]
    draft = drafted(tmp_path, "Dnr|Enhet|Inkom|Avslutad", rows)
    units = Counter(event["unit"] for event in events(tmp_path, draft) if event["type"] == "case.opened")
    assert units["org"] == 6
    assert units.total() == 30


# --- who uses what, and who learnt what ---


def test_a_list_of_last_logons_is_use(tmp_path: Path) -> None:
    rows = [(f"a{n}", f"a{n}@town.example", f"{n % 9 + 1}/{n % 27 + 1}/2026 6:15:09 PM") for n in range(40)]
    draft = drafted(tmp_path, "SamAccountName|UserPrincipalName|LastLogonDate", rows)
    assert (draft.kind, draft.fields["at"]) == ("use", "LastLogonDate")
    assert draft.dates[0].order == "month-first"


def test_courses_of_employees_are_no_cases(tmp_path: Path) -> None:
    rows = []
    for number in range(40):
        begun, done = moments(number, "%Y-%m-%d")
        rows.append(
            (
                f"{number}",
                f"{number % 11}",
                f"Course {number % 4}",
                "Skills",
                begun,
                done,
                "Completed" if done else "Enrolled",
            )
        )
    columns = "record_id|emp_id|course_name|category|enrollment_date|completion_date|status"
    draft = drafted(tmp_path, columns, rows, "training_records.csv")
    assert counted(tmp_path, draft) == {"change.training": 30}


SIGN_INS = (
    "Date (UTC)|Request ID|User agent|User ID|Username|User type|Application|Application ID|Resource|Status|Compliant"
)


def test_sign_ins_are_use_and_no_steps_of_an_application(tmp_path: Path) -> None:
    rows = []
    for number in range(60):
        moment = (BEGIN + timedelta(minutes=11 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = "Failure" if number % 6 == 0 else "Success"
        program = number % 3
        person = number % 9
        rows.append(
            (
                moment,
                f"{number:08x}",
                "Mozilla",
                f"{person:08x}",
                f"u{person}@t.example",
                "Member",
                f"P{program}",
                f"{program:04}",
                "Azure",
                status,
                "Yes",
            )
        )
    draft = drafted(tmp_path, SIGN_INS, rows, "InteractiveSignIns.csv")
    roles = ("person", "at", "app", "done")
    assert [draft.fields.get(role) for role in roles] == ["Username", "Date (UTC)", "Application", "Status"]
    assert counted(tmp_path, draft) == {"platform.session": 50}


def test_each_product_of_a_licence_report_has_a_last_day(tmp_path: Path) -> None:
    rows = []
    for number in range(30):
        days = [f"2026-02-{day + number % 5:02}" if number % part else "" for day, part in ((3, 2), (9, 3), (15, 5))]
        rows.append(("2026-03-01", f"u{number}@t.example", "False", *days, "2024-01-01"))
    columns = (
        "Report Refresh Date|User Principal Name|Is Deleted|Exchange Last Activity Date|OneDrive Last Activity Date"
    )
    draft = drafted(tmp_path, f"{columns}|Teams Last Activity Date|Exchange License Assign Date", rows)
    days_of = Counter((event["app"], event["time"][:7]) for event in events(tmp_path, draft))
    assert days_of == {("Exchange", "2026-02"): 15, ("OneDrive", "2026-02"): 20, ("Teams", "2026-02"): 24}


def test_devices_are_no_cases_and_no_use(tmp_path: Path) -> None:
    columns = (
        "Device ID|Device name|Enrollment date|Last check-in|OS version|Serial number|Manufacturer|Model|Ownership"
    )
    rows = [
        (f"{n:08x}", f"PC{n}", *moments(n, "%Y-%m-%d %H:%M"), "10", f"S{n}", "HP", "840", "Corporate")
        for n in range(40)
    ]
    draft = drafted(tmp_path, f"{columns}|Primary user UPN", [(*row, f"u{n}@t.example") for n, row in enumerate(rows)])
    refusal = problem(draft)
    assert "devices" in refusal
    assert in_language(refusal, "sv") != refusal


def test_letters_of_a_journal_are_no_tickets(tmp_path: Path) -> None:
    rows = [(f"Brev {n}", moments(n, "%d.%m.%Y")[0], f"2013/{n:05}", "Inngående dokument", "Åpen") for n in range(40)]
    draft = drafted(tmp_path, "tittel|dato|dokumentID|dokumenttype|status", rows, "postliste.csv")
    assert "case" not in draft.fields
    assert "ticket" not in draft.fields
    assert problem(draft)


def test_what_somebody_is_names_nobody(tmp_path: Path) -> None:
    rows = [(*row[:2], "Clerk", *row[3:5]) for row in lifecycle_rows(("x",))]
    draft = drafted(tmp_path, "Case ID|Activity|Resource role|Timestamp|Handled by", rows)
    assert draft.fields["actor"] == "Handled by"


@pytest.mark.parametrize(
    "text",
    [
        "4 de marzo de 2026",
        "4 mars 2026",
        "4. März 2026 10:30 Uhr",
        "4 mrt. 2026",
        "4 de março de 2026",
        "4. maaliskuuta 2026",
        "4 marzo 2026",
        "04/03/2026 à 10h30",
        "04/03/2026 às 10:30",
        "4.3.2026 klo 10.30",
    ],
)
def test_dates_of_other_languages_are_read(text: str) -> None:
    assert day_reader("day-first", (), ZoneInfo("UTC"))(text).isoformat() == "2026-03-04"


def test_the_sheet_that_holds_most_is_no_page_of_charts(tmp_path: Path) -> None:
    path = tmp_path / "tickets.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        charts = workbook.add_worksheet("Charts")
        charts.write_row(0, 0, ["Distribution", "", "", "", "", "", "", "", "", "", "", "Open"])
        charts.write_row(70, 0, ["Closed", "", "", "", "", "", "", "", "", "", "", "5"])
        sheet = workbook.add_worksheet("Tickets")
        sheet.write_row(0, 0, ["Ticket ID", "Department", "Created", "Resolved"])
        for number in range(30):
            sheet.write_row(number + 1, 0, [f"T{number}", f"U{number % 3}", *moments(number, "%Y-%m-%d")])
    assert drafted_file(path, path.name).kind == "tickets"


def test_who_asks_is_no_team_that_resolves(tmp_path: Path) -> None:
    rows = [
        (f"{n}", "E", *moments(n, "%d-%m-%Y %H:%M"), f"p{n % 7}", f"R{n % 3}", f"O{n % 2}", f"G{n % 4}")
        for n in range(40)
    ]
    columns = "ID|Entidade|Data de abertura|Data da solução|Requerente - Requerente|Requerente - Grupo requerente"
    draft = drafted(tmp_path, f"{columns}|Observador - Grupo observador|Atribuído para - Grupo técnico", rows)
    assert draft.fields["team"] == "Atribuído para - Grupo técnico"


def test_names_below_counted_columns_are_the_names(tmp_path: Path) -> None:
    path = tmp_path / "funcionarios.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, [f"Coluna {number}" for number in range(1, 6)])
        sheet.write_row(1, 0, ["Matrícula", "Nome", "Departamento", "Cargo", "Data de Admissão"])
        for number in range(20):
            sheet.write_row(
                number + 2, 0, [f"{1000 + number}", f"N {number}", f"D{number % 3}", "Analista", "2020-05-06"]
            )
    draft = drafted_file(path, path.name)
    roles = ("person", "unit", "role", "from")
    assert [draft.fields.get(role) for role in roles] == ["Matrícula", "Departamento", "Cargo", "Data de Admissão"]


def test_repairs_of_devices_are_tickets(tmp_path: Path) -> None:
    rows = [(f"T{n}", f"S{n}", "HP", "840", "10", f"U{n % 3}", *moments(n, "%Y-%m-%d")) for n in range(40)]
    draft = drafted(tmp_path, "Ticket ID|Serial number|Manufacturer|Model|OS version|Department|Created|Resolved", rows)
    assert counted(tmp_path, draft) == {"ticket.opened": 40, "ticket.resolved": 30}


def test_an_audit_trail_is_use_of_whatever_was_created(tmp_path: Path) -> None:
    rows = [(f"{BEGIN + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}", f"u{n % 5}@t.example", "Teams") for n in range(40)]
    assert counted(tmp_path, drafted(tmp_path, "CreationDate|UserId|Workload", rows)) == {"platform.session": 40}
    once = [(row[0], f"u{n}@t.example", "E3") for n, row in enumerate(rows)]
    assert drafted(tmp_path, "When created|User principal name|Licenses", once).kind != "use"


@pytest.mark.parametrize(
    "columns",
    [
        "review_id|emp_id|review_date|rating|review_period",  # an opinion of a person is no use of a system
        "ID_EXTRA|ID_OFICIAL|FECHA|HORAS|ESTADO",  # hours are no tickets
        "ID|Hora de inicio|Hora de finalización|Edad|Satisfecho",  # nor are answers to a survey
        "student_id|class_id|enrollment_date|level|grade",  # pupils are no staff
        "policy_number|agent_id|bind_date|sum|kind",
        "position_id|title|level_date|band|grade",
        "tree_id|user_type|created_at|steward|health",
        "segment_id|pipe_role|installed|depth_ft|material",
    ],
)
def test_a_number_and_a_date_that_any_list_may_have_are_asked_for(tmp_path: Path, columns: str) -> None:
    rows = [(f"{n}", f"{n % 13}", moments(n, "%Y-%m-%d")[0], f"{n % 5}", f"k{n % 3}") for n in range(40)]
    assert problem(drafted(tmp_path, columns, rows, "data.csv"))


def test_a_date_beside_the_number_of_a_ticket_is_when_it_came_in(tmp_path: Path) -> None:
    rows = [(f"{n}", f"{n % 11}", moments(n, "%Y-%m-%d")[0], f"T{n % 3}") for n in range(40)]
    draft = drafted(tmp_path, "id_incidencia|id_alumno|fecha|tipo_incidencia", rows, "data.csv")
    assert counted(tmp_path, draft) == {"ticket.opened": 40}
