"""Charts as Vega-Lite dicts: what is meant is told by shape, dash and label; colours are the page's own variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

INK, QUIET, LINE, OWN, BAND, AIM, MISS = (
    f"var(--{name})" for name in ("ink", "quiet", "line", "own", "band", "aim", "miss")
)
_FONT: Final = "system-ui, sans-serif"
_CONFIG: Final[dict[str, Any]] = {
    "aria": False,
    "background": None,
    "padding": {"left": 40, "top": 8, "right": 60, "bottom": 5},  # a browser's letters may be wider than those measured
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
Values = list[dict[str, Any]]
_NAMED: Final = 75
"""Places that score at least this on both sides crowd in a corner and are named in the table alone."""


@dataclass(frozen=True, slots=True)
class Point:
    """A published week: the value and the interval around it; None where nothing is shown."""

    week: date
    value: float | None
    low: float | None = None
    high: float | None = None
    peer: float | None = None
    peer_low: float | None = None
    peer_high: float | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A series and what it is held against: names for direct labels, the target, and dated events."""

    points: Sequence[Point]
    own: str
    peers: str = ""
    aim: float | None = None
    aim_name: str = ""
    events: Sequence[tuple[date, str]] = ()
    since: date | None = None
    since_name: str = ""
    unit: str = ""
    """What stands behind the numbers of the axis, with the gap before it."""
    week_letter: str = "v"
    percent: bool = True


def trend(trend_data: Trend, *, width: int = 860, height: int = 250) -> dict[str, Any]:
    """Weeks of one unit with the band of comparable ones, the target, and what happened when."""
    rows = [
        {
            "week": point.week.isoformat(),
            **{name: getattr(point, name) for name in ("value", "low", "high", "peer", "peer_low", "peer_high")},
        }
        for point in trend_data.points
    ]
    scale = {"domain": [0, 100]} if trend_data.percent else {"zero": True, "nice": True}
    x_axis = {
        "field": "week",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": _weeks([point.week for point in trend_data.points], trend_data.week_letter),
    }
    y_axis = {
        "type": "quantitative",
        "scale": scale,
        "axis": {"title": None, "tickCount": 5, "labelExpr": _unit(trend_data.unit)},
    }
    layers: list[dict[str, Any]] = []
    if any(point.peer_low is not None for point in trend_data.points):
        layers.append(
            {
                "mark": {"type": "area", "color": BAND},
                "encoding": {"x": x_axis, "y": {"field": "peer_low", **y_axis}, "y2": {"field": "peer_high"}},
            }
        )
    if any(point.peer is not None for point in trend_data.points):
        layers.append(
            {
                "mark": {"type": "line", "color": QUIET, "strokeWidth": 1.5, "strokeDash": [5, 4]},
                "encoding": {"x": x_axis, "y": {"field": "peer", **y_axis}},
            }
        )
    layers.append(
        {
            "mark": {"type": "rule", "color": OWN, "strokeWidth": 1, "opacity": 0.35},
            "encoding": {"x": x_axis, "y": {"field": "low", **y_axis}, "y2": {"field": "high"}},
        }
    )
    layers.append(
        {
            "mark": {
                "type": "line",
                "color": OWN,
                "strokeWidth": 2.5,
                "point": {"filled": True, "color": OWN, "size": 14},
            },
            "encoding": {"x": x_axis, "y": {"field": "value", **y_axis}},
        }
    )
    layers += _labels(trend_data, x_axis, y_axis)
    return _spec(rows, layers, width, height)


def _labels(trend_data: Trend, x_axis: dict[str, Any], y_axis: dict[str, Any]) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    first_day, last_day = trend_data.points[0].week, trend_data.points[-1].week
    if trend_data.aim is not None:
        labels = [{"week": first_day.isoformat(), "aim": trend_data.aim, "label": trend_data.aim_name}]
        layers.append(
            {
                "data": {"values": labels},
                "mark": {"type": "rule", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"y": {"field": "aim", **y_axis}},
            }
        )
        layers.append(
            _text(labels, "label", AIM, {"x": x_axis, "y": {"field": "aim", **y_axis}}, align="left", dy=-7, dx=2)
        )
    layers += _events(trend_data.events, first_day, last_day, x_axis)
    if trend_data.since is not None and first_day <= trend_data.since <= last_day:
        mark = [{"week": trend_data.since.isoformat(), "label": trend_data.since_name}]
        layers.append(
            {
                "data": {"values": mark},
                "mark": {"type": "rule", "color": MISS, "strokeWidth": 2},
                "encoding": {"x": x_axis},
            }
        )
        late = (trend_data.since - first_day).days > (last_day - first_day).days * 0.65
        layers.append(
            {
                "data": {"values": mark},
                "mark": {
                    "type": "text",
                    "color": MISS,
                    "fontWeight": "bold",
                    "align": "right" if late else "left",
                    "dx": -5 if late else 5,
                    "y": {"expr": "height - 8"},
                },
                "encoding": {"x": x_axis, "text": {"field": "label"}},
            }
        )
    line_ends: list[tuple[float, str, str]] = []
    for name, label, colour in (("value", trend_data.own, OWN), ("peer", trend_data.peers, QUIET)):
        shown_points = [point for point in trend_data.points if getattr(point, name) is not None]
        if shown_points and label:
            line_ends.append((getattr(shown_points[-1], name), label, colour))
    least = (
        9.0
        if trend_data.percent
        else 0.09
        * max(
            [1.0, *(point.value or 0 for point in trend_data.points), *(point.high or 0 for point in trend_data.points)]
        )
    )
    apart = len(line_ends) == 2 and abs(line_ends[0][0] - line_ends[1][0]) < least
    for number, (value, label, colour) in enumerate(line_ends):
        shift = (
            0
            if not apart
            else (
                -8 if (value >= line_ends[1 - number][0]) == (number == 0 or value != line_ends[1 - number][0]) else 8
            )
        )
        labels = [{"week": last_day.isoformat(), "v": value, "label": label}]
        layers.append(
            _text(
                labels,
                "label",
                colour,
                {"x": x_axis, "y": {"field": "v", **y_axis}},
                align="left",
                dx=7,
                dy=shift,
                bold=number == 0,
            )
        )
    return layers


def _events(
    events: Sequence[tuple[date, str]], first_day: date, last_day: date, x_axis: dict[str, Any]
) -> list[dict[str, Any]]:
    """Dated events as rules with their names."""
    layers: list[dict[str, Any]] = []
    shown_events = [(day, name) for day, name in events if first_day <= day <= last_day]
    for place, (day, name) in enumerate(sorted(shown_events)):
        mark = [{"week": day.isoformat(), "label": name}]
        layers.append(
            {
                "data": {"values": mark},
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1, "strokeDash": [2, 2]},
                "encoding": {"x": x_axis},
            }
        )
        late = (day - first_day).days > (last_day - first_day).days * 0.65
        layers.append(
            {
                "data": {"values": mark},
                "mark": {
                    "type": "text",
                    "color": INK,
                    "align": "right" if late else "left",
                    "dx": -4 if late else 4,
                    "y": 6 + 14 * (place % 3),
                    "limit": 190,
                },
                "encoding": {"x": x_axis, "text": {"field": "label"}},
            }
        )
    return layers


@dataclass(frozen=True, slots=True)
class Dot:
    """One place with its value and interval; `mine` is told apart by its shape."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
    mine: bool = False


def dots(
    rows: Sequence[Dot], *, middle: float | None = None, middle_name: str = "", unit: str = "", percent: bool = True
) -> dict[str, Any]:
    """Places in their own order, each with its interval; a line where the whole stands."""
    names = [row.name for row in rows]
    values = [
        {"name": row.name, "value": row.value, "low": row.low, "high": row.high, "note": row.note, "mine": row.mine}
        for row in rows
    ]
    scale = {"domain": [0, 100]} if percent else {"zero": True, "nice": True}
    y_axis = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": names},
        "axis": {"title": None, "labelLimit": 230, "labelColor": INK, "domain": False, "ticks": False},
    }
    x_axis = {"type": "quantitative", "scale": scale, "axis": {"title": None, "tickCount": 5, "labelExpr": _unit(unit)}}
    layers: list[dict[str, Any]] = []
    if middle is not None:
        labels = [{"middle": middle, "label": middle_name}]
        layers.append(
            {
                "data": {"values": labels},
                "mark": {"type": "rule", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"x": {"field": "middle", **x_axis}},
            }
        )
        text = {"type": "text", "color": AIM, "align": "left", "dx": 5, "y": -7}
        layers.append(
            {
                "data": {"values": labels},
                "mark": text,
                "encoding": {"x": {"field": "middle", **x_axis}, "text": {"field": "label"}},
            }
        )
    layers += [
        {
            "mark": {"type": "rule", "color": OWN, "strokeWidth": 6, "opacity": 0.25},
            "encoding": {"y": y_axis, "x": {"field": "low", **x_axis}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "color": OWN, "size": 60, "opacity": 1},
            "encoding": {
                "y": y_axis,
                "x": {"field": "value", **x_axis},
                "shape": {
                    "field": "mine",
                    "scale": {"domain": [False, True], "range": ["circle", "diamond"]},
                    "legend": None,
                },
            },
        },
        {
            "mark": {"type": "text", "color": QUIET, "align": "left", "dx": 4},
            "encoding": {"y": y_axis, "x": {"value": 0}, "text": {"field": "note"}},
        },
    ]
    return _spec(values, layers, 640, {"step": 21})


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a funnel: share in percent and the least number behind it; named if it lies apart or is one's own."""

    name: str
    value: float
    n: int
    apart: bool = False
    mine: bool = False


def funnel(
    places: Sequence[Place],
    centre: float,
    limits: Sequence[tuple[int, float, float]],
    words: tuple[str, str],
    percent_sign: str,
) -> dict[str, Any]:
    """Shares against how many stand behind them, with what chance gives (n, low, high). `words`: axis and centre."""
    values: Values = [
        {
            "n": place.n,
            "v": place.value,
            "name": place.name if place.apart or place.mine else "",
            "kind": "apart" if place.apart else "mine" if place.mine else "usual",
        }
        for place in places
    ]
    bounds: Values = [{"n": size, "low": low, "high": high} for size, low, high in limits]
    smallest, largest = limits[0][0], max(limits[-1][0], *(place.n for place in places))
    scale = {"type": "log", "domain": [smallest, largest], "nice": False}
    ticks = [tick for tick in (10, 30, 100, 300, 1000, 3000, 10_000) if smallest <= tick <= largest]
    x_axis = {"field": "n", "type": "quantitative", "scale": scale}
    x_axis["axis"] = {"title": words[0], "values": ticks, "grid": False, "format": "d"}
    y_axis = {"type": "quantitative", "scale": {"domain": [0, 100]}}
    y_axis["axis"] = {"title": None, "tickCount": 5, "labelExpr": _unit(percent_sign)}
    late = smallest * (largest / smallest) ** 0.7
    label = [{"n": smallest, "v": centre, "label": words[1]}]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": bounds},
            "mark": {"type": "area", "color": BAND, "line": {"color": QUIET, "strokeDash": [5, 4], "strokeWidth": 1}},
            "encoding": {"x": x_axis, "y": {"field": "low", **y_axis}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": label},
            "mark": {"type": "rule", "color": QUIET},
            "encoding": {"y": {"field": "v", **y_axis}},
        },
        _text(label, "label", QUIET, {"x": x_axis, "y": {"field": "v", **y_axis}}, "left", 4, -8),
    ]
    for kind, shape, colour, size in (
        ("usual", "circle", OWN, 45),
        ("mine", "square", INK, 75),
        ("apart", "diamond", MISS, 95),
    ):
        layers.append(
            {
                "transform": [{"filter": {"field": "kind", "equal": kind}}],
                "mark": {
                    "type": "point",
                    "filled": True,
                    "shape": shape,
                    "color": colour,
                    "size": size,
                    "opacity": 0.9,
                },
                "encoding": {"x": x_axis, "y": {"field": "v", **y_axis}},
            }
        )
    # Names of places that lie close to each other are put below one another.
    labelled: list[tuple[float, float]] = []
    for place in sorted((place for place in places if place.apart or place.mine), key=lambda place: -place.value):
        label_height = place.value
        while any(
            abs(label_height - other) < 6 and max(place.n, size) < 4 * min(place.n, size) for size, other in labelled
        ):
            label_height -= 6
        labelled.append((place.n, label_height))
        named = [{"n": place.n, "v": place.value, "label": place.name}]
        side = ("right", -10) if place.n > late else ("left", 10)
        drop = round((place.value - label_height) * 2.5)
        layers.append(_text(named, "label", INK, {"x": x_axis, "y": {"field": "v", **y_axis}}, side[0], side[1], drop))
    return _spec(values, layers, 780, 250)


@dataclass(frozen=True, slots=True)
class Curve:
    """A benefit: the plan's line, measured points, and what is expected at the due day, in percent of the promise."""

    start: date | None
    due: date | None
    measured: Sequence[tuple[date, float]]
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    names: tuple[str, str, str] = field(default=("", "", ""))
    """What the plan, the measurements and the forecast are called."""
    percent_sign: str = "%"


def curve(curve_data: Curve) -> dict[str, Any]:
    """Plan, outcome and forecast over time."""
    x_axis = {"field": "day", "type": "temporal", "scale": {"type": "utc"}, "axis": {"title": None, "format": "%Y-%m"}}
    y_axis = {"type": "quantitative", "scale": {"zero": True, "nice": True}}
    y_axis["axis"] = {"title": None, "labelExpr": _unit(curve_data.percent_sign), "tickCount": 5}
    layers: list[dict[str, Any]] = []
    if curve_data.start and curve_data.due and curve_data.start < curve_data.due:
        plan = [{"day": curve_data.start.isoformat(), "v": 0.0}, {"day": curve_data.due.isoformat(), "v": 100.0}]
        layers.append(
            {
                "data": {"values": plan},
                "mark": {"type": "line", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"x": x_axis, "y": {"field": "v", **y_axis}},
            }
        )
        layers.append(
            _text(
                [plan[1] | {"label": curve_data.names[0]}],
                "label",
                AIM,
                {"x": x_axis, "y": {"field": "v", **y_axis}},
                "right",
                -4,
                -9,
            )
        )
    measured: Values = [{"day": day.isoformat(), "v": value} for day, value in curve_data.measured]
    if measured:
        layers.append(
            {
                "data": {"values": measured},
                "mark": {
                    "type": "line",
                    "color": OWN,
                    "strokeWidth": 2.5,
                    "point": {"filled": True, "color": OWN, "size": 22},
                },
                "encoding": {"x": x_axis, "y": {"field": "v", **y_axis}},
            }
        )
        layers.append(
            _text(
                [measured[-1] | {"label": curve_data.names[1]}],
                "label",
                OWN,
                {"x": x_axis, "y": {"field": "v", **y_axis}},
                "right",
                -6,
                14,
                bold=True,
            )
        )
    if curve_data.expected is not None and curve_data.due:
        ahead: Values = [
            {
                "day": curve_data.due.isoformat(),
                "v": curve_data.expected,
                "low": curve_data.low,
                "high": curve_data.high,
                "label": curve_data.names[2],
            }
        ]
        layers.append(
            {
                "data": {"values": ahead},
                "mark": {"type": "rule", "color": MISS, "strokeWidth": 6, "opacity": 0.4},
                "encoding": {"x": x_axis, "y": {"field": "low", **y_axis}, "y2": {"field": "high"}},
            }
        )
        layers.append(
            {
                "data": {"values": ahead},
                "mark": {"type": "point", "shape": "diamond", "filled": True, "color": MISS, "size": 80, "opacity": 1},
                "encoding": {"x": x_axis, "y": {"field": "v", **y_axis}},
            }
        )
        layers.append(
            _text(ahead, "label", MISS, {"x": x_axis, "y": {"field": "v", **y_axis}}, "left", 8, 4, bold=True)
        )
    return _spec([], layers, 860, 250)


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a whole over time: its name, its values (None where none is shown), and how it is told apart."""

    name: str
    values: Sequence[float | None]
    role: str


_LINES: Final = {"gained": (OWN, 2.5, [1, 0]), "lost": (AIM, 2.5, [7, 3]), "other": (QUIET, 1.2, [1, 0])}
"""Colour, width and dash by role: what gained most, what lost most, all others."""


def shares(
    weeks: Sequence[date],
    lines: Sequence[Line],
    events: Sequence[tuple[date, str]],
    week_letter: str,
    percent_sign: str,
) -> dict[str, Any]:
    """Parts of a whole over the weeks, each named at its end, and what happened when."""
    x_axis = {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": _weeks(weeks, week_letter)}
    most = max((value for line in lines for value in line.values if value is not None), default=100.0)
    scale = {"domain": [0, min(100, 10 * (int(most) // 10 + 1))]}
    y_axis = {
        "type": "quantitative",
        "scale": scale,
        "axis": {"title": None, "tickCount": 5, "labelExpr": _unit(percent_sign)},
    }
    layers = _events(events, weeks[0], weeks[-1], x_axis)
    line_ends: Values = []
    for line in lines:
        colour, width, dash = _LINES[line.role]
        values = [
            {"week": monday.isoformat(), "v": value}
            for monday, value in zip(weeks, line.values, strict=True)
            if value is not None
        ]
        if not values:
            continue
        mark = {"type": "line", "color": colour, "strokeWidth": width, "strokeDash": dash}
        layers.append(
            {"data": {"values": values}, "mark": mark, "encoding": {"x": x_axis, "y": {"field": "v", **y_axis}}}
        )
        line_ends.append({"week": weeks[-1].isoformat(), "v": values[-1]["v"], "label": line.name, "colour": colour})
    apart = scale["domain"][1] / 18
    placed = float("inf")
    for end in sorted(line_ends, key=lambda end: -end["v"]):
        placed = min(end["v"], placed - apart)
        named = [end | {"v": placed}]
        layers.append(
            _text(named, "label", end["colour"], {"x": x_axis, "y": {"field": "v", **y_axis}}, align="left", dx=7)
        )
    return _spec([], layers, 860, 280)


def split(rows: Sequence[tuple[str, float, float, str]], names: tuple[str, str], unit: str) -> dict[str, Any]:
    """What is missing per place: for want of use (plain), and although it is used (outlined), with a label each."""
    values: Values = []
    for name, use_hours, effect, _ in rows:
        values.append({"name": name, "from": 0.0, "to": use_hours, "part": names[0]})
        values.append({"name": name, "from": use_hours, "to": use_hours + effect, "part": names[1]})
    y_axis = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": [row[0] for row in rows]},
        "axis": {"title": None, "labelLimit": 230, "labelColor": INK, "domain": False, "ticks": False},
    }
    axis = {"title": None, "tickCount": 5, "labelExpr": _unit(unit)}
    x_axis = {"field": "from", "type": "quantitative", "axis": axis}
    bar_ends = [
        {"name": name, "to": use_hours + effect_hours, "label": f"{label}{unit}"}
        for name, use_hours, effect_hours, label in rows
    ]

    def bars(part: str, fill: str) -> dict[str, Any]:
        return {
            "transform": [{"filter": {"field": "part", "equal": part}}],
            "mark": {"type": "bar", "color": fill, "stroke": MISS, "strokeWidth": 1.2, "height": 12},
            "encoding": {"y": y_axis, "x": x_axis, "x2": {"field": "to"}},
        }

    layers = [
        bars(names[0], MISS),
        bars(names[1], "var(--paper)"),
        _text(bar_ends, "label", INK, {"y": y_axis, "x": {"field": "to", "type": "quantitative"}}, "left", 6, 0),
    ]
    return _spec(values, layers, 620, {"step": 24})


def quadrant(points: Sequence[tuple[str, float, float]], words: tuple[str, str, str, str, str, str]) -> dict[str, Any]:
    """Places by two scores of 0 to 100; `words` name the axes (across, up) and the corners from lower left on."""
    across, upward, *corners = words
    values = [{"x": x, "y": y} for _, x, y in points]
    named = _apart([(name, x, y) for name, x, y in points if min(x, y) < _NAMED])
    scale = {"domain": [0, 100]}
    x_axis = {"field": "x", "type": "quantitative", "scale": scale, "axis": {"title": across, "tickCount": 4}}
    y_axis = {"field": "y", "type": "quantitative", "scale": scale, "axis": {"title": upward, "tickCount": 4}}
    places = ((2, 3, "left"), (98, 3, "right"), (2, 97, "left"), (98, 97, "right"))
    layers: list[dict[str, Any]] = [
        {"data": {"values": [{"x": 50}]}, "mark": {"type": "rule", "color": LINE}, "encoding": {"x": x_axis}},
        {"data": {"values": [{"y": 50}]}, "mark": {"type": "rule", "color": LINE}, "encoding": {"y": y_axis}},
        *(
            _text([{"x": px, "y": py, "label": corner}], "label", QUIET, {"x": x_axis, "y": y_axis}, side)
            for (px, py, side), corner in zip(places, corners, strict=True)
        ),
        {
            "mark": {"type": "point", "filled": True, "color": OWN, "size": 50, "opacity": 1},
            "encoding": {"x": x_axis, "y": y_axis},
        },
        _text(named, "label", INK, {"x": x_axis, "y": y_axis}, "left", 6),
    ]
    return _spec(values, layers, 620, 340)


def _apart(points: Sequence[tuple[str, float, float]]) -> Values:
    """Names beside points of 0 to 100 by 0 to 100; of two that would stand on each other the lower is a line down."""
    placed: Values = []
    for name, x, y in sorted(points, key=lambda point: -point[2]):
        lowest = min((other["y"] for other in placed if abs(other["x"] - x) < 30), default=105.0)
        placed.append({"label": name, "x": x, "y": min(y, lowest - 5)})
    return placed


def _text(
    values: Values,
    name: str,
    colour: str,
    encoding: dict[str, Any],
    align: str = "left",
    dx: int = 0,
    dy: int = 0,
    *,
    bold: bool = False,
) -> dict[str, Any]:
    mark = {"type": "text", "color": colour, "align": align, "dx": dx, "dy": dy, "baseline": "middle", "limit": 220}
    if bold:
        mark["fontWeight"] = "bold"
    return {"data": {"values": values}, "mark": mark, "encoding": {**encoding, "text": {"field": name}}}


def _weeks(weeks: Sequence[date], week_letter: str) -> dict[str, Any]:
    week_step = max(1, -(-len(weeks) // 9))
    ticks = [
        datetime(monday.year, monday.month, monday.day, tzinfo=UTC).timestamp() * 1000 for monday in weeks[::-week_step]
    ]
    label = f"'{week_letter} ' + utcFormat(datum.value, '%-V')"
    return {"title": None, "values": ticks, "labelExpr": label, "grid": False}


def _unit(unit: str) -> str:
    """Numbers of an axis with their unit, which bears its gap; a share's is set as its language sets it."""
    return f"datum.label + '{unit}'" if unit else "datum.label"


def _spec(values: Values, layers: list[dict[str, Any]], width: int, height: int | dict[str, int]) -> dict[str, Any]:
    spec = {"$schema": _SCHEMA, "width": width, "height": height, "layer": layers, "config": _CONFIG}
    return spec | {"data": {"values": values}}
