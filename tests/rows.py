"""Events for tests of the store, said in few words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from nytta.ingest.events.batch import COLUMNS
from nytta.ingest.events.columns import ALWAYS, DEFAULTS
from nytta.ingest.events.models import TYPES

NOW = datetime(2026, 6, 1, tzinfo=UTC)
_KINDS = {model.name: model.kind for model in TYPES.values()}


def pseudonym(name: str) -> bytes:
    """Sixteen bytes that stand for a name; none for ''."""
    return blake2b(name.encode(), digest_size=16).digest() if name else bytes(16)


def at(text: str) -> datetime:
    """A moment in UTC: '02-03' is noon of that day of 2026, '02-03T08' eight o'clock."""
    day, _, hour = text.partition("T")
    return datetime.fromisoformat(f"2026-{day}T{hour or '12'}:00:00+00:00")


def event(
    number: int | str,
    type: str,
    time: str,
    subject: str,
    *,
    unit: str = "north",
    system: str = "cases",
    actor: str = "",
    source: str = "test",
    **fields: Any,
) -> dict[str, Any]:
    """One row of table events. `subject` and `actor` are names; `fields` are columns."""
    return {
        "source": source,
        "id": str(number),
        "type": type,
        "kind": _KINDS[type],
        "time": at(time),
        "received_at": NOW,
        "sequence": 0,
        "unit": unit,
        "system": system,
        "case_type": "",
        "subject": pseudonym(subject),
        "actor": pseudonym(actor),
        "actor_key": "k1" if actor else "",
        "actor_kind": "person" if actor else "",
    } | fields


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a batch's table."""
    names = [n for n in COLUMNS if n in ALWAYS or any(n in row for row in rows)]
    return pa.table({n: pa.array([row.get(n, DEFAULTS[n]) for row in rows], COLUMNS[n]) for n in names})


def day(text: str) -> date:
    """A date of 2026: '02-03'."""
    return date.fromisoformat(f"2026-{text}")
