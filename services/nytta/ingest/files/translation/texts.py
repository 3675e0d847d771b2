"""Texts of a row's fields: without what stands for nothing, and written alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from nytta.ingest.files.rows import Broken, Row
from nytta.registry.texts import keyed

TextGetter = Callable[[Row], str | None]
"""The text of a row; None where the row says nothing."""


Shared = Mapping[tuple[str, str], Mapping[str, str]]
"""For a field and the field that names of what rows are: of what a row is → what the first such row says."""
_MOST: Final = 1_000_000
"""Things of several rows of which it is remembered what they share, so that a file cannot fill the memory."""


class Texts:
    """What gets texts of rows, where some texts stand for none."""

    def __init__(self, nulls: Iterable[str], shared: Shared | None = None) -> None:
        written_nulls = tuple(nulls)
        self._nulls = frozenset({"", *written_nulls, *map(keyed, written_nulls)})
        self._shared = shared or {}

    def of_field(self, field: str) -> TextGetter:
        """The text of one field."""
        nulls = self._nulls

        def get(row: Row) -> str | None:
            text = row.get(field)
            # before it is written alike, which costs more than most fields are worth
            if text is None or text in nulls:
                return None
            text = keyed(text)
            return None if text in nulls else text

        return get

    def of_shared(self, field: str, within: str) -> TextGetter:
        """The text of a field, or that of the first row of the file that is of the same."""
        own, name = self.of_field(field), self.of_field(within)
        others = self._shared.get((field, within), {})
        return lambda row: text if (text := own(row)) is not None else others.get(name(row) or "")

    def shared(self, rows: Iterable[Row | Broken], fields: Collection[tuple[str, str]]) -> Shared:
        """What rows that are of one thing share, by the first of them that says it."""
        found: dict[tuple[str, str], dict[str, str]] = {pair: {} for pair in fields}
        getters = [(found[pair], self.of_field(pair[0]), self.of_field(pair[1])) for pair in fields]
        for row in rows:
            if isinstance(row, Broken):
                continue
            for texts, field, name in getters:
                thing = name(row)
                if (
                    thing is not None
                    and thing not in texts
                    and len(texts) < _MOST
                    and (text := field(row)) is not None
                ):
                    texts[thing] = text
        return found

    def of_first(self, fields: tuple[str, ...]) -> TextGetter:
        """The text of the first of these fields that says something."""
        getters = [self.of_field(field) for field in fields]
        # most values come from one field, and this runs for every cell
        if len(getters) == 1:
            return getters[0]
        return lambda row: next(
            (text for getter in getters if (text := getter(row)) is not None), None
        )


def folded(getter: TextGetter, fold: Callable[[str], str]) -> TextGetter:
    """The text as `fold` makes it, where there is one."""

    def get(row: Row) -> str | None:
        text = getter(row)
        return None if text is None else fold(text)

    return get
