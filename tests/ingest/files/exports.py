"""Lists as products export them: headers and quirks from their public documentation, rows invented.

Sources: ServiceNow Table API and list export, the channels of its incidents (Create an incident), its Government
Service Case form and its Case Report form (servicenow.com/docs), TOPdesk incident list with the escalations of its API
of incidents (developers.topdesk.com), Jira issue navigator CSV and the fields and channels of its service projects
(support.atlassian.com, docs.atlassian.com), the spreadsheet of tickets of Zammad by its header (zammad/zammad,
lib/excel_sheet/ticket.rb), GLPI search export (glpi-user-documentation), Freshservice ticket export
(support.freshservice.com) with the sources of its tickets (api.freshservice.com), Easit GO, Artvise and Nilex list
exports, Public 360, ByggR, and lists of staff as Visma, Personec, Heroma, Unit4 and SAP write them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

Cell = Callable[["Drawn"], str]


@dataclass(frozen=True)
class Drawn:
    """What a row says, before an export writes it."""

    number: int
    opened: datetime
    closed: datetime | None
    pick: random.Random

    def one_of(self, *texts: str) -> str:
        return self.pick.choice(texts)


@dataclass(frozen=True)
class Export:
    """One list: how it is written, its columns with their cells, and what each column that matters holds."""

    name: str
    kind: str
    columns: Mapping[str, Cell]
    fields: Mapping[str, str]
    """Field → column."""
    encoding: str = "utf-8"
    delimiter: str = ","
    step: timedelta = timedelta(hours=31)

    def rows(self, count: int = 60) -> list[Drawn]:
        pick = random.Random(self.name)
        start = datetime(2026, 1, 3, 8, 5)
        made = []
        for number in range(count):
            opened = start + self.step * number
            closed = opened + timedelta(hours=5, minutes=7 * number) if number % 4 else None
            made.append(Drawn(number, opened, closed, pick))
        return made

    def content(self, count: int = 60) -> bytes:
        """The file with so many rows."""

        def cell(text: str) -> str:
            doubled = text.replace('"', '""')
            return f'"{doubled}"' if any(sign in text for sign in (self.delimiter, '"', "\n")) else text

        lines = [self.delimiter.join(map(cell, self.columns))]
        lines += [self.delimiter.join(cell(make(row)) for make in self.columns.values()) for row in self.rows(count)]
        return ("\r\n".join(lines) + "\r\n").encode(self.encoding)


def at(form: str, *, end: bool = False) -> Cell:
    """The time of opening, or of closing, in a form of strftime; "@" before a letter leaves out leading zeros."""

    def cell(row: Drawn) -> str:
        moment = row.closed if end else row.opened
        if moment is None:
            return ""
        parts = {"@d": str(moment.day), "@m": str(moment.month), "@I": str(int(moment.strftime("%I")))}
        text = form
        for sign, said in parts.items():
            text = text.replace(sign, said)
        return moment.strftime(text)

    return cell


def given(*texts: str) -> Cell:
    return lambda row: row.one_of(*texts)


def in_turn(*texts: str) -> Cell:
    """A text a row, so that columns that are in turn go together, such as a code and its name."""
    return lambda row: texts[row.number % len(texts)]


def counted(form: str) -> Cell:
    return lambda row: form.format(row.number + 10001)


def ended(form: str) -> Cell:
    """The end of an employment, of which most go on."""
    return lambda row: "" if row.number % 8 else at(form, end=True)(replace(row, closed=row.opened + timedelta(days=9)))


FIRST = ("Eva", "Björn", "Kari", "Øyvind", "Ola", "Åsa", "Per")
LAST = ("Åkesson", "Lööf", "Nordmann", "Hæg", "Sæther", "Ek")
NAMES = given(*(f"{first} {last}" for first in FIRST for last in LAST))
WHO = given(*(f"{initial}.{name}" for initial in "abeklop" for name in ("akesson", "loof", "nordmann", "hag", "ek")))
UNITS_SV = ("Bygglovsenheten", "Miljöenheten", "Elevhälsan", "Fritid och kultur")
UNITS_NB = ("Byggesak", "Helse og omsorg", "Oppvekst", "Økonomi")
UNITS = given(*UNITS_SV)
ENHETER = given(*UNITS_NB)
TEXT = given("Kommer inte in", 'Skrivare "A4" saknas', "VPN, igen", "Glömt lösenord")
WORKED = given("0,5", "1,25", "2,0", "10,75")

EXPORTS: tuple[Export, ...] = (
    # --- tickets ---
    Export(
        "servicenow-incident.csv",
        "tickets",
        {
            "number": counted("INC00{}"),
            "incident_state": given("New", "Resolved", "Closed"),
            "active": given("true", "false"),
            "reassignment_count": given("0", "1", "3"),
            "reopen_count": given("0", "1"),
            "caller_id": WHO,
            "caller_id.department": given("Building permits", "Schools", "Care"),
            "opened_by": WHO,
            "opened_at": at("%d-%m-%Y %H:%M:%S"),
            "sys_updated_at": at("%d-%m-%Y %H:%M:%S"),
            "contact_type": given("phone", "email", "self-service", "walk-in", "monitoring", "virtual_agent"),
            "location": given("Hall A", "Hall B"),
            "category": given("Network", "Software"),
            "short_description": TEXT,
            "assignment_group": given("Service desk", "Network", "Clients"),
            "assigned_to": WHO,
            "close_code": given("Solution provided", "Resolved by caller", "Workaround provided"),
            "resolved_by": WHO,
            "resolved_at": at("%d-%m-%Y %H:%M:%S", end=True),
            "calendar_stc": given("600", "4,800"),
            "closed_at": at("%d-%m-%Y %H:%M:%S", end=True),
            "time_worked": given("00:10:00", "01:20:00"),
        },
        {"ticket": "number", "unit": "caller_id.department", "opened": "opened_at", "resolved": "resolved_at"}
        | {"channel": "contact_type", "category": "category", "team": "assignment_group", "requester": "caller_id"}
        | {"reassignments": "reassignment_count"},
        "cp1252",
    ),
    Export(  # requests of other bodies and of staff, with the figures that are kept of each
        "servicenow-case-report.csv",
        "tickets",
        {
            "Number": counted("CS{}"),
            "State": given("Resolved", "Closed", "Open"),
            "Channel": given("Web", "Phone", "Email", "Chat", "Virtual Agent", "Alert", "In Person"),
            "Requested by agency": given("Building permits", "Schools", "Care"),
            "Contact": WHO,
            "Category": given("Question", "Issue", "Feature"),
            "Short description": TEXT,
            "Assignment group": given("First line", "Specialists"),
            "Assigned to": WHO,
            "Opened": at("%Y-%m-%d %H:%M:%S"),
            "Resolved": at("%Y-%m-%d %H:%M:%S", end=True),
            "Resolution code": given("Solved - Fixed by Support/Guidance provided", "Solved - Workaround provided"),
            "First Contact Resolution": given("True", "False", "None"),
            "Agent Reassignment Count": given("0", "1", "2"),
            "Reopen Count": given("0", "1"),
            "Time to Resolve": given("1 Hour", "2 Days"),
        },
        {"ticket": "Number", "unit": "Requested by agency", "opened": "Opened", "resolved": "Resolved"}
        | {"channel": "Channel", "category": "Category", "team": "Assignment group", "requester": "Contact"}
        | {"first_contact": "First Contact Resolution", "reassignments": "Agent Reassignment Count"},
    ),
    Export(
        "topdesk-incidents.csv",
        "tickets",
        {
            "Incident number": counted("I 2601 {}"),
            "Caller": NAMES,
            "Caller branch": given("Rådhuset", "Torget"),
            "Department": ENHETER,
            "Brief description": TEXT,
            "Entry type": given("Phone", "E-mail", "Portal", "Counter"),
            "Call type": given("Failure", "Request for service"),
            "Category": given("Hardware", "Software"),
            "Subcategory": given("Printer", "Laptop", "ERP"),
            "Status": given("First line", "Second line"),
            "Operator group": given("Servicedesk", "Applications"),
            "Escalation reason": given("", "", "Too little knowledge", "No rights"),
            "Operator": NAMES,
            "Creation date": at("%d/%m/%Y %H:%M"),
            "Target date": at("%d/%m/%Y %H:%M"),
            "Date completed": at("%d/%m/%Y %H:%M", end=True),
            "Time spent": given("0:15", "1:30"),
        },
        {"ticket": "Incident number", "unit": "Department", "opened": "Creation date", "resolved": "Date completed"}
        | {"channel": "Entry type", "category": "Category", "team": "Operator group", "requester": "Caller"}
        | {"reassignments": "Escalation reason"},
        "utf-8-sig",
        ";",
    ),
    Export(
        "jira.csv",
        "tickets",
        {
            "Summary": TEXT,
            "Issue key": counted("IT-{}"),
            "Issue id": counted("9{}"),
            "Issue Type": given("Incident", "Service Request"),
            "Status": given("Done", "In Progress"),
            "Project key": given("IT"),
            "Creator": WHO,
            "Priority": given("High", "Low"),
            "Resolution": given("Done", ""),
            "Assignee": WHO,
            "Reporter": WHO,
            "Created": at("%d/%b/%y %I:%M %p"),
            "Updated": at("%d/%b/%y %I:%M %p"),
            "Resolved": at("%d/%b/%y %I:%M %p", end=True),
            "Due date": at("%d/%b/%y %I:%M %p"),
            "Custom field (Department)": given("Schools", "Care"),
            "Custom field (Request channel type)": given("portal", "anonymousportal", "email", "api", "jira"),
            "Custom field (Request Type)": given("Get IT Help", "Request a new account"),
            "Custom field (Time to first response)": given("0h 20m", "1h"),
            "Custom field (Time to resolution)": given("1h 20m", "2d"),
        },
        {"ticket": "Issue key", "unit": "Custom field (Department)", "opened": "Created", "resolved": "Resolved"}
        | {"channel": "Custom field (Request channel type)", "requester": "Reporter"},
    ),
    Export(
        "zammad.csv",
        "tickets",
        {
            "#": counted("65{}"),
            "Title": TEXT,
            "State": given("closed", "open"),
            "Priority": given("2 normal", "3 high"),
            "Group": given("Support", "Fag"),
            "Owner": NAMES,
            "Customer": NAMES,
            "Organization": ENHETER,
            "Create Channel": given("phone", "email", "web", "chat", "note"),
            "Sender": given("Customer", "Agent", "System"),
            "Tags": given("", "vpn"),
            "Time Units Total": WORKED,
            "Created At": at("%Y-%m-%d %H:%M:%S"),
            "Updated At": at("%Y-%m-%d %H:%M:%S"),
            "Closed At": at("%Y-%m-%d %H:%M:%S", end=True),
            "Close Escalation At": at("%Y-%m-%d %H:%M:%S"),
            "Close In Min": given("20", "340"),
            "First Response At": at("%Y-%m-%d %H:%M:%S"),
            "First Response In Min": given("5", "64"),
            "Last Contact At": at("%Y-%m-%d %H:%M:%S"),
            "Article Count": given("2", "5"),
            "Escalation At": at("%Y-%m-%d %H:%M:%S"),
        },
        {"ticket": "#", "unit": "Organization", "opened": "Created At", "closed": "Closed At"}
        | {"channel": "Create Channel", "team": "Group", "requester": "Customer"},
    ),
    Export(
        "glpi.csv",
        "tickets",
        {
            "ID": counted("{}"),
            "Title": TEXT,
            "Status": given("Closed", "Processing (assigned)"),
            "Last update": at("%Y-%m-%d %H:%M"),
            "Opening date": at("%Y-%m-%d %H:%M"),
            "Priority": given("Medium", "High"),
            "Requester - Requester": NAMES,
            "Assigned to - Technician": NAMES,
            "Assigned to - Technician group": given("N1", "N2"),
            "Category": given("Nätverk", "Program"),
            "Request source": given("Helpdesk", "E-Mail", "Phone", "Direct"),
            "Entity": given("Kommun > Skola", "Kommun > Vård"),
            "Resolution date": at("%Y-%m-%d %H:%M", end=True),
            "Closing date": at("%Y-%m-%d %H:%M", end=True),
            "Time to resolve": at("%Y-%m-%d %H:%M"),
        },
        {"ticket": "ID", "unit": "Entity", "opened": "Opening date", "resolved": "Resolution date"}
        | {"channel": "Request source", "category": "Category", "team": "Assigned to - Technician group"}
        | {"requester": "Requester - Requester"},
        "utf-8-sig",
        ";",
    ),
    Export(
        "freshservice.csv",
        "tickets",
        {
            "Ticket ID": counted("INC-{}"),
            "Subject": TEXT,
            "Status": given("Closed", "Open"),
            "Priority": given("Low", "Urgent"),
            "Source": given("Portal", "Email", "Phone", "Walkup", "Slack", "AWS Cloudwatch", "Pagerduty"),
            "Type": given("Incident", "Service Request"),
            "Agent": NAMES,
            "Group": given("Desk", "Network"),
            "Created Time": at("%m/%d/%Y %I:%M %p"),
            "Due by Time": at("%m/%d/%Y %I:%M %p"),
            "Resolved Time": at("%m/%d/%Y %I:%M %p", end=True),
            "Last Updated Time": at("%m/%d/%Y %I:%M %p"),
            "Requester Email": given("a@town.example", "B@town.example"),
            "Department": given("Schools", "Care"),
            "Category": given("Hardware", "Software"),
            "Resolution Time (in Hrs)": given("01:20:11", "20:00:00"),
        },
        {"ticket": "Ticket ID", "unit": "Department", "opened": "Created Time", "resolved": "Resolved Time"}
        | {"channel": "Source", "category": "Category", "team": "Group", "requester": "Requester Email"},
    ),
    Export(
        "easit-artvise.csv",
        "tickets",
        {
            "Ärendenummer": counted("{}"),
            "Rubrik": TEXT,
            "Skapat": at("%y-%m-%d %H:%M"),
            "Avslutat": at("%y-%m-%d %H:%M", end=True),
            "Kanal": given("Telefon", "E-post", "Besök", "Chatt", "E-tjänst"),
            "Kategori": given("Bygglov", "Skola"),
            "Avdelning": UNITS,
            "Ansvarig grupp": given("Kontaktcenter", "Handläggning"),
            "Handläggare": NAMES,
            "Löst direkt": given("Ja", "Nej"),
            "Samtalstid (min)": WORKED,
        },
        {"ticket": "Ärendenummer", "unit": "Avdelning", "opened": "Skapat", "closed": "Avslutat", "channel": "Kanal"}
        | {"category": "Kategori", "team": "Ansvarig grupp", "first_contact": "Löst direkt"},
        "cp1252",
        ";",
    ),
    Export(
        "nilex.csv",
        "tickets",
        {
            "Ärendenr": counted("N{}"),
            "Registrerad": at("%d.%m.%Y %H.%M"),
            "Registrerad av": NAMES,
            "Löst": at("%d.%m.%Y %H.%M", end=True),
            "Senast ändrad": at("%d.%m.%Y %H.%M"),
            "Källa": given("Webbportal", "Telefon", "Mail"),
            "Kategori": given("Konto", "Nätverk"),
            "Användare": NAMES,
            "Enhet": UNITS,
            "Grupp": given("Servicedesk", "Drift"),
            "Tekniker": NAMES,
            "Nedlagd tid (tim)": WORKED,
        },
        {"ticket": "Ärendenr", "unit": "Enhet", "opened": "Registrerad", "resolved": "Löst", "channel": "Källa"}
        | {"category": "Kategori", "team": "Grupp", "requester": "Användare"},
        "cp850",
        ";",
    ),
    # --- cases ---
    Export(
        "public360-no.csv",
        "cases",
        {
            "Saksnummer": counted("26/{}"),
            "Sakstittel": TEXT,
            "Sakstype": given("Byggesak", "Skjenkebevilling"),
            "Ansvarlig enhet": ENHETER,
            "Saksbehandler": WHO,
            "Status": given("Under behandling", "Avsluttet"),
            "Opprettet dato": at("%d.%m.%Y"),
            "Avsluttet dato": at("%d.%m.%Y", end=True),
            "Frist": at("%d.%m.%Y"),
            "Mottaksmåte": given("Altinn", "Brev", "E-post"),
        },
        {"case": "Saksnummer", "case_type": "Sakstype", "unit": "Ansvarlig enhet", "actor": "Saksbehandler"}
        | {"opened": "Opprettet dato", "closed": "Avsluttet dato", "channel": "Mottaksmåte"},
        "utf-8-sig",
        ";",
        timedelta(days=3),
    ),
    Export(
        "public360-sv.csv",
        "cases",
        {
            "Diarienummer": counted("KS 2026/{}"),
            "Ärenderubrik": TEXT,
            "Ärendetyp": given("Serveringstillstånd", "Färdtjänst"),
            "Ansvarig enhet": UNITS,
            "Ansvarig person": WHO,
            "Status": given("Öppet", "Avslutat"),
            "Skapat datum": at("%Y-%m-%d %H:%M"),
            "Avslutat datum": at("%Y-%m-%d %H:%M", end=True),
            "Inkommen via": given("E-tjänst", "Post", "E-post"),
            "Sekretess": given("Ja", "Nej"),
        },
        {"case": "Diarienummer", "case_type": "Ärendetyp", "unit": "Ansvarig enhet", "actor": "Ansvarig person"}
        | {"opened": "Skapat datum", "closed": "Avslutat datum", "channel": "Inkommen via"},
        "utf-16",
        "\t",
    ),
    Export(
        "byggr.csv",
        "cases",
        {
            "Dnr": counted("BYGG 2026-{}"),
            "Ärendetyp": given("BL", "ANM", "STRÅ"),
            "Beskrivning": TEXT,
            "Fastighet": given("Björken 1:2", "Eken 3"),
            "Ankomstdatum": at("%Y-%m-%d"),
            "Komplett datum": at("%Y-%m-%d"),
            "Beslutsdatum": at("%Y-%m-%d", end=True),
            "Slutdatum": at("%Y-%m-%d", end=True),
            "Handläggare": given("EVAK", "BJOL"),
            "Enhet": given("Bygg", "GIS"),
            "Ankomstsätt": given("E-tjänst", "Brev"),
        },
        {"case": "Dnr", "case_type": "Ärendetyp", "unit": "Enhet", "actor": "Handläggare", "opened": "Ankomstdatum"}
        | {"closed": "Slutdatum", "channel": "Ankomstsätt"},
        "cp1252",
        ";",
        timedelta(days=2),
    ),
    Export(
        "cases-en.csv",
        "cases",
        {
            "Case number": counted("C-{}"),
            "Case type": given("Permit", "Licence"),
            "Responsible unit": given("Permits", "Environment"),
            "Case officer": WHO,
            "Received": at("%d %B %Y"),
            "Decision date": at("%d %B %Y", end=True),
            "Closed": at("%d %B %Y", end=True),
            "Submission channel": given("Online form", "Letter", "E-mail"),
            "Fully digital": given("Yes", "No"),
            "Fee": given("1 200.50", "900.00"),
        },
        {"case": "Case number", "case_type": "Case type", "unit": "Responsible unit", "actor": "Case officer"}
        | {"opened": "Received", "closed": "Closed", "channel": "Submission channel", "end_to_end": "Fully digital"},
    ),
    Export(
        "arendelista-w3d3.csv",
        "cases",
        {
            "Ärendenr": counted("2026-{}"),
            "Ärendemening": TEXT,
            "Ärendeslag": given("Ansökan", "Anmälan"),
            "Handläggande enhet": UNITS,
            "Ansvarig handläggare": NAMES,
            "Inkom": at("%d/%m/%y"),
            "Avslutad": at("%d/%m/%y", end=True),
            "Ingång": given("Mina sidor", "Brev"),
            "Komplettering begärd": given("Ja", "Nej"),
            "Handläggningstid (dgr)": WORKED,
        },
        {"case": "Ärendenr", "case_type": "Ärendeslag", "unit": "Handläggande enhet", "actor": "Ansvarig handläggare"}
        | {"opened": "Inkom", "closed": "Avslutad", "channel": "Ingång", "returned": "Komplettering begärd"},
        "cp1252",
        ";",
    ),
    Export(
        "ephorte.csv",
        "cases",
        {
            "Saknr": counted("2026/{}"),
            "Saksnr": counted("26-{}"),
            "Tittel": TEXT,
            "Saktype": given("Klage", "Søknad"),
            "Administrativ enhet": ENHETER,
            "Saksansvarlig": WHO,
            "Saksdato": at("%Y%m%d"),
            "Sist endret": at("%Y%m%d"),
            "Ferdig dato": at("%Y%m%d", end=True),
            "Innsendingsmåte": given("Skjema", "Papir"),
        },
        {"case": "Saksnr", "case_type": "Saktype", "unit": "Administrativ enhet", "actor": "Saksansvarlig"}
        | {"opened": "Saksdato", "closed": "Ferdig dato", "channel": "Innsendingsmåte"},
        "utf-8",
        ";",
    ),
    Export(
        "e-services.csv",
        "cases",
        {
            "Ärende-ID": counted("{}"),
            "E-tjänst": given("Bygglov", "Förskoleplats"),
            "Förvaltning": UNITS,
            "Inkommen": at("%Y-%m-%dT%H:%M:%SZ"),
            "Avslutad": at("%Y-%m-%dT%H:%M:%SZ", end=True),
            "Handläggare": WHO,
            "Kanal": given("Webb", "App"),
        },
        {"case": "Ärende-ID", "case_type": "E-tjänst", "unit": "Förvaltning", "actor": "Handläggare"}
        | {"opened": "Inkommen", "closed": "Avslutad", "channel": "Kanal"},
    ),
    Export(  # a list of cases of an authority, with the figures that are kept of each
        "servicenow-government-cases.csv",
        "cases",
        {
            "Number": counted("GOVCS{}"),
            "Applicant type": given("Individual", "Business", "Agency"),
            "Constituent": NAMES,
            "Channel": given("Web", "Phone", "Email", "In Person"),
            "Service": given("Parking permit", "Event licence"),
            "Assigned to agency": given("Building permits", "Environment"),
            "Assignment group": given("Intake", "Officers"),
            "Assigned to": WHO,
            "Application status": given("Approved", "Declined", ""),
            "Opened": at("%Y-%m-%d %H:%M:%S"),
            "Decision date": at("%Y-%m-%d", end=True),
            "Closed": at("%Y-%m-%d %H:%M:%S", end=True),
            "Resolution code": given("Completed", "Withdrawn"),
            "Agent Reassignment Count": given("0", "1", "2"),
            "Reopen Count": given("0", "0", "1"),
        },
        {"case": "Number", "case_type": "Service", "unit": "Assigned to agency", "actor": "Assigned to"}
        | {"opened": "Opened", "closed": "Closed", "channel": "Channel"}
        | {"handovers": "Agent Reassignment Count", "reopened": "Reopen Count"},
    ),
    # --- staff ---
    Export(
        "heroma.csv",
        "staff",
        {
            "Personnummer": counted("19800101-{}"),
            "Anställningsnummer": counted("{}"),
            "Förnamn": given("Eva", "Björn"),
            "Efternamn": given("Åkesson", "Lööf"),
            "Enhetskod": in_turn("4110", "4120", "5210", "6100"),
            "Enhetsnamn": in_turn(*UNITS_SV),
            "Förvaltning": in_turn("Samhällsbyggnad", "Samhällsbyggnad", "Bildning", "Bildning"),
            "Befattning": given("Enhetschef", "Handläggare", "Assistent"),
            "Anställd fr.o.m.": at("%Y-%m-%d"),
            "Anställd t.o.m.": lambda _row: "",
            "Sysselsättningsgrad": given("75,00", "100,00"),
        },
        {"person": "Anställningsnummer", "unit": "Enhetskod", "unit_name": "Enhetsnamn", "unit_above": "Förvaltning"}
        | {"role": "Befattning", "from": "Anställd fr.o.m.", "to": "Anställd t.o.m.", "fte": "Sysselsättningsgrad"},
        "cp1252",
        ";",
    ),
    Export(
        "visma-no.csv",
        "staff",
        {
            "Ansattnummer": counted("{}"),
            "Navn": NAMES,
            "Fødselsdato": given("01.02.1980", "24.12.1991"),
            "Avdelingskode": in_turn("310", "320", "330", "340"),
            "Avdeling": in_turn(*UNITS_NB),
            "Stilling": given("Rektor", "Rådgiver", "Lærer"),
            "Stillingsprosent": given("100", "80"),
            "Ansatt fra": at("%d.%m.%Y"),
            "Ansatt til": ended("%d.%m.%Y"),
            "Nærmeste leder": NAMES,
        },
        {"person": "Ansattnummer", "unit": "Avdelingskode", "unit_name": "Avdeling", "role": "Stilling"}
        | {"fte": "Stillingsprosent", "from": "Ansatt fra", "to": "Ansatt til"},
        "cp1252",
        ";",
    ),
    Export(
        "sap.csv",
        "staff",
        {
            "Employee ID": counted("{}"),
            "Last name": given("Berg", "Dahl"),
            "Cost center": in_turn("1000", "2000", "3000"),
            "Department": in_turn("Schools", "Care", "Building permits"),
            "Division": in_turn("Welfare", "Welfare", "City"),
            "Job title": given("Head of unit", "Officer"),
            "FTE": given("1.0", "0.8"),
            "Hire date": at("%m/%d/%Y"),
            "Termination date": ended("%m/%d/%Y"),
        },
        {"person": "Employee ID", "unit": "Cost center", "unit_name": "Department", "unit_above": "Division"}
        | {"role": "Job title", "fte": "FTE", "from": "Hire date", "to": "Termination date"},
    ),
    Export(
        "personec.csv",
        "staff",
        {
            "Anstnr": counted("{}"),
            "Namn": NAMES,
            "Orgkod": in_turn("11", "12", "13", "14"),
            "Enhet": in_turn(*UNITS_SV),
            "Titel": given("Rektor", "Lärare"),
            "From": at("%Y%m%d"),
            "Tom": ended("%Y%m%d"),
            "Syss.grad": given("100", "75"),
            "Behörighet Ärendeflöde": given("Ja", "Nej"),
        },
        {"person": "Anstnr", "unit": "Orgkod", "unit_name": "Enhet", "role": "Titel", "from": "From", "to": "Tom"}
        | {"fte": "Syss.grad", "access": "Behörighet Ärendeflöde"},
        "utf-8",
        "\t",
    ),
    Export(
        "unit4.csv",
        "staff",
        {
            "Ressursnr": counted("{}"),
            "Brukernavn": WHO,
            "Stilling": given("Enhetsleder", "Konsulent"),
            "Arbeidssted": in_turn(*UNITS_NB),
            "Sektor": in_turn("Plan", "Helse", "Helse", "Stab"),
            "Dato fra": at("%d.%m.%y"),
            "Startdato": at("%d.%m.%y"),
            "Sluttdato": ended("%d.%m.%y"),
            "Prosent": given("100", "50"),
        },
        {"person": "Ressursnr", "role": "Stilling", "unit": "Arbeidssted", "unit_above": "Sektor"}
        | {"from": "Startdato", "to": "Sluttdato", "fte": "Prosent"},
        "cp850",
        ";",
    ),
)
