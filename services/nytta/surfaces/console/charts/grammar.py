"""Of what every chart is made: layers, axes, labels, and the look that all have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import ceil
from typing import Any, Final

Layer = dict[str, Any]
"""A mark with its encoding, and data of its own where it has any."""
Channel = dict[str, Any]
"""What an axis shows, and how."""
Values = list[dict[str, Any]]

INK, QUIET, LINE, OWN, BAND, AIM, MISS = (
    f"var(--{name})" for name in ("ink", "quiet", "line", "own", "band", "aim", "miss")
)
TARGET_DASH: Final = [9, 3]
"""How the line of a target or of a plan is dashed, in every chart."""
_FONT: Final = "system-ui, sans-serif"
_CONFIG: Final[dict[str, Any]] = {
    "aria": False,
    "background": None,
    # a browser's letters may be wider than those measured
    "padding": {"left": 40, "top": 8, "right": 60, "bottom": 5},
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "text": {"fontSize": 12},
}
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_TICKS: Final = 9
"""Weeks that an axis names at most."""


def spec(
    values: Values, layers: list[Layer], width: int, height: int | dict[str, int]
) -> dict[str, Any]:
    """A whole chart; `values` are those of every layer without its own."""
    return {
        "$schema": _SCHEMA,
        "width": width,
        "height": height,
        "layer": layers,
        "config": _CONFIG,
        "data": {"values": values},
    }


def layer(
    mark: str, encoding: dict[str, Channel], values: Values | None = None, **look: Any
) -> Layer:
    """One mark; `values` are its own data, where it does not show the chart's."""
    # without data of its own a layer shows the chart's, which are written into a page once
    own_data = {} if values is None else {"data": {"values": values}}
    return {**own_data, "mark": {"type": mark, **look}, "encoding": encoding}


def text(
    values: Values,
    colour: str,
    encoding: dict[str, Channel],
    align: str = "left",
    dx: int = 0,
    dy: int = 0,
    *,
    bold: bool = False,
) -> Layer:
    """The `label` of each value, beside its place."""
    weight = {"fontWeight": "bold"} if bold else {}
    labelled = {**encoding, "text": {"field": "label"}}
    return layer(
        "text",
        labelled,
        values,
        color=colour,
        align=align,
        dx=dx,
        dy=dy,
        baseline="middle",
        limit=220,
        **weight,
    )


def amounts(unit: str, *, percent: bool) -> Channel:
    """An axis of figures: a share from 0 to 100, anything else from 0 to where it ends."""
    scale = {"domain": [0, 100]} if percent else {"zero": True, "nice": True}
    return {"type": "quantitative", "scale": scale, "axis": figure_axis(unit)}


def figure_axis(unit: str) -> dict[str, Any]:
    """The look of an axis of figures, each with its unit, which bears its gap as its language sets it."""
    label = f"datum.label + '{unit}'" if unit else "datum.label"
    return {"title": None, "tickCount": 5, "labelExpr": label}


def names_axis(names: Sequence[str]) -> Channel:
    """An axis of names in their own order."""
    return {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": list(names)},
        "axis": {
            "title": None,
            "labelLimit": 230,
            "labelColor": INK,
            "domain": False,
            "ticks": False,
        },
    }


def weeks_axis(weeks: Sequence[date], week_letter: str) -> Channel:
    """An axis of weeks; counted from the end, because the last week is what a reader looks for."""
    # `_TICKS` labels fit beside each other on the narrowest page
    step = max(1, ceil(len(weeks) / _TICKS))
    ticks = [_milliseconds(monday) for monday in weeks[::-step]]
    # formatted by the drawing, in UTC: a week must not become another one in the zone of a machine
    label = f"'{week_letter} ' + utcFormat(datum.value, '%-V')"
    return {
        "field": "week",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"title": None, "values": ticks, "labelExpr": label, "grid": False},
    }


def _milliseconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000
