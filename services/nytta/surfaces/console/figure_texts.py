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
    return next(
        (key for key in (f"reason_{reason}", f"status_{status}") if has_words(key)), "status_none"
    )


def figure_text(
    figure_row: Mapping[str, Any] | None, definition: Definition | None, language: str
) -> FigureText:
    """A row of `indicator_values` as words; `FigureText` without a value where there is no row."""
    measure = definition.display.unit_of_measure if definition else "percent"
    if figure_row is None:
        return FigureText(say("status_none", language), "", status="none")
    figure_value, status = figure_row["value"], figure_row["status"]
    if figure_value is None:
        reason = why_hidden(figure_row.get("reason", ""), status)
        sign = {"suppressed": "·", "grouped": "→", "not_approved": "×"}.get(status, "…")
        return FigureText(say(reason, language), sign, status=status)
    figure = number(figure_value, measure, language)
    figure_words = figure
    # a map has no room for a sign that stands in every cell
    short = figure.removesuffix("%").strip("\u00a0") if measure == "percent" else figure
    if status == "rounded":
        figure_words, short = say("about", language, figure=figure), f"~{short}"
    elif status == "banded":
        most = figure_row["low"] == 0
        figure_words = say("at_most" if most else "at_least", language, figure=figure)
        short = ("≤" if most else "≥") + short
    low_bound, high_bound = figure_row["low"], figure_row["high"]
    has_interval = status != "banded" and low_bound is not None and high_bound is not None
    interval_text = interval(low_bound, high_bound, measure, language) if has_interval else ""
    band = figure_row["n_band"].replace("-", "–")
    level = _level(figure_value, definition) if measure == "percent" else 0
    return FigureText(
        figure_words, short, figure_value, low_bound, high_bound, interval_text, band, status, level
    )


def _level(figure_value: float, definition: Definition | None) -> int:
    """The fifth in which a share lies, the best being 5; 0 where no direction is wanted."""
    if definition is None or definition.direction == "none":
        return 0
    towards_best = figure_value if definition.direction == "up" else 100 - figure_value
    # 100 % is of the fifth below it, which has no upper neighbour
    return 1 + min(4, int(towards_best // 20))


def interval(low_bound: float, high_bound: float, measure: str, language: str) -> str:
    """Both ends of an interval; the unit of measure stands once, behind the upper one."""
    # a count is written in tenths, with its unit or without
    low_measure = measure if measure == "count" else ""
    return f"{number(low_bound, low_measure, language)}–{number(high_bound, measure, language)}"


def number(figure_value: float | None, measure: str, language: str) -> str:
    """A figure with its unit of measure: percent, days, per 100, count; '' is the bare figure. A dash for none."""
    if figure_value is None:
        return "–"
    if measure == "percent":
        return figures.percent(figure_value, language)
    if measure == "count":  # a rate for each case, told in tenths
        return figures.decimal(round(figure_value, 1) * 1000, language)
    bare = figures.whole_number(figure_value, language)
    if measure == "days":
        return say("days", language, n=bare)
    return say("per_100", language, n=bare) if measure == "per 100" else bare


def suffix(definition: Definition, language: str) -> str:
    """What stands behind the figures of an axis, with the gap before it."""
    measure = definition.display.unit_of_measure
    return {"percent": percent_sign(language), "days": "\u00a0" + say("days_short", language)}.get(
        measure, ""
    )


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
