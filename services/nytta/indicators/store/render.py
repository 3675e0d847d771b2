"""SQL text of subject rows and of cells, for the store to execute.

Names of databases are arguments, so that the same text serves the live zone, a verification and a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nytta.indicators.definition import At, Definition, Holds, Overlaps, Side
from nytta.indicators.subjects import SUBJECTS, Subject

_OPEN_END = "toDate('2149-06-06')"
_FIRST_MONDAY = "toDate('1970-01-05')"  # a Date before it has no Monday: 'since ever' would count in weeks of Thursdays
_IS_OPEN = "valid_to < toDate32('1901-01-01')"
"""SQL condition that a membership has no end: no event bears a day so early."""
_IN_SIGHT = f"({_IS_OPEN} OR valid_to > toDate32('1970-01-05'))"
"""SQL condition that a membership did not end before the first week that there can be."""
ENDED = f"if({_IS_OPEN}, {_OPEN_END}, toDate(valid_to - 1))"
"""SQL of the last day of a membership."""
_NOBODY = "toFixedString('', 16)"
_HABIT = 12
"""Weeks at work over which a habit shows."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Which local time buckets follow: one zone per organisation, or one zone for all when a reader asks for it.

    `by_zone` maps an IANA zone to the SQL of its units' names (a subquery or list); the last zone needs none.
    """

    by_zone: Mapping[str, str]

    def date(self, moment: str) -> str:
        """SQL of the local date of the DateTime64 expression `moment`, in a query with a column `unit`."""
        zones = list(self.by_zone)
        if len(zones) == 1:
            return f"toDate({moment}, '{zones[0]}')"
        tests = ", ".join(f"unit IN ({self.by_zone[zone]}), toDate({moment}, '{zone}')" for zone in zones[:-1])
        return f"multiIf({tests}, toDate({moment}, '{zones[-1]}'))"


@dataclass(frozen=True, slots=True)
class Scope:
    """From where to where: databases, local time, the last week, and the touched cells.

    `events` is the database with raw events, `subjects` the one with subject rows, `open` the one with the registry.
    `last_week` is a Monday as ISO date: standing subjects count up to it. `touched` is the SQL of a table with columns
    (unit, system, period) that limits the cells, '' for all. `visible` is the SQL condition on column `import` that
    committed rows meet.

    What is known of the touched cells beforehand is said here, in the place of asking in every statement: `units`
    are those whose subjects they need (None: not known), `reach` their first and last period, `feeds` what systems
    have. A `reach` without touched cells limits what is computed to periods that begin in it.
    """

    events: str
    subjects: str
    open: str
    zones: Zones
    last_week: str
    touched: str = ""
    visible: str = "import = 0"
    units: tuple[str, ...] | None = None
    reach: tuple[date, date] | None = None
    feeds: Mapping[str, frozenset[str]] | None = None

    def has(self, feed: str) -> bool:
        """Whether there may be anything of a feed."""
        return self.feeds is None or bool(self.feeds.get(feed))


def listed(names: Iterable[str]) -> str:
    """SQL of the list of some texts, which is never empty."""
    quoted = ["'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name in sorted(names)]
    return f"({', '.join(quoted)})" if quoted else "(NULL)"


def winners(scope: Scope, kinds: str, where: str = "1") -> str:
    """SQL of the winning events of some kinds ("'case'"): committed, not taken back, and no better content is there.

    The index of superseded contents says so.
    """
    return f"""(
    SELECT * FROM (
        SELECT *, identity, content FROM {scope.events}.events
        WHERE kind IN ({kinds}) AND {where} AND {scope.visible} AND {_unbeaten(scope)}
        ORDER BY snapshot DESC, revision DESC, content ASC, import ASC LIMIT 1 BY identity)
    WHERE retracted = 0)"""


def _unbeaten(scope: Scope) -> str:
    beaten = f"SELECT identity, snapshot, content FROM {scope.events}.superseded WHERE {scope.visible}"
    return f"(identity, snapshot, content) NOT IN ({beaten})"


def subject_rows(subject: Subject, events: str, open_database: str) -> str:
    """SQL of a subject's rows derived from `events`, the SQL of its winning events; columns `subject.stored`."""
    text = subject.select.format(events=events, open=open_database)
    return f"SELECT {', '.join(subject.stored)} FROM ({text})"


def buckets(side: Side, grain: str, scope: Scope, window: int) -> str:
    """SQL of the array of period starts (Date) in which a row counts."""
    match side.period:
        case At(at=moment):
            return _flow(scope.zones.date(f"assumeNotNull({moment})"), grain, scope, window)
        case Holds(holds=(start, end)):
            first_day = scope.zones.date(f"assumeNotNull({start})")
            # standing at the end of a period: the period in which it ends is the first that it does not stand in
            last_day = f"if(isNull({end}), {_OPEN_END}, {scope.zones.date(f'assumeNotNull({end})')})"
            ended = f"if(isNull({end}), {_OPEN_END}, {_before(last_day, grain)})"
            return _span(*_near(first_day, ended, scope, window), grain, scope, window)
        case Overlaps(overlaps=(start, end)):
            return _span(*_near(start, f"{end} - 1", scope, window), grain, scope, window)
        case None:
            raise ValueError("rows of this subject are per period already")


def _near(first_day: str, last_day: str, scope: Scope, window: int) -> tuple[str, str]:
    """Of the days from `first_day` to `last_day`, as SQL, the first and the last one that may bear on the touched
    periods."""
    if scope.reach is None:
        return first_day, last_day
    since = max(scope.reach[0] - timedelta(days=31 + 7 * window), date(1970, 1, 1))
    until = scope.reach[1] + timedelta(days=31)
    return f"greatest({first_day}, toDate('{since}'))", f"least({last_day}, toDate('{until}'))"


def _start(day: str, grain: str) -> str:
    match grain:
        case "week" | "window":
            return f"toMonday(greatest({day}, {_FIRST_MONDAY}))"
        case "month":
            return f"toStartOfMonth({day})"
        case "total":
            return "toDate(0)"
        case _:
            raise ValueError(f"grain '{grain}' is unknown; use week, month, window or total")


def _before(day: str, grain: str) -> str:
    """The last day before the period of `day`."""
    return f"{_start(day, grain)} - 1" if grain != "total" else "toDate(0) - 1"


def _flow(day: str, grain: str, scope: Scope, window: int) -> str:
    if grain == "window":
        return (
            f"arrayFilter(p -> p <= toDate('{scope.last_week}'), "
            f"arrayMap(i -> toMonday({day}) + 7 * i, range({window})))"
        )
    # a moment may lie ahead of the events: its figure comes when they have reached it
    return f"if({day} <= toDate('{scope.last_week}') + 6, [{_start(day, grain)}], emptyArrayDate())"


def _span(first_day: str, last_day: str, grain: str, scope: Scope, window: int) -> str:
    """Periods from the one of `first_day` to the one of `last_day`, at most the one of the last week."""
    limit = f"toDate('{scope.last_week}') + 6"
    end = f"least({last_day}, {limit})"
    match grain:
        case "week":
            count = f"intDiv(toMonday({end}) - {_start(first_day, 'week')}, 7) + 1"
            period = f"{_start(first_day, 'week')} + 7 * i"
        case "window":
            count = f"intDiv(toMonday({end}) - {_start(first_day, 'week')}, 7) + {window}"
            period = f"{_start(first_day, 'week')} + 7 * i"
        case "month":
            count = f"dateDiff('month', toStartOfMonth({first_day}), toStartOfMonth({end})) + 1"
            period = f"addMonths(toStartOfMonth({first_day}), i)"
        case _:
            return f"if({first_day} <= {end}, [toDate(0)], emptyArrayDate())"
    periods = f"arrayMap(i -> {period}, range(toUInt32(greatest(0, if({first_day} <= {end}, {count}, 0)))))"
    return f"arrayFilter(p -> p <= toDate('{scope.last_week}'), {periods})" if grain == "window" else periods


def person_rows(grain: str, scope: Scope, window: int, *, habits: bool) -> str:
    """SQL of one row per (unit at every level, system, period, person): columns of subject 'person' for one grain.

    With `habits`, a window of enough weeks has the last weeks at work too.

    A person is present as presence events tell it; where none do (-1), present_any gives the expected share: of the
    unit's staff as the unit reported it, else as the calendar has it. Limited to the units under the touched cells.
    """
    units = _units(scope)
    belonging = _near("toDate(valid_from)", ENDED, scope, window)
    spans = _span(*belonging, grain, scope, window)
    weeks = _flow("toDate(valid_from)", grain, scope, window)
    near_weeks = _weeks(scope, grain, window)
    person_acts = _person_days(scope, "act", f"{units} AND {near_weeks}")
    acted = _flow(scope.zones.date("time"), grain, scope, window)
    memberships = winners(scope, "'eligibility'", units)
    eligible = f"(SELECT * FROM {memberships} WHERE {_IN_SIGHT})"
    habit = _habit(scope, window, person_acts, eligible) if habits and window >= _HABIT else ""
    limit = (
        f"AND (p.ancestor, r.system, r.period) IN ({scope.touched})" if scope.touched else _within(scope, "r.period")
    )
    by_old = f"""
        UNION ALL
        SELECT unit, system, arrayJoin({acted}) AS period, actor AS person, 0, 0, 0, 1, ''
        FROM {_person_days(scope, "earlier", f"{units} AND {near_weeks}")}"""
    at_work = f"""
    LEFT JOIN (
        SELECT arrayJoin({weeks}) AS period, actor AS person, max(1 + (days > 0)) AS known
        FROM {_person_days(scope, "presence", f"actor != {_NOBODY} AND {near_weeks}")}
        GROUP BY period, person
    ) AS t ON t.person = r.person AND t.period = r.period
    LEFT JOIN (
        SELECT w.unit AS unit, w.period AS period,
               toUInt16(max(least(1000, round(1000 * w.persons / s.staff)))) AS share
        FROM (SELECT unit, toMonday(toDate(valid_from)) AS week, arrayJoin({weeks}) AS period, quantity AS persons
              FROM {_person_days(scope, "presence", f"{units} AND actor = {_NOBODY} AND {near_weeks}")}) AS w
        INNER JOIN (
            SELECT unit, arrayJoin({_span(*belonging, "week", scope, window)}) AS week,
                   uniqExact(actor) AS staff
            FROM {eligible} GROUP BY unit, week
        ) AS s ON s.unit = w.unit AND s.week = w.week
        GROUP BY w.unit, w.period
    ) AS o ON o.unit = r.unit AND o.period = r.period"""
    training_join = f"""
    LEFT JOIN (SELECT actor, system, min({scope.zones.date("time")}) AS first, 1 AS done
               FROM {winners(scope, "'training'", f"actor != {_NOBODY}")}
               GROUP BY actor, system) AS d ON d.actor = r.person AND d.system = r.system"""
    presence, trained = scope.has("presence"), scope.has("training")
    return f"""
    SELECT p.ancestor AS unit, r.system AS system, case_type, r.period AS period, r.person AS person,
           max(r.a) AS active, max(r.e) AS eligible, max(r.n) AS entitled,
           {"toInt8(max(t.known)) - 1" if presence else "-1"} AS present,
           max(multiIf({"o.share > 0, o.share, " if presence else ""}c.present_any > 0, c.present_any, 1000))
               AS present_any,
           max(r.l) AS legacy, max(r.t) AS tier,
           {f"max(d.done = 1 AND d.first < {_after('r.period', grain)})" if trained else "0"} AS trained,
           {"max(h.at_work)" if habit else "0"} AS weeks_at_work, {"max(h.used)" if habit else "0"} AS weeks_active
    FROM (
        SELECT unit, system, arrayJoin({acted}) AS period, actor AS person, 1 AS a, 0 AS e, 0 AS n, 0 AS l, '' AS t
        FROM {person_acts}{by_old if scope.has("legacy") else ""}
        UNION ALL
        SELECT unit, system, arrayJoin({spans}) AS period, actor AS person, 0, 1, toInt8(entitled != 0), 0,
               toString(tier)
        FROM {eligible}
    ) AS r
    INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit{at_work if presence else ""}
    LEFT JOIN (SELECT DISTINCT unit, root FROM {scope.open}.units) AS u ON u.unit = r.unit
    LEFT JOIN (SELECT root, period, present_any FROM {scope.open}.calendar WHERE grain = '{grain}') AS c
        ON c.root = u.root AND c.period = r.period{training_join if trained else ""}
    {habit}
    ARRAY JOIN ['', '*'] AS case_type
    WHERE r.period >= p.valid_from AND r.period < p.valid_to {limit}
    GROUP BY p.ancestor, r.system, case_type, r.period, r.person"""


def _within(scope: Scope, period: str) -> str:
    """SQL condition that limits a computation of everything to the periods of its reach; begins with AND."""
    if scope.reach is None:
        return ""
    return f" AND {period} >= toDate('{scope.reach[0]}') AND {period} <= toDate('{scope.reach[1]}')"


def _person_days(scope: Scope, kind: str, where: str) -> str:
    """SQL of what is known of persons by day.

    An act, or a presence, that came twice is in it twice: who reads it asks whether there is any.
    """
    return f"""(SELECT unit, system, time, actor, days, quantity, toDate(time) AS valid_from
        FROM {scope.events}.person_days
        WHERE what = '{kind}' AND {where} AND {scope.visible} AND {_unbeaten(scope)})"""


def _weeks(scope: Scope, grain: str, window: int) -> str:
    """SQL condition on the weeks of person_days that bear on the touched periods; their days may be one beside."""
    if scope.reach is None:
        return "1"
    first_day, last_day = scope.reach
    first_day -= timedelta(days=1 + 7 * (window - 1 if grain == "window" else 0))
    last_day += timedelta(days=32 if grain == "month" else 7)
    monday = first_day - timedelta(days=first_day.weekday())
    return f"week >= '{max(monday, date(1970, 1, 5))}' AND week <= '{last_day}'"


def _after(period: str, grain: str) -> str:
    """The first day after a period."""
    match grain:
        case "month":
            return f"addMonths({period}, 1)"
        case "total":
            return _OPEN_END
        case _:
            return f"{period} + 7"


def _habit(scope: Scope, window: int, person_acts: str, eligible: str) -> str:
    """Join of each person's last weeks at work in a window that ends with a week in scope, and of those with an act.

    A week with an act is one at work, else what presence tells; where it tells nothing, one in which the calendar
    expects at least half of the staff.
    """
    acted = f"toMonday({scope.zones.date('time')})"
    weeks = _span(*_near("toDate(valid_from)", ENDED, scope, window), "week", scope, 0)
    few_weeks = f" AND last IN (SELECT period FROM ({scope.touched}))" if scope.touched else _within(scope, "last")
    present = _person_days(scope, "presence", f"actor != {_NOBODY} AND {_weeks(scope, 'window', window)}")
    at_work = f"""LEFT JOIN (SELECT toMonday(toDate(valid_from)) AS week, actor AS person, max(1 + (days > 0)) AS known
                       FROM {present}
                       GROUP BY week, person) AS t ON t.person = s.person AND t.week = s.week"""
    presence = scope.has("presence")
    return f"""LEFT JOIN (
        SELECT p.ancestor AS unit, w.system AS system, w.person AS person, last AS period,
               arraySlice(arrayReverseSort(groupUniqArrayIf(w.week, w.there)), 1, {_HABIT}) AS weeks,
               max(w.week = last) AS still,
               still * length(weeks) AS at_work,
               still * length(arrayIntersect(weeks, groupUniqArrayIf(w.week, w.did))) AS used
        FROM (
            SELECT s.unit AS unit, s.system AS system, s.person AS person, s.week AS week, max(s.a) AS did,
                   {"max(t.known)" if presence else "0"} AS told,
                   max(if(c.present_any > 0, c.present_any, 1000)) AS expected,
                   did OR told = 2 OR (told = 0 AND expected >= 500) AS there
            FROM (
                SELECT unit, system, actor AS person, {acted} AS week, 1 AS a, 0 AS e FROM {person_acts}
                UNION ALL
                SELECT unit, system, actor AS person, arrayJoin({weeks}) AS week, 0, 1 FROM {eligible}
            ) AS s
            {at_work if presence else ""}
            LEFT JOIN (SELECT DISTINCT unit, root FROM {scope.open}.units) AS u ON u.unit = s.unit
            LEFT JOIN (SELECT root, period, present_any FROM {scope.open}.calendar WHERE grain = 'week') AS c
                ON c.root = u.root AND c.period = s.week
            GROUP BY s.unit, s.system, s.person, s.week
            HAVING max(s.e)
        ) AS w
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = w.unit
        ARRAY JOIN arrayMap(i -> w.week + 7 * i, range({window})) AS last
        WHERE last <= toDate('{scope.last_week}'){few_weeks} AND w.week >= p.valid_from AND w.week < p.valid_to
        GROUP BY p.ancestor, w.system, w.person, last
    ) AS h ON h.unit = p.ancestor AND h.system = r.system AND h.person = r.person AND h.period = r.period"""


def cells(definition: Definition, grain: str, scope: Scope, persons: str = "{private}.round_persons") -> str:
    """SQL of an indicator's cells of one grain: the columns of table `cells` but `computed` and `is_deleted`.

    Additive indicators give each unit's own subjects; the others give every level of the tree. Persons are read from
    table `persons`, which `person_rows` must have filled for the grain.
    """
    numerator, denominator = definition.sides
    same_rows = (numerator.subject, numerator.period, numerator.where) == (
        denominator.subject,
        denominator.period,
        denominator.where,
    )
    counted = _counted(numerator, "numerator") | _counted(denominator, "denominator")
    nothing = dict.fromkeys(counted, "0")
    sides = (
        [_side(definition, numerator, grain, scope, persons, counted)]
        if same_rows
        else [
            _side(definition, numerator, grain, scope, persons, nothing | _counted(numerator, "numerator")),
            _side(definition, denominator, grain, scope, persons, nothing | _counted(denominator, "denominator")),
        ]
    )
    if definition.population is not None:
        sides.append(_side(definition, definition.population, grain, scope, persons, nothing))
    # without an answer there was no survey, whoever could have answered
    answered = "denominator != 0" if same_rows else "numerator != 0"
    anything = "numerator != 0 OR denominator != 0 OR subjects != 0 OR persons != 0"
    having = answered if numerator.subject == "answer" else anything
    amount = "sum(n)" if not definition.capped else "least(sum(n), sum(d))"
    limit = f"(unit, system, period) IN ({scope.touched})" if scope.touched else f"1{_within(scope, 'period')}"
    if definition.needs_feed:
        limit += f" AND system IN {_fed(SUBJECTS[numerator.subject].name, scope)}"
    if definition.feed:
        limit += f" AND system IN {_fed(definition.feed, scope)}"
    return f"""SELECT
    '{definition.id}' AS indicator, toUInt16({definition.version}) AS version, '{grain}' AS grain,
    system, unit, case_type, part, period,
    {amount} AS numerator, sum(d) AS denominator, max(s) AS subjects, max(p) AS persons,
    sum(n_keys) AS numerator_keys, sum(d_keys) AS denominator_keys
FROM ({" UNION ALL ".join(sides)})
WHERE {limit}
GROUP BY system, unit, case_type, part, period
HAVING {having}"""


def _fed(feed: str, scope: Scope) -> str:
    """SQL of the systems that have a feed: as a round keeps them, else as the table of the scope has them."""
    if scope.feeds is not None:
        return listed(scope.feeds.get(feed, frozenset()))
    return f"(SELECT system FROM {scope.subjects}.feeds FINAL WHERE feed = '{feed}')"


def hands(definition: Definition, scope: Scope, grains: Sequence[str]) -> str:
    """SQL of who handled and who asked for an indicator's cases or tickets: columns of `hands` but the last two.

    At every level of the tree, as distinct persons need. `definition` has a handled side; the scope's touched places
    have a column `grain` too.
    """
    side = definition.handled
    assert side is not None
    levels = definition.of_every_level
    subject = SUBJECTS[side.subject]
    hand = definition.hand_column
    requester = subject.requester
    by_hand = f"mapValues(sumMapIf(map({hand}, toUInt64(1)), {hand} != {_NOBODY}))"
    limit = f"WHERE (grain, unit, system, period) IN ({scope.touched})" if scope.touched else ""
    places = ", ".join(
        f"arrayMap(p -> ('{grain}', p), {buckets(side, grain, scope, definition.window_weeks)})" for grain in grains
    )
    source, required = _source(side, subject, scope)
    reach = _reach(side, levels, max(grains, key=lambda grain: _days(levels, grain)), scope)
    return f"""SELECT
    '{definition.id}' AS indicator, toUInt16({definition.version}) AS version, grain,
    system, unit, case_type, period,
    toUInt64(length({by_hand})) AS handlers, arrayMax(arrayPushBack({by_hand}, 0)) AS most_by_one,
    {f"uniqExactIf({requester}, {requester} != {_NOBODY})" if requester else "toUInt64(0)"} AS requesters
FROM (
    SELECT r.system AS system, r.place.1 AS grain, r.place.2 AS period, p.ancestor AS unit, t AS case_type,
           {", ".join(f"r.{name} AS {name}" for name in subject.hands)}
    FROM (
        SELECT system, unit, case_type, {", ".join(subject.hands)}, arrayJoin(arrayConcat({places})) AS place
        FROM {source} WHERE {required} AND ({side.where}) AND {_units(scope)}{reach}) AS r
    INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
    ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
    WHERE r.place.2 >= p.valid_from AND r.place.2 < p.valid_to) AS rows
{limit}
GROUP BY grain, system, unit, case_type, period"""


def _counted(side: Side, name: str) -> dict[str, str]:
    """SQL of the value and of the sum of the record keys of one side, by column."""
    short = name[0]
    return {short: side.value, f"{short}_keys": f"sumIf(record, {side.counted})"}


def _side(
    definition: Definition, side: Side, grain: str, scope: Scope, persons: str, counted: Mapping[str, str]
) -> str:
    subject = SUBJECTS[side.subject]
    parts = f"ARRAY JOIN [{', '.join(repr(part) for part in definition.parts)}] AS part" if definition.parts else ""
    part = "part" if definition.parts else "'' AS part"
    if subject.per_period:
        window = definition.window_weeks if grain == "window" else 0
        rows = f"(SELECT *, sipHash64(person) AS record FROM {persons} WHERE grain = '{grain}' AND window = {window})"
        guard = "0 AS s, countIf(eligible) AS p"
        if definition.population is not None:
            guard = f"0 AS s, {side.value if side is definition.population else '0'} AS p"
    else:
        rows = _placed(definition, side, subject, grain, scope)
        guard = "0 AS s, 0 AS p" if subject.name == "plan" else "count() AS s, 0 AS p"
    return f"""
    SELECT system, unit, case_type, {part}, period, toInt64({counted["n"]}) AS n, toInt64({counted["d"]}) AS d,
           toUInt64({counted["n_keys"]}) AS n_keys, toUInt64({counted["d_keys"]}) AS d_keys, {guard}
    FROM {rows} AS rows {parts}
    GROUP BY system, unit, case_type, part, period"""


def _units(scope: Scope) -> str:
    """Condition on `unit`: those whose subjects the touched cells need, at any level above them."""
    if not scope.touched:
        return "1"
    if scope.units is not None:
        return f"unit IN {listed(scope.units)}"
    return f"unit IN (SELECT unit FROM {scope.open}.unit_paths WHERE ancestor IN (SELECT unit FROM ({scope.touched})))"


def _source(side: Side, subject: Subject, scope: Scope) -> tuple[str, str]:
    """SQL of a subject's rows with their record key, and the condition that they have the moment that counts."""
    if subject.name == "plan":
        # noon, so that every zone of Europe sees the same day
        source = f"""(SELECT system, unit, '' AS case_type, workplaces, toUInt64(0) AS record,
            toDateTime64(valid_from, 3, 'UTC') + INTERVAL 12 HOUR AS valid_from,
            if(valid_to >= toDate('2149-06-06'), NULL, toDateTime64(valid_to, 3, 'UTC') + INTERVAL 12 HOUR) AS valid_to
            FROM {scope.open}.planned_workplaces)"""
    elif subject.name == "answer":
        source = f"""(SELECT system, unit, '' AS case_type, time AS answered_at, activity AS item, tier,
            quantity AS score, sipHash64(identity) AS record FROM {winners(scope, "'pulse'", _units(scope))})"""
    else:
        source = f"(SELECT *, sipHash64(subject) AS record FROM {scope.subjects}.{subject.table} FINAL)"
    match side.period:
        case At(at=moment) | Holds(holds=(moment, _)):
            return source, f"isNotNull({moment})"
        case _:
            return source, "1"


def _placed(definition: Definition, side: Side, subject: Subject, grain: str, scope: Scope) -> str:
    """Rows of a subject with the period each counts in; every level of the tree where figures do not add up."""
    source, required = _source(side, subject, scope)
    periods = buckets(side, grain, scope, definition.window_weeks)
    reach = _reach(side, definition, grain, scope)
    rows = f"""SELECT *, arrayJoin({periods}) AS period FROM {source}
        WHERE {required} AND ({side.where}) AND {_units(scope)}{reach}"""
    if definition.adds:
        return f"({rows})"
    columns = ("system", "period", "record", *subject.columns)
    names = ", ".join(f"r.{column} AS {column}" for column in columns if column != "case_type")
    return f"""(
        SELECT {names}, p.ancestor AS unit, t AS case_type
        FROM ({rows}) AS r
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
        ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
        WHERE r.period >= p.valid_from AND r.period < p.valid_to)"""


def _reach(side: Side, definition: Definition, grain: str, scope: Scope) -> str:
    """A coarse range on the moment, so that touched cells read only the parts of the table around them."""
    if not isinstance(side.period, At) or not (scope.touched or scope.reach):
        return ""
    moment = side.period.at
    days = _days(definition, grain)
    if scope.reach is not None:
        first_day, last_day = scope.reach
        since, until = max(first_day - timedelta(days=days), date(1970, 1, 1)), last_day + timedelta(days=33)
        return f" AND {moment} >= toDateTime(toDate('{since}')) AND {moment} < toDateTime(toDate('{until}'))"
    return (
        f" AND {moment} >= (SELECT toDateTime(min(period)) - INTERVAL {days} DAY FROM ({scope.touched}))"
        f" AND {moment} < (SELECT toDateTime(max(period)) + INTERVAL {days + 1} DAY FROM ({scope.touched}))"
    )


def _days(definition: Definition, grain: str) -> int:
    """Days that a period of a grain may reach back from its name, and some."""
    return {"week": 8, "month": 32, "window": 8 + 7 * definition.window_weeks}[grain]


def touched_periods(definition: Definition, grain: str, touched: str, open_database: str, last_week: str) -> str:
    """SQL of the cells (unit, system, period) that changed subjects touch.

    `touched` is the SQL of a table (subject, unit, system, day): the local days that changed rows stood at, before and
    after. A level touches every period from its day on; what does not add up touches all ancestors and windows.
    """
    branches = []
    for side in definition.reads:
        limit = f"toDate('{last_week}')"
        if isinstance(side.period, At):
            if grain == "window":
                periods = f"arrayMap(i -> toMonday(day) + 7 * i, range({definition.window_weeks}))"
                periods = f"arrayFilter(p -> p <= {limit}, {periods})"
            else:
                periods = f"[{_start('day', grain)}]"
        else:
            step, unit_of_time = (7, "week") if grain in ("week", "window") else (0, "month")
            start = _start("day", grain)
            end = _start(f"{limit} + 6", grain)
            count = f"intDiv({end} - {start}, 7)" if step else f"dateDiff('{unit_of_time}', {start}, {end})"
            period = f"{start} + 7 * i" if step else f"addMonths({start}, i)"
            periods = f"arrayMap(i -> {period}, range(toUInt32(greatest(0, {count} + 1))))"
            if SUBJECTS[side.subject].per_period:
                periods = _person_periods(grain, definition.window_weeks, limit, periods)
        branches.append(
            f"SELECT DISTINCT unit, system, arrayJoin({periods}) AS period "
            f"FROM ({touched}) WHERE subject = '{side.subject}' AND day <= {limit} + 6"
        )
    branch_union = " UNION DISTINCT ".join(dict.fromkeys(branches))
    if definition.adds:
        return branch_union
    return f"""SELECT DISTINCT p.ancestor AS unit, o.system AS system, o.period AS period FROM ({branch_union}) AS o
        INNER JOIN {open_database}.unit_paths AS p ON p.unit = o.unit
        WHERE o.period >= p.valid_from AND o.period < p.valid_to"""


def _person_periods(grain: str, window: int, limit: str, onwards: str) -> str:
    """An act touches the periods around its day; eligibility (marked by `onwards`) every period from its day on."""
    if grain == "window":
        around = f"arrayFilter(p -> p <= {limit}, arrayMap(i -> toMonday(day) + 7 * i, range({window})))"
    else:
        around = f"[{_start('day', grain)}]"
    return f"if(onwards, {onwards}, {around})"
