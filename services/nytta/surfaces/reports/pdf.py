"""A document as PDF, set by Typst with its own fonts: the same document gives the same bytes on every machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nytta.surfaces.reports.document import Document

FONT = "Libertinus Serif"
"""The font of the page and of its charts; it comes with the library."""

_TEMPLATE = Path(__file__).with_name("report.typ")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def pdf(document: Document) -> bytes:
    """The document as a tagged PDF whose text can be searched."""
    import typst  # a compiler, for whoever asks for a PDF

    compiled: object = typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs=_inputs(document),
        ignore_system_fonts=True,
        timestamp=_EPOCH,
    )
    return compiled if isinstance(compiled, bytes) else b""


def pages(document: Document, ppi: float = 80) -> list[bytes]:
    """Each page as a PNG, to be looked at."""
    import typst

    compiled: object = typst.compile(
        _TEMPLATE.read_bytes(),
        format="png",
        ppi=ppi,
        sys_inputs=_inputs(document),
        ignore_system_fonts=True,
    )
    return [
        page
        for page in (compiled if isinstance(compiled, list) else [compiled])
        if isinstance(page, bytes)
    ]


def _inputs(document: Document) -> dict[str, str]:
    blocks = [{"kind": type(block).__name__.lower()} | _plain(block) for block in document.blocks]
    return {"document": msgspec.json.encode(_plain(document) | {"blocks": blocks}).decode()}


def _plain(element: object) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(element)
    return plain
