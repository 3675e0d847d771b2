"""Ten lists as people hand them over, damaged each in its own ways: no wrong date, and every row is accounted for."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from nytta.ingest.files.draft import drafted
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read


@dataclass(frozen=True)
class Hostile:
    """One file: what it is, the columns that are to be found, and what its rows say by their number."""

    name: str
    content: bytes
    kind: str
    fields: Mapping[str, str]
    times: Mapping[str, Mapping[str, str]]
    """Number of the case, ticket or person → kind of event → its moment, without a zone."""
    rows: int
    """Rows below the names of the columns."""
    answers: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


def workbook(rows: list[list[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("Uttrekk")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write(number, column, cell)
    return buffer.getvalue()


def tickets(*pairs: tuple[str, str, str]) -> dict[str, dict[str, str]]:
    return {
        number: {"opened": opened} | ({"resolved": resolved} if resolved else {}) for number, opened, resolved in pairs
    }


def cases(*pairs: tuple[str, str, str]) -> dict[str, dict[str, str]]:
    return {number: {"opened": opened} | ({"closed": closed} if closed else {}) for number, opened, closed in pairs}


def staff(*pairs: tuple[str, str]) -> dict[str, dict[str, str]]:
    return {number: {"eligibility": since} for number, since in pairs}


HOSTILE = (
    Hostile(
        "Sak rapport.csv",  # a title over the header, a band of headings, semicolons within quotes, a total below
        (
            "Saksrapport Lia kommune;;;;\r\nPeriode: 01.01.2026–31.03.2026;;;;\r\n\r\n"
            "Saksnr.;Sakstittel;Mottatt dato;Avsluttet dato;Ansvarlig avdeling\r\n"
            '2026/101;"Søknad; garasje";14.01.2026;02.02.2026;Byggesak\r\n'
            '2026/102;"Søknad ""hytte""; fjell";15.01.2026;;Byggesak\r\n'
            "2026/103;Klage;03.02.2026;28.02.2026;Miljø\r\n"
            "2026/104;Klage;11.02.2026;12.03.2026;Miljø\r\n"
            "2026/105;Dispensasjon;12.02.2026;;Byggesak\r\n"
            "Sum;5;;;\r\n"
        ).encode("cp1252"),
        "cases",
        {"case": "Saksnr.", "opened": "Mottatt dato", "closed": "Avsluttet dato", "unit": "Ansvarlig avdeling"},
        cases(
            ("2026/101", "2026-01-14", "2026-02-02"),
            ("2026/102", "2026-01-15", ""),
            ("2026/103", "2026-02-03", "2026-02-28"),
            ("2026/104", "2026-02-11", "2026-03-12"),
            ("2026/105", "2026-02-12", ""),
        ),
        6,
    ),
    Hostile(
        "incidents 2026.csv",  # months by name, a dash for nothing, two columns of one name, an empty column
        (
            b"Ticket number,Created on,Resolved on,Assigned team,Department,Assigned team,,Source\n"
            b"T-1,14 Jan 2026 09:05,15 Jan 2026 11:00,First line,Care,A,,Phone\n"
            b"T-2,3 Feb 2026 08:00,-,First line,Schools,B,,Email\n"
            b"T-3,9 May 2026 23:59,10 May 2026 00:01,Networks,Care,A,,Portal\n"
            b"T-4,1 Oct 2026 07:30,-,Networks,Care,B,,Phone\n"
        ),
        "tickets",
        {"ticket": "Ticket number", "opened": "Created on", "resolved": "Resolved on", "unit": "Department"},
        tickets(
            ("T-1", "2026-01-14T09:05", "2026-01-15T11:00"),
            ("T-2", "2026-02-03T08:00", ""),
            ("T-3", "2026-05-09T23:59", "2026-05-10T00:01"),
            ("T-4", "2026-10-01T07:30", ""),
        ),
        4,
    ),
    Hostile(
        "personal.xlsx",  # a merged title, serial numbers of days as numbers, percent with a comma, a total below
        workbook(
            [
                ["Personalförteckning 2026-03-31"],
                [],
                ["Anst.nr", "Namn", "Organisatorisk enhet", "Anställd från", "Slutdatum", "Syss.grad"],
                [1001, "Eva Å", "Bygglov", 42005, "", "75,00"],
                [1002, "Bo L", "Bygglov", 43831, 46112, "100,00"],
                [1003, "Siv K", "Miljö", 45658, "", "80,00"],
                [1004, "Ola S", "Miljö", 45689, "", "100,00"],
                ["Totalt", "4", "", "", "", ""],
            ]
        ),
        "staff",
        {"person": "Anst.nr", "unit": "Organisatorisk enhet", "from": "Anställd från", "to": "Slutdatum"},
        staff(("1001", "2015-01-01"), ("1002", "2020-01-01"), ("1003", "2025-01-01"), ("1004", "2025-02-01")),
        5,
    ),
    Hostile(
        "hd_export.txt",  # UTF-16 with tabs, month first as one cell shows, clock of twelve hours
        (
            "Request ID\tCreated Time\tCompleted Time\tDepartment\tMode\tTechnician\n"
            "501\t1/2/2026 1:05 PM\t1/14/2026 12:30 AM\tIT\tE-Mail\tAnn\n"
            "502\t3/4/2026 12:00 PM\t\tIT\tPhone Call\tBob\n"
            "503\t3/5/2026 11:59 PM\t3/6/2026 9:00 AM\tHR\tWeb Form\tAnn\n"
        ).encode("utf-16"),
        "tickets",
        {"ticket": "Request ID", "opened": "Created Time", "resolved": "Completed Time", "unit": "Department"},
        tickets(
            ("501", "2026-01-02T13:05", "2026-01-14T00:30"),
            ("502", "2026-03-04T12:00", ""),
            ("503", "2026-03-05T23:59", "2026-03-06T09:00"),
        ),
        3,
    ),
    Hostile(
        "arenden.csv",  # a mark that is never closed: it swallows no row silently
        (
            "Ärendenummer;Rubrik;Skapat;Löst;Beställarens enhet\n"
            "A1;Skrivare;2026-01-02 08:00;2026-01-02 09:00;Skola\n"
            'A2;"27 tum skärm;2026-01-03 08:00;;Skola\n'
            "A3;VPN;2026-01-04 08:00;2026-01-05 10:00;Vård\n"
            "A4;VPN;2026-01-14 08:00;;Vård\n"
        ).encode("cp850"),
        "tickets",
        {"ticket": "Ärendenummer", "opened": "Skapat", "resolved": "Löst", "unit": "Beställarens enhet"},
        tickets(
            ("A1", "2026-01-02T08:00", "2026-01-02T09:00"),
            ("A3", "2026-01-04T08:00", "2026-01-05T10:00"),
            ("A4", "2026-01-14T08:00", ""),
        ),
        4,
    ),
    Hostile(
        "ansatte_unit4.csv",  # thousands by points, years of two digits, 31.12.99 for no end
        (
            "Ressursnr;Navn;Koststed;Koststed (T);Stillingstype;Dato fra;Dato til;Årslønn\n"
            "10.001;Kari;4100;Byggesak;Fast;01.08.19;31.12.99;512.000,00\n"
            "10.002;Ola;4100;Byggesak;Fast;15.01.24;31.12.99;498.500,50\n"
            "10.003;Per;4200;Miljø;Vikar;20.02.25;28.02.26;450.000,00\n"
        ).encode("cp1252"),
        "staff",
        {"person": "Ressursnr", "unit": "Koststed", "from": "Dato fra", "to": "Dato til"},
        staff(("10.001", "2019-08-01"), ("10.002", "2024-01-15"), ("10.003", "2025-02-20")),
        3,
    ),
    Hostile(
        "diarium.csv",  # one column in days, another in moments with an offset, BOM, a hint for spreadsheets
        (
            "sep=;\nDiarienummer;Ärendetyp;Inkom;Beslutsdatum;Handläggande enhet;Handläggare\n"
            "M-2026-1;Bygglov;2026-03-01T08:00:00+01:00;2026-04-13;Bygg;anna\n"
            "M-2026-2;Bygglov;2026-03-29T01:30:00+01:00;;Bygg;bo\n"
            "M-2026-3;Strandskydd;2026-03-29T03:30:00+02:00;2026-05-02;Miljö;bo\n"
            "M-2026-4;Strandskydd;2026-06-13T10:00:00Z;2026-06-14;Miljö;anna\n"
        ).encode("utf-8-sig"),
        "cases",
        {"case": "Diarienummer", "case_type": "Ärendetyp", "opened": "Inkom", "unit": "Handläggande enhet"},
        {
            "M-2026-1": {"opened": "2026-03-01T07:00", "closed": "2026-04-13"},
            "M-2026-2": {"opened": "2026-03-29T00:30"},
            "M-2026-3": {"opened": "2026-03-29T01:30", "closed": "2026-05-02"},
            "M-2026-4": {"opened": "2026-06-13T10:00", "closed": "2026-06-14"},
        },
        4,
    ),
    Hostile(
        "meldinger.csv",  # nothing decides the order, so it is asked; columns that only look like dates
        (
            "Meldingsnr;Registrert;Løst;Versjon;Enhet\n"
            "9001;01/02/26;02/02/26;1.2.3;Skole\n9002;03/04/26;;2.0.1;Skole\n9003;05/06/26;07/06/26;10.11.12;Helse\n"
        ).encode(),
        "tickets",
        {"ticket": "Meldingsnr", "opened": "Registrert", "resolved": "Løst", "unit": "Enhet"},
        tickets(("9001", "2026-02-01", "2026-02-02"), ("9002", "2026-04-03", ""), ("9003", "2026-06-05", "2026-06-07")),
        3,
        {"order": "day-first"},
        ("order",),
    ),
    Hostile(
        "cases_en.csv",  # month names written out, a comma within the date, blank lines, spaces as thousands
        (
            b'Case no,Registered,Closed,Owner department,Handling time\n"C 1","January 14, 2026","February 2, 2026",'
            b'Permits,"86 400"\n\n"C 2","March 3, 2026",,Permits,"1 200"\n,,,,\n"C 3","May 9, 2026","May 10, 2026",'
            b'Environment,"12 345 678"\n'
        ),
        "cases",
        {"case": "Case no", "opened": "Registered", "closed": "Closed", "unit": "Owner department"},
        cases(("C 1", "2026-01-14", "2026-02-02"), ("C 2", "2026-03-03", ""), ("C 3", "2026-05-09", "2026-05-10")),
        4,  # a line of nothing but commas is one
    ),
    Hostile(
        "supportsaker.csv",  # day and month in words of Norwegian, a clock with points, a last line cut off
        (
            "Saks-ID|Opprettet|Løst dato|Kanal|Avdeling\n"
            "1|2. januar 2026 kl. 08.15|3. januar 2026 kl. 09.00|Telefon|Skole\n"
            "2|13. mai 2026 kl. 23.59||E-post|Helse\n"
            "3|31. oktober 2026 kl. 07.05|1. desember 2026 kl. 10.10|Chat|Helse\n4|5. desember"
        ).encode(),
        "tickets",
        {"ticket": "Saks-ID", "opened": "Opprettet", "resolved": "Løst dato", "unit": "Avdeling"},
        tickets(
            ("1", "2026-01-02T08:15", "2026-01-03T09:00"),
            ("2", "2026-05-13T23:59", ""),
            ("3", "2026-10-31T07:05", "2026-12-01T10:10"),
        ),
        4,
    ),
)


@pytest.mark.parametrize("export", HOSTILE, ids=lambda export: export.name)
def test_a_damaged_list_has_no_wrong_date_and_its_ledger_closes(export: Hostile, tmp_path: Path) -> None:
    path = tmp_path / export.name
    path.write_bytes(export.content)
    made = drafted(look(path, path.name))
    assert made.kind == export.kind
    assert {role: made.fields.get(role) for role in export.fields} == dict(export.fields)
    assert tuple(question.about for question in made.questions) == export.asked
    told: dict[str, dict[str, str]] = {}
    rows = rejected = left_out = 0
    accepted = set()
    for chunk in read(path, mapping_of(made, "org", "UTC", {"unit": "u", "system": "s", **export.answers})):
        rows, rejected, left_out = chunk.rows, rejected + len(chunk.rejects), left_out + chunk.skipped
        for line in chunk.ndjson.splitlines():
            event = json.loads(line)
            accepted.add(event["sequence"])
            data = event["data"]
            number = data.get("ticket") or data.get("case") or data["actor"]
            kind = event["type"].split(".")[2]
            moment = datetime.fromisoformat(event["time"])
            told.setdefault(number, {})[kind] = f"{moment:%Y-%m-%dT%H:%M}".removesuffix("T00:00")
    wrong = {
        (number, kind): (moment, export.times.get(number, {}).get(kind))
        for number, moments in told.items()
        for kind, moment in moments.items()
        if export.times.get(number, {}).get(kind) not in (moment, f"{moment}T00:00")
    }
    assert not wrong
    assert told == {
        number: {kind: moment.removesuffix("T00:00") for kind, moment in moments.items()}
        for number, moments in export.times.items()
    }
    assert rows == export.rows
    assert rejected + left_out >= rows - len(accepted)
