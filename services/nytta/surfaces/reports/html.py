"""A document as one HTML page that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from nytta.surfaces.reports.document import Document

FONT = "system-ui, sans-serif"
"""The font of charts on a page."""

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(document: Document) -> str:
    """The document as HTML; tables beside charts say the same in text."""
    blocks = [(type(block).__name__.lower(), block) for block in document.blocks]
    return _PAGES.get_template("report.html.j2").render(
        document=document, blocks=blocks, Markup=Markup
    )
