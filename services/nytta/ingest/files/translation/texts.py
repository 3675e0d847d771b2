"""Texts of a row's fields: without what stands for nothing, and written alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nytta.ingest.files.rows import Row
from nytta.registry.texts import keyed

TextGetter = Callable[[Row], str | None]
"""The text of a row; None where the row says nothing."""


class Texts:
    """What gets texts of rows, where some texts stand for none."""

    def __init__(self, nulls: Iterable[str]) -> None:
        written_nulls = tuple(nulls)
        self._nulls = frozenset({"", *written_nulls, *map(keyed, written_nulls)})

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

    def of_first(self, fields: tuple[str, ...]) -> TextGetter:
        """The text of the first of these fields that says something."""
        getters = [self.of_field(field) for field in fields]
        # most values come from one field, and this runs for every cell
        if len(getters) == 1:
            return getters[0]
        return lambda row: next((text for getter in getters if (text := getter(row)) is not None), None)


def folded(getter: TextGetter, fold: Callable[[str], str]) -> TextGetter:
    """The text as `fold` makes it, where there is one."""

    def get(row: Row) -> str | None:
        text = getter(row)
        return None if text is None else fold(text)

    return get
