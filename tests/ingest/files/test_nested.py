"""Objects within objects: lists within rows, named values, lines of JSON, and XML."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.files.errors import InputError, MappingError
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import opened, read
from nytta.ingest.files.rows import Broken

Write = Callable[..., Path]
HEAD = "id: m\norganisation: {id: o}\ntimezone: UTC\nunit: {constant: u}\n"
EVENT = "time: t\nevents: [{type: case.opened, case: c}]\n"


def rows(path: Path, text: str) -> list[Any]:
    with opened(path, parse(HEAD + text + EVENT, "test.yaml")) as (_, reader):
        return list(reader)


def test_items_of_a_list_within_are_the_rows_and_know_what_is_around_them(write: Write) -> None:
    body = json.dumps({"list": [{"id": 1, "parts": [{"n": "a"}, {"n": "b"}]}, {"id": 2, "parts": []}, {"id": 3}]})
    found = rows(write(body), "format: json\nrecords: list\neach: parts\n")
    assert found == [{"n": "a", "../id": "1", "../parts/n": "a"}, {"n": "b", "../id": "1", "../parts/n": "a"}]


def test_lists_within_lists_and_plain_items(write: Write) -> None:
    body = json.dumps({"id": 1, "units": [{"name": "x", "days": [3, 4]}, {"name": "y", "days": 5}]})
    found = rows(write(body), "format: object\neach: units/days\n")
    assert [(row["."], row["../name"], row["../../id"]) for row in found] == [
        ("3", "x", "1"),
        ("4", "x", "1"),
        ("5", "y", "1"),
    ]


def test_named_values_are_fields_by_their_names(write: Write) -> None:
    meta = [{"key": "Version", "value": 0}, {"key": "ExecutedBy", "value": "ann"}, {"key": "Empty", "value": None}, 7]
    body = json.dumps([{"id": 1, "meta": meta}])
    (row,) = rows(write(body), "format: json\nentries: {path: meta, key: key, value: value}\n")
    assert (row["meta/Version"], row["meta/ExecutedBy"]) == ("0", "ann")
    assert "meta/Empty" not in row


def test_lines_are_objects_and_a_bad_one_is_told(write: Write) -> None:
    found = rows(write(b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": \n[1]\n{"a": 2}'), "format: lines\n")
    assert [row for row in found if not isinstance(row, Broken)] == [{"a": "1"}, {"a": "2"}]
    assert [row.body for row in found if isinstance(row, Broken)] == [b'{"a":', b"[1]"]


XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<s:list xmlns:s="urn:x" xmlns:xsi="urn:y">
  <s:case xsi:type="new"><id>
      1
    </id><who><name>Åsa</name></who><step>a</step><step n="2">b</step></s:case>
  <s:case><id>2</id></s:case>
</s:list>"""


@pytest.mark.parametrize("records", ["case", "list/case"])
def test_elements_are_rows_of_texts(write: Write, records: str) -> None:
    path = write(XML.encode("iso-8859-1"), "list.xml")
    assert rows(path, f"format: xml\nrecords: {records}\n") == [
        {"@type": "new", "id": "1", "who/name": "Åsa", "step": "a"},
        {"id": "2"},
    ]
    steps = rows(path, f"format: xml\nrecords: {records}\neach: step\n")
    assert [(row["."], row.get("@n"), row["../id"]) for row in steps] == [("a", None, "1"), ("b", "2", "1")]


def test_the_document_itself_is_a_row_and_an_empty_list_has_none(write: Write) -> None:
    assert rows(write("<status><id>3</id></status>", "a.xml"), "format: xml\n") == [{"id": "3"}]
    assert rows(write("<list/>", "b.xml"), "format: xml\nrecords: case\n") == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        ("<a><b>", "is no XML"),
        ("", "is no XML"),
        ("<a><other/></a>", "no element under 'case'"),
        ("<a>" * 70 + "</a>" * 70, "nested more than 64 deep"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "no XML|encoding"),
    ],
)
def test_what_is_no_such_document_is_told(write: Write, body: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rows(write(body, "a.xml"), "format: xml\nrecords: case\n")


ROWS = """id,a,b,begun,done,by,closer,kind,old,new,rev
1,,x,2026-03-02T10:00:00Z,2026-03-02T10:20:00Z,ann,ann,state,1,6,2
2,y,x,2026-03-02T10:00:00Z,2026-03-03T10:00:00Z,ann,bo,group,g1,g2,2026-03-02T10:00:00Z
3,,,2026-03-02T10:00:00Z,,,,state,6,2,
"""
WORDS = """
format: table
source: s
identity: [id]
revision: rev
system: {constant: desk}
ticket: id
time: {coalesce: [done, begun]}
events:
  - type:
      join: [kind, old, new]
      patterns: {"^group/": ticket.assigned, "^state/[67]/[1-5]": ticket.reopened, "^state/[1-5]/[67]": ticket.resolved}
    team: {coalesce: [a, b], missing: none}
  - also: closed
    type: ticket.resolved
    time: done
    first_contact: {field: done, before: begun, plus_minutes: 60, where: {field: by, same_as: closer}}
  - type: ticket.opened
    identity: [kind, id]
    time: begun
"""


def test_words_that_look_at_several_fields(write: Write, events_of: Callable[..., list[Any]]) -> None:
    made = events_of(write(ROWS), parse(HEAD + WORDS, "test.yaml"))
    kinds = [(event["id"], event["type"].split(".")[2], event.get("revision")) for event in made]
    assert kinds == [
        ("1", "resolved", "2"),
        ("1.closed", "resolved", "2"),
        ("state|1", "opened", "2"),
        ("2", "assigned", "1772445600000"),
        ("2.closed", "resolved", "1772445600000"),
        ("group|2", "opened", "1772445600000"),
        ("3", "reopened", None),
        ("state|3", "opened", None),
    ]
    assert [event["data"].get("team") for event in made if event["id"] in "123"] == ["x", "y", "none"]
    assert [event["time"] for event in made if event["id"] in "123"] == [
        "2026-03-02T10:20:00Z",
        "2026-03-03T10:00:00Z",
        "2026-03-02T10:00:00Z",
    ]
    assert [event["data"].get("first_contact") for event in made if event["id"].endswith("closed")] == [True, False]


def test_what_a_row_says_no_more_is_taken_back_with_its_revision(write: Write) -> None:
    (chunk,) = read(write(ROWS), parse(HEAD + WORDS, "test.yaml"))
    (gone,) = [json.loads(line) for line in chunk.retractions.splitlines()]
    assert gone == {
        "specversion": "1.0",
        "id": "3.closed",
        "source": "s",
        "type": "nytta.ticket.resolved.v1",
        "revision": "0",
        "retracted": True,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format: table\neach: a\n", "each is for format: json, lines, object or xml"),
        ("format: lines\nrecords: a\n", "records is for format: json, object or xml"),
        ("format: table\nentries: {path: a, key: k}\n", "'value' is missing"),
        ("format: table\nsystem: {coalesce: [a], field: b}\n", "once: field, coalesce"),
        ("format: table\ntime: {order: day-first}\n", "once: field, coalesce or constant"),
    ],
)
def test_what_does_not_go_together_is_told(text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        parse(HEAD + text + EVENT.replace("time: t\n", "" if "time:" in text else "time: t\n"), "test.yaml")
    flag = "format: table\nintended: {field: a, same_as: b, plus_minutes: 3}\n"
    with pytest.raises(MappingError, match="plus_minutes belongs to before or after"):
        parse(HEAD + flag + EVENT.replace("opened", "step, activity: {constant: x}"), "test.yaml")
