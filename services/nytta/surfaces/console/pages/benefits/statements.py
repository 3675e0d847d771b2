"""The statement that pages of benefits show, and the texts and links in which they tell of its benefits."""

from __future__ import annotations

from typing import Final

from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.statement import Benefit
from nytta.insight.store.statements import PublishedStatement
from nytta.surfaces.console.parts import Link, Refused, Speaker
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.reports import figures
from nytta.surfaces.reports import words as report_words

_ICONS: Final = {
    Status.ON_TRACK: "good",
    Status.ACHIEVED: "good",
    Status.AT_RISK: "risk",
    Status.OFF_TRACK: "bad",
    Status.PARTLY: "risk",
    Status.NOT_ACHIEVED: "bad",
    Status.TOO_EARLY: "early",
}


def published_statement(reading: Reading) -> PublishedStatement:
    """The last statement, with the moment of its publication. Refused where nothing was stated yet."""
    if reading.statement is None:
        raise Refused(404, "no_statement")
    return reading.statement


def unit_link(benefit: Benefit, language: str) -> Link:
    """The unit of a benefit."""
    # its name as it was stated: the unit may bear another today
    return Link(benefit.unit_names.text(language), f"/units/{benefit.plan.unit}")


def field_name(field: str, language: str) -> str:
    """A field of a benefit's plan as the report calls it."""
    return report_words.word_or(f"field_{field}", language, field)


def percent(tenths: int | None, language: str) -> str:
    """A share in tenths of a percent; a dash for None."""
    return figures.percent(None if tenths is None else tenths / 10, language)


def status_word(benefit: Benefit, language: str) -> str:
    """Where a benefit stands, in a word."""
    return WORDS[Status(benefit.word)].text(language)


def status(benefit: Benefit, language: str) -> Link:
    """Where a benefit stands, with its icon."""
    return Link(status_word(benefit, language), icon=_ICONS.get(Status(benefit.word), ""))


def forecast(benefit: Benefit, say: Speaker) -> str:
    """What is expected of a benefit by its due day, or what came of it; a dash where nothing can be told."""
    if benefit.ahead is None:
        return "–"
    if benefit.ahead.complete:
        return say("result", figure=percent(benefit.ahead.expected, say.language))
    return f"{round(benefit.ahead.low / 10)}–{percent(benefit.ahead.high, say.language)}"
