"""A round may die after any of its statements; repeated, it leaves every cell as a computation from raw has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.ingest.store.imports import finish_commits
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection
from tests.indicators.store.test_exactness import BASE, DEFINITIONS, checked
from tests.rows import NOW, day, event, table

pytestmark = pytest.mark.slow


class Died(Exception):
    """The process was killed here."""


class Dying:
    """A connection whose process dies before the first statement that names `word`, or before the n-th change."""

    def __init__(self, connection: Connection, word: str = "", after: int = 1 << 30) -> None:
        self._connection = connection
        self._word = word
        self._left = after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"run", "insert", "insert_arrow"}:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left < 0 or (self._word and self._word in args[0]):
                raise Died
            return found(*args, **kwargs)

        return counted


def dying(store: PrivateStore, word: str = "", after: int = 1 << 30) -> PrivateStore:
    return PrivateStore(Dying(store.connection, word, after))  # type: ignore[arg-type]


# what leaves a cell behind: a case that moves, a system's first ticket, a later week, a person whose time ends
MOVES = [
    event(20, "case.opened", "01-26", "c1", unit="south", channel="web"),
    event(21, "ticket.opened", "02-11", "t1", channel="web"),
    event(22, "platform.session", "04-20", "bo", actor="bo", quantity=1),
    event(23, "people.eligibility", "01-01", "bo", actor="bo", entitled=1, valid_from=day("01-01"), unit="south"),
]
REPLACED = [BASE[5] | {"unit": "south"}, event(21, "ticket.opened", "02-11", "t1", system="else", channel="web")]
"""Other contents of identities that were there: one of each pair must leave, the last ticket of a system among them."""


@pytest.mark.parametrize("word", ["INSERT INTO {private}.round_cells", "INSERT INTO {private}.cells"])
def test_subjects_that_moved_before_a_round_died_leave_their_cells(
    delivered: PrivateStore, tables: Path, word: str
) -> None:
    delivered.write(table(MOVES + REPLACED), [], seal=bytes, received_at=NOW)
    with pytest.raises(Died):
        recompute(dying(delivered, word), DEFINITIONS)
    checked(delivered, tables)


def test_a_round_may_die_again_and_again(delivered: PrivateStore, tables: Path) -> None:
    delivered.write(table(MOVES), [], seal=bytes, received_at=NOW)
    for after in range(3, 60, 6):
        try:
            recompute(dying(delivered, after=after), DEFINITIONS)
        except Died:
            continue
        break
    else:
        pytest.fail("the round never came to its end")
    assert after > 20
    checked(delivered, tables)


def test_a_content_is_contested_though_its_first_coming_was_never_marked(delivered: PrivateStore, tables: Path) -> None:
    other = table([BASE[0] | {"unit": "south", "system": "else"}])
    # the process died between raw and marks; the sender tried again, and the parts of both tries were merged
    with pytest.raises(Died):
        dying(delivered, "{private}.marks").write(other, [], seal=bytes, received_at=NOW)
    delivered.write(other, [], seal=bytes, received_at=NOW)
    delivered.connection.run("OPTIMIZE TABLE {private}.deliveries FINAL")
    checked(delivered, tables)


def test_a_batch_that_died_before_its_marks_is_marked_when_the_store_is_opened(
    delivered: PrivateStore, tables: Path
) -> None:
    with pytest.raises(Died):
        dying(delivered, "{private}.marks").write(table(MOVES), [], seal=bytes, received_at=NOW)
    assert not verify(delivered, DEFINITIONS, tables).equal
    finish_commits(delivered)
    checked(delivered, tables)
    finish_commits(delivered)
    assert recompute(delivered, DEFINITIONS).marks == 0


@pytest.mark.parametrize("view", ["", "deliveries_of_events", "persons_by_day_of_events"])
def test_a_batch_whose_writing_failed_is_marked_before_anything_later(
    delivered: PrivateStore, tables: Path, view: str
) -> None:
    """The process lives on, as where the disk was full: raw rows may be there without marks, or without their indexes.

    Nobody sends them again, but others send, and rounds go on.
    """
    failing = PrivateStore(Failing(delivered.connection, "{private}.marks"))  # type: ignore[arg-type]
    if view:
        delivered.connection.run(f"DETACH TABLE {{private}}.{view}")
    with pytest.raises(Died):
        failing.write(table(MOVES), [], seal=bytes, received_at=NOW)
    if view:
        delivered.connection.run(f"ATTACH TABLE {{private}}.{view}")
    failing.write(table([event(99, "case.opened", "02-02", "c99", channel="web")]), [], seal=bytes, received_at=NOW)
    recompute(failing, DEFINITIONS)
    checked(delivered, tables)


class Failing(Dying):
    """A connection on which one statement fails, and all others do as they should."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)

        def once(*args: Any, **kwargs: Any) -> Any:
            try:
                return found(*args, **kwargs)
            except Died:
                self._word = ""
                raise

        return once if callable(found) else found
