"""Where an organisation and its units stand among their like: funnels instead of rankings, level by level."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict

from nytta.insight.benefits.benchmark import by_level, funnel
from nytta.insight.benefits.evidence import Evidence
from nytta.insight.benefits.statement import Compared, Peer
from nytta.registry.units import Names


def compared(
    organisation: str,
    uses: Collection[tuple[str, str]],
    places: Mapping[str, Names],
    evidence: Evidence,
) -> Iterator[Compared]:
    """The funnels of each (indicator, system) in `uses`, whole organisations first, then by type of unit.

    Own places are those of the system, named and ordered as `places` are; others are compared whatever their system
    is called. A level is told where an own place is among at least two.
    """
    places_in_order = list(places)
    for indicator, system in sorted(uses):
        definition = evidence.definitions.get(indicator)
        peers = [peer for peer in evidence.peers if peer.indicator == indicator]
        own_peers = [
            peer
            for peer in peers
            if (peer.organisation, peer.system) == (organisation, system) and peer.unit in places
        ]
        own_peers.sort(key=lambda peer: places_in_order.index(peer.unit))
        other_peers = [peer for peer in peers if peer.organisation != organisation]
        for level, rows in by_level(asdict(peer) for peer in (*own_peers, *other_peers)).items():
            drawn = funnel(rows) if rows[0]["organisation"] == organisation else None
            if drawn is None or definition is None:
                continue
            yield Compared(
                indicator=indicator,
                version=definition.version,
                system=system,
                level=level,
                centre=drawn.centre,
                points=tuple(
                    Peer(
                        point.organisation,
                        point.unit,
                        places[point.unit]
                        if point.organisation == organisation
                        else Names.of(point.name or point.unit),
                        point.value,
                        point.n,
                        point.word,
                    )
                    for point in drawn.points
                ),
                limits=drawn.limits,
            )
