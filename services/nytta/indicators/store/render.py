"""SQL text of subject rows and of cells, for the store to execute.

Names of databases are arguments, so that the same text serves the live zone, a verification and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
SAID = "sipHash64(identity, snapshot, content)"
"""SQL of `persons_by_day.said`, of a raw event or of a content that lost."""


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
    (indicator, version, grain, unit, system, period) that limits the cells, '' for all. `visible` is the SQL condition
    on column `import` that committed rows meet.

    What is known of the touched cells beforehand is said here, in the place of asking in every statement: `levels` are
    their units and `units` those whose subjects they need (None: too many to be named), `reaches` their first and last
    period of each grain, `feeds` what systems have. `reaches` without touched cells limit what is computed to periods
    that begin in them.
    """

    events: str
    subjects: str
    open: str
    zones: Zones
    last_week: str
    touched: str = ""
    visible: str = "import = 0"
    levels: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    reaches: Mapping[str, tuple[date, date]] | None = None
    feeds: Mapping[str, frozenset[str]] | None = None

    def has(self, feed: str) -> bool:
        """Whether there may be anything of a feed."""
        return self.feeds is None or bool(self.feeds.get(feed))


Kind = tuple[str, int]
"""A grain, and the weeks of its windows: 0 of weeks and months."""

Period = At | Holds | Overlaps
"""When a row counts."""

Wanted = Sequence[tuple[Definition, Sequence[str]]]
"""Indicators, and of each the grains that are computed."""

Near = Callable[[Wanted], Scope]
"""The scope limited to what some indicators need."""


def kinds(wanted: Wanted) -> tuple[Kind, ...]:
    """The grains that some indicators need, and the weeks of their windows; in order."""
    pairs = {
        (grain, definition.window_weeks if grain == "window" else 0)
        for definition, grains in wanted
        for grain in grains
    }
    return tuple(sorted(pairs))


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


def buckets(period: Period | None, grain: str, scope: Scope, window: int) -> str:
    """SQL of the array of period starts (Date) in which a row of `_source` counts."""
    match period:
        case At(at=moment):
            return _flow(f"{moment}_day", grain, scope, window)
        case Holds(holds=(start, end)):
            first_day = scope.zones.date(f"assumeNotNull({start})")
            # standing at the end of a period: the period in which it ends is the first that it does not stand in
            last_day = f"if(isNull({end}), {_OPEN_END}, {scope.zones.date(f'assumeNotNull({end})')})"
            ended = f"if(isNull({end}), {_OPEN_END}, {_before(last_day, grain)})"
            standing = _near(first_day, ended, scope, [(grain, window)])
            return _within(_span(*standing, grain, scope, window), grain, scope)
        case Overlaps(overlaps=(start, end)):
            covered = _near(start, f"{end} - 1", scope, [(grain, window)])
            return _within(_span(*covered, grain, scope, window), grain, scope)
        case None:
            raise ValueError("rows of this subject are per period already")


def _near(first_day: str, last_day: str, scope: Scope, of_kinds: Sequence[Kind]) -> tuple[str, str]:
    """Of the days from `first_day` to `last_day`, as SQL, the first and the last one that may bear on the touched
    periods of some kinds."""
    if scope.reaches is None:
        return first_day, last_day
    since = min(scope.reaches[grain][0] - timedelta(days=31 + 7 * window) for grain, window in of_kinds)
    until = max(scope.reaches[grain][1] for grain, _ in of_kinds) + timedelta(days=31)
    return f"greatest({first_day}, toDate('{max(since, date(1970, 1, 1))}'))", f"least({last_day}, toDate('{until}'))"


def _places(periods: Mapping[Kind, str], of_kinds: Sequence[Kind] = ()) -> str:
    """SQL of the array of (number of the kind, period) of what falls in `periods`, SQL of an array for each kind.

    Kinds are numbered from 1, as they stand in `of_kinds`, or else in `periods`.
    """
    numbers = {kind: number for number, kind in enumerate(of_kinds or periods, 1)}
    arrays = [f"arrayMap(p -> (toUInt8({numbers[kind]}), p), {starts})" for kind, starts in periods.items()]
    return arrays[0] if len(arrays) == 1 else f"arrayConcat({', '.join(arrays)})"


def _names(of_kinds: Sequence[Kind], number: str = "kind") -> tuple[str, str]:
    """SQL of the grain, and of the weeks of its window, by the number of a kind."""
    grains = ", ".join(f"'{grain}'" for grain, _ in of_kinds)
    windows = ", ".join(str(window) for _, window in of_kinds)
    return f"[{grains}][{number}]", f"toUInt16([{windows}][{number}])"


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


def _within(periods: str, grain: str, scope: Scope) -> str:
    """SQL of those of an array of periods that are in reach, so that nothing is grouped that no cell asks for."""
    if scope.reaches is None:
        return periods
    first_day, last_day = scope.reaches[grain]
    return f"arrayFilter(p -> p >= toDate('{first_day}') AND p <= toDate('{last_day}'), {periods})"


def _flow(day: str, grain: str, scope: Scope, window: int) -> str:
    """SQL of the array of periods in reach in which something counts that happened on a day."""
    if grain == "window":
        ending = f"arrayMap(i -> toMonday({day}) + 7 * i, range({window}))"
        return _within(f"arrayFilter(p -> p <= toDate('{scope.last_week}'), {ending})", grain, scope)
    # a moment may lie ahead of the events: its figure comes when they have reached it
    last_day = date.fromisoformat(scope.last_week) + timedelta(days=6)
    if not scope.touched or scope.reaches is None:
        period = f"if({day} <= toDate('{last_day}'), [{_start(day, grain)}], emptyArrayDate())"
        return _within(period, grain, scope)
    # by the day, which costs less than the period; what lies a little beyond is limited by the touched cells
    since, until = scope.reaches[grain]
    last_day = min(last_day, until + timedelta(days=31))
    return f"if({day} BETWEEN toDate('{since}') AND toDate('{last_day}'), [{_start(day, grain)}], emptyArrayDate())"


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


def person_rows(of_kinds: Sequence[Kind], scope: Scope, habits: Collection[int]) -> str:
    """SQL of one row per (kind, unit at every level, system, period, person): all columns of `round_persons`.

    Windows of `habits` weeks have the last weeks at work too, where they are long enough for a habit.

    A person is present as presence events tell it; where none do (-1), present_any gives the expected share: of the
    unit's staff as the unit reported it, else as the calendar has it. Limited to the units under the touched cells.
    """
    units = _units(scope)
    spans = _places(
        {kind: _within(_span("first_day", "last_day", kind[0], scope, kind[1]), kind[0], scope) for kind in of_kinds}
    )
    weeks = _places({kind: _flow("toDate(valid_from)", kind[0], scope, kind[1]) for kind in of_kinds})
    acted = _places({kind: _flow("day", kind[0], scope, kind[1]) for kind in of_kinds})
    near_weeks = _weeks(scope, of_kinds)
    eligible = _belonging(scope, of_kinds, units)
    long_windows = {
        number: window
        for number, (grain, window) in enumerate(of_kinds, 1)
        if grain == "window" and window in habits and window >= _HABIT
    }
    habit = _habit(scope, long_windows, units) if long_windows else ""
    # the grain of each number, for tables that name their grain
    numbers = f"{list(range(1, len(of_kinds) + 1))} AS kind, {[grain for grain, _ in of_kinds]} AS of_kind"
    limit = (
        f"AND (p.ancestor, r.system, r.kind, r.period) IN (SELECT unit, system, kind, period FROM ({scope.touched}) "
        f"ARRAY JOIN {numbers} WHERE grain = of_kind)"
        if scope.touched
        else ""
    )
    by_old = f"""
        UNION ALL
        SELECT unit, system, arrayJoin({acted}) AS place, actor AS person, 0, 0, 0, 1, ''
        FROM {_persons_by_day(scope, "earlier", f"{units} AND {near_weeks}")}"""
    at_work = f"""
    LEFT JOIN (
        SELECT place.1 AS kind, place.2 AS period, person, max(1 + (days > 0)) AS known
        FROM (SELECT arrayJoin({weeks}) AS place, actor AS person, days
              FROM {_persons_by_day(scope, "presence", f"actor != {_NOBODY} AND {near_weeks}")})
        GROUP BY kind, period, person
    ) AS t ON t.person = r.person AND t.kind = r.kind AND t.period = r.period
    LEFT JOIN (
        SELECT w.unit AS unit, w.place.1 AS kind, w.place.2 AS period,
               toUInt16(max(least(1000, round(1000 * w.persons / s.staff)))) AS share
        FROM (SELECT unit, toMonday(toDate(valid_from)) AS week, arrayJoin({weeks}) AS place, quantity AS persons
              FROM {_persons_by_day(scope, "presence", f"{units} AND actor = {_NOBODY} AND {near_weeks}")}) AS w
        INNER JOIN (
            SELECT unit, arrayJoin({_span("first_day", "last_day", "week", scope, 0)}) AS week,
                   uniqExact(actor) AS staff
            FROM {eligible} GROUP BY unit, week
        ) AS s ON s.unit = w.unit AND s.week = w.week
        GROUP BY w.unit, kind, period
    ) AS o ON o.unit = r.unit AND o.kind = r.kind AND o.period = r.period"""
    training_join = f"""
    LEFT JOIN (SELECT actor, system, min({scope.zones.date("time")}) AS first, 1 AS done
               FROM {winners(scope, "'training'", f"actor != {_NOBODY}")}
               GROUP BY actor, system) AS d ON d.actor = r.person AND d.system = r.system"""
    presence, trained = scope.has("presence"), scope.has("training")
    grain, window = _names(of_kinds, "r.kind")
    return f"""
    SELECT {grain} AS grain, {window} AS window,
           p.ancestor AS unit, r.system AS system, case_type, r.period AS period, r.person AS person,
           max(r.a) AS active, max(r.e) AS eligible, max(r.n) AS entitled,
           {"toInt8(max(t.known)) - 1" if presence else "-1"} AS present,
           max(multiIf({"o.share > 0, o.share, " if presence else ""}c.present_any > 0, c.present_any, 1000))
               AS present_any,
           max(r.l) AS legacy, max(r.t) AS tier,
           {f"max(d.done = 1 AND d.first < {_after('r.period', of_kinds)})" if trained else "0"} AS trained,
           {"max(h.at_work)" if habit else "0"} AS weeks_at_work, {"max(h.used)" if habit else "0"} AS weeks_active
    FROM (
        SELECT unit, system, place.1 AS kind, place.2 AS period, person, a, e, n, l, t FROM (
            SELECT unit, system, arrayJoin({acted}) AS place, actor AS person, 1 AS a, 0 AS e, 0 AS n, 0 AS l, '' AS t
            FROM {_persons_by_day(scope, "act", f"{units} AND {near_weeks}")}{by_old if scope.has("legacy") else ""}
            UNION ALL
            SELECT unit, system, arrayJoin({spans}) AS place, actor AS person, 0, 1, toInt8(entitled != 0), 0,
                   toString(tier)
            FROM {eligible})
    ) AS r
    INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit{at_work if presence else ""}
    LEFT JOIN (SELECT DISTINCT unit, root FROM {scope.open}.units) AS u ON u.unit = r.unit
    LEFT JOIN (SELECT root, kind, period, present_any FROM {scope.open}.calendar
               ARRAY JOIN {numbers} WHERE grain = of_kind) AS c
        ON c.root = u.root AND c.kind = r.kind AND c.period = r.period{training_join if trained else ""}
    {habit}
    ARRAY JOIN ['', '*'] AS case_type
    WHERE r.period >= p.valid_from AND r.period < p.valid_to {limit}
    GROUP BY r.kind, p.ancestor, r.system, case_type, r.period, r.person"""


def _persons_by_day(scope: Scope, kind: str, where: str) -> str:
    """SQL of what is known of persons by day.

    An act, or a presence, that came twice is in it twice: who reads it asks whether there is any.
    """
    return f"""(SELECT unit, system, toDateTime64(900 * quarter, 3, 'UTC') AS time,
               {scope.zones.date("time")} AS day, actor, days, quantity, toDate(time) AS valid_from
        FROM {scope.events}.persons_by_day
        WHERE what = '{kind}' AND {where} AND {scope.visible}
          AND said NOT IN (SELECT {SAID} FROM {scope.events}.superseded WHERE {scope.visible}))"""


def _belonging(scope: Scope, of_kinds: Sequence[Kind], units: str) -> str:
    """SQL of who belongs to units, from the first to the last day that may bear on the touched periods."""
    first_day, last_day = _near("toDate(valid_from)", ENDED, scope, of_kinds)
    return f"""(SELECT unit, system, actor, entitled, tier, {first_day} AS first_day, {last_day} AS last_day
        FROM {winners(scope, "'eligibility'", units)} WHERE {_IN_SIGHT})"""


def _weeks(scope: Scope, of_kinds: Sequence[Kind]) -> str:
    """SQL condition on the weeks of persons_by_day that bear on the touched periods; their days may be one beside."""
    if scope.reaches is None:
        return "1"
    first_days, last_days = [], []
    for grain, window in of_kinds:
        first_day, last_day = scope.reaches[grain]
        first_days.append(first_day - timedelta(days=1 + 7 * (window - 1 if grain == "window" else 0)))
        last_days.append(last_day + timedelta(days=32 if grain == "month" else 7))
    since = min(first_days)
    monday = since - timedelta(days=since.weekday())
    return f"week >= '{max(monday, date(1970, 1, 5))}' AND week <= '{max(last_days)}'"


def _after(period: str, of_kinds: Sequence[Kind]) -> str:
    """SQL of the first day after a period, by the number of its kind."""
    days = {"month": f"addMonths({period}, 1)", "total": _OPEN_END}
    return f"[{', '.join(days.get(grain, f'{period} + 7') for grain, _ in of_kinds)}][r.kind]"


def _habit(scope: Scope, windows: Mapping[int, int], units: str) -> str:
    """Join of each person's last weeks at work in windows that end with a week in scope, and of those with an act.

    `windows` are the weeks of each, by the number of its kind. A week with an act is one at work, else what presence
    tells; where it tells nothing, one in which the calendar expects at least half of the staff.
    """
    of_kinds = [("window", window) for window in windows.values()]
    near_weeks = _weeks(scope, of_kinds)
    acts = _persons_by_day(scope, "act", f"{units} AND {near_weeks}")
    eligible = _belonging(scope, of_kinds, units)
    weeks = _span("first_day", "last_day", "week", scope, 0)
    last_weeks = ", ".join(
        f"arrayMap(i -> (toUInt8({number}), w.week + 7 * i), range({window}))" for number, window in windows.items()
    )
    few_weeks = ""
    if scope.touched:
        few_weeks = f" AND last.2 IN (SELECT period FROM ({scope.touched}) WHERE grain = 'window')"
    elif scope.reaches is not None:
        first_day, last_day = scope.reaches["window"]
        few_weeks = f" AND last.2 >= toDate('{first_day}') AND last.2 <= toDate('{last_day}')"
    present = _persons_by_day(scope, "presence", f"actor != {_NOBODY} AND {near_weeks}")
    at_work = f"""LEFT JOIN (SELECT toMonday(toDate(valid_from)) AS week, actor AS person, max(1 + (days > 0)) AS known
                       FROM {present}
                       GROUP BY week, person) AS t ON t.person = s.person AND t.week = s.week"""
    presence = scope.has("presence")
    return f"""LEFT JOIN (
        SELECT p.ancestor AS unit, w.system AS system, w.person AS person, last.1 AS kind, last.2 AS period,
               arraySlice(arrayReverseSort(groupUniqArrayIf(w.week, w.there)), 1, {_HABIT}) AS weeks,
               max(w.week = period) AS still,
               still * length(weeks) AS at_work,
               still * length(arrayIntersect(weeks, groupUniqArrayIf(w.week, w.did))) AS used
        FROM (
            SELECT s.unit AS unit, s.system AS system, s.person AS person, s.week AS week, max(s.a) AS did,
                   {"max(t.known)" if presence else "0"} AS told,
                   max(if(c.present_any > 0, c.present_any, 1000)) AS expected,
                   did OR told = 2 OR (told = 0 AND expected >= 500) AS there
            FROM (
                SELECT unit, system, actor AS person, toMonday(day) AS week, 1 AS a, 0 AS e FROM {acts}
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
        ARRAY JOIN arrayConcat({last_weeks}) AS last
        WHERE last.2 <= toDate('{scope.last_week}'){few_weeks} AND w.week >= p.valid_from AND w.week < p.valid_to
        GROUP BY p.ancestor, w.system, w.person, kind, period
    ) AS h ON h.unit = p.ancestor AND h.system = r.system AND h.person = r.person AND h.kind = r.kind
        AND h.period = r.period"""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a subject that sides of several indicators count alike, so that they are read and grouped once."""

    subject: str
    period: Period | None
    where: str
    adds: bool
    parts: tuple[str, ...]

    @classmethod
    def of(cls, definition: Definition, side: Side) -> _Rows:
        return cls(side.subject, side.period, side.where, definition.adds, definition.parts)


def alike(wanted: Wanted) -> Mapping[_Rows, Sequence[int]]:
    """The rows that indicators count, and the places of those that count them."""
    members: dict[_Rows, dict[int, None]] = {}
    for place, (definition, _) in enumerate(wanted):
        for side in definition.reads:
            members.setdefault(_Rows.of(definition, side), {})[place] = None
    return {rows: list(places) for rows, places in members.items()}


def cells(wanted: Wanted, scope: Scope, near: Near, persons: str = "{private}.round_persons") -> str:
    """SQL of the cells of several indicators: the columns of table `cells` but `computed` and `is_deleted`.

    Additive indicators give each unit's own subjects; the others give every level of the tree. Persons are read from
    table `persons`, which `person_rows` must have filled. What sides count alike is one query, for planning a query
    costs more than the few rows that a round reads.
    """
    sides = []
    for rows, places in alike(wanted).items():
        members = {place + 1: wanted[place] for place in places}
        sides.append(_counted_rows(rows, members, near(list(members.values())), persons))
    definitions = {number: definition for number, (definition, _) in enumerate(wanted, 1)}
    capped = [number for number, definition in definitions.items() if definition.capped]
    # without an answer there was no survey, whoever could have answered
    answered = {number: _answered(definition) for number, definition in definitions.items()}
    least = f"if(cell.1 IN {capped}, least(sum(cell.2), sum(cell.3)), sum(cell.2))" if capped else "sum(cell.2)"
    anything = "numerator != 0 OR denominator != 0 OR subjects != 0 OR persons != 0"
    conditions = [
        f"cell.1 IN {[number for number, side in answered.items() if side == answering]}, {answering} != 0"
        for answering in ("numerator", "denominator")
        if answering in answered.values()
    ]
    having = f"multiIf({', '.join(conditions)}, {anything})" if conditions else anything
    indicator, version, window = _members(wanted, "cell.1")
    return f"""SELECT
    {indicator} AS indicator, {version} AS version, grain, system, unit, case_type, part, period,
    {least} AS numerator, sum(cell.3) AS denominator, max(cell.6) AS subjects, max(cell.7) AS persons,
    sum(cell.4) AS numerator_keys, sum(cell.5) AS denominator_keys
FROM ({" UNION ALL ".join(sides)})
WHERE (window = 0 OR window = {window}){_limit(scope)}{_limits_of_feeds(definitions, scope)}
GROUP BY cell.1, grain, system, unit, case_type, part, period
HAVING {having}"""


def _answered(definition: Definition) -> str:
    """The side that counts the answers of a survey, which was none where there is no answer; '' where none is."""
    numerator, denominator = definition.sides
    if numerator.subject != "answer":
        return ""
    is_share_of_answers = _Rows.of(definition, numerator) == _Rows.of(definition, denominator)
    return "denominator" if is_share_of_answers else "numerator"


def _members(wanted: Wanted, number: str) -> tuple[str, str, str]:
    """SQL of the id, the version and the weeks of windows (0 where none are wanted) of the indicator of a number."""
    names = ", ".join(f"'{definition.id}'" for definition, _ in wanted)
    versions = ", ".join(str(definition.version) for definition, _ in wanted)
    windows = ", ".join(str(definition.window_weeks if "window" in grains else 0) for definition, grains in wanted)
    return f"[{names}][{number}]", f"toUInt16([{versions}][{number}])", f"[{windows}][{number}]"


def _limit(scope: Scope) -> str:
    """SQL condition that limits figures to the touched ones; begins with AND."""
    places = "indicator, version, grain, unit, system, period"
    return f" AND ({places}) IN (SELECT {places} FROM ({scope.touched}))" if scope.touched else ""


def _limits_of_feeds(definitions: Mapping[int, Definition], scope: Scope) -> str:
    """SQL condition that a system has what an indicator needs: without it there is no figure; begins with AND."""
    needing: dict[str, list[int]] = {}
    for number, definition in definitions.items():
        if definition.needs_feed:
            needing.setdefault(definition.numerator.subject, []).append(number)
        if definition.feed:
            needing.setdefault(definition.feed, []).append(number)
    return "".join(
        f" AND (cell.1 NOT IN {numbers} OR system IN {_fed(feed, scope)})" for feed, numbers in needing.items()
    )


def _fed(feed: str, scope: Scope) -> str:
    """SQL of the systems that have a feed: as a round keeps them, else as the table of the scope has them."""
    if scope.feeds is not None:
        return listed(scope.feeds.get(feed, frozenset()))
    return f"(SELECT system FROM {scope.subjects}.feeds FINAL WHERE feed = '{feed}')"


def hands(wanted: Wanted, scope: Scope, near: Near) -> str:
    """SQL of who handled and who asked for cases or tickets of several indicators: `hands` but its last two columns.

    At every level of the tree, as distinct persons need. Each definition has a handled side.
    """
    by_subject: dict[str, list[int]] = {}
    for place, (definition, _) in enumerate(wanted):
        assert definition.handled is not None
        by_subject.setdefault(definition.handled.subject, []).append(place)
    indicator, version, window = _members(wanted, "member")
    counted = [
        _hands_of(SUBJECTS[name], {place + 1: wanted[place] for place in places}, near([wanted[p] for p in places]))
        for name, places in by_subject.items()
    ]
    return f"""SELECT {indicator} AS indicator, {version} AS version, grain, system, unit, case_type, period,
    handlers, most_by_one, requesters
FROM ({" UNION ALL ".join(counted)})
WHERE (window = 0 OR window = {window}){_limit(scope)}"""


def _hands_of(subject: Subject, members: Mapping[int, tuple[Definition, Sequence[str]]], scope: Scope) -> str:
    """SQL of the counts of hands of one subject, for the indicators of some numbers."""
    alike_members: dict[tuple[Period | None, str, str], list[int]] = {}
    for number, (definition, _) in members.items():
        side = definition.handled
        assert side is not None
        alike_members.setdefault((side.period, side.where, definition.hand_column), []).append(number)
    of_kinds = kinds(list(members.values()))
    sides = [definition.handled for definition, _ in members.values() if definition.handled is not None]
    columns = sorted({"case_type", *subject.hands, *(column for side in sides for column in side.columns)})
    source = _source([side.period for side in sides], subject, columns, scope)
    places, reaches = [], []
    for number, ((period, where, _), numbers) in enumerate(alike_members.items(), 1):
        wanted_kinds = kinds([members[member] for member in numbers])
        periods = {kind: buckets(period, kind[0], scope, kind[1]) for kind in wanted_kinds}
        counted_places = f"arrayMap(place -> (toUInt8({number}), place.1, place.2), {_places(periods, of_kinds)})"
        places.append(f"if({_required(period)} AND ({where}), {counted_places}, [])")
        reaches.append(f"({_reach(period, wanted_kinds, scope)})")
    hand_columns = [column for _, _, column in alike_members]
    hand = hand_columns[0] if len(set(hand_columns)) == 1 else f"[{', '.join(hand_columns)}][r.place.1]"
    requester = f"uniqExactIf(requester, requester != {_NOBODY})" if subject.requester else "toUInt64(0)"
    grain, window = _names(of_kinds)
    return f"""
    SELECT {grain} AS grain, {window} AS window, system, unit, case_type, period,
           mapValues(sumMapIf(map(doer, toUInt64(1)), doer != {_NOBODY})) AS by_hand,
           toUInt64(length(by_hand)) AS handlers, arrayMax(arrayPushBack(by_hand, 0)) AS most_by_one,
           {requester} AS requesters, arrayJoin({list(alike_members.values())}[side]) AS member
    FROM (
        SELECT r.system AS system, r.place.1 AS side, r.place.2 AS kind, r.place.3 AS period, p.ancestor AS unit,
               t AS case_type, {hand} AS doer{f", r.{subject.requester} AS requester" if subject.requester else ""}
        FROM (
            SELECT system, unit, case_type, {", ".join(subject.hands)},
                   arrayJoin(arrayConcat({", ".join(places)})) AS place
            FROM {source} WHERE {_units(scope)} AND ({" OR ".join(dict.fromkeys(reaches))})) AS r
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
        ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
        WHERE r.place.3 >= p.valid_from AND r.place.3 < p.valid_to{_levels(scope)})
    GROUP BY side, kind, system, unit, case_type, period"""


def _counted_rows(
    rows: _Rows, members: Mapping[int, tuple[Definition, Sequence[str]]], scope: Scope, persons: str
) -> str:
    """SQL of what the indicators of some numbers count in rows that they have in common.

    Columns are where and when, and `cell`: the number, both sides, the sums of their record keys, subjects and persons.
    """
    subject = SUBJECTS[rows.subject]
    if subject.per_period:
        source, grain, window, place = f"(SELECT *, sipHash64(person) AS record FROM {persons})", "grain", "window", ""
    else:
        of_kinds = kinds(list(members.values()))
        columns = _read(rows, [definition for definition, _ in members.values()])
        source, (grain, window), place = _placed(rows, columns, of_kinds, scope), _names(of_kinds), "kind, "
    figures = ", ".join(_figures(number, definition, rows) for number, (definition, _) in members.items())
    parts = f"ARRAY JOIN [{', '.join(repr(part) for part in rows.parts)}] AS part" if rows.parts else ""
    return f"""
    SELECT system, unit, case_type, {"part" if rows.parts else "'' AS part"}, {grain} AS grain, {window} AS window,
           period, arrayJoin([{figures}]) AS cell
    FROM {source} AS rows {parts}
    GROUP BY {place or "grain, window, "}system, unit, case_type, part, period"""


def _figures(number: int, definition: Definition, rows: _Rows) -> str:
    """SQL of the tuple `cell` of an indicator: of each side what these rows give of it, else nothing."""
    subject = SUBJECTS[rows.subject]
    sums, keys = [], []
    for side in definition.sides:
        counts = _Rows.of(definition, side) == rows
        sums.append(f"toInt64({side.value})" if counts else "toInt64(0)")
        keys.append(f"toUInt64(sumIf(record, {side.counted}))" if counts else "toUInt64(0)")
    subjects = "count()" if not subject.per_period and subject.name != "plan" else "toUInt64(0)"
    persons = "countIf(eligible)" if subject.per_period else "toUInt64(0)"
    population = definition.population
    if population is not None:
        persons = f"toUInt64({population.value})" if _Rows.of(definition, population) == rows else "toUInt64(0)"
    return f"({number}, {', '.join((*sums, *keys))}, {subjects}, {persons})"


def _units(scope: Scope) -> str:
    """Condition on `unit`: those whose subjects the touched cells need, at any level above them."""
    if not scope.touched:
        return "1"
    if scope.units is not None:
        return f"unit IN {listed(scope.units)}"
    return f"unit IN (SELECT unit FROM {scope.open}.unit_paths WHERE ancestor IN (SELECT unit FROM ({scope.touched})))"


def _levels(scope: Scope) -> str:
    """Condition on the level `p.ancestor`: those of the touched cells, where they can be named; begins with AND."""
    return f" AND p.ancestor IN {listed(scope.levels)}" if scope.levels is not None else ""


def _source(periods: Collection[Period | None], subject: Subject, columns: Sequence[str], scope: Scope) -> str:
    """SQL of a subject's rows with some columns and their record key; to name all would cost more to plan.

    Of moments in whose period a row counts there is the local day too, as `…_day`.
    """
    moments = dict.fromkeys(period.at for period in periods if isinstance(period, At))
    days = "".join(f", {scope.zones.date(f'assumeNotNull({moment})')} AS {moment}_day" for moment in moments)
    if subject.name == "plan":
        # noon, so that every zone of Europe sees the same day
        return f"""(SELECT system, unit, '' AS case_type, workplaces, toUInt64(0) AS record,
            toDateTime64(valid_from, 3, 'UTC') + INTERVAL 12 HOUR AS valid_from,
            if(valid_to >= toDate('2149-06-06'), NULL, toDateTime64(valid_to, 3, 'UTC') + INTERVAL 12 HOUR) AS valid_to
            FROM {scope.open}.planned_workplaces)"""
    if subject.name == "answer":
        return f"""(SELECT *{days} FROM (
            SELECT system, unit, '' AS case_type, time AS answered_at, activity AS item, tier, quantity AS score,
                   sipHash64(identity) AS record FROM {winners(scope, "'pulse'", _units(scope))}))"""
    names = ", ".join(columns)
    return (
        f"(SELECT unit, system, {names}, sipHash64(subject) AS record{days} "
        f"FROM {scope.subjects}.{subject.table} FINAL)"
    )


def _required(period: Period | None) -> str:
    """SQL condition that a row has the moment that counts."""
    match period:
        case At(at=moment) | Holds(holds=(moment, _)):
            return f"isNotNull({moment})"
        case _:
            return "1"


def _read(rows: _Rows, definitions: Sequence[Definition]) -> Sequence[str]:
    """The columns that indicators read of these rows, and the type."""
    sides = [side for definition in definitions for side in definition.reads if _Rows.of(definition, side) == rows]
    return sorted({"case_type", *(column for side in sides for column in side.columns)})


def _placed(rows: _Rows, columns: Sequence[str], of_kinds: Sequence[Kind], scope: Scope) -> str:
    """Rows of a subject with the kind and period each counts in; at every level where figures do not add up."""
    source = _source([rows.period], SUBJECTS[rows.subject], columns, scope)
    places = _places({kind: buckets(rows.period, kind[0], scope, kind[1]) for kind in of_kinds})
    placed = f"""SELECT unit, system, record, {", ".join(columns)}, arrayJoin({places}) AS place FROM {source}
        WHERE {_required(rows.period)} AND ({rows.where})
          AND {_units(scope)} AND {_reach(rows.period, of_kinds, scope)}"""
    if rows.adds:
        return f"(SELECT *, place.1 AS kind, place.2 AS period FROM ({placed}))"
    names = ", ".join(f"r.{column} AS {column}" for column in ("system", "record", *columns) if column != "case_type")
    return f"""(
        SELECT {names}, r.place.1 AS kind, r.place.2 AS period, p.ancestor AS unit, t AS case_type
        FROM ({placed}) AS r
        INNER JOIN {scope.open}.unit_paths AS p ON p.unit = r.unit
        ARRAY JOIN arrayDistinct([r.case_type, '*']) AS t
        WHERE r.place.2 >= p.valid_from AND r.place.2 < p.valid_to{_levels(scope)})"""


def _reach(period: Period | None, of_kinds: Sequence[Kind], scope: Scope) -> str:
    """A coarse range on the moment, so that touched cells read only the parts of the table around them."""
    if not isinstance(period, At) or scope.reaches is None:
        return "1"
    moment = period.at
    # days that a period may reach back from its name, and some
    since = min(
        scope.reaches[grain][0] - timedelta(days=32 if grain == "month" else 8 + 7 * window)
        for grain, window in of_kinds
    )
    until = max(scope.reaches[grain][1] for grain, _ in of_kinds) + timedelta(days=33)
    return (
        f"{moment} >= toDateTime(toDate('{max(since, date(1970, 1, 1))}')) AND {moment} < toDateTime(toDate('{until}'))"
    )


def touched_places(wanted: Wanted, touched: str, open_database: str, last_week: str) -> str:
    """SQL of the cells that changed subjects touch: (indicator, version, grain, unit, system, period).

    `touched` is the SQL of a table (subject, unit, system, day, onwards): the local days that changed rows stood at,
    before and after. A level touches every period from its day on; what does not add up touches all ancestors and
    windows.
    """
    members: dict[bool, _Steps] = {True: {}, False: {}}
    for definition, grains in wanted:
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


def _touched_members(steps: _Steps, touched: str, open_database: str, last_week: str, *, every_level: bool) -> str:
    """SQL of the cells touched by steps."""
    by_subject: dict[str, list[str]] = {}
    for number, (subject, periods) in enumerate(steps, 1):
        by_subject.setdefault(subject, []).append(f"arrayMap(p -> (toUInt8({number}), p), {periods})")
    arrays = ", ".join(
        f"subject = '{subject}', arrayConcat({', '.join(several)})" for subject, several in by_subject.items()
    )
    places = f"""SELECT DISTINCT unit, system, place.1 AS step, place.2 AS period
        FROM (SELECT unit, system, arrayJoin(multiIf({arrays}, [])) AS place
              FROM ({touched}) WHERE day <= toDate('{last_week}') + 6)"""
    if every_level:
        places = f"""SELECT DISTINCT p.ancestor AS unit, o.system AS system, o.step AS step, o.period AS period
            FROM ({places}) AS o INNER JOIN {open_database}.unit_paths AS p ON p.unit = o.unit
            WHERE o.period >= p.valid_from AND o.period < p.valid_to"""
    members = [list(several) for several in steps.values()]
    return f"""SELECT DISTINCT member.1 AS indicator, toUInt16(member.2) AS version, member.3 AS grain,
        unit, system, period
        FROM ({places}) ARRAY JOIN {members}[step] AS member"""


def _touched_periods(definition: Definition, side: Side, grain: str, last_week: str) -> str:
    """SQL of the array of periods that a changed row touches which stood at `day`."""
    limit = f"toDate('{last_week}')"
    if isinstance(side.period, At):
        if grain == "window":
            windows = f"arrayMap(i -> toMonday(day) + 7 * i, range({definition.window_weeks}))"
            return f"arrayFilter(p -> p <= {limit}, {windows})"
        return f"[{_start('day', grain)}]"
    start, end = _start("day", grain), _start(f"{limit} + 6", grain)
    if grain in ("week", "window"):
        count, period = f"intDiv({end} - {start}, 7)", f"{start} + 7 * i"
    else:
        count, period = f"dateDiff('month', {start}, {end})", f"addMonths({start}, i)"
    onwards = f"arrayMap(i -> {period}, range(toUInt32(greatest(0, {count} + 1))))"
    if SUBJECTS[side.subject].per_period:
        return _person_periods(grain, definition.window_weeks, limit, onwards)
    return onwards


def _person_periods(grain: str, window: int, limit: str, onwards: str) -> str:
    """An act touches the periods around its day; eligibility (marked by `onwards`) every period from its day on."""
    if grain == "window":
        around = f"arrayFilter(p -> p <= {limit}, arrayMap(i -> toMonday(day) + 7 * i, range({window})))"
    else:
        around = f"[{_start('day', grain)}]"
    return f"if(onwards, {onwards}, {around})"
