"""What each source gives, as evidence for indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nytta.indicators.definition import Definition
from nytta.indicators.supports import Support, support
from nytta.ingest.store.counted import EVENTS, winning
from nytta.ingest.store.private import PrivateStore

_FIELDS = {
    "channel": "channel != ''",
    "mode": "mode != ''",
    "tier": "tier != ''",
    "intended": "intended >= 0",
    "digital_route": "digital_route >= 0",
    "end_to_end": "end_to_end >= 0",
    "first_contact": "first_contact >= 0",
    "how_to": "how_to >= 0",
    "legacy": "legacy = 1",
    "access": "entitled >= 0",
    "actor": "actor_kind = 'person'",
}
"""Fields that some events have and others have not, with the SQL condition that an event has one."""


@dataclass(frozen=True, slots=True)
class Supported:
    """What a source supports of a system's indicators."""

    source: str
    system: str
    indicators: tuple[Support, ...]


def supports(store: PrivateStore, definitions: Sequence[Definition]) -> list[Supported]:
    """Every source and system, in order, against every indicator; the registry helps all of them."""
    return [
        Supported(
            source, system, tuple(support(definition, evidence) for definition in definitions)
        )
        for (source, system), evidence in _evidence(store).items()
    ]


def lacking(store: PrivateStore, definitions: Sequence[Definition]) -> frozenset[str]:
    """The indicators for which all sources of all systems together lack something."""
    together: dict[str, float] = {}
    for evidence in _evidence(store).values():
        for need, share in evidence.items():
            together[need] = max(share, together.get(need, 0.0))
    return frozenset(
        definition.id for definition in definitions if support(definition, together).missing
    )


def _evidence(store: PrivateStore) -> dict[tuple[str, str], dict[str, float]]:
    """What each source tells of each system: types of events, their families, and the share that has each field."""
    registered = store.connection.rows(
        "SELECT system, meaning FROM {open}.steps "
        "UNION DISTINCT SELECT system, 'workplaces' FROM {open}.planned_workplaces"
    )
    fields = ", ".join(_FIELDS.values())
    counted: dict[tuple[str, str], dict[str, list[int]]] = {}
    event_rows = store.connection.rows(
        f"""SELECT source, system, type, [{fields}] AS filled, {EVENTS} FROM {{private}}.events
            WHERE {winning(store.connection)} GROUP BY source, system, type, filled ORDER BY source, system, type"""
    )
    for source, system, event_type, are_filled, events in event_rows:
        event_counts = [events, *(events * bool(is_filled) for is_filled in are_filled)]
        counts = counted.setdefault((source, system), {})
        family = event_type.partition(".")[0]
        # counted for the type, and for the family of types that it belongs to
        for event_kind in (event_type, family):
            counts_before = counts.get(event_kind, [0] * len(event_counts))
            counts[event_kind] = [
                earlier + added for earlier, added in zip(counts_before, event_counts, strict=True)
            ]
    all_evidence = {}
    for (source, system), counts_by_kind in counted.items():
        meanings = [
            meaning for registered_system, meaning in registered if registered_system == system
        ]
        evidence = {f"registry:{meaning}": 1.0 for meaning in meanings}
        for event_kind, (events, *filled_counts) in counts_by_kind.items():
            evidence[event_kind] = 1.0
            for field_name, filled_count in zip(_FIELDS, filled_counts, strict=True):
                evidence[f"{event_kind}:{field_name}"] = filled_count / events
        all_evidence[source, system] = evidence
    return all_evidence
