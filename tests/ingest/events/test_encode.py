"""Encoding is the opposite of decoding: the same columns come back, whatever the type of event."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.demo.bulk import bulk
from nytta.ingest.events import COLUMNS, DEFAULTS, TYPES, Channel, Pseudonymiser, decode, to_ndjson
from nytta.ingest.events.encode import encode
from nytta.ingest.events.examples import full
from nytta.registry import declarations

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
KEY = Pseudonymiser("k1", bytes(16))
EXAMPLES = sorted((declarations.schemas() / "events" / "examples" / "accepted").glob("*.json"))


def body(path: Path) -> bytes:
    held = orjson.loads(path.read_bytes())
    return orjson.dumps(held.get("event", held))


def rows(events: pa.Table) -> list[dict[str, Any]]:
    """Every column of every event, in order of identity and content."""
    whole = [{n: row.get(n, DEFAULTS[n]) for n in COLUMNS} for row in events.to_pylist()]
    for row in whole:
        row["attributes"] = sorted(row["attributes"])
    return sorted(whole, key=repr)


def again(events: pa.Table) -> pa.Table:
    batch = decode(b"".join(encode(events)), received_at=NOW, pseudonymise=None)
    assert batch.rejects == ()
    return batch.table


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: str(p.stem))
def test_an_example_comes_back(path: Path) -> None:
    first = decode(body(path), received_at=NOW, pseudonymise=KEY)
    assert len(first) == 1, first.rejects
    assert rows(again(first.table)) == rows(first.table)


def test_every_type_has_an_example() -> None:
    assert {orjson.loads(body(path))["type"] for path in EXAMPLES} >= set(TYPES)


@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
def test_a_load_of_all_kinds_comes_back(seed: int) -> None:
    for raw in bulk(300, seed, units=7, body_size=300):
        first = decode(raw, received_at=NOW, pseudonymise=KEY).table
        assert rows(again(first)) == rows(first)


def test_lines_stand_in_the_order_of_their_events() -> None:
    raw = next(iter(bulk(50, 3, units=5, body_size=50)))
    events = decode(raw, received_at=NOW, pseudonymise=KEY).table
    assert [orjson.loads(line)["id"] for line in encode(events)] == events["id"].to_pylist()


def test_nothing_becomes_nothing() -> None:
    assert encode(decode(b"", received_at=NOW, pseudonymise=KEY).table) == []


def test_what_is_written_is_read() -> None:
    event = full("nytta.change.decision.v1") | {"time": datetime(2026, 2, 9, 8, 30, tzinfo=UTC)}
    event["data"] |= {"due": date(2026, 6, 30)}
    opened = full("nytta.case.opened.v1")
    opened["data"] |= {"channel": Channel.PHONE}
    written = to_ndjson([event, opened])
    assert written.count(b"\n") == 2
    made = decode(written, received_at=datetime(2026, 3, 1, tzinfo=UTC), pseudonymise=None)
    assert made.rejects == ()
    assert {row["channel"] for row in made.table.to_pylist()} == {"", "phone"}


def test_no_events_are_no_bytes() -> None:
    assert to_ndjson([]) == b""
