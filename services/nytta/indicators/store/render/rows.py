"""Rows of subjects that indicators count, with the columns and the record key that these read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nytta.indicators.definition import At, Definition, Side
from nytta.indicators.store.render.periods import Period
from nytta.indicators.store.render.scope import Scope, Wanted, touched_units, winners
from nytta.indicators.subjects import Subject


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a subject that sides of several indicators count alike, so that they are read and grouped once."""

    subject: str
    period: Period | None
    where: str
    adds: bool
    parts: tuple[str, ...]

    @classmethod
    def of(cls, definition: Definition, side: Side) -> Rows:
        """The rows that a side of an indicator counts."""
        return cls(side.subject, side.period, side.where, definition.adds, definition.parts)


def alike(wanted: Wanted) -> Mapping[Rows, Sequence[int]]:
    """The rows that indicators count, and the places of those that count them."""
    members: dict[Rows, dict[int, None]] = {}
    for place, (definition, _) in enumerate(wanted):
        for side in definition.reads:
            # a place once, though both sides of an indicator may count the same rows
            members.setdefault(Rows.of(definition, side), {})[place] = None
    return {rows: list(places) for rows, places in members.items()}


def subject_source(
    periods: Collection[Period | None], subject: Subject, columns: Sequence[str], scope: Scope
) -> str:
    """SQL of a subject's rows with some columns and their record key; to name all would cost more to plan.

    Of moments in whose period a row counts there is the local day too, as `…_day`.
    """
    moments = dict.fromkeys(period.at for period in periods if isinstance(period, At))
    days = "".join(
        f", {scope.zones.date(f'assumeNotNull({moment})')} AS {moment}_day" for moment in moments
    )
    if subject.name == "plan":
        # noon, so that every zone of Europe sees the same day
        return f"""(SELECT system, unit, '' AS case_type, workplaces, toUInt64(0) AS record,
            toDateTime64(valid_from, 3, 'UTC') + INTERVAL 12 HOUR AS valid_from,
            if(valid_to >= toDate('2149-06-06'), NULL, toDateTime64(valid_to, 3, 'UTC') + INTERVAL 12 HOUR) AS valid_to
            FROM {scope.open}.planned_workplaces)"""
    if subject.name == "answer":
        return f"""(SELECT *{days} FROM (
            SELECT system, unit, '' AS case_type, time AS answered_at, activity AS item, tier, quantity AS score,
                   sipHash64(identity) AS record FROM {winners(scope, "'pulse'", touched_units(scope))}))"""
    names = ", ".join(columns)
    return (
        f"(SELECT unit, system, {names}, sipHash64(subject) AS record{days} "
        f"FROM {scope.subjects}.{subject.table} FINAL)"
    )


def columns_read(rows: Rows, definitions: Sequence[Definition]) -> Sequence[str]:
    """The columns that indicators read of these rows, and the type."""
    sides = [
        side
        for definition in definitions
        for side in definition.reads
        if Rows.of(definition, side) == rows
    ]
    return sorted({"case_type", *(column for side in sides for column in side.columns)})
