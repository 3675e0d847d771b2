"""Roll-ups at two times with their mix taken out, from published rows; from others where a reader of them is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from nytta.indicators.definition import Definition, Kind
from nytta.insight.states.mix import Mixed, Stratum, middle_of, mixed
from nytta.storage.client import Connection
from nytta.storage.errors import StoreError

Over = Literal["case-types", "units"]


class NothingToTell(StoreError):
    """A roll-up has no mix, or too little of it is shown."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose roll-up, over what, and between which weeks (Mondays of the windows' last weeks)."""

    unit: str
    system: str
    over: Over
    first: date
    last: date


Figures = dict[tuple[str, str], dict[date, Stratum]]
"""Figures of all units in both weeks, by unit and case type, and by week."""


def published(connection: Connection, definition: Definition, question: Question) -> Figures:
    """What is published; behind each figure stands the middle of its band."""
    source = "SELECT *, n_band AS behind FROM {open}.indicator_values WHERE status != 'banded'"
    return windows(
        connection,
        source,
        definition,
        question,
        lambda value, band, low, high: Stratum(value, middle_of(band), low, high),
    )


_OWN_OR_BELOW: Final = """(unit = {unit:String}
    OR unit IN (SELECT unit FROM {open}.unit_paths WHERE ancestor = {unit:String}))"""


def windows(
    connection: Connection,
    source: str,
    definition: Definition,
    question: Question,
    stratum: Callable[[float, Any, float | None, float | None], Stratum],
) -> Figures:
    """Windows of both weeks in `source`, SQL of rows with `behind`.

    `stratum` makes a figure of its value, what is behind it, and the ends of its interval.
    Over units those of the unit and the ones below it, over case types those of the unit and of its organisation.
    """
    needed = {
        "units": f"case_type = '*' AND {_OWN_OR_BELOW}",
        "case-types": "(unit = {unit:String} OR unit IN (SELECT root FROM {open}.units WHERE unit = {unit:String}))",
    }
    window_rows = connection.rows(
        f"""SELECT unit, case_type, period, value, behind, low, high FROM ({source})
           WHERE value IS NOT NULL AND indicator = {{id:String}} AND version = {{version:UInt16}}
             AND part = '' AND grain = 'window' AND system = {{system:String}}
             AND period IN ({{first:Date}}, {{last:Date}}) AND {needed[question.over]}""",
        id=definition.id,
        unit=question.unit,
        version=definition.version,
        system=question.system,
        first=question.first,
        last=question.last,
    )
    figures: Figures = {}
    for unit, case_type, period, *figure in window_rows:
        figures.setdefault((unit, case_type), {})[period] = stratum(*figure)
    return figures


def mix(
    connection: Connection,
    definition: Definition,
    question: Question,
    read_figures: Callable[[Connection, Definition, Question], Figures] = published,
) -> Mixed:
    """The roll-up with its mix taken out. NothingToTell where it has none, or too little is shown.

    Over case types the standard is the mix of the whole organisation, over units that of the two times together.
    """
    if definition.kind not in {Kind.SHARE, Kind.RATE} or definition.parts:
        raise NothingToTell(
            f"'{definition.id}' is no single share or rate: there is no mix to take out"
        )
    figures = read_figures(connection, definition, question)
    overall = figures.get((question.unit, "*"), {})
    if question.first not in overall or question.last not in overall:
        raise NothingToTell(
            f"'{definition.id}' of '{question.unit}' is not shown in both weeks: choose others, or a larger unit"
        )
    stratum_names = (
        _units_below(connection, question)
        if question.over == "units"
        else _types(figures, question.unit)
    )
    # a stratum is a unit with all its case types, or a case type of the unit asked for
    places = {
        name: (name, "*") if question.over == "units" else (question.unit, name)
        for name in stratum_names
    }
    strata = {stratum_name: figures.get(place, {}) for stratum_name, place in places.items()}
    standard = _standard(figures, connection, question) if question.over == "case-types" else None
    outcome = mixed(
        (overall[question.first], overall[question.last]),
        {
            stratum_name: by_day[question.first]
            for stratum_name, by_day in strata.items()
            if question.first in by_day
        },
        {
            stratum_name: by_day[question.last]
            for stratum_name, by_day in strata.items()
            if question.last in by_day
        },
        standard,
        stratum_names,
    )
    if outcome is None:
        raise NothingToTell(
            f"no part of '{question.unit}' is shown in both weeks: nothing can be told of its mix"
        )
    return outcome


def _types(figures: Mapping[tuple[str, str], Any], unit: str) -> list[str]:
    return sorted(
        case_type
        for figure_unit, case_type in figures
        if figure_unit == unit and case_type not in ("*", "")
    )


def _units_below(connection: Connection, question: Question) -> list[str]:
    """The lowest units below one on the last day."""
    unit_rows: Iterable[tuple[str]] = connection.rows(
        """SELECT DISTINCT unit FROM {open}.units
           WHERE valid_from <= {last:Date} AND valid_to > {last:Date} AND type != 'reporting-group'
             AND unit IN (SELECT unit FROM {open}.unit_paths WHERE ancestor = {unit:String} AND unit != {unit:String})
             AND unit NOT IN (SELECT parent FROM {open}.units WHERE type != 'reporting-group'
                              AND valid_from <= {last:Date} AND valid_to > {last:Date})""",
        unit=question.unit,
        last=question.last,
    )
    return sorted(unit for (unit,) in unit_rows)


def _standard(
    figures: Mapping[tuple[str, str], Mapping[date, Stratum]],
    connection: Connection,
    question: Question,
) -> dict[str, float] | None:
    """What each case type weighs in the organisation at both times; None where that is not shown of any."""
    roots = connection.rows(
        "SELECT any(root) FROM {open}.units WHERE unit = {unit:String}", unit=question.unit
    )
    root = roots[0][0] if roots else ""
    weights = {
        case_type: sum(stratum.n for stratum in figures[root, case_type].values())
        for case_type in _types(figures, root)
    }
    return weights if set(_types(figures, question.unit)) <= set(weights) else None
