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
    unit: str = "%"
    week_letter: str = "v"
    percent: bool = True


def trend(t: Trend, *, width: int = 860, height: int = 250) -> dict[str, Any]:
    """Weeks of one unit with the band of comparable ones, the target, and what happened when."""
    rows = [
        {
            "week": p.week.isoformat(),
            **{n: getattr(p, n) for n in ("value", "low", "high", "peer", "peer_low", "peer_high")},
        }
        for p in t.points
    ]
    scale = {"domain": [0, 100]} if t.percent else {"zero": True, "nice": True}
    x = {
        "field": "week",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": _weeks([p.week for p in t.points], t.week_letter),
    }
    y = {"type": "quantitative", "scale": scale, "axis": {"title": None, "tickCount": 5, "labelExpr": _unit(t.unit)}}
    layers: list[dict[str, Any]] = []
    if any(p.peer_low is not None for p in t.points):
        layers.append(
            {
                "mark": {"type": "area", "color": BAND},
                "encoding": {"x": x, "y": {"field": "peer_low", **y}, "y2": {"field": "peer_high"}},
            }
        )
    if any(p.peer is not None for p in t.points):
        layers.append(
            {
                "mark": {"type": "line", "color": QUIET, "strokeWidth": 1.5, "strokeDash": [5, 4]},
                "encoding": {"x": x, "y": {"field": "peer", **y}},
            }
        )
    layers.append(
        {
            "mark": {"type": "rule", "color": OWN, "strokeWidth": 1, "opacity": 0.35},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
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
            "encoding": {"x": x, "y": {"field": "value", **y}},
        }
    )
    layers += _labels(t, x, y)
    return _spec(rows, layers, width, height)


def _labels(t: Trend, x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    first, last = t.points[0].week, t.points[-1].week
    if t.aim is not None:
        at = [{"week": first.isoformat(), "aim": t.aim, "label": t.aim_name}]
        layers.append(
            {
                "data": {"values": at},
                "mark": {"type": "rule", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"y": {"field": "aim", **y}},
            }
        )
        layers.append(_text(at, "label", AIM, {"x": x, "y": {"field": "aim", **y}}, align="left", dy=-7, dx=2))
    layers += _events(t.events, first, last, x)
    if t.since is not None and first <= t.since <= last:
        mark = [{"week": t.since.isoformat(), "label": t.since_name}]
        layers.append(
            {"data": {"values": mark}, "mark": {"type": "rule", "color": MISS, "strokeWidth": 2}, "encoding": {"x": x}}
        )
        late = (t.since - first).days > (last - first).days * 0.65
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
                "encoding": {"x": x, "text": {"field": "label"}},
            }
        )
    ends: list[tuple[float, str, str]] = []
    for name, label, colour in (("value", t.own, OWN), ("peer", t.peers, QUIET)):
        seen = [p for p in t.points if getattr(p, name) is not None]
        if seen and label:
            ends.append((getattr(seen[-1], name), label, colour))
    least = 9.0 if t.percent else 0.09 * max([1.0, *(p.value or 0 for p in t.points), *(p.high or 0 for p in t.points)])
    apart = len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < least
    for n, (value, label, colour) in enumerate(ends):
        shift = 0 if not apart else (-8 if (value >= ends[1 - n][0]) == (n == 0 or value != ends[1 - n][0]) else 8)
        at = [{"week": last.isoformat(), "v": value, "label": label}]
        layers.append(
            _text(at, "label", colour, {"x": x, "y": {"field": "v", **y}}, align="left", dx=7, dy=shift, bold=n == 0)
        )
    return layers


def _events(events: Sequence[tuple[date, str]], first: date, last: date, x: dict[str, Any]) -> list[dict[str, Any]]:
    """Dated events as rules with their names."""
    layers: list[dict[str, Any]] = []
    seen = [(d, name) for d, name in events if first <= d <= last]
    for place, (day, name) in enumerate(sorted(seen)):
        mark = [{"week": day.isoformat(), "label": name}]
        layers.append(
            {
                "data": {"values": mark},
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1, "strokeDash": [2, 2]},
                "encoding": {"x": x},
            }
        )
        late = (day - first).days > (last - first).days * 0.65
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
                "encoding": {"x": x, "text": {"field": "label"}},
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
    rows: Sequence[Dot], *, middle: float | None = None, middle_name: str = "", unit: str = "%", percent: bool = True
) -> dict[str, Any]:
    """Places in their own order, each with its interval; a line where the whole stands."""
    names = [row.name for row in rows]
    values = [
        {"name": r.name, "value": r.value, "low": r.low, "high": r.high, "note": r.note, "mine": r.mine} for r in rows
    ]
    scale = {"domain": [0, 100]} if percent else {"zero": True, "nice": True}
    y = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": names},
        "axis": {"title": None, "labelLimit": 230, "labelColor": INK, "domain": False, "ticks": False},
    }
    x = {"type": "quantitative", "scale": scale, "axis": {"title": None, "tickCount": 5, "labelExpr": _unit(unit)}}
    layers: list[dict[str, Any]] = []
    if middle is not None:
        at = [{"middle": middle, "label": middle_name}]
        layers.append(
            {
                "data": {"values": at},
                "mark": {"type": "rule", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"x": {"field": "middle", **x}},
            }
        )
        text = {"type": "text", "color": AIM, "align": "left", "dx": 5, "y": -7}
        layers.append(
            {
                "data": {"values": at},
                "mark": text,
                "encoding": {"x": {"field": "middle", **x}, "text": {"field": "label"}},
            }
        )
    layers += [
        {
            "mark": {"type": "rule", "color": OWN, "strokeWidth": 6, "opacity": 0.25},
            "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "color": OWN, "size": 60, "opacity": 1},
            "encoding": {
                "y": y,
                "x": {"field": "value", **x},
                "shape": {
                    "field": "mine",
                    "scale": {"domain": [False, True], "range": ["circle", "diamond"]},
                    "legend": None,
                },
            },
        },
        {
            "mark": {"type": "text", "color": QUIET, "align": "left", "dx": 4},
            "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "note"}},
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
    places: Sequence[Place], centre: float, limits: Sequence[tuple[int, float, float]], words: tuple[str, str]
) -> dict[str, Any]:
    """Shares against how many stand behind them, with what chance gives (n, low, high). `words`: axis and centre."""
    values: Values = [
        {
            "n": p.n,
            "v": p.value,
            "name": p.name if p.apart or p.mine else "",
            "kind": "apart" if p.apart else "mine" if p.mine else "usual",
        }
        for p in places
    ]
    bounds: Values = [{"n": n, "low": low, "high": high} for n, low, high in limits]
    first, last = limits[0][0], max(limits[-1][0], *(p.n for p in places))
    scale = {"type": "log", "domain": [first, last], "nice": False}
    ticks = [t for t in (10, 30, 100, 300, 1000, 3000, 10_000) if first <= t <= last]
    x = {"field": "n", "type": "quantitative", "scale": scale}
    x["axis"] = {"title": words[0], "values": ticks, "grid": False, "format": "d"}
    y = {"type": "quantitative", "scale": {"domain": [0, 100]}}
    y["axis"] = {"title": None, "tickCount": 5, "labelExpr": _unit("%")}
    late = first * (last / first) ** 0.7
    label = [{"n": first, "v": centre, "label": words[1]}]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": bounds},
            "mark": {"type": "area", "color": BAND, "line": {"color": QUIET, "strokeDash": [5, 4], "strokeWidth": 1}},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": label},
            "mark": {"type": "rule", "color": QUIET},
            "encoding": {"y": {"field": "v", **y}},
        },
        _text(label, "label", QUIET, {"x": x, "y": {"field": "v", **y}}, "left", 4, -8),
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
                "encoding": {"x": x, "y": {"field": "v", **y}},
            }
        )
    # Names of places that lie close to each other are put below one another.
    taken: list[tuple[float, float]] = []
    for p in sorted((p for p in places if p.apart or p.mine), key=lambda p: -p.value):
        at = p.value
        while any(abs(at - other) < 6 and max(p.n, n) < 4 * min(p.n, n) for n, other in taken):
            at -= 6
        taken.append((p.n, at))
        named = [{"n": p.n, "v": p.value, "label": p.name}]
        side = ("right", -10) if p.n > late else ("left", 10)
        drop = round((p.value - at) * 2.5)
        layers.append(_text(named, "label", INK, {"x": x, "y": {"field": "v", **y}}, side[0], side[1], drop))
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


def curve(c: Curve) -> dict[str, Any]:
    """Plan, outcome and forecast over time."""
    x = {"field": "day", "type": "temporal", "scale": {"type": "utc"}, "axis": {"title": None, "format": "%Y-%m"}}
    y = {"type": "quantitative", "scale": {"zero": True, "nice": True}}
    y["axis"] = {"title": None, "labelExpr": _unit("%"), "tickCount": 5}
    layers: list[dict[str, Any]] = []
    if c.start and c.due and c.start < c.due:
        plan = [{"day": c.start.isoformat(), "v": 0.0}, {"day": c.due.isoformat(), "v": 100.0}]
        layers.append(
            {
                "data": {"values": plan},
                "mark": {"type": "line", "color": AIM, "strokeDash": [9, 3], "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {"field": "v", **y}},
            }
        )
        layers.append(
            _text([plan[1] | {"label": c.names[0]}], "label", AIM, {"x": x, "y": {"field": "v", **y}}, "right", -4, -9)
        )
    measured: Values = [{"day": day.isoformat(), "v": value} for day, value in c.measured]
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
                "encoding": {"x": x, "y": {"field": "v", **y}},
            }
        )
        layers.append(
            _text(
                [measured[-1] | {"label": c.names[1]}],
                "label",
                OWN,
                {"x": x, "y": {"field": "v", **y}},
                "right",
                -6,
                14,
                bold=True,
            )
        )
    if c.expected is not None and c.due:
        ahead: Values = [{"day": c.due.isoformat(), "v": c.expected, "low": c.low, "high": c.high, "label": c.names[2]}]
        layers.append(
            {
                "data": {"values": ahead},
                "mark": {"type": "rule", "color": MISS, "strokeWidth": 6, "opacity": 0.4},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            }
        )
        layers.append(
            {
                "data": {"values": ahead},
                "mark": {"type": "point", "shape": "diamond", "filled": True, "color": MISS, "size": 80, "opacity": 1},
                "encoding": {"x": x, "y": {"field": "v", **y}},
            }
        )
        layers.append(_text(ahead, "label", MISS, {"x": x, "y": {"field": "v", **y}}, "left", 8, 4, bold=True))
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
    weeks: Sequence[date], lines: Sequence[Line], events: Sequence[tuple[date, str]], week_letter: str
) -> dict[str, Any]:
    """Parts of a whole over the weeks, each named at its end, and what happened when."""
    x = {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": _weeks(weeks, week_letter)}
    most = max((v for line in lines for v in line.values if v is not None), default=100.0)
    scale = {"domain": [0, min(100, 10 * (int(most) // 10 + 1))]}
    y = {"type": "quantitative", "scale": scale, "axis": {"title": None, "tickCount": 5, "labelExpr": _unit("%")}}
    layers = _events(events, weeks[0], weeks[-1], x)
    ends: Values = []
    for line in lines:
        colour, width, dash = _LINES[line.role]
        values = [{"week": w.isoformat(), "v": v} for w, v in zip(weeks, line.values, strict=True) if v is not None]
        if not values:
            continue
        mark = {"type": "line", "color": colour, "strokeWidth": width, "strokeDash": dash}
        layers.append({"data": {"values": values}, "mark": mark, "encoding": {"x": x, "y": {"field": "v", **y}}})
        ends.append({"week": weeks[-1].isoformat(), "v": values[-1]["v"], "label": line.name, "colour": colour})
    apart = scale["domain"][1] / 18
    placed = float("inf")
    for end in sorted(ends, key=lambda end: -end["v"]):
        placed = min(end["v"], placed - apart)
        named = [end | {"v": placed}]
        layers.append(_text(named, "label", end["colour"], {"x": x, "y": {"field": "v", **y}}, align="left", dx=7))
    return _spec([], layers, 860, 280)


def split(rows: Sequence[tuple[str, float, float]], names: tuple[str, str], unit: str) -> dict[str, Any]:
    """What is missing per place: for want of use (plain), and although it is used (outlined)."""
    values: Values = []
    for name, use, effect in rows:
        values.append({"name": name, "from": 0.0, "to": use, "part": names[0]})
        values.append({"name": name, "from": use, "to": use + effect, "part": names[1]})
    y = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": [r[0] for r in rows]},
        "axis": {"title": None, "labelLimit": 230, "labelColor": INK, "domain": False, "ticks": False},
    }
    axis = {"title": None, "tickCount": 5, "labelExpr": _unit(unit)}
    x = {"field": "from", "type": "quantitative", "axis": axis}
    ends = [{"name": n, "to": u + e, "label": f"{u + e:.0f}{unit}"} for n, u, e in rows]

    def bars(part: str, fill: str) -> dict[str, Any]:
        return {
            "transform": [{"filter": {"field": "part", "equal": part}}],
            "mark": {"type": "bar", "color": fill, "stroke": MISS, "strokeWidth": 1.2, "height": 12},
            "encoding": {"y": y, "x": x, "x2": {"field": "to"}},
        }

    layers = [
        bars(names[0], MISS),
        bars(names[1], "var(--paper)"),
        _text(ends, "label", INK, {"y": y, "x": {"field": "to", "type": "quantitative"}}, "left", 6, 0),
    ]
    return _spec(values, layers, 620, {"step": 24})


def quadrant(points: Sequence[tuple[str, float, float]], words: tuple[str, str, str, str, str, str]) -> dict[str, Any]:
    """Places by two scores of 0 to 100; `words` name the axes (across, up) and the corners from lower left on."""
    across, up, *corners = words
    values = [{"x": x, "y": y} for _, x, y in points]
    named = _apart([(name, x, y) for name, x, y in points if min(x, y) < _NAMED])
    scale = {"domain": [0, 100]}
    x = {"field": "x", "type": "quantitative", "scale": scale, "axis": {"title": across, "tickCount": 4}}
    y = {"field": "y", "type": "quantitative", "scale": scale, "axis": {"title": up, "tickCount": 4}}
    places = ((2, 3, "left"), (98, 3, "right"), (2, 97, "left"), (98, 97, "right"))
    layers: list[dict[str, Any]] = [
        {"data": {"values": [{"x": 50}]}, "mark": {"type": "rule", "color": LINE}, "encoding": {"x": x}},
        {"data": {"values": [{"y": 50}]}, "mark": {"type": "rule", "color": LINE}, "encoding": {"y": y}},
        *(
            _text([{"x": px, "y": py, "label": corner}], "label", QUIET, {"x": x, "y": y}, side)
            for (px, py, side), corner in zip(places, corners, strict=True)
        ),
        {
            "mark": {"type": "point", "filled": True, "color": OWN, "size": 50, "opacity": 1},
            "encoding": {"x": x, "y": y},
        },
        _text(named, "label", INK, {"x": x, "y": y}, "left", 6),
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
    every = max(1, -(-len(weeks) // 9))
    ticks = [datetime(w.year, w.month, w.day, tzinfo=UTC).timestamp() * 1000 for w in weeks[::-every]]
    label = f"'{week_letter} ' + utcFormat(datum.value, '%-V')"
    return {"title": None, "values": ticks, "labelExpr": label, "grid": False}


def _unit(unit: str) -> str:
    return f"datum.label + '\u00a0{unit}'" if unit else "datum.label"


def _spec(values: Values, layers: list[dict[str, Any]], width: int, height: int | dict[str, int]) -> dict[str, Any]:
    spec = {"$schema": _SCHEMA, "width": width, "height": height, "layer": layers, "config": _CONFIG}
    return spec | {"data": {"values": values}}
