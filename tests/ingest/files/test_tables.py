import csv
import io
import tracemalloc
from collections.abc import Iterator
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken, Row
from nytta.ingest.files.tables import Dialect, TableReader

FOUND_OUT = Dialect()


def table(content: str | bytes, dialect: Dialect = FOUND_OUT, expected: tuple[str, ...] = ()) -> TableReader:
    data = content if isinstance(content, bytes) else content.encode()
    return TableReader(Stream(io.BytesIO(data), "log.csv", len(data)), dialect, expected)


def rows(content: str | bytes, dialect: Dialect = FOUND_OUT, expected: tuple[str, ...] = ()) -> list[Row | Broken]:
    return list(table(content, dialect, expected))


def refused(content: str | bytes, match: str, dialect: Dialect = FOUND_OUT, expected: tuple[str, ...] = ()) -> None:
    with pytest.raises(InputError, match=match):
        rows(content, dialect, expected)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    content = "unit;name\nA;x, y\n".replace(";", delimiter)
    content = content if delimiter != "," else content.replace("x, y", '"x, y"')
    assert rows(content) == [{"unit": "A", "name": "x, y"}]


def test_the_expected_columns_decide_the_delimiter() -> None:
    content = "name, first;unit, code;a, b, c\nA, B;1, 2;x\n"
    assert rows(content, expected=("unit, code",)) == [{"name, first": "A, B", "unit, code": "1, 2", "a, b, c": "x"}]


def test_a_declared_delimiter_counts() -> None:
    assert rows("a;b,c\n1;2,3\n", Dialect(delimiter=";")) == [{"a": "1", "b,c": "2,3"}]
    assert rows("a#b\n1#2\n", Dialect(delimiter="#")) == [{"a": "1", "b": "2"}]


def test_the_hint_that_excel_writes_is_taken() -> None:
    found = table("sep=;\r\na;b\r\n1;2\r\n")
    assert list(found) == [{"a": "1", "b": "2"}]
    assert found.position(1) == "row 1, line 4"


def test_lines_before_the_header_are_skipped() -> None:
    found = table("A title\n\na;b\n1;2\n", Dialect(skip_lines=2))
    assert next(iter(found)) == {"a": "1", "b": "2"}
    assert found.position(1) == "row 1, line 4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_encodings_are_found(encoding: str) -> None:
    assert rows("enhet;år\nHälsa på Åland;2024\n".encode(encoding)) == [{"enhet": "Hälsa på Åland", "år": "2024"}]


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "cp865", "utf-16"])
def test_a_declared_encoding_counts(encoding: str) -> None:
    content = "enhet;år\nTromsø;2024\n".encode(encoding)
    assert rows(content, Dialect(encoding=encoding)) == [{"enhet": "Tromsø", "år": "2024"}]


def test_what_was_guessed_is_said() -> None:
    assert table("a;b\n").form == "table, utf-8 (guessed), delimiter ';'"
    assert table("a;b\nå;b\n".encode("cp1252")).form == "table, cp1252 (guessed), delimiter ';'"
    assert table("\ufeffa;b\n", Dialect(delimiter=";")).form == "table, utf-8-sig, delimiter ';'"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_wrong_encoding_is_told_with_its_line(ending: str) -> None:
    lines = ["a;b", *["x;å"] * 30_000]
    data = ending.join(lines).encode() + ending.encode() + "x;å".encode("latin-1") + ending.encode()
    refused(data, r"log\.csv, line 30002: byte 0xe5 is not utf-8.*save the file as UTF-8 or declare its encoding")


def test_a_damaged_place_in_utf_8_does_not_make_it_windows() -> None:
    refused("a;b\nå;ä\nö;å\n".encode() + b"\xe5;x\n", "line 4: byte 0xe5 is not utf-8")


def test_columns_of_one_name_are_told_apart() -> None:
    found = table("Used  Chrome OS,Name,Name, Name ,Name 2,,\n1,2,3,4,5,6,7\n")
    assert found.header == ["Used  Chrome OS", "Name", "Name 2", "Name 3", "Name 2 2", "column 6", "column 7"]


def test_quoted_line_breaks_delimiters_and_marks_are_text() -> None:
    content = 'a,b\r\n"1\r\n2","x,""y"""\r\n3,4\r\n'
    found = table(content)
    seen = [(row, found.position(number)) for number, row in enumerate(found, 1)]
    assert seen == [
        ({"a": "1\r\n2", "b": 'x,"y"'}, "row 1, lines 2-3"),
        ({"a": "3", "b": "4"}, "row 2, line 4"),
    ]


def test_quotation_marks_may_be_ordinary_characters() -> None:
    assert rows('a\tb\n"1\t2"\n', Dialect(delimiter="\t", quote="")) == [{"a": '"1', "b": '2"'}]


def test_records_of_another_width_are_broken_and_reading_goes_on() -> None:
    short, good, long, stray, last = rows('a,b\n1\n1,2\n1,2,3\n"1"x,2\n3,4\n')
    assert good == {"a": "1", "b": "2"}
    assert last == {"a": "3", "b": "4"}
    assert isinstance(short, Broken)
    assert short.body == b'["1"]'
    assert "1 cells where the header has 2" in short.detail
    assert isinstance(long, Broken)
    assert long.body == b'["1","2","3"]'
    assert isinstance(stray, Broken)
    assert stray.body == b'"1"x,2\n'


def test_empty_lines_are_no_records() -> None:
    assert rows("\na,b\n\n1,2\n\n\n") == [{"a": "1", "b": "2"}]


def test_a_header_alone_has_no_records() -> None:
    assert rows("a,b\n") == rows("a,b") == []


def test_an_empty_file_is_refused() -> None:
    refused("", "the file is empty; the first line must name the columns")
    refused("\n\n", "the file is empty")


def test_missing_columns_are_all_told_with_the_nearest_and_those_there_are() -> None:
    refused(
        "Nummer;Enhet;Datum\n",
        "line 1: there is no column 'Number'; did you mean 'Nummer'.*; there is no column 'xyz'. "
        "The columns are: Nummer, Enhet, Datum",
        expected=("Number", "xyz"),
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xef\xbb\xbf <table>", "XML or HTML, no table"),
        (b"a,b\n\x001,2\n", "NUL characters"),
    ],
)
def test_other_files_are_told_from_tables(content: bytes, what: str) -> None:
    refused(content, what)


def test_a_quotation_mark_that_is_not_closed_costs_its_own_record_alone() -> None:
    content = 'a,b\n1,2\n"3,4\n' + "5,6\n" * 100_000
    found = table(content)
    read = iter(found)
    assert next(read) == {"a": "1", "b": "2"}
    assert isinstance(next(read), Broken)
    assert found.position(2) == "row 2, line 3"
    assert list(read) == [{"a": "5", "b": "6"}] * 100_000


def test_a_quotation_mark_that_a_later_one_closes_swallows_no_row() -> None:
    lines = [f'{n},2024-03-{n:02},"text, {n}"' for n in range(1, 20)]
    for damaged in ('7,2024-03-07,"cut off', '7,2024-03-07,"cut, off""'):
        found = rows("nr,at,text\n" + "\n".join([*lines[:6], damaged, *lines[7:]]) + "\n")
        read = [row["nr"] for row in found if not isinstance(row, Broken)]
        assert read == [str(n) for n in range(1, 20) if n != 7]
        assert sum(isinstance(row, Broken) for row in found) == 1


def test_a_text_of_several_lines_stays_one_cell() -> None:
    content = 'nr,at,text\n1,2024-03-01,"so, it is, then\nyes, no, both\n\nend"\n2,2024-03-02,x\n'
    assert [row["nr"] for row in rows(content) if isinstance(row, dict)] == ["1", "2"]


def test_a_record_of_several_lines_that_does_not_fit_is_one_reject_with_its_lines() -> None:
    found = table('nr,at\n1,2\n"a\nb",x,y\n3,4\n')
    positions = [found.position(n) for n, row in enumerate(found, 1) if isinstance(row, Broken)]
    assert positions == ["row 2, lines 3-4"]


@given(st.data())
def test_damage_changes_no_row_but_those_that_it_hits_or_names(data: st.DataObject) -> None:
    size = data.draw(st.integers(3, 12))
    texts = st.sampled_from(["plain", '"in, quotes"', '"two\nlines"', '"a ""mark"""', ""])
    lines = ["nr,at,text"] + [f"{n},2024-03-{n + 1:02},{data.draw(texts)}" for n in range(size)]
    content = ("\n".join(lines) + "\n").encode()
    first = len(lines[0]) + 1
    place = data.draw(st.integers(first, len(content) - 1))
    sign = data.draw(st.sampled_from([b'"', b",", b"x", b"\n", b"7", b""]))
    starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))[1:]
    hit = sum(place >= start for start in starts) - 1
    whole = [row for row in rows(content) if isinstance(row, dict)]
    damaged = rows(content[:place] + sign + content[place + 1 :])
    kept = [row for row in damaged if isinstance(row, dict)]
    untouched = [row for n, row in enumerate(whole) if abs(n - hit) > 1]
    assert all(row in kept for row in untouched)
    known = {row["nr"] for row in whole}
    assert sum(row not in whole and row["nr"] in known for row in kept) <= 2


def test_a_line_of_a_gigabyte_is_refused_with_flat_memory() -> None:
    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.pieces = self._pieces()

        def _pieces(self) -> Iterator[bytes]:
            yield b"a,b\n"
            while True:
                yield b"x," * (1 << 15)

        def read(self, size: int = -1) -> bytes:
            return next(self.pieces)

        def seek(self, offset: int, whence: int = 0) -> int:
            self.pieces = self._pieces()
            return 0

    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="line 2: the line is longer than 4,194,304 characters"):
            list(TableReader(Stream(Endless(), "log.csv", 0), Dialect()))  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_TABLE = st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(_CELL, min_size=n, max_size=n), max_size=8))


@given(
    _TABLE,
    st.sampled_from([",", ";", "\t", "|", "å", "~"]),
    st.sampled_from(['"', "'", "`"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_survive_being_written_and_read(
    cells: list[list[str]], delimiter: str, quote: str, encoding: str, quoting: int
) -> None:
    width = len(cells[0]) if cells else 2
    header = [f"c{number}" for number in range(width)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([header, *cells])
    found = rows(text.getvalue().encode(encoding), Dialect(encoding, delimiter, quote))
    assert found == [dict(zip(header, row, strict=True)) for row in cells]


@given(_TABLE, st.sampled_from([",", ";", "\t", "|"]))
def test_the_delimiter_is_found_for_any_cells(cells: list[list[str]], delimiter: str) -> None:
    assume(cells)
    assume(not cells[0][0].startswith("<"))
    # The header of a single column shows no delimiter: then nothing can tell one from a letter of a cell.
    assume(len(cells[0]) > 1 or not set(",;\t|") & set("".join(row[0] for row in cells)))
    header = [f"c{number}" for number in range(len(cells[0]))]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *cells])
    found = rows(text.getvalue(), expected=tuple(header))
    assert found == [dict(zip(header, row, strict=True)) for row in cells]
