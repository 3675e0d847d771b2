"""Hours of a year that places do not realise, as a chart: by what they wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from nytta.insight.benefits.statement import Pool, share_of_all, worth_of_all
from nytta.surfaces.console import charts
from nytta.surfaces.console.branches import Branch
from nytta.surfaces.console.parts import Cell, Chart, Speaker, Table
from nytta.surfaces.reports import figures

_BARS: Final = 12
"""Places that the chart shows."""


class _PlaceHours(NamedTuple):
    """Hours of a year that a place does not realise, in thousandths, by what they wait for."""

    id: str
    name: str
    by_use: int
    """More of the cases on the new way."""
    by_effect: int
    """More of the minutes that a case on the new way should save."""
    share: str
    worth: str

    @property
    def hours(self) -> int:
        """Both together."""
        return self.by_use + self.by_effect


def unrealised_chart(
    pools: Sequence[Pool], currency: str, say: Speaker, listed: Branch
) -> Chart | None:
    """The places of these pools, the most hours first; None where no place has any.

    The table holds those of the chart and those that are listed.
    """
    language = say.language
    places = _places(pools, currency, language)
    if not places:
        return None
    finding = say(
        "lying_finding",
        hours=figures.hours(sum(place.hours for place in places), language),
        n=len(places),
        place=places[0].name,
        most=figures.hours(places[0].hours, language),
    )
    bars = [
        (
            place.name,
            place.by_use / 1000,
            place.by_effect / 1000,
            figures.hours(place.hours, language),
        )
        for place in places[:_BARS]
    ]
    spec = charts.split(bars, (say("by_use"), say("by_effect")), "\u00a0h")
    rows = [*places[:_BARS], *listed.rows(places[_BARS:], lambda place: place.id)]
    note = " ".join(filter(None, (say("lying_note"), listed.listed(len(rows), len(places), say))))
    return Chart("lying", finding, say("lying_title"), finding, spec, _table(rows, say), note)


def _table(places: Sequence[_PlaceHours], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for place in places:
        hours = (
            figures.hours(amount, say.language)
            for amount in (place.by_use, place.by_effect, place.hours)
        )
        rows.append((place.name, place.share, *hours, place.worth))
    hour_columns = (say("by_use"), say("by_effect"))
    columns = (*say.columns("unit", "new_way"), *hour_columns, *say.columns("together", "worth"))
    return Table(say("lying_caption"), columns, tuple(rows), (1, 2, 3, 4, 5))


def _places(pools: Sequence[Pool], currency: str, language: str) -> list[_PlaceHours]:
    """The places that have unrealised hours, the most first."""
    pools_by_place: defaultdict[str, list[Pool]] = defaultdict(list)
    for pool in pools:
        pools_by_place[pool.place].append(pool)
    places: list[_PlaceHours] = []
    for place_pools in pools_by_place.values():
        place = _place_hours(place_pools, currency, language)
        if place is not None:
            places.append(place)
    return sorted(places, key=lambda place: -place.hours)


def _place_hours(pools: Sequence[Pool], currency: str, language: str) -> _PlaceHours | None:
    """The unrealised hours of the pools of one place; None where there are none."""
    # the share is of all cases of the place, hours only of those where some are unrealised
    unrealised = [pool for pool in pools if pool.missing]
    if not unrealised:
        return None
    return _PlaceHours(
        pools[0].place,
        pools[0].names.text(language),
        sum(max(0, pool.use_missing or 0) for pool in unrealised),
        sum(max(0, pool.effect_missing or 0) for pool in unrealised),
        figures.percent(share_of_all(pools), language),
        figures.money(worth_of_all(unrealised), currency, language),
    )
