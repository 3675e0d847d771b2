"""A document as plain blocks, which every format renders in its own way; all text is ready in one language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a part."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `lead` is the one that says it all, `small` a note."""

    text: str
    style: Literal["plain", "lead", "small"] = "plain"


@dataclass(frozen=True, slots=True)
class Tiles:
    """A few figures with what they are and a line below each."""

    tiles: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: column titles, which of them hold figures, and rows of text. `widths` are relative."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[int, ...] = ()
    widths: tuple[float, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A numbered list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing (SVG) with the sentence that says what it shows."""

    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Break:
    """A new page."""


Block = Heading | Text | Tiles | Table | Items | Chart | Break


@dataclass(frozen=True, slots=True)
class Document:
    """Title, what it is about, where it comes from (`foot`, on each page), and blocks in order."""

    language: str
    title: str
    subtitle: str
    foot: str
    blocks: tuple[Block, ...] = field(default=())
