"""How mature units are: a table of scores, and a chart of use against what is realised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from nytta.insight.benefits.maturity import AXES, DIMENSIONS, Axis, Dimension
from nytta.insight.benefits.statement import Maturity, Statement
from nytta.surfaces.console import charts
from nytta.surfaces.console.branches import Branch
from nytta.surfaces.console.parts import Cell, Chart, Speaker, Table

_HALF: Final = 50
"""Where the quadrant is cut, in points of a score and percent of a benefit."""


class _Place(NamedTuple):
    """A unit in the quadrant."""

    id: str
    name: str
    use: float
    """Score of its use."""
    realised: float
    """Percent of what was promised, which may be below 0 or above 100."""


def quadrant_chart(last_statement: Statement, say: Speaker, listed: Branch) -> Chart | None:
    """Listed units by how much they use what there is, and how much of the benefit they realise; all are counted."""
    places = list(_placed(last_statement, say.language))
    # one unit beside nothing shows no difference
    if len(places) < 2:
        return None
    shown = listed.rows(places, lambda place: place.id)
    points = [(place.name, place.use, min(max(place.realised, 0.0), 100.0)) for place in shown]
    rows = tuple((place.name, f"{place.use:.0f}", f"{place.realised:.0f}") for place in shown)
    low = [place for place in places if place.use < _HALF or place.realised < _HALF]
    finding = say("quadrant_finding", n=len(places), low=len(low))
    use_name, benefit_name = DIMENSIONS[Dimension.USE].text(say.language), say("quadrant_realised")
    corners = (say("corner_neither"), say("corner_used"), say("corner_early"), say("corner_both"))
    spec = charts.quadrant(points, (use_name, benefit_name, *corners))
    table = Table(say("quadrant_caption"), (say("col_unit"), use_name, benefit_name), rows, (1, 2))
    note = listed.listed(len(shown), len(places), say)
    return Chart("quadrant", finding, say("quadrant_title"), finding, spec, table, note)


def _placed(last_statement: Statement, language: str) -> Iterator[_Place]:
    for maturity in last_statement.maturity:
        # the organisation is the whole of the others
        if maturity.place == last_statement.organisation:
            continue
        use = _scores(maturity).get(Dimension.USE.value)
        if use is not None and maturity.realised is not None:
            yield _Place(maturity.place, maturity.names.text(language), use, maturity.realised)


def _scores(maturity: Maturity) -> dict[str, float | None]:
    """The score of each dimension and axis; None where too little is published."""
    return {score.name: score.score for score in (*maturity.dimensions, *maturity.axes)}


def maturity_table(last_statement: Statement, say: Speaker, listed: Branch) -> Table | None:
    """Level and scores of each listed unit and system, by dimension; None where nothing was scored."""
    if not last_statement.maturity:
        return None
    language = say.language
    all_scores = [_scores(maturity) for maturity in last_statement.maturity]
    # a column in which no unit has a score says nothing
    scored = {name for scores in all_scores for name, score in scores.items() if score is not None}
    dimensions = [dimension for dimension in (*Dimension, *Axis) if dimension.value in scored]
    rows: list[tuple[Cell, ...]] = []
    for maturity in listed.rows(last_statement.maturity, lambda maturity: maturity.place):
        scores = _scores(maturity)
        # a system that the registry has no more bears its id
        system_names = last_statement.systems.get(maturity.system)
        system_name = system_names.text(language) if system_names else maturity.system
        dimension_scores = [scores.get(dimension.value) for dimension in dimensions]
        cells = ["–" if score is None else f"{score:.0f}" for score in dimension_scores]
        rows.append((maturity.names.text(language), system_name, maturity.level or "–", *cells))
    columns = (
        *say.columns("unit", "system", "level"),
        *(_name(dimension, language) for dimension in dimensions),
    )
    return Table(say("maturity_caption"), columns, tuple(rows), tuple(range(2, len(columns))))


def _name(dimension: Dimension | Axis, language: str) -> str:
    names = DIMENSIONS[dimension] if isinstance(dimension, Dimension) else AXES[dimension]
    return names.text(language)
