"""Programme: which benefits were promised, what has come, and what is not realised yet?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nytta.surfaces.grafana.boards import Board, Row, Variable
from nytta.surfaces.grafana.panels import Kind, Panel
from nytta.surfaces.grafana.phrases import (
    LAST_STATES,
    MARKS,
    NAMES,
    ORGANISATION,
    PLACE,
    RESTS_ON,
    STATES,
    SYSTEM,
    TITLES,
    TO_CONSOLE,
    TO_UNIT,
    UNIT,
    VARIABLES,
    WORDS,
    judged,
    lagging,
    standing_alerts,
    unshown,
)

_SAID = "when benefits are stated anew, after each publication"


_LINKS: Final = (("Unit", TO_CONSOLE, "Console"), ("Unit", TO_UNIT, "Its figures"))
_NO_BENEFITS: Final = (
    "No benefit of this organisation is planned in programme.yaml, or none was stated yet."
)
_NO_DECISIONS: Final = (
    "No decision of this organisation stands in programme.yaml, or no unit has reported yet."
)
_NO_STATES: Final = "Nothing is told of the chosen units: states need published figures of access, training and use."


def _latest(view: str) -> str:
    return f"week = (SELECT max(week) FROM nytta.{view} WHERE {ORGANISATION})"


def _stat(
    title: str, definition: str, sql: str, unit: str = "none", empty: str = "none planned or stated"
) -> Panel:
    return Panel(
        Kind.STAT,
        title,
        definition,
        sql,
        unit=unit,
        width=4,
        height=4,
        source="statements of benefits",
        refresh=_SAID,
        empty=empty,
    )


_FIGURES: Final = {
    "Unit": 150,
    "Realised %": 85,
    "Forecast %": 85,
    "Between %": 80,
    "Baseline": 75,
    "Target": 65,
    "In": 110,
    "Freed h/year": 100,
    "Worth": 70,
    "Currency": 75,
}


def _benefits(
    title: str,
    width: int = 24,
    height: int = 10,
    widths: Mapping[str, int] | None = None,
    hidden: Sequence[str] = (),
) -> Panel:
    return Panel(
        Kind.TABLE,
        title,
        "What is furthest behind first. Baseline, target and due date as planned; realised share and forecast of the "
        "share at the due date with its interval; money only where the owner has confirmed the minutes.",
        f"""SELECT b.name_en AS "Benefit", ifNull(nullIf(n.name_en, ''), b.place) AS "Unit",
    replaceAll(b.status, '_', ' ') AS "Status", b.realised AS "Realised %", b.forecast AS "Forecast %",
    if(isNull(b.forecast_low), '', concat(toString(b.forecast_low), '–', toString(b.forecast_high))) AS "Between %",
    toString(b.due) AS "Due", b.baseline AS "Baseline", b.target AS "Target", b.unit_of_measure AS "In",
    round(b.freed_hours, 1) AS "Freed h/year", b.amount AS "Worth", b.currency AS "Currency", b.place AS "Id"
FROM nytta.benefits AS b LEFT JOIN {NAMES} ON n.unit = b.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("benefits")}
ORDER BY b.realised ASC NULLS LAST, b.benefit""",
        empty=_NO_BENEFITS,
        width=width,
        height=height,
        owner="benefit owner",
        source="statements of benefits",
        refresh=_SAID,
        links=_LINKS,
        widths=widths or {},
        hidden=("Id", *hidden),
    )


BOARD: Final = Board(
    "nytta-programme",
    "Programme: which promised benefits have come, and what is not realised yet?",
    "For the programme lead and the steering group: baseline, target, what is realised and forecast; unrealised hours; "
    "units that could use a system and do not; anchoring step by step; decisions that stuck on their way; maturity.",
    "programme lead",
    (
        Variable(
            "organisation",
            "Organisation",
            "SELECT organisation, name_en FROM nytta.organisations ORDER BY benefits DESC, figures DESC, name_en",
        ),
        *VARIABLES[1:3],
    ),
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
                    f"""SELECT round(ifNull(sum(freed_hours), 0)) AS "Hours a year" FROM nytta.unrealised
WHERE {ORGANISATION} AND {_latest("unrealised")} HAVING count() > 0""",
                    "none",
                ),
                _stat(
                    "Unrealised hours",
                    "Hours a year that were promised and are not there: the use is missing, or its effect.",
                    f"""SELECT round(ifNull(sum(use_missing_hours), 0)) AS "Use missing",
    round(ifNull(sum(effect_missing_hours), 0)) AS "Effect missing"
FROM nytta.unrealised WHERE {ORGANISATION} AND {_latest("unrealised")} HAVING count() > 0""",
                ),
                _stat(
                    "Decisions executed",
                    "Units that have executed the decisions that concern them, of all units concerned.",
                    f"""SELECT sum(executed) AS "Executed", sum(units) AS "Of" FROM nytta.decisions
WHERE {ORGANISATION} AND {_latest("decisions")} HAVING count() > 0""",
                    empty="no decision is known",
                ),
                _stat(
                    "Open alerts",
                    "Alerts that are open, and those of them that somebody has acknowledged.",
                    f"""SELECT count() AS "Open", countIf(isNotNull(acknowledged)) AS "Acknowledged" FROM nytta.alerts
WHERE {ORGANISATION} AND state IN ('open', 'acknowledged', 'improving', 'escalated', 'snoozed')""",
                ),
                judged(),
            ),
        ),
        Row(
            "What has come, and who lags",
            (
                _benefits(
                    "Benefits, what is furthest behind first",
                    width=16,
                    height=8,
                    widths={
                        "Unit": 150,
                        "Status": 95,
                        "Realised %": 85,
                        "Forecast %": 85,
                        "Due": 90,
                    },
                    hidden=(
                        "Between %",
                        "Baseline",
                        "Target",
                        "In",
                        "Freed h/year",
                        "Worth",
                        "Currency",
                    ),
                ),
                lagging(8, ("Finding", "To target")),
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
    SELECT benefit, concat(toString(row_number() OVER (ORDER BY realised, benefit)), ' ', b.name_en, ', ',
        ifNull(nullIf(n.name_en, ''), b.place)) AS line
    FROM nytta.benefits AS b LEFT JOIN {NAMES} ON n.unit = b.place
    WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("benefits")} AND isNotNull(realised)
    ORDER BY realised, benefit LIMIT 4) AS l ON l.benefit = b.benefit
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND $__dateFilter(b.week) AND isNotNull(b.realised)
ORDER BY time, line""",
                    empty=_NO_BENEFITS,
                    unit="percent",
                    source="statements of benefits",
                    refresh=_SAID,
                ),
                Panel(
                    Kind.BARS,
                    "Unrealised hours, by unit",
                    "Hours a year that were promised and are not there, the ten largest.",
                    f"""SELECT ifNull(nullIf(any(n.name_en), ''), u.place) AS "Unit",
    round(sum(ifNull(u.use_missing_hours, 0) + ifNull(u.effect_missing_hours, 0)), 1) AS "Hours a year"
FROM nytta.unrealised AS u LEFT JOIN {NAMES} ON n.unit = u.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("unrealised")}
GROUP BY u.place HAVING "Hours a year" > 0 ORDER BY "Hours a year" DESC LIMIT 10""",
                    empty=_NO_BENEFITS,
                    source="statements of benefits",
                    refresh=_SAID,
                ),
                _benefits(
                    "Every benefit, with its baseline, target and worth",
                    widths=_FIGURES,
                    hidden=("Status", "Due"),
                ),
            ),
        ),
        Row("Alerts", (standing_alerts(),)),
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
                    empty=_NO_STATES,
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
    s.low AS "From %", s.high AS "To %", {RESTS_ON} AS "Read from", s.unit AS "Id"
FROM (SELECT * FROM nytta.states
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND what = 'use-state' AND {LAST_STATES}) AS s
CROSS JOIN {TITLES} LEFT JOIN {NAMES} ON n.unit = s.unit
ORDER BY n.depth, s.unit""",
                    empty=_NO_STATES,
                    width=16,
                    source=STATES,
                    links=_LINKS,
                    hidden=("Id",),
                    words=WORDS,
                    widths={"Stands": 150, "Use %": 65, "From %": 65, "To %": 60},
                    long=("Read from",),
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
                    empty=_NO_STATES,
                    width=24,
                    source=STATES,
                    links=_LINKS,
                    hidden=("Id",),
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
                    f"""SELECT d.name_en AS "Decision", d.level AS "Level", toString(d.decided) AS "Decided",
    toString(d.due) AS "Due",
    d.units AS "Units", d.acknowledged AS "Acknowledged", d.executed AS "Executed", s.received AS "In 14 days %",
    s.executed AS "By due date %", d.weeks AS "Weeks old", replaceAll(d.status, '_', ' ') AS "Status"
FROM (SELECT * FROM nytta.decisions WHERE {ORGANISATION} AND {_latest("decisions")}) AS d
LEFT JOIN (
    SELECT part, anyIf(value, what = 'received') AS received, anyIf(value, what = 'decided-in-time') AS executed
    FROM nytta.states WHERE {ORGANISATION} AND what IN ('received', 'decided-in-time') AND {LAST_STATES}
    GROUP BY part) AS s ON s.part = d.decision
ORDER BY d.executed / greatest(d.units, 1), d.decided""",
                    empty=_NO_DECISIONS,
                    width=24,
                    height=7,
                    source="reports of units",
                    widths={
                        "Level": 70,
                        "Decided": 95,
                        "Due": 95,
                        "Units": 60,
                        "Acknowledged": 105,
                        "Executed": 80,
                        "In 14 days %": 100,
                        "By due date %": 110,
                        "Weeks old": 80,
                        "Status": 90,
                    },
                ),
                Panel(
                    Kind.TABLE,
                    "Age of open decisions",
                    "Weeks since the decisions of each level were taken that are still open, at the median, and the "
                    "age that 85 of 100 do not exceed.",
                    f"""SELECT part AS "Level", figures['open'] AS "Open", value AS "Median weeks", high AS "85 of 100"
FROM nytta.states WHERE {ORGANISATION} AND what = 'decision-age' AND {LAST_STATES} ORDER BY part""",
                    empty="No decision of this organisation is open, or none is known.",
                    width=8,
                    source="reports of units",
                    widths={"Open": 55, "Median weeks": 100, "85 of 100": 85},
                ),
                Panel(
                    Kind.TABLE,
                    "Maturity",
                    "Scores of the maturity model from 0 to 100; empty where less than half of what it asks is known.",
                    f"""SELECT ifNull(nullIf(any(n.name_en), ''), m.place) AS "Unit",
    nullIf(any(m.level), '') AS "Level",
    anyIf(m.score, m.name = 'process') AS "Process", anyIf(m.score, m.name = 'use') AS "Use",
    anyIf(m.score, m.name = 'access') AS "Access", anyIf(m.score, m.name = 'benefit') AS "Benefit",
    round(avg(m.covered)) AS "Covered %", m.place AS "Id"
FROM nytta.maturity AS m LEFT JOIN {NAMES} ON n.unit = m.place
WHERE {ORGANISATION} AND {SYSTEM} AND {PLACE} AND {_latest("maturity")}
GROUP BY m.place ORDER BY m.place""",
                    empty=_NO_BENEFITS,
                    width=16,
                    source="statements of benefits",
                    refresh=_SAID,
                    links=_LINKS,
                    hidden=("Id",),
                    widths={
                        "Level": 60,
                        "Process": 75,
                        "Use": 60,
                        "Access": 70,
                        "Benefit": 75,
                        "Covered %": 85,
                    },
                ),
            ),
        ),
        Row(
            "How sure the figures are",
            (
                unshown(),
                Panel(
                    Kind.TABLE,
                    "Closed weeks as they were told",
                    "When each closed week was first published, and how many hours after its end. The newest ten.",
                    f"""SELECT toString(period) AS "Week of", told_at AS "Told at", hours AS "Hours after its end"
FROM nytta.publications WHERE {ORGANISATION} ORDER BY period DESC LIMIT 10""",
                    empty="No closed week of this organisation is published yet.",
                    source="publications",
                ),
                Panel(
                    Kind.TABLE,
                    "Benefits without a figure, and why",
                    "Statuses of all benefits, counted.",
                    f"""SELECT replaceAll(status, '_', ' ') AS "Status", count() AS "Benefits",
    countIf(isNull(realised)) AS "Without a figure"
FROM nytta.benefits WHERE {ORGANISATION} AND {_latest("benefits")} GROUP BY status ORDER BY status""",
                    empty=_NO_BENEFITS,
                    source="statements of benefits",
                    refresh=_SAID,
                ),
            ),
        ),
    ),
    MARKS,
    console=True,
)
