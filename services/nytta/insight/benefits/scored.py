"""Maturity of each place from its published figures, under the stored model; surveys stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import nan

from nytta.insight.benefits.evidence import Evidence
from nytta.insight.benefits.maturity import Figure, Model, least_of, maturity
from nytta.insight.benefits.maturity import Maturity as Scored
from nytta.insight.benefits.maturity import Score as Mean
from nytta.insight.benefits.statement import Maturity, Member, Score
from nytta.registry.units import Names

COVERAGE, REALISED = "plan-coverage", "realised-share"
"""Members that no indicator measures: shares of the benefits themselves, certain, by whatever number."""

_CERTAIN = 10**6


def scores(
    model: Model,
    evidence: Evidence,
    places: Mapping[str, Names],
    systems: Sequence[str],
    own_figures: Mapping[tuple[str, str], Mapping[str, float]],
    *,
    whole_place: str,
) -> Iterator[Maturity]:
    """Maturity of each place in each system of which something is published there.

    `own_figures` are shares of the benefits themselves, in percent, by place and system. Members are told of the place
    `whole_place`.
    """
    for place, place_names in places.items():
        for system in systems:
            figures = dict(_figures(model, evidence, place, system))
            if not figures:
                continue
            figures |= {
                indicator: Figure(own_figure, own_figure, own_figure, _CERTAIN)
                for indicator, own_figure in own_figures.get((place, system), {}).items()
            }
            scored = maturity(model, figures)
            yield Maturity(
                place=place,
                names=place_names,
                system=system,
                model=scored.model,
                dimensions=tuple(
                    _score(dimension.value, mean) for dimension, mean in scored.dimensions.items()
                ),
                axes=tuple(_score(axis.value, mean) for axis, mean in scored.axes.items()),
                level=scored.level.text,
                realised=_whole(own_figures.get((place, system), {}).get(REALISED)),
                held_by=scored.level.held_by,
                missing=tuple(part.member.indicator for part in scored.level.missing),
                members=tuple(_members(scored)) if place == whole_place else (),
            )


def _members(scored: Scored) -> Iterator[Member]:
    parts = {
        part.member.indicator: part for mean in scored.dimensions.values() for part in mean.parts
    }
    for part in parts.values():
        yield Member(
            indicator=part.member.indicator,
            version=part.member.version,
            weight=part.member.weight,
            dimension=part.member.dimension.value,
            axis=part.member.axis.value if part.member.axis else "",
            gate=part.member.gate,
            value=float(part.figure.value) if part.figure else None,
            score=None if part.score is None else round(part.score, 1),
            missing=part.missing.value if part.missing else "",
        )


def _figures(
    model: Model, evidence: Evidence, place: str, system: str
) -> Iterator[tuple[str, Figure]]:
    for member in model.members:
        row = evidence.published.get((member.indicator, place, system, "*"))
        if row is not None and row.value is not None:
            low, high = (nan if bound is None else bound for bound in (row.low, row.high))
            yield (
                member.indicator,
                Figure(row.value, low, high, least_of(row.n_band or "<10"), row.version),
            )


def _whole(share: float | None) -> int | None:
    return None if share is None else round(share)


def _score(name: str, mean: Mean) -> Score:
    return Score(name, None if mean.score is None else round(mean.score, 1), round(mean.covered))
