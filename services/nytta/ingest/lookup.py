"""Units of events that name none: that of the actor on the day, else that in which the case or ticket was opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.directory import unit_on
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.encode import encode
from nytta.ingest.events.pseudonyms import NOBODY
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.memberships import memberships_of, opening_units
from nytta.ingest.store.private import PrivateStore
from nytta.registry.registry import Registry

_OPENED: Final = ("case", "ticket")
"""Kinds of events whose subject has a unit from its opening on."""


def looked_up(store: PrivateStore, registry: Registry, events: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
    """The events that could be placed, with their units, and a reject of each other one, its body pseudonymised."""
    days = local_days(registry, events["time"].to_pylist())
    units = [
        # a unit is in the registry on some days only
        unit if unit and registry.resolve_one(unit, "", day) else ""
        for unit, day in zip(_units(store, events, days), days, strict=True)
    ]
    is_known = pa.array([bool(unit) for unit in units], pa.bool_())
    words = pa.array(units, pa.string()).dictionary_encode().cast(events["unit"].type)
    placed = events.set_column(events.schema.get_field_index("unit"), "unit", words).filter(is_known)
    lost = events.filter(pc.invert(is_known))
    return placed, tuple(map(_unplaced, lost.to_pylist(), encode(lost)))


def local_days(registry: Registry, moments: Sequence[datetime]) -> list[date]:
    """The days of moments in the zone of the organisation; of several organisations, of the first."""
    zone = next(iter(registry.zones.values()), UTC)
    return [moment.astimezone(zone).date() for moment in moments]


def _units(store: PrivateStore, events: pa.Table, days: Sequence[date]) -> list[str]:
    """For each event its unit, '' where nobody knows it."""
    actors, subjects = events["actor"].to_pylist(), events["subject"].to_pylist()
    systems = events["system"].cast(pa.string()).to_pylist()
    kinds = events["kind"].cast(pa.string()).to_pylist()
    known_memberships = memberships_of(store, {actor for actor in actors if actor != NOBODY})
    of_actors = [
        unit_on(known_memberships.get(actor, ()), system, day)
        for actor, system, day in zip(actors, systems, days, strict=True)
    ]
    looked_up = zip(subjects, kinds, of_actors, strict=True)
    opened = opening_units(store, {subject for subject, kind, unit in looked_up if not unit and kind in _OPENED})
    return [unit or opened.get(subject, "") for unit, subject in zip(of_actors, subjects, strict=True)]


def _unplaced(row: dict[str, Any], body: bytes) -> Reject:
    detail = f"no directory has the person, case or ticket on {row['time']:%Y-%m-%d}; it is placed once one has"
    return Reject(Reason.UNPLACED, detail, row["source"], f"id {row['id']}", body)
