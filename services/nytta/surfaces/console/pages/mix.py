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
    first_days = [
        reading.week - timedelta(weeks=offset)
        for offset in _BACK
        if offset >= definition.window_weeks
    ]
    for over, can in can_be_told.items():
        for first_day in first_days if can else ():
            row = reading.row(definition.id, unit, system, first_day)
            if row is None or row["value"] is None:
                continue
            try:
                mixed = mix(
                    store.connection,
                    definition,
                    Question(unit, system, over, first_day, reading.week),
                )
            except NothingToTell:
                continue
            yield _split(mixed, over, definition, first_day, reading.week, say)
            break


def _split(
    mixed: Mixed, over: Over, definition: Definition, first_day: date, last_day: date, say: Speaker
) -> Split:
    language, measure = say.language, definition.display.unit_of_measure
    kind = over.replace("-", "_")

    def change(name: str, earlier: float, later: float, ends: str = "–") -> tuple[str, ...]:
        figures_then_and_now = (
            number(earlier, measure, language),
            number(later, measure, language),
        )
        return (name, *figures_then_and_now, _signed(later - earlier, language), ends)

    def part(name: str, share_of_change: float, ends: str = "–") -> tuple[str, ...]:
        return (name, "–", "–", _signed(share_of_change, language), ends)

    rows = (
        change(say("as_it_is"), mixed.before, mixed.after, _ends(mixed.change_interval, language)),
        change(say("without_mix"), mixed.adjusted_before, mixed.adjusted_after),
        part(say("of_which_within"), mixed.within, _ends(mixed.within_interval, language)),
        part(say("of_which_mix"), mixed.mix),
        part(say("of_which_rest"), mixed.rest),
    )
    heads = (
        say("col_figure"),
        week(first_day, language),
        week(last_day, language),
        say("col_change_points" if measure == "percent" else "col_change"),
        say("col_interval"),
    )
    sentence = _sentence(mixed, kind, definition, first_day, say)
    return Split(
        over, sentence, Table(say(f"over_{kind}"), heads, rows, (1, 2, 3, 4)), say("split_note")
    )


def _sentence(
    mixed: Mixed, kind: str, definition: Definition, first_day: date, say: Speaker
) -> str:
    """Of what the change is made, where it is certain that there is one."""
    measure = definition.display.unit_of_measure
    about = {
        "title": getattr(definition.title, say.language),
        "week": week(first_day, say.language),
    }
    about["change"] = _points(mixed.change, measure, say)
    if not mixed.is_clear:
        return say("split_unsure", **about)
    within, mix = _points(mixed.within, measure, say), _points(mixed.mix, measure, say)
    sentence = say(
        f"split_{kind}",
        within=within,
        ends=_ends(mixed.within_interval, say.language),
        mix=mix,
        **about,
    )
    if not round(mixed.rest):
        return sentence
    rest = _points(mixed.rest, measure, say)
    because = (
        say("split_rest_unseen", n=mixed.unseen, rest=rest)
        if mixed.unseen
        else say("split_rest", rest=rest)
    )
    return f"{sentence} {because}"


def _ends(interval: tuple[float, float], language: str) -> str:
    """An interval of a change, its ends with their signs."""
    low, high = (_signed(end, language) for end in interval)
    return Speaker(language)("change_ends", low=low, high=high)


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
