"""Tables that are logs of steps are told from lists of cases by their rows, whatever their columns are called."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files.draft import Draft, drafted
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of, text
from nytta.ingest.files.no_persons import no_persons
from nytta.ingest.files.read import read

BEGIN = datetime(2026, 1, 12, 8)
STEPS = ("Registered", "Assigned", "Decided", "Closed")


def draft_of(folder: Path, rows: Sequence[Mapping[str, str]], name: str = "export.csv", delimiter: str = ",") -> Draft:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return drafted(look(path, path.name))


def log(columns: Sequence[str], form: str, cases: int = 12) -> list[dict[str, str]]:
    """Rows of a log with columns for row number, case, step, moment, actor and group."""
    rows: list[dict[str, str]] = []
    for case in range(cases):
        for number, step in enumerate(STEPS):
            moment = BEGIN + timedelta(days=case, hours=5 * number)
            texts = (
                f"R{len(rows):05}",
                f"IM{case:05}",
                step,
                moment.strftime(form),
                f"user_{case % 5}",
                f"T{case % 3}",
            )
            rows.append(dict(zip(columns, texts, strict=True)))
    return rows


@pytest.mark.parametrize(
    ("columns", "form"),
    [
        # what programs for process mining write, and audit trails of service desks
        (("Row", "Case ID", "Activity", "Complete Timestamp", "Resource", "workgroup"), "%Y/%m/%d %H:%M:%S.000"),
        (
            ("Activity number", "Incident ID", "Activity type", "DateStamp", "User", "Assignment Group"),
            "%d-%m-%Y %H:%M",
        ),
        (("Rad", "Ärendenummer", "Händelse", "Avslutad tid", "Handläggare", "Enhet"), "%Y-%m-%d %H:%M"),
        (("Linje", "Saksnummer", "Hendelse", "Tidspunkt", "Saksbehandler", "Avdeling"), "%d.%m.%Y %H:%M"),
        (("Nr", "Diarienr", "Händelsetyp", "Händelsedatum", "Utförd av", "Enhet"), "%Y-%m-%d %H:%M"),
        (("id", "processInstanceId", "activityName", "endTime", "assignee", "group"), "%Y-%m-%dT%H:%M:%S.000+0200"),
        (("_SORTING", "_CASE_KEY", "ACTIVITY_EN", "EVENTTIME", "USER_NAME", "TEAM"), "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_a_table_with_several_rows_of_a_case_is_a_log_of_steps(
    tmp_path: Path, columns: tuple[str, ...], form: str
) -> None:
    made = draft_of(tmp_path, log(columns, form))
    assert made.kind == "log"
    roles = ("case", "activity", "at", "actor", "unit")
    assert [made.fields.get(role) for role in roles] == list(columns[1:])
    chunks = list(read(tmp_path / "export.csv", mapping_of(made, "org", "UTC")))
    events = [line for chunk in chunks for line in chunk.ndjson.splitlines()]
    assert sum(b"nytta.case.step" in line for line in events) == 12 * len(STEPS)
    # the last step ends each case
    assert sum(b"nytta.case.closed" in line for line in events) == 12


@pytest.mark.parametrize(
    "changed",
    [
        {"Ärendenummer": "of its own"},  # one row a case: a list
        {"Händelse": "the same"},  # what never changes is the sort of the case
        {"Tidpunkt": "the same"},
    ],
)
def test_a_list_of_cases_is_no_log(tmp_path: Path, changed: Mapping[str, str]) -> None:
    rows = log(("Rad", "Ärendenummer", "Händelse", "Tidpunkt", "Handläggare", "Enhet"), "%Y-%m-%d %H:%M")
    for number, row in enumerate(rows):
        for column, how in changed.items():
            row[column] = f"{row[column]}/{number}" if how == "of its own" else rows[0][column]
    assert draft_of(tmp_path, rows).kind != "log" or draft_of(tmp_path, rows).fields.get("activity") != "Händelse"


def test_changes_of_tickets_are_no_steps(tmp_path: Path) -> None:
    """Each row of such a list says the whole ticket anew, with how far it has come."""
    columns = ("Row", "Number", "State", "Updated", "Caller", "Assignment group")
    rows = [row | {"Opened": "2026-01-10 08:00"} for row in log(columns, "%Y-%m-%d %H:%M")]
    assert draft_of(tmp_path, rows, "incidents.csv").kind == "tickets"


def test_a_case_that_goes_on_after_a_step_called_like_an_end_is_not_closed_by_it(tmp_path: Path) -> None:
    columns = ("Row", "Case ID", "Activity", "Timestamp", "Resource", "Group")
    rows = log(columns, "%Y-%m-%d %H:%M")
    for row in rows:
        row["Activity"] = {"Assigned": "Closed", "Closed": "Archived by hand"}.get(row["Activity"], row["Activity"])
    made = draft_of(tmp_path, rows)
    assert made.fields["activity"] == "Activity"
    assert "case.closed" not in text(made, "org", "UTC")


@pytest.mark.parametrize(
    ("step", "ends"),
    [
        ("Internt ärende avslutat", True),
        ("Sak avsluttet", True),
        ("Note: closed", True),
        ("Inte avslutad", False),
        ("Reopened after close", False),
        ("Avslutningsmöte", False),
    ],
)
def test_a_step_ends_a_case_by_words_of_its_own(tmp_path: Path, step: str, ends: bool) -> None:
    rows = log(("Row", "Case ID", "Activity", "Timestamp", "Resource", "Group"), "%Y-%m-%d %H:%M")
    for row in rows:
        row["Activity"] = {"Closed": step}.get(row["Activity"], row["Activity"])
    assert ("case.closed" in text(draft_of(tmp_path, rows), "org", "UTC")) == ends


@given(
    st.lists(st.sampled_from(["Anna", "Systemförvaltare", "Robotson", "Batchelor", "A. Bottas", "Api Kallio", "x12"]))
)
def test_persons_are_no_robots(names: list[str]) -> None:
    # a word of its own alone says so: of these one is called like an interface, and is taken for one
    assert bool(no_persons(names)) == ("Api Kallio" in names)


@pytest.mark.parametrize(
    "name",
    ["batch_03", "RPA-2", "System", "svc_sync", "Systemkonto", "integration", "Robot 1", "SYSTEM_USER", "api.bot"],
)
def test_accounts_behind_which_nobody_sits_are_known_by_their_names(name: str) -> None:
    [(pattern, kind)] = no_persons([name, "user_1"]).items()
    assert kind == "system"
    assert re.search(pattern, name)
    assert not re.search(pattern, "user_1")


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (("Dnr", "Inkom", "Avslutad", "Handläggare", "Enhet"), "ärenden.csv"),
        (("Ticket ID", "Created", "Resolved", "Requester", "Department"), "tickets.csv"),
    ],
)
def test_robots_of_lists_are_no_persons(tmp_path: Path, columns: tuple[str, ...], name: str) -> None:
    day = (BEGIN + timedelta(days=1)).date().isoformat()
    actors = ("rpa_1", "anna", "bo")
    rows = [dict(zip(columns, (f"A-{n}", day, day, actors[n % 3], "K1"), strict=True)) for n in range(9)]
    made = draft_of(tmp_path, rows, name)
    kinds: set[tuple[str, str]] = set()
    for chunk in read(tmp_path / name, mapping_of(made, "org", "UTC", {"system": "s"})):
        events = [json.loads(line) for line in chunk.ndjson.splitlines()]
        kinds |= {(event["data"]["actor"], event["data"]["actor_kind"]) for event in events if "actor" in event["data"]}
    assert kinds == {("rpa_1", "system"), ("anna", "person"), ("bo", "person")}


@pytest.mark.parametrize("activity", ["Activity", "Handling"])
def test_a_case_is_known_by_its_rows_where_no_name_tells_it(tmp_path: Path, activity: str) -> None:
    """Its name is that of a trace; "TID" is a trace, and "Employee" bears a number of each person."""
    columns = ("Row", "TID", activity, "Starttime", "Employee", "Team")
    rows = [{name: text for name, text in row.items() if name != "Row"} for row in log(columns, "%Y-%m-%d %H:%M:%S")]
    made = draft_of(tmp_path, rows)
    assert (made.kind, made.fields.get("case"), made.fields.get("activity")) == ("log", "TID", activity)
    assert made.fields.get("actor") == "Employee"


def test_a_unit_with_many_rows_is_no_case(tmp_path: Path) -> None:
    columns = ("Row", "Code", "Activity", "Starttime", "Employee", "Team")
    rows = [row | {"Code": f"K{number % 2}"} for number, row in enumerate(log(columns, "%Y-%m-%d %H:%M", 60))]
    assert "case" not in draft_of(tmp_path, [{**row, "Row": "x"} for row in rows]).fields


def test_a_status_is_a_step_where_no_row_says_when_its_case_came_in(tmp_path: Path) -> None:
    columns = ("Row", "Order Nr.", "Status", "Complete Timestamp", "Employee", "Team")
    rows = [row | {"Status": f"Order {row['Status'].lower()}"} for row in log(columns, "%m/%d/%y %H:%M", 30)]
    made = draft_of(tmp_path, rows)
    roles = ("case", "activity", "at", "actor")
    assert [made.fields.get(role) for role in roles] == ["Order Nr.", "Status", "Complete Timestamp", "Employee"]
    assert made.dates[0].order == "month-first"


@pytest.mark.parametrize(
    ("step", "last", "ends"),
    [("Order completed", True, True), ("Archive repair", True, True), ("Completed", False, False)],
)
def test_a_step_that_may_end_a_part_ends_the_case_where_it_is_always_last(
    tmp_path: Path, step: str, last: bool, ends: bool
) -> None:
    rows = log(("Row", "Case ID", "Activity", "Timestamp", "Resource", "Group"), "%Y-%m-%d %H:%M")
    for row in rows:
        if row["Activity"] == ("Closed" if last else "Decided"):
            row["Activity"] = step
        elif row["Activity"] == "Closed":
            row["Activity"] = "Paid"
    assert ("case.closed" in text(draft_of(tmp_path, rows), "org", "UTC")) == ends


def test_a_few_cases_that_end_twice_do_not_hide_the_end_of_all(tmp_path: Path) -> None:
    rows = log(("Row", "Case ID", "Activity", "Timestamp", "Resource", "Group"), "%Y-%m-%d %H:%M", 40)
    rows[6]["Activity"] = "Closed"
    assert "case.closed" in text(draft_of(tmp_path, rows), "org", "UTC")
    for row in rows[2::4]:
        row["Activity"] = "Closed"
    assert "case.closed" not in text(draft_of(tmp_path, rows), "org", "UTC")


def test_actors_are_taken_without_the_group_behind_their_names(tmp_path: Path) -> None:
    rows = log(("Row", "Case ID", "concept:name", "time:timestamp", "Resource", "Group"), "%Y-%m-%d %H:%M:%S+02:00")
    rows = [row | {"org:resource": f"{row['Resource']}-{row['Group']}"} for row in rows]
    assert draft_of(tmp_path, rows).fields["actor"] == "Resource"


def test_a_case_that_counts_in_letters_may_be_called_na(tmp_path: Path) -> None:
    rows = log(("Row", "Case ID", "Activity", "Timestamp", "Resource", "Group"), "%Y-%m-%d %H:%M")
    for row in rows:
        row["Case ID"] = f"N{chr(ord('A') + int(row['Case ID'][2:]))}"
    made = draft_of(tmp_path, rows)
    chunks = list(read(tmp_path / "export.csv", mapping_of(made, "org", "UTC")))
    assert sum(len(chunk.rejects) for chunk in chunks) == 0
    # where another column says by the same word that it has nothing, it stands for nothing
    rows[5]["Group"] = "NA"
    assert "nulls: [NA]" in text(draft_of(tmp_path, rows), "org", "UTC")
