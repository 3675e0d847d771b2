"""SQL of who handled cases and tickets, and who asked for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nytta.indicators.definition import Definition
from nytta.indicators.store.render.cells import member_columns, touched_limit
from nytta.indicators.store.render.periods import (
    Period,
    buckets,
    has_moment,
    kind_names,
    moment_reach,
    places_of,
)
from nytta.indicators.store.render.rows import subject_source
from nytta.indicators.store.render.scope import (
    NOBODY,
    Near,
    Scope,
    Wanted,
    kinds,
    touched_levels,
    touched_units,
)
from nytta.indicators.subjects import SUBJECTS, Subject


def hands(wanted: Wanted, scope: Scope, near: Near) -> str:
    """SQL of who handled and who asked for cases or tickets of several indicators: `hands` but its last two columns.

    At every level of the tree, as distinct persons need. Each definition has a handled side.
    """
    # cases and tickets lie in tables of their own
    by_subject: dict[str, list[int]] = {}
    for position, (definition, _) in enumerate(wanted):
        assert definition.handled is not None
        by_subject.setdefault(definition.handled.subject, []).append(position)
    indicator, version, window = member_columns(wanted, "member")
    counted = []
    for subject_name, positions in by_subject.items():
        # numbered as they stand among all, from 1, for that is how SQL counts elements
        members = {position + 1: wanted[position] for position in positions}
        counted.append(_hands_of(SUBJECTS[subject_name], members, near(list(members.values()))))
    return f"""SELECT {indicator} AS indicator, {version} AS version, grain, system, unit, case_type, period,
    handlers, most_by_one, requesters
FROM ({" UNION ALL ".join(counted)})
WHERE (window = 0 OR window = {window}){touched_limit(scope)}"""


def _hands_of(
    subject: Subject, members: Mapping[int, tuple[Definition, Sequence[str]]], scope: Scope
) -> str:
    """SQL of the counts of hands of one subject, for the indicators of some numbers."""
    # indicators that look at the same rows by the same hand are counted once
    alike_members: dict[tuple[Period | None, str, str], list[int]] = {}
    for alike_number, (definition, _) in members.items():
        side = definition.handled
        assert side is not None
        alike_members.setdefault((side.period, side.where, definition.hand_column), []).append(
            alike_number
        )
    of_kinds = kinds(list(members.values()))
    sides = [
        definition.handled for definition, _ in members.values() if definition.handled is not None
    ]
    columns = sorted(
        {"case_type", *subject.hands, *(column for side in sides for column in side.columns)}
    )
    source = subject_source([side.period for side in sides], subject, columns, scope)
    counted_lists, reaches = [], []
    for alike_number, ((period, condition, _), numbers) in enumerate(alike_members.items(), 1):
        wanted_kinds = kinds([members[member] for member in numbers])
        periods = {kind: buckets(period, kind[0], scope, kind[1]) for kind in wanted_kinds}
        places = places_of(periods, of_kinds)
        counted_places = f"arrayMap(place -> (toUInt8({alike_number}), place.1, place.2), {places})"
        counted_lists.append(f"if({has_moment(period)} AND ({condition}), {counted_places}, [])")
        reaches.append(f"({moment_reach(period, wanted_kinds, scope)})")
    hand_columns = [column for _, _, column in alike_members]
    # one column where all agree: an array of columns is made for every row
    hand = (
        hand_columns[0]
        if len(set(hand_columns)) == 1
        else f"[{', '.join(hand_columns)}][r.place.1]"
    )
    requester = (
        f"uniqExactIf(requester, requester != {NOBODY})" if subject.requester else "toUInt64(0)"
    )
    grain, window = kind_names(of_kinds)
    return f"""
    SELECT {grain} AS grain, {window} AS window, system, unit, case_type, period,
           mapValues(sumMapIf(map(doer, toUInt64(1)), doer != {NOBODY})) AS by_hand,
           toUInt64(length(by_hand)) AS handlers, arrayMax(arrayPushBack(by_hand, 0)) AS most_by_one,
           {requester} AS requesters, arrayJoin({list(alike_members.values())}[side]) AS member
    FROM (
        SELECT r.system AS system, r.place.1 AS side, r.place.2 AS kind, r.place.3 AS period, p.ancestor AS unit,
               t AS case_type, {hand} AS doer{f", r.{subject.requester} AS requester" if subject.requester else ""}
        FROM (
            SELECT system, unit, case_type, {", ".join(subject.hands)},
                   arrayJoin(arrayConcat({", ".join(counted_lists)})) AS place
            FROM {source} WHERE {touched_units(scope)} AND ({" OR ".join(dict.fromkeys(reaches))})) AS r
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
        ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
        WHERE r.place.3 >= p.valid_from AND r.place.3 < p.valid_to{touched_levels(scope)})
    GROUP BY side, kind, system, unit, case_type, period"""
