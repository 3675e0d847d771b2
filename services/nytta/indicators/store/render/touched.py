"""SQL of the cells that changed subjects touch."""

from __future__ import annotations

from nytta.indicators.definition import At, Definition, Side
from nytta.indicators.store.render.periods import period_start
from nytta.indicators.store.render.scope import Wanted
from nytta.indicators.subjects import SUBJECTS


def touched_places(wanted: Wanted, touched: str, open_database: str, last_week: str) -> str:
    """SQL of the cells that changed subjects touch: (indicator, version, grain, unit, system, period).

    `touched` is the SQL of a table (subject, unit, system, day, onwards): the local days that changed rows stood at,
    before and after. A level touches every period from its day on; what does not add up touches all ancestors and
    windows.
    """
    members: dict[bool, _Steps] = {True: {}, False: {}}
    for definition, grains in wanted:
        # apart, for what adds up touches the unit alone and not those above it
        steps = members[definition.adds]
        for grain in grains:
            member = (definition.id, definition.version, grain)
            for side in definition.reads:
                step = (side.subject, _touched_periods(definition, side, grain, last_week))
                steps.setdefault(step, {})[member] = None
    branches = [
        _touched_members(steps, touched, open_database, last_week, every_level=not adds)
        for adds, steps in members.items()
        if steps
    ]
    return " UNION ALL ".join(branches)


_Steps = dict[tuple[str, str], dict[tuple[str, int, str], None]]
"""A subject and SQL of the periods that a day of it touches, with the indicators and grains that are touched so."""


def _touched_members(
    steps: _Steps, touched: str, open_database: str, last_week: str, *, every_level: bool
) -> str:
    """SQL of the cells touched by steps."""
    # the periods of a day are made once for each subject, however many indicators count it
    by_subject: dict[str, list[str]] = {}
    for number, (subject, periods) in enumerate(steps, 1):
        by_subject.setdefault(subject, []).append(
            f"arrayMap(p -> (toUInt8({number}), p), {periods})"
        )
    arrays = ", ".join(
        f"subject = '{subject}', arrayConcat({', '.join(conditions)})"
        for subject, conditions in by_subject.items()
    )
    touched_steps = f"""SELECT DISTINCT unit, system, place.1 AS step, place.2 AS period
        FROM (SELECT unit, system, arrayJoin(multiIf({arrays}, [])) AS place
              FROM ({touched}) WHERE day <= toDate('{last_week}') + 6)"""
    if every_level:
        touched_steps = f"""SELECT DISTINCT p.ancestor AS unit, o.system AS system, o.step AS step, o.period AS period
            FROM ({touched_steps}) AS o INNER JOIN {open_database}.unit_paths AS p ON p.unit = o.unit
            WHERE o.period >= p.valid_from AND o.period < p.valid_to"""
    members = [list(conditions) for conditions in steps.values()]
    return f"""SELECT DISTINCT member.1 AS indicator, toUInt16(member.2) AS version, member.3 AS grain,
        unit, system, period
        FROM ({touched_steps}) ARRAY JOIN {members}[step] AS member"""


def _touched_periods(definition: Definition, side: Side, grain: str, last_week: str) -> str:
    """SQL of the array of periods that a changed row touches which stood at `day`."""
    limit = f"toDate('{last_week}')"
    # a moment touches its own period; what stands or lasts, every one from its day on
    if isinstance(side.period, At):
        if grain == "window":
            windows = f"arrayMap(i -> toMonday(day) + 7 * i, range({definition.window_weeks}))"
            return f"arrayFilter(p -> p <= {limit}, {windows})"
        return f"[{period_start('day', grain)}]"
    first_period, last_period = period_start("day", grain), period_start(f"{limit} + 6", grain)
    if grain in ("week", "window"):
        period_count, period = (
            f"intDiv({last_period} - {first_period}, 7)",
            f"{first_period} + 7 * i",
        )
    else:
        period_count, period = (
            f"dateDiff('month', {first_period}, {last_period})",
            f"addMonths({first_period}, i)",
        )
    onwards = f"arrayMap(i -> {period}, range(toUInt32(greatest(0, {period_count} + 1))))"
    if SUBJECTS[side.subject].per_period:
        return _person_periods(grain, definition.window_weeks, limit, onwards)
    return onwards


def _person_periods(grain: str, window: int, limit: str, onwards: str) -> str:
    """An act touches the periods around its day; eligibility (marked by `onwards`) every period from its day on."""
    if grain == "window":
        around = (
            f"arrayFilter(p -> p <= {limit}, arrayMap(i -> toMonday(day) + 7 * i, range({window})))"
        )
    else:
        around = f"[{period_start('day', grain)}]"
    return f"if(onwards, {onwards}, {around})"
