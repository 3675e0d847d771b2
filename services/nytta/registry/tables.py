"""The registry as tables, for joins in the store.

No table holds a contact: names of people stay in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import pyarrow as pa

from nytta.registry.dates import Span, gaps, mondays, months
from nytta.registry.paths import Path, paths
from nytta.registry.registry import Registry
from nytta.registry.systems import CaseType, System
from nytta.registry.units import Names

_TEXT = pa.string()
_DAY = pa.date32()
_COUNT = pa.uint32()
_FIGURE = pa.int64()
_FLAG = pa.bool_()
_SMALL = pa.uint16()
_NAMES = {"name_sv": _TEXT, "name_nb": _TEXT, "name_en": _TEXT}
_VALID = {"valid_from": _DAY, "valid_to": _DAY}

COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "units": {
        "unit": _TEXT,
        **_NAMES,
        "parent": _TEXT,
        "root": _TEXT,
        "type": _TEXT,
        "peer_group": _TEXT,
        "country": _TEXT,
        "language": _TEXT,
        "timezone": _TEXT,
        "reporting_group": _TEXT,
        "declared_size": _COUNT,
        **_VALID,
    },
    "unit_paths": {"unit": _TEXT, "ancestor": _TEXT, "depth": pa.uint8(), **_VALID},
    "unit_codes": {"source": _TEXT, "code": _TEXT, "unit": _TEXT, **_VALID},
    "reporting_groups": {"reporting_group": _TEXT, **_NAMES, **_VALID},
    "group_paths": {"unit": _TEXT, "reporting_group": _TEXT, **_VALID},
    "systems": {"system": _TEXT, **_NAMES, "legacy": _FLAG, "protects": _TEXT},
    "stops": {"system": _TEXT, **_VALID},
    "go_lives": {"system": _TEXT, "unit": _TEXT, "date": _DAY},
    "case_types": {
        "system": _TEXT,
        "case_type": _TEXT,
        **_NAMES,
        "before_ms": _FIGURE,
        "after_ms": _FIGURE,
        "confirmed_on": _DAY,
    },
    "steps": {"system": _TEXT, "case_type": _TEXT, "activity": _TEXT, "meaning": _TEXT},
    "plans": {
        "system": _TEXT,
        "indicator": _TEXT,
        "unit": _TEXT,
        "start": _DAY,
        "due": _DAY,
        "target": _FIGURE,
        **_VALID,
    },
    "planned_workplaces": {"system": _TEXT, "unit": _TEXT, "workplaces": _COUNT, **_VALID},
    "milestones": {
        "milestone": _TEXT,
        "what": _TEXT,
        "date": _DAY,
        "system": _TEXT,
        "unit": _TEXT,
        "tier": _TEXT,
        **_NAMES,
    },
    "benefits": {
        "benefit": _TEXT,
        **_NAMES,
        "unit": _TEXT,
        "system": _TEXT,
        "case_type": _TEXT,
        "kind": _TEXT,
        "unit_of_measure": _TEXT,
        "baseline": _FIGURE,
        "target": _FIGURE,
        "start": _DAY,
        "due": _DAY,
        "value_per_unit": _FIGURE,
        "currency": _TEXT,
        "indicator": _TEXT,
        "planned": _FLAG,
    },
    "decisions": {
        "decision": _TEXT,
        **_NAMES,
        "level": _TEXT,
        "decided": _DAY,
        "due": _DAY,
        "system": _TEXT,
    },
    "decision_units": {"decision": _TEXT, "unit": _TEXT},
    "costs": {
        "unit": _TEXT,
        "system": _TEXT,
        "kind": _TEXT,
        "amount": _FIGURE,
        "currency": _TEXT,
        **_VALID,
    },
    "deviations": {"unit": _TEXT, "system": _TEXT, "case_type": _TEXT, **_VALID},
    "calendar": {
        "root": _TEXT,
        "grain": _TEXT,
        "period": _DAY,
        "present_any": _SMALL,
        "workdays": _SMALL,
        "quiet": _FLAG,
    },
}
"""Columns and types of each table.

Only baseline, target, dates, money, minutes and declared_size may be null.
"""


class _Named(Protocol):
    @property
    def names(self) -> Names: ...


def tables(registry: Registry, first_day: date, last_day: date) -> dict[str, pa.Table]:
    """Every table of `COLUMNS`; the calendar has the weeks and months from `first_day` to `last_day`, both included.

    Absent text is ''. Figures and targets are in thousandths of their unit of measure, money in hundredths,
    minutes in milliseconds, `present_any` in thousandths. `valid_to` is the first day that is no longer
    valid. A month's `workdays` are its own; only weeks are ever quiet.
    """
    rows_by_table = _rows(registry) | {"calendar": _calendar(registry, first_day, last_day)}
    return {name: _table(COLUMNS[name], rows_by_table[name]) for name in COLUMNS}


def _table(columns: dict[str, pa.DataType], rows: Iterable[tuple[object, ...]]) -> pa.Table:
    records = list(rows)
    # rows are what reads well, columns what Arrow takes; no rows do not tell how many columns there are
    values = list(zip(*records, strict=True)) if records else [()] * len(columns)
    typed_values = zip(values, columns.values(), strict=True)
    arrays = [
        pa.array(column_values, type=arrow_type) for column_values, arrow_type in typed_values
    ]
    return pa.table(arrays, schema=pa.schema(columns.items()))


def _rows(registry: Registry) -> dict[str, Iterable[tuple[object, ...]]]:
    unit_paths = paths(registry.units)
    return {
        "units": _units(registry),
        "unit_paths": [
            (path.unit, path.ancestor, path.depth, path.valid_from, path.valid_to)
            for path in unit_paths
        ],
        "unit_codes": [
            (code.source, code.code, code.unit, *_span(code.span)) for code in registry.codes
        ],
        "reporting_groups": [
            (group.id, *_names(group), *_span(group.span)) for group in registry.groups
        ],
        "group_paths": _group_paths(registry, unit_paths),
        "systems": [
            (system.id, *_names(system), system.legacy, system.protects.value)
            for system in registry.systems
        ],
        "stops": [
            (system.id, *_span(span)) for system in registry.systems for span in system.stops
        ],
        "go_lives": _go_lives(registry),
        "case_types": _case_types(registry),
        "steps": _steps(registry),
        "plans": [
            (
                plan.system,
                plan.indicator,
                plan.unit,
                plan.start,
                target.date,
                target.value,
                *_span(plan.span),
            )
            for plan in registry.plans
            for target in plan.targets
        ],
        "planned_workplaces": [
            (plan.system, plan.unit, plan.workplaces, *_span(plan.span))
            for plan in registry.plans
            if plan.workplaces is not None
        ],
        "milestones": _milestones(registry),
        "benefits": _benefits(registry),
        "decisions": [
            (
                decision.id,
                *_names(decision),
                decision.level,
                decision.decided,
                decision.due,
                decision.system,
            )
            for decision in registry.decisions
        ],
        "decision_units": [
            (decision.id, unit) for decision in registry.decisions for unit in decision.units
        ],
        "costs": [
            (cost.unit, cost.system, cost.kind, cost.amount, cost.currency, *_span(cost.span))
            for cost in registry.costs
        ],
        "deviations": [
            (deviation.unit, deviation.system, deviation.case_type, *_span(deviation.span))
            for deviation in registry.deviations
        ],
    }


def _case_types(registry: Registry) -> Iterable[tuple[object, ...]]:
    for system in registry.systems:
        for case_type in system.case_types:
            minutes = case_type.minutes
            yield (
                system.id,
                case_type.id,
                *_names(case_type),
                minutes and minutes.before_ms,
                minutes and minutes.after_ms,
                minutes and minutes.confirmed_on,
            )


def _steps(registry: Registry) -> Iterable[tuple[object, ...]]:
    for system in registry.systems:
        for case_type, steps in _stepped(system):
            for meaning, activities in (
                ("intended", steps.intended),
                ("route", steps.digital_route),
            ):
                for activity in activities:
                    yield system.id, case_type, activity, meaning


def _milestones(registry: Registry) -> Iterable[tuple[object, ...]]:
    for milestone in registry.milestones:
        yield (
            milestone.id,
            milestone.what,
            milestone.date,
            milestone.system,
            milestone.unit,
            milestone.tier,
            *_names(milestone),
        )


def _benefits(registry: Registry) -> Iterable[tuple[object, ...]]:
    for benefit in registry.benefits:
        yield (
            benefit.id,
            *_names(benefit),
            benefit.unit,
            benefit.system,
            benefit.case_type,
            benefit.kind.value,
            benefit.unit_of_measure,
            benefit.baseline,
            benefit.target,
            benefit.start,
            benefit.due,
            benefit.value_per_unit,
            benefit.currency,
            benefit.adoption.indicator if benefit.adoption else "",
            benefit.planned,
        )


def _group_paths(registry: Registry, unit_paths: Sequence[Path]) -> Iterable[tuple[object, ...]]:
    """Units under reporting groups, as far as the group lasts; those below a member are of the group too."""
    for group in registry.groups:
        for path in unit_paths:
            if path.ancestor not in group.units:
                continue
            shared_span = group.span.meet(Span(path.valid_from, path.valid_to))
            if shared_span is not None:
                yield path.unit, group.id, *_span(shared_span)


def _go_lives(registry: Registry) -> Iterable[tuple[object, ...]]:
    # once each: a unit has as many entries as versions
    unit_ids = list(dict.fromkeys(unit.id for unit in registry.units))
    for system in registry.systems:
        for unit_id in unit_ids:
            day = registry.go_live(system.id, unit_id)
            if day is not None:
                yield system.id, unit_id, day


def _units(registry: Registry) -> Iterable[tuple[object, ...]]:
    """Units, cut where their reporting group changes, so that a join by unit and day finds one row."""
    # a group begins and ends by itself, in the middle of a unit's version
    for unit in registry.units:
        shared_spans = [
            (group.id, group.span.meet(unit.span))
            for group in registry.groups
            if unit.id in group.units
        ]
        memberships = [(group, span) for group, span in shared_spans if span is not None]
        # the days on which it is in no group
        memberships += [("", gap) for gap in gaps(unit.span, [span for _, span in memberships])]
        for group, span in sorted(memberships, key=lambda membership: membership[1]):
            yield (
                unit.id,
                *_names(unit),
                unit.parent or "",
                unit.root,
                unit.type,
                unit.peer_group,
                unit.country,
                unit.language,
                registry.organisation(unit.root).timezone,
                group,
                unit.declared_size,
                *_span(span),
            )


def _calendar(registry: Registry, first_day: date, last_day: date) -> Iterable[tuple[object, ...]]:
    for organisation in registry.organisations:
        calendar = organisation.calendar
        for week in mondays(first_day, last_day):
            yield (
                organisation.id,
                "week",
                week,
                calendar.presence_any(week),
                calendar.workdays(week),
                calendar.is_quiet(week),
            )
        for month in months(first_day, last_day):
            yield (
                organisation.id,
                "month",
                month,
                calendar.presence_any_month(month),
                calendar.workdays_month(month),
                False,
            )


def _stepped(system: System) -> Iterable[tuple[str, System | CaseType]]:
    """What says steps: the system for every case type (''), and each case type for itself."""
    yield "", system
    for case_type in system.case_types:
        yield case_type.id, case_type


def _names(named: _Named) -> tuple[str, str, str]:
    return named.names.sv, named.names.nb, named.names.en


def _span(span: Span) -> tuple[date, date]:
    return span.valid_from, span.valid_to
