"""What a publication looks at: indicators and periods that were computed, or closed, since the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from nytta.disclosure.store.publication.course import REGISTER, ComputedPeriods, Publication
from nytta.disclosure.store.publication.periods import LAST_OF_MONTH, MONTHLY, end, of_indicators, of_root
from nytta.indicators.definition import Definition, Protects
from nytta.indicators.periods import GRAINS

_ROWS_AT_ONCE = 100_000
"""Rows that one statement should bring at most, so that they take a fraction of the memory that a process has."""


def _shape(definition: Definition) -> tuple[str, str, bool]:
    """What is alike of indicators that one statement asks for, as text that sorts."""
    protects = definition.protects.value
    of_staff_or_acts = protects if definition.protects in (Protects.STAFF, Protects.OFFICIAL_ACT) else ""
    return of_staff_or_acts, definition.pace, definition.counts_hands


def touched(publication: Publication) -> set[tuple[str, int]]:
    """Indicators (id, version) that were computed since the last publication, or all that anything feeds."""
    has_closed = any(closing.has_closed for closing in publication.closings.values())
    since = "1" if not publication.version or publication.renamed or has_closed else f"computed > {publication.version}"
    rows = publication.store.connection.rows(
        f"""SELECT DISTINCT indicator, version FROM {{private}}.cells WHERE {since}
        UNION DISTINCT SELECT DISTINCT indicator, version FROM {{private}}.hands WHERE {since}"""
    )
    return {(indicator, number) for indicator, number in rows}


def batches(
    publication: Publication, definitions: Sequence[Definition]
) -> Iterator[tuple[list[Definition], ComputedPeriods]]:
    """The indicators that one statement may ask for, with the places of theirs that were computed since last time.

    To plan a statement costs more than a week's figures, so those of one shape are asked for together, as far as
    their rows fit into memory.
    """
    computed = _computed(publication, definitions) if publication.version else {}
    units = len({unit.id for unit in publication.registry.units})
    open_weeks = [closing.open_week for closing in publication.closings.values()]
    periods = max(((day - publication.first).days // 7 for day in open_weeks), default=0) * len(GRAINS)
    batch: list[Definition] = []
    rows = 0
    for definition in sorted(definitions, key=_shape):
        known = publication.version and not _is_all_due(publication, definition)
        own_rows = units * (len(computed[definition.id]) + len(GRAINS) if known else periods)
        if batch and (_shape(definition) != _shape(batch[0]) or rows + own_rows > _ROWS_AT_ONCE):
            yield batch, computed
            batch, rows = [], 0
        batch.append(definition)
        rows += own_rows
    if batch:
        yield batch, computed


def _is_all_due(publication: Publication, definition: Definition) -> bool:
    """Whether all that is closed is looked at again, as nothing was published, or keys of persons changed."""
    return not publication.version or (publication.renamed and definition.protects is Protects.STAFF)


def due(publication: Publication, definitions: Sequence[Definition], computed: ComputedPeriods) -> tuple[str, date]:
    """SQL condition on `organisation`, `indicator`, `grain` and `period`: closed, and computed or closed since last
    time.

    Everything that is closed where nothing was published, or where keys of persons changed. And a day before which
    nothing is due, which bounds every table that is read.
    """
    roots = list(publication.closings)
    ended = end("grain", "period")
    closed = f"{ended} <= {of_root(roots, [publication.closings[root].open_week for root in roots])}"
    if _is_all_due(publication, definitions[0]):
        return closed, publication.first
    since = f"{ended} > {of_root(roots, [publication.closings[root].before for root in roots])}"
    places = [(definition.id, *place) for definition in definitions for place in computed[definition.id]]
    if places:
        computed_places = ", ".join(f"('{indicator}', '{grain}', '{day}')" for indicator, grain, day in places)
        since += f" OR (toString(indicator), toString(grain), period) IN ({computed_places})"
    days = [day for _, _, day in places] + [closing.before for closing in publication.closings.values()]
    # a month begins before its last week does
    return f"{closed} AND ({since})", max(publication.first, min(days) - timedelta(days=31))


def _computed(publication: Publication, definitions: Sequence[Definition]) -> ComputedPeriods:
    """The places whose figures rest on cells that were computed since last time.

    Asked beforehand, for all indicators at once: within what reads figures it would be planned twice, and bound no
    table.
    """
    places: ComputedPeriods = {definition.id: set() for definition in definitions}
    slow = [definition for definition in definitions if definition.pace == "month"]
    others = [definition for definition in definitions if definition.pace == "week"]
    branches = [_computed_monthly(publication, slow)] if slow else []
    branches += [_computed_weekly(publication, others)] if others else []
    # a staff list that came later may say who handled, or how many could have asked
    branches.append(
        f"""SELECT DISTINCT '' AS indicator, (toString(grain), period) AS place FROM {{private}}.cells
        WHERE indicator = '{REGISTER}' AND computed > {publication.version}"""
    )
    registered = []
    for indicator, place in publication.store.connection.rows(" UNION ALL ".join(branches)):
        if indicator:
            places[indicator].add(place)
        else:
            registered.append(place)
    for definition in definitions:
        if definition.counts_hands:
            places[definition.id].update(registered)
    return places


def _computed_monthly(publication: Publication, definitions: Sequence[Definition]) -> str:
    """SQL of the places of slow figures that were computed since last time, by indicator."""
    of_weeks = [definition.id for definition in definitions if definition.window_weeks == 1]
    return f"""SELECT DISTINCT toString(indicator) AS indicator, arrayJoin({MONTHLY}) AS place FROM (
        SELECT DISTINCT indicator, period FROM {{private}}.cells
        WHERE {of_indicators(definitions)} AND computed > {publication.version} AND {LAST_OF_MONTH}
          AND grain = if(has({of_weeks}::Array(String), indicator), 'week', 'window'))"""


def _computed_weekly(publication: Publication, definitions: Sequence[Definition]) -> str:
    """SQL of the places of all other figures that were computed since last time, by indicator."""
    condition = f"{of_indicators(definitions)} AND computed > {publication.version}"
    # windows that are summed from weeks have no cells of their own
    weeks = {
        definition.id: definition.window_weeks if definition.adds or definition.window_weeks == 1 else 0
        for definition in definitions
    }
    length = f"transform(toString(indicator), {[*weeks]}, {[*weeks.values()]}, 0)"
    windows = f"arrayMap(i -> ('window', period + 7 * i), range(if(grain = 'week', {length}, 0)))"
    return f"""SELECT DISTINCT toString(indicator) AS indicator,
               arrayJoin(arrayConcat([(toString(grain), period)], {windows})) AS place
        FROM (SELECT DISTINCT indicator, grain, period FROM {{private}}.cells WHERE {condition}
              UNION DISTINCT SELECT DISTINCT indicator, grain, period FROM {{private}}.hands WHERE {condition})"""
