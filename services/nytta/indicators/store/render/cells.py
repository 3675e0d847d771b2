"""SQL of the cells of indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nytta.indicators.definition import Definition
from nytta.indicators.store.render.periods import (
    buckets,
    has_moment,
    kind_names,
    moment_reach,
    places_of,
)
from nytta.indicators.store.render.rows import Rows, alike, columns_read, subject_source
from nytta.indicators.store.render.scope import (
    Kind,
    Near,
    Scope,
    Wanted,
    kinds,
    listed,
    touched_levels,
    touched_units,
)
from nytta.indicators.subjects import SUBJECTS


def cells(
    wanted: Wanted, scope: Scope, near: Near, persons: str = "{private}.round_persons"
) -> str:
    """SQL of the cells of several indicators: the columns of table `cells` but `computed` and `is_deleted`.

    Additive indicators give each unit's own subjects; the others give every level of the tree. Persons are read from
    table `persons`, which `person_rows` must have filled. What sides count alike is one query, for planning a query
    costs more than the few rows that a round reads.
    """
    sides = []
    for rows, positions in alike(wanted).items():
        members = {position + 1: wanted[position] for position in positions}
        # within its own scope: what some indicators need is less than what all do
        sides.append(_counted_rows(rows, members, near(list(members.values())), persons))
    definitions = {number: definition for number, (definition, _) in enumerate(wanted, 1)}
    capped = [number for number, definition in definitions.items() if definition.capped]
    # without an answer there was no survey, whoever could have answered
    answered_subjects = {
        number: _answered(definition) for number, definition in definitions.items()
    }
    # both sides of a capped share count rows of their own, so that the numerator may be the greater
    least = (
        f"if(cell.1 IN {capped}, least(sum(cell.2), sum(cell.3)), sum(cell.2))"
        if capped
        else "sum(cell.2)"
    )
    anything = "numerator != 0 OR denominator != 0 OR subjects != 0 OR persons != 0"
    conditions = [
        f"cell.1 IN {[number for number, side in answered_subjects.items() if side == answering]}, {answering} != 0"
        for answering in ("numerator", "denominator")
        if answering in answered_subjects.values()
    ]
    having = f"multiIf({', '.join(conditions)}, {anything})" if conditions else anything
    indicator, version, window = member_columns(wanted, "cell.1")
    return f"""SELECT
    {indicator} AS indicator, {version} AS version, grain, system, unit, case_type, part, period,
    {least} AS numerator, sum(cell.3) AS denominator, max(cell.6) AS subjects, max(cell.7) AS persons,
    sum(cell.4) AS numerator_keys, sum(cell.5) AS denominator_keys
FROM ({" UNION ALL ".join(sides)})
WHERE (window = 0 OR window = {window}){touched_limit(scope)}{_limits_of_feeds(definitions, scope)}
GROUP BY cell.1, grain, system, unit, case_type, part, period
HAVING {having}"""


def _answered(definition: Definition) -> str:
    """The side that counts the answers of a survey, which was none where there is no answer; '' where none is."""
    numerator, denominator = definition.sides
    if numerator.subject != "answer":
        return ""
    is_share_of_answers = Rows.of(definition, numerator) == Rows.of(definition, denominator)
    return "denominator" if is_share_of_answers else "numerator"


def member_columns(wanted: Wanted, number_column: str) -> tuple[str, str, str]:
    """SQL of the id, the version and the weeks of windows (0 where none are wanted) of the indicator of a number."""
    indicator_names = ", ".join(f"'{definition.id}'" for definition, _ in wanted)
    versions = ", ".join(str(definition.version) for definition, _ in wanted)
    windows = ", ".join(
        str(definition.window_weeks if "window" in grains else 0) for definition, grains in wanted
    )
    return (
        f"[{indicator_names}][{number_column}]",
        f"toUInt16([{versions}][{number_column}])",
        f"[{windows}][{number_column}]",
    )


def touched_limit(scope: Scope) -> str:
    """SQL condition that limits figures to the touched ones; begins with AND."""
    places = "indicator, version, grain, unit, system, period"
    return f" AND ({places}) IN (SELECT {places} FROM ({scope.touched}))" if scope.touched else ""


def _limits_of_feeds(definitions: Mapping[int, Definition], scope: Scope) -> str:
    """SQL condition that a system has what an indicator needs: without it there is no figure; begins with AND."""
    needing: dict[str, list[int]] = {}
    for definition_number, definition in definitions.items():
        if definition.needs_feed:
            needing.setdefault(definition.numerator.subject, []).append(definition_number)
        if definition.feed:
            needing.setdefault(definition.feed, []).append(definition_number)
    return "".join(
        f" AND (cell.1 NOT IN {numbers} OR system IN {_fed(feed, scope)})"
        for feed, numbers in needing.items()
    )


def _fed(feed: str, scope: Scope) -> str:
    """SQL of the systems that have a feed: as a round keeps them, else as the table of the scope has them."""
    if scope.feeds is not None:
        return listed(scope.feeds.get(feed, frozenset()))
    return f"(SELECT system FROM {scope.subjects}.feeds FINAL WHERE feed = '{feed}')"


def _counted_rows(
    rows: Rows, members: Mapping[int, tuple[Definition, Sequence[str]]], scope: Scope, persons: str
) -> str:
    """SQL of what the indicators of some numbers count in rows that they have in common.

    Columns are where and when, and `cell`: the number, both sides, the sums of their record keys, subjects and persons.
    """
    subject = SUBJECTS[rows.subject]
    if subject.per_period:
        source = f"(SELECT *, sipHash64(person) AS record FROM {persons})"
        grain, window = "grain", "window"
        kind_columns = "grain, window"
    else:
        of_kinds = kinds(list(members.values()))
        columns = columns_read(rows, [definition for definition, _ in members.values()])
        source = _placed(rows, columns, of_kinds, scope)
        grain, window = kind_names(of_kinds)
        # one number says both
        kind_columns = "kind"
    figures = ", ".join(
        _figures(number, definition, rows) for number, (definition, _) in members.items()
    )
    part, part_join = "'' AS part", ""
    if rows.parts:
        # each row once for every part: the expressions say which of them it counts for
        parts = ", ".join(repr(part_name) for part_name in rows.parts)
        part, part_join = "part", f"ARRAY JOIN [{parts}] AS part"
    return f"""
    SELECT system, unit, case_type, {part}, {grain} AS grain, {window} AS window,
           period, arrayJoin([{figures}]) AS cell
    FROM {source} AS rows {part_join}
    GROUP BY {kind_columns}, system, unit, case_type, part, period"""


def _figures(definition_number: int, definition: Definition, rows: Rows) -> str:
    """SQL of the tuple `cell` of an indicator: of each side what these rows give of it, else nothing."""
    subject = SUBJECTS[rows.subject]
    sums, key_sums = [], []
    for side in definition.sides:
        counts = Rows.of(definition, side) == rows
        sums.append(f"toInt64({side.value})" if counts else "toInt64(0)")
        key_sums.append(f"toUInt64(sumIf(record, {side.counted}))" if counts else "toUInt64(0)")
    subjects = "count()" if not subject.per_period and subject.name != "plan" else "toUInt64(0)"
    # who stands behind a share of persons are those who belong, whether they did it or not
    persons = "countIf(eligible)" if subject.per_period else "toUInt64(0)"
    population = definition.population
    if population is not None:
        persons = (
            f"toUInt64({population.value})"
            if Rows.of(definition, population) == rows
            else "toUInt64(0)"
        )
    return f"({definition_number}, {', '.join((*sums, *key_sums))}, {subjects}, {persons})"


def _placed(rows: Rows, columns: Sequence[str], of_kinds: Sequence[Kind], scope: Scope) -> str:
    """Rows of a subject with the kind and period each counts in; at every level where figures do not add up."""
    source = subject_source([rows.period], SUBJECTS[rows.subject], columns, scope)
    period_places = places_of(
        {kind: buckets(rows.period, kind[0], scope, kind[1]) for kind in of_kinds}
    )
    placed = f"""SELECT unit, system, record, {", ".join(columns)}, arrayJoin({period_places}) AS place FROM {source}
        WHERE {has_moment(rows.period)} AND ({rows.where})
          AND {touched_units(scope)} AND {moment_reach(rows.period, of_kinds, scope)}"""
    # what adds up is counted where it stands; the levels above are summed by whoever reads values
    if rows.adds:
        return f"(SELECT *, place.1 AS kind, place.2 AS period FROM ({placed}))"
    names = ", ".join(
        f"r.{column} AS {column}"
        for column in ("system", "record", *columns)
        if column != "case_type"
    )
    return f"""(
        SELECT {names}, r.place.1 AS kind, r.place.2 AS period, p.ancestor AS unit, t AS case_type
        FROM ({placed}) AS r
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
        ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
        WHERE r.place.2 >= p.valid_from AND r.place.2 < p.valid_to{touched_levels(scope)})"""
