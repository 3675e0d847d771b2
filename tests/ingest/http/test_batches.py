"""A sender learns what became of a batch: what was new, what took a place, what said nothing, what contradicts."""

from __future__ import annotations

from nytta.ingest.store.outcomes import batch_counts
from nytta.ingest.store.private import PrivateStore
from tests.indicators.store.test_revisions import OTHER, PHONE, TAKEN_BACK, WEB
from tests.ingest.http.conftest import NOW, Place, event
from tests.rows import table


def test_what_became_of_a_batch(store: PrivateStore) -> None:
    def stored(*rows: dict[str, object]) -> dict[str, int]:
        number = store.write(table(list(rows)), [], seal=bytes, received_at=NOW)
        (counts,) = batch_counts(store, number)
        return {name: int(value) for name, value in counts.items() if name != "source" and value}

    assert stored(PHONE, OTHER) == {"events": 2, "accepted": 2}
    assert stored(PHONE, OTHER | {"channel": "web"}) == {"events": 2, "duplicate": 1, "conflict": 1}
    assert stored(WEB) == {"events": 1, "accepted": 1, "superseded": 1}
    assert stored(PHONE, PHONE | {"channel": "chat"}) == {"events": 1, "duplicate": 1}
    assert stored(TAKEN_BACK) == {"events": 1, "accepted": 1, "superseded": 1, "retracted": 1}
    assert stored(TAKEN_BACK | {"revision": 9}) == {"events": 1, "duplicate": 1}
    assert batch_counts(store, 99) == []


def test_only_whose_sources_they_are_are_told(place: Place) -> None:
    token = place.tokens.add("other", NOW, event_sources=("/elsewhere",))[1]
    row = {
        "source": "/cases",
        "events": 1,
        "accepted": 1,
        "superseded": 0,
        "duplicate": 0,
        "conflict": 0,
        "retracted": 0,
    }
    place.gateway.batches = lambda number: [row] if number == 7 else []
    own = {"Authorization": f"Bearer {place.token}"}
    assert place.client.get("/events/batches/7", headers=own).json() == {"batch": "7", "sources": [row]}
    assert place.client.get("/events/batches/7").status_code == 401
    for batch, shown in (("7", token), ("8", place.token), ("seven", place.token), ("9" * 30, place.token)):
        answer = place.client.get(f"/events/batches/{batch}", headers={"Authorization": f"Bearer {shown}"})
        assert answer.status_code == 404
    place.gateway.batches = lambda _: ()
    assert "batch" not in place.post(event()).json()
