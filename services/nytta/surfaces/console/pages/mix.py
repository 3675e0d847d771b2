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
    store: OpenStore, reading: Reading, definition: Definition, unit: str, system: str, say: Speaker
) -> Iterator[Split]:
    """The change over a year, else over the longest part of it that can be told, by what the roll-up consists of."""
    parents = {child.parent for child in reading.registry.units_at(reading.week).values()}
    kinds: tuple[Over, ...] = ("case-types", "units") if unit in parents else ("case-types",)
    for over in kinds:
        for first_day in (
            reading.week - timedelta(weeks=offset) for offset in _BACK if offset >= definition.window_weeks
        ):
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
    mix_change = _signed(mixed.mix, language)
    adjusted = mixed.adjusted_after - mixed.adjusted_before
    rows = (
        (
            say("as_it_is"),
            number(mixed.before, measure, language),
            number(mixed.after, measure, language),
            _signed(mixed.change, language),
        ),
        (
            say("without_mix"),
            number(mixed.adjusted_before, measure, language),
            number(mixed.adjusted_after, measure, language),
            _signed(adjusted, language),
        ),
        (say("of_which_within"), "–", "–", _signed(mixed.within, language)),
        (say("of_which_mix", n=mixed.unseen) if mixed.unseen else say("of_which_mix_alone"), "–", "–", mix_change),
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
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{figures.whole_number(abs(rounded), language)}"
