"""Ids of one file that look alike: two spellings of one person, unit, case or ticket would count as two.

They can be compared here alone, before ids become pseudonyms: the store holds nothing from which it could be seen, and
nothing of this is kept. So ids are compared within one file, never across files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = ("actor", "unit", "case", "ticket")
"""Fields of events that hold ids."""

_MOST: Final = 100_000
"""Different ids that are compared; those that come later are not."""
_LISTED: Final = 1_000
_BETWEEN: Final = re.compile(r"[\s\-_./\\:]+")
_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")
_SAME_SHAPE: Final = str.maketrans("oil|", "0111")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ids that look alike, each with the row in which it stands first."""

    kind: str
    first: str
    first_row: int
    second: str
    second_row: int


class Lookalikes:
    """The ids of a file, row by row."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.is_full = False
        """Whether there were more ids than are compared."""
        self._ids: set[tuple[str, str]] = set()
        self._first: dict[tuple[str, str], tuple[str, int]] = {}

    def add(self, events: Iterable[Mapping[str, Any]], row_number: int) -> None:
        """Take note of the ids of a row's events."""
        for event in events:
            data = event.get("data", {})
            for id_kind in KINDS:
                id_text = data.get(id_kind)
                if id_text and isinstance(id_text, str):
                    self._add(id_kind, id_text.lower() if "@" in id_text else id_text, row_number)

    def _add(self, id_kind: str, id_text: str, row_number: int) -> None:
        if (id_kind, id_text) in self._ids:
            return
        if len(self._ids) >= _MOST:
            self.is_full = True
            return
        self._ids.add((id_kind, id_text))
        first, first_row = self._first.setdefault((id_kind, shape(id_text)), (id_text, row_number))
        if first != id_text and len(self.pairs) < _LISTED:
            self.pairs.append(Pair(id_kind, first, first_row, id_text, row_number))

    def warning(self) -> str:
        """A sentence that names rows, and repeats no id; "" where nothing looks alike."""
        if not self.pairs:
            return ""
        pairs = ", ".join(
            f"{pair.first_row} and {pair.second_row} ({pair.kind})" for pair in self.pairs[:3]
        )
        more = " and more" if len(self.pairs) > 3 else ""
        return (
            f"{len(self.pairs)} ids look like another and count apart: see rows {pairs}{more}; nytta sources --alike "
            "lists them, and one spelling each puts it right"
        )


def shape(id_text: str) -> str:
    """What ids that look alike have in common.

    Capitals, white space and signs between parts, a dot at the end, the domain of an address and zeros in front are no
    difference; nor, beside digits, is O for 0 or I for 1. The order of letters is one: 12 is not 21.
    """
    plain = unicodedata.normalize("NFKC", id_text).casefold().partition("@")[0]
    name_parts = [name_part for name_part in _BETWEEN.split(plain) if name_part]
    shaped = [
        name_part.translate(_SAME_SHAPE) if any(sign.isdigit() for sign in name_part) else name_part
        for name_part in name_parts
    ]
    return "-".join(_ZEROS.sub("", name_part) for name_part in shaped) or plain
