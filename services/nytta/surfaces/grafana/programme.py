"""Programme: which benefits were promised, what has come, and what is not realised yet?"""

from __future__ import annotations

from typing import Final

from nytta.surfaces.grafana.boards import Board, Row
from nytta.surfaces.grafana.panels import Kind, Panel
from nytta.surfaces.grafana.phrases import (
    LAST_STATES,
    MARKS,
    NAMES,
    ORGANISATION,
    PLACE,
    STATES,
    SYSTEM,
    TO_UNIT,
    UNIT,
    VARIABLES,
    WORDS,
)

_SAID = "when benefits are stated anew, after each publication"


def _latest(view: str) -> str:
    return f"week = (SELECT max(week) FROM nytta.{view} WHERE {ORGANISATION})"


def _stat(title: str, definition: str, sql: str, unit: str = "none") -> Panel:
    return Panel(
        Kind.STAT, title, definition, sql, unit=unit, width=4, height=4, source="statements of benefits", refresh=_SAID
    )


BOARD: Final = Board(
    "nytta-programme",
    "Programme: which promised benefits have come, and what is not realised yet?",
    "For the programme lead and the steering group: baseline, target, what is realised and forecast; unrealised hours; "
    "units that could use a system and do not; anchoring step by step; decisions that stuck on their way; maturity.",
    "programme lead",
    VARIABLES,
    (
        Row(
            "Now",
            (
                _stat(
                    "Benefits on course",
                    "Benefits that are on course or achieved, of all that are promised.",
                    f"""SELECT countIf(status IN ('on_track', 'achieved')) AS "On course", count() AS "Of"
FROM nytta.benefits WHERE {ORGANISATION} AND {_latest("benefits")} HAVING count() > 0""",
                ),
                _stat(
                    "Hours freed",
                    "Working hours a year that both use and measurement support.",
                    f"""SELECT ifNull(sum(freed_hours), 0) AS "Hours a year" FROM nytta.unrealised
WHERE {ORGANISATION} AND {_latest("unrealised")} HAVING count() > 0""",
                    "none",
                ),
                _stat(
                    "Unrealised hours",
                    "Hours a year that were promised and are not there: the use is missing, or its effect.",
                    f"""SELECT ifNull(sum(use_missing_hours), 0) AS "Use missing",
    ifNull(sum(effect_missing_hours), 0) AS "Effect missing"
FROM nytta.unrealised WHERE {ORGANISATION} AND {_latest("unrealised")} HAVING count() > 0""",
                ),
                _stat(
                    "Decisions executed",
                    "Units that have executed the decisions that concern them, of all units concerned.",
                    f"""SELECT sum(executed) AS "Executed", sum(units) AS "Of" FROM nytta.decisions
WHERE {ORGANISATION} AND {_latest("decisions")} HAVING count() > 0""",
                ),
                _stat(
                    "Open alerts",
                    "Alerts that are open, and those of them that somebody has acknowledged.",
                    f"""SELECT count() AS "Open", countIf(isNotNull(acknowledged)) AS "Acknowledged" FROM nytta.alerts
WHERE {ORGANISATION} AND state IN ('open', 'acknowledged', 'improving', 'escalated', 'snoozed')""",
                ),
                _stat(
                    "Figures of week",
                    "The last closed week of which benefits were stated.",
                    f"""SELECT toISOYear(max(week)) AS "Year", toISOWeek(max(week)) AS "ISO week" FROM nytta.benefits
WHERE {ORGANISATION} HAVING count() > 0""",
                ),
            ),
        ),
        Row(
            "Benefits",
            (
                Panel(
                    Kind.TREND,
                    "Realised share of the target",
                    "Realised part of the way from baseline to target, in percent. Lines: the four with the most to "
                    "come.",
                    f"""SELECT toDateTime(b.week) AS time, l.line AS line, assumeNotNull(b.realised) AS value
FROM nytta.benefits AS b
INNER JOIN (
    SELECT benefit, concat(toString(row_number() OVER (ORDER BY realised, benefit)), ' ', name_en) AS line
    FROM nytta.benefits
    WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("benefits")} AND isNotNull(realised)
    ORDER BY realised, benefit LIMIT 4) AS l ON l.benefit = b.benefit
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND $__dateFilter(b.week) AND isNotNull(b.realised)
ORDER BY time, line""",
                    unit="percent",
                    source="statements of benefits",
                    refresh=_SAID,
                ),
                Panel(
                    Kind.BARS,
                    "Unrealised hours, by unit",
                    "Hours a year that were promised and are not there, the ten largest.",
                    f"""SELECT ifNull(nullIf(any(n.name_en), ''), u.place) AS "Unit",
    sum(ifNull(u.use_missing_hours, 0) + ifNull(u.effect_missing_hours, 0)) AS "Hours a year"
FROM nytta.unrealised AS u LEFT JOIN {NAMES} ON n.unit = u.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("unrealised")}
GROUP BY u.place HAVING "Hours a year" > 0 ORDER BY "Hours a year" DESC LIMIT 10""",
                    source="statements of benefits",
                    refresh=_SAID,
                ),
                Panel(
                    Kind.TABLE,
                    "Every benefit, what is furthest behind first",
                    "Baseline, target and due date as planned; realised share and forecast of the share at the due "
                    "date with its interval; money only where the owner has confirmed the minutes.",
                    f"""SELECT b.name_en AS "Benefit", ifNull(nullIf(n.name_en, ''), b.place) AS "Unit",
    replaceAll(b.status, '_', ' ') AS "Status", b.realised AS "Realised %", b.forecast AS "Forecast %",
    if(isNull(b.forecast_low), '', concat(toString(b.forecast_low), '–', toString(b.forecast_high))) AS "Between %",
    b.baseline AS "Baseline", b.target AS "Target", b.unit_of_measure AS "In", b.due AS "Due",
    b.freed_hours AS "Freed h/year", b.amount AS "Worth", b.currency AS "Currency", b.place AS "Id"
FROM nytta.benefits AS b LEFT JOIN {NAMES} ON n.unit = b.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("benefits")}
ORDER BY b.realised ASC NULLS LAST, b.benefit""",
                    width=24,
                    height=10,
                    owner="benefit owner",
                    source="statements of benefits",
                    refresh=_SAID,
                    link=("Unit", TO_UNIT),
                ),
            ),
        ),
        Row(
            "Could it be used, and is it",
            (
                Panel(
                    Kind.BARS,
                    "Units by where they stand",
                    "Units by access, training and use of the last quarter: not ready, ready and not used, in use, or "
                    "unclear where the figures allow both.",
                    f"""SELECT state AS "Stands", count() AS "Units" FROM nytta.states
WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND what = 'use-state' AND {LAST_STATES}
GROUP BY state ORDER BY count() DESC, state""",
                    width=8,
                    source=STATES,
                    words=WORDS,
                ),
                Panel(
                    Kind.TABLE,
                    "Where each unit stands",
                    "Access, training and use of the last quarter, as one word; the published figures that it was read "
                    "from stand beside. Units stand in the order of the tree.",
                    f"""SELECT ifNull(nullIf(n.name_en, ''), s.unit) AS "Unit", s.state AS "Stands", s.value AS "Use %",
    s.low AS "From %", s.high AS "To %", s.rests_on AS "Read from", s.unit AS "Id"
FROM (SELECT * FROM nytta.states
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND what = 'use-state' AND {LAST_STATES}) AS s
LEFT JOIN {NAMES} ON n.unit = s.unit
ORDER BY n.depth, s.unit""",
                    width=16,
                    source=STATES,
                    link=("Unit", TO_UNIT),
                    words=WORDS,
                ),
                Panel(
                    Kind.TABLE,
                    "Anchoring, step by step",
                    "Share of each step that is trained, and whether the step may begin: 80 of 100 of the one before "
                    "it must be there. Steps of fewer than ten persons are not shown: read a larger level.",
                    f"""SELECT ifNull(nullIf(n.name_en, ''), s.unit) AS "Unit",
    anyIf(s.state, s.part = 'managers') AS "Managers", anyIf(s.value, s.part = 'managers') AS "Trained managers %",
    anyIf(s.state, s.part = 'key-roles') AS "Key roles", anyIf(s.value, s.part = 'key-roles') AS "Trained key roles %",
    anyIf(s.state, s.part = 'staff') AS "Staff", anyIf(s.value, s.part = 'staff') AS "Trained staff %", s.unit AS "Id"
FROM (SELECT * FROM nytta.states
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND what = 'cascade' AND {LAST_STATES}) AS s
LEFT JOIN {NAMES} ON n.unit = s.unit
GROUP BY s.unit, n.name_en, n.depth ORDER BY n.depth, s.unit""",
                    width=24,
                    source=STATES,
                    link=("Unit", TO_UNIT),
                    words=WORDS,
                ),
            ),
        ),
        Row(
            "Decisions and maturity",
            (
                Panel(
                    Kind.TABLE,
                    "Decisions on their way down",
                    "Of the units that a decision concerns: how many have acknowledged and executed it, the share that "
                    "acknowledged it within 14 days and executed it by its due date, and for how long it has stood.",
                    f"""SELECT d.name_en AS "Decision", d.level AS "Level", d.decided AS "Decided", d.due AS "Due",
    d.units AS "Units", d.acknowledged AS "Acknowledged", d.executed AS "Executed", s.received AS "In 14 days %",
    s.executed AS "By due date %", d.weeks AS "Weeks old", replaceAll(d.status, '_', ' ') AS "Status"
FROM (SELECT * FROM nytta.decisions WHERE {ORGANISATION} AND {_latest("decisions")}) AS d
LEFT JOIN (
    SELECT part, anyIf(value, what = 'received') AS received, anyIf(value, what = 'decided-in-time') AS executed
    FROM nytta.states WHERE {ORGANISATION} AND what IN ('received', 'decided-in-time') AND {LAST_STATES}
    GROUP BY part) AS s ON s.part = d.decision
ORDER BY d.executed / greatest(d.units, 1), d.decided""",
                    width=24,
                    height=7,
                    source="reports of units",
                ),
                Panel(
                    Kind.TABLE,
                    "Age of open decisions",
                    "Weeks since the decisions of each level were taken that are still open, at the median, and the "
                    "age that 85 of 100 do not exceed.",
                    f"""SELECT part AS "Level", figures['open'] AS "Decisions", value AS "Weeks, median",
    high AS "Weeks, 85 of 100"
FROM nytta.states WHERE {ORGANISATION} AND what = 'decision-age' AND {LAST_STATES} ORDER BY part""",
                    width=8,
                    source="reports of units",
                ),
                Panel(
                    Kind.TABLE,
                    "Maturity",
                    "Scores of the maturity model from 0 to 100; empty where less than half of what it asks is known.",
                    f"""SELECT ifNull(nullIf(any(n.name_en), ''), m.place) AS "Unit", any(m.level) AS "Level",
    anyIf(m.score, m.name = 'process') AS "Process", anyIf(m.score, m.name = 'use') AS "Use",
    anyIf(m.score, m.name = 'access') AS "Access", anyIf(m.score, m.name = 'benefit') AS "Benefit",
    round(avg(m.covered)) AS "Covered %", m.place AS "Id"
FROM nytta.maturity AS m LEFT JOIN {NAMES} ON n.unit = m.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("maturity")}
GROUP BY m.place ORDER BY m.place""",
                    width=16,
                    source="statements of benefits",
                    refresh=_SAID,
                    link=("Unit", TO_UNIT),
                ),
            ),
        ),
        Row(
            "Where it lags",
            (
                Panel(
                    Kind.TABLE,
                    "Signals that stand, the most urgent first",
                    "What lag detection found and has not closed: figures that passed the gate, beside like units.",
                    f"""SELECT ifNull(nullIf(n.name_en, ''), s.unit) AS "Unit", s.indicator AS "Indicator",
    replaceAll(s.kind, '_', ' ') AS "Finding", s.opened AS "Since", s.value AS "Now", s.peer AS "Like units",
    s.target AS "Target", s.n_band AS "Group", s.status AS "Figure is", s.unit AS "Id"
FROM nytta.signals AS s LEFT JOIN {NAMES} ON n.unit = s.unit
WHERE {ORGANISATION} AND {SYSTEM} AND $__conditionalAll(s.unit IN (${{unit:singlequote}}), $unit)
  AND NOT s.withdrawn AND isNull(s.closed)
ORDER BY s.urgency DESC, s.unit, s.indicator""",
                    width=24,
                    height=9,
                    source="lag detection",
                    refresh="each closed week",
                    link=("Unit", TO_UNIT),
                ),
            ),
        ),
        Row(
            "How sure the figures are",
            (
                Panel(
                    Kind.TABLE,
                    "Closed weeks as they were told",
                    "When each closed week was first published, and how many hours after its end. The newest ten.",
                    f"""SELECT period AS "Week of", told_at AS "Told at", hours AS "Hours after its end"
FROM nytta.publications WHERE {ORGANISATION} ORDER BY period DESC LIMIT 10""",
                    source="publications",
                ),
                Panel(
                    Kind.TABLE,
                    "Benefits without a figure, and why",
                    "Statuses of all benefits, counted.",
                    f"""SELECT replaceAll(status, '_', ' ') AS "Status", count() AS "Benefits",
    countIf(isNull(realised)) AS "Without a figure"
FROM nytta.benefits WHERE {ORGANISATION} AND {_latest("benefits")} GROUP BY status ORDER BY status""",
                    source="statements of benefits",
                    refresh=_SAID,
                ),
            ),
        ),
    ),
    MARKS,
)
