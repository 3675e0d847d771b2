from datetime import UTC, datetime
from typing import Any

import pytest

from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.rows import Row
from nytta.ingest.files.translation.translator import Event, Translator

HEAD = """\
id: example
format: table
organisation: root
timezone: Europe/Stockholm
nulls: ["?", EMPTY]
"""
ROW = {"Unit": "A", "When": "2024-03-04 10:00", "Case": "c1", "Step": "receive"}


def translator(rest: str, file_name: str = "log.csv", **options: Any) -> Translator:
    return Translator(parse(HEAD + rest, "example.yaml"), file_name, "file:0", **options)


def step(extra: str = "", head: str = "") -> Translator:
    lines = "".join(f"    {line}\n" for line in extra.splitlines())
    events = "events:\n  - type: case.step\n    case: Case\n    activity: Step\n"
    return translator(f"unit: Unit\ntime: When\n{head}{events}{lines}")


def data(made: Translator, row: Row = ROW) -> dict[str, Any]:
    outcome = made.translate(row, 1)
    assert not outcome.errors, outcome.errors[0][1].detail
    (event,) = outcome.events
    return dict(event["data"])


def error(made: Translator, row: Row = ROW) -> RowError:
    outcome = made.translate(row, 1)
    assert not outcome.events
    ((_, told),) = outcome.errors
    return told


def test_a_row_becomes_a_cloudevent() -> None:
    assert step().translate(ROW, 17).events == [
        {
            "specversion": "1.0",
            "id": "17",
            "source": "file:0",
            "type": "nytta.case.step.v1",
            "time": datetime(2024, 3, 4, 9, tzinfo=UTC),
            "sequence": 17,
            "data": {"unit": "A", "case": "c1", "activity": "receive"},
        }
    ]


@pytest.mark.parametrize("nothing", ["", " ", "?", "EMPTY", " EMPTY "])
def test_null_texts_and_absent_fields_are_nothing(nothing: str) -> None:
    assert "team" not in data(step("team: Team"), ROW | {"Team": nothing})
    assert "team" not in data(step("team: Team"))
    assert data(step("team: {field: Team, missing: none}"), ROW | {"Team": nothing})["team"] == "none"


def test_white_space_and_what_no_eye_sees_is_no_part_of_a_text() -> None:
    for written in ("  Team  5 ", "Team\u00a05", "Te\u00adam 5", "\ufeffTeam\u200b \t5", "Team\n5"):
        assert data(step("team: Team"), ROW | {"Team": written})["team"] == "Team 5"
    for written in ("Förvaltning", "Fo\u0308rvaltning"):
        assert data(step("team: Team"), ROW | {"Team": written})["team"] == "Förvaltning"
    looked_up = step('channel: {field: Channel, values: {"E  post": email}}')
    assert data(looked_up, ROW | {"Channel": "E\u00a0 post"})["channel"] == "email"


def test_capitals_of_addresses_say_nothing_and_others_as_the_mapping_says() -> None:
    def actor(text: str, spec: str = "Who") -> str:
        return str(data(step(f"actor: {spec}"), ROW | {"Who": text})["actor"])

    assert actor("Anna.Ek@Town.example") == actor("anna.ek@town.example") == "anna.ek@town.example"
    assert actor("AnnEk") == "AnnEk"
    assert actor("AnnEk", "{field: Who, capitals: same}") == "annek"
    assert actor("A@b", "{field: Who, capitals: other}") == "A@b"
    assert data(step("team: {field: Team, capitals: same}"), ROW | {"Team": "FÖR"})["team"] == "för"


def test_a_required_field_that_is_empty_rejects_the_row() -> None:
    told = error(step(), ROW | {"Unit": "?"})
    assert told.reason is Reason.MISSING_FIELD
    assert told.detail == "unit is empty: field 'Unit' says nothing"
    assert error(step(), ROW | {"When": ""}).detail == "time is empty: field 'When' says nothing"


def test_texts_are_looked_up() -> None:
    values = 'values: {Internet: web, Kanslidisk: desk}, patterns: {"(?i)e-?post": email}'
    made = step(f"channel: {{field: Channel, {values}}}")
    seen = {
        text: data(made, ROW | {"Channel": text})["channel"] for text in ("Internet", "Kanslidisk", "E-post", "Fax")
    }
    assert seen == {"Internet": "web", "Kanslidisk": "desk", "E-post": "email", "Fax": "other"}
    assert "channel" not in data(made, ROW | {"Channel": ""})
    assert data(step("channel: Channel"), ROW | {"Channel": "Web"})["channel"] == "web"


def test_a_text_that_the_mapping_does_not_know_rejects_the_row_and_is_not_repeated() -> None:
    told = error(step("mode: {field: Mode, values: {P: paper}}"), ROW | {"Mode": "Anna"})
    assert told.reason is Reason.MISSING_MAPPING_VALUE
    assert told.detail == "the mapping has no value for what field 'Mode' says; add it to values or set otherwise"
    assert told.value == "Anna"
    assert error(step("channel: Channel"), ROW | {"Channel": "Fax"}).reason is Reason.MISSING_MAPPING_VALUE


def test_actors_have_a_kind() -> None:
    made = step('actor: Who\nactor_kind: {field: Who, patterns: {"(?i)^(admin|test)": system}, otherwise: person}')
    seen = {who: data(made, ROW | {"Who": who})["actor_kind"] for who in ("admin1", "TEST", "Anna", "Contest")}
    assert seen == {"admin1": "system", "TEST": "system", "Anna": "person", "Contest": "person"}


def test_values_may_come_from_the_files_name_or_be_joined() -> None:
    rest = """\
unit: {file: '^(\\w+)_(?P<nr>\\d)', template: "{1} no {nr}"}
time: When
events:
  - type: case.step
    case: {join: [{file: '_(\\d)'}, Case]}
    activity: {constant: done}
"""
    assert data(translator(rest, "Town_3.csv")) == {"unit": "Town no 3", "case": "_3/c1", "activity": "done"}
    told = error(translator(rest, "other.csv"))
    assert told.reason is Reason.MISSING_FIELD
    assert "unit is empty: file name" in told.detail


def test_flags_answer_yes_or_no() -> None:
    made = step("intended: {field: Answer, is: [Ja, Yes], where: {field: Step, is: ask}}\nfollows: true")
    asked = ROW | {"Step": "ask"}
    assert data(made, asked | {"Answer": "Ja"}) | {"intended": True, "follows": True} == data(
        made, asked | {"Answer": "Ja"}
    )
    assert data(made, asked | {"Answer": "Nej"})["intended"] is False
    assert data(made, asked)["intended"] is False
    assert data(made, ROW | {"Answer": "Ja"})["intended"] is False
    other = step("intended: {field: Answer, is: Ja, where: {field: Step, is: ask}, or: {field: Number, at_least: 4}}")
    said = ({"Answer": "Ja", "Step": "ask"}, {"Answer": "Ja", "Number": "3"}, {"Answer": "Nej", "Number": "4"})
    assert [data(other, ROW | row)["intended"] for row in said] == [True, False, True]
    assert data(step("digital_route: {field: Form, present: true}"), ROW | {"Form": "?"})["digital_route"] is False
    assert data(step("digital_route: {field: Form, present: false}"), ROW | {"Form": "?"})["digital_route"] is True


SESSION = """\
table: {decimal: ","}
unit: Unit
time: When
events:
  - type: platform.session
    actor: Case
    when: {sum: [A, B], at_least: 0.5}
    actions: {sum: [A, B], times: 2}
"""


@pytest.mark.parametrize(
    ("a", "b", "actions"),
    [
        ("1", "2", 6),
        ("0,5", "?", 1),
        ("1 000", "", 2000),
        ("1.234.567,5", "1", 2469137),
        ("0", "0", None),
        ("", "", None),
    ],
)
def test_numbers_are_added(a: str, b: str, actions: int | None) -> None:
    events = translator(SESSION).translate(ROW | {"A": a, "B": b}, 1).events
    assert [event["data"]["actions"] for event in events] == ([] if actions is None else [actions])


@pytest.mark.parametrize("text", ["four", "1,5,5", "1.5", "12.34,5", "²", "--1", "1e3", "NaN", "Infinity"])
def test_what_is_no_number_rejects_the_row(text: str) -> None:
    told = error(translator(SESSION), ROW | {"A": text, "B": "1"})
    assert told.reason is Reason.INVALID_FIELD
    assert told.detail.startswith("field 'A' is no number")
    assert text not in told.detail


def test_an_undeclared_decimal_comma_is_told() -> None:
    rest = SESSION.replace('table: {decimal: ","}\n', "")
    assert 'declare it (table: {decimal: ","})' in error(translator(rest), ROW | {"A": "4,5", "B": "1"}).detail


def test_a_fraction_is_no_whole_number() -> None:
    assert "is not a whole number" in error(translator(SESSION), ROW | {"A": "0,75", "B": "0"}).detail
    huge = error(translator(SESSION), ROW | {"A": "9" * 30, "B": "0"})
    assert huge.reason is Reason.INVALID_FIELD


def test_local_times_in_a_changed_hour_reject_the_row() -> None:
    for text in ("2024-10-27 02:30", "2024-03-31 02:30"):
        told = error(step(), ROW | {"When": text})
        assert told.reason is Reason.AMBIGUOUS_TIME
        assert told.detail.startswith("field 'When' is a time that the clocks of Europe/Stockholm showed")
        assert told.value == text


def test_a_time_that_cannot_be_read_rejects_the_row() -> None:
    told = error(step(), ROW | {"When": "04-10-2024"})
    assert told.reason is Reason.INVALID_FIELD
    assert told.detail == "field 'When' may be day first or month first; declare which (dates: {order: day-first})"


def test_how_dates_are_written_is_said_once_or_beside_one_of_them() -> None:
    made = translator(
        """\
dates: {order: day-first, zone: UTC}
unit: Unit
events:
  - type: people.eligibility
    actor: Case
    time: {field: When, zone: Europe/Stockholm, add_days: 1}
    valid_from: From
    valid_to: {field: To, formats: "%Y week %W %w", add_days: 7}
"""
    )
    row = ROW | {"When": "30/03/2024 12:00", "From": "01/02/2024", "To": "2024 week 9 1"}
    (event,) = made.translate(row, 1).events
    # Noon stays noon although the clocks change in between.
    assert event["time"] == datetime(2024, 3, 31, 10, tzinfo=UTC)
    assert event["data"] == {"unit": "A", "actor": "c1", "valid_from": "2024-02-01", "valid_to": "2024-03-04"}


DERIVED = """\
unit: Unit
case: Case
events:
  - type: case.step
    time: When
    activity: Step
  - also: opened
    type: case.opened
    once: true
    time: Opened
  - also: closed
    type: case.closed
    once: true
    when: {field: State, is: closed}
    time: Closed
"""


def test_a_row_may_become_several_events() -> None:
    made = translator(DERIVED)
    row = ROW | {"Opened": "2024-03-01", "Closed": "2024-04-01", "State": "closed"}

    def ids(row: Row, number: int) -> list[tuple[str, str]]:
        outcome = made.translate(row, number)
        assert not outcome.errors
        assert {event["sequence"] for event in outcome.events} == {number}
        return [(event["id"], event["type"].split(".")[2]) for event in outcome.events]

    assert ids(row, 1) == [("1", "step"), ("1.opened", "opened"), ("1.closed", "closed")]
    assert ids(row, 2) == [("2", "step")]
    assert ids(row | {"Case": "c2", "State": "open"}, 3) == [("3", "step"), ("3.opened", "opened")]
    assert ids(row | {"Case": "c3", "Opened": "?", "Closed": ""}, 4) == [("4", "step")]
    made.skip(row)
    assert ids(row, 6) == [("6", "step")]


def test_one_event_of_a_row_may_fail_alone() -> None:
    outcome = translator(DERIVED).translate(ROW | {"Opened": "1 March"}, 1)
    assert [event["id"] for event in outcome.events] == ["1"]
    assert [(also, told.reason) for also, told in outcome.errors] == [("opened", Reason.INVALID_FIELD)]


def test_rows_with_an_identity_of_their_own() -> None:
    head = "source: tickets\nidentity: [Case, Step]\n"
    text = HEAD + head + DERIVED
    made = Translator(parse(text, "x.yaml"), "log.csv", "tickets")

    def ids(made: Translator, row: Row) -> list[str]:
        return [event["id"] for event in made.translate(row, 1).events]

    assert ids(made, ROW | {"Opened": "2024-03-01"}) == ["c1|receive", "c1|receive.opened"]
    assert ids(made, ROW | {"Case": "a|b", "Step": "c"}) != ids(made, ROW | {"Case": "a", "Step": "b|c"})
    concealed = Translator(parse(text, "x.yaml"), "log.csv", "tickets", lambda key: f"hidden {len(key)}")
    assert ids(concealed, ROW) == ["hidden 10"]
    ((_, told),) = made.translate(ROW | {"Step": "?"}, 1).errors[:1]
    assert told.reason is Reason.MISSING_FIELD


def test_a_row_whose_revision_cannot_be_read_makes_no_event() -> None:
    # an event without its revision would lose to what an earlier revision said, or count as new each time
    text = HEAD + "source: tickets\nidentity: [Case]\nrevision: Changed\n" + DERIVED
    made = Translator(parse(text, "x.yaml"), "log.csv", "tickets")
    row = ROW | {"Opened": "2024-03-01", "Changed": "lately"}
    outcome = made.translate(row, 1)
    assert (outcome.events, outcome.retractions, outcome.key) == ([], [], "c1")
    assert {error.reason for _, error in outcome.errors} == {Reason.INVALID_FIELD}
    assert {event["revision"] for event in made.translate(row | {"Changed": "7"}, 1).events} == {"7"}


def test_a_type_chosen_by_a_field_decides_which_fields_an_event_has() -> None:
    made = translator(
        """\
unit: Unit
time: When
ticket: Case
channel: {constant: phone}
events:
  - type: {field: Step, values: {done: ticket.resolved, again: ticket.reopened}, otherwise: ticket.assigned}
    activity: Step
"""
    )
    events: dict[str, Event] = {}
    for text in ("done", "again", "wait"):
        (events[text],) = made.translate(ROW | {"Step": text}, 1).events
    assert events["done"]["type"] == "nytta.ticket.resolved.v1"
    assert events["wait"]["data"] == {"unit": "A", "ticket": "c1", "channel": "phone", "activity": "wait"}
    assert events["again"]["data"] == {"unit": "A", "ticket": "c1"}
    ((_, told),) = made.translate(ROW | {"Step": ""}, 1).errors
    assert told.detail == "the event type is empty: field 'Step' says nothing"
