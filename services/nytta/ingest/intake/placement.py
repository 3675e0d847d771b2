"""The registry's units in the place of the codes that sources use; what has no unit is rejected whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.directory import LOOKED_UP
from nytta.ingest.events.columns import distinct, join
from nytta.ingest.events.reasons import Reason
from nytta.ingest.intake.rejects import refused
from nytta.ingest.store.private import PrivateStore
from nytta.registry.registry import Registry

if TYPE_CHECKING:
    from nytta.ingest.events.batch import Reject

Placed = tuple[pa.Table, tuple["Reject", ...]]
"""Events with their units, and the rejects of the others."""


def placed(store: PrivateStore, registry: Registry, events: pa.Table) -> Placed:
    """Put the registry's units for the sources' codes; the store is asked where units are to be looked up."""
    if not len(events):
        return events, ()
    # a batch names few units on few days: each triple is resolved once, and its events find it by number
    days = pc.cast(events["time"], pa.date32())
    triples, triple_numbers = distinct(events["source"], events["unit"], days)
    unit_codes = [unit_code for _source, unit_code, _day in triples]
    if LOOKED_UP in unit_codes:
        return _placed_looked_up(store, registry, events)
    units = [
        registry.resolve_one(unit_code, source, day) if unit_code else ""
        for source, unit_code, day in triples
    ]
    # codes that are ids of units already: nothing is copied
    if units == unit_codes:
        return events, ()
    is_known = np.array([unit is not None for unit in units])
    is_placed = pa.array(is_known[triple_numbers])
    encoded = pa.array([unit or "" for unit in units], pa.string()).dictionary_encode()
    indices = encoded.indices.take(pa.array(triple_numbers))
    unit_column = pa.DictionaryArray.from_arrays(indices, encoded.dictionary)
    with_units = events.set_column(events.schema.get_field_index("unit"), "unit", unit_column)
    # rejects bear the source's code, which is what a person has to map
    unplaced = events.filter(pc.invert(is_placed))
    return with_units.filter(is_placed), refused(unplaced, Reason.UNKNOWN_UNIT, _unknown_unit)


def _placed_looked_up(store: PrivateStore, registry: Registry, events: pa.Table) -> Placed:
    """As `placed`, where some events leave it to us to look their units up."""
    from nytta.ingest.lookup import looked_up

    is_looked_up = pc.equal(events["unit"].cast(pa.string()), LOOKED_UP)
    coded_events, coded_rejects = placed(store, registry, events.filter(pc.invert(is_looked_up)))
    found_events, unplaced = looked_up(store, registry, events.filter(is_looked_up))
    return join([coded_events, found_events]), (*coded_rejects, *unplaced)


def of_organisation(registry: Registry, events: pa.Table, root: str) -> Placed:
    """Events of units of an organisation, and rejects of the others."""
    unit_ids = sorted(unit.id for unit in registry.units if unit.root == root)
    units = events["unit"].cast(pa.string())
    is_own = pc.is_in(units, pa.array(unit_ids, pa.string()))
    # an event that names no unit names none of another organisation
    is_own = pc.or_(is_own, pc.equal(units, ""))
    foreign = events.filter(pc.invert(is_own))
    detail = f"the unit is not of {root}, whose files alone may be imported here"
    return events.filter(is_own), refused(foreign, Reason.FORBIDDEN_UNIT, lambda _event: detail)


def _unknown_unit(event: dict[str, Any]) -> str:
    return f"the registry has no unit '{event['unit']}' on {event['time']:%Y-%m-%d}; add it or map the code"
