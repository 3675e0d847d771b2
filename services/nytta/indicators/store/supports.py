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
    told = store.connection.rows(
        "SELECT system, meaning FROM {open}.steps "
        "UNION DISTINCT SELECT system, 'workplaces' FROM {open}.planned_workplaces"
    )
    fields = ", ".join(_GIVEN.values())
    counted: dict[tuple[str, str], dict[str, list[int]]] = {}
    for source, system, type_, given, events in store.connection.rows(
        f"""SELECT source, system, type, [{fields}] AS given, {EVENTS} FROM {{private}}.events
            WHERE {winning(store.connection)} GROUP BY source, system, type, given ORDER BY source, system, type"""
    ):
        numbers = [events, *(events * bool(one) for one in given)]
        here = counted.setdefault((source, system), {})
        for what in (type_, type_.partition(".")[0]):
            before = here.get(what, [0] * len(numbers))
            here[what] = [a + b for a, b in zip(before, numbers, strict=True)]
    found = []
    for (source, system), by in counted.items():
        evidence = {f"registry:{meaning}": 1.0 for of, meaning in told if of == system}
        for what, (events, *given) in by.items():
            evidence[what] = 1.0
            evidence |= {f"{what}:{name}": n / events for name, n in zip(_GIVEN, given, strict=True)}
        found.append(Supported(source, system, tuple(support(d, evidence) for d in definitions)))
    return found
