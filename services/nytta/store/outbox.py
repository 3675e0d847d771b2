"""Published values that were not yet sent to those who listen: read by publication number, a counter remembers."""

from __future__ import annotations

from typing import Any

from nytta.store.private import PrivateStore

_SENT = "values_sent"


def unsent(store: PrivateStore) -> tuple[list[dict[str, Any]], int]:
    """Published values that changed since the last were sent, and the number to remember when these are."""
    sent = store.counter(_SENT)
    rows = store.connection.dicts(
        "SELECT * FROM {open}.published_values WHERE publication > {sent:UInt64} ORDER BY publication", sent=sent
    )
    return rows, max([sent, *(int(row["publication"]) for row in rows)])


def sent(store: PrivateStore, publication: int) -> None:
    """Remember that everything up to `publication` was sent."""
    store.raise_counter(_SENT, publication)
