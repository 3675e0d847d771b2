"""Where an organisation and its units stand among their like: funnels instead of rankings, level by level."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict

from nytta.insight.benefits.benchmark import by_level, funnel
from nytta.insight.benefits.evidence import Evidence
from nytta.insight.benefits.statement import Compared, Peer
from nytta.registry.units import Names


def compared(
    organisation: str, uses: Collection[tuple[str, str]], places: Mapping[str, Names], evidence: Evidence
) -> Iterator[Compared]:
    """The funnels of each (indicator, system) in `uses`, whole organisations first, then by type of unit.

    Own places are those of the system, named and ordered as `places` are; others are compared whatever their system
    is called. A level is told where an own place is among at least two.
    """
    order = list(places)
    for indicator, system in sorted(uses):
        known = evidence.definitions.get(indicator)
        peers = [p for p in evidence.peers if p.indicator == indicator]
        own = [p for p in peers if (p.organisation, p.system) == (organisation, system) and p.unit in places]
        own.sort(key=lambda p: order.index(p.unit))
        others = [p for p in peers if p.organisation != organisation]
        for level, rows in by_level(asdict(p) for p in (*own, *others)).items():
            found = funnel(rows) if rows[0]["organisation"] == organisation else None
            if found is None or known is None:
                continue
            yield Compared(
                indicator=indicator,
                version=known.version,
                system=system,
                level=level,
                centre=found.centre,
                points=tuple(
                    Peer(
                        p.organisation,
                        p.unit,
                        places[p.unit] if p.organisation == organisation else Names.of(p.name or p.unit),
                        p.value,
                        p.n,
                        p.word,
                    )
                    for p in found.points
                ),
                limits=found.limits,
            )
