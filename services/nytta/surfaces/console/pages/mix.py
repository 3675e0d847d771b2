"""The change of a roll-up, told as change within its parts and change of their mix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.states.mix import Mixed
from nytta.insight.store.mix import NothingToTell, Over, Question, mix
from nytta.surfaces.console.figure_texts import number, week
from nytta.surfaces.console.parts import Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.reports import figures

_BACK = (52, 26, 13)
"""Weeks over which a change is told, the longest that can be."""


@dataclass(frozen=True, slots=True)
class Split:
    """A change over `over` (case-types or units): a sentence, the figures as they are and without the mix, a note."""

    over: Literal["case-types", "units"]
    sentence: str
    table: Table
    note: str


def splits(
    store: OpenStore,
    reading: Reading,
    definition: Definition,
    unit: str,
    system: str,
    say: Speaker,
    *,
    by_type: bool,
) -> Iterator[Split]:
    """The change over a year, else over the longest part of it that can be told, by what the roll-up consists of.

    `by_type` where a figure of a case type is shown in the last week: without one nothing can be told of any.
    """
    parents = {child.parent for child in reading.registry.units_at(reading.week).values()}
    can_be_told: dict[Over, bool] = {"case-types": by_type, "units": unit in parents}
    # windows that overlap would share the change that is asked for
    first_days = [reading.week - timedelta(weeks=offset) for offset in _BACK if offset >= definition.window_weeks]
    for over, can in can_be_told.items():
        for first_day in first_days if can else ():
            row = reading.row(definition.id, unit, system, first_day)
            if row is None or row["value"] is None:
                continue
            try:
                mixed = mix(store.connection, definition, Question(unit, system, over, first_day, reading.week))
            except NothingToTell:
                continue
            yield _split(mixed, over, definition, first_day, reading.week, say)
            break


def _split(mixed: Mixed, over: Over, definition: Definition, first_day: date, last_day: date, say: Speaker) -> Split:
    language, measure = say.language, definition.display.unit_of_measure
    kind = over.replace("-", "_")
    sentence = say(
        f"split_{kind}_unseen" if mixed.unseen else f"split_{kind}",
        n=mixed.unseen,
        title=getattr(definition.title, language),
        change=_points(mixed.change, measure, say),
        within=_points(mixed.within, measure, say),
        mix=_points(mixed.mix, measure, say),
        week=week(first_day, language),
    )

    def change(name: str, earlier: float, later: float) -> tuple[str, ...]:
        figures_then_and_now = (number(earlier, measure, language), number(later, measure, language))
        return (name, *figures_then_and_now, _signed(later - earlier, language))

    of_mix = say("of_which_mix", n=mixed.unseen) if mixed.unseen else say("of_which_mix_alone")
    rows = (
        change(say("as_it_is"), mixed.before, mixed.after),
        change(say("without_mix"), mixed.adjusted_before, mixed.adjusted_after),
        (say("of_which_within"), "–", "–", _signed(mixed.within, language)),
        (of_mix, "–", "–", _signed(mixed.mix, language)),
    )
    heads = (
        say("col_figure"),
        week(first_day, language),
        week(last_day, language),
        say("col_change_points" if measure == "percent" else "col_change"),
    )
    return Split(over, sentence, Table(say(f"over_{kind}"), heads, rows, (1, 2, 3)), say("split_note"))


def _points(change: float, measure: str, say: Speaker) -> str:
    signed = _signed(change, say.language)
    if measure != "percent":
        return signed
    return say("points_one" if abs(round(change)) == 1 else "points", n=signed)


def _signed(change: float, language: str) -> str:
    """A change in whole figures with its sign."""
    rounded = round(change)
    sign = {1: "+", 0: "±", -1: "−"}[(rounded > 0) - (rounded < 0)]
    return sign + figures.whole_number(abs(rounded), language)
