from pathlib import Path

import pytest

from nytta.ingest.files.contract import targets
from nytta.ingest.files.errors import MappingError
from nytta.ingest.files.mapping import Mapping, supports
from nytta.ingest.files.mapping_load import load, parse, shipped
from nytta.ingest.files.specs import Moment, Test, Value
from nytta.registry import declarations

HEAD = """\
id: example
format: table
organisation: root
timezone: Europe/Stockholm
unit: Unit
time: When
"""
STEP = "events:\n  - type: case.step\n    case: Case\n    activity: Step\n"


def problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as told:
        parse(text, "example.yaml")
    return [f"{problem.line}: {problem.message}" for problem in told.value.problems]


def test_a_short_mapping_is_read() -> None:
    mapping = parse(HEAD + STEP, "example.yaml")
    assert mapping.organisation.id == "root"
    assert mapping.common == {"unit": Value(field="Unit"), "time": Moment(field="When")}
    assert mapping.rules[0].types == ("case.step",)
    assert mapping.columns == {"Unit", "When", "Case", "Step"}
    assert supports(mapping) == {"case.step": {"unit", "case", "activity"}}


def test_words_stay_words() -> None:
    text = HEAD.replace("unit: Unit", "unit: {field: Unit, values: {no: 'yes', 1.10: 2024-04-28, null: ~}}") + STEP
    unit = parse(text, "example.yaml").common["unit"]
    assert isinstance(unit, Value)
    assert unit.values == {"no": "yes", "1.10": "2024-04-28", "null": "~"}


def test_a_flag_is_a_word_or_a_question() -> None:
    text = HEAD + STEP + "    follows: true\n    intended: {field: Answer, is: yes, where: {field: Step, is: [a, b]}}\n"
    fields = parse(text, "example.yaml").rules[0].fields
    assert fields["follows"] is True
    assert isinstance(fields["intended"], Test)
    assert fields["intended"].fields == ("Answer", "Step")


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = """\
id: example
format: excel
organisation: root
timezone: Europe/Stokholm
nuls: ["?"]
unit: {fild: Unit}
time: When
time: Then
events:
  - type: case.stepp
  - type: case.step
    case: Case
    chanel: Channel
    channel: {field: Channel, values: {Internet: wep}}
    intended: Answer
    valid_from: Date
    team: {field: Team, patterns: {"(": x}}
"""
    assert problems(text) == [
        "2: 'excel' is none of 'xes', 'table', 'ocel', 'json', 'lines', 'object' or 'xml'",
        "4: 'Europe/Stokholm' is no time zone; write one such as Europe/Stockholm or UTC",
        "5: there is no field 'nuls'; did you mean 'nulls'?",
        "6: there is no 'fild' here; did you mean 'field'?",
        "8: the key `time` stands twice in one entry (first in line 7); remove one",
        "10: there is no event type 'case.stepp'; did you mean 'case.step'?",
        "13: there is no field 'chanel'; did you mean 'channel'?",
        "14: 'wep' is none of web, app, api, chat, email, phone, desk, post, assisted, internal, other",
        "15: a flag is true, false, or a question such as {field: …, is: …}",
        "16: case.step cannot have 'valid_from'; remove it",
        "17: '(' is no regular expression: missing ), unterminated subpattern at position 0",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD, "1: events: list at least one event that a row becomes, such as `- type: case.step`"),
        (
            HEAD + "events: []\n",
            "7: events: list at least one event that a row becomes, such as `- type: case.step`",
        ),
        (HEAD + "events: [x]\n", "7: an event is a list of `name: value` lines, first of all `type:`"),
        (HEAD + "events:\n  - case: Case\n", "8: 'type' is missing"),
        (
            HEAD + "events:\n  - type: case.step\n    case: Case\n",
            "8: case.step needs 'activity'; say where it comes from",
        ),
        (HEAD.replace("time: When\n", "") + STEP, "7: case.step needs 'time'; say where it comes from"),
        (HEAD.replace("unit: Unit\n", "") + STEP, "7: case.step needs 'unit'; say where it comes from"),
        (HEAD + "course: Course\n" + STEP, "7: case.step cannot have 'course'; remove it"),
        (HEAD + STEP + STEP.removeprefix("events:\n"), "11: an event without also stands here a second time"),
        (HEAD + "identity: [Case]\n" + STEP, "7: identity needs the name of its source"),
        (HEAD + "source: x\n" + STEP, "7: source belongs to identity"),
        (HEAD + "snapshot: true\n" + STEP, "7: a snapshot needs identity"),
        (HEAD + "source: a b\nidentity: [Case]\n" + STEP, "7: 'source': string should match pattern"),
        (HEAD.replace("table", "xes") + "table: {decimal: ','}\n" + STEP, "7: table is for format: table"),
        (HEAD + "table: {encoding: x-no}\n" + STEP, "7: 'x-no' is no encoding"),
        (HEAD + "dates: {formats: '%d/%m'}\n" + STEP, "7: '%d/%m' has no year (%Y"),
        (HEAD + "dates: {order: day}\n" + STEP, "7: 'day' is none of 'year-first', 'day-first'"),
        (HEAD + "declared_size: 0\n" + STEP, "7: declared_size is a number of persons, or one for each unit"),
        (HEAD + STEP + "    team: {field: a, constant: b}\n", "11: say where the value comes from, once"),
        (HEAD + STEP + "    team: {file: 'x(.)', template: '{2}'}\n", "11: template names {2}"),
        (HEAD + STEP + "    team: {field: a, otherwise: b}\n", "11: otherwise belongs to values or patterns"),
        (
            HEAD + STEP + "    team: {sum: [a, b]}\n",
            "11: sum and times are for numbers; this field takes text",
        ),
        (
            HEAD + STEP + "    intended: {field: a}\n",
            "11: say what is asked, once: is, is_not, at_least, present, same_as, before, after or lasts_to",
        ),
        (HEAD + STEP + "    intended: {is: a}\n", "11: say what is looked at, once: field or sum"),
        (HEAD + STEP + "    intended: {sum: [a, b], is: c}\n", "11: a sum is asked with at_least"),
        (HEAD + "events:\n  - type: {field: T}\n    case: C\n", "8: say which text means which type"),
        (
            HEAD + STEP + "    team: &a x\n    mode: *a\n",
            "12: references (*name) are not used here; write the value out",
        ),
        ("- a\n", "1: a mapping is a list of `name: value` lines"),
        ("a: [\n", "2: not valid YAML: while parsing a flow node, expected the node content"),
        ("", "1: the file is empty; fill it in or remove it"),
    ],
)
def test_a_problem_says_what_to_change(text: str, told: str) -> None:
    assert any(problem.startswith(told) for problem in problems(text)), problems(text)


def test_the_line_of_a_ticket_is_a_number() -> None:
    text = HEAD + "events:\n  - type: ticket.opened\n    ticket: T\n    line: {field: L, values: {2nd: two}}\n"
    assert problems(text) == ["10: 'two' is not a whole number"]


def test_a_type_may_be_chosen_by_a_field() -> None:
    text = HEAD + "ticket: T\nevents:\n  - type: {field: S, values: {Done: ticket.resolved, New: ticket.assigned}}\n"
    mapping = parse(text + "    first_contact: {field: F, is: '1'}\n", "example.yaml")
    assert mapping.rules[0].types == ("ticket.resolved", "ticket.assigned")
    assert "first_contact" in supports(mapping)["ticket.resolved"]
    assert "first_contact" not in supports(mapping)["ticket.assigned"]


def test_a_mapping_is_loaded_by_name_or_from_a_file(tmp_path: Path) -> None:
    assert load("wabo-receipt").id == "wabo-receipt"
    own = tmp_path / "own.yaml"
    own.write_text(HEAD + STEP)
    assert load(own).id == "example"
    assert load(str(own)).id == "example"
    with pytest.raises(MappingError, match="no mapping comes with that name; did you mean 'wabo-receipt'"):
        load("wabo-reciept")
    with pytest.raises(MappingError, match=r"absent\.yaml:1: the mapping cannot be opened"):
        load(tmp_path / "absent.yaml")
    own.write_bytes(b"title: \xe5\n")
    with pytest.raises(MappingError, match="is not UTF-8"):
        load(own)


@pytest.mark.parametrize("name", shipped())
def test_shipped_mappings_are_whole(name: str) -> None:
    mapping = load(name)
    assert mapping.id == name
    assert mapping.title
    assert mapping.notes
    assert isinstance(mapping, Mapping)


def test_these_mappings_are_shipped() -> None:
    assert shipped() == [
        "decisions",
        "dutch-building-permits",
        "entra",
        "m365",
        "people",
        "presence",
        "pulse",
        "scim-users",
        "servicenow",
        "servicenow-incidents",
        "training",
        "viva-person-query",
        "volvo-incidents",
        "wabo-receipt",
        "zammad",
    ]


def test_the_head_of_a_mapping_and_the_fields_of_events_share_no_word() -> None:
    # A word with two meanings could not be told apart at the top of a mapping.
    fields = {name for known in targets().values() for name in known} | {"time"}
    assert not fields & (Mapping.model_fields.keys() | {"also", "type", "when", "once", "events"})


def test_a_declared_size_is_one_number_or_one_per_unit() -> None:
    assert parse(HEAD + "declared_size: 40\n" + STEP, "x.yaml").declared_size == 40
    assert parse(HEAD + "declared_size: {A: 40, B: 12}\n" + STEP, "x.yaml").declared_size == {
        "A": 40,
        "B": 12,
    }


def test_the_examples_of_the_readme_are_mappings() -> None:
    text = (declarations.schemas() / "mappings" / "README.md").read_text(encoding="utf-8")
    whole, flag, approval = (block.partition("```")[0] for block in text.split("```yaml\n")[1:])
    assert parse(whole, "README.md").snapshot
    assert parse(HEAD + approval + STEP, "README.md").approval
    assert parse(HEAD + STEP + "    " + flag, "README.md").rules[0].fields["intended"]
