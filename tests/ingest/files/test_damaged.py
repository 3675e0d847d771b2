"""One byte of an export changed, lost or added, anywhere: the ledger closes, and no row but the damaged one changes."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.ingest.files.draft import drafted
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import opened, read
from nytta.ingest.files.rows import Broken
from tests.ingest.files.exports import EXPORTS, Export
from tests.ingest.files.exports import given as one_of
from tests.ingest.files.test_workbook import workbook

_BY_NAME = {export.name: export for export in EXPORTS}
_LONG = one_of("Kommer inte in", "Två rader\nav text", 'Skrivare "A4"; trasig', "VPN, igen\n\noch igen")


def _with_breaks(name: str) -> Export:
    """The export with free text of several lines."""
    export = _BY_NAME[name]
    column = next(column for column in export.columns if column in ("short_description", "Beskrivning", "Rubrik"))
    return replace(export, name=f"breaks-{name}", columns={**export.columns, column: _LONG})


EXPORTED = {
    export.name: export
    for export in (
        *(_BY_NAME[name] for name in ("topdesk-incidents.csv", "public360-no.csv", "heroma.csv", "e-services.csv")),
        replace(_BY_NAME["personec.csv"], delimiter=";"),
        replace(_BY_NAME["topdesk-incidents.csv"], name="without-mark.csv", encoding="utf-8"),
        _with_breaks("servicenow-incident.csv"),
        _with_breaks("easit-artvise.csv"),
    )
}
"""Lists in cp1252, UTF-8 with and without mark, with commas and semicolons, some with line breaks in their cells."""


@dataclass(frozen=True)
class Ledger:
    """What became of the rows of a file."""

    spans: tuple[tuple[int, int], ...]
    """First and last line of each row."""
    refused: frozenset[int]
    """Numbers of rows of which something was refused."""
    events: tuple[tuple[int, str], ...]
    """The number of a row, and what one of its events says."""
    rows: int
    left_out: int


def ledger(path: Path, mapping: Mapping) -> Ledger:
    spans = []
    with opened(path, mapping) as (_, reader):
        for number, row in enumerate(reader, 1):
            place = reader.position(number)
            first, last = re.fullmatch(r"row \d+, lines? (\d+)(?:-(\d+))?", place).groups()  # type: ignore[union-attr]
            spans.append((int(first), int(last or first)))
            assert not isinstance(row, Broken) or row.detail
    events: list[tuple[int, str]] = []
    refused: set[int] = set()
    rows = left_out = 0
    for chunk in read(path, mapping):
        for line in chunk.ndjson.splitlines():
            event = json.loads(line)
            events.append((event.pop("sequence"), json.dumps(event, sort_keys=True)))
        refused |= {int(reject.position.split()[1].rstrip(",")) for reject in chunk.rejects}
        rows, left_out = chunk.rows, left_out + chunk.skipped
    return Ledger(tuple(spans), frozenset(refused), tuple(events), rows, left_out)


@cache
def whole(name: str) -> tuple[bytes, Mapping, Ledger]:
    """An export that nobody damaged, its mapping, and what its rows say."""
    content = EXPORTED[name].content()
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        mapping = mapping_of(drafted(look(path, name)), "org", "UTC", {"unit": "u", "system": "s"})
        return content, mapping, ledger(path, mapping)


def lines_of(content: bytes, encoding: str) -> int:
    return len(io.StringIO(content.decode(encoding, "replace"), newline="").readlines())


DAMAGE = st.tuples(
    st.sampled_from(("changed", "lost", "added")),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.sampled_from(list(b'";,\t\r\n\0 0\xc3\xe5\x81')), st.integers(0, 255)),
)


def damaged(content: bytes, damage: tuple[str, float, int]) -> tuple[bytes, int]:
    """The content with one byte damaged, and where."""
    kind, part, byte = damage
    place = int(part * len(content))
    new = b"" if kind == "lost" else bytes([byte])
    return content[:place] + new + content[place + (kind != "added") :], place


@pytest.mark.parametrize("name", EXPORTED)
@settings(max_examples=int(os.environ.get("NYTTA_DAMAGED", "12")), deadline=None)
@given(damage=DAMAGE)
def test_no_row_changes_but_the_damaged_one_and_those_that_are_named(name: str, damage: tuple[str, float, int]) -> None:
    content, mapping, before = whole(name)
    changed, place = damaged(content, damage)
    encoding = EXPORTED[name].encoding
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(changed)
        try:
            after = ledger(path, mapping)
        except InputError:
            return  # the file is refused as a whole, with where and why
    # every row is one of three, and every line belongs to one row
    assert after.rows == len(after.spans)
    numbers = {number for number, _ in after.events}
    assert len(numbers | after.refused) + after.left_out == after.rows
    text = io.StringIO(changed.decode(encoding, "replace"), newline="").readlines()
    above = text[: after.spans[0][0] - 1] if after.spans else text
    assert len([one for one in above if one.strip()]) <= 1  # the header is one line
    for (_, last), (first, _) in zip(after.spans, [*after.spans[1:], (len(text) + 1, 0)], strict=True):
        assert last < first
        assert not "".join(text[last : first - 1]).strip()
    # the lines of the damaged place, before and after
    line = lines_of(content[: place + 1], encoding)
    shift = len(text) - lines_of(content, encoding)
    touched = range(line - 1, line + 2 + max(shift, 0))
    said, named_lines = Counter(event for _, event in after.events), set[int]()
    for number in after.refused:
        first, last = after.spans[number - 1]
        named_lines.update(range(first, last + 1))
    for number, event in before.events:
        first, last = before.spans[number - 1]
        if any(one in touched for one in range(first, last + 1)):
            continue
        there = first if first < line else first + shift
        assert said[event] or there in named_lines, (number, event)
    known = {event for _, event in before.events}
    for number, event in after.events:
        first, last = after.spans[number - 1]
        if event not in known:
            assert any(one in touched for one in range(first, last + 1)), (number, event)


@settings(max_examples=int(os.environ.get("NYTTA_DAMAGED", "12")), deadline=None)
@given(damage=DAMAGE)
def test_a_damaged_workbook_is_read_as_it_was_or_refused(damage: tuple[str, float, int]) -> None:
    body, mapping, before = book()
    changed, _ = damaged(body, damage)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        path.write_bytes(changed)
        try:
            chunks = list(read(path, mapping))
        except InputError:
            return
    assert b"".join(chunk.ndjson for chunk in chunks) == before


@cache
def book() -> tuple[bytes, Mapping, bytes]:
    """The tickets of TOPdesk as a workbook, their mapping, and their events."""
    export = _BY_NAME["topdesk-incidents.csv"]
    rows: list[list[object]] = [list(export.columns)]
    rows += [[make(row) for make in export.columns.values()] for row in export.rows()]
    body = workbook(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        path.write_bytes(body)
        mapping = mapping_of(drafted(look(path, path.name)), "org", "UTC", {"system": "s"})
        return body, mapping, b"".join(chunk.ndjson for chunk in read(path, mapping))


def test_one_damaged_letter_makes_no_other_encoding_of_all(tmp_path: Path) -> None:
    content, mapping, before = whole("without-mark.csv")
    first = next(place for place, byte in enumerate(content) if byte > 0x7F)
    path = tmp_path / "without-mark.csv"
    path.write_bytes(content[:first] + b"?" + content[first + 1 :])
    with pytest.raises(InputError, match=r"line 2: byte 0x.. is not utf-8"):
        ledger(path, mapping)
    path.write_bytes(content.decode().encode("cp1252"))
    assert ledger(path, mapping).events == before.events
