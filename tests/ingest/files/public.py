"""Lists of the kinds that cities and service desks publish, rows invented: names written together, places on a map."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from tests.ingest.files.strange import Strange


def table(rows: Sequence[Mapping[str, str]]) -> bytes:
    """These rows as CSV."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def requests() -> Iterator[dict[str, str]]:
    """What citizens reported to a city: an agency for each, a place on a map of its own, and a deadline.

    No service desk of the staff, although it is called requests.
    """
    for number in range(30):
        day, closed = 1 + number % 28, f"0{3 + number % 2}/15/2026 12:30:00 PM"
        yield {
            "Unique Key": str(39573500 + number),
            "Created Date": f"02/{day:02}/2026 09:{number:02}:00 AM",
            "Closed Date": closed if number % 5 else "",
            "Agency": ("NYPD", "DOT", "HPD")[number % 3],
            "Complaint Type": ("Noise", "Light", "Heat")[number % 3],
            "Status": "Closed" if number % 5 else "Open",
            "Due Date": f"04/{day:02}/2026 09:00:00 AM",
            "Resolution Description": "",
            "Open Data Channel Type": ("PHONE", "ONLINE", "MOBILE")[number % 3],
            "Borough": ("BRONX", "QUEENS")[number % 2],
            "Latitude": f"40.{8511340 + number}",
            "Longitude": f"-73.{8658890 + number}",
            "Location": f"(40.{8511340 + number}, -73.{8658890 + number})",
        }


def capitals() -> Iterator[dict[str, str]]:
    """A table of a database, whose names are written together in capitals."""
    for number in range(24):
        yield {
            "REQUESTID": str(9100 + number),
            "DATETIMEINIT": f"2026-01-{number + 1:02} 08:26:34.0",
            "DATETIMECLOSED": f"2026-02-{number + 1:02} 11:16:34.96" if number % 4 else "",
            "PRJCOMPLETEDATE": f"2026-01-{number + 4:02} 00:00:00.0",
            "CALLERTYPE": ("WEB", "PHONE")[number % 2],
            "DEPARTMENT": ("FORESTRY", "REFUSE")[number % 2],
        }


def permits() -> Iterator[dict[str, str]]:
    for number in range(24):
        yield {
            "permitnum": f"BP2026-{number:05}",
            "statuscurrent": "Issued Permit",
            "applieddate": f"2026-01-{number + 1:02}T00:00:00.000",
            "issueddate": f"2026-02-{number + 1:02}T00:00:00.000",
            "completeddate": f"2026-03-{number + 1:02}T00:00:00.000" if number % 3 else "",
            "permittype": ("Demolition", "New building")[number % 2],
            "contractorname": f"BUILDERS {number % 5}",
        }


def incidents() -> Iterator[dict[str, str]]:
    """A list without a channel, of which a column says who changed it last: a program."""
    for number in range(12):
        yield {
            "number": f"INC00570{number:02}",
            "opened_at": f"3/{number + 14}/2026 6:04",
            "caller_id": ("Alex", "Kim", "Not Specified")[number % 3],
            "assignment_group": ("Network", "Desk")[number % 2],
            "resolution_notes": "",
            "sys_updated_by": "system",
        }


PUBLIC = (
    Strange(
        "311_Service_Requests.csv",
        table([*requests()]),
        "cases",
        ("Unique Key", "Location"),
        {
            "case": "Unique Key",
            "opened": "Created Date",
            "closed": "Closed Date",
            "unit": "Agency",
            "case_type": "Complaint Type",
            "channel": "Open Data Channel Type",
        },
        {
            str(39573500 + number): {"opened": f"2026-02-{1 + number % 28:02}"}
            | ({"closed": f"2026-0{3 + number % 2}-15T12:30"} if number % 5 else {})
            for number in range(30)
        },
        30,
    ),
    Strange(
        "requests_2026.csv",
        table([*capitals()]),
        "tickets",
        ("REQUESTID", "DATETIMECLOSED"),
        {
            "ticket": "REQUESTID",
            "opened": "DATETIMEINIT",
            "closed": "DATETIMECLOSED",
            "channel": "CALLERTYPE",
            "unit": "DEPARTMENT",
        },
        {
            str(9100 + number): {"opened": f"2026-01-{number + 1:02}T08:26"}
            | ({"resolved": f"2026-02-{number + 1:02}T11:16"} if number % 4 else {})
            for number in range(24)
        },
        24,
    ),
    Strange(
        "building_permits.csv",
        table([*permits()]),
        "cases",
        ("permitnum", "contractorname"),
        {"case": "permitnum", "opened": "applieddate", "closed": "completeddate", "case_type": "permittype"},
        {
            f"BP2026-{number:05}": {"opened": f"2026-01-{number + 1:02}"}
            | ({"closed": f"2026-03-{number + 1:02}"} if number % 3 else {})
            for number in range(24)
        },
        24,
        {"unit": "u"},
    ),
    Strange(
        "incident.csv",
        table([*incidents()]),
        "tickets",
        ("number", "sys_updated_by"),
        {"ticket": "number", "opened": "opened_at", "requester": "caller_id", "team": "assignment_group"},
        {f"INC00570{number:02}": {"opened": f"2026-03-{number + 14}T06:04"} for number in range(12)},
        12,
    ),
)
