"""What pages are made of: tables, charts with their table, sentences. Small frozen models, ready in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nytta.registry.roles import Permission
from nytta.surfaces.console.words import say, word_or


class Refused(Exception):
    """A page that is not shown: the words `error_<key>` and `error_<key>_do` say what happened and what to do."""

    def __init__(self, status: int, key: str, **filled: object) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.filled = filled


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads somewhere, or plain text; `icon` is drawn before it."""

    text: str
    href: str = ""
    icon: str = ""
    level: int = 0
    note: str = ""


Cell = str | Link


@dataclass(frozen=True, slots=True)
class Table:
    """A table: caption, columns, which of them hold figures, rows; the first cell of a row names it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    figures: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the sentence that it shows, its name and description, its specification, and the same as a table."""

    id: str
    finding: str
    title: str
    description: str
    spec: Mapping[str, Any]
    table: Table
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with what it is, and a line below."""

    name: str
    figure: str
    note: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A page's model, and which reads of units' figures it stands for: they are logged before it is shown."""

    model: Any
    reads: tuple[tuple[Permission, str], ...] = field(default=())


def page_number(text: str) -> int:
    """A number of a page as a query names it. Refused where it is none."""
    try:
        return int(text)
    except ValueError:
        raise Refused(400, "bad_filter", what=text) from None


class Speaker:
    """Words in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, /, **filled: object) -> str:
        """The word or sentence `key`, filled in."""
        return say(key, self.language, **filled)

    def word_or(self, key: str, otherwise: str, /) -> str:
        """The word `key` where there is one, for names that come from outside; else `otherwise`."""
        return word_or(key, self.language, otherwise)

    def columns(self, *names: str) -> tuple[str, ...]:
        """The heads of a table's columns: the words `col_<name>`."""
        return tuple(self(f"col_{name}") for name in names)
