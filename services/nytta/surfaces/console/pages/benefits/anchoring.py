"""Whether decisions were carried out, and which tiers have taken their step, as tables."""

from __future__ import annotations

from typing import Final

from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.statement import Statement
from nytta.registry.programme import level_names
from nytta.surfaces.console.branches import Branch
from nytta.surfaces.console.figure_texts import figure_text
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words

_TIERS: Final = ("manager", "key", "staff")
_ICONS: Final = {Word.STUCK.value: "risk", Word.EXECUTED.value: "good"}


def decisions_table(last_statement: Statement, say: Speaker) -> Table | None:
    """Decisions with how many units heard of each and carried it out; None where there are none."""
    if not last_statement.decisions:
        return None
    rows: list[tuple[Cell, ...]] = []
    for decision in last_statement.decisions:
        reversed_day = figures.day(decision.reversed, say.language)
        status = report_words.say(f"word_{decision.word}", say.language, day=reversed_day)
        rows.append(
            (
                decision.names.text(say.language),
                level_names(decision.level).text(say.language) or "–",
                say("of", n=decision.acknowledged, all=decision.units),
                say("of", n=decision.executed, all=decision.units),
                str(decision.weeks),
                Link(status, icon=_ICONS.get(decision.word, "")),
            )
        )
    columns = say.columns("decision", "level", "acknowledged", "executed", "age", "status")
    return Table(say("decisions_caption"), columns, tuple(rows), (4,))


def cascade_table(reading: Reading, say: Speaker, listed: Branch) -> Table | None:
    """Per listed unit: what share of each tier has taken its step; None where no share of any is published."""
    shares_by_place = _shares_by_place(reading, say.language)
    tiers = [tier for tier in _TIERS if any(tier in shares for shares in shares_by_place.values())]
    if not tiers:
        return None
    # as the tree stands; units that are no more stand behind it
    order = reading.tree_order
    rows: list[tuple[Cell, ...]] = []
    places = listed.rows(shares_by_place, lambda place: place[0])
    for unit, system in sorted(places, key=lambda place: (order.get(place[0], len(order)), place)):
        shares = shares_by_place[unit, system]
        cells = [shares.get(tier, "–") for tier in tiers]
        rows.append(
            (
                reading.unit_link(unit, say.language),
                reading.system_names(system).text(say.language),
                *cells,
            )
        )
    columns = (*say.columns("unit", "system"), *(say(f"tier_{tier}") for tier in tiers))
    return Table(say("cascade_caption"), columns, tuple(rows), tuple(range(2, 2 + len(tiers))))


def _shares_by_place(reading: Reading, language: str) -> dict[tuple[str, str], dict[str, str]]:
    """The share of each tier that has taken its step, as text, by unit and system."""
    shares_by_place: dict[tuple[str, str], dict[str, str]] = {}
    for (unit, system), facts in reading.published.facts_of_week("trained", reading.week).items():
        for row in facts:
            text = figure_text(row, None, language).text
            shares_by_place.setdefault((unit, system), {})[row["part"]] = text
    return shares_by_place
