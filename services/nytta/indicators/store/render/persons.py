"""SQL of persons by period: who belonged, acted, was at work, was trained, and uses a system by habit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from nytta.indicators.store.render.periods import (
    day_after,
    kind_names,
    near_days,
    periods_between,
    periods_of_day,
    places_of,
    within_reach,
)
from nytta.indicators.store.render.scope import (
    ENDED,
    IN_SIGHT,
    NOBODY,
    SAID,
    Kind,
    Scope,
    touched_units,
    winners,
)

_HABIT = 12
"""Weeks at work over which a habit shows."""


def person_rows(of_kinds: Sequence[Kind], scope: Scope, habits: Collection[int]) -> str:
    """SQL of one row per (kind, unit at every level, system, period, person): all columns of `round_persons`.

    Windows of `habits` weeks have the last weeks at work too, where they are long enough for a habit.

    A person is present as presence events tell it; where none do (-1), present_any gives the expected share: of the
    unit's staff as the unit reported it, else as the calendar has it. Limited to the units under the touched cells.
    """
    units = touched_units(scope)
    near_weeks = _weeks(scope, of_kinds)
    eligible = _belonging(scope, of_kinds, units)
    long_windows = {
        kind_number: window
        for kind_number, (grain, window) in enumerate(of_kinds, 1)
        if grain == "window" and window in habits and window >= _HABIT
    }
    # joined only where somebody asks for it: each join costs what it reads, and to plan
    habit = _habit(scope, long_windows, units) if long_windows else ""
    has_presence = scope.has("presence")
    present_join = _present(scope, of_kinds, near_weeks) if has_presence else ""
    share_join = _present_share(
        scope, of_kinds, eligible, f"{units} AND actor = {NOBODY} AND {near_weeks}"
    )
    has_training = scope.has("training")
    # the grain of each number, for tables that name their grain
    kind_columns = f"{list(range(1, len(of_kinds) + 1))} AS kind, {[grain for grain, _ in of_kinds]} AS of_kind"
    grain, window = kind_names(of_kinds, "r.kind")
    return f"""
    SELECT {grain} AS grain, {window} AS window,
           p.ancestor AS unit, r.system AS system, case_type, r.period AS period, r.person AS person,
           max(r.a) AS active, max(r.e) AS eligible, max(r.n) AS entitled,
           {"toInt8(max(t.known)) - 1" if has_presence else "-1"} AS present,
           max(multiIf({"o.share > 0, o.share, " if has_presence else ""}c.present_any > 0, c.present_any, 1000))
               AS present_any,
           max(r.l) AS legacy, max(r.t) AS tier,
           {f"max(d.done = 1 AND d.first < {day_after('r.period', of_kinds)})" if has_training else "0"} AS trained,
           {"max(h.at_work)" if habit else "0"} AS weeks_at_work, {"max(h.used)" if habit else "0"} AS weeks_active
    FROM ({_acting_or_eligible(scope, of_kinds, eligible, f"{units} AND {near_weeks}")}) AS r
    INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit{present_join}{share_join if has_presence else ""}
    LEFT JOIN (SELECT DISTINCT unit, root FROM {scope.open}.units) AS u ON u.unit = r.unit
    LEFT JOIN (SELECT root, kind, period, present_any FROM {scope.open}.calendar
               ARRAY JOIN {kind_columns} WHERE grain = of_kind) AS c
        ON c.root = u.root AND c.kind = r.kind AND c.period = r.period{_trained(scope) if has_training else ""}
    {habit}
    ARRAY JOIN ['', '*'] AS case_type
    WHERE r.period >= p.valid_from AND r.period < p.valid_to {_touched_only(scope, kind_columns)}
    GROUP BY r.kind, p.ancestor, r.system, case_type, r.period, r.person"""


def _acting_or_eligible(
    scope: Scope, of_kinds: Sequence[Kind], eligible: str, condition: str
) -> str:
    """SQL of persons by unit, system and period: those who acted, in an older system too, and those who belonged.

    Its columns of one letter say active, eligible, entitled, legacy and tier.
    """
    periods_of_kinds = {}
    for grain, window in of_kinds:
        periods = periods_between("first_day", "last_day", grain, scope, window)
        periods_of_kinds[grain, window] = within_reach(periods, grain, scope)
    belonging = places_of(periods_of_kinds)
    acted = places_of({kind: periods_of_day("day", kind[0], scope, kind[1]) for kind in of_kinds})
    by_old = f"""
        UNION ALL
        SELECT unit, system, arrayJoin({acted}) AS place, actor AS person, 0, 0, 0, 1, ''
        FROM {_persons_by_day(scope, "earlier", condition)}"""
    return f"""
        SELECT unit, system, place.1 AS kind, place.2 AS period, person, a, e, n, l, t FROM (
            SELECT unit, system, arrayJoin({acted}) AS place, actor AS person, 1 AS a, 0 AS e, 0 AS n, 0 AS l, '' AS t
            FROM {_persons_by_day(scope, "act", condition)}{by_old if scope.has("legacy") else ""}
            UNION ALL
            SELECT unit, system, arrayJoin({belonging}) AS place, actor AS person, 0, 1, toInt8(entitled != 0), 0,
                   toString(tier)
            FROM {eligible})
    """


def _present(scope: Scope, of_kinds: Sequence[Kind], near_weeks: str) -> str:
    """Join of what presence events tell of each person: 2 where they were at work on some day, 1 where on none."""
    weeks = _presence_weeks(scope, of_kinds)
    return f"""
    LEFT JOIN (
        SELECT place.1 AS kind, place.2 AS period, person, max(1 + (days > 0)) AS known
        FROM (SELECT arrayJoin({weeks}) AS place, actor AS person, days
              FROM {_persons_by_day(scope, "presence", f"actor != {NOBODY} AND {near_weeks}")})
        GROUP BY kind, period, person
    ) AS t ON t.person = r.person AND t.kind = r.kind AND t.period = r.period"""


def _present_share(scope: Scope, of_kinds: Sequence[Kind], eligible: str, condition: str) -> str:
    """Join of the share of its staff that a unit reported at work, in thousandths; a period has its best week."""
    weeks = _presence_weeks(scope, of_kinds)
    return f"""
    LEFT JOIN (
        SELECT w.unit AS unit, w.place.1 AS kind, w.place.2 AS period,
               toUInt16(max(least(1000, round(1000 * w.persons / s.staff)))) AS share
        FROM (SELECT unit, toMonday(toDate(valid_from)) AS week, arrayJoin({weeks}) AS place, quantity AS persons
              FROM {_persons_by_day(scope, "presence", condition)}) AS w
        INNER JOIN (
            SELECT unit, arrayJoin({periods_between("first_day", "last_day", "week", scope, 0)}) AS week,
                   uniqExact(actor) AS staff
            FROM {eligible} GROUP BY unit, week
        ) AS s ON s.unit = w.unit AND s.week = w.week
        GROUP BY w.unit, kind, period
    ) AS o ON o.unit = r.unit AND o.kind = r.kind AND o.period = r.period"""


def _presence_weeks(scope: Scope, of_kinds: Sequence[Kind]) -> str:
    return places_of(
        {kind: periods_of_day("toDate(valid_from)", kind[0], scope, kind[1]) for kind in of_kinds}
    )


def _trained(scope: Scope) -> str:
    """Join of the first day on which each person was trained in a system."""
    return f"""
    LEFT JOIN (SELECT actor, system, min({scope.zones.date("time")}) AS first, 1 AS done
               FROM {winners(scope, "'training'", f"actor != {NOBODY}")}
               GROUP BY actor, system) AS d ON d.actor = r.person AND d.system = r.system"""


def _touched_only(scope: Scope, kind_columns: str) -> str:
    """SQL condition that limits persons to the touched cells, where there are such; begins with AND."""
    if not scope.touched:
        return ""
    return (
        f"AND (p.ancestor, r.system, r.kind, r.period) IN (SELECT unit, system, kind, period FROM ({scope.touched}) "
        f"ARRAY JOIN {kind_columns} WHERE grain = of_kind)"
    )


def _persons_by_day(scope: Scope, act_kind: str, condition: str) -> str:
    """SQL of what is known of persons by day.

    An act, or a presence, that came twice is in it twice: who reads it asks whether there is any.
    """
    return f"""(SELECT unit, system, toDateTime64(900 * quarter, 3, 'UTC') AS time,
               {scope.zones.date("time")} AS day, actor, days, quantity, toDate(time) AS valid_from
        FROM {scope.events}.persons_by_day
        WHERE what = '{act_kind}' AND {condition} AND {scope.visible}
          AND said NOT IN (SELECT {SAID} FROM {scope.events}.superseded WHERE {scope.visible}))"""


def _belonging(scope: Scope, of_kinds: Sequence[Kind], units: str) -> str:
    """SQL of who belongs to units, from the first to the last day that may bear on the touched periods."""
    first_day, last_day = near_days("toDate(valid_from)", ENDED, scope, of_kinds)
    return f"""(SELECT unit, system, actor, entitled, tier, {first_day} AS first_day, {last_day} AS last_day
        FROM {winners(scope, "'eligibility'", units)} WHERE {IN_SIGHT})"""


def _weeks(scope: Scope, of_kinds: Sequence[Kind]) -> str:
    """SQL condition on the weeks of persons_by_day that bear on the touched periods; their days may be one beside."""
    if scope.reaches is None:
        return "1"
    first_days, last_days = [], []
    for grain, window in of_kinds:
        first_day, last_day = scope.reaches[grain]
        first_days.append(
            first_day - timedelta(days=1 + 7 * (window - 1 if grain == "window" else 0))
        )
        last_days.append(last_day + timedelta(days=32 if grain == "month" else 7))
    since = min(first_days)
    monday = since - timedelta(days=since.weekday())
    return f"week >= '{max(monday, date(1970, 1, 5))}' AND week <= '{max(last_days)}'"


def _habit(scope: Scope, windows: Mapping[int, int], units: str) -> str:
    """Join of each person's last weeks at work in windows that end with a week in scope, and of those with an act.

    `windows` are the weeks of each, by the number of its kind. A week with an act is one at work, else what presence
    tells; where it tells nothing, one in which the calendar expects at least half of the staff.
    """
    of_kinds = [("window", window) for window in windows.values()]
    last_weeks = ", ".join(
        f"arrayMap(i -> (toUInt8({number}), w.week + 7 * i), range({window}))"
        for number, window in windows.items()
    )
    return f"""LEFT JOIN (
        SELECT p.ancestor AS unit, w.system AS system, w.person AS person, last.1 AS kind, last.2 AS period,
               arraySlice(arrayReverseSort(groupUniqArrayIf(w.week, w.there)), 1, {_HABIT}) AS weeks,
               max(w.week = period) AS still,
               still * length(weeks) AS at_work,
               still * length(arrayIntersect(weeks, groupUniqArrayIf(w.week, w.did))) AS used
        FROM ({_weeks_of_persons(scope, of_kinds, units)}) AS w
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = w.unit
        ARRAY JOIN arrayConcat({last_weeks}) AS last
        WHERE last.2 <= toDate('{scope.last_week}'){_last_weeks_limit(scope)}
          AND w.week >= p.valid_from AND w.week < p.valid_to
        GROUP BY p.ancestor, w.system, w.person, kind, period
    ) AS h ON h.unit = p.ancestor AND h.system = r.system AND h.person = r.person AND h.kind = r.kind
        AND h.period = r.period"""


def _weeks_of_persons(scope: Scope, of_kinds: Sequence[Kind], units: str) -> str:
    """SQL of the weeks of eligible persons: whether each did something, and whether they were at work."""
    near_weeks = _weeks(scope, of_kinds)
    acts = _persons_by_day(scope, "act", f"{units} AND {near_weeks}")
    eligible = _belonging(scope, of_kinds, units)
    weeks = periods_between("first_day", "last_day", "week", scope, 0)
    present = _persons_by_day(scope, "presence", f"actor != {NOBODY} AND {near_weeks}")
    at_work = f"""LEFT JOIN (SELECT toMonday(toDate(valid_from)) AS week, actor AS person, max(1 + (days > 0)) AS known
                       FROM {present}
                       GROUP BY week, person) AS t ON t.person = s.person AND t.week = s.week"""
    has_presence = scope.has("presence")
    return f"""
            SELECT s.unit AS unit, s.system AS system, s.person AS person, s.week AS week, max(s.a) AS did,
                   {"max(t.known)" if has_presence else "0"} AS told,
                   max(if(c.present_any > 0, c.present_any, 1000)) AS expected,
                   did OR told = 2 OR (told = 0 AND expected >= 500) AS there
            FROM (
                SELECT unit, system, actor AS person, toMonday(day) AS week, 1 AS a, 0 AS e FROM {acts}
                UNION ALL
                SELECT unit, system, actor AS person, arrayJoin({weeks}) AS week, 0, 1 FROM {eligible}
            ) AS s
            {at_work if has_presence else ""}
            LEFT JOIN (SELECT DISTINCT unit, root FROM {scope.open}.units) AS u ON u.unit = s.unit
            LEFT JOIN (SELECT root, period, present_any FROM {scope.open}.calendar WHERE grain = 'week') AS c
                ON c.root = u.root AND c.period = s.week
            GROUP BY s.unit, s.system, s.person, s.week
            HAVING max(s.e)
        """


def _last_weeks_limit(scope: Scope) -> str:
    """SQL condition on the last weeks of windows: those of the touched cells, or in reach; begins with AND."""
    if scope.touched:
        return f" AND last.2 IN (SELECT period FROM ({scope.touched}) WHERE grain = 'window')"
    if scope.reaches is not None:
        first_day, last_day = scope.reaches["window"]
        return f" AND last.2 >= toDate('{first_day}') AND last.2 <= toDate('{last_day}')"
    return ""
