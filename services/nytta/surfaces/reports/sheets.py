"""The register of benefits and the appendix of a report as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from nytta.surfaces.reports.document import Break, Document, Heading, Table, Text
from nytta.surfaces.reports.words import say
from nytta.surfaces.workbooks import Number, Sheet

_DAYS: Final = ("due", "week")
_SHARES: Final = ("realised", "forecast", "forecast_low", "forecast_high")
"""Columns in percent."""


def sheets(statement_rows: Sequence[dict[str, Any]], document: Document) -> list[Sheet]:
    """The register from its rows, with titles in the document's language, and each table of the appendix."""
    language = document.language
    column_names = list(statement_rows[0]) if statement_rows else []
    register = Sheet(
        say("register", language),
        [say(f"column_{column_name}", language) for column_name in column_names],
        [
            [_cell(column_name, statement_row[column_name]) for column_name in column_names]
            for statement_row in statement_rows
        ],
        note=f"{document.subtitle}. {document.foot}",
    )
    return [register, *_appendix(document)]


def _cell(column_name: str, cell_value: Any) -> Any:
    if column_name in _DAYS:
        return date.fromisoformat(cell_value) if cell_value else None
    if column_name in _SHARES and cell_value is not None:
        return Number(cell_value / 100, "0.0%")
    return cell_value


def _appendix(document: Document) -> Iterator[Sheet]:
    """The tables after the last page break but the register, each under its heading with the texts between both."""
    blocks = list(document.blocks)
    begin = max(
        (place for place, block in enumerate(blocks) if isinstance(block, Break)),
        default=len(blocks),
    )
    heading, block_texts = "", list[str]()
    for block in blocks[begin:]:
        if isinstance(block, Heading):
            if block_texts:
                yield Sheet(heading, (heading,), [(block_text,) for block_text in block_texts])
            heading, block_texts = block.text, []
        elif isinstance(block, Text):
            block_texts.append(block.text)
        elif isinstance(block, Table):
            if heading != say("register", document.language):
                yield Sheet(
                    heading, block.columns, block.rows, block.figures, " ".join(block_texts)
                )
            block_texts = []
    if block_texts:
        yield Sheet(heading, (heading,), [(block_text,) for block_text in block_texts])
