"""The right to object and to be erased: one call, effective in the exact figures at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from nytta.indicators.definition import Definition
from nytta.indicators.disposal.removal import purge, remove
from nytta.indicators.store.recompute import Round
from nytta.indicators.subjects import STORED
from nytta.ingest.events.pseudonyms import Pseudonym
from nytta.ingest.store.exclusions import digests, exclude
from nytta.ingest.store.private import PrivateStore


class UnknownPerson(Exception):
    """Nobody of that id or pseudonym is in the store: what to check."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The proof: rows found and removed per table, rows left that name the person (0), cells computed anew.

    `sealed` cells stay as they are: their raw rows, and with them any way to tell who was in them, are gone already.
    """

    certificate: int
    reference: str
    removed: dict[str, int]
    left: dict[str, int]
    cells: int
    sealed: int
    excluded: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def erase(
    store: PrivateStore,
    whom: Collection[Pseudonym],
    reference: str,
    moment: datetime,
    compute: Callable[[], Round],
    *,
    definitions: Sequence[Definition] = (),
    excluding: bool = True,
    unheard_of: bool = False,
) -> Erasure:
    """Remove a person, known by these pseudonyms, and with `excluding` count nothing of theirs that comes later.

    `compute` runs a round. UnknownPerson where nothing is found; with `unheard_of` that is in order: somebody may
    object before any event of theirs came.
    """
    if not whom:
        raise UnknownPerson("no pseudonym was given")
    digest_list = ", ".join(f"unhex('{pseudonym.digest.hex()}')" for pseudonym in whom)
    condition = f"actor IN ({digest_list})"
    if not unheard_of and not _is_known(store, whom, condition):
        raise UnknownPerson(
            "nobody of that id or pseudonym is in the store: check the id's spelling and the organisation, or give the "
            "pseudonym; to exclude somebody of whom nothing has come yet, say so with --unheard-of"
        )
    # before anything is removed: what comes meanwhile must not be stored behind it
    if excluding:
        exclude(store.connection, whom, reference, moment)
    removed = remove(store, condition, definitions)
    round_ = compute()
    purge(store)
    number = store.counter("certificate") + 1
    store.raise_counter("certificate", number)
    erasure = Erasure(
        number,
        reference,
        removed.rows,
        _left(store, digest_list),
        round_.cells,
        round_.sealed,
        excluding,
    )
    _record(store, erasure, moment)
    return erasure


def _is_known(store: PrivateStore, whom: Collection[Pseudonym], condition: str) -> bool:
    """Whether anything of a person is in the store, or they were excluded before."""
    count = int(store.connection.value(f"SELECT count() FROM {{private}}.events WHERE {condition}"))
    return count > 0 or bool({pseudonym.digest for pseudonym in whom} & digests(store.connection))


def _record(store: PrivateStore, erasure: Erasure, moment: datetime) -> None:
    """Write the certificate down, which names nobody."""
    columns = {
        "certificate": erasure.certificate,
        "at": moment,
        "what": "exclusion" if erasure.excluded else "erasure",
        "reference": erasure.reference,
        "rows": erasure.removed,
        "cells": erasure.cells,
        "sealed": erasure.sealed,
    }
    store.connection.insert("{private}.erasures", list(columns), [list(columns.values())])


def _left(store: PrivateStore, digest_list: str) -> dict[str, int]:
    """Rows per table that still name one of these pseudonyms."""
    remaining_places = {
        "events": f"actor IN ({digest_list}) OR subject IN ({digest_list})",
        "persons_by_day": f"actor IN ({digest_list})",
        **{
            subject.table: " OR ".join(
                [
                    f"hasAny({subject.actors}, [{digest_list}])",
                    *(f"{hand} IN ({digest_list})" for hand in subject.hands),
                ]
            )
            for subject in STORED
            if subject.actors
        },
        "round_persons": f"person IN ({digest_list})",
    }
    return {
        table: int(store.connection.value(f"SELECT count() FROM {{private}}.{table} WHERE {where}"))
        for table, where in remaining_places.items()
    }
