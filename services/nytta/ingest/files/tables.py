"""Tables as text: CSV, TSV and their relatives. One row per record below the header, by column name.

The encoding is found by `encodings`. The delimiter is the declared one, else the one under which the header holds
most of the expected columns. A second column of the same name is called "Name 2", a third "Name 3"; a column without
a name is "column 4".
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import orjson

from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.headers import LOOKED_AT, header_rows, joined
from nytta.ingest.files.rows import Broken, Row
from nytta.registry.problems import nearest

DELIMITERS = ",;\t|"
"""What separates cells, in the order in which a tie is decided."""

_SAMPLE = 1 << 16
_PIECE = 1 << 16
_BOUND = 4 << 20
_COLUMNS = 10_000
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written. None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    """The quotation mark; "" where quotation marks are ordinary characters."""
    skip_lines: int = 0
    """Lines before the header, such as a title."""
    surplus: bool = False
    """Whether cells beyond the last column are a part of it: its text has the delimiter without quotation marks."""
    header_lines: int = 1
    """Rows that name the columns: one, or two where a band of headings belongs to the names below it."""


class TableReader:
    """The records of one table.

    Refused with `InputError`: bytes that are not of the encoding, a line of more than 4 Mi characters, more than 10,000
    columns, a header without an expected column. A record with too few or too many cells, with a stray quotation
    mark or one that is never closed, or with a cell of more than 131,072 characters, is yielded as `Broken`.
    """

    def __init__(self, stream: Stream, dialect: Dialect, expected: Collection[str] = ()) -> None:
        """`stream` stands at its beginning and is read once. `expected` are columns that must be there."""
        self._file = stream.name
        sample = stream.read(_SAMPLE)
        encoding, guessed = encoding_of(sample, dialect.encoding)
        # before any of it is read as a table: what a person should do is said of the file, not of its first cell
        _refuse_other_text(sample, encoding, stream.name)
        self._lines = _Lines(stream, sample, encoding, guessed)
        for _ in range(dialect.skip_lines):
            next(self._lines, None)
        # a line that spreadsheets write for themselves: it names the delimiter, and is no header
        hint = re.fullmatch("sep=(.)[\r\n]*", "".join(self._lines.ahead(1)), re.IGNORECASE)
        if hint:
            next(self._lines)
        delimiter = dialect.delimiter or (hint and hint[1])
        if not delimiter:
            delimiter = _delimiter(self._lines.ahead(50), dialect.quote, expected)
        self._records = csv.reader(
            self._lines,
            delimiter=delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            strict=True,
        )
        self.form = f"table, {encoding}{' (guessed)' if guessed else ''}, delimiter {delimiter!r}"
        self._delimiter, self._quote, self._surplus = (
            delimiter,
            dialect.quote or "\0",
            dialect.surplus,
        )
        self.header = self._read_header(expected, dialect.header_lines)
        # possessive, so that a long line without a quotation mark at its end is tried once and not in every way
        sign, mark = re.escape(delimiter), re.escape(self._quote)
        cell = f"(?:{mark}(?:[^{mark}]|{mark}{mark})*+{mark}|[^{mark}{sign}]*+)"
        self._row = re.compile(f"{cell}(?:{sign}{cell}){{{len(self.header) - 1}}}")
        self._line = 0

    def position(self, row_number: int) -> str:
        """The record's number below the header, from 1, and the lines of the file on which it stands."""
        last_line = max(self._line, self._lines.number)
        return (
            f"row {row_number}, line {self._line}"
            if last_line == self._line
            else f"row {row_number}, lines {self._line}-{last_line}"
        )

    def __iter__(self) -> Iterator[Row | Broken]:
        """The records as rows. `InputError` where the table cannot be read any further.

        Where a quotation mark is not closed, the lines that it would swallow are read by themselves, from the first on
        that is a row.
        """
        header = self.header
        width = len(header)
        records, read_lines = self._records, self._lines
        while True:
            self._line = read_lines.number + 1
            read_lines.taken.clear()
            try:
                cells = next(records, None)
            except csv.Error as error:
                yield self._damaged(str(error))
                continue
            if cells is None:
                return
            # a mark that is never closed swallows rows to the next one: they would be lost without a word
            if len(read_lines.taken) > 1 and any(
                self._is_row(line) for line in read_lines.taken[1:-1]
            ):
                yield self._damaged("the cell holds whole rows")
            elif len(cells) == width:
                yield dict(zip(header, cells, strict=True))
            elif len(cells) > width and self._surplus:
                last_cell = self._delimiter.join(cells[width - 1 :])
                yield dict(zip(header, (*cells[: width - 1], last_cell), strict=True))
            elif cells:
                yield Broken(
                    f"{len(cells)} cells where the header has {width}; "
                    "put text that holds the delimiter or a line break in quotation marks",
                    orjson.dumps(cells),
                )

    def _damaged(self, problem: str) -> Broken:
        """The record that begins on the line taken first and cannot be read: up to the first line that is a row."""
        taken_lines = list(self._lines.taken)
        damaged = next(
            (
                number
                for number, line in enumerate(taken_lines)
                if number and self._is_row(line, certainly=False)
            ),
            len(taken_lines),
        )
        self._lines.give_back(taken_lines[damaged:])
        return Broken(
            f"the record cannot be read ({problem}): a quotation mark in it is not closed, or stands within a cell; "
            "close it, or double the quotation marks inside a cell",
            "".join(taken_lines[:damaged]).encode("utf-8", "replace"),
        )

    def _is_row(self, line: str, *, certainly: bool = True) -> bool:
        """Whether a line is a row by itself: it has the header's columns, and digits where the first line has them.

        Without `certainly`, a first line without digits speaks against none.
        """
        line = line.rstrip("\r\n")
        if not self._row.fullmatch(line):
            return False
        cells = line.split(self._delimiter)
        # cells before the open mark alone, for what follows belongs to the text in it
        first_cells = self._lines.taken[0].split(self._quote, 1)[0].split(self._delimiter)[:-1]
        same_digits = [
            bool(_DIGIT.search(cell))
            for cell, of_first in zip(cells, first_cells, strict=False)
            if _DIGIT.search(of_first)
        ]
        return all(same_digits) if same_digits else not certainly

    def _read_header(self, expected: Collection[str], header_lines: int) -> list[str]:
        try:
            cells = next((cells for cells in self._records if cells), None)
            if cells is not None and header_lines == 2:
                cells = joined(cells, next((below for below in self._records if below), []))
        except csv.Error as error:
            raise InputError(
                self._file, "line 1", f"the header cannot be read ({error})"
            ) from error
        if cells is None:
            raise InputError(
                self._file, "", "the file is empty; the first line must name the columns"
            )
        if len(cells) > _COLUMNS:
            raise InputError(
                self._file,
                f"line {self._lines.number}",
                f"the header has {len(cells)} columns, and a table may have {_COLUMNS}; is this the right file?",
            )
        header = named(cells)
        missing = [name for name in expected if name not in header]
        if missing:
            problem = "; ".join(
                f"there is no column '{name}'{nearest(name, header)}" for name in missing
            )
            raise InputError(
                self._file,
                f"line {self._lines.number}",
                f"{problem}. The columns are: {', '.join(header[:60])}{' …' if len(header) > 60 else ''}",
            )
        return header


class _Lines:
    """The text lines of a stream, ends kept, with the memory of one piece."""

    def __init__(self, stream: Stream, sample: bytes, encoding: str, guessed: bool) -> None:
        self._stream = stream
        self._encoding = encoding
        self._guessed = guessed
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._is_open = guessed and encoding == "utf-8" and sample.isascii()
        self._pieces = chain((sample,), iter(lambda: stream.read(_PIECE), b""), (b"",))
        self._ready: list[str] = []
        self._next = 0
        self._carry = ""
        self._count = 0
        self.number = 0
        """Lines taken so far."""
        self.taken: list[str] = []
        """The lines taken last, since whoever reads them cleared the list."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while self._next >= len(self._ready):
            self._fill()
        self._next += 1
        self.number += 1
        line = self._ready[self._next - 1]
        self.taken.append(line)
        return line

    def give_back(self, unread_lines: list[str]) -> None:
        """Take these lines again: they were taken last."""
        self.number -= len(unread_lines)
        self._count = self.number
        self._ready, self._next = [*unread_lines, *self._ready[self._next :]], 0

    def ahead(self, line_count: int) -> list[str]:
        """At most `line_count` of the lines that come next, as far as they are at hand, without taking them."""
        while self._next >= len(self._ready):
            try:
                self._fill()
            except StopIteration:
                return []
        return self._ready[self._next : self._next + line_count]

    def _fill(self) -> None:
        chunk = next(self._pieces, None)
        if chunk is None:
            raise StopIteration
        self._count += len(self._ready)
        try:
            decoded_text = self._decoded(chunk)
        except UnicodeDecodeError as error:
            preceding = error.object[: error.start].decode(self._encoding, "replace")
            line = self._count + max(1, len(_split(self._carry + preceding + "x")))
            raise self._not_written_so(line, f"byte 0x{error.object[error.start]:02x}") from error
        except (
            UnicodeError
        ) as error:  # a whole file can be none of an encoding, such as one without its mark
            raise self._not_written_so(self._count + 1, f"the text ({error})") from error
        # The last line is held back: it may go on in the next piece, or its line end may.
        ready = _split(self._carry + decoded_text)
        self._carry = ready.pop() if chunk and ready else ""
        self._ready, self._next = ready, 0
        if len(self._carry) > _BOUND:
            raise InputError(
                self._stream.name,
                f"line {self._count + len(ready) + 1}",
                f"the line is longer than {_BOUND:,} characters; is this the right file? Export it again",
            )

    def _decoded(self, chunk: bytes) -> str:
        """The text of a piece. Letters of ASCII alone tell of no encoding: the first others do, wherever they stand."""
        if self._is_open and not chunk.isascii():
            self._is_open = False
            self._encoding, _ = encoding_of(chunk)
            self._decoder = codecs.getincrementaldecoder(self._encoding)()
        return self._decoder.decode(chunk, final=not chunk)

    def _not_written_so(self, line: int, column_place: str) -> InputError:
        guessed = ", the encoding that the beginning of the file suggests" if self._guessed else ""
        return InputError(
            self._stream.name,
            f"line {line}",
            f"{column_place} is not {self._encoding}{guessed}; save the file as UTF-8 or declare its encoding in the "
            "mapping (table: {encoding: …})",
        )


def _split(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def named(cells: list[str]) -> list[str]:
    """The names of columns by their cells: each once, and none empty."""
    column_names: dict[str, None] = {}
    copies: dict[str, int] = {}
    for number, heading in enumerate(cells, 1):
        wished = column_name = heading.strip() or f"column {number}"
        # two columns of one name: the second would stand in the place of the first in each row
        while column_name in column_names:
            copies[wished] = copies.get(wished, 1) + 1
            column_name = f"{wished} {copies[wished]}"
        column_names[column_name] = None
    return list(column_names)


def _delimiter(beginning: list[str], quote: str, expected: Collection[str]) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        records = csv.reader(
            iter(beginning),
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        try:
            header = named(next((cells for cells in records if cells), [])[:_COLUMNS])
        except csv.Error:
            return (0, 0)
        # columns that must be there first: most cells alone would part texts that hold commas
        return (sum(name in header for name in expected), len(header))

    return max(DELIMITERS, key=score)


def _refuse_other_text(sample: bytes, encoding: str, file: str) -> None:
    sample_text = ""
    # what is none of the encoding is told when it is read
    with suppress(UnicodeError):
        sample_text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    if sample_text.lstrip().startswith("<"):
        raise InputError(
            file, "", "the file is XML or HTML, no table; export it as CSV, or name an XES mapping"
        )
    if "\0" in sample_text:
        raise InputError(
            file,
            "",
            "the file holds NUL characters and is no text table; export it as CSV in UTF-8",
        )


def lines_above(sample: bytes) -> tuple[int, int]:
    """The lines above the header of a table that begins so, and how many rows name its columns.

    No lines where nothing but blank ones or a hint for spreadsheets stands there.
    """
    encoding, _ = encoding_of(sample)
    text = sample.decode(encoding, "replace").lstrip("\ufeff")
    lines = io.StringIO(text, newline="").readlines()
    if len(lines) > 1:
        lines.pop()  # the last may be cut off
    starts, rows = max(
        (_records(lines, delimiter) for delimiter in DELIMITERS), key=lambda item: _regular(item[1])
    )
    number, header_lines = header_rows(rows)
    above = [row for row in rows[:number] if any(cell.strip() for cell in row)]
    hint = re.compile("sep=.?", re.IGNORECASE)
    return (starts[number] if any(not hint.fullmatch(row[0]) for row in above) else 0), header_lines


def _records(lines: Sequence[str], delimiter: str) -> tuple[list[int], list[list[str]]]:
    """The first records under a delimiter, with the number of lines that stand above each."""
    reader = csv.reader(lines, delimiter=delimiter)
    record_starts: list[int] = []
    first_rows: list[list[str]] = []
    while len(first_rows) < LOOKED_AT:
        record_start = reader.line_num
        try:
            record = next(reader, None)
        except csv.Error:
            break
        if record is None:
            break
        record_starts.append(record_start)
        first_rows.append(record)
    return record_starts or [0], first_rows or [[]]


def _regular(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many records have the usual number of cells, where that is more than one, and that number."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return count, width
