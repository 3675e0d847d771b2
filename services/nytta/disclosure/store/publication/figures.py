"""Exact rows through the gate, each under the rules of its organisation and period."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.gate import Exact, Gated, Measure, gate
from nytta.disclosure.rules import Reason, Status
from nytta.disclosure.store.publication.columns import appended, bools, ints, split, texts
from nytta.disclosure.store.publication.course import FIGURES, Publication
from nytta.disclosure.store.publication.periods import last_day
from nytta.indicators.definition import Definition, Protects
from nytta.registry.protection import in_force
from nytta.registry.systems import Protects as Asking


def _measures(definition: Definition, rows: pa.Table) -> Iterator[tuple[Measure, pa.Table]]:
    """What the gate needs to know of an indicator, with the rows that it is about: of slow figures, month by month."""
    measure = Measure.of(definition)
    if definition.pace == "week":
        yield measure, rows
        return
    places = list(zip(rows["grain"].to_pylist(), rows["period"].to_pylist(), strict=True))
    last_days = {place: last_day(*place) for place in set(places)}  # few periods, many units
    months = np.array([last_days[place] for place in places], "datetime64[M]")
    for month in np.unique(months):
        yield measure.of_month(month.item()), rows.filter(pa.array(months == month))


def _columns(gated: Gated) -> dict[str, pa.Array]:
    numbers = {
        name: pa.array(getattr(gated, name), from_pandas=True) for name in ("value", "low", "high")
    }
    return numbers | {
        name: pa.array(getattr(gated, name).tolist(), pa.string()) for name in FIGURES[3:]
    }


def _of_known(
    rows: pa.Table,
    columns: dict[str, pa.Array],
    known: Collection[str] | None,
    definition: Definition,
) -> dict[str, pa.Array]:
    """The columns of figures, which say nothing of systems that are not among those `known` to tell of it."""
    if known is None:
        return columns
    is_silent = pa.array([system not in known for system in rows["system"].to_pylist()], pa.bool_())
    if (
        not definition.tells_of_use
    ):  # too few stays what it is: a row of them would tell that there are some
        few = pa.array([Reason.FEW_CASES.value, Reason.FEW_PERSONS.value], columns["reason"].type)
        is_silent = pc.and_not(is_silent, pc.is_in(columns["reason"], few))
    reason = Reason.NO_DATA if definition.tells_of_use else Reason.NOT_TOLD
    nothing = dict.fromkeys(FIGURES[:3]) | {
        "n_band": "",
        "status": Status.SUPPRESSED.value,
        "reason": reason.value,
    }
    hidden = dict(columns)
    for name, replacement in nothing.items():
        column = columns[name]
        hidden[name] = pc.if_else(is_silent, pa.scalar(replacement, column.type), column)
    return hidden


def figures_of(
    publication: Publication, definition: Definition, rows: pa.Table, known: Collection[str] | None
) -> pa.Table:
    """Rows with what may be told of them, each under the rules of its organisation and period."""
    parts = []
    for root, of_root in split(rows, "organisation"):
        closing = publication.closings[root]
        periods = of_root["period"]
        rules = {
            day: in_force(closing.organisation.disclosure, day)
            for day in periods.unique().to_pylist()
        }
        # the gate takes one set of rules at a time
        for protection in dict.fromkeys(rules.values()):
            days = [day for day, rule in rules.items() if rule == protection]
            under_rules = of_root.filter(pc.is_in(periods, pa.array(days, periods.type)))
            for measure, measured in _measures(definition, under_rules):
                gated = gate(
                    _exact(publication, definition, measured), measure, protection, closing.secret
                )
                columns = _of_known(measured, _columns(gated), known, definition)
                columns["rules"] = pa.repeat(pa.scalar(protection.fingerprint), len(measured))
                parts.append(appended(measured, columns))
    if parts:
        return pa.concat_tables(parts)
    for name in (*FIGURES, "rules"):
        rows = rows.append_column(
            name, pa.array([], pa.float64() if name in FIGURES[:3] else pa.string())
        )
    return rows


def _exact(publication: Publication, definition: Definition, rows: pa.Table) -> Exact:
    """What the gate reads of each row."""
    systems = {system.id: system for system in publication.registry.systems}
    sensitive = {
        (system.id, case_type.id)
        for system in systems.values()
        for case_type in system.case_types
        if case_type.sensitive
    }
    # the sum over case types holds the sensitive ones, and is guarded like them
    sensitive |= {(system, "*") for system, _ in sensitive}
    side = definition.handled
    staff_systems = {
        system_id for system_id, system in systems.items() if system.protects is Asking.STAFF
    }
    staff_systems = staff_systems if side is not None and side.subject == "ticket" else set()
    names = texts(rows, "system").tolist()
    types = texts(rows, "case_type").tolist()
    size = ints(rows, "size")
    nobody = np.zeros(len(rows), dtype=np.int64)
    staff = definition.protects is Protects.STAFF
    return Exact(
        numerator=ints(rows, "numerator"),
        denominator=ints(rows, "denominator"),
        cases=nobody if staff else size,
        persons=size if staff else ints(rows, "persons"),
        numerator_keys=rows["numerator_keys"].to_numpy(),
        denominator_keys=rows["denominator_keys"].to_numpy(),
        handlers=ints(rows, "handlers"),
        most_by_one=ints(rows, "most_by_one"),
        requesters=ints(rows, "requesters"),
        register=ints(rows, "register"),
        register_handlers=ints(rows, "register_handlers"),
        grouped=bools(rows, "grouped"),
        sensitive=np.array(
            [place in sensitive for place in zip(names, types, strict=True)], dtype=bool
        ),
        of_employees=np.array([name in staff_systems for name in names], dtype=bool),
    )
