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


def sheets(rows: Sequence[dict[str, Any]], document: Document) -> list[Sheet]:
    """The register from its rows, with titles in the document's language, and each table of the appendix."""
    language = document.language
    names = list(rows[0]) if rows else []
    register = Sheet(
        say("register", language),
        [say(f"column_{name}", language) for name in names],
        [[_cell(name, row[name]) for name in names] for row in rows],
        note=f"{document.subtitle}. {document.foot}",
    )
    return [register, *_appendix(document)]


def _cell(name: str, value: Any) -> Any:
    if name in _DAYS:
        return date.fromisoformat(value) if value else None
    if name in _SHARES and value is not None:
        return Number(value / 100, "0.0%")
    return value


def _appendix(document: Document) -> Iterator[Sheet]:
    """The tables after the last page break but the register, each under its heading with the texts between both."""
    blocks = list(document.blocks)
    begin = max((place for place, block in enumerate(blocks) if isinstance(block, Break)), default=len(blocks))
    heading, texts = "", list[str]()
    for block in blocks[begin:]:
        if isinstance(block, Heading):
            if texts:
                yield Sheet(heading, (heading,), [(text,) for text in texts])
            heading, texts = block.text, []
        elif isinstance(block, Text):
            texts.append(block.text)
        elif isinstance(block, Table):
            if heading != say("register", document.language):
                yield Sheet(heading, block.columns, block.rows, block.figures, " ".join(texts))
            texts = []
    if texts:
        yield Sheet(heading, (heading,), [(text,) for text in texts])
