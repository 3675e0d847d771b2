"""The right to object: whoever is erased is in no table and in no figure, now and later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nytta.indicators.disposal.erase import Erasure, UnknownPerson, erase
from nytta.indicators.disposal.rekeying import change
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.events.pseudonyms import Pseudonym
from nytta.ingest.keys import EXCLUDED, Note
from nytta.ingest.store.exclusions import without_excluded
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.renamings import note
from nytta.registry import declarations
from tests.organisations import small_county
from tests.rows import NOW, day, event, pseudonym, table

pytestmark = pytest.mark.slow

SOME = {"digital-intake", "intended-use", "weekly-breadth"}
DEFINITIONS = tuple(d for d in load(declarations.schemas() / "indicators").definitions if d.id in SOME)
ADA = Pseudonym("k1", pseudonym("ada"))

WHO = ("ada", "bo", "cy")
EVENTS = [
    *(
        event(f"e{n}", "people.eligibility", "01-01", who, actor=who, entitled=1, valid_from=day("01-01"))
        for n, who in enumerate(WHO)
    ),
    event(1, "platform.session", "02-04", "ada", actor="ada", quantity=1),
    event(2, "platform.session", "02-04", "bo", actor="bo", quantity=1),
    event(3, "case.opened", "02-03", "c1", channel="web"),
    event(4, "case.step", "02-04", "c1", actor="ada", activity="decide"),
    event(5, "change.training", "02-05", "course", actor="ada"),
]


@pytest.fixture(scope="module")
def filled_once(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """Three persons, of whom two acted, with their figures."""
    store = new_module_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.write(table(EVENTS), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)
    return store


@pytest.fixture
def filled(copy_of: Callable[[PrivateStore], PrivateStore], filled_once: PrivateStore) -> PrivateStore:
    """The same, for a test to change."""
    return copy_of(filled_once)


def figure(store: PrivateStore, indicator: str, unit: str = "county") -> Any:
    """Numerator, denominator, and how many handled."""
    return store.connection.rows(
        "SELECT c.numerator, c.denominator, h.handlers FROM (SELECT * FROM {private}.cells FINAL) AS c "
        "LEFT JOIN (SELECT * FROM {private}.hands FINAL WHERE case_type = '*') AS h "
        "ON h.indicator = c.indicator AND h.unit = c.unit AND h.grain = c.grain AND h.period = c.period "
        "WHERE c.indicator = {i:String} AND c.unit = {u:String} AND c.grain = 'week' AND c.period = '2026-02-02' "
        "AND c.case_type = ''",
        i=indicator,
        u=unit,
    )[0]


def erased(store: PrivateStore, *whom: Pseudonym, **more: Any) -> Erasure:
    return erase(store, whom or (ADA,), "R 17", NOW, lambda: recompute(store, DEFINITIONS), **more)


def test_the_erased_are_in_no_table_and_no_figure(filled: PrivateStore, tables: Path) -> None:
    assert figure(filled, "weekly-breadth")[:2] == (2, 3)
    assert figure(filled, "intended-use", "north") == (1, 1, 1)
    proof = erased(filled)
    assert proof.removed == {"events deleted": 3, "events without their actor now": 1, "actions": 2}
    assert set(proof.left.values()) == {0}
    assert proof.cells > 0
    assert figure(filled, "weekly-breadth")[:2] == (1, 2)  # numerator and denominator
    assert figure(filled, "intended-use", "north") == (1, 1, 0)  # the case is nobody's: it counts, without a handler
    found = verify(filled, DEFINITIONS, tables)
    assert found.equal, found.examples


def test_what_comes_later_is_not_kept(filled: PrivateStore, tables: Path) -> None:
    erased(filled)
    later = [
        event(10, "platform.session", "02-05", "ada", actor="ada", quantity=1),
        event(11, "case.step", "02-05", "c1", actor="ada", activity="write letter"),
        *EVENTS,
    ]
    filled.write(table(later), [], seal=bytes, received_at=NOW)
    recompute(filled, DEFINITIONS)
    assert (
        filled.connection.value(
            f"SELECT count() FROM {{private}}.events WHERE hex(actor) = '{ADA.digest.hex().upper()}'"
        )
        == 0
    )
    assert filled.connection.value("SELECT steps FROM {private}.cases FINAL") == 2
    assert figure(filled, "weekly-breadth")[:2] == (1, 2)
    assert verify(filled, DEFINITIONS, tables).equal


def test_who_is_only_erased_counts_again_from_then_on(filled: PrivateStore) -> None:
    erased(filled, excluding=False)
    filled.write(table(EVENTS[:1]), [], seal=bytes, received_at=NOW)
    recompute(filled, DEFINITIONS)
    assert figure(filled, "weekly-breadth")[:2] == (1, 3)


def test_somebody_unknown_is_an_error_that_says_what_to_check(filled: PrivateStore) -> None:
    stranger = Pseudonym("k1", pseudonym("nobody here"))
    with pytest.raises(UnknownPerson, match="check the id's spelling"):
        erased(filled, stranger)
    assert filled.connection.value("SELECT count() FROM {private}.exclusions") == 0
    assert erased(filled, stranger, unheard_of=True).removed["events deleted"] == 0
    assert erased(filled, stranger).excluded  # a second time is in order
    filled.write(
        table([event(12, "platform.session", "02-05", "x", actor="nobody here")]), [], seal=bytes, received_at=NOW
    )
    assert filled.connection.value("SELECT count() FROM {private}.events WHERE id = '12'") == 0


def test_the_certificate_names_nobody(filled: PrivateStore) -> None:
    proof = erased(filled)
    (row,) = filled.connection.dicts("SELECT * FROM {private}.erasures")
    assert (row["certificate"], row["what"], row["reference"]) == (proof.certificate, "exclusion", "R 17")
    assert ADA.digest.hex() not in repr(row)
    assert filled.connection.value("SELECT count() FROM {private}.removal") == 0


def test_the_edge_marks_the_excluded() -> None:
    rows = table([e | ({"actor": EXCLUDED} if e["actor"] == ADA.digest else {}) for e in EVENTS])
    kept = without_excluded(rows, frozenset())
    assert sorted(kept["id"].to_pylist()) == ["2", "3", "4", "e1", "e2"]
    step = kept.filter(pa.compute.equal(kept["id"], "4")).to_pylist()[0]
    assert (step["actor"], step["actor_key"], step["actor_kind"]) == (bytes(16), "", "")


# the change of keys


def renamed(who: str) -> bytes:
    return pseudonym(f"{who} with the coming key")


def test_a_change_of_keys_leaves_every_recent_figure(filled: PrivateStore, tables: Path) -> None:
    before = figure(filled, "weekly-breadth"), figure(filled, "intended-use", "north")
    note(filled, [Note("k1", "k2", pseudonym(w), renamed(w)) for w in WHO])
    number, gone = change(filled, "k1", "k2", datetime(2026, 1, 12, tzinfo=UTC), DEFINITIONS)
    assert (number, gone.any) == (7, False)
    recompute(filled, DEFINITIONS)
    filled.mark_everything()
    recompute(filled, DEFINITIONS)
    assert (figure(filled, "weekly-breadth"), figure(filled, "intended-use", "north")) == before
    assert filled.connection.rows("SELECT DISTINCT actor_key FROM {private}.events WHERE actor_key != ''") == [("k2",)]
    assert filled.connection.value("SELECT count() FROM {private}.renamings") == 0
    assert verify(filled, DEFINITIONS, tables).equal
    # what is sent once more comes with the coming key, and is the same
    again = [
        e
        | {"actor": renamed("ada"), "actor_key": "k2"}
        | ({"subject": renamed("ada")} if e["subject"] == e["actor"] else {})
        for e in EVENTS
        if e["actor"] == ADA.digest
    ]
    filled.write(table(again), [], seal=bytes, received_at=NOW)
    recompute(filled, DEFINITIONS)
    assert figure(filled, "weekly-breadth") == before[0]
    assert verify(filled, DEFINITIONS, tables).equal


def test_whoever_was_not_heard_of_is_counted_no_longer(filled: PrivateStore, tables: Path) -> None:
    note(filled, [Note("k1", "k2", pseudonym(w), renamed(w)) for w in ("ada", "bo")])
    _, gone = change(filled, "k1", "k2", datetime(2026, 1, 12, tzinfo=UTC), DEFINITIONS)
    recompute(filled, DEFINITIONS)
    assert gone.rows["events deleted"] == 1
    assert figure(filled, "weekly-breadth")[:2] == (2, 2)
    assert verify(filled, DEFINITIONS, tables).equal


def test_exclusions_survive_a_change_of_keys(filled: PrivateStore) -> None:
    note(filled, [Note("k1", "k2", pseudonym(w), renamed(w)) for w in WHO])
    erased(filled)
    change(filled, "k1", "k2", datetime(2026, 1, 12, tzinfo=UTC), DEFINITIONS)
    session = event(13, "platform.session", "02-05", "x", actor="x") | {
        "actor": renamed("ada"),
        "subject": renamed("ada"),
    }
    filled.write(table([session]), [], seal=bytes, received_at=NOW)
    assert filled.connection.value("SELECT count() FROM {private}.events WHERE id = '13'") == 0
