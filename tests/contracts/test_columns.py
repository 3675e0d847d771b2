"""Two sources only for a column: the event models or subjects, and the migration. Here their edges meet."""

from __future__ import annotations

import pytest

from nytta.indicators.subjects import STORED, Subject
from nytta.ingest.events.columns import COLUMNS
from nytta.ingest.store.private import PrivateStore

WRITER = {"batch", "import", "snapshot"}
ROUND = {"version", "is_deleted"}


def columns(store: PrivateStore, table: str) -> set[str]:
    return {row[0] for row in store.connection.rows(f"DESCRIBE TABLE {{private}}.{table}") if row[2] != "MATERIALIZED"}


def test_events_have_the_columns_of_a_batch(store: PrivateStore) -> None:
    assert columns(store, "events") == set(COLUMNS) | WRITER


@pytest.mark.parametrize("subject", STORED, ids=lambda s: str(s.name))
def test_subjects_have_the_columns_they_document(store: PrivateStore, subject: Subject) -> None:
    assert columns(store, subject.table) == set(subject.stored) | ROUND


def test_every_content_column_takes_part_in_the_content_hash(store: PrivateStore) -> None:
    described = store.connection.rows("DESCRIBE TABLE {private}.events")
    expression = next(row[3] for row in described if row[0] == "content")
    own = set(COLUMNS) - {"source", "id", "kind", "received_at"}
    assert [name for name in sorted(own) if name not in expression] == []
