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


def looked_up(
    store: PrivateStore, registry: Registry, events: pa.Table
) -> tuple[pa.Table, tuple[Reject, ...]]:
    """The events that could be placed, with their units, and a reject of each other one, its body pseudonymised."""
    days = local_days(registry, events["time"].to_pylist())
    units = [
        # a unit is in the registry on some days only
        unit if unit and registry.resolve_one(unit, "", day) else ""
        for unit, day in zip(_units(store, events, days), days, strict=True)
    ]
    is_known = pa.array([bool(unit) for unit in units], pa.bool_())
    words = pa.array(units, pa.string()).dictionary_encode().cast(events["unit"].type)
    with_units = events.set_column(events.schema.get_field_index("unit"), "unit", words)
    unplaced = events.filter(pc.invert(is_known))
    return with_units.filter(is_known), tuple(
        map(_unplaced, unplaced.to_pylist(), encode(unplaced))
    )


def local_days(registry: Registry, moments: Sequence[datetime]) -> list[date]:
    """The days of moments in the zone of the organisation; of several organisations, of the first."""
    zone = next(iter(registry.zones.values()), UTC)
    return [moment.astimezone(zone).date() for moment in moments]


def _units(store: PrivateStore, events: pa.Table, days: Sequence[date]) -> list[str]:
    """For each event its unit, '' where nobody knows it."""
    actors = events["actor"].to_pylist()
    subjects = events["subject"].to_pylist()
    systems = events["system"].cast(pa.string()).to_pylist()
    kinds = events["kind"].cast(pa.string()).to_pylist()
    memberships = memberships_of(store, {actor for actor in actors if actor != NOBODY})
    acts = zip(actors, systems, days, strict=True)
    actor_units = [unit_on(memberships.get(actor, ()), system, day) for actor, system, day in acts]
    # only then: where a case was opened costs a look into all of its events
    subject_acts = zip(subjects, kinds, actor_units, strict=True)
    homeless = {subject for subject, kind, unit in subject_acts if not unit and kind in _OPENED}
    opening_by_subject = opening_units(store, homeless)
    units = zip(actor_units, subjects, strict=True)
    return [unit or opening_by_subject.get(subject, "") for unit, subject in units]


def _unplaced(row: dict[str, Any], body: bytes) -> Reject:
    detail = f"no directory has the person, case or ticket on {row['time']:%Y-%m-%d}; it is placed once one has"
    return Reject(Reason.UNPLACED, detail, row["source"], f"id {row['id']}", body)
