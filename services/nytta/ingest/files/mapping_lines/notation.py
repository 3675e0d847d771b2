"""How a file writes dates, numbers and nothing, and by what its rows are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.kinds import CASES, ENDS, LOG, STAFF, TICKETS, TRAINING, USE
from nytta.ingest.files.mapping_lines.fields import decided, has_row_of_its_own, quoted, yaml_list
from nytta.ingest.files.mapping_lines.read_columns import (
    columns_read,
    product_columns,
    unknown_channels,
)

_LETTERS: Final = re.compile(r"[A-Z]{1,3}")
"""Ids that count in letters, as a spreadsheet counts its columns."""


_KEYS: Final = {
    STAFF: ("person", "unit", "from"),
    TICKETS: ("series", "ticket"),
    CASES: ("series", "case"),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "app", "at"),
    LOG: (),
}


def notation(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """How the file writes dates and numbers, and by what its rows are known."""
    date_orders = decided(draft.dates, answered)
    if date_orders is None:
        yield "# dates: {order: day-first}  # or month-first? Nothing in the file decides; until then rows are rejected"
    elif date_orders.formats:
        yield f"dates: {{formats: {yaml_list(date_orders.formats)}}}"
    elif date_orders != Notation():
        years = ", years: two" if date_orders.years == "two" else ""
        yield f"dates: {{order: {date_orders.order}{years}}}"
    if nulls := _nulls(draft):
        yield f"nulls: {yaml_list(nulls)}"
    if draft.look.records:
        yield f"records: {quoted(draft.look.records)}"
    if draft.look.form == "table" and (table := list(_table(draft))):
        yield f"table: {{{', '.join(table)}}}"
    keys = [draft.fields[role] for role in _KEYS[draft.kind] if role in draft.fields]
    if product_columns(draft):
        keys = [draft.fields["person"]]
    # several rows of a ticket or case have no identity that one of them could bear
    if draft.kind in (TICKETS, CASES) and not has_row_of_its_own(draft, keys[-1]):
        return
    if keys:
        yield f"source: {answered.get('source', answered.get('id', draft.kind))}"
        yield f"identity: {yaml_list(keys)}"
        yield "snapshot: true"


def _nulls(draft: Draft) -> list[str]:
    """Texts that stand for nothing in the columns that are read."""
    cell_texts = {
        cell_text.strip() for column in columns_read(draft) for cell_text in draft.texts(column)
    }
    null_texts = {
        cell_text for cell_text in cell_texts if cell_text and cell_text.lower() in cells.MOST_NULL
    } - _ids_like_nulls(draft)
    return sorted(
        null_texts | set(draft.no_dates) | _words_of_no_end(draft) | unknown_channels(draft)
    )


def _ids_like_nulls(draft: Draft) -> set[str]:
    """Ids of cases, such as NA between MZ and NB, by which no other column that is read says that it has nothing."""
    column = draft.fields.get("case", "")
    ids = {cell_text.strip() for cell_text in draft.look.cells(column)}
    if not ids or not all(_LETTERS.fullmatch(cell_text) for cell_text in ids):
        return set()
    others = columns_read(draft) - {column}
    return ids - {
        cell_text.strip() for other_column in others for cell_text in draft.look.cells(other_column)
    }


def _words_of_no_end(draft: Draft) -> set[str]:
    """Words in columns of ends that say that there is none, unless another column means something by them."""
    end_columns = {column for role, column in draft.fields.items() if role in ENDS}
    unknown_words = {
        cell_text
        for column in end_columns
        for cell_text in cells.filled(draft.texts(column))
        if cells.says_no_end(cell_text)
    }
    other_columns = columns_read(draft) - end_columns
    return unknown_words - {
        cell_text.strip() for column in other_columns for cell_text in draft.look.cells(column)
    }


def _table(draft: Draft) -> Iterator[str]:
    look = draft.look
    read_columns = columns_read(draft)
    objects = [
        column
        for column in look.objects
        if any(name.startswith(f"{column}/") for name in read_columns)
    ]
    if objects:
        yield f"objects: {yaml_list(objects)}"
    if cells.decimal_mark([look.cells(column) for column in look.columns]) == ",":
        yield 'decimal: ","'
    if look.above:
        yield f"skip_lines: {look.above}"
    if look.header_lines > 1:
        yield f"header_lines: {look.header_lines}"
