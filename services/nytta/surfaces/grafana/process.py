"""Digital process: which kinds of case go the digital way, where, and does it pay?"""

from __future__ import annotations

from typing import Final

from nytta.insight.states.combined import Exploitation
from nytta.surfaces.grafana.boards import Board, Row, Variable
from nytta.surfaces.grafana.panels import Kind, Panel
from nytta.surfaces.grafana.phrases import (
    BRIEF_REASONS,
    CASE_TYPE,
    LAST_STATES,
    LATEST,
    MARKS,
    NAMES,
    ORGANISATION,
    PLACE,
    RESTS_ON,
    STATES,
    SYSTEM,
    TITLES,
    TO_CONSOLE,
    TYPES,
    UNIT,
    VARIABLES,
    WHOLE,
    WORDS,
    figure_widths,
    figures,
    latest_value,
    unshown,
)

_INDICATORS = (
    (
        "digital-intake",
        "Digital intake",
        "Share of the opened cases that came in through a digital channel.",
        "percent",
    ),
    (
        "digital-take-up",
        "Digital take-up",
        "Share of the completed cases that had come in digitally.",
        "percent",
    ),
    ("intended-use", "Intended use", "Share of the cases handled in the intended way.", "percent"),
    (
        "fallback",
        "Fallback",
        "Share of the steps with a digital route that were done by hand all the same.",
        "percent",
    ),
    ("lead-time", "Lead time", "Days from opened to closed, at the median.", "suffix:d"),
    ("rework", "Rework", "Share of the closed cases that went back to an earlier step.", "percent"),
    ("handovers", "Handovers", "Changes of hands of a completed case, on average.", "none"),
)

_TYPE_NAME: Final = "ifNull(nullIf(t.name_en, ''), {0}.case_type)"
"""SQL of the name of a row's case type, else its id."""

_TYPES = f"""SELECT c.case_type AS case_type,
        concat(toString(row_number() OVER (ORDER BY c.intake IS NULL, c.intake, c.case_type)), ' ',
            {_TYPE_NAME.format("c")}) AS line
    FROM (SELECT case_type, minIf(value, indicator = 'digital-intake') AS intake FROM nytta.last_published
          WHERE {ORGANISATION} AND {SYSTEM} AND {CASE_TYPE} AND case_type NOT IN ('', '*') AND unit = {WHOLE}
            AND isNotNull(value) GROUP BY case_type) AS c
    LEFT JOIN {TYPES} ON t.case_type = c.case_type
    ORDER BY c.intake IS NULL, c.intake, c.case_type LIMIT 4"""


def _by_type(indicator: str, title: str, definition: str, unit: str, width: int = 12) -> Panel:
    return Panel(
        Kind.TREND,
        f"{title} by case type",
        f"{definition} Lines: the four of the chosen case types that come in digitally least, by the latest window of "
        "the topmost chosen unit; window by window, for case types are told of no other periods.",
        f"""SELECT toDateTime(v.period) AS time, l.line AS line, assumeNotNull(v.value) AS value
FROM nytta.indicator_values AS v INNER JOIN ({_TYPES}) AS l ON l.case_type = v.case_type
WHERE {ORGANISATION} AND {SYSTEM} AND v.indicator = '{indicator}' AND v.part = '' AND v.unit = {WHOLE}
  AND v.grain = 'window' AND $__dateFilter(v.period) AND isNotNull(v.value)
ORDER BY time, line""",
        unit=unit,
        width=width,
        percent_axis=unit == "percent",
        empty="No case type of the topmost chosen unit has a figure that may be shown in the chosen time; figures go "
        "to the week above.",
    )


_NO_STATES: Final = (
    "No state of a case type is told: it needs published figures from before and after going live."
)


def _pays(title: str, definition: str, sql: str, source: str, empty: str) -> Panel:
    return Panel(
        Kind.STAT,
        title,
        definition,
        sql,
        width=4,
        height=4,
        source=source,
        owner="process owner",
        empty=empty,
    )


_EXPLOITATION: Final = Panel(
    Kind.TABLE,
    "Digital but not exploited, case type by unit",
    "Whether the case type is digital in the unit, and got faster, cleaner or cheaper by it; the "
    "published figures that this was read from stand beside; `before` is the year before going live.",
    f"""SELECT {_TYPE_NAME.format("s")} AS "Case type", ifNull(nullIf(n.name_en, ''), s.unit) AS "Unit",
    s.state AS "Stands", s.value AS "Digital intake %",
    if(isNull(s.low), '', concat(toString(s.low), '–', toString(s.high))) AS "Between %", {RESTS_ON} AS "Read from",
    s.unit AS "Id"
FROM (SELECT * FROM nytta.states
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND {CASE_TYPE} AND what = 'exploitation' AND {LAST_STATES}) AS s
CROSS JOIN {TITLES} LEFT JOIN {NAMES} ON n.unit = s.unit LEFT JOIN {TYPES} ON t.case_type = s.case_type
ORDER BY s.state = '{Exploitation.NOT_EXPLOITED}' DESC, s.case_type, n.depth, s.unit""",
    empty=_NO_STATES,
    width=16,
    height=8,
    widths={"Case type": 120, "Unit": 110, "Stands": 165, "Digital intake %": 125, "Between %": 80},
    links=(("Unit", TO_CONSOLE, "Console"),),
    hidden=("Id",),
    long=("Read from",),
    owner="process owner",
    source=STATES,
    words=WORDS,
)


def _pairs(title: str, *indicators: str) -> Panel:
    """Every case type of every unit with a few figures of its latest window, as many as fit."""
    signs = {"percent": " %", "suffix:d": " d"}
    columns = {
        indicator: heading + signs.get(unit, "")
        for indicator, heading, _, unit in _INDICATORS
        if indicator in indicators
    }
    return Panel(
        Kind.TABLE,
        f"{title}: every case type of every unit",
        "Each figure of the latest rolling window with its interval and the band of its number; the reason where it "
        "may not be shown. Pairs without any of these figures are left out.",
        f"""SELECT {_TYPE_NAME.format("v")} AS "Case type", n.name_en AS "Unit", {figures(columns)}, v.unit AS "Id"
FROM (SELECT * FROM nytta.last_published
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND {CASE_TYPE} AND case_type NOT IN ('', '*') AND part = ''
      AND indicator IN {indicators!r}) AS v
LEFT JOIN {NAMES} ON n.unit = v.unit LEFT JOIN {TYPES} ON t.case_type = v.case_type
GROUP BY v.case_type, t.name_en, v.unit, n.name_en, n.depth HAVING countIf(isNotNull(value)) > 0
ORDER BY v.case_type, n.depth, v.unit""",
        width=24,
        height=10,
        owner="process owner",
        words=BRIEF_REASONS,
        bars=tuple(heading for heading in columns.values() if heading.endswith("%")),
        links=(("Unit", TO_CONSOLE, "Console"),),
        widths={"Case type": 150, **figure_widths(columns.values())},
        hidden=("Id",),
        empty="No case type of the chosen units has such a figure that may be shown.",
    )


BOARD: Final = Board(
    "nytta-process",
    "Digital process: which cases go the digital way, and does it pay?",
    "For process owners: how cases come in, how they are handled and how long they take, case type by unit. A process "
    "that is digital and no faster is not exploited.",
    "process owner",
    (
        *VARIABLES,
        Variable(
            "case_type",
            "Case type",
            f"SELECT c.case_type, {_TYPE_NAME.format('c')} AS label FROM (SELECT DISTINCT case_type "
            f"FROM nytta.last_published WHERE {ORGANISATION} AND {SYSTEM} AND case_type NOT IN ('', '*')) AS c "
            f"LEFT JOIN {TYPES} ON t.case_type = c.case_type ORDER BY c.case_type",
            multi=True,
        ),
    ),
    (
        Row(
            LATEST,
            (
                *(latest_value(*indicator) for indicator in _INDICATORS[:4]),
                _pays(
                    "Digital, not exploited",
                    "Case types of units that are digital and got neither faster, cleaner nor cheaper by it, of all of "
                    "which a state is told; and those of which the figures do not say it.",
                    f"""SELECT countIf(state = '{Exploitation.NOT_EXPLOITED}') AS "Found", count() AS "Of",
    countIf(state = '{Exploitation.UNCLEAR}') AS "Unclear"
FROM nytta.states WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND {CASE_TYPE} AND what = 'exploitation'
    AND {LAST_STATES} HAVING count() > 0""",
                    STATES,
                    "no state is told",
                ),
                _pays(
                    "Unrealised hours",
                    "Hours a year that the plan promised: the use is missing, or its effect.",
                    f"""SELECT round(ifNull(sum(use_missing_hours), 0)) AS "Use missing",
    round(ifNull(sum(effect_missing_hours), 0)) AS "Effect missing"
FROM nytta.unrealised WHERE {ORGANISATION} AND {SYSTEM} AND {CASE_TYPE} AND {PLACE}
    AND week = (SELECT max(week) FROM nytta.unrealised WHERE {ORGANISATION}) HAVING count() > 0""",
                    "statements of benefits",
                    "none planned or stated",
                ),
            ),
        ),
        Row("Digital, and better for it?", (_EXPLOITATION, _by_type(*_INDICATORS[0], width=8))),
        Row(
            "Course by case type, and where case types stand",
            (
                *(_by_type(*indicator) for indicator in _INDICATORS[1:6]),
                Panel(
                    Kind.BARS,
                    "Case types of units, by where they stand",
                    "Case types of units by whether nearly all cases come in digitally, and whether lead time, rework "
                    "or benefit got better since the system went live; unclear where fewer than two are known.",
                    f"""SELECT state AS "Stands", count() AS "Case types of units" FROM nytta.states
WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND {CASE_TYPE} AND what = 'exploitation' AND {LAST_STATES}
GROUP BY state ORDER BY count() DESC, state""",
                    empty=_NO_STATES,
                    owner="process owner",
                    source=STATES,
                    words=WORDS,
                ),
            ),
        ),
        Row(
            "Case type by unit",
            (
                _pairs("How they come in", "digital-intake", "digital-take-up"),
                _pairs("How they are handled", "intended-use", "fallback", "rework"),
                _pairs("How long they take, and by how many hands", "lead-time", "handovers"),
            ),
        ),
        Row(
            "What it is worth, and how sure it is",
            (
                Panel(
                    Kind.TABLE,
                    "Unrealised hours a year, by case type",
                    "Hours that the plan promised and that neither use nor measurement supports, most first; from "
                    "rounded shares and rounded numbers of cases. Use: the share that the plan counts on.",
                    f"""SELECT {_TYPE_NAME.format("u")} AS "Case type",
    ifNull(nullIf(n.name_en, ''), u.place) AS "Unit",
    u.share AS "Use %", u.share_target AS "Target %", round(u.use_missing_hours, 1) AS "Hours, use missing",
    round(u.effect_missing_hours, 1) AS "Hours, effect missing",
    if(u.why = '', '', concat('not shown: ', replaceAll(u.why, '_', ' '))) AS "Note", u.place AS "Id"
FROM (SELECT * FROM nytta.unrealised WHERE {ORGANISATION} AND {SYSTEM} AND {CASE_TYPE} AND {PLACE}
    AND week = (SELECT max(week) FROM nytta.unrealised WHERE {ORGANISATION})) AS u
LEFT JOIN {NAMES} ON n.unit = u.place LEFT JOIN {TYPES} ON t.case_type = u.case_type
ORDER BY u.use_missing_hours + u.effect_missing_hours DESC NULLS LAST, u.case_type, u.place""",
                    empty="No hours are planned for the chosen case types in programme.yaml, or none were stated yet.",
                    width=24,
                    height=9,
                    owner="benefit owner",
                    widths={
                        "Use %": 65,
                        "Target %": 75,
                        "Hours, use missing": 140,
                        "Hours, effect missing": 160,
                    },
                    links=(("Unit", TO_CONSOLE, "Console"),),
                    hidden=("Id",),
                ),
                Panel(
                    Kind.TABLE,
                    "How much may be shown",
                    "Figures of the latest window by what the gate made of them, case type by case type.",
                    f"""SELECT {_TYPE_NAME.format("v")} AS "Case type", v.figures AS "Figures", v.shown AS "Shown"
FROM (SELECT case_type, count() AS figures, countIf(isNotNull(value)) AS shown FROM nytta.last_published
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND {CASE_TYPE} AND case_type NOT IN ('', '*') GROUP BY case_type) AS v
LEFT JOIN {TYPES} ON t.case_type = v.case_type ORDER BY v.case_type""",
                    empty="No case type of the chosen units stands in the latest window.",
                    width=8,
                    owner="process owner",
                    widths={"Figures": 75, "Shown": 70},
                ),
                unshown(16),
            ),
        ),
    ),
    MARKS,
    periods=True,
    console=True,
)
