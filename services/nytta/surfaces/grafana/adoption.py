"""Unit adoption: is the system in use, unit by unit, and in the way that was meant?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nytta.surfaces.grafana.boards import Board, Row
from nytta.surfaces.grafana.panels import Kind, Panel
from nytta.surfaces.grafana.phrases import (
    BRIEF_REASONS,
    LAST_STATES,
    LATEST,
    MARKS,
    NAMES,
    ORGANISATION,
    SYSTEM,
    TO_CONSOLE,
    UNIT,
    VARIABLES,
    WHOLE,
    WORDS,
    figure_widths,
    figures,
    judged,
    lagging,
    latest_value,
    standing_alerts,
    trend,
    unshown,
)

_BREADTH = "Share of the staff at work who did at least one thing in the system."
_INTENDED = "Share of the cases that were handled in the intended way."
_ENROLMENT = "Share of the planned workplaces that are enrolled."
_ENTITLEMENT = "Share of those in scope who have a working account and licence."
_FALLBACK = (
    "Share of the steps with a digital route that were done on paper or by hand all the same."
)
_LEAD_TIME = "Days from opened to closed, at the median of the completed cases."
_HABIT = "Share of the staff who did so in at least nine of their last twelve weeks at work."
_LEGACY = (
    "Share of those who worked in the system or in the earlier one who still used the earlier one."
)
_INTAKE = "Share of the opened cases that came in digitally."
_SUPPORT = "Tickets per hundred persons in scope."
_USE = {"weekly-breadth": "In use %", "habit": "Habit %", "legacy-residue": "Old system %"}
_CASES = {
    "intended-use": "As intended %",
    "digital-intake": "Digital intake %",
    "fallback": "Fallback %",
}
_AROUND = {
    "enrolment": "Enrolled %",
    "lead-time": "Lead time d",
    "tickets-per-100": "Tickets per 100",
}

_TO_PROCESS = (
    "/d/nytta-process?${organisation:queryparam}&${system:queryparam}"
    '&var-unit=${__data.fields["Id"]:percentencode}&${datasource:queryparam}&${__url_time_range}'
)


def _units(title: str, columns: Mapping[str, str], *, is_stated: bool = False) -> Panel:
    """Every unit with a few figures of its latest window, as many as fit; `is_stated`: where the unit stands too."""
    stands = 's.state AS "Stands", ' if is_stated else ""
    return Panel(
        Kind.TABLE,
        title,
        "Each figure of the latest rolling window with its interval and the band of its number (persons, cases or "
        "tickets); the reason where it may not be shown. The most urgent first; every column sorts."
        + (
            " Stands: between what the unit could do and what it does, by the last quarter."
            if is_stated
            else ""
        ),
        f"""SELECT n.name_en AS "Unit", {stands}{figures(columns)}, v.unit AS "Id"
FROM (SELECT * FROM nytta.last_values
    WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND case_type = '*' AND part = '' AND indicator IN {(*columns,)}) AS v
LEFT JOIN {NAMES} ON n.unit = v.unit
LEFT JOIN (SELECT unit, state FROM nytta.states
    WHERE {ORGANISATION} AND {SYSTEM} AND what = 'use-state' AND {LAST_STATES}) AS s ON s.unit = v.unit
LEFT JOIN (SELECT unit, urgency FROM nytta.urgencies WHERE {ORGANISATION} AND {SYSTEM}) AS u ON u.unit = v.unit
GROUP BY v.unit, n.name_en, n.depth, s.state ORDER BY any(u.urgency) DESC, n.depth, v.unit""",
        width=24,
        height=10,
        words=WORDS | BRIEF_REASONS,
        bars=tuple(heading for heading in columns.values() if heading.endswith("%")),
        links=(("Unit", TO_CONSOLE, "Console"), ("Unit", _TO_PROCESS, "Its cases")),
        widths=figure_widths(columns.values()) | ({"Stands": 140} if is_stated else {}),
        hidden=("Id",),
        empty="None of these figures is published of this system for the chosen units.",
    )


BOARD: Final = Board(
    "nytta-adoption",
    "Unit adoption: is the system in use where it should be?",
    "For programme leads, platform owners and line managers: breadth of use beside habit, the way of use, what is left "
    "of the earlier system, channels, lead time and need of support, unit by unit.",
    "programme lead",
    VARIABLES,
    (
        Row(
            LATEST,
            (
                judged(),
                latest_value("weekly-breadth", "In use", _BREADTH),
                latest_value("habit", "A habit", _HABIT),
                latest_value("intended-use", "Used as intended", _INTENDED),
                latest_value("fallback", "Fallback", _FALLBACK),
                latest_value("digital-intake", "Digital intake", _INTAKE),
            ),
        ),
        Row("Who lags", (lagging(), standing_alerts())),
        Row(
            "Use, as a pair: who has used it, and who has made it a habit",
            (
                trend("weekly-breadth", "Weekly breadth", _BREADTH),
                trend("habit", "Habit", _HABIT),
            ),
        ),
        Row(
            "In the intended way, and what is left of the earlier one",
            (
                trend("intended-use", "Intended use", _INTENDED, width=8),
                trend("fallback", "Fallback", _FALLBACK, width=8),
                trend("legacy-residue", "Residue of the earlier system", _LEGACY, width=8),
            ),
        ),
        Row(
            "Could they use it",
            (
                trend("enrolment", "Enrolment", _ENROLMENT),
                trend("entitlement", "Access", _ENTITLEMENT),
            ),
        ),
        Row(
            "What it does to the work",
            (
                trend("digital-intake", "Digital intake", _INTAKE, width=8),
                trend("lead-time", "Lead time", _LEAD_TIME, "suffix:d", width=8),
                trend("tickets-per-100", "Need of support", _SUPPORT, "none", width=8),
            ),
        ),
        Row(
            "Channels of support",
            (
                Panel(
                    Kind.BARS,
                    "Through which channels support is sought",
                    "Share of the tickets by channel, latest rolling window, in the topmost chosen unit.",
                    f"""SELECT part AS "Channel", value AS "Share" FROM nytta.last_published
WHERE {ORGANISATION} AND {SYSTEM} AND indicator = 'ticket-channel-mix' AND case_type = '*' AND isNotNull(value)
  AND unit = {WHOLE}
ORDER BY value DESC""",
                    unit="percent",
                    percent_axis=True,
                    empty="No tickets of this system are known, or too few in the topmost chosen unit.",
                ),
                trend(
                    "self-service",
                    "Self-service",
                    "Share of the needs of support that the user solved alone.",
                ),
            ),
        ),
        Row(
            "Unit by unit",
            (
                _units("Every unit: who uses it", _USE, is_stated=True),
                _units("Every unit: how cases are handled", _CASES),
                _units("Every unit: enrolment, lead time, need of support", _AROUND),
            ),
        ),
        Row(
            "How sure the figures are",
            (
                Panel(
                    Kind.BARS,
                    "Weeks that were not judged, by reason",
                    "Weeks of units and indicators that lag detection passed over, in the chosen time.",
                    f"""SELECT replaceAll(reason, '_', ' ') AS "Reason", count() AS "Weeks"
FROM nytta.not_assessed FINAL
WHERE {ORGANISATION} AND {SYSTEM} AND {UNIT} AND reason != '' AND $__dateFilter(week)
GROUP BY reason ORDER BY "Weeks" DESC""",
                    unit="none",
                    empty="Every week of the chosen units was judged.",
                ),
                unshown(),
            ),
        ),
    ),
    MARKS,
    periods=True,
    console=True,
)
