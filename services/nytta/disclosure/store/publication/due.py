"""What a publication looks at: indicators and periods that were computed, or closed, since the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from nytta.disclosure.store.publication.course import REGISTER, ComputedPeriods, Publication
from nytta.disclosure.store.publication.periods import end, of_units, told_places
from nytta.indicators.definition import Definition, Protects
from nytta.indicators.periods import GRAINS

_ROWS_AT_ONCE = 100_000
"""Rows that are taken out of the store together at most, so that they take a fraction of the memory of a process."""

ComputedCells = Mapping[tuple[str, int], set[tuple[str, date]]]
"""Grain and period of cells, by indicator and version."""


def computed_cells(publication: Publication) -> ComputedCells:
    """The cells that were computed since the last publication, with hands; none where all is looked at again.

    Asked beforehand, for all indicators at once: within what reads figures it would be planned again, and bound no
    table.
    """
    cells: dict[tuple[str, int], set[tuple[str, date]]] = defaultdict(set)
    if not publication.version:
        return cells
    since = f"computed > {publication.version}"
    rows = publication.store.connection.rows(
        f"""SELECT DISTINCT indicator, version, grain, period FROM {{private}}.cells WHERE {since}
        UNION DISTINCT SELECT DISTINCT indicator, version, grain, period FROM {{private}}.hands WHERE {since}"""
    )
    for indicator, version, grain, period in rows:
        cells[indicator, version].add((grain, period))
    return cells


def due_definitions(
    publication: Publication, definitions: Sequence[Definition], cells: ComputedCells
) -> list[Definition]:
    """The indicators that were computed since the last publication, or all that anything feeds."""
    has_closed = any(closing.has_closed for closing in publication.closings.values())
    looks_at_all = has_closed or publication.renamed or not publication.version
    touched = _fed(publication) if looks_at_all else cells.keys()
    # a staff list that came later may say who handled, or how many could have asked
    registered = any(indicator == REGISTER for indicator, _ in touched)
    return [
        definition
        for definition in definitions
        if (definition.id, definition.version) in touched
        or (registered and definition.counts_hands)
    ]


def _fed(publication: Publication) -> set[tuple[str, int]]:
    """Indicators (id, version) that anything feeds."""
    rows = publication.store.connection.rows(
        """SELECT DISTINCT indicator, version FROM {private}.cells
        UNION DISTINCT SELECT DISTINCT indicator, version FROM {private}.hands"""
    )
    return {(indicator, version) for indicator, version in rows}


def computed_periods(definitions: Sequence[Definition], cells: ComputedCells) -> ComputedPeriods:
    """The places of indicators whose figures rest on these cells."""
    registered = {
        place
        for (indicator, _), places in cells.items()
        if indicator == REGISTER
        for place in places
    }
    periods: ComputedPeriods = {}
    for definition in definitions:
        places = cells.get((definition.id, definition.version), set())
        periods[definition.id] = {
            told for place in places for told in told_places(definition, *place)
        }
        if definition.counts_hands:
            periods[definition.id] |= registered
    return periods


def batches(
    publication: Publication, definitions: Sequence[Definition], computed: ComputedPeriods
) -> Iterator[list[Definition]]:
    """The indicators that are asked for together: to plan a statement costs more than a week's figures.

    All of them, as far as their rows fit into memory.
    """
    units = len({unit.id for unit in publication.registry.units})
    open_weeks = [closing.open_week for closing in publication.closings.values()]
    periods = max(((day - publication.first).days // 7 for day in open_weeks), default=0) * len(
        GRAINS
    )
    batch: list[Definition] = []
    rows = 0
    for definition in definitions:
        is_all_due = _is_all_due(publication, definition)
        own_rows = units * (periods if is_all_due else len(computed[definition.id]) + len(GRAINS))
        if batch and rows + own_rows > _ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
        batch.append(definition)
        rows += own_rows
    if batch:
        yield batch


def _is_all_due(publication: Publication, definition: Definition) -> bool:
    """Whether all that is closed is looked at again, as nothing was published, or keys of persons changed."""
    return not publication.version or (
        publication.renamed and definition.protects is Protects.STAFF
    )


def due(
    publication: Publication,
    definitions: Sequence[Definition],
    computed: ComputedPeriods,
    units: Mapping[str, Sequence[str]],
) -> tuple[str, date]:
    """SQL condition on `unit`, `indicator`, `grain` and `period`: closed, and computed or closed since last time.

    Everything that is closed where nothing was published, or where keys of persons changed. And a day before which
    nothing is due, which bounds every table that is read. `units` are those of each organisation.
    """
    closings = publication.closings
    ended = end("grain", "period")
    closed = f"{ended} <= {of_units({root: closings[root].open_week for root in closings}, units)}"
    all_due = [definition.id for definition in definitions if _is_all_due(publication, definition)]
    if len(all_due) == len(definitions):
        return closed, publication.first
    since = []
    if any(closing.has_closed for closing in closings.values()):
        since.append(
            f"{ended} > {of_units({root: closings[root].before for root in closings}, units)}"
        )
    places = [
        (definition.id, *place) for definition in definitions for place in computed[definition.id]
    ]
    if places:
        computed_places = ", ".join(
            f"('{indicator}', '{grain}', '{day}')" for indicator, grain, day in places
        )
        since.append(f"(toString(indicator), toString(grain), period) IN ({computed_places})")
    if all_due:
        since.append(f"indicator IN ({', '.join(repr(indicator) for indicator in all_due)})")
    condition = f"{closed} AND ({' OR '.join(since) or '0'})"
    if all_due:
        return condition, publication.first
    days = [day for _, _, day in places] + [
        closing.before for closing in closings.values() if closing.has_closed
    ]
    # a month begins before its last week does
    first_day = min(days, default=publication.first) - timedelta(days=31)
    return condition, max(publication.first, first_day)
