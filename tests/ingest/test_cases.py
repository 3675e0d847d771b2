"""Small inputs that failed once, as people have them: each is right now, and its kind has a test of its own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.store.recompute import recompute
from nytta.ingest.events.batch import decode
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.cloudevents import read_cloudevents
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_text import draft
from nytta.ingest.files.read import read
from nytta.ingest.intake import ImportReport, Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects
from nytta.ingest.stream.wire import body_of
from tests.organisations import county

NOW = datetime.now(UTC)  # rejects are kept for two weeks


@pytest.fixture(scope="session")
def cases() -> Callable[[str], Path]:
    """Finds the folder of a case by its number; without the cases the test is skipped."""
    shared = Path(os.environ.get("NYTTA_SHARED", Path(__file__).parents[3] / "shared")) / "cases"
    if not shared.is_dir():
        pytest.skip("the folder with cases is not here; name the one around it with NYTTA_SHARED")

    def found(number: str) -> Path:
        return next(shared.glob(f"{number}-*"))

    return found


Cases = Callable[[str], Path]


@pytest.fixture
def intake(store: PrivateStore) -> Intake:
    return Intake(store, Keys("k1", bytes(32)), county())


def imported(intake: Intake, file: Path, mapping: Path) -> ImportReport:
    report = intake.import_file(file, mappings.load(mapping), NOW, snapshot_at=NOW)
    closes(report)
    return report


def closes(report: ImportReport) -> None:
    parts = (report.accepted, report.duplicate, report.conflict, report.rejected, report.left_out)
    assert report.read == sum(parts)


def times(file: Path, mapping: Path) -> Iterator[str]:
    for chunk in read(file, mappings.load(mapping)):
        assert not chunk.rejects
        for line in chunk.ndjson.splitlines():
            yield json.loads(line)["time"]


def test_01_a_quotation_mark_swallows_no_rows(cases: Cases, intake: Intake) -> None:
    folder = cases("01")
    report = imported(intake, folder / "input.csv", folder / "mapping.yaml")
    assert (report.read, report.accepted, report.rejected) == (20, 19, 1)
    assert [reject["position"] for reject in latest_rejects(intake.private)] == ["row 4, line 5"]


def test_02_a_zone_that_the_text_states_counts(cases: Cases) -> None:
    folder = cases("02")
    assert list(times(folder / "input.csv", folder / "mapping.yaml")) == ["2024-07-02T10:00:00Z"]
    assert list(times(folder / "input2.csv", folder / "mapping2.yaml")) == ["2024-07-02T10:00:00Z"]


def test_03_a_dot_between_hour_and_minute_is_no_fraction(cases: Cases) -> None:
    folder = cases("03")
    expected = ["2024-01-02T09:05:00Z", "2024-01-02T22:59:00Z", "2024-01-02T09:05:30Z"]
    assert list(times(folder / "input.csv", folder / "mapping.yaml")) == expected


def drafted(cases: Cases, number: str, tmp_path: Path) -> tuple[Path, Mapping]:
    file = cases(number) / "input.csv"
    said = tmp_path / "draft.yaml"
    said.write_text(draft(file, file.name, "org", "Europe/Stockholm"), "utf-8")
    return file, mappings.load(said)


def test_04_the_values_decide_the_order_of_a_date(cases: Cases, tmp_path: Path) -> None:
    file, mapping = drafted(cases, "04", tmp_path)
    shown = explain(file, mapping)
    assert not any(row.problems for row in shown.rows)
    assert [row.events[0].fields[0].value for row in shown.rows] == ["2024-01-25T09:00:00Z", "2024-01-02T09:00:00Z"]


def test_05_a_column_whose_cells_are_no_times_is_no_time(cases: Cases, tmp_path: Path) -> None:
    file, mapping = drafted(cases, "05", tmp_path)
    (row,) = explain(file, mapping).rows
    assert not row.problems
    assert {event.fields[0].value for event in row.events} <= {"2016-02-29T00:16:00Z", "2016-02-29T00:23:00Z"}


def test_06_a_year_of_two_digits_is_read_where_it_is_declared(cases: Cases) -> None:
    folder = cases("06")
    assert list(times(folder / "input.csv", folder / "mapping.yaml")) == ["2023-12-31T09:05:00Z"]


def test_07_a_header_without_a_value_is_as_if_it_were_not_there() -> None:
    for headers in ({"content-type": None}, {"ce_subject": None}, {"ce_id": b"1", "content-type": None}):
        body_of(b"{}", headers, NOW, "t/0 offset 1")


def test_08_a_person_and_a_unit_in_two_spellings_are_one(cases: Cases, intake: Intake) -> None:
    folder = cases("08")
    for name in ("who", "use"):
        report = imported(intake, folder / f"{name}.csv", folder / f"{name}.yaml")
        assert (report.read, report.accepted) == (12, 12)
    persons = "SELECT uniqExact(actor) FROM {private}.events WHERE actor_key != ''"
    assert intake.private.connection.rows(persons) == [(12,)]
    text = (folder / "who.yaml").read_text("utf-8").partition("time:")[0].replace("id: who", "id: units")
    mapping = mappings.parse(f"{text}time: created\nticket: nr\nevents:\n  - type: ticket.opened\n", "units.yaml")
    report = intake.import_file(folder / "units.csv", mapping, NOW)
    assert report.units_created == ("Förvaltning", "förvaltning")


def test_09_null_is_as_good_as_absent(cases: Cases, intake: Intake) -> None:
    folder = cases("09")
    report = imported(intake, folder / "input.json", folder / "mapping.yaml")
    assert (report.read, report.accepted) == (1, 1)


@pytest.mark.parametrize("name", ["array.json", "bom.ndjson", "indented.json", "utf16.ndjson"])
def test_10_cloudevents_are_read_in_every_wrapping(name: str, cases: Cases, intake: Intake) -> None:
    (chunk,) = read_cloudevents(cases("10") / name)
    batch = decode(chunk.ndjson, received_at=NOW, pseudonymise=intake.choice_for("org"))
    assert (len(batch), batch.rejects) == (chunk.rows, ())
    assert chunk.rows == (2 if name == "array.json" else 1)


def test_11_objects_on_lines_are_a_list(cases: Cases, intake: Intake) -> None:
    folder = cases("11")
    report = imported(intake, folder / "input.json", folder / "mapping.yaml")
    assert (report.read, report.accepted) == (2, 2)


def test_12_a_field_that_no_row_has_is_said_once(cases: Cases, intake: Intake) -> None:
    folder = cases("12")
    report = imported(intake, folder / "input.xes", folder / "mapping.yaml")
    assert (report.read, report.accepted, report.rejected) == (1, 0, 1)
    (warning,) = report.warnings
    assert re.match(r"no row has the fields 'dept', 'org:resource'; the fields are: .*time:timestamp", warning)


def test_13_rows_that_an_earlier_file_has_are_told(cases: Cases, intake: Intake) -> None:
    folder = cases("13")
    assert imported(intake, folder / "first.csv", folder / "mapping.yaml").warnings == ()
    (warning,) = imported(intake, folder / "second.csv", folder / "mapping.yaml").warnings
    assert warning.startswith("60 of 61 rows stand in first.csv too")


def test_14_another_container_is_named(cases: Cases) -> None:
    folder = cases("14")
    with pytest.raises(InputError, match=r"OCEL 1\.0; export it as OCEL 2\.0"):
        list(read(folder / "ocel1.jsonocel", mappings.load(folder / "mapping.yaml")))


def test_15_data_that_are_written_as_bytes_are_read(cases: Cases, intake: Intake) -> None:
    line = (cases("15") / "event.json").read_bytes()
    batch = decode(line, received_at=NOW, pseudonymise=intake.choice_for("org"))
    assert (len(batch), batch.rejects) == (1, ())


def tickets(intake: Intake, what: str) -> list[tuple[Any, ...]]:
    recompute(intake.private, ())
    return intake.private.connection.rows(f"SELECT {what} FROM {{private}}.tickets FINAL")


def test_16_a_ticket_is_resolved_where_its_last_run_of_resolutions_begins(cases: Cases, intake: Intake) -> None:
    intake.import_file(cases("16") / "input.csv", mappings.load("servicenow-incidents"), NOW)
    ((resolved,),) = tickets(intake, "resolved_at")
    assert f"{resolved:%Y-%m-%d}" == "2016-03-29"


def test_17_a_list_that_is_pulled_again_takes_back_what_it_says_no_more(cases: Cases, intake: Intake) -> None:
    folder = cases("17")
    mapping = mappings.load(folder / "sn-complete.yaml")
    found = []
    for number in (1, 2, 3):
        report = intake.import_file(
            folder / f"pull{number}.json", mapping, NOW, snapshot_at=NOW + timedelta(hours=number)
        )
        closes(report)
        found.append(tickets(intake, "count(), countIf(isNotNull(resolved_at))")[0])
    assert found == [(40, 40), (40, 20), (30, found[2][1])]


def test_18_the_type_of_an_event_may_come_from_joined_fields(cases: Cases) -> None:
    folder = cases("18")
    (chunk,) = read(folder / "audit.json", mappings.load(folder / "join.yaml"))
    kinds = sorted(json.loads(line)["type"] for line in chunk.ndjson.splitlines())
    assert kinds == ["nytta.ticket.assigned.v1", "nytta.ticket.reopened.v1", "nytta.ticket.resolved.v1"]
