"""Files and mappings that ended in a traceback, took for ever or filled the memory: each ends in rows or a sentence."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files import cloudevents
from nytta.ingest.files.errors import InputError, MappingError
from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping_lines.fields import quoted
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.mapping_text import draft
from nytta.ingest.files.read import opened, read
from nytta.ingest.files.rows import Broken
from nytta.registry import nodes
from tests.ingest.files.test_mapping import HEAD, STEP, problems
from tests.ingest.files.test_ocel import LOG, MAPPING, rows

Write = Callable[..., Path]

TABLE = parse(HEAD + STEP, "example.yaml")
LIST = parse(
    "id: m\nformat: json\nrecords: rows\norganisation: {id: o}\ntimezone: UTC\nunit: u\ntime: t\n"
    "events: [{type: case.opened, case: c, channel: {constant: web}}]\n",
    "list.yaml",
)
XES = parse(
    "id: x\nformat: xes\norganisation: {id: o}\ntimezone: UTC\nunit: {constant: u}\ntime: time:timestamp\n"
    "case: case:concept:name\nevents: [{type: case.step, activity: concept:name}]\n",
    "xes.yaml",
)


# --- object-centric logs --------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, "absent", {}, "text", 5, [None], [[]], ["x"], [{}]])
@pytest.mark.parametrize("name", ["attributes", "relationships"])
def test_no_list_where_a_list_is_expected_reads_as_an_empty_one(write: Write, name: str, nothing: Any) -> None:
    event = {name: value for name, value in LOG["events"][0].items() if name not in ("attributes", "relationships")}
    given = event | ({} if nothing == "absent" else {name: nothing})
    (row,) = rows(write(json.dumps(LOG | {"events": [given]})))
    assert row == {"ocel:id": "e1", "ocel:type": "ship", "ocel:time": "2026-02-01T12:00:00+01:00"}


@pytest.mark.parametrize("nothing", [None, {}, "text", 5, [None], [["o1"]], [{"id": "o1"}], [{"type": "order"}]])
def test_objects_that_are_none_are_passed_over(write: Write, nothing: Any) -> None:
    first, _ = rows(write(json.dumps(LOG | {"objects": nothing})))
    assert [name for name in first if name.startswith("object:")] == []


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        "absent",
        [None],
        ["state"],
        [{"name": "state"}],
        [{"name": "state", "value": None}],
        [{"value": "new"}],
        [{"name": ["state"], "value": {"a": 1}}],
        [{"name": "state", "value": "new", "time": None}, {"name": "note", "value": "x", "time": "0000-00-00"}],
    ],
)
def test_attributes_of_objects_without_name_or_value_are_passed_over(write: Write, attributes: Any) -> None:
    its: dict[str, Any] = {"id": "o1", "type": "order"} | ({} if attributes == "absent" else {"attributes": attributes})
    first, _ = rows(write(json.dumps(LOG | {"objects": [its]})))
    assert first["object:order"] == "o1"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (None, "no id and no type and no time"),
        ([], "no id and no type and no time"),
        ({"id": "e", "type": "a"}, "no time"),
        ({"id": None, "type": "a", "time": "2026-02-01T12:00:00Z"}, "no id"),
        ({"id": "e", "type": {"name": "a"}, "time": "2026-02-01T12:00:00Z"}, "no type"),
    ],
)
def test_an_event_without_id_type_or_time_is_one_reject_that_says_which(write: Write, event: Any, told: str) -> None:
    good = LOG["events"][0]
    first, broken, last = rows(write(json.dumps(LOG | {"events": [good, event, good]})))
    assert isinstance(broken, Broken)
    assert (broken.detail, broken.body) == (
        f"the event has {told}, as OCEL has it",
        json.dumps(event).encode().replace(b" ", b""),
    )
    assert first == last


def test_ids_that_are_no_texts_find_each_other(write: Write) -> None:
    log = {"objects": [{"id": 7, "type": "order"}], "events": [LOG["events"][0] | {"relationships": [{"objectId": 7}]}]}
    assert rows(write(json.dumps(log)))[0]["object:order"] == "7"


# --- what is nested too deeply to be written again ------------------------------------------------


@pytest.mark.parametrize("depth", [253, 254, 1000])
def test_a_deep_item_is_one_row(write: Write, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    body = f'{{"rows": [{{"u": "n", "c": "1", "t": "2024-03-02T10:00:00Z"}}, {deep}, {{"u": {deep}, "c": "2"}}]}}'
    with opened(write(body, "l.json"), LIST) as (_, reader):
        good, broken, poor = list(reader)
    assert good == {"u": "n", "c": "1", "t": "2024-03-02T10:00:00Z"}
    assert isinstance(broken, Broken)
    assert poor == {"c": "2"}
    events = f'{{"events": [{json.dumps(LOG["events"][0])}, {deep}]}}'
    assert [isinstance(row, Broken) for row in rows(write(events, "l.jsonocel"), MAPPING)] == [False, True]


# --- names, encodings, signs ----------------------------------------------------------------------


def test_a_files_name_that_is_no_text_is_replaced(tmp_path: Path) -> None:
    """Disks keep bytes: a name in Latin-1 is none in UTF-8, and yet part of what a mapping reads."""
    path = tmp_path / os.fsdecode(b"norrk\xf6ping-2024.csv")
    path.write_text("Unit,When,Case,Step\nn,2024-03-02T10:00:00Z,1,In\n", encoding="utf-8")
    mapping = parse(HEAD.replace("unit: Unit", "unit: {file: '^(.*)-', template: '{1}'}") + STEP, "example.yaml")
    (chunk,) = read(path, mapping)
    assert '"unit":"norrk\ufffdping"' in chunk.ndjson.decode()
    assert explain(path, mapping).as_dict()["file"] == "norrk\ufffdping-2024.csv"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="norrk\ufffdping"):
        list(read(path, mapping))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8", "iso2022_jp", "hz"])
def test_bytes_that_are_none_of_the_declared_encoding_are_told(write: Write, encoding: str) -> None:
    mapping = parse(HEAD + f"table: {{encoding: {encoding}}}\n" + STEP, "example.yaml")
    path = write(b"Unit,When,Case,Step\nn,2024-03-02T10:00:00Z,1,\xff\xfe\x1b$B" + b"\xe5" * 80)
    with pytest.raises(InputError):
        list(read(path, mapping))


@pytest.mark.parametrize(
    "encoding", ["hex", "base64", "rot13", "zlib", "undefined", "idna", "utf-7", "unicode_escape", "x\0"]
)
def test_codecs_of_other_things_than_files_are_refused(encoding: str) -> None:
    (told,) = problems(HEAD + f"table: {{encoding: {json.dumps(encoding)}}}\n" + STEP)
    assert "utf-8, cp1252 or iso-8859-1" in told


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('{delimiter: "\\n"}', "write one sign"),
        ('{delimiter: "\\0"}', "write one sign"),
        ('{delimiter: ""}', "write the sign between cells"),
        ('{delimiter: ";;"}', "write one sign"),
        ('{quote: "\\r"}', "write one sign"),
        ('{delimiter: "\'", quote: "\'"}', "they must differ"),
    ],
)
def test_signs_that_separate_nothing_are_refused(table: str, told: str) -> None:
    (said,) = problems(HEAD + f"table: {table}\n" + STEP)
    assert told in said


# --- expressions, forms of dates, numbers ---------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("    team: {field: Team, patterns: {'a{99999999999}': x}}\n", "is no regular expression"),
        (f"    team: {{file: '{'(' * 3000}'}}\n", "is no regular expression"),
        ("    intended: {field: Amount, at_least: nan}\n", "finite number"),
        ("    intended: {field: Amount, at_least: inf}\n", "finite number"),
        ("    time: {field: When, formats: '%Y %Y'}\n", "says something twice"),
        ("    time: {field: When, formats: '%Y-%Q'}\n", "is no form of a date"),
        ("    time: {field: When, formats: '%Y-%'}\n", "is no form of a date"),
        ("    time: {field: When, add_days: 999999999999}\n", "less than or equal to 36525"),
    ],
)
def test_what_would_fail_at_the_first_row_is_told_at_once(line: str, told: str) -> None:
    assert any(told in said for said in problems(HEAD + STEP + line))


@pytest.mark.parametrize("text", ["1" * 101, "9" * 1_000_000, "0." + "3" * 200])
def test_numbers_without_end_are_none(write: Write, text: str) -> None:
    mapping = parse(HEAD + STEP + "    intended: {sum: [Amount], at_least: 1}\n", "example.yaml")
    path = write(f"Unit,When,Case,Step,Amount\nn,2024-03-02T10:00:00Z,1,In,{text[:131_000]}\n")
    assert [reject.reason for chunk in read(path, mapping) for reject in chunk.rejects] == ["invalid_field"]


@pytest.mark.parametrize(
    ("organisation", "told"),
    [
        ("{id: o, country: XX}", "is no country"),
        ("{id: o, country: Sverige}", "is no country"),
        ('{id: " "}', "write an id"),
        ('{id: "a\\nb"}', "write an id"),
        (f"{{id: {'o' * 201}}}", "write an id"),
    ],
)
def test_an_organisation_that_no_registry_could_hold_is_refused(organisation: str, told: str) -> None:
    (said,) = problems(HEAD.replace("organisation: root", f"organisation: {organisation}") + STEP)
    assert told in said


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "9" * 10, "9" * 5000, "²"])
def test_persons_are_counted_in_numbers(size: str) -> None:
    (said,) = problems(HEAD + f"declared_size: {size}\n" + STEP)
    assert "declared_size is a number of persons" in said


# --- YAML -----------------------------------------------------------------------------------------

POISON = {
    "a surrogate": ('a: "\\ud800"', "half a character"),
    "a surrogate as a key": ('"\\udc00": a', "half a character"),
    "no character at all": ('a: "\\U00110000"', "not valid YAML"),
    "a version without end": ("%YAML " + "9" * 5000 + ".1\n---\na: b", "not valid YAML"),
    "brackets": ("[" * 100_000, "nested too deeply"),
    "braces": ("{a: " * 5000, "nested too deeply"),
    "dashes": ("- " * 5000, "nested too deeply"),
    "questions": ("? " * 5000, "nested too deeply"),
    "laughs": ("".join(f"l{n}: &l{n} [{', '.join(['*l' + str(n - 1)] * 9)}]\n" for n in range(1, 9)), "references"),
    "itself": ("&a [*a]", "references"),
    "an object": ("a: !!python/object/apply:os.system ['true']", "means nothing here"),
}


@pytest.mark.parametrize(("text", "told"), POISON.values(), ids=POISON.keys())
def test_yaml_that_means_more_than_it_says_is_refused(text: str, told: str) -> None:
    started = time.process_time()
    _, problems = nodes.parse(text, "x.yaml")
    assert told in problems[0].message
    with pytest.raises(MappingError):
        parse(text, "x.yaml")
    assert time.process_time() - started < 10


# --- size -----------------------------------------------------------------------------------------


def test_a_header_of_commas_is_refused_in_time(write: Write) -> None:
    path = write(b"a" + b",a" * 1_000_000)
    started = time.process_time()
    with pytest.raises(InputError, match="has 1000001 columns, and a table may have 10000"):
        list(read(path, TABLE))
    with pytest.raises(InputError, match="columns"):
        draft(path, "log.csv", "o", "UTC")
    assert time.process_time() - started < 10


def test_many_columns_of_one_name_are_told_apart_in_time(write: Write) -> None:
    path = write(b"Unit,When,Case,Step" + b",x" * 9_000 + b"\nn,2024-03-02T10:00:00Z,1,In" + b",1" * 9_000)
    started = time.process_time()
    with opened(path, TABLE) as (_, reader):
        (row,) = list(reader)
    assert isinstance(row, dict)
    assert (row["x"], row["x 2"], row["x 9000"]) == ("1", "1", "1")
    draft(path, "log.csv", "o", "UTC")
    assert time.process_time() - started < 10


def test_a_trace_whose_attributes_every_event_would_bear_is_refused(write: Write) -> None:
    trace = "".join(f'<string key="a{n}" value="x"/>' for n in range(1001))
    with pytest.raises(InputError, match="more than 1000 attributes"):
        list(read(write(f"<log><trace>{trace}{'<event/>' * 2000}</trace></log>", "l.xes"), XES))


def test_chunks_are_bounded_in_bytes(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudevents, "CHUNK_BYTES", 1 << 20)
    monkeypatch.setattr("nytta.ingest.files.read.CHUNK_BYTES", 1 << 20)
    lines = b"".join(b'{"x": "%s"}\n' % (b"a" * 300_000) for _ in range(10))
    assert [chunk.rows for chunk in cloudevents.read_cloudevents(write(lines, "e.ndjson"))] == [4, 8, 10]
    table = b"Unit,When,Case,Step\n" + b"".join(b"n,never,%d,%s\n" % (n, b"a" * 100_000) for n in range(25))
    assert [chunk.rows for chunk in read(write(table), TABLE)] == [11, 22, 25]


# --- a drafted mapping ----------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_drafted_text_is_read_back_whatever_it_holds(text: str) -> None:
    root, told = nodes.parse(f"a: {quoted(text)}", "x.yaml", null_words=frozenset())
    assert (root and root.plain(), told) == ({"a": text}, [])


def test_a_column_that_breaks_lines_does_not_break_the_draft(write: Write) -> None:
    text = draft(write('Case,When,Unit,"odd\nid: other","next\x85line"\n1,2024-03-02,n,x,y\n'), "l.csv", "o", "UTC")
    assert parse(text, "draft.yaml").id == "draft"


@pytest.mark.parametrize("poison", ['"\\ud800"', "NaN"])
@pytest.mark.parametrize("number", ["7", "9223372036854775808123"])
def test_what_is_no_json_is_none_beside_a_long_number(write: Write, poison: str, number: str) -> None:
    file = write(f'{{"rows": [{{"u": "north", "t": "never", "c": {number}, "x": {poison}}}]}}', "l.json")
    with pytest.raises(InputError, match="is no JSON"):
        list(read(file, LIST))
