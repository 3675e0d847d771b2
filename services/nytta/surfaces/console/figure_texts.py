"""Published figures as words: what is shown, and why nothing is where nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from nytta.indicators.definition import Definition
from nytta.surfaces.console.words import has_words, say
from nytta.surfaces.reports import figures

_UNITS = {"percent": "\u00a0%", "days": "", "per 100": "", "count": ""}


@dataclass(frozen=True, slots=True)
class FigureText:
    """A published figure. `text` says it in full, `short` in a cell of a map.

    `level` is the fifth in which it lies, the best being 5; 0 where no direction is wanted.
    """

    text: str
    short: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval: str = ""
    n_band: str = ""
    status: str = ""
    level: int = 0


def why_hidden(reason: str, status: str) -> str:
    """The key of the words that say why there is no value: by its reason, else by its status."""
    return next((key for key in (f"reason_{reason}", f"status_{status}") if has_words(key)), "status_none")


def figure_text(row: Mapping[str, Any] | None, definition: Definition | None, language: str) -> FigureText:
    """A row of `indicator_values` as words; `FigureText` without a value where there is no row."""
    measure = definition.display.unit_of_measure if definition else "percent"
    if row is None:
        return FigureText(say("status_none", language), "", status="none")
    value, status = row["value"], row["status"]
    if value is None:
        reason = why_hidden(row.get("reason", ""), status)
        sign = {"suppressed": "·", "grouped": "→", "not_approved": "×"}.get(status, "…")
        return FigureText(say(reason, language), sign, status=status)
    figure = number(value, measure, language)
    text = figure
    # a map has no room for a sign that stands in every cell
    short = figure.removesuffix("%").strip("\u00a0") if measure == "percent" else figure
    if status == "rounded":
        text, short = say("about", language, figure=figure), f"~{short}"
    elif status == "banded":
        most = row["low"] == 0
        text = say("at_most" if most else "at_least", language, figure=figure)
        short = ("≤" if most else "≥") + short
    low, high = row["low"], row["high"]
    has_interval = status != "banded" and low is not None and high is not None
    interval_text = interval(low, high, measure, language) if has_interval else ""
    band = row["n_band"].replace("-", "–")
    level = _level(value, definition) if measure == "percent" else 0
    return FigureText(text, short, value, low, high, interval_text, band, status, level)


def _level(value: float, definition: Definition | None) -> int:
    """The fifth in which a share lies, the best being 5; 0 where no direction is wanted."""
    if definition is None or definition.direction == "none":
        return 0
    towards_best = value if definition.direction == "up" else 100 - value
    # 100 % is of the fifth below it, which has no upper neighbour
    return 1 + min(4, int(towards_best // 20))


def interval(low: float, high: float, measure: str, language: str) -> str:
    """Both ends of an interval; the unit of measure stands once, behind the upper one."""
    # a count is written in tenths, with its unit or without
    low_measure = measure if measure == "count" else ""
    return f"{number(low, low_measure, language)}–{number(high, measure, language)}"


def number(value: float | None, measure: str, language: str) -> str:
    """A figure with its unit of measure: percent, days, per 100, count; '' is the bare figure. A dash for none."""
    if value is None:
        return "–"
    if measure == "percent":
        return figures.percent(value, language)
    if measure == "count":  # a rate for each case, told in tenths
        return figures.decimal(round(value, 1) * 1000, language)
    bare = figures.whole_number(value, language)
    if measure == "days":
        return say("days", language, n=bare)
    return say("per_100", language, n=bare) if measure == "per 100" else bare


def suffix(definition: Definition, language: str) -> str:
    """What stands behind the figures of an axis, with the gap before it."""
    measure = definition.display.unit_of_measure
    return {"percent": percent_sign(language), "days": "\u00a0" + say("days_short", language)}.get(measure, "")


def percent_sign(language: str) -> str:
    """The sign behind a share, with the gap before it that its language asks for."""
    return say("percent_sign", language)


def week(monday: date, language: str) -> str:
    """An ISO week in words."""
    return figures.week(monday, language)


def short_week(monday: date, language: str) -> str:
    """An ISO week in a cell of a table."""
    year, number_, _ = monday.isocalendar()
    return f"{year} {say('week_letter', language)}{number_:02d}"


def day(value: date | None, language: str) -> str:
    """A day; a dash where there is none."""
    return figures.day(value, language).replace("-", "\u2011")
