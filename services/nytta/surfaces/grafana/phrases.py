"""SQL that boards share. Everything is read from the open zone; nothing is computed that a view does not hold."""

from __future__ import annotations

from typing import Final

from nytta.insight.states.cascade import Gate
from nytta.insight.states.combined import Exploitation, State
from nytta.surfaces.grafana.boards import Mark, Variable
from nytta.surfaces.grafana.panels import Kind, Panel

ORGANISATION: Final = "organisation = ${organisation:singlequote}"
SYSTEM: Final = "system = ${system:singlequote}"
UNIT: Final = "$__conditionalAll(unit IN (${unit:singlequote}), $unit)"
PLACE: Final = "$__conditionalAll(place IN (${unit:singlequote}), $unit)"
CASE_TYPE: Final = "$__conditionalAll(case_type IN (${case_type:singlequote}), $case_type)"

LINES: Final = f"""SELECT unit, concat(toString(row_number() OVER (ORDER BY depth, unit)), ' ', name_en) AS line
    FROM nytta.unit_names WHERE {ORGANISATION} AND {UNIT} ORDER BY depth, unit LIMIT 4"""
"""The first four of the chosen units, from the top of the tree: more lines cannot be told apart."""

NAMES: Final = f"(SELECT unit, name_en, depth FROM nytta.unit_names WHERE {ORGANISATION}) AS n"
"""Names of the organisation's units, for joins."""

WHOLE: Final = f"""(SELECT unit FROM nytta.unit_names
    WHERE {ORGANISATION} AND {UNIT} ORDER BY depth, unit LIMIT 1)"""
"""The topmost of the chosen units."""

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

TO_UNIT: Final = (
    '/d/nytta-adoption?${organisation:queryparam}&${system:queryparam}&var-unit=${__data.fields["Id"]:percentencode}'
    "&${datasource:queryparam}&${__url_time_range}"
)

VARIABLES: Final = (
    Variable(
        "organisation",
        "Organisation",
        "SELECT unit, name_en FROM nytta.unit_names WHERE depth = 0 AND parent = '' ORDER BY name_en",
    ),
    Variable(
        "system",
        "System",
        f"SELECT DISTINCT system FROM nytta.last_windows WHERE {ORGANISATION} AND system != '' ORDER BY system",
    ),
    Variable(
        "unit",
        "Unit",
        f"SELECT unit, name_en FROM nytta.unit_names WHERE {ORGANISATION} ORDER BY depth, name_en",
        multi=True,
    ),
)

MARKS: Final = (
    Mark(
        "Go-lives and milestones",
        "#12436D",
        f"""SELECT toDateTime(day) AS time, title, text, what AS tags FROM (
    SELECT assumeNotNull(date) AS day, name_en AS title, concat(what, ' ', tier) AS text, what
    FROM nytta.milestones
    WHERE isNotNull(date) AND system IN ('', ${{system:singlequote}})
      AND (unit = '' OR unit IN (SELECT unit FROM nytta.unit_names WHERE {ORGANISATION}))
    UNION ALL
    SELECT assumeNotNull(date), concat('Live: ', system), concat(toString(count()), ' units'), 'live'
    FROM nytta.go_lives
    WHERE isNotNull(date) AND {SYSTEM} AND unit IN (SELECT unit FROM nytta.unit_names WHERE {ORGANISATION})
    GROUP BY date, system)
WHERE $__dateFilter(day) ORDER BY time""",
    ),
    Mark(
        "Signals",
        "#801650",
        f"""SELECT toDateTime(opened) AS time, concat('Signal: ', replaceAll(kind, '_', ' ')) AS title,
    concat(unit, ' · ', indicator) AS text, kind AS tags
FROM nytta.signals
WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND NOT withdrawn AND $__dateFilter(opened) ORDER BY time""",
    ),
    Mark(
        "Decisions",
        "#28A197",
        f"""SELECT toDateTime(assumeNotNull(decided)) AS time, concat('Decided: ', name_en) AS title,
    concat(toString(executed), ' of ', toString(units), ' units have executed it') AS text, status AS tags
FROM nytta.decisions
WHERE {ORGANISATION} AND isNotNull(decided) AND $__dateFilter(assumeNotNull(decided))
  AND week = (SELECT max(week) FROM nytta.decisions WHERE {ORGANISATION}) ORDER BY time""",
    ),
    Mark(
        "Sources out",
        "#F46A25",
        f"""SELECT toDateTime(assumeNotNull(opened)) AS time, toDateTime(ifNull(closed, today())) AS timeEnd,
    concat('Source: ', replaceAll(kind, '_', ' ')) AS title, system AS text, kind AS tags
FROM nytta.alerts
WHERE {ORGANISATION} AND family = 'source' AND isNotNull(opened) AND $__dateFilter(assumeNotNull(opened))
ORDER BY time""",
    ),
)


def latest_value(indicator: str, title: str, definition: str, unit: str = "percent") -> Panel:
    """The latest published window of the topmost chosen unit, beside the one that ended where it began."""
    change = "Change, points" if unit == "percent" else "Change"
    return Panel(
        Kind.STAT,
        title,
        f"{definition} Latest rolling window, and the change against the window before it, in the topmost chosen unit.",
        f"""SELECT value AS "Now", change AS "{change}" FROM nytta.last_changes
WHERE {ORGANISATION} AND {SYSTEM} AND indicator = '{indicator}' AND case_type = '*' AND part = ''
  AND unit IN {WHOLE}
LIMIT 1""",
        unit=unit,
        width=6,
        height=4,
    )


def trend(indicator: str, title: str, definition: str, unit: str = "percent", width: int = 12) -> Panel:
    """An indicator's course in the first four chosen units."""
    return Panel(
        Kind.TREND,
        title,
        f"{definition} Lines: the first four of the chosen units, from the top of the tree; of all, the organisation "
        "and its first departments.",
        f"""SELECT toDateTime(v.period) AS time, l.line AS line, assumeNotNull(v.value) AS value
FROM nytta.indicator_values AS v INNER JOIN ({LINES}) AS l ON l.unit = v.unit
WHERE {ORGANISATION} AND {SYSTEM} AND v.indicator = '{indicator}' AND v.case_type = '*' AND v.part = ''
  AND v.grain = ${{period:singlequote}} AND $__dateFilter(v.period) AND isNotNull(v.value)
ORDER BY time, line""",
        unit=unit,
        width=width,
        percent_axis=unit == "percent",
    )


def share(value: str, low: str, high: str) -> str:
    """SQL of a figure with its interval and the band of its number, as text: `72 (61–81) · 100-299`."""
    interval = f"if(isNull({low}), '', concat(' (', toString({low}), '–', toString({high}), ')'))"
    return f"if(isNull({value}), replaceAll(status, '_', ' '), concat(toString({value}), {interval}, ' · ', n_band))"


def figures(columns: dict[str, str]) -> str:
    """SQL of one column for each indicator, its figure with interval as text; `columns` are indicator and heading."""
    text = share("value", "low", "high")
    return ", ".join(f"anyIf({text}, indicator = '{i}') AS \"{heading}\"" for i, heading in columns.items())
