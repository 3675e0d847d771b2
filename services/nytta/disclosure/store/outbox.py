"""Published values and signals that were not yet sent to those who listen: by publication, a counter remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nytta.ingest.store.private import PrivateStore


@dataclass(frozen=True, slots=True)
class Outbox:
    """A table of the open zone whose rows are told, and the counter of what was."""

    table: str
    counter: str

    def unsent(self, store: PrivateStore) -> tuple[list[dict[str, Any]], int]:
        """Rows that changed since the last were sent, and the number to remember when these are."""
        last_sent = store.counter(self.counter)
        unsent_rows = store.connection.dicts(
            f"SELECT * FROM {{open}}.{self.table} WHERE publication > {{sent:UInt64}} ORDER BY publication",
            sent=last_sent,
        )
        return unsent_rows, max(
            [last_sent, *(int(unsent_row["publication"]) for unsent_row in unsent_rows)]
        )

    def sent(self, store: PrivateStore, publication: int) -> None:
        """Remember that everything up to `publication` was sent."""
        store.raise_counter(self.counter, publication)


VALUES = Outbox("published_values", "values_sent")
SIGNALS = Outbox("published_signals", "signals_sent")
