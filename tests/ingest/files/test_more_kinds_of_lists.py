"""Further kinds of lists on which a draft went wrong: ends in two columns, objects, what is no case, far rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from nytta.ingest.files import looks
from nytta.ingest.files.beginning import problem
from nytta.ingest.files.draft import drafted as drafted_from
from nytta.ingest.files.draft import drafted_file
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from nytta.surfaces.problems import in_language
from tests.ingest.files.test_kinds_of_lists import BEGIN, counted, drafted, events, moments


def day(number: int) -> str:
    return (BEGIN + timedelta(days=number)).strftime("%Y-%m-%d %H:%M")


# --- when tickets end, and persons leave ---


def test_a_ticket_that_was_closed_without_a_solution_has_ended(tmp_path: Path) -> None:
    """Of each three tickets one is open, one is solved and closed later, and one is closed alone."""
    rows = [
        (f"T{n}", f"U{n % 3}", day(n), day(n + 1) if n % 3 == 1 else "", day(n + 4) if n % 3 else "") for n in range(30)
    ]
    draft = drafted(tmp_path, "Ticket ID|Department|Created|Resolved|Closed", rows)
    assert counted(tmp_path, draft) == {"ticket.opened": 30, "ticket.resolved": 20}
    ends = {event["ticket"]: event["time"] for event in events(tmp_path, draft) if event["type"] == "ticket.resolved"}
    assert (ends["T1"][:10], ends["T2"][:10]) == ("2026-01-14", "2026-01-18")


def test_where_every_end_has_a_solution_the_closing_is_not_read(tmp_path: Path) -> None:
    rows = [(f"T{n}", f"U{n % 3}", day(n), day(n + 1), day(n + 4)) for n in range(30)]
    text = str(mapping_of(drafted(tmp_path, "Ticket ID|Department|Created|Resolved|Closed", rows), "org", "UTC"))
    assert "'Closed'" not in text


def test_a_column_without_days_ends_nothing_where_another_has_them(tmp_path: Path) -> None:
    rows = [(f"T{n}", f"Q{n % 3}", *moments(n, "%Y-%m-%d %H:%M"), "") for n in range(30)]
    draft = drafted(tmp_path, "Ticket#|Queue|Created|Close Time|SolutionTime", rows, "otrs.csv")
    assert counted(tmp_path, draft)["ticket.resolved"] == 23


@pytest.mark.parametrize(
    ("column", "words", "left"),
    [
        ("Status", ("Aktiv", "Sluttet"), 8),
        ("employment_status", ("Active", "Terminated"), 8),
        ("Is Active", ("True", "False"), 8),
        ("Status", ("Heltid", "Deltid"), 0),
    ],
)
def test_who_has_left_by_the_status_is_left_out(tmp_path: Path, column: str, words: tuple[str, str], left: int) -> None:
    rows = [(f"{n}", f"U{n % 3}", "2020-05-05", words[n % 5 == 2]) for n in range(40)]
    draft = drafted(tmp_path, f"Employee ID|Department|Hire Date|{column}", rows, "staff.csv")
    assert counted(tmp_path, draft) == {"people.eligibility": 40 - left}
    assert len(draft.remarks) == (left > 0)
    assert all(in_language(remark, "nb") != remark for remark in draft.remarks)


def test_who_left_on_a_day_belonged_until_then(tmp_path: Path) -> None:
    rows = [
        (f"{n}", f"U{n % 3}", "2020-05-05", *(("2026-01-31", "Slutat") if n % 5 == 2 else ("", "Aktiv")))
        for n in range(40)
    ]
    draft = drafted(tmp_path, "Anställningsnummer|Enhet|Anställd from|Anställd tom|Status", rows, "personal.csv")
    assert (counted(tmp_path, draft), draft.remarks) == ({"people.eligibility": 40}, ())


# --- steps that say in their names how far they have come ---


def steps_named(form: str, words: tuple[str, str] = ("start", "complete")) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for case in range(12):
        moment = BEGIN + timedelta(days=case)
        for step in ("Register", "Review", "Close case"):
            for word in words:
                moment += timedelta(hours=1)
                rows.append((f"C{case}", form.format(step=step, word=word), f"{moment:%Y-%m-%d %H:%M}", f"p{case % 4}"))
    return rows


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("{step}-{word}", ("start", "complete")),
        ("{step}_{word}", ("START", "COMPLETE")),
        ("{step} ({word})", ("startet", "fullført")),
        ("{word} {step}", ("Start", "Finish")),
    ],
)
def test_a_step_that_names_its_start_and_its_end_counts_once(tmp_path: Path, form: str, words: tuple[str, str]) -> None:
    draft = drafted(tmp_path, "Case ID|Activity|Timestamp|Resource", steps_named(form, words))
    made = events(tmp_path, draft)
    assert Counter(event["type"] for event in made) == {"case.step": 36, "case.opened": 12, "case.closed": 12}
    assert all(words[0] not in event["activity"] for event in made if event["type"] == "case.step")
    spans = {event["type"]: event["time"] for event in made if event["case"] == "C0"}
    assert (spans["case.opened"], spans["case.closed"]) == ("2026-01-12T09:00:00Z", "2026-01-12T14:00:00Z")


def test_a_step_that_is_called_start_and_has_no_end_of_its_own_counts(tmp_path: Path) -> None:
    rows = [row for row in steps_named("{step}-{word}") if row[1] != "Review-complete"]
    steps = Counter(
        event["activity"]
        for event in events(tmp_path, drafted(tmp_path, "Case ID|Activity|Timestamp|Resource", rows))
        if event["type"] == "case.step"
    )
    assert steps == {"Register-complete": 12, "Review-start": 12, "Close case-complete": 12}


# --- cells and documents that hold objects ---


@pytest.mark.parametrize("written", [json.dumps, str])
def test_cells_that_hold_objects_are_read_as_documents_are(tmp_path: Path, written: type[str]) -> None:
    rows = [
        (
            f"INC{n}",
            *moments(n, "%Y-%m-%d %H:%M"),
            written({"id": 40 + n % 3, "link": "https://x", "name": f"U{n % 3}"}),
            written({"value": ("phone", "email")[n % 2]}),
            written([{"id": n % 7, "name": f"User {n % 7}"}]) if n % 4 else "",
        )
        for n in range(40)
    ]
    draft = drafted(tmp_path, "number|opened_at|resolved_at|department|contact_type|caller_id", rows, "incidents.csv")
    made = [event for event in events(tmp_path, draft) if event["type"] == "ticket.opened"]
    assert Counter(event["unit"] for event in made) == {"U0": 14, "U1": 13, "U2": 13}
    assert Counter(event["channel"] for event in made) == {"phone": 20, "email": 20}
    assert {event.get("actor") for event in made} == {None} | {f"{n}" for n in range(7)}
    assert draft.look.objects == ("department", "contact_type", "caller_id")


@pytest.mark.parametrize("cell", ["{" * 5_000, "{'a': " * 3_000, '{"a": 1', "{1, 2}", "[{}]"])
def test_a_cell_that_only_begins_like_an_object_stays_a_text(tmp_path: Path, cell: str) -> None:
    draft = drafted(tmp_path, "Ticket ID|Created|Note", [(f"T{n}", day(n), cell) for n in range(8)])
    assert draft.look.columns == ("Ticket ID", "Created", "Note")


DOCUMENTS: Mapping[str, object] = {
    "keyed": {f"T{n}": {"ticket": f"T{n}", "created": day(n)} for n in range(9)},
    "columns": {name: {f"{n}": day(n) for n in range(9)} for name in ("ticket", "created")},
    "split": {"columns": ["ticket", "created"], "data": [[f"T{n}", day(n)] for n in range(9)]},
    "rows": {
        "meta": {"columns": [{"name": "ticket"}, {"name": "created"}]},
        "data": [[f"T{n}", day(n)] for n in range(9)],
    },
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_without_a_list_of_objects_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(DOCUMENTS[name]))
    with pytest.raises(InputError, match="no list of objects") as refused:
        drafted_file(path, path.name)
    assert "ingen lista av objekt" in in_language(str(refused.value), "sv")


def test_types_that_a_database_writes_around_values_are_no_names(tmp_path: Path) -> None:
    path = tmp_path / "tickets.json"
    moment = [{"$date": {"$numberLong": str(1_767_600_000_000 + n * 3_600_000)}} for n in range(24)]
    rows = [
        {
            "ticketNumber": f"T{n}",
            "createdAt": moment[n],
            "closedAt": moment[n] if n % 3 else None,
            "department": f"U{n % 2}",
        }
        for n in range(24)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    draft = drafted_file(path, path.name)
    assert counted(tmp_path, draft) == {"ticket.opened": 24, "ticket.resolved": 16}


# --- what is no ticket, no case, no use ---

ASKED: Mapping[str, tuple[str, Sequence[str]]] = {
    "letters": (
        "Løpenr|Journaldato|Dok.dato|Dok.type|Avsender/mottaker|Saksnr|Adm.enhet|Saksbehandler|Avskrevet dato",
        ("{n}/2026", "{day}", "{day}", "I", "N.N.", "2026/{third}", "U{unit}", "p{unit}", "{day}"),
    ),
    "answers": ("survey_id|ticket_id|score|response_date", ("S{n}", "T{third}", "5", "{day}")),
    "projects": ("project_id|district|project_type|status|start_date", ("P{n}", "U{unit}", "Sewer", "Open", "{day}")),
    "backups": ("job_id|started_at|backup_type|status", ("B{n}", "{day}", "Full", "Success {unit}")),
    "findings": (
        "finding_id|detected_date|severity|sla_status|owner_team",
        ("F{n}", "{day}", "Low", "Overdue", "T{unit}"),
    ),
    "servers": ("job_id|server_id|backup_date|status", ("B{n}", "SRV-{third}", "{day}", "Success {unit}")),
    "assets": (
        "serial_number|asset_type|manufacturer|model|purchase_date|warranty_end|assigned_user_id",
        ("S{n}", "Laptop", "HP", "G{unit}", "{day}", "{day}", "u{third}"),
    ),
    "measures": (
        "metric_id|ticket_id|group_stations|assignee_stations|reopens|initially_assigned_at|solved_at",
        ("{n}", "{n}", "{unit}", "1", "0", "{day}", "{day}"),
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_lists_of_other_things_are_asked_about(tmp_path: Path, name: str) -> None:
    columns, form = ASKED[name]
    rows = [
        tuple(cell.format(n=n, third=n // 3, unit=n % 3, day=f"{BEGIN + timedelta(days=n):%d.%m.%Y}") for cell in form)
        for n in range(48)
    ]
    draft = drafted(tmp_path, columns, rows)
    told = problem(draft)
    assert told
    assert in_language(told, "sv") != told


def test_letters_of_a_journal_are_told(tmp_path: Path) -> None:
    columns, form = ASKED["letters"]
    rows = [tuple(cell.format(n=n, third=n // 3, unit=n % 3, day="03.02.2026") for cell in form) for n in range(48)]
    assert problem(drafted(tmp_path, columns, rows)).startswith("its rows are letters of a journal")


def test_sign_ins_that_all_failed_are_no_use(tmp_path: Path) -> None:
    rows = [(day(n), f"u{n % 5}@town.example", "Lex", ("Failure", "Interrupted")[n % 2]) for n in range(24)]
    draft = drafted(tmp_path, "Date (UTC)|Username|Application|Status", rows, "FailedSignIns.csv")
    assert counted(tmp_path, draft) == {}


def test_persons_without_a_day_have_not_used_a_system(tmp_path: Path) -> None:
    rows = [("2026-05-02", f"u{n}@town.example", f"2026-04-{n + 1:02}" if n % 4 else "") for n in range(24)]
    draft = drafted(
        tmp_path, "Report Refresh Date|User Principal Name|Last Activity Date", rows, "TeamsUserActivity.csv"
    )
    chunks = list(
        read(tmp_path / "TeamsUserActivity.csv", mapping_of(draft, "org", "UTC", {"unit": "org", "system": "s"}))
    )
    assert (counted(tmp_path, draft), sum(len(chunk.rejects) for chunk in chunks)) == ({"platform.session": 18}, 0)


def test_an_answer_whether_a_course_was_completed_is_no_course(tmp_path: Path) -> None:
    rows = [(f"u{n}", ("Completed", "Not completed")[n % 2], f"2026-02-{n + 1:02}") for n in range(20)]
    assert drafted(tmp_path, "Username|Course complete|Completion date", rows).kind != "training"


def test_numbers_of_users_and_degrees_of_harm_are_no_persons(tmp_path: Path) -> None:
    rows = [(f"I{n}", *moments(n, "%Y-%m-%d %H:%M"), f"{n % 9 * 30}") for n in range(24)]
    draft = drafted(tmp_path, "incident_id|opened_at|resolved_at|users_affected", rows)
    assert "requester" not in draft.fields


def test_cases_of_a_registry_are_no_tickets_and_a_doubt_is_told(tmp_path: Path) -> None:
    columns = "Ärendenummer|Enhet|Inkommen|Avslutad|{}"
    rows = [(f"{n}", f"U{n % 3}", *moments(n, "%Y-%m-%d"), f"1.{n % 4}") for n in range(24)]
    registry = drafted(tmp_path, columns.format("Diarieplansbeteckning"), rows, "lista.csv")
    doubtful = drafted(tmp_path, columns.format("Vecka"), rows, "lista.csv")
    assert (registry.kind, registry.remarks, doubtful.kind) == ("cases", (), "tickets")
    [remark] = doubtful.remarks
    assert "may be of cases" in remark
    assert in_language(remark, "sv") != remark


# --- rows that stand far down ---


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list whose words and units of later rows stand in none of those that are looked at first."""
    monkeypatch.setattr(looks, "ROWS", 20)
    rows = [
        (f"T{n}", "A" if n < 30 else "B", "Phone" if n < 30 else "Chat", *moments(n, "%Y-%m-%d")) for n in range(60)
    ]
    drafted(tmp_path, "Ticket ID|Department|Source|Created|Resolved", rows)
    return tmp_path / "export.csv"


def test_words_of_later_rows_are_known(far: Path) -> None:
    draft = drafted_file(far, far.name)
    made = [event for event in events(far.parent, draft) if event["type"] == "ticket.opened"]
    assert Counter(event["channel"] for event in made) == {"phone": 30, "chat": 30}
    assert draft.remarks == ()


def test_a_draft_says_how_many_rows_it_has_looked_at(far: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # as the console drafts anew, when somebody chooses another kind
    [remark] = drafted_from(drafted_file(far, far.name).look, "tickets").remarks
    assert remark.startswith("only the first 20 rows were looked at")
    assert in_language(remark, "nb") != remark
    monkeypatch.setattr(looks, "_CELLS_BEHIND", 50)
    [remark] = drafted_file(far, far.name).remarks
    assert remark.startswith("only the first 30 rows were looked at")
