"""What a file is, whatever its name says."""

from __future__ import annotations

import bz2
import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nytta.ingest.files import files
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import read

Write = Callable[..., Path]
HEAD = "id: m\nformat: {form}\norganisation: org\ntimezone: UTC\nunit: {{constant: u}}\nsystem: {{constant: s}}\n"
TABLE = b"nr,created\n1,2024-03-04 10:00\n2,2024-03-05 10:00\n"


def mapping(form: str) -> Mapping:
    return parse(HEAD.format(form=form) + "ticket: nr\ntime: created\nevents:\n  - type: ticket.opened\n", "m.yaml")


def zipped(**members: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return body.getvalue()


def events(path: Path, form: str = "table") -> list[Any]:
    return [orjson.loads(line) for chunk in read(path, mapping(form)) for line in chunk.ndjson.splitlines()]


def test_a_packed_list_is_the_list(write: Write) -> None:
    plain = events(write(TABLE))
    assert len(plain) == 2
    assert events(write(gzip.compress(TABLE), "list.csv.gz")) == plain
    assert events(write(zipped(**{"list.csv": TABLE, "__MACOSX/._list.csv": b"x"}), "list.zip")) == plain
    assert files.digest(write(zipped(l=TABLE), "b.zip")) == files.digest(write(TABLE, "b.csv"))


def sqlite(folder: Path) -> bytes:
    database = sqlite3.connect(folder / "x.db")
    database.execute("CREATE TABLE a (b)")
    database.commit()
    database.close()
    return (folder / "x.db").read_bytes()


@pytest.mark.parametrize("form", ["table", "xes", "ocel", "json", "lines", "xml"])
def test_what_is_not_read_is_named_with_what_to_do(form: str, write: Write, tmp_path: Path) -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), parquet)
    for content, told in (
        (bz2.compress(TABLE), "a bzip2 archive.*unpack"),
        (parquet.getvalue(), "a Parquet file.*CSV"),
        (sqlite(tmp_path), "an SQLite database.*export"),
        (b"%PDF-1.7", "a PDF document.*CSV UTF-8"),
        (zipped(a=TABLE, b=TABLE), r"2 files \(a, b\).*unpack"),
        (zipped(), "damaged|no file"),
        (zipped(a=TABLE)[:40], "damaged"),
        (zipped(**{"[Content_Types].xml": b"x", "word/document.xml": b"x"}), "a document of an office program"),
    ):
        with pytest.raises(InputError, match=told):
            list(read(write(content, "list.bin"), mapping(form)))


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        ("ocel", b"<?xml version='1.0'?><log/>", "OCEL 2.0 in JSON"),
        ("ocel", b'{"ocel:global-log": {}, "ocel:events": {}}', "OCEL 1.0"),
        ("json", b"<log/>", "format: xml"),
        ("object", b"<!DOCTYPE html><html><title>Sign in</title></html>", "a page of HTML"),
        ("ocel", b"<HTML><body>502</body></HTML>", "a page of HTML"),
        ("xes", b'[{"a": 1}]', "JSON"),
        ("table", b"\xef\xbb\xbf <table>", "XML or HTML, no table"),
        ("table", b"a,b\n\x001,2\n", "NUL characters"),
    ],
)
def test_another_format_than_its_mapping_says_is_named(form: str, content: bytes, told: str, write: Write) -> None:
    with pytest.raises(InputError, match=told):
        list(read(write(content), mapping(form)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("form", ["json", "lines"])
@pytest.mark.parametrize("wrapping", ["array", "indented", "lines"])
def test_json_is_read_in_every_wrapping_and_encoding(form: str, wrapping: str, encoding: str, write: Write) -> None:
    given = [{"nr": "Å1", "created": "2024-03-04T10:00:00Z"}, {"nr": "Å2", "created": "2024-03-04T10:00:00Z"}]
    if wrapping == "lines":
        text = "\n".join(orjson.dumps(row).decode() for row in given) + "\n"
    elif wrapping == "array":
        text = orjson.dumps(given).decode()
    else:
        given, text = given[:1], orjson.dumps(given[0], option=orjson.OPT_INDENT_2).decode()
    found = events(write(text.encode(encoding), "list.json"), form)
    assert [event["data"]["ticket"] for event in found] == [row["nr"] for row in given]


def test_a_line_that_is_no_json_is_one_reject(write: Write) -> None:
    body = b'{"nr":"1","created":"2024-03-04T10:00:00Z"}\n{"nr":\n{"nr":"3","created":"2024-03-04T10:00:00Z"}\n'
    for form in ("json", "lines"):
        chunks = list(read(write(body), mapping(form)))
        assert [(chunk.rows, len(chunk.rejects)) for chunk in chunks] == [(3, 1)]


def test_long_numbers_keep_apart(write: Write) -> None:
    body = b'{"nr":18446744073709551616,"created":"2024-03-04T10:00:00Z"}\n'
    found = events(write(body + body.replace(b"616", b"617")), "lines")
    assert [event["data"]["ticket"] for event in found] == ["18446744073709551616", "18446744073709551617"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp850", "mac_roman"])
def test_the_letters_tell_the_encoding(encoding: str, write: Write) -> None:
    text = "nr,created\nÄrende på Förvaltning,2024-03-04 10:00\nØre æble Ålesund,2024-03-04 10:00\n"
    found = events(write(text.encode(encoding)))
    assert [event["data"]["ticket"] for event in found] == ["Ärende på Förvaltning", "Øre æble Ålesund"]


def test_quotation_marks_and_dashes_of_windows_are_no_letters(write: Write) -> None:
    text = "nr,created\n“it’s” – fine…,2024-03-04 10:00\n"
    assert [event["data"]["ticket"] for event in events(write(text.encode("cp1252")))] == ["“it’s” – fine…"]
