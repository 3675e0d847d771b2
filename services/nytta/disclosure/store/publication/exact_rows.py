"""Exact figures of closed periods beside what the ledger keeps of them.

Each table is read by a statement of its own, and what they hold is joined here: to plan one statement that joins all
takes longer than to read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.store.publication.columns import appended, filled, with_constants
from nytta.disclosure.store.publication.course import (
    INPUTS,
    KEY_SUMS,
    PLACE,
    REGISTER,
    ComputedPeriods,
    Publication,
)
from nytta.disclosure.store.publication.due import due
from nytta.disclosure.store.publication.periods import TOLD_WEEKS, exact_cells, of_indicators
from nytta.indicators.definition import Definition, Protects
from nytta.indicators.periods import GRAINS
from nytta.storage.client import Connection

_PLACE = ", ".join(PLACE)
# of a single case type windows alone are told: each more view of nearly the same cases is a further hint; and reporting
# groups are for staff: cases of a small unit are judged by their own numbers
_TOLD = f"""(case_type = '*' OR (grain = 'window' AND indicator NOT IN {{staff:Array(String)}}))
    AND (indicator IN {{staff_or_acts:Array(String)}} OR unit NOT IN {{groups:Array(String)}})
    AND grain IN {GRAINS} AND period >= {{first:Date}}"""
"""SQL condition on places that are told of indicators, from `first` on."""
_HANDS_PLACE = ("indicator", "version", "unit", "system", "case_type", "grain", "period")
_HANDS = INPUTS[3:]


def exact_rows(
    publication: Publication, definitions: Sequence[Definition], computed: ComputedPeriods
) -> pa.Table:
    """Exact figures of closed periods that changed or closed, beside what was shown of them (columns `was_…`).

    `live` says whether there is a figure, `grouped` whether the unit belonged to a reporting group then.
    """
    connection = publication.store.connection
    units = connection.arrow(
        "SELECT unit, root, reporting_group, valid_from, valid_to FROM {open}.units"
    )
    organisations = _organisations(publication, units)
    due_condition, first_day = due(
        publication, definitions, computed, _units_by_root(organisations)
    )
    members = units.filter(pc.not_equal(units["reporting_group"], ""))
    parameters = {
        "first": first_day,
        "groups": members["reporting_group"].unique().to_pylist(),
        "staff": [
            definition.id for definition in definitions if definition.protects is Protects.STAFF
        ],
        "staff_or_acts": [
            definition.id
            for definition in definitions
            if definition.protects in (Protects.STAFF, Protects.OFFICIAL_ACT)
        ],
    }
    told = f"{_TOLD} AND {due_condition}"
    cells = [
        connection.arrow(_current(alike, query, first_day), **parameters)
        for alike, query in exact_cells(definitions, told)
    ]
    current = pa.concat_tables(cells).join(organisations, "unit", join_type="inner")
    previous = connection.arrow(_previous(f"{of_indicators(definitions)} AND {told}"), **parameters)
    previous = previous.filter(
        pc.is_in(previous["organisation"], pa.array(list(publication.closings), pa.string()))
    )
    if publication.unclear:
        current = _clear(publication, current, previous)
    current = _with_hands(connection, definitions, current)
    current = _with_register(publication, definitions, current)
    current = with_constants(current, {"live": pa.scalar(True)})
    rows = filled(current.join(previous, [*PLACE, "organisation"], join_type="full outer"))
    return rows.append_column("grouped", _grouped(rows, members))


def _organisations(publication: Publication, units: pa.Table) -> pa.Table:
    """The organisation of each unit (`unit`, `organisation`), of those that publish."""
    of_units = (
        units.group_by("unit").aggregate([("root", "min")]).rename_columns(["unit", "organisation"])
    )
    return of_units.filter(
        pc.is_in(of_units["organisation"], pa.array(list(publication.closings), pa.string()))
    )


def _units_by_root(organisations: pa.Table) -> dict[str, list[str]]:
    units = organisations.group_by("organisation").aggregate([("unit", "list")])
    return dict(zip(units["organisation"].to_pylist(), units["unit_list"].to_pylist(), strict=True))


def _reach(definitions: Sequence[Definition], first_day: date) -> date:
    """A day before which no figure from `first_day` on has a cell.

    The view of exact values spreads a week over the windows that it belongs to, so that the engine cannot carry a
    condition on their periods to the cells: all years would be read.
    """
    longest_window = max(definition.window_weeks for definition in definitions)
    return first_day - timedelta(weeks=longest_window + TOLD_WEEKS)


def _current(definitions: Sequence[Definition], query: str, first_day: date) -> str:
    """SQL of exact figures of places that are told, where `query` says from what and which."""
    # within a view the engine is told of it by name
    reach = f"{{'{{private}}.cells': 'period >= toDate(''{_reach(definitions, first_day)}'')'}}"
    return f"""SELECT {_PLACE}, toInt64(numerator) AS numerator, toInt64(denominator) AS denominator,
               toInt64(if(indicator IN {{staff:Array(String)}}, persons, subjects)) AS size,
               toInt64(persons) AS persons, numerator_keys, denominator_keys
        FROM {query} SETTINGS additional_table_filters = {reach}"""


def _previous(told: str) -> str:
    """SQL of what the ledger keeps of the same places."""
    inputs = [f"toInt64({name}) AS was_{name}" for name in INPUTS] + [
        f"{name} AS was_{name}" for name in KEY_SUMS
    ]
    return f"""SELECT {_PLACE}, organisation, shown, rules AS was_rules, reason AS was_reason, {", ".join(inputs)}
        FROM {{private}}.disclosed FINAL
        WHERE (shown OR reason != '') AND {told}"""


def _clear(publication: Publication, current: pa.Table, previous: pa.Table) -> pa.Table:
    """The figures without those of units of unclear systems, which wait.

    Organisations do not, nor does what was shown: it must be told when it changes.
    """
    of_unclear = pc.is_in(current["system"], pa.array(sorted(publication.unclear), pa.string()))
    of_roots = pc.is_in(current["unit"], pa.array(sorted(publication.closings), pa.string()))
    waits = pc.and_not(of_unclear, of_roots)
    shown_places = previous.filter(previous["shown"]).select(list(PLACE))
    shown = current.filter(waits).join(shown_places, list(PLACE), join_type="left semi")
    return pa.concat_tables(
        [current.filter(pc.invert(waits)), shown.select(current.column_names).cast(current.schema)]
    )


def _with_hands(
    connection: Connection, definitions: Sequence[Definition], current: pa.Table
) -> pa.Table:
    """The figures with who handled them."""
    counting = [definition for definition in definitions if definition.counts_hands]
    if not counting:
        return with_constants(current, dict.fromkeys(_HANDS, pa.scalar(0, pa.int64())))
    hands = connection.arrow(
        f"""SELECT {", ".join(_HANDS_PLACE)}, {", ".join(f"toInt64({name}) AS {name}" for name in _HANDS)}
        FROM {{private}}.hands FINAL WHERE {of_indicators(counting)} AND period IN {{periods:Array(Date)}}""",
        periods=current["period"].unique().to_pylist(),
    )
    return filled(current.join(hands, list(_HANDS_PLACE), join_type="left outer"))


def _with_register(
    publication: Publication, definitions: Sequence[Definition], current: pa.Table
) -> pa.Table:
    """The figures with how many persons the register knows in the unit, and in the organisation of the system.

    Both 0 where it does not matter how many handled.
    """
    counting = [definition.id for definition in definitions if definition.counts_hands]
    if not counting:
        return with_constants(
            current, dict.fromkeys(("register", "register_handlers"), pa.scalar(0, pa.int64()))
        )
    registered = publication.store.connection.arrow(
        """SELECT unit, system, grain, period, toInt64(max(denominator)) AS registered FROM {private}.cells FINAL
        WHERE indicator = {register:String} AND case_type = '*' AND period IN {periods:Array(Date)}
        GROUP BY unit, system, grain, period""",
        register=REGISTER,
        periods=current["period"].unique().to_pylist(),
    )
    of_units = registered.group_by(["unit", "grain", "period"]).aggregate([("registered", "max")])
    is_of_roots = pc.is_in(registered["unit"], pa.array(sorted(publication.closings), pa.string()))
    of_systems = registered.filter(is_of_roots).rename_columns(
        {"unit": "organisation", "registered": "of_system"}
    )
    # a register may name no systems
    of_all = of_systems.filter(pc.equal(of_systems["system"], "")).drop_columns("system")
    of_all = of_all.rename_columns({"of_system": "of_all"})
    rows = current.join(of_units, ["unit", "grain", "period"])
    rows = rows.join(of_systems, ["organisation", "system", "grain", "period"])
    rows = filled(rows.join(of_all, ["organisation", "grain", "period"]))
    counts = pc.is_in(rows["indicator"], pa.array(counting, pa.string()))
    handlers = pc.max_element_wise(rows["of_system"], rows["of_all"])
    known = {
        "register": pc.if_else(counts, rows["registered_max"], 0),
        "register_handlers": pc.if_else(counts, handlers, 0),
    }
    return appended(rows.drop_columns(["registered_max", "of_system", "of_all"]), known)


def _grouped(rows: pa.Table, members: pa.Table) -> pa.Array:
    """Whether each row's unit belonged to a reporting group when its period began."""
    is_grouped = np.zeros(len(rows), dtype=bool)
    if len(members):
        places = rows.select(["unit", "period"]).append_column(
            "row", pa.array(np.arange(len(rows)))
        )
        places = places.join(members, "unit", join_type="inner")
        began = pc.less_equal(places["valid_from"], places["period"])
        lasts = pc.greater(places["valid_to"], places["period"])
        is_grouped[places.filter(pc.and_(began, lasts))["row"].to_numpy()] = True
    return pa.array(is_grouped)
