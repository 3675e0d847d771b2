"""Corrections and retractions: the newest counts, in whatever order they come, and figures equal those of raw."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.sources import all_sources
from nytta.registry import declarations
from tests.indicators.store.test_exactness import cells, deliver
from tests.rows import NOW, event, table
from tests.support.rotation import drawn

pytestmark = pytest.mark.slow

IDS = {"ticket-channel-mix", "tickets-per-100", "digital-intake", "weekly-breadth"}
DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id in IDS)
PHONE = event(1, "ticket.opened", "02-03", "t1", channel="phone")
WEB = PHONE | {"channel": "web", "revision": 1}
OTHER = event(2, "ticket.opened", "02-04", "t2", channel="phone", revision=5)
TAKEN_BACK = event(2, "ticket.opened", "02-04", "", unit="", system="", revision=6, retracted=1)
GIVEN_AGAIN = OTHER | {"revision": 7, "channel": "web"}
ACT = event(3, "platform.session", "02-05", "ada", actor="ada", quantity=1)
NO_ACT = event(3, "platform.session", "01-01", "", unit="", system="", revision=1, retracted=1)


def channels(store: PrivateStore) -> dict[str, int]:
    rows = store.connection.rows("SELECT channel, count() FROM {private}.tickets FINAL GROUP BY channel")
    return {channel: int(count) for channel, count in rows}


def derived(store: PrivateStore, batches: Any) -> PrivateStore:
    """The store with the subjects of these batches and no cells, computed after each."""
    for batch in batches:
        store.write(table([batch]), [], seal=bytes, received_at=NOW)
        recompute(store, ())
    return store


def delivered(new_store: Callable[[], PrivateStore], batches: Any, *, between: bool) -> PrivateStore:
    store = new_store()
    deliver(store, [], between=between)
    for batch in batches:
        store.write(table([batch]), [], seal=bytes, received_at=NOW)
        if between:
            recompute(store, DEFINITIONS)
    recompute(store, DEFINITIONS)
    return store


def test_a_correction_wins_whatever_its_hash_and_its_order(new_store: Callable[[], PrivateStore]) -> None:
    for order in ([PHONE, WEB], [WEB, PHONE]):
        assert channels(derived(new_store(), order)) == {"web": 1}


def test_an_act_that_is_taken_back_is_none_and_moves_no_week(
    new_store: Callable[[], PrivateStore], tables: Path
) -> None:
    store = delivered(new_store, [PHONE, ACT, NO_ACT, TAKEN_BACK], between=True)
    rows = store.connection.rows(
        "SELECT numerator FROM {private}.cells FINAL WHERE indicator = 'weekly-breadth' AND numerator > 0"
    )
    assert rows == []
    assert channels(store) == {"phone": 1}
    assert [row["events"] for row in all_sources(store)] == [1]
    assert verify(store, DEFINITIONS, tables).equal


@pytest.mark.parametrize("orders", [2, pytest.param(0, marks=pytest.mark.soak, id="all")])
@pytest.mark.parametrize(("last", "left"), [([], {}), ([GIVEN_AGAIN], {"web": 1})])
def test_what_is_taken_back_counts_no_more_until_a_later_revision(
    new_store: Callable[[], PrivateStore], tables: Path, last: list[Any], left: dict[str, int], orders: int
) -> None:
    first = None
    possible = list(permutations([OTHER, TAKEN_BACK, *last]))
    for order in drawn("revisions", possible, orders or len(possible)):
        store = delivered(new_store, order, between=True)
        assert channels(store) == left
        assert verify(store, DEFINITIONS, tables).equal
        first = first or cells(store)
        assert cells(store) == first
