"""The registry as tables, for joins in the store.

No table holds a contact: names of people stay in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

import pyarrow as pa

from nytta.registry.dates import Span, gaps, mondays, months
from nytta.registry.paths import paths
from nytta.registry.registry import Registry
from nytta.registry.systems import CaseType, System
from nytta.registry.units import Names

_TEXT, _DAY, _COUNT, _FIGURE, _FLAG, _SMALL = (
    pa.string(),
    pa.date32(),
    pa.uint32(),
    pa.int64(),
    pa.bool_(),
    pa.uint16(),
)
_NAMES = {"name_sv": _TEXT, "name_nb": _TEXT, "name_en": _TEXT}
_VALID = {"valid_from": _DAY, "valid_to": _DAY}

COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "units": {"unit": _TEXT, **_NAMES, "parent": _TEXT, "root": _TEXT, "type": _TEXT, "peer_group": _TEXT}
    | {
        "country": _TEXT,
        "language": _TEXT,
        "timezone": _TEXT,
        "reporting_group": _TEXT,
        "declared_size": _COUNT,
    }
    | _VALID,
    "unit_paths": {"unit": _TEXT, "ancestor": _TEXT, "depth": pa.uint8(), **_VALID},
    "unit_codes": {"source": _TEXT, "code": _TEXT, "unit": _TEXT, **_VALID},
    "reporting_groups": {"reporting_group": _TEXT, **_NAMES, **_VALID},
    "group_paths": {"unit": _TEXT, "reporting_group": _TEXT, **_VALID},
    "systems": {"system": _TEXT, **_NAMES, "legacy": _FLAG, "protects": _TEXT},
    "stops": {"system": _TEXT, **_VALID},
    "go_lives": {"system": _TEXT, "unit": _TEXT, "date": _DAY},
    "case_types": {"system": _TEXT, "case_type": _TEXT, **_NAMES, "before_ms": _FIGURE, "after_ms": _FIGURE}
    | {"confirmed_on": _DAY},
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
    }
    | {"unit_of_measure": _TEXT, "baseline": _FIGURE, "target": _FIGURE, "start": _DAY, "due": _DAY}
    | {"value_per_unit": _FIGURE, "currency": _TEXT, "indicator": _TEXT, "planned": _FLAG},
    "decisions": {"decision": _TEXT, **_NAMES, "level": _TEXT, "decided": _DAY, "due": _DAY, "system": _TEXT},
    "decision_units": {"decision": _TEXT, "unit": _TEXT},
    "costs": {"unit": _TEXT, "system": _TEXT, "kind": _TEXT, "amount": _FIGURE, "currency": _TEXT, **_VALID},
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


def tables(registry: Registry, first: date, last: date) -> dict[str, pa.Table]:
    """Every table of `COLUMNS`; the calendar has the weeks and months from `first` to `last`, both included.

    Absent text is ''. Figures and targets are in thousandths of their unit of measure, money in hundredths,
    minutes in milliseconds, `present_any` in thousandths. `valid_to` is the first day that is no longer
    valid. A month's `workdays` are its own; only weeks are ever quiet.
    """
    rows = _rows(registry) | {"calendar": _calendar(registry, first, last)}
    return {name: _table(COLUMNS[name], rows[name]) for name in COLUMNS}


def _table(columns: dict[str, pa.DataType], rows: Iterable[tuple[object, ...]]) -> pa.Table:
    held = list(rows)
    values = list(zip(*held, strict=True)) if held else [()] * len(columns)
    arrays = [pa.array(v, type=t) for v, t in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, schema=pa.schema(columns.items()))


def _rows(registry: Registry) -> dict[str, Iterable[tuple[object, ...]]]:
    ways = paths(registry.units)
    return {
        "units": _units(registry),
        "unit_paths": [(p.unit, p.ancestor, p.depth, p.valid_from, p.valid_to) for p in ways],
        "unit_codes": [(c.source, c.code, c.unit, *_span(c.span)) for c in registry.codes],
        "reporting_groups": [(g.id, *_names(g), *_span(g.span)) for g in registry.groups],
        "group_paths": [
            (p.unit, g.id, *_span(met))
            for g in registry.groups
            for p in ways
            if p.ancestor in g.units and (met := g.span.meet(Span(p.valid_from, p.valid_to)))
        ],
        "systems": [(s.id, *_names(s), s.legacy, s.protects.value) for s in registry.systems],
        "stops": [(s.id, *_span(span)) for s in registry.systems for span in s.stops],
        "go_lives": [
            (system.id, unit, day)
            for system in registry.systems
            for unit in dict.fromkeys(unit.id for unit in registry.units)
            if (day := registry.go_live(system.id, unit))
        ],
        "case_types": [
            (s.id, c.id, *_names(c), m and m.before_ms, m and m.after_ms, m and m.confirmed_on)
            for s in registry.systems
            for c in s.case_types
            for m in [c.minutes]
        ],
        "steps": [
            (s.id, case_type, activity, meaning)
            for s in registry.systems
            for case_type, steps in _stepped(s)
            for meaning, activities in [("intended", steps.intended), ("route", steps.digital_route)]
            for activity in activities
        ],
        "plans": [
            (p.system, p.indicator, p.unit, p.start, t.date, t.value, *_span(p.span))
            for p in registry.plans
            for t in p.targets
        ],
        "planned_workplaces": [
            (p.system, p.unit, p.workplaces, *_span(p.span)) for p in registry.plans if p.workplaces is not None
        ],
        "milestones": [(m.id, m.what, m.date, m.system, m.unit, m.tier, *_names(m)) for m in registry.milestones],
        "benefits": [
            (
                b.id,
                *_names(b),
                b.unit,
                b.system,
                b.case_type,
                b.kind.value,
                b.unit_of_measure,
                b.baseline,
                b.target,
                b.start,
                b.due,
                b.value_per_unit,
                b.currency,
                b.adoption.indicator if b.adoption else "",
                b.planned,
            )
            for b in registry.benefits
        ],
        "decisions": [(d.id, *_names(d), d.level, d.decided, d.due, d.system) for d in registry.decisions],
        "decision_units": [(d.id, unit) for d in registry.decisions for unit in d.units],
        "costs": [(c.unit, c.system, c.kind, c.amount, c.currency, *_span(c.span)) for c in registry.costs],
        "deviations": [(d.unit, d.system, d.case_type, *_span(d.span)) for d in registry.deviations],
    }


def _units(registry: Registry) -> Iterable[tuple[object, ...]]:
    """Units, cut where their reporting group changes, so that a join by unit and day finds one row."""
    for unit in registry.units:
        groups = [(g.id, met) for g in registry.groups if unit.id in g.units and (met := g.span.meet(unit.span))]
        alone = [("", gap) for gap in gaps(unit.span, [span for _, span in groups])]
        for group, span in sorted(groups + alone, key=lambda each: each[1]):
            yield (
                *(
                    unit.id,
                    *_names(unit),
                    unit.parent or "",
                    unit.root,
                    unit.type,
                    unit.peer_group,
                    unit.country,
                ),
                *(
                    unit.language,
                    registry.organisation(unit.root).timezone,
                    group,
                    unit.declared_size,
                    *_span(span),
                ),
            )


def _calendar(registry: Registry, first: date, last: date) -> Iterable[tuple[object, ...]]:
    for organisation in registry.organisations:
        days = organisation.calendar
        for week in mondays(first, last):
            yield (
                organisation.id,
                "week",
                week,
                days.presence_any(week),
                days.workdays(week),
                days.is_quiet(week),
            )
        for month in months(first, last):
            yield (
                organisation.id,
                "month",
                month,
                days.presence_any_month(month),
                days.workdays_month(month),
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
