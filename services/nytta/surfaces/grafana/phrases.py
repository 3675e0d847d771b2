"""SQL that boards share. Everything is read from the open zone; nothing is computed that a view does not hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from nytta.disclosure.rules import Reason
from nytta.insight.alerts.kinds import Kind as Finding
from nytta.insight.states.cascade import Gate
from nytta.insight.states.combined import Exploitation, State
from nytta.surfaces.grafana.boards import Mark, Variable
from nytta.surfaces.grafana.panels import AIM, MARKERS, PALETTE, Kind, Panel

ORGANISATION: Final = "organisation = ${organisation:singlequote}"
SYSTEM: Final = "system = ${system:singlequote}"
UNIT: Final = "$__conditionalAll(unit IN (${unit:singlequote}), $unit)"
PLACE: Final = "$__conditionalAll(place IN (${unit:singlequote}), $unit)"
CASE_TYPE: Final = "$__conditionalAll(case_type IN (${case_type:singlequote}), $case_type)"

LINES: Final = f"""SELECT unit,
        concat(toString(row_number() OVER (ORDER BY urgency DESC, depth, unit)), ' ', name_en) AS line
    FROM (SELECT n.unit AS unit, n.name_en AS name_en, n.depth AS depth, u.urgency AS urgency
        FROM (SELECT unit, name_en, depth FROM nytta.unit_names WHERE {ORGANISATION} AND {UNIT}) AS n
        LEFT JOIN (SELECT unit, urgency FROM nytta.urgencies WHERE {ORGANISATION} AND {SYSTEM}) AS u ON u.unit = n.unit)
    ORDER BY urgency DESC, depth, unit LIMIT 4"""
"""The four most urgent of the chosen units; where none is, from the top of the tree. More cannot be told apart."""

NAMES: Final = f"(SELECT unit, name_en, depth FROM nytta.unit_names WHERE {ORGANISATION}) AS n"
"""Names of the organisation's units, for joins."""

TYPES: Final = (
    "(SELECT case_type, any(name_en) AS name_en FROM nytta.case_types "
    f"WHERE {SYSTEM} GROUP BY case_type) AS t"
)
"""Names of the system's case types, for joins, one row each across shards too; a log without a registry has none."""

INDICATORS: Final = """(SELECT indicator, argMax(title_en, version) AS title FROM nytta.definitions FINAL
    GROUP BY indicator) AS d"""
"""Titles of indicators, for joins."""

SYSTEMS: Final = "(SELECT system, any(name_en) AS name_en FROM nytta.systems GROUP BY system) AS y"
"""Names of systems, likewise."""

WHOLE: Final = (
    f"(SELECT argMin(unit, (depth, unit)) FROM nytta.unit_names WHERE {ORGANISATION} AND {UNIT})"
)
"""The topmost of the chosen units, '' where there is none: a query of one value must have one."""

WORDS: Final[dict[str, str]] = {
    State.IN_USE: "● In use",
    State.READY_NOT_USED: "▲ Ready, not used",
    State.NOT_READY: "○ Not ready",
    State.UNCLEAR: "? Unclear",
    Exploitation.EXPLOITED: "● Digital and exploited",
    Exploitation.NOT_EXPLOITED: "▲ Digital, not exploited",
    Exploitation.NOT_DIGITAL: "○ Not digital",
    Gate.OPEN: "● May begin",
    Gate.CLOSED: "▲ Must wait",
}
"""States as people say them."""

STATES: Final = "states, read from published figures of the last closed week"

LAST_STATES: Final = f"week = (SELECT max(week) FROM nytta.published_states WHERE {ORGANISATION})"
"""Of the last closed week of which states are told."""

REASONS: Final[dict[str, str]] = {
    Reason.FEW_CASES: "too few cases",
    Reason.FEW_PERSONS: "too few persons",
    Reason.ONE_HANDLER: "one person handled most of them",
    Reason.NO_HANDLERS: "the source names no handlers",
    Reason.NOT_APPROVED: "the purpose is not approved",
    Reason.STALE: "not told anew since its records changed",
    Reason.SEALED: "the records are gone by retention",
    Reason.NOT_YET: "the system is not live there yet",
    Reason.NO_DATA: "no source tells who works in the system",
    Reason.NOT_TOLD: "no source ever names what is counted",
}
"""Why a figure is not shown, as people say it."""

BRIEF_REASONS: Final[dict[str, str]] = {
    Reason.FEW_CASES: "too few cases",
    Reason.FEW_PERSONS: "too few persons",
    Reason.ONE_HANDLER: "mostly one person",
    Reason.NO_HANDLERS: "handlers unnamed",
    Reason.NOT_APPROVED: "not approved",
    Reason.STALE: "to be told anew",
    Reason.SEALED: "records removed",
    Reason.NOT_YET: "not live yet",
    Reason.NO_DATA: "no source of staff",
    Reason.NOT_TOLD: "in no source",
}
"""The same where a column is no wider than an interval; the sentences stand at the end of the board."""

FINDINGS: Final[dict[str, str]] = {
    Finding.LEVEL: "▼ Below like units",
    Finding.RELAPSE: "↘ Fallen back",
    Finding.BEHIND_PLAN: "◆ Behind its plan",
    Finding.READY_NOT_USED: "▲ Ready, not used",
    Finding.NOT_MOVED: "■ Not moved yet",
    Finding.ABANDONMENT: "✕ Given up",
    Finding.TRAINING_NEED: "✎ Training needed",
    Finding.BENEFIT_OFF_COURSE: "€ Benefit off course",
    Finding.DECISION_STUCK: "§ Decision stuck",
    Finding.NOT_ANCHORED: "⚓ Not anchored",
    Finding.OUTAGE: "⚡ Outage",
    Finding.STALE_SOURCE: "… Source silent",
    Finding.ACCESS: "⚿ Access missing",
    Finding.COMMON_CAUSE: "∗ A common cause",
    Finding.REORGANISATION: "⇄ Reorganised",
    Finding.MANY_BEHIND_PLAN: "◈ Many behind their plan",
}
"""Findings of lag detection, as people say them."""

_POSTPONED: Final = {"snoozed": "postponed"}
"""The one state of an alert that people call otherwise."""


def _finding(column: str) -> str:
    """SQL of a finding in words, where no table can map it."""
    # a sign and a space stand before each
    kinds, words = [str(kind) for kind in FINDINGS], [phrase[2:] for phrase in FINDINGS.values()]
    return f"transform(toString({column}), {kinds!r}, {words!r}, toString({column}))"


TO_CONSOLE: Final = '${console}/units/${__data.fields["Id"]:percentencode}'
TO_ALERT: Final = '${console}/alerts/${__data.fields["Alert id"]:percentencode}'
TO_UNIT: Final = (
    '/d/nytta-adoption?${organisation:queryparam}&${system:queryparam}&var-unit=${__data.fields["Id"]:percentencode}'
    "&${datasource:queryparam}&${__url_time_range}"
)

VARIABLES: Final = (
    Variable(
        "organisation",
        "Organisation",
        "SELECT organisation, name_en FROM nytta.organisations ORDER BY figures DESC, name_en",
    ),
    Variable(
        "system",
        "System",
        "SELECT w.system, ifNull(nullIf(y.name_en, ''), w.system) AS label FROM (SELECT system, count() AS figures "
        f"FROM nytta.last_windows WHERE {ORGANISATION} AND system != '' GROUP BY system) AS w "
        f"LEFT JOIN {SYSTEMS} ON y.system = w.system ORDER BY w.figures DESC, w.system",
    ),
    Variable(
        "unit",
        "Unit",
        f"SELECT unit, name_en FROM nytta.unit_names WHERE {ORGANISATION} ORDER BY depth, name_en",
        multi=True,
    ),
    Variable(
        "latest",
        "Latest week",
        f"SELECT toString(max(period)) FROM nytta.last_windows WHERE {ORGANISATION} AND {SYSTEM} HAVING count() > 0",
        hidden=True,
    ),
)
LATEST: Final = "The latest window, to the week of ${latest}"
"""Over figures that are as old as what was published last: of a log of old years, years."""

MARKS: Final = (
    Mark(
        "Go-lives",
        PALETTE[0],
        f"""SELECT toDateTime(day) AS time, title, text, what AS tags FROM (
    SELECT assumeNotNull(date) AS day, name_en AS title, concat(what, ' ', tier) AS text, what
    FROM nytta.milestones
    WHERE isNotNull(date) AND system IN ('', ${{system:singlequote}})
      AND (unit = '' OR unit IN (SELECT unit FROM nytta.unit_names WHERE {ORGANISATION}))
    UNION ALL
    SELECT assumeNotNull(g.date), concat('Live: ', ifNull(nullIf(y.name_en, ''), g.system)),
        concat(toString(g.units), ' units'), 'live'
    FROM (SELECT date, system, count() AS units FROM nytta.go_lives
        WHERE isNotNull(date) AND {SYSTEM} AND unit IN (SELECT unit FROM nytta.unit_names WHERE {ORGANISATION})
        GROUP BY date, system) AS g
    LEFT JOIN {SYSTEMS} ON y.system = g.system)
WHERE $__dateFilter(day) ORDER BY time""",
    ),
    Mark(
        "Signals",
        PALETTE[2],
        f"""SELECT toDateTime(s.opened) AS time, concat('Found: ', {_finding("s.kind")}) AS title,
    concat(ifNull(nullIf(n.name_en, ''), s.unit), ' · ', ifNull(nullIf(d.title, ''), s.indicator)) AS text,
    s.kind AS tags
FROM (SELECT * FROM nytta.signals
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND NOT withdrawn AND $__dateFilter(opened)) AS s
LEFT JOIN {NAMES} ON n.unit = s.unit LEFT JOIN {INDICATORS} ON d.indicator = s.indicator ORDER BY time""",
    ),
    Mark(
        "Decisions",
        PALETTE[1],
        f"""SELECT toDateTime(assumeNotNull(decided)) AS time, concat('Decided: ', name_en) AS title,
    concat(toString(executed), ' of ', toString(units), ' units have executed it') AS text, status AS tags
FROM nytta.decisions
WHERE {ORGANISATION} AND isNotNull(decided) AND $__dateFilter(assumeNotNull(decided))
  AND week = (SELECT max(week) FROM nytta.decisions WHERE {ORGANISATION}) ORDER BY time""",
    ),
    Mark(
        "Alerts",
        MARKERS[0],
        f"""SELECT toDateTime(d.day) AS time, concat('Alert ', d.what, ': ', {_finding("d.kind")}) AS title,
    ifNull(nullIf(n.name_en, ''), d.unit) AS text, d.what AS tags
FROM (SELECT * FROM nytta.alert_days
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND family != 'source' AND $__dateFilter(day)) AS d
LEFT JOIN {NAMES} ON n.unit = d.unit ORDER BY time, title""",
    ),
    Mark(
        "Actions",
        MARKERS[1],
        f"""SELECT toDateTime(assumeNotNull(a.day)) AS time,
    concat('Action planned: ', {_finding("a.kind")}) AS title,
    concat(ifNull(nullIf(n.name_en, ''), a.unit), if(a.due = '', '', concat(', to be done by ', a.due))) AS text,
    'action' AS tags
FROM (SELECT unit, kind, toDateOrNull(JSONExtractString(body, 'acknowledged', 'on')) AS day,
        JSONExtractString(body, 'acknowledged', 'due') AS due
    FROM nytta.alert_records FINAL
    WHERE record = 'alert' AND {ORGANISATION} AND {SYSTEM} AND {UNIT}
      AND JSONExtractString(body, 'acknowledged', 'action') != '') AS a
LEFT JOIN {NAMES} ON n.unit = a.unit
WHERE isNotNull(a.day) AND $__dateFilter(assumeNotNull(a.day)) ORDER BY time, title""",
    ),
    Mark(
        "Outages",
        PALETTE[3],
        f"""SELECT toDateTime(assumeNotNull(opened)) AS time, toDateTime(ifNull(closed, today())) AS timeEnd,
    concat('Source: ', {_finding("kind")}) AS title, system AS text, kind AS tags
FROM nytta.alerts
WHERE {ORGANISATION} AND family = 'source' AND isNotNull(opened) AND $__dateFilter(assumeNotNull(opened))
ORDER BY time""",
    ),
)


UNSHOWN: Final = (
    "No figure in the chosen time: figures go to the week above, and either no source tells of it, or the end of the "
    "board says why none is shown."
)
"""Where a figure is missing that others have."""


def latest_value(indicator: str, title: str, definition: str, unit: str = "percent") -> Panel:
    """The latest published window of the topmost chosen unit, beside the one that ended where it began."""
    change = "Change, points" if unit == "percent" else "Change"
    return Panel(
        Kind.STAT,
        title,
        f"{definition} Latest rolling window, and the change against the window before it, in the topmost chosen unit. "
        "What is hidden stands at the end of the board with its reason.",
        f"""SELECT value AS "Latest", change AS "{change}" FROM nytta.last_changes
WHERE {ORGANISATION} AND {SYSTEM} AND indicator = '{indicator}' AND case_type = '*' AND part = ''
  AND unit = {WHOLE}
LIMIT 1""",
        unit=unit,
        units={change: "none"} if unit == "percent" else {},
        width=4,
        height=4,
        empty="hidden, or in no source",
    )


def trend(
    indicator: str, title: str, definition: str, unit: str = "percent", width: int = 12
) -> Panel:
    """An indicator's course in the most urgent of the chosen units, and the target that they are under."""
    return Panel(
        Kind.TREND,
        title,
        f"{definition} Lines: the four most urgent of the chosen units; where none is, from the top of the tree. "
        "Grey: the target of the topmost chosen unit that has one, as the registry says it.",
        f"""SELECT time, line, value FROM (
SELECT toDateTime(v.period) AS time, l.line AS line, assumeNotNull(v.value) AS value
FROM nytta.indicator_values AS v INNER JOIN ({LINES}) AS l ON l.unit = v.unit
WHERE {ORGANISATION} AND {SYSTEM} AND v.indicator = '{indicator}' AND v.case_type = '*' AND v.part = ''
  AND v.grain = ${{period:singlequote}} AND $__dateFilter(v.period) AND isNotNull(v.value)
UNION ALL
SELECT arrayJoin([$__fromTime, $__toTime]) AS time, '{AIM}' AS line, target AS value
FROM (SELECT t.target AS target FROM nytta.unit_targets AS t INNER JOIN {NAMES} ON n.unit = t.unit
    WHERE {SYSTEM} AND t.indicator = '{indicator}' AND $__conditionalAll(t.unit IN (${{unit:singlequote}}), $unit)
    ORDER BY n.depth, t.unit LIMIT 1))
ORDER BY time, line""",
        unit=unit,
        width=width,
        percent_axis=unit == "percent",
        empty=UNSHOWN,
    )


_LAGGING: Final = {
    "Finding": 140,
    "Indicator": 120,
    "Now": 85,
    "Target": 65,
    "To target": 85,
    "Like units": 85,
    "To like units": 105,
    "Since": 95,
    "Urgency": 75,
    "Alert": 85,
}


def lagging(width: int = 24, columns: Collection[str] = _LAGGING.keys()) -> Panel:
    """Who lags, by how much, and what was done about it: the first question of a board, in as many columns as fit."""
    return Panel(
        Kind.TABLE,
        "Who lags, the most urgent first",
        "Units of which lag detection has an open finding: the most urgent one, the figure it rests on, how far that "
        "is from the unit's target and from like units, in points, and the alert that stands.",
        f"""SELECT ifNull(nullIf(n.name_en, ''), s.unit) AS "Unit", s.kind AS "Finding",
    ifNull(nullIf(d.title, ''), s.indicator) AS "Indicator",
    s.value AS "Now", s.target AS "Target", s.to_target AS "To target", s.peer AS "Like units",
    s.to_peer AS "To like units", toString(s.since) AS "Since",
    round(s.urgency, 2) AS "Urgency", if(s.alert = '', 'none yet', s.alert_state) AS "Alert", s.unit AS "Id",
    s.alert AS "Alert id"
FROM (SELECT * FROM nytta.findings WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT}) AS s
LEFT JOIN {NAMES} ON n.unit = s.unit
LEFT JOIN {INDICATORS} ON d.indicator = s.indicator
ORDER BY s.urgency DESC, s.to_target, s.unit""",
        width=width,
        height=8,
        source="lag detection",
        refresh="each closed week",
        widths={column: _LAGGING[column] for column in columns},
        links=(
            ("Unit", TO_CONSOLE, "Console"),
            ("Unit", TO_UNIT, "Its figures"),
            ("Alert", TO_ALERT, "The alert"),
        ),
        bars=("Now",),
        signed=("To target", "To like units"),
        hidden=("Id", "Alert id", *(column for column in _LAGGING if column not in columns)),
        words=FINDINGS | _POSTPONED,
        empty="No finding is open of the chosen units; how many can be judged stands above.",
    )


def judged() -> Panel:
    """How many units can be judged at all, and of how many something is open."""
    return Panel(
        Kind.STAT,
        "Units judged",
        "Units that can be judged, of which at least one figure may be shown, of all that the system concerns; and "
        "those of which a finding is open.",
        f"""SELECT countIf(f.shown > 0) AS "Judged", count() AS "Of", countIf(u.findings > 0) AS "Lag"
FROM (SELECT unit, shown FROM nytta.judged_units WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT}) AS f
LEFT JOIN (SELECT unit, findings FROM nytta.urgencies WHERE {ORGANISATION} AND {SYSTEM}) AS u ON u.unit = f.unit
HAVING count() > 0""",
        width=4,
        height=4,
        source="lag detection",
        refresh="each closed week",
        empty="nothing of this system is published",
    )


def standing_alerts(width: int = 24) -> Panel:
    """The alerts that stand now."""
    return Panel(
        Kind.TABLE,
        "Alerts that stand now",
        "Alerts that are open, acknowledged, postponed, improving or escalated now, whatever time is chosen.",
        f"""SELECT ifNull(nullIf(n.name_en, ''), a.unit) AS "Unit", a.kind AS "Finding", a.state AS "State",
    toString(a.opened) AS "Opened", a.days_open AS "Days open",
    ifNull(toString(a.acknowledged), 'no') AS "Acknowledged",
    ifNull(nullIf(y.name_en, ''), a.system) AS "System", a.unit AS "Id", a.id AS "Alert id"
FROM (SELECT * FROM nytta.live_alerts WHERE {ORGANISATION} AND {UNIT}) AS a
LEFT JOIN {NAMES} ON n.unit = a.unit
LEFT JOIN {SYSTEMS} ON y.system = a.system
ORDER BY a.urgency DESC, a.opened, a.unit""",
        width=width,
        height=7,
        source="the book of alerts",
        refresh="every ten minutes",
        links=(("Unit", TO_CONSOLE, "Console"), ("Finding", TO_ALERT, "The alert")),
        hidden=("Id", "Alert id"),
        words=FINDINGS | _POSTPONED,
        empty="No alert stands.",
    )


def unshown(width: int = 12) -> Panel:
    """What is hidden, said in words."""
    return Panel(
        Kind.TABLE,
        "What is not shown, and why",
        "Figures of the latest window that are not shown, by indicator and reason; too few may be none. What no source "
        "tells of is not in the list.",
        f"""SELECT any(d.title_en) AS "Indicator", v.reason AS "Why", count() AS "Figures", uniqExact(v.unit) AS "Units"
FROM nytta.last_values AS v
LEFT JOIN (SELECT indicator, version, title_en FROM nytta.definitions FINAL) AS d
    ON d.indicator = v.indicator AND d.version = v.version
WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND case_type = '*' AND isNull(value)
GROUP BY v.indicator, v.reason ORDER BY v.indicator, v.reason""",
        width=width,
        widths={"Figures": 75, "Units": 65},
        words=REASONS,
        empty="Every figure that there are records for is shown.",
    )


RESTS_ON: Final = """arrayStringConcat(arrayMap((name, figure) -> concat(
        ifNull(nullIf(d.titles[replaceOne(name, ' before', '')], ''), replaceOne(name, ' before', '')),
        if(endsWith(name, ' before'), ' before ', ' '), toString(figure)),
        mapKeys(s.figures), mapValues(s.figures)), ', ')"""
"""SQL of what a state `s` was read from, by the titles of indicators; its query joins `TITLES`."""

TITLES: Final = """(SELECT mapFromArrays(groupArray(indicator), groupArray(title)) AS titles FROM (
    SELECT toString(indicator) AS indicator, argMax(title_en, version) AS title
    FROM nytta.definitions FINAL GROUP BY indicator)) AS d"""
"""One row with a map from indicators to their titles, to be joined to each row."""


def share(low: str, high: str) -> str:
    """SQL of a figure's interval with the band of its number, as text: `61–81 of 100-299`; else why none is shown."""
    interval = f"if(isNull({low}), '', concat(toString(round({low}, 2)), '–', toString(round({high}, 2)), ' '))"
    return f"if(isNull(value), reason, concat({interval}, 'of ', n_band))"


def figures(columns: Mapping[str, str]) -> str:
    """SQL of two columns for each indicator: its figure, which sorts, and its interval; by indicator and heading."""
    return ",\n    ".join(
        f"anyIf(value, indicator = '{indicator_id}') AS \"{heading}\", "
        f"anyIf({share('low', 'high')}, indicator = '{indicator_id}') AS \"{_interval(heading)}\""
        for indicator_id, heading in columns.items()
    )


def figure_widths(headings: Iterable[str]) -> dict[str, int]:
    """Pixels of the columns of `figures`: room for their headings, for an interval, and for a brief reason."""
    return {
        column: max(least, _LETTER * len(column) + _PADDING)
        for heading in headings
        for column, least in ((heading, 85), (_interval(heading), 140))
    }


_LETTER, _PADDING = 7, 12
"""Pixels of a letter in Grafana's tables, rather too many, and of what stands around the text of a cell."""


def _interval(heading: str) -> str:
    return f"{heading.removesuffix(' %').removesuffix(' d')}, from–to"
