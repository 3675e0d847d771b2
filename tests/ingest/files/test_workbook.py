"""Workbooks are tables whose cells know what they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import pytest

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import read

MAPPING = """
id: m
format: table
organisation: org
timezone: Europe/Stockholm
table: {decimal: ","}
unit: {constant: u}
system: {constant: s}
ticket: nr
time: created
events:
  - type: ticket.opened
"""
_DATED = datetime(1899, 12, 30)


def workbook(*sheets: list[list[object]], joined: str = "") -> bytes:
    """An xlsx file; a date is a number with the format of dates, as spreadsheets write it. `joined` cells are one."""
    merge = f'<mergeCells count="1"><mergeCell ref="{joined}"/></mergeCells>' if joined else ""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        parts = "".join(
            f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="{kind}.worksheet+xml"/>'
            for n in range(len(sheets))
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>',
        )
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        names = "".join(f'<sheet name="Blad{n}" sheetId="{n + 1}" r:id="s{n}"/>' for n in range(len(sheets)))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="s{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in range(len(sheets))
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="st" Type="{office}/styles" Target="styles.xml"/>{links}</Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22"/>'
            '<xf numFmtId="14"/></cellXfs></styleSheet>',
        )
        for n, rows in enumerate(sheets):
            cells = "".join(
                f'<row r="{r}">' + "".join(_cell(r, c, value) for c, value in enumerate(row)) + "</row>"
                for r, row in enumerate(rows, 1)
            )
            archive.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>{merge}</worksheet>',
            )
    return body.getvalue()


def _cell(row: int, column: int, value: object) -> str:
    place = f'r="{chr(65 + column)}{row}"'
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f'<c {place} s="1"><v>{(value - _DATED).total_seconds() / 86_400!r}</v></c>'
    if isinstance(value, date):
        return f'<c {place} s="2"><v>{(datetime(value.year, value.month, value.day) - _DATED).days}</v></c>'
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c {place}><v>{value!r}</v></c>"
    return f'<c {place} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


Write = Callable[..., Path]


def test_dates_and_numbers_of_a_workbook_are_what_its_cells_show(write: Write) -> None:
    rows: list[list[object]] = [
        ["nr", "created", "hours", "open", None],
        [1, datetime(2026, 3, 2, 10, 5), 2.125, True],
        [None, None],
        ["A, 2", date(2026, 7, 3), 1e16, False],
    ]
    mapping = parse(MAPPING + "    category: hours\n", "m.yaml")
    (chunk,) = read(write(workbook([], rows), "list.xlsx"), mapping)
    found = [orjson.loads(line) for line in chunk.ndjson.splitlines()]
    assert [(e["data"]["ticket"], e["time"], e["data"]["category"]) for e in found] == [
        ("1", "2026-03-02T09:05:00Z", "2,125"),
        ("A, 2", "2026-07-02T22:00:00Z", "10000000000000000"),
    ]
    assert chunk.rows == 2


def test_a_number_is_no_date_unless_it_is_declared_so(write: Write) -> None:
    path = write(workbook([["nr", "created"], [1, 46083.5]]), "list.xlsx")
    (chunk,) = read(path, parse(MAPPING, "m.yaml"))
    assert (chunk.rows, len(chunk.rejects), chunk.ndjson) == (1, 1, b"")
    declared = parse(MAPPING.replace("unit:", "dates: {order: excel}\nunit:"), "m.yaml")
    (chunk,) = read(path, declared)
    assert orjson.loads(chunk.ndjson)["time"] == "2026-03-02T11:00:00Z"


def test_the_sheet_with_the_columns_is_read_and_a_missing_one_is_told(write: Write) -> None:
    path = write(workbook([["about"], ["us"]], [["nr", "created"], [7, datetime(2026, 3, 2)]]), "list.xlsx")
    (chunk,) = read(path, parse(MAPPING, "m.yaml"))
    assert orjson.loads(chunk.ndjson)["data"]["ticket"] == "7"
    with pytest.raises(InputError, match="there is no column 'made'"):
        list(read(path, parse(MAPPING.replace("created", "made"), "m.yaml")))


def test_a_workbook_that_cannot_be_read_says_what_to_do(write: Write) -> None:
    for body in (workbook([["a"]])[:600], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        with pytest.raises(InputError, match=r"CSV UTF-8|export it again"):
            list(read(write(body, "list.xlsx"), parse(MAPPING, "m.yaml")))
    with pytest.raises(InputError, match="write format: table"):
        list(
            read(
                write(workbook([["a"]])),
                parse(MAPPING.replace("table\n", "json\n").replace('table: {decimal: ","}\n', ""), "m"),
            )
        )


def test_a_workbook_is_read_however_large_it_is(write: Write) -> None:
    rows: list[list[object]] = [["nr", "created"], *([n, datetime(2026, 3, 2, 10, n % 60)] for n in range(900))]
    body = workbook(rows)
    assert len(body) > 20_000  # more than is looked at before the format is known
    assert sum(chunk.rows for chunk in read(write(body, "list.xlsx"), parse(MAPPING, "m.yaml"))) == 900


def test_what_joined_cells_say_holds_for_each_of_their_rows(write: Write) -> None:
    at = datetime(2026, 3, 2)
    rows: list[list[object]] = [["unit", "nr", "created"], ["north", 1, at], [None, 2, at], [None, 3, at]]
    mapping = parse(MAPPING.replace("{constant: u}", "unit"), "m.yaml")
    (chunk,) = read(write(workbook(rows, joined="A2:A3"), "list.xlsx"), mapping)
    assert [orjson.loads(line)["data"]["unit"] for line in chunk.ndjson.splitlines()] == ["north", "north"]
    assert [reject.position for reject in chunk.rejects] == ["row 3, row 4 of the sheet"]
