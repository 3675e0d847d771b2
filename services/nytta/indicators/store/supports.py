"""What each source gives, as evidence for indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nytta.indicators.definition import Definition
from nytta.indicators.supports import Support, support
from nytta.ingest.store.counted import EVENTS, winning
from nytta.ingest.store.private import PrivateStore

_GIVEN = {
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
"""Fields that some events have and others have not."""


@dataclass(frozen=True, slots=True)
class Supported:
    """What a source supports of a system's indicators."""

    source: str
    system: str
    indicators: tuple[Support, ...]


def supports(store: PrivateStore, definitions: Sequence[Definition]) -> list[Supported]:
    """Every source and system, in order, against every indicator; the registry helps all of them."""
    return [
        Supported(source, system, tuple(support(definition, evidence) for definition in definitions))
        for (source, system), evidence in _evidence(store).items()
    ]


def lacking(store: PrivateStore, definitions: Sequence[Definition]) -> frozenset[str]:
    """The indicators for which all sources of all systems together lack something."""
    together: dict[str, float] = {}
    for evidence in _evidence(store).values():
        for need, share in evidence.items():
            together[need] = max(share, together.get(need, 0.0))
    return frozenset(definition.id for definition in definitions if support(definition, together).missing)


def _evidence(store: PrivateStore) -> dict[tuple[str, str], dict[str, float]]:
    """What each source tells of each system: types of events, their families, and the share that has each field."""
    registered = store.connection.rows(
        "SELECT system, meaning FROM {open}.steps "
        "UNION DISTINCT SELECT system, 'workplaces' FROM {open}.planned_workplaces"
    )
    fields = ", ".join(_GIVEN.values())
    counted: dict[tuple[str, str], dict[str, list[int]]] = {}
    for source, system, type_, filled_columns, events in store.connection.rows(
        f"""SELECT source, system, type, [{fields}] AS given, {EVENTS} FROM {{private}}.events
            WHERE {winning(store.connection)} GROUP BY source, system, type, given ORDER BY source, system, type"""
    ):
        event_counts = [events, *(events * bool(value) for value in filled_columns)]
        counts = counted.setdefault((source, system), {})
        for event_kind in (type_, type_.partition(".")[0]):
            counts_before = counts.get(event_kind, [0] * len(event_counts))
            counts[event_kind] = [earlier + added for earlier, added in zip(counts_before, event_counts, strict=True)]
    all_evidence = {}
    for (source, system), counts_by_kind in counted.items():
        evidence = {
            f"registry:{meaning}": 1.0 for registered_system, meaning in registered if registered_system == system
        }
        for event_kind, (events, *filled_columns) in counts_by_kind.items():
            evidence[event_kind] = 1.0
            evidence |= {
                f"{event_kind}:{column_name}": count / events
                for column_name, count in zip(_GIVEN, filled_columns, strict=True)
            }
        all_evidence[source, system] = evidence
    return all_evidence
