"""Exact figures of closed periods beside what the ledger keeps of them, in one statement for those of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa

from nytta.disclosure.store.publication.course import INPUTS, KEY_SUMS, PLACE, REGISTER, ComputedPeriods, Publication
from nytta.disclosure.store.publication.due import due
from nytta.disclosure.store.publication.periods import exact_values, of_indicators
from nytta.indicators.definition import Definition, Protects
from nytta.indicators.periods import GRAINS

_PLACE = ", ".join(PLACE)
_ROOTS = "SELECT unit, any(root) AS organisation FROM {open}.units GROUP BY unit"
_TOLD_WEEKS = 6
"""For so many weeks at most the window of a month's last week is told (`MONTHLY`), the month itself before it."""
_MEMBERS = "SELECT unit, valid_from, valid_to FROM {open}.units WHERE reporting_group != ''"


def exact_rows(publication: Publication, definitions: Sequence[Definition], computed: ComputedPeriods) -> pa.Table:
    """Exact figures of closed periods that changed or closed, beside what was shown of them (columns `was_…`).

    Of indicators of one shape, which stand in the column `indicator`.
    """
    due_condition, first_day = due(publication, definitions, computed)
    condition = _condition(definitions)
    current = _current(publication, definitions, condition, due_condition)
    previous = _previous(condition, due_condition)
    typed = ", ".join(
        [f"toInt64({name}) AS {name}, toInt64(was_{name}) AS was_{name}" for name in INPUTS]
        + [f"{name}, was_{name}" for name in KEY_SUMS]
        + [f"toInt64({name}) AS {name}" for name in ("persons", "register", "register_handlers")]
    )
    # within a view the engine is told of it by name
    reach = f"{{'{{private}}.cells': 'period >= toDate(''{_reach(definitions, first_day)}'')'}}"
    return publication.store.connection.arrow(
        f"""SELECT {_PLACE}, organisation, live, shown, was_rules, was_reason, {typed},
               arrayExists(m -> m.1 = unit AND m.2 <= period AND m.3 > period,
                           (SELECT groupArray((unit, valid_from, valid_to)) FROM ({_MEMBERS}))) AS grouped
        FROM ({current}) AS a FULL OUTER JOIN ({previous}) AS b USING ({_PLACE}, organisation)
        SETTINGS additional_table_filters = {reach}""",
        first=first_day,
        unclear=sorted(publication.unclear),
        roots=sorted(publication.closings),
        register=REGISTER,
    )


def _reach(definitions: Sequence[Definition], first_day: date) -> date:
    """A day before which no figure from `first_day` on has a cell.

    The view of exact values spreads a week over the windows that it belongs to, so that the engine cannot carry a
    condition on their periods to the cells: all years would be read.
    """
    longest_window = max(definition.window_weeks for definition in definitions)
    return first_day - timedelta(weeks=longest_window + _TOLD_WEEKS)


def _condition(definitions: Sequence[Definition]) -> str:
    """SQL condition on places that are told of indicators of one shape, from `first` on."""
    protects = definitions[0].protects
    # of a single case type windows alone are told: each more view of nearly the same cases is a further hint
    case_types = "case_type = '*'" if protects is Protects.STAFF else "(case_type = '*' OR grain = 'window')"
    if protects not in (Protects.STAFF, Protects.OFFICIAL_ACT):
        # reporting groups are for staff: cases of a small unit are judged by their own numbers
        case_types += " AND unit NOT IN (SELECT reporting_group FROM {open}.units)"
    return f"{of_indicators(definitions)} AND {case_types} AND grain IN {GRAINS} AND period >= {{first:Date}}"


def _current(publication: Publication, definitions: Sequence[Definition], condition: str, due_condition: str) -> str:
    """SQL of exact figures, with who handled them and how many the register knows."""
    definition = definitions[0]
    size = "persons" if definition.protects is Protects.STAFF else "subjects"
    hands, register_handlers = _hands(definitions)
    # units of unclear systems wait, but for organisations and for what was shown: it must be told when it changes
    waiting = f"""AND (system NOT IN {{unclear:Array(String)}} OR unit IN {{roots:Array(String)}}
        OR ({_PLACE}) IN (SELECT {_PLACE} FROM {{private}}.disclosed FINAL
                          WHERE shown AND {of_indicators(definitions)}))"""
    return f"""SELECT {_PLACE}, organisation, true AS live, persons, register,
            {register_handlers} AS register_handlers, {", ".join((*INPUTS, *KEY_SUMS))}
        FROM (
            SELECT {_PLACE}, organisation, numerator, denominator, {size} AS size,
                   persons, numerator_keys, denominator_keys
            FROM (
                SELECT * FROM {exact_values(definitions)}
                WHERE {condition} {waiting if publication.unclear else ""}) AS w
            INNER JOIN ({_ROOTS}) AS u USING (unit)
            WHERE {due_condition}) AS v
        {hands}"""


def _hands(definitions: Sequence[Definition]) -> tuple[str, str]:
    """SQL that joins who handled and how many the register knows, and of how many it knows of the system."""
    if not definitions[0].counts_hands:
        nobody = ", ".join(f"0 AS {name}" for name in (*INPUTS[3:], "register"))
        return f"CROSS JOIN (SELECT {nobody}) AS h", "0"
    joins = f"""LEFT JOIN (
        SELECT indicator, version, unit, system, case_type, grain, period, handlers, most_by_one, requesters
        FROM {{private}}.hands FINAL WHERE {of_indicators(definitions)} AND period >= {{first:Date}}) AS h
        USING (indicator, version, unit, system, case_type, grain, period)
    LEFT JOIN (
        SELECT unit, grain, period, max(denominator) AS register FROM {{private}}.cells FINAL
        WHERE indicator = {{register:String}} AND case_type = '*' AND period >= {{first:Date}}
        GROUP BY unit, grain, period) AS r
        USING (unit, grain, period)
    LEFT JOIN (
        SELECT unit AS organisation, grain, period, maxMap(map(toString(system), denominator)) AS registered
        FROM {{private}}.cells FINAL
        WHERE indicator = {{register:String}} AND case_type = '*' AND period >= {{first:Date}}
          AND unit IN {{roots:Array(String)}}
        GROUP BY unit, grain, period) AS s USING (organisation, grain, period)"""
    # those of the system, or of all: a register may name no systems
    return joins, "greatest(registered[toString(system)], registered[''])"


def _previous(condition: str, due_condition: str) -> str:
    """SQL of what the ledger keeps of the same places."""
    return f"""SELECT {_PLACE}, organisation, shown, rules AS was_rules, reason AS was_reason,
            {", ".join(f"{name} AS was_{name}" for name in (*INPUTS, *KEY_SUMS))}
        FROM {{private}}.disclosed FINAL
        WHERE (shown OR reason != '') AND {condition} AND {due_condition}"""
