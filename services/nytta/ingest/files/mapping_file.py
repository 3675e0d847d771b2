"""A mapping's YAML, in which every value is text: `no` stays a word, and an empty text an empty text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nytta.registry import nodes
from nytta.registry.problems import Problem

Path = tuple[str | int, ...]
"""Keys and positions from the top of the document to a value."""


@dataclass(slots=True)
class Document:
    """The texts, lists and mappings of one YAML document, and what is wrong with them."""

    file: str
    root: nodes.Node | None
    problems: list[Problem]

    @property
    def data(self) -> Any:
        """The document's value; None where it could not be read."""
        return self.root.plain() if self.root else None

    def line(self, path: Path) -> int:
        """The line, from 1, of the value at `path` or of the nearest value around it."""
        return self.root.at(*path) if self.root else 1

    def add(self, path: Path, message: str) -> None:
        """Note a problem at `path`."""
        self.problems.append(Problem(self.file, self.line(path), message))


def parse(text: str, file: str) -> Document:
    """The YAML document `text`. What is wrong with it is in its `problems`."""
    return Document(file, *nodes.parse(text, file, null_words=frozenset()))
