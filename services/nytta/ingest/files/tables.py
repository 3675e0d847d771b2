"""Tables as text: CSV, TSV and their relatives. One row per record below the header, by column name.

The encoding is the byte order mark's, else the declared one, else UTF-8 where the beginning of the file is
UTF-8, else Windows-1252. The delimiter is the declared one, else the one under which the header holds most of
the expected columns. A second column of the same name is called "Name 2", a third "Name 3"; a column without
a name is "column 4".
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import orjson

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken, Row
from nytta.registry.problems import nearest

DELIMITERS = ",;\t|"
"""What separates cells, in the order in which a tie is decided."""

_SAMPLE = 1 << 16
_PIECE = 1 << 16
_BOUND = 4 << 20
_COLUMNS = 10_000


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


class TableReader:
    """The records of one table.

    Refused with `InputError`: a workbook or other binary file, bytes that are not of the encoding, a line of
    more than 4 Mi characters, a cell of more than 131,072, more than 10,000 columns, a quotation that is never
    closed, a header without an expected column. A record with too few or too many cells, or with a stray quotation
    mark, is yielded as `Broken`.
    """

    def __init__(self, stream: Stream, dialect: Dialect, expected: Collection[str] = ()) -> None:
        """`stream` stands at its beginning and is read once. `expected` are columns that must be there."""
        self._file = stream.name
        sample = stream.read(_SAMPLE)
        _refuse_binary(sample, stream.name)
        encoding, guessed = _encoding(sample, dialect.encoding)
        _refuse_other_text(sample, encoding, stream.name)
        self._lines = _Lines(stream, sample, encoding, guessed)
        for _ in range(dialect.skip_lines):
            next(self._lines, None)
        self._skipped = dialect.skip_lines
        hint = re.fullmatch("sep=(.)[\r\n]*", "".join(self._lines.ahead(1)), re.IGNORECASE)
        if hint:
            next(self._lines)
            self._skipped += 1
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
        self._delimiter, self._surplus = delimiter, dialect.surplus
        self.header = self._read_header(expected)
        self._line = 0

    def position(self, number: int) -> str:
        """The record's number below the header, from 1, and the line of the file on which it begins."""
        return f"row {number}, line {self._line}"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The records as rows. `InputError` where the table cannot be read any further."""
        header = self.header
        width = len(header)
        records = self._records
        skipped = self._skipped
        while True:
            self._line = skipped + records.line_num + 1
            try:
                cells = next(records, None)
            except csv.Error as error:
                yield self._broken(error)
                continue
            if cells is None:
                return
            if len(cells) == width:
                yield dict(zip(header, cells, strict=True))
            elif len(cells) > width and self._surplus:
                last = self._delimiter.join(cells[width - 1 :])
                yield dict(zip(header, (*cells[: width - 1], last), strict=True))
            elif cells:
                yield Broken(
                    f"{len(cells)} cells where the header has {width}; "
                    "put text that holds the delimiter or a line break in quotation marks",
                    orjson.dumps(cells),
                )

    def _read_header(self, expected: Collection[str]) -> list[str]:
        try:
            cells = next((cells for cells in self._records if cells), None)
        except csv.Error as error:
            raise InputError(self._file, "line 1", f"the header cannot be read ({error})") from error
        if cells is None:
            raise InputError(self._file, "", "the file is empty; the first line must name the columns")
        if len(cells) > _COLUMNS:
            raise InputError(
                self._file,
                f"line {self._skipped + self._records.line_num}",
                f"the header has {len(cells)} columns, and a table may have {_COLUMNS}; is this the right file?",
            )
        header = _named(cells)
        missing = [name for name in expected if name not in header]
        if missing:
            told = "; ".join(f"there is no column '{name}'{nearest(name, header)}" for name in missing)
            raise InputError(
                self._file,
                f"line {self._skipped + self._records.line_num}",
                f"{told}. The columns are: {', '.join(header[:60])}{' …' if len(header) > 60 else ''}",
            )
        return header

    def _broken(self, error: csv.Error) -> Broken:
        text = str(error)
        if "field larger" in text or "unexpected end" in text:
            raise InputError(
                self._file,
                f"line {self._line}",
                "a quotation mark opened in this record is not closed; close it, or export the file again",
            ) from error
        return Broken(f"the record cannot be read: {text}; double the quotation marks inside a cell", self._lines.last)


class _Lines:
    """The text lines of a stream, ends kept, with the memory of one piece."""

    def __init__(self, stream: Stream, sample: bytes, encoding: str, guessed: bool) -> None:
        self._stream = stream
        self._encoding = encoding
        self._guessed = guessed
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._pieces = chain((sample,), iter(lambda: stream.read(_PIECE), b""), (b"",))
        self._ready: list[str] = []
        self._next = 0
        self._carry = ""
        self._count = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while self._next >= len(self._ready):
            self._fill()
        self._next += 1
        return self._ready[self._next - 1]

    def ahead(self, count: int) -> list[str]:
        """At most `count` of the lines that come next, as far as they are at hand, without taking them."""
        while self._next >= len(self._ready):
            try:
                self._fill()
            except StopIteration:
                return []
        return self._ready[self._next : self._next + count]

    @property
    def last(self) -> bytes:
        """The line that was taken last, in UTF-8."""
        return self._ready[self._next - 1].encode() if self._next else b""

    def _fill(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise StopIteration
        self._count += len(self._ready)
        try:
            text = self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self._encoding, "replace")
            line = self._count + max(1, len(_split(self._carry + before + "x")))
            raise self._not_written_so(line, f"byte 0x{error.object[error.start]:02x}") from error
        except UnicodeError as error:  # a whole file can be none of an encoding, such as one without its mark
            raise self._not_written_so(self._count + 1, f"the text ({error})") from error
        # The last line is held back: it may go on in the next piece, or its line end may.
        ready = _split(self._carry + text)
        self._carry = ready.pop() if piece and ready else ""
        self._ready, self._next = ready, 0
        if len(self._carry) > _BOUND:
            raise InputError(
                self._stream.name,
                f"line {self._count + len(ready) + 1}",
                f"the line is longer than {_BOUND:,} characters; is this the right file? Export it again",
            )

    def _not_written_so(self, line: int, what: str) -> InputError:
        guessed = ", the encoding that the beginning of the file suggests" if self._guessed else ""
        return InputError(
            self._stream.name,
            f"line {line}",
            f"{what} is not {self._encoding}{guessed}; save the file as UTF-8 or declare its encoding in the mapping "
            "(table: {encoding: …})",
        )


def _split(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def _named(cells: list[str]) -> list[str]:
    names: dict[str, None] = {}
    copies: dict[str, int] = {}
    for number, cell in enumerate(cells, 1):
        wished = name = cell.strip() or f"column {number}"
        while name in names:
            copies[wished] = copies.get(wished, 1) + 1
            name = f"{wished} {copies[wished]}"
        names[name] = None
    return list(names)


def _encoding(sample: bytes, declared: str | None) -> tuple[str, bool]:
    """The encoding's name, and whether it is a guess."""
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", False
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    if declared is not None:
        return declared, False
    if sample[1:2] == b"\0" and sample[:1] != b"\0":
        return "utf-16-le", True
    if sample[:1] == b"\0" and sample[1:2] != b"\0":
        return "utf-16-be", True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        # Two good sequences of several bytes before the bad one are no accident: it is UTF-8 with a damaged
        # place.
        before = error.object[: error.start].decode("utf-8")
        return ("utf-8", True) if sum(not c.isascii() for c in before) > 1 else ("cp1252", True)
    return "utf-8", True


def _delimiter(beginning: list[str], quote: str, expected: Collection[str]) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        records = csv.reader(
            iter(beginning),
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        try:
            header = _named(next((cells for cells in records if cells), [])[:_COLUMNS])
        except csv.Error:
            return (0, 0)
        return (sum(name in header for name in expected), len(header))

    return max(DELIMITERS, key=score)


def _refuse_binary(sample: bytes, file: str) -> None:
    what = ""
    if sample.startswith(b"PK\x03\x04"):
        workbook = b"[Content_Types].xml" in sample or b"xl/" in sample
        what = "an Excel workbook" if workbook else "a zip archive"
    elif sample.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        what = "an Excel workbook of the old form (xls)"
    elif sample.startswith(b"%PDF"):
        what = "a PDF document"
    if what:
        remedy = "unpack it" if "zip" in what else "open it there and save it as 'CSV UTF-8'"
        raise InputError(file, "", f"the file is {what}, whatever its name says; {remedy} and import that")


def _refuse_other_text(sample: bytes, encoding: str, file: str) -> None:
    text = ""
    with suppress(UnicodeError):  # what is none of the encoding is told when it is read
        text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    if text.lstrip().startswith("<"):
        raise InputError(file, "", "the file is XML or HTML, no table; export it as CSV, or name an XES mapping")
    if "\0" in text:
        raise InputError(file, "", "the file holds NUL characters and is no text table; export it as CSV in UTF-8")
