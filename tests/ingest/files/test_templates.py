"""The tables that an office can fill in: their example rows become events."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nytta.ingest.events import Pseudonymiser, decode
from nytta.ingest.files.mapping_load import load
from nytta.ingest.files.read import read
from nytta.registry import declarations

TEMPLATES = declarations.schemas() / "mappings" / "templates"
KEY = Pseudonymiser("edge", bytes(range(32)))

EXPECTED: dict[str, dict[str, object]] = {
    "people": {"type": "people.eligibility", "unit": "building", "system": "casework", "quantity": 100, "entitled": 1},
    "presence": {"type": "people.presence", "quantity": 18, "days": 835, "contract_days": 920},
    "training": {"type": "change.training", "activity": "casework basics", "tier": "staff"},
    "pulse": {"type": "change.pulse", "category": "spring 2026", "activity": "ability", "quantity": 4},
    "decisions": {"type": "change.decision", "activity": "made", "tier": "management"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_row_of_a_template_is_an_event(name: str) -> None:
    (chunk,) = read(TEMPLATES / f"{name}.csv", load(name), conceal=KEY.wire)
    batch = decode(chunk.ndjson, received_at=datetime(2026, 3, 1, tzinfo=UTC), pseudonymise=KEY)
    assert (chunk.rejects, batch.rejects) == ((), ())
    (row,) = batch.table.to_pylist()
    assert {key: row[key] for key in EXPECTED[name]} == EXPECTED[name]


def test_every_template_has_a_mapping_and_an_expectation() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.csv")} == set(EXPECTED)
