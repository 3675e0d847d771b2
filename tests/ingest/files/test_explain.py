from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping_load import parse
from nytta.surfaces.problems import in_language

Write = Callable[..., Path]

MAPPING = """\
id: example
format: table
organisation: root
timezone: Europe/Stockholm
unit: {file: '(.)\\.csv'}
time: When
case: Case
events:
  - type: case.step
    activity: Step
    channel: {field: Way, values: {Webb: web}}
    mode: {field: Mode, values: {P: paper}}
    when: {field: Step, present: true}
  - also: opened
    type: case.opened
    once: true
    time: Opened
notes: One year only.
"""
CONTENT = """\
When;Case;Step;Way;Mode;Opened;Other
2024-03-04 10:00;c1;receive;Webb;P;2024-03-01;x
2024-03-04 10:00;c1;send;Brev;Anna;;x
2024-03-04 10:00;c1;;Brev;;;x
2024-03-04 10:00;c1
2024-03-04 10:00;c1;receive;Webb;P;2024-03-01;x
"""


def test_it_shows_how_the_first_rows_map(write: Write) -> None:
    path = write(CONTENT, "log A.csv")
    found = explain(path, parse(MAPPING, "example.yaml"), row_count=4)
    text = str(found)
    assert text.splitlines()[0] == "log A.csv with mapping example: table, utf-8 (guessed), delimiter ';'"
    shown = [" ".join(line.split()) for line in text.splitlines()]
    assert "row 1, line 2" in shown
    assert "time 2024-03-04T09:00:00Z When = '2024-03-04 10:00'" in shown
    assert "unit A.csv file name ((.)\\.csv)" in shown
    assert "channel web Way = 'Webb'" in shown
    assert "time 2024-02-29T23:00:00Z Opened = '2024-03-01'" in shown
    assert "not read: Other" in shown
    assert (
        "rejected: missing_mapping_value: the mapping has no value for what field 'Mode' says; "
        "add it to values or set otherwise (here: Anna)"
    ) in shown
    assert "left out by the mapping" in shown
    assert any(line.startswith("rejected: malformed_row: 2 cells where the header has 7") for line in shown)
    assert shown[-1] == "note: One year only."
    assert len(found.rows) == 4


def test_it_is_json_too(write: Write) -> None:
    found = orjson.loads(orjson.dumps(explain(write(CONTENT), parse(MAPPING, "m.yaml"), row_count=1).as_dict()))
    events = found["rows"][0]["events"]
    assert [event["type"] for event in events] == ["nytta.case.step.v1", "nytta.case.opened.v1"]
    assert {field["name"]: field["value"] for field in events[0]["fields"]}["mode"] == "paper"


def test_a_log_without_rows_is_told(write: Write) -> None:
    assert "no rows" in str(explain(write(CONTENT.splitlines()[0]), parse(MAPPING, "m.yaml")))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "sv",
            [
                "log A.csv med mappningen example: tabell, utf-8 (gissat), skiljetecken ';'",
                "rad 1, filens rad 2",
                "unit A.csv filnamnet ((.)\\.csv)",
                "läses inte: Other",
                "avvisad: missing_mapping_value: mappningen har inget värde för det som fältet 'Mode' säger; "
                "lägg till det under values eller ange otherwise (här: Anna)",
                "utelämnad enligt mappningen",
                "avvisad: malformed_row: 2 celler där rubriken har 7; sätt text som innehåller skiljetecknet eller en "
                "radbrytning inom citattecken",
                "anmärkning: One year only.",
            ],
        ),
        ("nb", ["rad 1, linje 2", "leses ikke: Other", "utelatt etter mappingen", "merknad: One year only."]),
    ],
)
def test_it_speaks_the_language_of_its_reader(write: Write, language: str, expected: list[str]) -> None:
    path = write(CONTENT, "log A.csv")
    text = explain(path, parse(MAPPING, "example.yaml"), row_count=4).text(lambda said: in_language(said, language))
    shown = [" ".join(line.split()) for line in text.splitlines()]
    assert [line for line in expected if line not in shown] == []
    assert not [line for line in shown if line.startswith(("row ", "rejected", "not read", "note", "left out"))]
    empty = explain(write(CONTENT.splitlines()[0]), parse(MAPPING, "m.yaml"))
    assert "no rows" not in empty.text(lambda said: in_language(said, language))


@pytest.mark.parametrize("text", ["row 3", "row 3, lines 4-6", "row 3, row 5 of the sheet", "workbook, sheet 'A'"])
@pytest.mark.parametrize("more", ["id A.1 of cases", "constant", "Name is absent", "JSON lines", "JSON object"])
def test_places_and_origins_are_said_in_each_language(text: str, more: str) -> None:
    for language in ("sv", "nb"):
        assert in_language(text, language) != text
        assert in_language(more, language) != more
    assert in_language("Case = 'row 3'", "sv") == "Case = 'row 3'"
