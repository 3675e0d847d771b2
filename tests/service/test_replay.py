"""Rejects are validated again without a broker: those that pass count once, the others stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events import to_ndjson
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import RejectQuery, latest_rejects, sealed_rejects
from nytta.registry import declarations
from tests.organisations import SMALL_COUNTY, county

NOW = datetime.now(UTC)  # the store throws rejects away 14 days after their receipt
DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")
MORE = SMALL_COUNTY | {
    "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
        b"approvals:", b"  - {id: annex, name: Annex, parent: county}\napprovals:"
    )
}


def opened(number: int, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "/desk" if number < 10 else "/mail",
        "type": "nytta.case.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": {"unit": "annex", "system": "cases", "case": f"A{number}", "channel": "web"},
    } | more


@pytest.mark.slow
def test_what_passes_counts_once_and_the_rest_stays(store: PrivateStore, tables: Path) -> None:
    app = nytta.App(
        store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), county()), DEFINITIONS, tables
    )
    early = opened(3, time=(NOW + timedelta(days=3)).isoformat())  # three days ahead of its receipt
    body = to_ndjson([opened(1), opened(2), early, opened(11)]) + b"rubbish\n"
    list(app.intake.accept([body], NOW))
    app.bring_up_to_date(NOW)
    everything = app.replay(RejectQuery(), NOW, dry_run=True)
    assert (everything.tried, everything.passed) == (5, 0)
    assert everything.still == {"future_time": 1, "malformed_json": 1, "unknown_unit": 3}

    app.declare(county(MORE))
    later = NOW + timedelta(days=1)
    assert app.replay(RejectQuery("unknown_unit", "/desk"), later, dry_run=True).passed == 2
    assert app.private.connection.value("SELECT count() FROM {private}.events") == 0
    assert app.replay(RejectQuery(since=NOW + timedelta(hours=1)), later).tried == 0
    assert app.replay(RejectQuery("unknown_unit", "/desk"), later).passed == 2
    whole = app.replay(RejectQuery(), later)
    assert (whole.tried, whole.passed, whole.still) == (3, 1, {"future_time": 1, "malformed_json": 1})
    again = app.replay(RejectQuery(), later)
    assert (again.tried, again.passed) == (2, 0)

    cells = app.private.connection.rows(
        "SELECT unit, sum(denominator) FROM {private}.cells FINAL WHERE indicator = 'digital-intake' "
        "AND grain = 'week' GROUP BY unit"
    )
    assert cells == [("annex", 3)]
    assert sorted(row["reason"] for row in latest_rejects(app.private)) == ["future_time", "malformed_json"]
    assert app.verify().equal


def test_a_reject_that_comes_twice_is_one_and_its_digest_tells_nothing_without_the_key(
    store: PrivateStore, tables: Path
) -> None:
    app = nytta.App(
        store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), county()), DEFINITIONS, tables
    )
    for _ in range(2):
        list(app.intake.accept([b"rubbish\n"], NOW))
    (kept,) = sealed_rejects(app.private, RejectQuery())
    assert app.keys.unseal(kept.body) == b"rubbish"
    (digest,) = app.private.connection.rows("SELECT DISTINCT digest FROM {private}.rejects")[0]
    assert digest not in (sha256(b"rubbish").digest()[:16], sha256(b"rubbish\n").digest()[:16])
