"""A view of a database, for the many systems without an interface of events: rows by changed time and key.

Nothing is written there, and only named columns are fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import Field

from nytta.ingest.pull.ask import Ask, PullError
from nytta.ingest.pull.database import (
    View,
    begun,
    connected,
    is_past,
    key_of,
    latest,
    plain,
    rows,
    told_time,
)
from nytta.ingest.pull.source import Finding, Findings, Page, SourceSettings


class SqlSettings(SourceSettings):
    """`view` has the rows, `columns` are fetched, `changed` grows with each change of a row, and `key` names it.

    `complete` says that the view has every row there is, so that what it lacks is taken back.
    """

    view: str = Field(pattern=r"^\w+(\.\w+)?$")
    columns: tuple[str, ...] = Field(min_length=1)
    changed: str = Field(min_length=1)
    key: str = Field(min_length=1)
    complete: bool = False
    page: int = Field(default=2000, ge=1, le=50_000)


class Sql:
    """One view of one database."""

    mappings: ClassVar[tuple[str, ...]] = ()
    fetched: ClassVar[tuple[str, ...]] = ()
    not_fetched: ClassVar = ("*",)

    def __init__(self, settings: SqlSettings) -> None:
        self._view = View(
            settings.view, settings.columns, settings.changed, settings.key, settings.page
        )
        self._complete = settings.complete
        self.fetched = tuple(dict.fromkeys((*settings.columns, settings.changed, settings.key)))  # type: ignore[misc]

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """Rows changed since `cursor`, by the column of changes."""
        last_place, last_key = begun(cursor), None
        with connected(ask) as connection:
            if number := len(rows(connection, self._view.untimed())):
                note = f"{number} rows say nothing in {self._view.changed} and are not read: let the view fill it"
                yield Page({}, cursor, number, note)
            while rows_read := rows(connection, self._view.changes(last_place, last_key)):
                last_place, last_key = (
                    rows_read[-1][self._view.changed],
                    key_of(rows_read[-1], self._view),
                )
                past = [
                    view_row
                    for view_row in rows_read
                    if is_past(view_row[self._view.changed], ask.clock())
                ]
                cursor = latest(cursor, past[-1][self._view.changed]) if past else cursor
                repeated = _repeated(rows_read, self._view)
                yield Page(
                    {"sql": [plain(view_row) for view_row in rows_read]},
                    cursor,
                    repeated,
                    self._note(repeated),
                )
                if len(rows_read) < self._view.page:
                    # what changed meanwhile is for the next round
                    return

    def _note(self, repeated: int) -> str:
        if not repeated:
            return ""
        return (
            f"{repeated} rows bear the {self._view.key} of another row, and one stands for both: name a key that only "
            "one row has, or let the view join fewer tables"
        )

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]] | None:
        """The keys of all rows, where the view is complete."""
        return self._keys(ask) if self._complete else None

    def _keys(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        last_key = None
        with connected(ask) as connection:
            while keys_read := rows(connection, self._view.keys(last_key)):
                last_key = key_of(keys_read[-1], self._view)
                yield [plain(view_row) for view_row in keys_read]

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether the view can be read, and how the database's clock stands where it tells it with an offset."""
        try:
            with connected(ask) as connection:
                rows(connection, self._view.changes(None, None).limit(1))
                clock = told_time(connection)
        except PullError as error:
            return Findings((Finding(self._view.name, False, str(error)),))
        return Findings(
            (Finding(self._view.name, True),),
            (clock - current_time).total_seconds() if clock else None,
        )


def _repeated(view_rows: Sequence[dict[str, Any]], view: View) -> int:
    """How many rows have key and change of the row before them."""
    places = [(view_row[view.changed], view_row[view.key]) for view_row in view_rows]
    return sum(place == earlier for earlier, place in pairwise(places))
