import gzip
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.ingest.events import decode
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import digest
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_load import load, parse
from nytta.ingest.files.read import CHUNK_ROWS, read, source_of

Write = Callable[..., Path]
NOW = datetime(2026, 2, 9, 12, tzinfo=UTC)

CSV = """\
id: csv
format: table
organisation: root
timezone: Europe/Stockholm
unit: Unit
time: When
case: Case
events:
  - type: case.step
    activity: Step
    when: {field: Step, present: true}
  - also: opened
    type: case.opened
    once: true
    time: Opened
"""
XES = CSV.replace("csv", "xes").replace("table", "xes").replace("Opened", "case:Opened").replace("Case", "case:name")
HEADER = "Unit,When,Case,Step,Opened\n"


def mapping(text: str = CSV) -> Mapping:
    return parse(text, "test.yaml")


def lines(chunks: Any) -> list[bytes]:
    return [line for chunk in chunks for line in chunk.ndjson.splitlines()]


def test_rows_are_known_by_the_files_digest_and_their_number(write: Write) -> None:
    path = write(HEADER + "A,2024-03-04 10:00,c1,one,2024-03-01\nA,2024-03-04 10:00,c1,one,2024-03-01\n")
    (chunk,) = read(path, mapping())
    events = [orjson.loads(line) for line in chunk.ndjson.splitlines()]
    source = f"file:{digest(path)[:32]}"
    assert [(event["source"], event["id"], event["sequence"]) for event in events] == [
        (source, "1", 1),
        (source, "1.opened", 1),
        (source, "2", 2),
    ]
    assert events[0]["time"] == "2024-03-04T09:00:00Z"
    assert source_of(mapping(), digest(path)) == source
    assert chunk.rows == 2
    assert chunk.bytes_read == chunk.bytes_total == path.stat().st_size


def test_events_pass_the_one_door(write: Write) -> None:
    path = write(HEADER + "A,2024-03-04 10:00,c1,one,2024-03-01\n")
    (chunk,) = read(path, mapping())
    batch = decode(chunk.ndjson, received_at=NOW, pseudonymise=None)
    # Ids are raw until a pseudonymiser has seen them, and nothing else is wrong.
    assert {reject.reason for reject in batch.rejects} == {Reason.RAW_ACTOR}
    assert batch.read == 2


def test_what_cannot_be_mapped_is_rejected_whole_and_the_rest_goes_on(write: Write) -> None:
    path = write(HEADER + "A,soon,c1,one,\n\nA,2024-03-04\nA,2024-03-04,c2,,\nA,2024-03-04,c3,two,\n")
    (chunk,) = read(path, mapping())
    first, second = chunk.rejects
    assert (first.reason, first.position) == (Reason.INVALID_FIELD, "row 1, line 2")
    assert orjson.loads(first.body) == {
        "Unit": "A",
        "When": "soon",
        "Case": "c1",
        "Step": "one",
        "Opened": "",
    }
    assert (second.reason, second.position) == (Reason.MALFORMED_ROW, "row 2, line 4")
    assert orjson.loads(second.body) == ["A", "2024-03-04"]
    assert chunk.rows == 4
    assert chunk.skipped == 1
    assert [orjson.loads(line)["id"] for line in chunk.ndjson.splitlines()] == ["4"]


def test_a_row_is_rejected_once_whatever_is_wrong_with_it(write: Write) -> None:
    path = write(HEADER + "?,2024-03-04,c1,one,May\n,2024-03-04,c2,two,2024-03-01\nA,2024-03-04,c3,three,May\n")
    (chunk,) = read(path, mapping(CSV.replace("unit: Unit", "nulls: '?'\nunit: Unit")))
    assert [(reject.reason, reject.position) for reject in chunk.rejects] == [
        (Reason.MISSING_FIELD, "row 1, line 2"),
        (Reason.MISSING_FIELD, "row 2, line 3"),
        (Reason.INVALID_FIELD, "row 3, line 4"),
    ]
    assert chunk.rejects[1].detail == (
        "unit is empty: field 'Unit' says nothing; opened: unit is empty: field 'Unit' says nothing"
    )
    assert chunk.rejects[2].detail.startswith("opened: field 'Opened' is no date or time")
    assert [orjson.loads(line)["id"] for line in chunk.ndjson.splitlines()] == ["3"]


def test_an_empty_log_is_one_empty_chunk(write: Write) -> None:
    (chunk,) = read(write(HEADER), mapping())
    assert (chunk.ndjson, chunk.rows, chunk.rejects) == (b"", 0, ())
    (chunk,) = read(write("<log/>", "log.xes"), mapping(XES))
    assert (chunk.ndjson, chunk.rows, chunk.rejects) == (b"", 0, ())


def many(rows: int) -> str:
    return HEADER + "".join(
        f"U{n % 3},2024-03-{n % 28 + 1:02} 10:00,c{n // 7},step {n % 5},{'x' * (n % 13 == 0)}\n" for n in range(rows)
    )


@pytest.mark.parametrize("start", [1, 3, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS + 7, 12_000])
def test_reading_resumes_after_the_rows_that_are_stored(write: Write, start: int) -> None:
    path = write(many(12_000))
    whole = list(read(path, mapping()))
    assert [chunk.rows for chunk in whole] == [CHUNK_ROWS, 2 * CHUNK_ROWS, 12_000]
    rest = list(read(path, mapping(), start_row=start))
    assert rest[-1].rows == 12_000
    expected = [line for line in lines(whole) if orjson.loads(line)["sequence"] > start]
    assert lines(rest) == expected
    rejects = [reject for chunk in whole for reject in chunk.rejects]
    row = [int(reject.position.split()[1].strip(",")) for reject in rejects]
    assert [r for c in rest for r in c.rejects] == [r for r, n in zip(rejects, row, strict=True) if n > start]


def test_the_chunks_before_a_damaged_place_are_sound(write: Write) -> None:
    content = many(12_000)
    packed = gzip.compress(content.encode())
    whole = lines(read(write(content), mapping(), digest="0" * 64))
    found: list[bytes] = []

    def take() -> None:
        for chunk in read(write(packed[: len(packed) * 3 // 4], "log.csv.gz"), mapping(), digest="0" * 64):
            found.extend(chunk.ndjson.splitlines())

    with pytest.raises(InputError, match="ends too early"):
        take()
    assert found
    assert found == whole[: len(found)]
    with pytest.raises(InputError, match="ends too early"):
        # Without a known digest the file is read through first, and nothing comes of a damaged one.
        next(read(write(packed[:-9], "log.csv.gz"), mapping()))


def test_a_column_that_is_missing_is_told_before_any_row(write: Write) -> None:
    with pytest.raises(InputError, match="there is no column 'Opened'"):
        next(read(write("Unit,When,Case,Step\n"), mapping()))


def test_a_log_in_xes_and_the_same_as_csv_make_the_same_events(write: Write) -> None:
    xes = "<log>" + "".join(
        f'<trace><string key="name" value="c{c}"/><date key="Opened" value="2024-01-0{c}"/>'
        + "".join(
            f'<event><string key="Unit" value="A"/><date key="When" value="2024-02-0{n} 10:00"/>'
            f'<string key="Step" value="s{n}"/></event>'
            for n in range(1, 4)
        )
        + "</trace>"
        for c in range(1, 4)
    )
    csv = "case:name,case:Opened,Unit,When,Step\n" + "".join(
        f"c{c},2024-01-0{c},A,2024-02-0{n} 10:00,s{n}\n" for c in range(1, 4) for n in range(1, 4)
    )
    one = lines(read(write(xes + "</log>", "a.xes"), mapping(XES), digest="0" * 64))
    other = lines(read(write(csv, "a.csv"), mapping(XES.replace("xes", "table")), digest="0" * 64))
    assert one == other
    assert len(one) == 12


def test_an_identity_can_be_concealed(write: Write) -> None:
    text = CSV.replace("unit: Unit", "source: cases\nidentity: [Case, Step]\nunit: Unit")
    path = write(HEADER + "A,2024-03-04,c1,one,\n")
    for conceal, expected in ((None, "c1|one"), (str.upper, "C1|ONE")):
        (chunk,) = read(path, mapping(text), conceal=conceal)
        event = orjson.loads(chunk.ndjson)
        assert (event["source"], event["id"]) == ("cases", expected)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(write: Write) -> None:
    def peak(rows: int) -> int:
        path = write(gzip.compress(many(rows).encode()), f"{rows}.csv.gz")
        tracemalloc.start()
        try:
            assert max(chunk.rows for chunk in read(path, mapping())) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(11_000)  # what is loaded once is loaded by now
    assert peak(22_000) < 1.3 * peak(11_000)


def test_shipped_mappings_read_by_name(write: Write) -> None:
    header = [
        "number",
        "sys_mod_count",
        "sys_updated_at",
        "incident_state",
        "assignment_group",
        "assigned_to",
    ]
    header += ["contact_type", "opened_at", "opened_by", "category"]
    row = ["INC1", "0", "29-02-2016 01:23", "New", "?", "?", "Phone", "29-02-2016 01:16", "Anna", "Mail"]
    path = write(",".join(header) + "\n" + ",".join(row) + "\n")
    (chunk,) = read(path, load("servicenow-incidents"))
    events = [orjson.loads(line) for line in chunk.ndjson.splitlines()]
    assert [event["type"] for event in events] == ["nytta.ticket.assigned.v1", "nytta.ticket.opened.v1"]
    assert events[0]["data"]["unit"] == "unassigned"
    assert "actor" not in events[0]["data"]
