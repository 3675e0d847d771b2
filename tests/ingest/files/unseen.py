"""Lists of products and offices that no draft was made for: each as its office would hand it over, rows invented.

The first thirty were written before anybody looked at how a draft decides, the last ten after thirty had been mended.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

from tests.ingest.files.strange import Strange, book, cases, lines, spans, staff, tickets, written


def archive(*files: tuple[str, bytes]) -> bytes:
    """A zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in files:
            made.writestr(name, content)
    return buffer.getvalue()


def named(columns: str) -> tuple[str, ...]:
    return tuple(columns.split(";"))


def spaced(times: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The times of numbers that are written with spaces, for which "_" stands in pairs."""
    return {number.replace("_", " "): moments for number, moments in times.items()}


def trained(*pairs: str) -> dict[str, dict[str, str]]:
    return spans("training", "", *pairs)


def used(*pairs: str) -> dict[str, dict[str, str]]:
    return spans("session", "", *pairs)


UNSEEN = (
    # --- tickets ---
    # sv: three sheets, a title, two lines of names of which one is joined, dates that are dates beside text
    Strange(
        "Kontaktcenter oktober.xlsx",
        book(
            Försättsblad=written([["Kontaktcenter"], ["Utdrag 2026-11-02"], ["Urval: alla köer"]]),
            Data=written(
                [
                    ["Inkomna ärenden oktober 2026"],
                    [],
                    ["Ärende", "", "Inkom", "", "Klart", "", "Fördelning", "", ""],
                    ["Id", "Område", "Datum", "Väg", "Datum", "Direkt", "Frågan rör", "Kö", "Växlat till annan kö"],
                    [
                        "KC 0001",
                        "Skola",
                        datetime(2026, 10, 1, 8, 2),
                        "Telefon",
                        datetime(2026, 10, 1, 8, 9),
                        "Ja",
                        "Bildning",
                        "Kö skola",
                        0,
                    ],
                    [
                        "KC 0002",
                        "Bygg",
                        datetime(2026, 10, 2, 9, 30),
                        "E-post",
                        datetime(2026, 10, 5, 16, 0),
                        "Nej",
                        "Miljö och bygg",
                        "Kö bygg",
                        2,
                    ],
                    [
                        "KC 0003",
                        "Bygg",
                        datetime(2026, 10, 14, 11, 0),
                        "Chatt",
                        datetime(2026, 10, 14, 11, 20),
                        "Ja",
                        "Miljö och bygg",
                        "Kö bygg",
                        0,
                    ],
                    ["KC 0004", "Avgift", datetime(2026, 10, 30, 15, 45), "Besök", "", "Nej", "Vård", "Kö vård", 1],
                ],
                ("C3:D3", "E3:F3", "G3:I3"),
            ),
            Pivot=written([["Kö", "Antal"], ["Kö skola", 1], ["Kö bygg", 2], ["Kö vård", 1]]),
        ),
        "tickets",
        named(
            "Ärende Id;Ärende Område;Inkom Datum;Inkom Väg;Klart Datum;Klart Direkt;Fördelning Frågan rör;"
            "Fördelning Kö;Fördelning Växlat till annan kö"
        ),
        {"ticket": "Ärende Id", "category": "Ärende Område", "opened": "Inkom Datum", "channel": "Inkom Väg"}
        | {"resolved": "Klart Datum", "first_contact": "Klart Direkt"}
        | {"team": "Fördelning Kö", "reassignments": "Fördelning Växlat till annan kö"},
        spaced(
            tickets(
                "KC_0001 2026-10-01T08:02 2026-10-01T08:09",
                "KC_0002 2026-10-02T09:30 2026-10-05T16:00",
                "KC_0003 2026-10-14T11:00 2026-10-14T11:20",
                "KC_0004 2026-10-30T15:45",
            )
        ),
        4,
    ),
    # nb: "kl." between day and time, two-digit years, who ordered by number
    Strange(
        "saker fra servicedesk.csv",
        lines(
            "Saksnr;Registrert;Løst dato;Henvendelse via;Gjelder tjeneste;Bestiller (ansattnr);Avdeling;"
            "Behandlet av gruppe;Løst ved første henvendelse;Antall omrutinger;Frist\n"
            "SD-88;03.02.26 kl. 09.14;03.02.26 kl. 09.20;Telefon;Elements;4411;Oppvekst;1. linje;J;0;04.02.26\n"
            "SD-89;17.02.26 kl. 12.00;19.02.26 kl. 08.05;Selvbetjening;Visma;4502;Helse;2. linje;N;3;18.02.26\n"
            "SD-90;28.02.26 kl. 23.59;;E-post;Visma;4411;Oppvekst;1. linje;N;1;02.03.26\n"
            "SD-91;01.03.26 kl. 07.30;01.03.26 kl. 07.31;Skranke;PC;4780;Teknisk;1. linje;J;0;02.03.26\n",
            "cp1252",
        ),
        "tickets",
        named(
            "Saksnr;Registrert;Løst dato;Henvendelse via;Gjelder tjeneste;Bestiller (ansattnr);Avdeling;"
            "Behandlet av gruppe;Løst ved første henvendelse;Antall omrutinger;Frist"
        ),
        {"ticket": "Saksnr", "opened": "Registrert", "resolved": "Løst dato", "channel": "Henvendelse via"}
        | {"category": "Gjelder tjeneste", "requester": "Bestiller (ansattnr)", "unit": "Avdeling"}
        | {"team": "Behandlet av gruppe", "first_contact": "Løst ved første henvendelse"}
        | {"reassignments": "Antall omrutinger"},
        tickets(
            "SD-88 2026-02-03T09:14 2026-02-03T09:20",
            "SD-89 2026-02-17T12:00 2026-02-19T08:05",
            "SD-90 2026-02-28T23:59",
            "SD-91 2026-03-01T07:30 2026-03-01T07:31",
        ),
        4,
    ),
    # da: days with names of months, capitals in the names of columns, a last line that counts
    Strange(
        "henvendelser_2026.csv",
        lines(
            "HENVENDELSESNR;OPRETTET DEN;AFSLUTTET DEN;HENVENDELSESFORM;FORVALTNING;EMNE;BEHANDLERGRUPPE;"
            "SAGSBEHANDLER\n"
            "H-1;3. februar 2026 10:05;4. februar 2026 09:00;Telefon;Børn og Unge;Adgang;Servicedesk;msk\n"
            "H-2;28. maj 2026 13:00;28. maj 2026 13:10;Selvbetjening;Teknik og Miljø;Printer;Servicedesk;hnn\n"
            "H-3;1. juni 2026 08:00;;Personligt fremmøde;Teknik og Miljø;Printer;Felt;hnn\n"
            "H-4;31. oktober 2026 16:40;2. november 2026 10:00;Mail;Børn og Unge;Netværk;Drift;msk\n"
            "Antal rækker: 4;;;;;;;\n",
            "cp1252",
        ),
        "tickets",
        named(
            "HENVENDELSESNR;OPRETTET DEN;AFSLUTTET DEN;HENVENDELSESFORM;FORVALTNING;EMNE;BEHANDLERGRUPPE;SAGSBEHANDLER"
        ),
        {"ticket": "HENVENDELSESNR", "opened": "OPRETTET DEN", "closed": "AFSLUTTET DEN", "unit": "FORVALTNING"}
        | {"channel": "HENVENDELSESFORM", "category": "EMNE", "team": "BEHANDLERGRUPPE"},
        tickets(
            "H-1 2026-02-03T10:05 2026-02-04T09:00",
            "H-2 2026-05-28T13:00 2026-05-28T13:10",
            "H-3 2026-06-01T08:00",
            "H-4 2026-10-31T16:40 2026-11-02T10:00",
        ),
        5,
    ),
    # en: BMC Helix names with signs after them, times of twelve hours, several dates that are no end
    Strange(
        "HPD_Help_Desk.csv",
        lines(
            "Incident ID*+,Summary*,Reported Source,Submit Date,Responded Date+,Last Resolved Date,Closed Date,"
            "Customer Department,Customer Login ID,Categorization Tier 1,Assigned Group*+,Group Transfers,Status*,"
            "Required Resolution Date\n"
            "INC000000000101,VPN,Phone,1/5/2026 3:05:00 PM,1/5/2026 3:06:00 PM,1/5/2026 4:00:00 PM,,Housing,mkay,"
            "Network,Service Desk,0,Resolved,1/9/2026 3:05:00 PM\n"
            "INC000000000102,Login,Self Service,1/13/2026 9:15:00 AM,,1/14/2026 12:30:00 PM,1/29/2026 1:00:00 AM,"
            "Parks,tlow,Access,Identity,2,Closed,1/20/2026 9:15:00 AM\n"
            "INC000000000103,Disk,Systems Management,2/2/2026 12:05:00 AM,,,,IT,svc,Server,Platform,1,Assigned,"
            "2/5/2026 12:05:00 AM\n"
            "INC000000000104,Mail,Email,2/28/2026 11:59:00 AM,,3/2/2026 8:00:00 AM,,Parks,tlow,Mail,Service Desk,0,"
            "Resolved,3/4/2026 8:00:00 AM\n",
        ),
        "tickets",
        named(
            "Incident ID*+;Summary*;Reported Source;Submit Date;Responded Date+;Last Resolved Date;Closed Date;"
            "Customer Department;Customer Login ID;Categorization Tier 1;Assigned Group*+;Group Transfers;"
            "Status*;Required Resolution Date"
        ),
        {"ticket": "Incident ID*+", "channel": "Reported Source", "opened": "Submit Date"}
        | {"resolved": "Last Resolved Date", "unit": "Customer Department", "requester": "Customer Login ID"}
        | {"category": "Categorization Tier 1", "team": "Assigned Group*+", "reassignments": "Group Transfers"},
        tickets(
            "INC000000000101 2026-01-05T15:05 2026-01-05T16:00",
            "INC000000000102 2026-01-13T09:15 2026-01-14T12:30",
            "INC000000000103 2026-02-02T00:05",
            "INC000000000104 2026-02-28T11:59 2026-03-02T08:00",
        ),
        4,
    ),
    # en: ServiceDesk Plus: months as words, "-" for nothing, what was passed on not told
    Strange(
        "Requests by department.csv",
        lines(
            '"Request ID","Subject","Requester","Department","Mode","Category","Group","Technician","Created Time",'
            '"DueBy Time","Resolved Time","Completed Time","FCR","Reopened","Time Elapsed"\n'
            '"901","Screen","Ann Ray","Care","Phone Call","Hardware","Desk","Lee Fox","Jan 5, 2026 09:12 AM",'
            '"Jan 6, 2026 09:12 AM","Jan 5, 2026 09:40 AM","Jan 6, 2026 10:00 AM","true","No","00:28"\n'
            '"902","App","Bo Hill","Roads","Web Form","Software","Apps","Lee Fox","Feb 13, 2026 12:00 PM",'
            '"Feb 16, 2026 12:00 PM","Feb 20, 2026 05:30 PM","-","false","Yes","41:30"\n'
            '"903","Wi-Fi","Cy Dean","Roads","E-Mail","Network","Desk","-","Mar 1, 2026 12:30 AM",'
            '"Mar 3, 2026 12:30 AM","-","-","false","No","-"\n'
            '"904","Key","Ann Ray","Care","Walk-in","Hardware","Desk","Lee Fox","Dec 31, 2026 11:59 PM",'
            '"Jan 4, 2027 09:00 AM","Jan 4, 2027 10:00 AM","-","true","No","01:00"\n',
        ),
        "tickets",
        named(
            "Request ID;Subject;Requester;Department;Mode;Category;Group;Technician;Created Time;DueBy Time;"
            "Resolved Time;Completed Time;FCR;Reopened;Time Elapsed"
        ),
        {"ticket": "Request ID", "requester": "Requester", "unit": "Department", "channel": "Mode"}
        | {"category": "Category", "team": "Group", "opened": "Created Time", "resolved": "Resolved Time"}
        | {"first_contact": "FCR"},
        tickets(
            "901 2026-01-05T09:12 2026-01-05T09:40",
            "902 2026-02-13T12:00 2026-02-20T17:30",
            "903 2026-03-01T00:30",
            "904 2026-12-31T23:59 2027-01-04T10:00",
        ),
        4,
    ),
    # en: Zendesk: stations are no times of passing on, minutes are no times
    Strange(
        "tickets-2026.csv.gz",
        gzip.compress(
            lines(
                "Id,Requester,Requester id,Requester email,Organization,Group,Via,Created at,Updated at,Solved at,"
                "Resolution time,Assignee stations,Group stations,Reopens,Replies,Ticket type,Topic [list]\n"
                "7001,Al B,301,al@a.example,Waste,Tier 1,Web form,2026-01-05 09:12,2026-01-07 09:12,2026-01-06 10:00,"
                "24,1,1,0,1,question,Bins\n"
                "7002,Di E,302,di@a.example,Water,Tier 2,Mail,2026-01-16 10:00,2026-02-07 09:12,,,2,2,1,4,problem,"
                "Leak\n"
                "7003,Flo G,303,flo@a.example,Waste,Tier 1,Chat,2026-02-05 19:12,2026-02-07 09:12,2026-02-05 19:30,0,"
                "1,1,0,1,question,Bins\n"
                "7004,Al B,301,al@a.example,Waste,Tier 1,Phone call (inbound),2026-03-05 09:12,2026-03-07 09:12,"
                "2026-03-06 09:00,24,3,2,2,3,incident,Bins\n"
            )
        ),
        "tickets",
        named(
            "Id;Requester;Requester id;Requester email;Organization;Group;Via;Created at;Updated at;Solved at;"
            "Resolution time;Assignee stations;Group stations;Reopens;Replies;Ticket type;Topic [list]"
        ),
        {"ticket": "Id", "requester": "Requester", "unit": "Organization", "team": "Group", "channel": "Via"}
        | {"opened": "Created at", "resolved": "Solved at", "category": "Topic [list]"},
        tickets(
            "7001 2026-01-05T09:12 2026-01-06T10:00",
            "7002 2026-01-16T10:00",
            "7003 2026-02-05T19:12 2026-02-05T19:30",
            "7004 2026-03-05T09:12 2026-03-06T09:00",
        ),
        4,
    ),
    # sv: UTF-16 without a mark, numbers with a space, notes below the table
    Strange(
        "POB uttag.txt",
        lines(
            "Löpnr\tSkapad\tÅtgärdad\tInkommet sätt\tOrg.enhet kund\tÄrendeområde\tLösargrupp\tKund\tPrio\n"
            "26 0045\t2026-01-05 08:00\t2026-01-05 08:30\tTelefonsamtal\tOmsorg\tKonton\tFörsta linjen\tkund17\t3\n"
            "26 0046\t2026-01-19 10:00\t2026-01-21 10:30\tMail\tSkolförvaltning\tKlient\tAndra linjen\tkund02\t2\n"
            "26 0047\t2026-02-27 12:15\t\tPortalen\tOmsorg\tKlient\tFörsta linjen\tkund17\t3\n"
            "26 0048\t2026-03-02 15:00\t2026-03-02 15:01\tSpontanbesök\tOmsorg\tKonton\tFörsta linjen\tkund31\t4\n"
            "\n"
            "Anm. ärenden från vikarier ingår inte\t\t\t\t\t\t\t\t\n"
            "Uttaget av systemförvaltningen\t\t\t\t\t\t\t\t\n",
            "utf-16-le",
        ),
        "tickets",
        named("Löpnr;Skapad;Åtgärdad;Inkommet sätt;Org.enhet kund;Ärendeområde;Lösargrupp;Kund;Prio"),
        {"ticket": "Löpnr", "opened": "Skapad", "resolved": "Åtgärdad", "channel": "Inkommet sätt"}
        | {"unit": "Org.enhet kund", "category": "Ärendeområde", "team": "Lösargrupp", "requester": "Kund"},
        spaced(
            tickets(
                "26_0045 2026-01-05T08:00 2026-01-05T08:30",
                "26_0046 2026-01-19T10:00 2026-01-21T10:30",
                "26_0047 2026-02-27T12:15",
                "26_0048 2026-03-02T15:00 2026-03-02T15:01",
            )
        ),
        6,
    ),
    # nb: a workbook of Pureservice: a case number that is of a ticket, twice closed, an empty system
    Strange(
        "Pureservice saksliste.xlsx",
        book(
            Sheet1=written(
                [
                    [
                        "Saksnummer",
                        "Emne",
                        "Kilde",
                        "Status",
                        "Team",
                        "Ansvarlig",
                        "Sluttbruker",
                        "Sluttbruker avdeling",
                        "Tjeneste",
                        "Kategori 1",
                        "Opprettet",
                        "Løst",
                        "Lukket",
                        "Gjenåpnet antall",
                    ],
                    [
                        1201,
                        "Skjerm",
                        "E-post",
                        "Lukket",
                        "Brukerstøtte",
                        "Ida",
                        "u100",
                        "Skole",
                        "",
                        "Utstyr",
                        datetime(2026, 1, 8, 9, 0),
                        datetime(2026, 1, 8, 9, 30),
                        datetime(2026, 1, 22, 0, 0),
                        0,
                    ],
                    [
                        1202,
                        "Tilgang",
                        "Telefon",
                        "Løst",
                        "Brukerstøtte",
                        "Ida",
                        "u101",
                        "Skole",
                        "",
                        "Tilgang",
                        datetime(2026, 1, 20, 9, 0),
                        datetime(2026, 1, 21, 9, 30),
                        "",
                        1,
                    ],
                    [
                        1203,
                        "Kurs",
                        "Selvbetjening",
                        "Under arbeid",
                        "Fagsystem",
                        "Per",
                        "u102",
                        "Helse",
                        "",
                        "Opplæring",
                        datetime(2026, 2, 1, 9, 0),
                        "",
                        "",
                        0,
                    ],
                ]
            )
        ),
        "tickets",
        named(
            "Saksnummer;Emne;Kilde;Status;Team;Ansvarlig;Sluttbruker;Sluttbruker avdeling;Tjeneste;Kategori 1;"
            "Opprettet;Løst;Lukket;Gjenåpnet antall"
        ),
        {"ticket": "Saksnummer", "channel": "Kilde", "team": "Team", "requester": "Sluttbruker"}
        | {"unit": "Sluttbruker avdeling", "category": "Kategori 1", "opened": "Opprettet", "resolved": "Løst"},
        tickets(
            "1201 2026-01-08T09:00 2026-01-08T09:30",
            "1202 2026-01-20T09:00 2026-01-21T09:30",
            "1203 2026-02-01T09:00",
        ),
        3,
    ),
    # sv: kept by hand: day and time apart, years of two digits after a stroke
    Strange(
        "Jourlogg IT.csv",
        lines(
            "Nr;Datum;Kl.;Vem ringde;Arbetsplats;Vad gällde det;Hur;Klart den;Löst på en gång;Skickat vidare till\n"
            "1;13/1 -26;08:15;Eva;Fritidsgården;Inloggning;tfn;13/1 -26;ja;\n"
            "2;2/2 -26;22:40;Bo;Äldreboendet;Larm;tfn;3/2 -26;nej;Leverantör\n"
            "3;28/2 -26;07:00;Siv;Biblioteket;Skrivare;mejl;;nej;Drift\n"
            "4;1/3 -26;07:05;Eva;Fritidsgården;Inloggning;sms;1/3 -26;ja;\n",
            "cp850",
        ),
        "tickets",
        named("Nr;Datum;Kl.;Vem ringde;Arbetsplats;Vad gällde det;Hur;Klart den;Löst på en gång;Skickat vidare till"),
        {"ticket": "Nr", "opened": "Datum", "requester": "Vem ringde", "unit": "Arbetsplats", "channel": "Hur"}
        | {"category": "Vad gällde det", "resolved": "Klart den", "first_contact": "Löst på en gång"}
        | {"reassignments": "Skickat vidare till"},
        tickets("1 2026-01-13 2026-01-13", "2 2026-02-02 2026-02-03", "3 2026-02-28", "4 2026-03-01 2026-03-01"),
        4,
    ),
    # en: Ivanti: pipes, names run together, offsets
    Strange(
        "incident_export.psv",
        lines(
            "IncidentNumber|Status|Source|CreatedDateTime|LastModDateTime|ResolvedDateTime|ClosedDateTime|OwnerTeam|"
            "ProfileFullName|OrgUnitName|Service|Category|ReassignCount|FirstCallResolution|EstimatedTimeOfArrival\n"
            "10551|Closed|Phone|2026-01-05T09:12:33+01:00|2026-01-20T09:00:00+01:00|2026-01-05T09:30:00+01:00|"
            "2026-01-20T09:00:00+01:00|Service Desk|Kim Roe|Revenues|Email|Mailbox|0|True|\n"
            "10552|Closed|AutoTicket|2026-03-28T23:30:00+01:00|2026-04-20T09:00:00+02:00|2026-03-29T10:00:00+02:00|"
            "2026-04-20T09:00:00+02:00|Platform|Bot|IT|Storage|Disk|2|False|2026-03-30T10:00:00+02:00\n"
            "10553|Active|Self Service|2026-06-13T12:00:00+02:00|2026-06-13T12:00:00+02:00|||Service Desk|Jo Poe|"
            "Benefits|Email|Spam|1|False|\n",
        ),
        "tickets",
        named(
            "IncidentNumber;Status;Source;CreatedDateTime;LastModDateTime;ResolvedDateTime;ClosedDateTime;"
            "OwnerTeam;ProfileFullName;OrgUnitName;Service;Category;ReassignCount;FirstCallResolution;"
            "EstimatedTimeOfArrival"
        ),
        {"ticket": "IncidentNumber", "channel": "Source", "opened": "CreatedDateTime", "resolved": "ResolvedDateTime"}
        | {"team": "OwnerTeam", "requester": "ProfileFullName", "unit": "OrgUnitName", "category": "Category"}
        | {"reassignments": "ReassignCount", "first_contact": "FirstCallResolution"},
        tickets(
            "10551 2026-01-05T08:12 2026-01-05T08:30",
            "10552 2026-03-28T22:30 2026-03-29T08:00",
            "10553 2026-06-13T10:00",
        ),
        3,
    ),
    # sv: every list in English and Swedish at once, "(kopia)" in the names, the order of dates not told
    Strange(
        "Tickets_Ärenden (kopia).csv",
        lines(
            "Ticket/Ärende,Opened/Öppnat,Resolved/Löst,Unit/Enhet,Channel/Kanal,Queue/Kö,Note/Anteckning\n"
            "T1,01/02/2026 10:00,02/02/2026 10:00,Skola,Phone/Telefon,Desk,x\n"
            "T2,03/04/2026 11:00,04/05/2026 10:00,Vård,Mail/E-post,Desk,\n"
            "T3,05/06/2026 12:00,,Vård,Chat/Chatt,Net,y\n",
        ),
        "tickets",
        named("Ticket/Ärende;Opened/Öppnat;Resolved/Löst;Unit/Enhet;Channel/Kanal;Queue/Kö;Note/Anteckning"),
        {"ticket": "Ticket/Ärende", "opened": "Opened/Öppnat", "resolved": "Resolved/Löst", "unit": "Unit/Enhet"}
        | {"channel": "Channel/Kanal", "team": "Queue/Kö"},
        tickets("T1 2026-02-01T10:00 2026-02-02T10:00", "T2 2026-04-03T11:00 2026-05-04T10:00", "T3 2026-06-05T12:00"),
        3,
        {"order": "day-first"},
    ),
    # --- cases ---
    # nb: Elements: a number with a year before it, several dates of journals
    Strange(
        "Elements_saker.csv",
        lines(
            "Arkivsaksnr;Tittel;Adm.enhet;Saksbeh.;Saksdato;Siste journaldato;Avsluttet;Sakstatus;Arkivdel;"
            "Mottatt via;Tilgangskode;Antall journalposter\n"
            "2026/00012;Klage;Plan og bygg;EVAN;05.01.2026;30.01.2026;31.01.2026;Avsluttet;SAK;Altinn;;4\n"
            "2026/00013;Søknad;Plan og bygg;OLAN;13.01.2026;02.02.2026;;Under behandling;SAK;Digital post;UO;2\n"
            "2026/00014;Søknad;Landbruk;OLAN;28.02.2026;01.03.2026;02.03.2026;Avsluttet;SAK;Papir;;7\n"
            "2026/00015;Høring;Landbruk;EVAN;01.03.2026;01.03.2026;;Reservert;SAK;E-post;;1\n",
            "utf-8-sig",
        ),
        "cases",
        named(
            "Arkivsaksnr;Tittel;Adm.enhet;Saksbeh.;Saksdato;Siste journaldato;Avsluttet;Sakstatus;Arkivdel;"
            "Mottatt via;Tilgangskode;Antall journalposter"
        ),
        {"case": "Arkivsaksnr", "unit": "Adm.enhet", "actor": "Saksbeh.", "opened": "Saksdato", "closed": "Avsluttet"}
        | {"channel": "Mottatt via"},
        cases(
            "2026/00012 2026-01-05 2026-01-31",
            "2026/00013 2026-01-13",
            "2026/00014 2026-02-28 2026-03-02",
            "2026/00015 2026-03-01",
        ),
        4,
    ),
    # sv: a diary with a date of destruction and one of secrecy, cp1252, quotes around everything
    Strange(
        "Diarium Evolution.csv",
        lines(
            '"Diarienr";"Ärendemening";"Ärendegrupp";"Huvudhandläggare";"Ansvarig nämnd/enhet";"Registreringsdatum";'
            '"Avslutsdatum";"Gallras";"Sekretess t.o.m.";"Ankomstväg";"Beslut (datum)"\n'
            '"BUN 2026/14";"Skolskjuts";"Skolskjuts";"anol";"Barn och utbildning";"2026-01-07";"2026-02-01";'
            '"2031-02-01";"";"E-tjänst";"2026-01-30"\n'
            '"BUN 2026/15";"Val av skola";"Skolval";"bejo";"Barn och utbildning";"2026-01-19";"";"";"2096-01-19";'
            '"Brev";""\n'
            '"KS 2026/16";"Remiss";"Remiss";"anol";"Kommunledning";"2026-02-28";"2026-03-31";"2036-03-31";"";'
            '"E-post";""\n',
            "cp1252",
        ),
        "cases",
        named(
            "Diarienr;Ärendemening;Ärendegrupp;Huvudhandläggare;Ansvarig nämnd/enhet;Registreringsdatum;"
            "Avslutsdatum;Gallras;Sekretess t.o.m.;Ankomstväg;Beslut (datum)"
        ),
        {"case": "Diarienr", "case_type": "Ärendegrupp", "actor": "Huvudhandläggare", "unit": "Ansvarig nämnd/enhet"}
        | {"opened": "Registreringsdatum", "closed": "Avslutsdatum", "channel": "Ankomstväg"},
        spaced(
            cases("BUN_2026/14 2026-01-07 2026-02-01", "BUN_2026/15 2026-01-19", "KS_2026/16 2026-02-28 2026-03-31")
        ),
        3,
    ),
    # da: SBSYS: days with strokes, initials
    Strange(
        "sager.csv",
        lines(
            "Sagsnr.;KLE-emne;Sagstitel;Behandler;Ansættelsessted;Oprettelsesdato;Afgørelsesdato;Lukkedato;"
            "Indgangskanal;Sagsstatus;Kassationsdato\n"
            "27.18.00-P19-1-26;Hjælpemidler;Sag A;MSK;Myndighed;05-01-2026;20-01-2026;01-02-2026;Borger.dk;Lukket;"
            "01-02-2031\n"
            "27.18.00-P19-2-26;Hjælpemidler;Sag B;HNN;Myndighed;19-01-2026;;;Digital Post;Aktiv;\n"
            "02.34.02-P19-3-26;Byggesager;Sag C;HNN;Byg;28-02-2026;12-03-2026;13-03-2026;Personligt fremmøde;Lukket;"
            "13-03-2031\n"
            "02.34.02-P19-4-26;Byggesager;Sag D;MSK;Byg;01-03-2026;02-03-2026;02-03-2026;Brevpost;Lukket;02-03-2031\n",
            "cp1252",
        ),
        "cases",
        named(
            "Sagsnr.;KLE-emne;Sagstitel;Behandler;Ansættelsessted;Oprettelsesdato;Afgørelsesdato;Lukkedato;"
            "Indgangskanal;Sagsstatus;Kassationsdato"
        ),
        {"case": "Sagsnr.", "case_type": "KLE-emne", "actor": "Behandler", "unit": "Ansættelsessted"}
        | {"opened": "Oprettelsesdato", "closed": "Lukkedato", "channel": "Indgangskanal"},
        cases(
            "27.18.00-P19-1-26 2026-01-05 2026-02-01",
            "27.18.00-P19-2-26 2026-01-19",
            "02.34.02-P19-3-26 2026-02-28 2026-03-13",
            "02.34.02-P19-4-26 2026-03-01 2026-03-02",
        ),
        4,
    ),
    # sv: aid to the old: an application, an inquiry, a decision, a carrying out; the case ends once
    Strange(
        "Bistånd 2026.csv",
        lines(
            "Ärendeid;Insats sökt;Ansökan inkom;Ansökan via;Utredning inledd;Beslutsdatum;Verkställt;Ärendet avslutat;"
            "Handl.;Område;Begärt komplettering;Bytt handläggare (ggr);Automatiskt beslut\n"
            "B1;Hemtjänst;2026-01-05;Mina sidor;2026-01-06;2026-01-20;2026-02-01;2026-02-02;h11;Norr;N;0;J\n"
            "B2;Ledsagning;2026-01-19;Telefon;2026-01-20;;;;h12;Söder;J;2;N\n"
            "B3;Hemtjänst;2026-02-27;Blankett;2026-03-01;2026-03-20;2026-04-01;2026-04-02;h11;Norr;N;1;N\n"
            "B4;Hemtjänst;2026-03-14;Mina sidor;2026-03-15;2026-03-16;;2026-03-17;h12;Söder;J;0;J\n",
        ),
        "cases",
        named(
            "Ärendeid;Insats sökt;Ansökan inkom;Ansökan via;Utredning inledd;Beslutsdatum;Verkställt;"
            "Ärendet avslutat;Handl.;Område;Begärt komplettering;Bytt handläggare (ggr);Automatiskt beslut"
        ),
        {"case": "Ärendeid", "case_type": "Insats sökt", "opened": "Ansökan inkom", "channel": "Ansökan via"}
        | {"closed": "Ärendet avslutat", "actor": "Handl.", "unit": "Område", "returned": "Begärt komplettering"}
        | {"handovers": "Bytt handläggare (ggr)", "end_to_end": "Automatiskt beslut"},
        cases("B1 2026-01-05 2026-02-02", "B2 2026-01-19", "B3 2026-02-27 2026-04-02", "B4 2026-03-14 2026-03-17"),
        4,
    ),
    # nb: two lines of names, joined, in a workbook whose first sheet is a diagram's numbers
    Strange(
        "WebSak byggesak.xlsx",
        book(
            Diagram=written([["Måned", "Antall"], ["jan", 2], ["feb", 1]]),
            Saker=written(
                [
                    ["Sak", "", "Mottatt", "", "Ferdig", "", "Behandling", "", ""],
                    ["Nr", "Type", "Dato", "Måte", "Dato", "Resultat", "Avdeling", "Saksbehandler", "Mangelbrev sendt"],
                    [
                        "26/101",
                        "Tilbygg",
                        datetime(2026, 1, 5),
                        "ByggSøk",
                        datetime(2026, 2, 1),
                        "Innvilget",
                        "Bygg",
                        "sb1",
                        "Nei",
                    ],
                    ["26/102", "Garasje", datetime(2026, 1, 17), "Papir", "", "", "Bygg", "sb2", "Ja"],
                    [
                        "26/103",
                        "Tilbygg",
                        datetime(2026, 2, 28),
                        "ByggSøk",
                        datetime(2026, 3, 2),
                        "Avslag",
                        "Plan",
                        "sb1",
                        "Nei",
                    ],
                ],
                ("A1:B1", "C1:D1", "E1:F1", "G1:I1"),
            ),
        ),
        "cases",
        named(
            "Sak Nr;Sak Type;Mottatt Dato;Mottatt Måte;Ferdig Dato;Ferdig Resultat;Behandling Avdeling;"
            "Behandling Saksbehandler;Behandling Mangelbrev sendt"
        ),
        {"case": "Sak Nr", "case_type": "Sak Type", "opened": "Mottatt Dato", "channel": "Mottatt Måte"}
        | {"closed": "Ferdig Dato", "unit": "Behandling Avdeling", "actor": "Behandling Saksbehandler"}
        | {"returned": "Behandling Mangelbrev sendt"},
        cases("26/101 2026-01-05 2026-02-01", "26/102 2026-01-17", "26/103 2026-02-28 2026-03-02"),
        3,
    ),
    # en: a register of plans with days of the week before dates
    Strange(
        "Planning applications.csv",
        lines(
            "App. Ref,Application Type,Date Received,Date Valid,Target Decision Date,Decision,Decision Issued Date,"
            "Case Officer,Ward,Received Via,Statutory Expiry\n"
            "26/0001/FUL,Full,Mon 05 Jan 2026,Tue 06 Jan 2026,Tue 03 Mar 2026,Granted,Fri 27 Feb 2026,KR,East,Portal,"
            "Tue 03 Mar 2026\n"
            "26/0002/HOU,Householder,Tue 13 Jan 2026,Wed 14 Jan 2026,Wed 11 Mar 2026,,,PL,West,Post,Wed 11 Mar 2026\n"
            "26/0003/FUL,Full,Sat 28 Feb 2026,Mon 02 Mar 2026,Mon 27 Apr 2026,Refused,Thu 23 Apr 2026,KR,East,Email,"
            "Mon 27 Apr 2026\n",
        ),
        "cases",
        named(
            "App. Ref;Application Type;Date Received;Date Valid;Target Decision Date;Decision;"
            "Decision Issued Date;Case Officer;Ward;Received Via;Statutory Expiry"
        ),
        {"case": "App. Ref", "case_type": "Application Type", "opened": "Date Received", "actor": "Case Officer"}
        | {"channel": "Received Via", "decided": "Decision Issued Date"},
        cases("26/0001/FUL 2026-01-05 2026-02-27", "26/0002/HOU 2026-01-13", "26/0003/FUL 2026-02-28 2026-04-23"),
        3,
    ),
    # sv: e-services of a platform in a zip that a Macintosh packed
    Strange(
        "e-tjanster.zip",
        archive(
            ("__MACOSX/._arenden.csv", b"\0\5\x16\7"),
            (
                "arenden.csv",
                lines(
                    "Ärendenummer;Namn på e-tjänst;Status;Inskickat;Senaste statusändring;Avslutat;Handläggare;"
                    "Ägande enhet;Inskickat av ombud\n"
                    "500101;Bygglov;Klart;2026-01-05 09:00:11;2026-01-20 10:00:00;2026-01-20 10:00:00;h1;Bygg;Nej\n"
                    "500102;Parkeringstillstånd;Pågår;2026-01-31 22:10:00;2026-02-01 10:00:00;;h2;Gata;Ja\n"
                    "500103;Bygglov;Klart;2026-02-14 07:00:00;2026-02-20 10:00:00;2026-02-20 10:00:00;h1;Bygg;Nej\n",
                ),
            ),
        ),
        "cases",
        named(
            "Ärendenummer;Namn på e-tjänst;Status;Inskickat;Senaste statusändring;Avslutat;Handläggare;"
            "Ägande enhet;Inskickat av ombud"
        ),
        {"case": "Ärendenummer", "case_type": "Namn på e-tjänst", "opened": "Inskickat", "closed": "Avslutat"}
        | {"actor": "Handläggare", "unit": "Ägande enhet"},
        cases(
            "500101 2026-01-05T09:00 2026-01-20T10:00",
            "500102 2026-01-31T22:10",
            "500103 2026-02-14T07:00 2026-02-20T10:00",
        ),
        3,
    ),
    # nb: what happened to each case is counted; days with short names of months
    Strange(
        "Saksoversikt helse.csv",
        lines(
            "Saks-ID;Tjeneste;Søknad mottatt;Vedtatt;Avsluttet dato;Saksbehandler;Enhet;Kanal inn;"
            "Returnert søker (antall);Overført annen saksbehandler (antall);Automatisk saksbehandlet;Gjenåpnet\n"
            "H-1;Hjemmehjelp;5. jan. 2026;10. jan. 2026;12. jan. 2026;a1;Hjemmetjenesten;Helsenorge;0;1;Ja;0\n"
            "H-2;Støttekontakt;19. mai 2026;;;a2;Avlastning;Papirskjema;2;0;Nei;0\n"
            "H-3;Hjemmehjelp;30. juni 2026;1. juli 2026;2. juli 2026;a1;Hjemmetjenesten;Helsenorge;1;3;Nei;1\n"
            "H-4;Hjemmehjelp;31. des. 2026;;;a2;Avlastning;Telefon;0;0;Nei;0\n",
            "cp1252",
        ),
        "cases",
        named(
            "Saks-ID;Tjeneste;Søknad mottatt;Vedtatt;Avsluttet dato;Saksbehandler;Enhet;Kanal inn;"
            "Returnert søker (antall);Overført annen saksbehandler (antall);Automatisk saksbehandlet;Gjenåpnet"
        ),
        {"case": "Saks-ID", "case_type": "Tjeneste", "opened": "Søknad mottatt", "closed": "Avsluttet dato"}
        | {"actor": "Saksbehandler", "unit": "Enhet", "channel": "Kanal inn", "returned": "Returnert søker (antall)"}
        | {"handovers": "Overført annen saksbehandler (antall)", "end_to_end": "Automatisk saksbehandlet"}
        | {"reopened": "Gjenåpnet"},
        cases("H-1 2026-01-05 2026-01-12", "H-2 2026-05-19", "H-3 2026-06-30 2026-07-02", "H-4 2026-12-31"),
        4,
    ),
    # sv: one column in which the mark of a decimal stands, a case type by code and by name
    Strange(
        "Livsmedel_tillsyn.csv",
        lines(
            "Objektnr;Ärendenr;Kod;Ärendetyp;Ink.datum;Avsl.datum;Inspektör;Distrikt;Timmar;Ink.sätt;Timavgift\n"
            "77;E-2026-1;L1;Registrering;20260105;20260201;insp1;Norra;2,5;Webb;1 250,00\n"
            "78;E-2026-2;L2;Klagomål;20260119;;insp2;Södra;0,75;Telefon;\n"
            "77;E-2026-3;L1;Registrering;20260228;20260302;insp1;Norra;1;Papper;1 250,00\n"
            "79;E-2026-4;L2;Klagomål;20260301;20260303;insp2;Södra;3;E-post;\n",
            "cp850",
        ),
        "cases",
        named("Objektnr;Ärendenr;Kod;Ärendetyp;Ink.datum;Avsl.datum;Inspektör;Distrikt;Timmar;Ink.sätt;Timavgift"),
        {"case": "Ärendenr", "case_type": "Ärendetyp", "opened": "Ink.datum", "closed": "Avsl.datum"}
        | {"actor": "Inspektör", "unit": "Distrikt", "channel": "Ink.sätt"},
        cases(
            "E-2026-1 2026-01-05 2026-02-01",
            "E-2026-2 2026-01-19",
            "E-2026-3 2026-02-28 2026-03-02",
            "E-2026-4 2026-03-01 2026-03-03",
        ),
        4,
    ),
    # --- staff ---
    # sv: four levels of organisation, dates as numbers of the sheet
    Strange(
        "Medarbetare Hypergene.xlsx",
        book(
            Export=written(
                [
                    [
                        "Anst.nr",
                        "Namn",
                        "Nivå 1",
                        "Nivå 2 Förvaltning",
                        "Nivå 3 Avdelning",
                        "Nivå 4 Enhet",
                        "Befattningsbenämning",
                        "Anst.dat",
                        "Slutdat",
                        "Syss%",
                    ],
                    [501, "A A", "Lunda kommun", "Omsorg", "Äldre", "Björken", "Undersköterska", 43101, "", 75],
                    [502, "B B", "Lunda kommun", "Omsorg", "Äldre", "Eken", "Undersköterska", 44500, 46173, 100],
                    [503, "C C", "Lunda kommun", "Omsorg", "Stöd", "Linden", "Enhetschef", 45000, "", 100],
                    [504, "D D", "Lunda kommun", "Bildning", "Grundskola", "Ängsskolan", "Rektor", 45995, "", 87.5],
                ]
            )
        ),
        "staff",
        named(
            "Anst.nr;Namn;Nivå 1;Nivå 2 Förvaltning;Nivå 3 Avdelning;Nivå 4 Enhet;Befattningsbenämning;"
            "Anst.dat;Slutdat;Syss%"
        ),
        {"person": "Anst.nr", "unit": "Nivå 4 Enhet", "unit_above": "Nivå 3 Avdelning", "from": "Anst.dat"}
        | {"role": "Befattningsbenämning", "to": "Slutdat", "fte": "Syss%"},
        staff("501 2018-01-01", "502 2021-10-31", "503 2023-03-15", "504 2025-12-04"),
        4,
    ),
    # nb: decimal commas, a right to one system by "x", a code of posts
    Strange(
        "Ansatte uttrekk.csv",
        lines(
            "Lønnsnr;Etternavn;Fornavn;Org.ledd;Org.ledd navn;Stillingskode;Stillingsbetegnelse;St.%;Tiltrådt;"
            "Fratrer;Tilgang Elements\n"
            "7001;Ås;Kari;2100;Barnehage;7960;Pedagogisk leder;66,67;01.08.2019;;x\n"
            "7002;Bø;Ola;2100;Barnehage;7637;Barnehagelærer;100;15.01.2024;31.07.2026;x\n"
            "7003;Dal;Per;2200;PPT;8451;Leder;80,5;31.12.2020;;\n"
            "7004;Eng;Åse;2200;PPT;7710;Rådgiver;100;01.02.2026;;x\n",
            "cp1252",
        ),
        "staff",
        named(
            "Lønnsnr;Etternavn;Fornavn;Org.ledd;Org.ledd navn;Stillingskode;Stillingsbetegnelse;St.%;Tiltrådt;"
            "Fratrer;Tilgang Elements"
        ),
        {"person": "Lønnsnr", "unit": "Org.ledd", "unit_name": "Org.ledd navn", "role": "Stillingsbetegnelse"}
        | {"fte": "St.%", "from": "Tiltrådt", "to": "Fratrer", "access": "Tilgang Elements"},
        staff("7001 2019-08-01", "7002 2024-01-15", "7003 2020-12-31", "7004 2026-02-01"),
        4,
    ),
    # da: an end at the end of time
    Strange(
        "SD-udtræk ansatte.csv",
        lines(
            "Tjenestenr;Navn;Afdeling;Afdelingsnavn;Stillingsbetegnelse;Beskæftigelsesgrad;Ansættelsesdato;"
            "Fratrædelsesdato\n"
            "00123;NN 1;4A10;Hjemmeplejen;Social- og sundhedshjælper;0,8649;01.02.2019;31.12.9999\n"
            "00124;NN 2;4A10;Hjemmeplejen;Leder;1,0000;15.08.2020;31.12.9999\n"
            "00125;NN 3;5B20;Skolen;Lærer;0,7500;30.06.2021;31.07.2026\n"
            "00126;NN 4;5B20;Skolen;Lærer;1,0000;01.01.2026;31.12.9999\n",
            "cp1252",
        ),
        "staff",
        named(
            "Tjenestenr;Navn;Afdeling;Afdelingsnavn;Stillingsbetegnelse;Beskæftigelsesgrad;Ansættelsesdato;"
            "Fratrædelsesdato"
        ),
        {"person": "Tjenestenr", "unit": "Afdeling", "unit_name": "Afdelingsnavn", "role": "Stillingsbetegnelse"}
        | {"fte": "Beskæftigelsesgrad", "from": "Ansættelsesdato", "to": "Fratrædelsesdato"},
        staff("00123 2019-02-01", "00124 2020-08-15", "00125 2021-06-30", "00126 2026-01-01"),
        4,
    ),
    # en: Workday: two dates of hiring, an organisation with its head in brackets
    Strange(
        "Workday_Headcount.xlsx",
        book(
            **{
                "Headcount Report": written(
                    [
                        ["Headcount Report"],
                        ["As of", "03/31/2026"],
                        [],
                        [
                            "Employee ID",
                            "Worker",
                            "Supervisory Organization",
                            "Cost Center - ID",
                            "Business Title",
                            "FTE %",
                            "Original Hire Date",
                            "Hire Date",
                            "Termination Date",
                            "Manager",
                        ],
                        [
                            "E-11",
                            "Ann Ray",
                            "Libraries (B Low)",
                            "CC100",
                            "Librarian",
                            100,
                            "01/31/2010",
                            "05/16/2019",
                            "",
                            "B Low",
                        ],
                        [
                            "E-12",
                            "B Low",
                            "Culture (C Top)",
                            "CC100",
                            "Head",
                            100,
                            "02/01/2012",
                            "02/01/2012",
                            "",
                            "C Top",
                        ],
                        [
                            "E-13",
                            "D Fox",
                            "Libraries (B Low)",
                            "CC200",
                            "Assistant",
                            50,
                            "12/24/2020",
                            "12/24/2020",
                            "06/30/2026",
                            "B Low",
                        ],
                    ]
                )
            }
        ),
        "staff",
        named(
            "Employee ID;Worker;Supervisory Organization;Cost Center - ID;Business Title;FTE %;"
            "Original Hire Date;Hire Date;Termination Date;Manager"
        ),
        {"person": "Employee ID", "unit": "Supervisory Organization", "role": "Business Title", "fte": "FTE %"}
        | {"from": "Hire Date", "to": "Termination Date"},
        staff("E-11 2019-05-16", "E-12 2012-02-01", "E-13 2020-12-24"),
        3,
    ),
    # sv: "Tills vidare" where a day may stand
    Strange(
        "personallista skolan.csv",
        lines(
            "Signatur;Arbetsställe;Anst.form;Tjg;Anst fr;Anst till;Yrke;Ferie\n"
            "evaake;Björkskolan;Tillsvidare;80 %;2019-08-12;Tills vidare;Lärare;F\n"
            "bolind;Björkskolan;Vikariat;100 %;2026-01-07;2026-06-15;Lärare;F\n"
            "sivras;Ekskolan;Tillsvidare;100 %;2021-11-30;Tills vidare;Rektor;S\n"
            "olaber;Ekskolan;Tillsvidare;50 %;2024-02-01;Tills vidare;Elevassistent;U\n",
            "cp850",
        ),
        "staff",
        ("Signatur", "Arbetsställe", "Anst.form", "Tjg", "Anst fr", "Anst till", "Yrke", "Ferie"),
        {
            "person": "Signatur",
            "unit": "Arbetsställe",
            "fte": "Tjg",
            "from": "Anst fr",
            "to": "Anst till",
            "role": "Yrke",
        },
        staff("evaake 2019-08-12", "bolind 2026-01-07", "sivras 2021-11-30", "olaber 2024-02-01"),
        4,
    ),
    # --- training ---
    # sv: a day until which a course holds, who was only called
    Strange(
        "Kursdeltagande.csv",
        lines(
            "Anställningsnr;Namn;Enhet;Kurs;Kurstillfälle;Anmäld;Genomförd;Giltig t.o.m.;Resultat\n"
            "501;A A;Björken;Ärendeflöde grund;VT26-1;2026-01-02;2026-01-15;2028-01-15;Godkänd\n"
            "502;B B;Eken;Ärendeflöde grund;VT26-1;2026-01-03;2026-01-15;2028-01-15;Godkänd\n"
            "503;C C;Linden;Informationssäkerhet;VT26-2;2026-02-01;2026-02-28;2029-02-28;Godkänd\n"
            "504;D D;Ängsskolan;Informationssäkerhet;VT26-2;2026-02-02;2026-02-28;2029-02-28;Deltagit\n",
            "cp1252",
        ),
        "training",
        named("Anställningsnr;Namn;Enhet;Kurs;Kurstillfälle;Anmäld;Genomförd;Giltig t.o.m.;Resultat"),
        {"person": "Anställningsnr", "course": "Kurs", "at": "Genomförd", "unit": "Enhet"} | {"done": "Resultat"},
        trained("501 2026-01-15", "502 2026-01-15", "503 2026-02-28", "504 2026-02-28"),
        4,
    ),
    # nb: points, a day of signing on
    Strange(
        "KS Læring deltakere.csv",
        lines(
            "Brukernavn;Avdeling;Kurstittel;Påmeldt dato;Startet;Fullført dato;Poeng;Bestått\n"
            "kari1;Barnehage;Elements for saksbehandlere;02.01.2026;03.01.2026;05.01.2026 10:15;90;Ja\n"
            "ola2;PPT;Elements for saksbehandlere;02.01.2026;13.01.2026;17.01.2026 14:00;75;Ja\n"
            "per3;PPT;Personvern;03.02.2026;05.02.2026;28.02.2026 08:30;100;Ja\n",
            "utf-8-sig",
        ),
        "training",
        ("Brukernavn", "Avdeling", "Kurstittel", "Påmeldt dato", "Startet", "Fullført dato", "Poeng", "Bestått"),
        {"person": "Brukernavn", "course": "Kurstittel", "at": "Fullført dato", "unit": "Avdeling"}
        | {"done": "Bestått"},
        trained("kari1 2026-01-05T10:15", "ola2 2026-01-17T14:00", "per3 2026-02-28T08:30"),
        3,
    ),
    # en: Moodle: long days with a comma
    Strange(
        "completion report.csv",
        lines(
            "Full name,Email address,Course full name,Date enrolled,Date completed,Grade\n"
            'Ann Ray,ann@a.example,Case system basics,"2 January 2026, 9:00 AM","15 January 2026, 10:15 AM",92.00\n'
            'Bo Hill,bo@a.example,Case system basics,"2 January 2026, 9:05 AM","31 January 2026, 12:30 AM",80.50\n'
            'Cy Dean,cy@a.example,Privacy,"3 February 2026, 1:00 PM","4 February 2026, 12:10 PM",100.00\n',
        ),
        "training",
        ("Full name", "Email address", "Course full name", "Date enrolled", "Date completed", "Grade"),
        {"person": "Email address", "course": "Course full name", "at": "Date completed"},
        trained("ann@a.example 2026-01-15T10:15", "bo@a.example 2026-01-31T00:30", "cy@a.example 2026-02-04T12:10"),
        3,
    ),
    # --- use ---
    # sv: who came in and out
    Strange(
        "Inloggningar Treserva.csv",
        lines(
            "Användarid;Program;Inloggad;Utloggad;Arbetsstation\n"
            "anna01;Treserva;2026-03-02 07:58:10;2026-03-02 11:30:00;PC-101\n"
            "bert02;Treserva;2026-03-14 08:01:00;2026-03-14 16:00:00;PC-102\n"
            "anna01;LifeCare;2026-03-31 23:30:00;2026-04-01 00:10:00;PC-101\n",
            "utf-16",
        ),
        "use",
        ("Användarid", "Program", "Inloggad", "Utloggad", "Arbetsstation"),
        {"person": "Användarid", "app": "Program", "at": "Inloggad"},
        used("anna01 2026-03-31T23:30", "bert02 2026-03-14T08:01"),
        3,
    ),
    # nb: a log with times of twelve months in words and the unit beside
    Strange(
        "bruk av fagsystem.tsv",
        lines(
            "Bruker\tFagsystem\tTidspunkt\tHandling\tEnhet\n"
            "u1\tVisma Familia\t3. mars 2026 08:00\tÅpnet\tBarnevern\n"
            "u2\tVisma Familia\t17. mars 2026 09:00\tLagret\tBarnevern\n"
            "u3\tGerica\t1. oktober 2026 10:00\tÅpnet\tHjemmetjenesten\n",
            "cp1252",
        ),
        "use",
        ("Bruker", "Fagsystem", "Tidspunkt", "Handling", "Enhet"),
        {"person": "Bruker", "app": "Fagsystem", "at": "Tidspunkt", "unit": "Enhet"},
        used("u1 2026-03-03T08:00", "u2 2026-03-17T09:00", "u3 2026-10-01T10:00"),
        3,
    ),
    # en: OTRS: a sign in the first name, several dates of what is no end, the customer's number
    Strange(
        "OTRS_Tickets.csv",
        lines(
            "Number;Ticket#;Age;Created;Closed;First Lock;First Response;State;Priority;Queue;Owner;CustomerID;"
            "Customer Realname;Service;SLA;Title;FirstResponseInMin;SolutionInMin\n"
            "1;2026010510000011;3 d;2026-01-05 09:11:12;2026-01-05 10:00:00;2026-01-05 09:12:00;2026-01-05 09:20:00;"
            "closed successful;3 normal;Helpdesk;agent1;Libraries;Ann Ray;Print;Std;Paper;9;49\n"
            "2;2026011710000022;2 d;2026-01-17 12:00:00;;2026-01-17 12:05:00;;open;3 normal;Network;agent2;Parks;"
            "Bo Hill;Wi-Fi;Std;Weak;;\n"
            "3;2026022810000033;1 d;2026-02-28 23:10:00;2026-03-02 08:00:00;;2026-03-01 08:00:00;closed successful;"
            "4 high;Helpdesk;agent1;Libraries;Cy Dean;Print;Std;Ink;530;1970\n",
        ),
        "tickets",
        named(
            "Number;Ticket#;Age;Created;Closed;First Lock;First Response;State;Priority;Queue;Owner;CustomerID;"
            "Customer Realname;Service;SLA;Title;FirstResponseInMin;SolutionInMin"
        ),
        {"ticket": "Ticket#", "opened": "Created", "closed": "Closed", "team": "Queue"}
        | {"requester": "Customer Realname", "category": "Service"},
        tickets(
            "2026010510000011 2026-01-05T09:11 2026-01-05T10:00",
            "2026011710000022 2026-01-17T12:00",
            "2026022810000033 2026-02-28T23:10 2026-03-02T08:00",
        ),
        3,
    ),
    # en: Halo: days first with times of twelve hours, two words for the way in
    Strange(
        "HaloITSM export.csv",
        lines(
            "sep=,\n"
            "Ticket ID,Summary,Ticket Type,Date Occurred,Date Closed,Site,End-User,Team,Agent,Category 1,Source,"
            "Number of Reassigns,First Time Fix,Target Resolution\n"
            "31,Key,Incident,13/01/2026 9:05 am,13/01/2026 9:20 am,Civic Centre,al,1st Line,Kim,Access,Phone Call,0,"
            "Yes,14/01/2026 9:05 am\n"
            "32,App,Service Request,31/01/2026 12:30 pm,,Depot,bo,Apps,Lee,Software,Self-Service Portal,2,No,"
            "03/02/2026 12:30 pm\n"
            "33,Net,Incident,01/02/2026 12:01 am,02/02/2026 1:00 pm,Depot,cy,Network,Kim,Network,"
            "Monitoring Alert,1,No,04/02/2026 12:01 am\n",
        ),
        "tickets",
        named(
            "Ticket ID;Summary;Ticket Type;Date Occurred;Date Closed;Site;End-User;Team;Agent;Category 1;"
            "Source;Number of Reassigns;First Time Fix;Target Resolution"
        ),
        {"ticket": "Ticket ID", "opened": "Date Occurred", "closed": "Date Closed", "unit": "Site"}
        | {"requester": "End-User", "team": "Team", "category": "Category 1", "channel": "Source"}
        | {"reassignments": "Number of Reassigns", "first_contact": "First Time Fix"},
        tickets("31 2026-01-13T09:05 2026-01-13T09:20", "32 2026-01-31T12:30", "33 2026-02-01T00:01 2026-02-02T13:00"),
        3,
    ),
    # sv: JSON as an interface gives it, names run together
    Strange(
        "arenden.json",
        lines(
            '{"antal": 3, "arenden": [\n'
            '{"arendeId": "EF-1", "skapadTidpunkt": "2026-01-05T08:00:00+01:00", "lostTidpunkt": '
            '"2026-01-05T08:30:00+01:00", "kontaktyta": "Telefon", "bestallarEnhet": "Vård", '
            '"losargrupp": "Servicedesk", "kategoriNamn": "Konto", "antalVidarekopplingar": 0},\n'
            '{"arendeId": "EF-2", "skapadTidpunkt": "2026-01-16T08:00:00+01:00", "lostTidpunkt": null, "kontaktyta": '
            '"Självservice", "bestallarEnhet": "Skola", "losargrupp": "Klient", "kategoriNamn": "Dator", '
            '"antalVidarekopplingar": 2},\n'
            '{"arendeId": "EF-3", "skapadTidpunkt": "2026-06-30T23:30:00+02:00", "lostTidpunkt": '
            '"2026-07-01T08:00:00+02:00", "kontaktyta": "E-post", "bestallarEnhet": "Vård", '
            '"losargrupp": "Servicedesk", "kategoriNamn": "Konto", "antalVidarekopplingar": 1}]}\n',
        ),
        "tickets",
        named(
            "arendeId;skapadTidpunkt;lostTidpunkt;kontaktyta;bestallarEnhet;losargrupp;kategoriNamn;"
            "antalVidarekopplingar"
        ),
        {"ticket": "arendeId", "opened": "skapadTidpunkt", "resolved": "lostTidpunkt", "channel": "kontaktyta"}
        | {"unit": "bestallarEnhet", "team": "losargrupp", "category": "kategoriNamn"}
        | {"reassignments": "antalVidarekopplingar"},
        tickets(
            "EF-1 2026-01-05T07:00 2026-01-05T07:30", "EF-2 2026-01-16T07:00", "EF-3 2026-06-30T21:30 2026-07-01T06:00"
        ),
        3,
    ),
    # nb: Agresso: names with "(T)" for the text of a code, ends in 2099
    Strange(
        "Agresso ansattliste.csv",
        lines(
            "Resnr;Resnr(T);Ansvar;Ansvar(T);Stilling;Stilling(T);St.pr;Fra dato;Til dato;Virksomhet(T)\n"
            "1001;Kari Ås;4100;Sykehjem;7076;Sykepleier;50,00;01.08.2019;31.12.2099;Helse\n"
            "1002;Ola Bø;4100;Sykehjem;9451;Avdelingsleder;100,00;15.01.2024;31.07.2026;Helse\n"
            "1003;Per Dal;4200;Hjemmetjeneste;6583;Helsefagarbeider;75,00;31.12.2020;31.12.2099;Helse\n"
            "1004;Åse Eng;5100;Barneskole;7961;Lærer;100,00;01.02.2026;31.12.2099;Oppvekst\n",
            "cp1252",
        ),
        "staff",
        named("Resnr;Resnr(T);Ansvar;Ansvar(T);Stilling;Stilling(T);St.pr;Fra dato;Til dato;Virksomhet(T)"),
        {"person": "Resnr", "unit": "Ansvar", "unit_name": "Ansvar(T)", "unit_above": "Virksomhet(T)", "fte": "St.pr"}
        | {"role": "Stilling(T)", "from": "Fra dato", "to": "Til dato"},
        staff("1001 2019-08-01", "1002 2024-01-15", "1003 2020-12-31", "1004 2026-02-01"),
        4,
    ),
    # sv: a diary whose times have a word before the hour, and an empty column of systems
    Strange(
        "Platina uttag.xlsx",
        book(
            Blad1=written(
                [
                    [
                        "Ärende nr",
                        "Rubrik",
                        "Ärendeklass",
                        "System",
                        "Inkommen datum",
                        "Inkommet via",
                        "Ansvarig avdelning",
                        "Handläggare",
                        "Skede",
                        "Avslutad av",
                        "Avslutad datum",
                        "Gallringsdatum",
                    ],
                    [
                        "2026/1",
                        "A",
                        "Tillsyn",
                        "",
                        "2026-01-05 kl. 08:15",
                        "Webbformulär",
                        "Miljö",
                        "eva",
                        "Avslutat",
                        "eva",
                        "2026-01-20 kl. 10:00",
                        "2036-01-20",
                    ],
                    [
                        "2026/2",
                        "B",
                        "Tillstånd",
                        "",
                        "2026-01-17 kl. 09:00",
                        "Brev",
                        "Bygg",
                        "bo",
                        "Pågående",
                        "",
                        "",
                        "",
                    ],
                    [
                        "2026/3",
                        "C",
                        "Tillsyn",
                        "",
                        "2026-02-28 kl. 23:59",
                        "E-post",
                        "Miljö",
                        "eva",
                        "Avslutat",
                        "bo",
                        "2026-03-01 kl. 07:00",
                        "2036-03-01",
                    ],
                    [
                        "2026/4",
                        "D",
                        "Tillsyn",
                        "",
                        "2026-03-02 kl. 12:00",
                        "Webbformulär",
                        "Miljö",
                        "bo",
                        "Pågående",
                        "",
                        "",
                        "",
                    ],
                ]
            )
        ),
        "cases",
        named(
            "Ärende nr;Rubrik;Ärendeklass;System;Inkommen datum;Inkommet via;Ansvarig avdelning;Handläggare;"
            "Skede;Avslutad av;Avslutad datum;Gallringsdatum"
        ),
        {"case": "Ärende nr", "case_type": "Ärendeklass", "opened": "Inkommen datum", "channel": "Inkommet via"}
        | {"unit": "Ansvarig avdelning", "actor": "Handläggare", "closed": "Avslutad datum"},
        cases(
            "2026/1 2026-01-05T08:15 2026-01-20T10:00",
            "2026/2 2026-01-17T09:00",
            "2026/3 2026-02-28T23:59 2026-03-01T07:00",
            "2026/4 2026-03-02T12:00",
        ),
        4,
    ),
    # da: a citizens' desk: months in short, what was decided by machine in words
    Strange(
        "Ydelser_afgoerelser.csv",
        lines(
            "Journalnr;Ydelsestype;Modtaget den;Modtaget via;Afgjort den;Lukket den;Sagsbeh.;Team;Afgørelsesform;"
            "Antal partshøringer;Genoptaget\n"
            "26-100;Boligstøtte;5. jan. 2026;Selvbetjening;6. jan. 2026;7. jan. 2026;abc;Ydelse 1;Automatisk;0;Nej\n"
            "26-101;Førtidspension;19. maj 2026;Digital Post;;;def;Ydelse 2;;1;Nej\n"
            "26-102;Boligstøtte;30. juni 2026;Brev;1. juli 2026;2. juli 2026;abc;Ydelse 1;Manuel;2;Ja\n"
            "26-103;Boligstøtte;31. okt. 2026;Selvbetjening;1. nov. 2026;2. nov. 2026;def;Ydelse 1;Automatisk;0;Nej\n",
            "cp1252",
        ),
        "cases",
        named(
            "Journalnr;Ydelsestype;Modtaget den;Modtaget via;Afgjort den;Lukket den;Sagsbeh.;Team;"
            "Afgørelsesform;Antal partshøringer;Genoptaget"
        ),
        {"case": "Journalnr", "case_type": "Ydelsestype", "opened": "Modtaget den", "channel": "Modtaget via"}
        | {"closed": "Lukket den", "actor": "Sagsbeh.", "unit": "Team", "end_to_end": "Afgørelsesform"}
        | {"reopened": "Genoptaget"},
        cases(
            "26-100 2026-01-05 2026-01-07",
            "26-101 2026-05-19",
            "26-102 2026-06-30 2026-07-02",
            "26-103 2026-10-31 2026-11-02",
        ),
        4,
    ),
    # en: licensing, as a council's department keeps it: capitals, underscores, times of the database
    Strange(
        "LICENSING_APPS.txt",
        lines(
            "APP_REF|APP_TYPE|DT_RECEIVED|DT_DETERMINED|DT_CLOSED|OFFICER_CODE|TEAM_NAME|RECD_METHOD|AUTO_ISSUED_YN|"
            "NO_OF_TRANSFERS|DT_EXPIRES\n"
            "L/26/1|TAXI|2026-01-05 00:00:00.000|2026-01-19 00:00:00.000|2026-01-20 00:00:00.000|KR|Taxis|ONLINE|N|1|"
            "2027-01-19 00:00:00.000\n"
            "L/26/2|ALCOHOL|2026-01-17 00:00:00.000|NULL|NULL|PL|Premises|POST|N|0|NULL\n"
            "L/26/3|TAXI|2026-02-28 00:00:00.000|2026-02-28 00:00:00.000|2026-02-28 00:00:00.000|KR|Taxis|ONLINE|Y|0|"
            "2027-02-28 00:00:00.000\n",
        ),
        "cases",
        named(
            "APP_REF;APP_TYPE;DT_RECEIVED;DT_DETERMINED;DT_CLOSED;OFFICER_CODE;TEAM_NAME;RECD_METHOD;"
            "AUTO_ISSUED_YN;NO_OF_TRANSFERS;DT_EXPIRES"
        ),
        {"case": "APP_REF", "case_type": "APP_TYPE", "opened": "DT_RECEIVED", "closed": "DT_CLOSED"}
        | {"actor": "OFFICER_CODE", "unit": "TEAM_NAME", "channel": "RECD_METHOD", "end_to_end": "AUTO_ISSUED_YN"}
        | {"handovers": "NO_OF_TRANSFERS"},
        cases("L/26/1 2026-01-05 2026-01-20", "L/26/2 2026-01-17", "L/26/3 2026-02-28 2026-02-28"),
        3,
    ),
    # sv: who may enter what, a column of access for each system, days as in a letter
    Strange(
        "Medarbetare och behörigheter.csv",
        lines(
            "Användarnamn;Enhet (kortnamn);Enhet (namn);Titel;Startdag;Slutdag;Omfattning;Treserva;Procapita\n"
            "aaa01;HT-N;Hemtjänst norr;Undersköterska;1 augusti 2019;;75 %;Ja;Nej\n"
            "bbb02;HT-N;Hemtjänst norr;Enhetschef;15 januari 2024;31 juli 2026;100 %;Ja;Ja\n"
            "ccc03;HT-S;Hemtjänst söder;Undersköterska;31 december 2020;;80 %;Nej;Nej\n"
            "ddd04;LSS;Stöd och service;Biståndshandläggare;1 februari 2026;;100 %;Ja;Ja\n",
            "utf-8-sig",
        ),
        "staff",
        named("Användarnamn;Enhet (kortnamn);Enhet (namn);Titel;Startdag;Slutdag;Omfattning;Treserva;Procapita"),
        {"person": "Användarnamn", "unit": "Enhet (kortnamn)", "unit_name": "Enhet (namn)", "role": "Titel"}
        | {"from": "Startdag", "to": "Slutdag", "fte": "Omfattning"},
        staff("aaa01 2019-08-01", "bbb02 2024-01-15", "ccc03 2020-12-31", "ddd04 2026-02-01"),
        4,
    ),
    # nb: a course list with the day from and until, and who did not come
    Strange(
        "Kursoversikt 2026.xlsx",
        book(
            Deltakere=written(
                [
                    ["Kursdeltakelse 2026 – uttrekk 01.04.2026"],
                    ["Ansattnr", "Navn", "Enhet", "Kursnavn", "Kursdato", "Gyldig til", "Møtt"],
                    [501, "A", "Skole", "Visma for ledere", "13.01.2026", "13.01.2028", "Ja"],
                    [502, "B", "Skole", "Visma for ledere", "13.01.2026", "13.01.2028", "Ja"],
                    [503, "C", "Helse", "Personvern", "28.02.2026", "", "Ja"],
                    [504, "D", "Helse", "Personvern", "28.02.2026", "", "Nei"],
                    ["", "", "", "", "", "Sum møtt:", 3],
                ],
                ("A1:G1",),
            )
        ),
        "training",
        ("Ansattnr", "Navn", "Enhet", "Kursnavn", "Kursdato", "Gyldig til", "Møtt"),
        {"person": "Ansattnr", "course": "Kursnavn", "at": "Kursdato", "unit": "Enhet"} | {"done": "Møtt"},
        trained("501 2026-01-13", "502 2026-01-13", "503 2026-02-28"),
        5,
    ),
    # en: sign-ins of a directory, in UTC by the name of the column
    Strange(
        "SignIns_2026-03.csv",
        lines(
            "Date (UTC),Request ID,User,Username,Application,Status,IP address,Location\n"
            "2026-03-02T07:58:10Z,r1,Ann Ray,ann@a.example,Case system,Success,203.0.113.1,Town\n"
            "2026-03-14T23:59:59Z,r2,Bo Hill,bo@a.example,Case system,Success,203.0.113.2,Town\n"
            "2026-03-31T22:30:00Z,r3,Cy Dean,cy@a.example,Payroll,Failure,203.0.113.3,Town\n",
            "utf-8-sig",
        ),
        "use",
        ("Date (UTC)", "Request ID", "User", "Username", "Application", "Status", "IP address", "Location"),
        {"person": "Username", "app": "Application", "at": "Date (UTC)", "done": "Status"},
        used("ann@a.example 2026-03-02T07:58", "bo@a.example 2026-03-14T23:59"),
        3,
    ),
)
