"""Pages by (changed time, id): what moves while it is read is met again, and no second is too full for a page.

Pages by number lose rows when rows before them change, and a plain "later than the last time" loses the rest of a
second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nytta.ingest.pull.ask import PullError
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
    the last one of a source that does not count: it may change faster than it is read. PullError where rows do not come
    in order.
    """
    while True:
        fetched = fetch(place)
        for _ in range(_LOOKS):
            if fetched.rows or fetched.total == 0:
                break
            fetched = fetch(place)
        if not fetched.rows:
            if fetched.total:
                yield (), Place(place.since, place.after, fetched.total)
            return
        keys = [(changed(row), id_of(row)) for row in fetched.rows]
        if keys != sorted(keys) or (place.after and keys[0] <= (place.since, place.after)):
            raise PullError(
                "the source's rows do not come in the order that was asked for: nothing of the page is taken"
            )
        place = Place(*keys[-1])
        yield fetched.rows, place
        if len(fetched.rows) < full if fetched.total is None else fetched.total <= len(fetched.rows):
            return
