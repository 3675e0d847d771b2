"""Pages by (changed time, id): what moves while it is read is met again, and no second is too full for a page.

Pages by number lose rows when rows before them change, and a plain "later than the last time" loses the rest of a
second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nytta.ingest.pull.ask import PullError, read_json
from nytta.ingest.pull.source import Place

OVERLAP_SECONDS: Final = 300
"""So far before the last row a round begins again: transactions are seen late."""
_LOOKS: Final = 4

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page, and how many rows there were from its place on, where the source tells."""

    rows: Sequence[Row]
    total: int | None


def pages(
    fetch: Callable[[Place], Fetched],
    place: Place,
    changed: Callable[[Row], str],
    id_of: Callable[[Row], str],
    full: int = 0,
) -> Iterator[tuple[Sequence[Row], Place]]:
    """Pages from `place` on until the source has no more, each with the place after it.

    An empty page is the end only where the source counts nothing more, or, where it does not count, says so again and
    again; what it counts and does not show is hidden from us, which the place says. A page of fewer than `full` rows is
    the last one of a source that does not count: it may change faster than it is read. A row without an id or a time,
    for which `id_of` or `changed` is '', is passed on, to be rejected for itself. PullError where rows do not come in
    order, or no row of a page has a place in it.
    """
    while True:
        fetched = fetch(place)
        # a page may be empty while a source writes; that it is the end is believed when it says so again
        for _ in range(_LOOKS):
            if fetched.rows or fetched.total == 0:
                break
            fetched = fetch(place)
        if not fetched.rows and fetched.rows != []:
            raise PullError(
                "the source's answer holds no list of rows: check the address and the system's version"
            )
        if not fetched.rows:
            if fetched.total:
                yield (), Place(place.since, place.after, fetched.total)
            return
        keys = _keys(fetched.rows, changed, id_of)
        # a place after rows out of order would leave out those that come behind it
        if keys != sorted(keys) or (place.after and keys[0] <= (place.since, place.after)):
            raise PullError(
                "the source's rows do not come in the order that was asked for: nothing of the page is taken"
            )
        place = Place(*keys[-1])
        yield fetched.rows, place
        if (
            len(fetched.rows) < full
            if fetched.total is None
            else fetched.total <= len(fetched.rows)
        ):
            return


def _keys(
    source_rows: Sequence[Row], changed: Callable[[Row], str], id_of: Callable[[Row], str]
) -> list[tuple[str, str]]:
    """The places of rows that have one. PullError where none has."""
    if not isinstance(source_rows, list) or not all(
        isinstance(source_row, dict) for source_row in source_rows
    ):
        raise PullError(
            "the source's answer holds no list of rows: check the address and the system's version"
        )
    keys = [(changed(source_row), id_of(source_row)) for source_row in source_rows]
    # a source without times is read by ids alone
    tells_times = any(time for time, _ in keys)
    keys = [(time, row_id) for time, row_id in keys if row_id and (time or not tells_times)]
    if not keys:
        raise PullError(
            "no row of a page says its id and when it changed: may the account read these fields?"
        )
    return keys


def text(source_row: Row, field_name: str) -> str:
    """A field of a row as a text; '' where it says nothing."""
    value = source_row.get(field_name)
    return "" if value is None else str(value)


def changed_time(source_row: Row, name: str, read: Callable[[str], datetime]) -> str:
    """The time of a field as the source writes it, '' where it says nothing.

    PullError where `read` does not understand it: a round could not begin there.
    """
    time = text(source_row, name)
    try:
        if time:
            read(time)
    except ValueError as error:
        raise PullError(
            f"{name} is not written as the interface documents it: look whether values for display are sent in its "
            "place; nothing of the page is taken"
        ) from error
    return time


def reached(rows: Sequence[Row], changed: Callable[[Row], str], cursor: str, latest: str) -> str:
    """From where the next round goes on: the latest time of rows up to `latest`, the source's now; else the cursor.

    A row may bear any time, such as the end of 9999: if the next round began there, all changes until then were missed.
    """
    return max([cursor, *(time for time in map(changed, rows) if time <= latest)])


def whole(body: bytes) -> Any:
    """An answer. ValueError where a transaction was broken off: then a part of the rows comes, and an error beside."""
    document = read_json(body)
    if isinstance(document, dict) and document.get("error"):
        raise ValueError("only a part")
    return document
