"""Lists as bodies hand them over: bands of headings, notes, totals, joined cells, several sheets, odd dates."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import xlsxwriter

Page = Any
"""A sheet of a workbook that is written; its library names no types."""


@dataclass(frozen=True)
class Strange:
    """One file: its content, its columns as they are to be named, and what its rows say by their number."""

    name: str
    content: bytes
    kind: str
    columns: tuple[str, ...]
    """All columns, as a reader of the sheet would name them."""
    fields: Mapping[str, str]
    """Field → column; what no field has is open."""
    times: Mapping[str, Mapping[str, str]]
    """Number of the case, ticket or person → kind of event → its day or moment, without a zone."""
    rows: int
    """Rows below the names of the columns."""
    answers: Mapping[str, str] = field(default_factory=dict)


def book(**sheets: Callable[[Page], object]) -> bytes:
    """A workbook with one sheet a name, each written by its function."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as made:
        for name, write in sheets.items():
            write(made.add_worksheet(name))
    return buffer.getvalue()


def written(rows: Sequence[Sequence[object]], joined: tuple[str, ...] = ()) -> Callable[[Page], None]:
    """A sheet of these rows, with ranges of cells that are joined and have the text of their first."""

    def write(page: Page) -> None:
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    page.write_datetime(number, column, cell)
                else:
                    page.write(number, column, cell)
        for cells in joined:
            page.merge_range(cells, "")
            first = cells.partition(":")[0]
            row, column = xlsxwriter.utility.xl_cell_to_rowcol(first)
            page.write(row, column, rows[row][column])

    return write


def lines(text: str, encoding: str = "utf-8") -> bytes:
    return text.replace("\n", "\r\n").encode(encoding)


def spans(first: str, second: str, *pairs: str) -> dict[str, dict[str, str]]:
    """Number → moments, of texts "number first-moment second-moment"; the second may be missing."""
    made = {}
    for pair in pairs:
        number, *moments = pair.split()
        made[number] = dict(zip((first, second), moments, strict=False))
    return made


def tickets(*pairs: str) -> dict[str, dict[str, str]]:
    return spans("opened", "resolved", *pairs)


def cases(*pairs: str) -> dict[str, dict[str, str]]:
    return spans("opened", "closed", *pairs)


def staff(*pairs: str) -> dict[str, dict[str, str]]:
    return spans("eligibility", "", *pairs)


STRANGE = (
    # sv: a workbook with notes first, the list second, codes third; a joined title, numbers as codes, an empty column
    Strange(
        "HR-utdrag.xlsx",
        book(
            Läsmig=written([["Utdrag ur personalsystemet"], ["Kontakt: HR-service"], ["Uttaget 2026-04-02"]]),
            Personal=written(
                [
                    ["Anställda per 2026-03-31", "", "", "", "", "", "", ""],
                    [],
                    [
                        "Anst-nr",
                        "Förnamn",
                        "Efternamn",
                        "Ansvar",
                        "Ansvar (text)",
                        "",
                        "Yrkesbenämning",
                        "Anst. fr o m",
                    ],
                    [20011, "Eva", "Ek", 4110, "Bygglov", "", "Bygglovshandläggare", "2019-08-01"],
                    [20012, "Bo", "Al", 4110, "Bygglov", "", "Enhetschef", "2020-01-15"],
                    [20013, "Siv", "Lind", 4120, "Miljö", "", "Inspektör", "2021-11-30"],
                    [20014, "Ola", "Rask", 4120, "Miljö", "", "Inspektör", "2024-02-01"],
                    [20015, "Pia", "Berg", 4120, "Miljö", "", "Assistent", "2025-12-31"],
                    ["Antal:", 5, "", "", "", "", "", ""],
                ],
                ("A1:H1",),
            ),
            Koder=written([["Kod", "Text"], [4110, "Bygglov"], [4120, "Miljö"]]),
        ),
        "staff",
        ("Anst-nr", "Förnamn", "Efternamn", "Ansvar", "Ansvar (text)", "Yrkesbenämning", "Anst. fr o m"),
        {"person": "Anst-nr", "unit": "Ansvar", "unit_name": "Ansvar (text)", "role": "Yrkesbenämning"}
        | {"from": "Anst. fr o m"},
        staff("20011 2019-08-01", "20012 2020-01-15", "20013 2021-11-30", "20014 2024-02-01", "20015 2025-12-31"),
        6,
    ),
    # sv: a band of headings over the names, months as words, a total below
    Strange(
        "Supportstatistik Q1.csv",
        lines(
            "Ärende;;;Tider;;Hantering;;;\n"
            "Nr;Rubrik;Ämnesområde;Anmält;Klart;Sätt;Förvaltning;Lösande grupp;Flyttad ggr\n"
            "S-1;Lösenord;Konto;2 jan 2026 08:15;2 jan 2026 08:40;Telefon;Skola;Servicedesk;0\n"
            "S-2;Skrivare;Utskrift;13 jan 2026 10:00;15 jan 2026 09:00;Mejl;Vård;Klient;2\n"
            "S-3;VPN;Nät;1 feb 2026 07:30;;Webbformulär;Vård;Nät;1\n"
            "S-4;Larm disk;Drift;31 mars 2026 02:10;31 mars 2026 06:00;Övervakning;IT;Drift;0\n"
            "Summa;4;;;;;;;3\n",
            "cp1252",
        ),
        "tickets",
        ("Nr", "Rubrik", "Ämnesområde", "Anmält", "Klart", "Sätt", "Förvaltning", "Lösande grupp", "Flyttad ggr"),
        {"ticket": "Nr", "category": "Ämnesområde", "opened": "Anmält", "resolved": "Klart", "channel": "Sätt"}
        | {"unit": "Förvaltning", "team": "Lösande grupp", "reassignments": "Flyttad ggr"},
        tickets(
            "S-1 2026-01-02T08:15 2026-01-02T08:40",
            "S-2 2026-01-13T10:00 2026-01-15T09:00",
            "S-3 2026-02-01T07:30",
            "S-4 2026-03-31T02:10 2026-03-31T06:00",
        ),
        5,
    ),
    # sv: notes above, tabs, UTF-16, one name twice, decimal commas, an empty column
    Strange(
        "diarieutdrag.txt",
        lines(
            "Utdrag ur diariet\nUrval: alla ärenden, 2026\nSekretessprövad, inga namn på sökande\n\n"
            "Ärendebet.\tÄrendetyp\tHandläggare\tHandläggare\tInkomstdag\tAvslutsdag\t\tInkomstkanal\tÅterremitterad\n"
            "KS-26-11\tTillstånd\tek01\tEva Ek\t2026-01-14\t2026-02-20\t\tE-tjänst\tNej\n"
            "KS-26-12\tTillstånd\tal02\tBo Al\t2026-02-03\t\t\tBrev\tNej\n"
            "KS-26-13\tTillsyn\tek01\tEva Ek\t2026-02-28\t2026-05-02\t\tE-post\tJa\n"
            "KS-26-14\tTillsyn\tal02\tBo Al\t2026-03-09\t2026-03-10\t\tE-tjänst\tNej\n",
            "utf-16",
        ),
        "cases",
        ("Ärendebet.", "Ärendetyp", "Handläggare", "Inkomstdag", "Avslutsdag", "Inkomstkanal", "Återremitterad"),
        {"case": "Ärendebet.", "case_type": "Ärendetyp", "actor": "Handläggare", "opened": "Inkomstdag"}
        | {"closed": "Avslutsdag", "channel": "Inkomstkanal", "reopened": "Återremitterad"},
        cases(
            "KS-26-11 2026-01-14 2026-02-20",
            "KS-26-12 2026-02-03",
            "KS-26-13 2026-02-28 2026-05-02",
            "KS-26-14 2026-03-09 2026-03-10",
        ),
        4,
    ),
    # sv: two lines of names in joined cells, the second of which has a name twice
    Strange(
        "Ärenden nämnd.xlsx",
        book(
            Ärenden=written(
                [
                    ["Ärende", "", "Inkommet", "", "Beslut", "", "Enhet"],
                    ["Nummer", "Typ", "Datum", "Sätt", "Datum", "Utfall", ""],
                    ["MN-1", "Livsmedel", datetime(2026, 1, 14), "Post", datetime(2026, 2, 20), "Bifall", "Miljö"],
                    ["MN-2", "Livsmedel", datetime(2026, 2, 3), "E-tjänst", "", "", "Miljö"],
                    ["MN-3", "Strandskydd", datetime(2026, 2, 27), "E-tjänst", datetime(2026, 3, 1), "Avslag", "Plan"],
                    ["MN-4", "Strandskydd", datetime(2026, 3, 9), "Post", datetime(2026, 4, 13), "Bifall", "Plan"],
                ],
                ("A1:B1", "C1:D1", "E1:F1", "G1:G2"),
            )
        ),
        "cases",
        (
            "Ärende Nummer",
            "Ärende Typ",
            "Inkommet Datum",
            "Inkommet Sätt",
            "Beslut Datum",
            "Beslut Utfall",
            "Enhet",
        ),
        {"case": "Ärende Nummer", "case_type": "Ärende Typ", "opened": "Inkommet Datum", "channel": "Inkommet Sätt"}
        | {"decided": "Beslut Datum", "unit": "Enhet"},
        cases(
            "MN-1 2026-01-14 2026-02-20", "MN-2 2026-02-03", "MN-3 2026-02-27 2026-03-01", "MN-4 2026-03-09 2026-04-13"
        ),
        4,
    ),
    # nb: notes with commas above semicolons, two columns of names, ends in 9999, percents with their sign
    Strange(
        "ansattliste.csv",
        lines(
            "Ansattliste, Lia kommune, hentet 02.04.2026\nFilter: fast, vikar, engasjement\n"
            "Ansattnr.;Fornavn;Etternavn;Org.enhet;Org.enhet (navn);Stillingsbenevnelse;Tiltrådt;Sluttet;Stillings%;\n"
            "000341;Kari;Nes;0310;Byggesak;Avdelingsleder;01.08.2019;31.12.9999;100 %;\n"
            "000342;Ola;Vik;0310;Byggesak;Saksbehandler;15.01.2024;31.12.9999;80 %;\n"
            "000343;Per;Moe;0320;Oppvekst;Rådgiver;20.02.2025;28.02.2026;50 %;\n"
            "000344;Liv;Dahl;0320;Oppvekst;Rådgiver;01.03.2025;31.12.9999;100 %;\n"
        ),
        "staff",
        (
            "Ansattnr.",
            "Fornavn",
            "Etternavn",
            "Org.enhet",
            "Org.enhet (navn)",
            "Stillingsbenevnelse",
            "Tiltrådt",
            "Sluttet",
            "Stillings%",
        ),
        {"person": "Ansattnr.", "unit": "Org.enhet", "unit_name": "Org.enhet (navn)", "role": "Stillingsbenevnelse"}
        | {"from": "Tiltrådt", "to": "Sluttet", "fte": "Stillings%"},
        staff("000341 2019-08-01", "000342 2024-01-15", "000343 2025-02-20", "000344 2025-03-01"),
        4,
    ),
    # nb: one column writes dates in three orders, so that it cannot be read; the others can
    Strange(
        "henvendelser.xlsx",
        book(
            Data=written(
                [
                    ["Saksnr", "Meldt inn", "Løst dato", "Kanal inn", "Virksomhet", "Løsergruppe", "Løst på første"],
                    [70001, "2026-01-14 09:00", "14.01.2026", "Telefon", "Skole", "Førstelinje", "Ja"],
                    [70002, "2026-02-03 10:30", "02/14/2026", "Selvbetjening", "Helse", "Drift", "Nei"],
                    [70003, "2026-02-28 11:00", "2026-03-01", "E-post", "Helse", "Drift", "Nei"],
                    [70004, "2026-03-09 08:00", "13/03/2026", "Overvåking", "Skole", "Førstelinje", "Ja"],
                ]
            )
        ),
        "tickets",
        ("Saksnr", "Meldt inn", "Løst dato", "Kanal inn", "Virksomhet", "Løsergruppe", "Løst på første"),
        {"ticket": "Saksnr", "opened": "Meldt inn", "channel": "Kanal inn", "unit": "Virksomhet", "team": "Løsergruppe"}
        | {"first_contact": "Løst på første"},
        tickets("70001 2026-01-14T09:00", "70002 2026-02-03T10:30", "70003 2026-02-28T11:00", "70004 2026-03-09T08:00"),
        4,
    ),
    # en in nb: English names over Norwegian cells, months in Norwegian
    Strange(
        "Case export.csv",
        lines(
            "Case No,Case Category,Received Date,Closing Date,Case Handler,Org Unit,Input Channel,Times Transferred,"
            "Fully Digital Processing\n"
            "26/0101,Byggesak,14. januar 2026,2. februar 2026,kn01,Byggesak,Altinn,0,Ja\n"
            "26/0102,Byggesak,3. februar 2026,,kn01,Byggesak,Papir,1,Nei\n"
            "26/0103,Skjenkebevilling,28. mai 2026,1. juni 2026,ov02,Næring,Altinn,2,Ja\n"
            "26/0104,Skjenkebevilling,9. oktober 2026,1. desember 2026,ov02,Næring,E-post,0,Nei\n"
        ),
        "cases",
        (
            "Case No",
            "Case Category",
            "Received Date",
            "Closing Date",
            "Case Handler",
            "Org Unit",
            "Input Channel",
            "Times Transferred",
            "Fully Digital Processing",
        ),
        {"case": "Case No", "case_type": "Case Category", "opened": "Received Date", "closed": "Closing Date"}
        | {"actor": "Case Handler", "unit": "Org Unit", "channel": "Input Channel", "handovers": "Times Transferred"}
        | {"end_to_end": "Fully Digital Processing"},
        cases(
            "26/0101 2026-01-14 2026-02-02",
            "26/0102 2026-02-03",
            "26/0103 2026-05-28 2026-06-01",
            "26/0104 2026-10-09 2026-12-01",
        ),
        4,
    ),
    # nb: bars between the cells, a line of dashes under the names, a total below
    Strange(
        "saksoversikt.txt",
        lines(
            "Sak ID|Arkivkode|Sakstype|Ansv. avd.|Saksbeh.|Reg. dato|Ferdigdato|Innsendt via\n"
            "-------|---------|--------|----------|--------|---------|----------|------------\n"
            "1001|L42|Dispensasjon|Plan|ab12|14.01.26|02.02.26|eByggesøk\n"
            "1002|L42|Dispensasjon|Plan|ab12|03.02.26||Post\n"
            "1003|U63|Skjenking|Næring|cd34|28.02.26|31.03.26|Skjema\n"
            "Totalt|3|||||2|\n"
        ),
        "cases",
        ("Sak ID", "Arkivkode", "Sakstype", "Ansv. avd.", "Saksbeh.", "Reg. dato", "Ferdigdato", "Innsendt via"),
        {"case": "Sak ID", "case_type": "Sakstype", "unit": "Ansv. avd.", "actor": "Saksbeh.", "opened": "Reg. dato"}
        | {"closed": "Ferdigdato", "channel": "Innsendt via"},
        cases("1001 2026-01-14 2026-02-02", "1002 2026-02-03", "1003 2026-02-28 2026-03-31"),
        5,
    ),
    # en: a summary on the first sheet, the list on the second with filters above and a grand total below
    Strange(
        "Tickets FY26.xlsx",
        book(
            Summary=written([["Month", "Tickets"], ["January", 2], ["February", 2]]),
            Export=written(
                [
                    ["Filter: state is any"],
                    ["Generated by", "report server"],
                    [],
                    ["Ref", "Logged", "Fixed", "How received", "Business area", "Resolver group", "Hops", "Customer"],
                    [
                        88001,
                        datetime(2026, 1, 14, 9, 5),
                        datetime(2026, 1, 14, 10, 0),
                        "Phone",
                        "Care",
                        "Desk",
                        0,
                        "u1",
                    ],
                    [88002, datetime(2026, 2, 3, 8, 0), "", "Web form", "Schools", "Apps", 1, "u2"],
                    [
                        88003,
                        datetime(2026, 2, 28, 16, 45),
                        datetime(2026, 3, 2, 9, 0),
                        "Monitoring",
                        "IT",
                        "Apps",
                        3,
                        "",
                    ],
                    [88004, datetime(2026, 3, 9, 7, 30), datetime(2026, 3, 9, 9, 0), "Email", "Care", "Desk", 0, "u1"],
                    ["Grand total", "", "", "", "", "", 4, ""],
                ]
            ),
        ),
        "tickets",
        ("Ref", "Logged", "Fixed", "How received", "Business area", "Resolver group", "Hops", "Customer"),
        {"ticket": "Ref", "opened": "Logged", "resolved": "Fixed", "channel": "How received", "unit": "Business area"}
        | {"team": "Resolver group", "reassignments": "Hops", "requester": "Customer"},
        tickets(
            "88001 2026-01-14T09:05 2026-01-14T10:00",
            "88002 2026-02-03T08:00",
            "88003 2026-02-28T16:45 2026-03-02T09:00",
            "88004 2026-03-09T07:30 2026-03-09T09:00",
        ),
        5,
    ),
    # en: the month first in two digits of a year, a name twice, columns without a name, counts of reopening
    Strange(
        "permit_cases.csv",
        lines(
            "Application Ref,Permit Type,Status,Status,Lodged,Determined,,Assessing Officer,Directorate,Lodged via,"
            "Re-opened,\n"
            "P/26/1,Parking,Open,A,1/14/26,2/20/26,,jd,Transport,Online,0,\n"
            "P/26/2,Parking,Open,B,2/3/26,,,jd,Transport,Post,0,\n"
            "P/26/3,Event,Closed,A,2/28/26,3/1/26,,kw,Culture,Online,1,\n"
            "P/26/4,Event,Closed,A,3/9/26,4/13/26,,kw,Culture,Counter,0,\n"
        ),
        "cases",
        (
            "Application Ref",
            "Permit Type",
            "Status",
            "Lodged",
            "Determined",
            "Assessing Officer",
            "Directorate",
            "Lodged via",
            "Re-opened",
        ),
        {"case": "Application Ref", "case_type": "Permit Type", "status": "Status", "opened": "Lodged"}
        | {"decided": "Determined", "actor": "Assessing Officer", "unit": "Directorate", "channel": "Lodged via"}
        | {"reopened": "Re-opened"},
        cases(
            "P/26/1 2026-01-14 2026-02-20",
            "P/26/2 2026-02-03",
            "P/26/3 2026-02-28 2026-03-01",
            "P/26/4 2026-03-09 2026-04-13",
        ),
        4,
    ),
    # en: surname and first name apart, codes with leading noughts, days with short months, an account in a column
    Strange(
        "Staff in post.csv",
        lines(
            "Emp. No,Surname,First name,Cost Centre,Cost Centre Name,Directorate,Post title,Contract start,"
            "Contract end,Hours %,CaseFlow account\n"
            "0071,Hill,Ann,0410,Permits,City,Team Manager,01-Aug-2019,,100,Yes\n"
            "0072,Reid,Ben,0410,Permits,City,Officer,15-Jan-2024,31-Dec-2026,60,No\n"
            "0073,Shaw,Cat,0420,Schools,Learning,Adviser,20-Feb-2025,,100,Yes\n"
            "0074,Todd,Dan,0420,Schools,Learning,Adviser,01-Mar-2025,,80,Yes\n"
        ),
        "staff",
        (
            "Emp. No",
            "Surname",
            "First name",
            "Cost Centre",
            "Cost Centre Name",
            "Directorate",
            "Post title",
            "Contract start",
            "Contract end",
            "Hours %",
            "CaseFlow account",
        ),
        {"person": "Emp. No", "unit": "Cost Centre", "unit_name": "Cost Centre Name", "unit_above": "Directorate"}
        | {"role": "Post title", "from": "Contract start", "to": "Contract end", "fte": "Hours %"}
        | {"access": "CaseFlow account"},
        staff("0071 2019-08-01", "0072 2024-01-15", "0073 2025-02-20", "0074 2025-03-01"),
        4,
    ),
    # sv: short names, cells of two separators, the year in two digits, a quotation with the separator in it
    Strange(
        "arenden_kc.csv",
        lines(
            '"Id";"In";"Ut";"Väg in";"Förv.";"Grp";"Löst direkt?";"Kommentar"\n'
            '"K1";"26-01-14 09:05";"26-01-14 09:20";"Samtal";"Skola";"KC";"Ja";"Klar; ringer ej, tack"\n'
            '"K2";"26-02-03 08:00";"";"Chatt";"Vård";"KC";"Nej";"a, b; c"\n'
            '"K3";"26-02-28 16:45";"26-03-02 09:00";"E-post";"Vård";"Expert";"Nej";""\n'
            '"K4";"26-03-31 07:30";"26-03-31 09:00";"Samtal";"Skola";"KC";"Ja";"d"\n',
            "cp850",
        ),
        "tickets",
        ("Id", "In", "Ut", "Väg in", "Förv.", "Grp", "Löst direkt?", "Kommentar"),
        {"ticket": "Id", "opened": "In", "resolved": "Ut", "channel": "Väg in", "unit": "Förv.", "team": "Grp"}
        | {"first_contact": "Löst direkt?"},
        tickets(
            "K1 2026-01-14T09:05 2026-01-14T09:20",
            "K2 2026-02-03T08:00",
            "K3 2026-02-28T16:45 2026-03-02T09:00",
            "K4 2026-03-31T07:30 2026-03-31T09:00",
        ),
        4,
        {"order": "year-first"},
    ),
)

# ten more, in other words
MORE_STRANGE = (
    Strange(
        "Medarbetare 2026.csv",
        lines(
            "Medarbetar-ID;Tilltalsnamn;Efternamn;Placering;Placering namn;Verksamhet;Anst.form;"
            "Befattning (AID);Giltig fr.o.m.;Giltig t.o.m.;Omf. %\n"
            "P100;Eva;Ek;31010;Hemtjänst Norr;Omsorg;Tv;Enhetschef;2019-08-01;;100,0\n"
            "P101;Bo;Al;31010;Hemtjänst Norr;Omsorg;Tv;Undersköterska;2020-03-15;2026-12-31;75,0\n"
            "P102;Siv;Li;31020;Hemtjänst Syd;Omsorg;Vik;Undersköterska;2024-10-01;;50,0\n"
            "P103;Ola;Ra;32000;Biståndsenheten;Stöd;Tv;Biståndshandläggare;2022-01-31;;100,0\n",
            "cp1252",
        ),
        "staff",
        (
            "Medarbetar-ID",
            "Tilltalsnamn",
            "Efternamn",
            "Placering",
            "Placering namn",
            "Verksamhet",
            "Anst.form",
            "Befattning (AID)",
            "Giltig fr.o.m.",
            "Giltig t.o.m.",
            "Omf. %",
        ),
        {
            "person": "Medarbetar-ID",
            "unit": "Placering",
            "unit_name": "Placering namn",
            "unit_above": "Verksamhet",
            "role": "Befattning (AID)",
            "from": "Giltig fr.o.m.",
            "to": "Giltig t.o.m.",
            "fte": "Omf. %",
        },
        staff("P100 2019-08-01", "P101 2020-03-15", "P102 2024-10-01", "P103 2022-01-31"),
        4,
    ),
    Strange(
        "felanmalningar.xlsx",
        book(
            Lista=written(
                [
                    ["Felanmälningar och beställningar 2026"],
                    ["Skapad av", "Rapportmotorn", "", datetime(2026, 4, 2)],
                    [
                        "Ärende-id",
                        "Typ",
                        "Kortbeskrivning",
                        "Anmält av",
                        "Anm. enhet",
                        "Mottaget",
                        "Åtgärdat",
                        "Mottaget via",
                        "Kö",
                        "Antal kö-byten",
                        "Löst av första linjen",
                    ],
                    [
                        "F-2026-1",
                        "Fel",
                        "Dörr",
                        "ek01",
                        "Skola",
                        "2026-01-14 09:00",
                        "2026-01-14 10:00",
                        "Telefon",
                        "Första linjen",
                        0,
                        "J",
                    ],
                    [
                        "F-2026-2",
                        "Beställning",
                        "Dator",
                        "al02",
                        "Vård",
                        "2026-02-03 10:30",
                        "",
                        "Portalen",
                        "Klient",
                        1,
                        "N",
                    ],
                    [
                        "F-2026-3",
                        "Fel",
                        "Nät",
                        "ek01",
                        "Skola",
                        "2026-02-28 11:00",
                        "2026-03-01 12:00",
                        "Larm",
                        "Nät",
                        2,
                        "N",
                    ],
                    [
                        "F-2026-4",
                        "Fel",
                        "Nät",
                        "bo03",
                        "Vård",
                        "2026-03-09 08:00",
                        "2026-03-13 09:00",
                        "Mejl",
                        "Nät",
                        3,
                        "N",
                    ],
                ]
            )
        ),
        "tickets",
        (
            "Ärende-id",
            "Typ",
            "Kortbeskrivning",
            "Anmält av",
            "Anm. enhet",
            "Mottaget",
            "Åtgärdat",
            "Mottaget via",
            "Kö",
            "Antal kö-byten",
            "Löst av första linjen",
        ),
        {
            "ticket": "Ärende-id",
            "category": "Typ",
            "requester": "Anmält av",
            "unit": "Anm. enhet",
            "opened": "Mottaget",
            "resolved": "Åtgärdat",
            "channel": "Mottaget via",
            "team": "Kö",
            "reassignments": "Antal kö-byten",
            "first_contact": "Löst av första linjen",
        },
        tickets(
            "F-2026-1 2026-01-14T09:00 2026-01-14T10:00",
            "F-2026-2 2026-02-03T10:30",
            "F-2026-3 2026-02-28T11:00 2026-03-01T12:00",
            "F-2026-4 2026-03-09T08:00 2026-03-13T09:00",
        ),
        4,
    ),
    Strange(
        "lss_arenden.csv",
        lines(
            "Personkrets;Utredn.nr;Insats;Ansökan inkom;Utredning klar;Beslutsdatum;Beslutsfattare;"
            "Handläggande enhet;Ansökningsväg;Beslutstyp;Överlämnat antal ggr\n"
            "1;U-11;Boende;2026-01-14;2026-02-01;2026-02-20;ek01;LSS Norr;E-tjänst;Bifall;0\n"
            "2;U-12;Avlösning;2026-02-03;;;al02;LSS Norr;Blankett;;1\n"
            "3;U-13;Boende;2026-02-28;2026-04-01;2026-05-02;ek01;LSS Syd;E-tjänst;Avslag;2\n"
            "1;U-14;Avlösning;2026-03-09;2026-03-10;2026-03-10;al02;LSS Syd;Telefon;Bifall;0\n"
        ),
        "cases",
        (
            "Personkrets",
            "Utredn.nr",
            "Insats",
            "Ansökan inkom",
            "Utredning klar",
            "Beslutsdatum",
            "Beslutsfattare",
            "Handläggande enhet",
            "Ansökningsväg",
            "Beslutstyp",
            "Överlämnat antal ggr",
        ),
        {
            "case": "Utredn.nr",
            "case_type": "Insats",
            "opened": "Ansökan inkom",
            "decided": "Beslutsdatum",
            "actor": "Beslutsfattare",
            "unit": "Handläggande enhet",
            "channel": "Ansökningsväg",
            "handovers": "Överlämnat antal ggr",
        },
        cases(
            "U-11 2026-01-14 2026-02-20", "U-12 2026-02-03", "U-13 2026-02-28 2026-05-02", "U-14 2026-03-09 2026-03-10"
        ),
        4,
    ),
    Strange(
        "Personaloversikt.xlsx",
        book(
            Forside=written([["Personaloversikt"], ["Uttrekk 2. april 2026"]]),
            Ansatte=written(
                [
                    ["Ressurs", "", "Tilhørighet", "", "Stilling", "", "Periode", ""],
                    ["Nr", "Navn", "Kode", "Navn", "Kode", "Betegnelse", "Fra", "Til"],
                    [501, "Kari", 410, "Byggesak", 8451, "Leder", datetime(2019, 8, 1), ""],
                    [502, "Ola", 410, "Byggesak", 8530, "Saksbehandler", datetime(2024, 1, 15), datetime(2026, 12, 31)],
                    [503, "Per", 420, "Skole", 7954, "Lærer", datetime(2025, 2, 20), ""],
                    [504, "Liv", 420, "Skole", 7954, "Lærer", datetime(2025, 3, 1), ""],
                ],
                ("A1:B1", "C1:D1", "E1:F1", "G1:H1"),
            ),
        ),
        "staff",
        (
            "Ressurs Nr",
            "Ressurs Navn",
            "Tilhørighet Kode",
            "Tilhørighet Navn",
            "Stilling Kode",
            "Stilling Betegnelse",
            "Periode Fra",
            "Periode Til",
        ),
        {
            "person": "Ressurs Nr",
            "unit": "Tilhørighet Kode",
            "unit_name": "Tilhørighet Navn",
            "role": "Stilling Betegnelse",
            "from": "Periode Fra",
            "to": "Periode Til",
        },
        staff("501 2019-08-01", "502 2024-01-15", "503 2025-02-20", "504 2025-03-01"),
        4,
    ),
    Strange(
        "supportlogg_nb.csv",
        lines(
            "HenvendelsesID\tInnmeldt\tInnmelder\tEnhet\tKontaktform\tTema\tBehandlet av gruppe\t"
            "Avsluttet tidspunkt\tAntall videresendt\tLøst direkte av brukerstøtte\n"
            "H1\t14.01.2026 09:05\tab12\tSkole\tTelefonsamtale\tKonto\tBrukerstøtte\t14.01.2026 "
            "09:20\t0\tJa\n"
            "H2\t03.02.2026 08:00\tcd34\tHelse\tNettskjema\tUtstyr\tDrift\t\t1\tNei\n"
            "H3\t28.02.2026 16:45\tab12\tHelse\tE-post\tUtstyr\tDrift\t02.03.2026 09:00\t3\tNei\n"
            "H4\t31.03.2026 07:30\tef56\tSkole\tSystemvarsel\tDrift\tDrift\t31.03.2026 09:00\t0\t"
            "Nei\n"
        ),
        "tickets",
        (
            "HenvendelsesID",
            "Innmeldt",
            "Innmelder",
            "Enhet",
            "Kontaktform",
            "Tema",
            "Behandlet av gruppe",
            "Avsluttet tidspunkt",
            "Antall videresendt",
            "Løst direkte av brukerstøtte",
        ),
        {
            "ticket": "HenvendelsesID",
            "opened": "Innmeldt",
            "requester": "Innmelder",
            "unit": "Enhet",
            "channel": "Kontaktform",
            "category": "Tema",
            "team": "Behandlet av gruppe",
            "closed": "Avsluttet tidspunkt",
            "reassignments": "Antall videresendt",
            "first_contact": "Løst direkte av brukerstøtte",
        },
        tickets(
            "H1 2026-01-14T09:05 2026-01-14T09:20",
            "H2 2026-02-03T08:00",
            "H3 2026-02-28T16:45 2026-03-02T09:00",
            "H4 2026-03-31T07:30 2026-03-31T09:00",
        ),
        4,
    ),
    Strange(
        "barnevern saker.csv",
        lines(
            "Saksløpenr;Sakskategori;Meldingsdato;Vedtaksdato;Sak lukket;Kontaktperson i tjenesten;"
            "Tjenestested;Meldingskanal;Heldigital;Gjenopptatt\n"
            "B-1;Melding;14.01.2026;01.02.2026;20.02.2026;ab12;Nord;Digital melding;Ja;0\n"
            "B-2;Melding;03.02.2026;;;cd34;Nord;Brev;Nei;0\n"
            "B-3;Tiltak;28.02.2026;01.04.2026;02.05.2026;ab12;Sør;Digital melding;Ja;1\n"
            "B-4;Tiltak;09.03.2026;10.03.2026;13.04.2026;cd34;Sør;Telefon;Nei;0\n",
            "cp850",
        ),
        "cases",
        (
            "Saksløpenr",
            "Sakskategori",
            "Meldingsdato",
            "Vedtaksdato",
            "Sak lukket",
            "Kontaktperson i tjenesten",
            "Tjenestested",
            "Meldingskanal",
            "Heldigital",
            "Gjenopptatt",
        ),
        {
            "case": "Saksløpenr",
            "case_type": "Sakskategori",
            "opened": "Meldingsdato",
            "decided": "Vedtaksdato",
            "closed": "Sak lukket",
            "unit": "Tjenestested",
            "channel": "Meldingskanal",
            "end_to_end": "Heldigital",
            "reopened": "Gjenopptatt",
        },
        cases("B-1 2026-01-14 2026-02-20", "B-2 2026-02-03", "B-3 2026-02-28 2026-05-02", "B-4 2026-03-09 2026-04-13"),
        4,
    ),
    Strange(
        "Workforce extract.csv",
        lines(
            '"Person Number","Legal Name","Assignment Org Code","Assignment Org","Parent Org","Job '
            'Profile","Effective From","Effective To","FTE","Access to Permits"\n'
            '"E7","Hill, Ann","O-41","Permits","City","Team lead","01/08/2019","","1","TRUE"\n'
            '"E8","Reid, Ben","O-41","Permits","City","Officer","15/01/2024","31/12/2026",".6",'
            '"FALSE"\n'
            '"E9","Shaw, Cat","O-42","Schools","Learning","Adviser","20/02/2025","","1","TRUE"\n'
        ),
        "staff",
        (
            "Person Number",
            "Legal Name",
            "Assignment Org Code",
            "Assignment Org",
            "Parent Org",
            "Job Profile",
            "Effective From",
            "Effective To",
            "FTE",
            "Access to Permits",
        ),
        {
            "person": "Person Number",
            "unit": "Assignment Org Code",
            "unit_name": "Assignment Org",
            "unit_above": "Parent Org",
            "role": "Job Profile",
            "from": "Effective From",
            "to": "Effective To",
            "fte": "FTE",
            "access": "Access to Permits",
        },
        staff("E7 2019-08-01", "E8 2024-01-15", "E9 2025-02-20"),
        3,
    ),
    Strange(
        "helpdesk dump.csv",
        lines(
            "Report run 2026-04-02 by admin\n"
            "\n"
            "Call Ref,Raised,Resolved At,Raised Via,Raised By,Department Name,Service Area,"
            "Resolver Team,Re-routed,Fixed First Time,SLA Target\n"
            "C1,2026-01-14T09:05:00Z,2026-01-14T10:00:00Z,Telephone,u1,Care,Email,First Line,0,Y,"
            "2026-01-15T09:05:00Z\n"
            "C2,2026-02-03T08:00:00Z,,Self Service,u2,Schools,Devices,Apps,1,N,"
            "2026-02-04T08:00:00Z\n"
            "C3,2026-02-28T16:45:00Z,2026-03-02T09:00:00Z,Event Monitoring,u3,IT,Network,Apps,3,N,"
            "2026-03-01T16:45:00Z\n"
            ",,,,,,,,4,,\n"
        ),
        "tickets",
        (
            "Call Ref",
            "Raised",
            "Resolved At",
            "Raised Via",
            "Raised By",
            "Department Name",
            "Service Area",
            "Resolver Team",
            "Re-routed",
            "Fixed First Time",
            "SLA Target",
        ),
        {
            "ticket": "Call Ref",
            "opened": "Raised",
            "resolved": "Resolved At",
            "channel": "Raised Via",
            "requester": "Raised By",
            "unit": "Department Name",
            "category": "Service Area",
            "team": "Resolver Team",
            "reassignments": "Re-routed",
            "first_contact": "Fixed First Time",
        },
        tickets("C1 2026-01-14T09:05 2026-01-14T10:00", "C2 2026-02-03T08:00", "C3 2026-02-28T16:45 2026-03-02T09:00"),
        4,
    ),
    Strange(
        "licensing.xlsx",
        book(
            Sheet1=written(
                [
                    ["Licensing applications"],
                    [],
                    [
                        "Reference",
                        "Application",
                        "Received",
                        "Officer allocated",
                        "Team",
                        "Route in",
                        "Valid from",
                        "Outcome date",
                        "Outcome",
                        "No. of handovers",
                        "Returned to applicant",
                    ],
                    [
                        "LIC/1",
                        "Taxi",
                        datetime(2026, 1, 14),
                        "jd",
                        "Licensing",
                        "Website",
                        datetime(2026, 1, 20),
                        datetime(2026, 2, 20),
                        "Granted",
                        0,
                        "No",
                    ],
                    ["LIC/2", "Taxi", datetime(2026, 2, 3), "jd", "Licensing", "Paper form", "", "", "", 1, "Yes"],
                    [
                        "LIC/3",
                        "Alcohol",
                        datetime(2026, 2, 28),
                        "kw",
                        "Trading",
                        "Website",
                        datetime(2026, 3, 1),
                        datetime(2026, 5, 2),
                        "Refused",
                        2,
                        "No",
                    ],
                    [
                        "LIC/4",
                        "Alcohol",
                        datetime(2026, 3, 9),
                        "kw",
                        "Trading",
                        "Email",
                        datetime(2026, 3, 10),
                        datetime(2026, 4, 13),
                        "Granted",
                        0,
                        "No",
                    ],
                    ["Total", 4, "", "", "", "", "", "", "", 3, ""],
                ],
                ("A1:K1",),
            )
        ),
        "cases",
        (
            "Reference",
            "Application",
            "Received",
            "Officer allocated",
            "Team",
            "Route in",
            "Valid from",
            "Outcome date",
            "Outcome",
            "No. of handovers",
            "Returned to applicant",
        ),
        {
            "case": "Reference",
            "case_type": "Application",
            "opened": "Received",
            "actor": "Officer allocated",
            "unit": "Team",
            "channel": "Route in",
            "decided": "Outcome date",
            "handovers": "No. of handovers",
            "returned": "Returned to applicant",
        },
        cases(
            "LIC/1 2026-01-14 2026-02-20",
            "LIC/2 2026-02-03",
            "LIC/3 2026-02-28 2026-05-02",
            "LIC/4 2026-03-09 2026-04-13",
        ),
        5,
    ),
    Strange(
        "borgerservice.csv",
        lines(
            "Sagsnummer;Emne;Modtaget;Afsluttet;Afdeling;Sagsbehandler;Henvendelseskanal;"
            "Automatisk afgjort\n"
            "26-1;Flytning;14-01-2026;15-01-2026;Borgerservice;ab;Digital selvbetjening;Ja\n"
            "26-2;Pas;03-02-2026;;Borgerservice;cd;Personligt fremmøde;Nej\n"
            "26-3;Flytning;28-02-2026;01-03-2026;Ydelse;ab;Brev;Nej\n"
            "26-4;Pas;31-03-2026;31-03-2026;Ydelse;cd;Telefon;Nej\n"
        ),
        "cases",
        (
            "Sagsnummer",
            "Emne",
            "Modtaget",
            "Afsluttet",
            "Afdeling",
            "Sagsbehandler",
            "Henvendelseskanal",
            "Automatisk afgjort",
        ),
        {
            "case": "Sagsnummer",
            "case_type": "Emne",
            "opened": "Modtaget",
            "closed": "Afsluttet",
            "unit": "Afdeling",
            "actor": "Sagsbehandler",
            "channel": "Henvendelseskanal",
            "end_to_end": "Automatisk afgjort",
        },
        cases(
            "26-1 2026-01-14 2026-01-15", "26-2 2026-02-03", "26-3 2026-02-28 2026-03-01", "26-4 2026-03-31 2026-03-31"
        ),
        4,
    ),
)
