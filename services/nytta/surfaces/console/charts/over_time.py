"""Charts over time: one unit against others and its target, parts of a whole, a benefit on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from nytta.surfaces.console.charts.grammar import (
    AIM,
    BAND,
    INK,
    MISS,
    OWN,
    QUIET,
    TARGET_DASH,
    Channel,
    Layer,
    Values,
    amounts,
    figure_axis,
    layer,
    spec,
    text,
    weeks_axis,
)

_LATE: Final = 0.65
"""The part of the width from which on a name stands to the left of its place, where there is room."""
_LEVELS: Final = 3
"""Heights on which the names of events stand in turn, so that neighbours do not cover each other."""


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

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that is drawn."""
        return self.points[0].week, self.points[-1].week


def trend(trend_data: Trend, *, width: int = 860, height: int = 250) -> dict[str, Any]:
    """Weeks of one unit with the band of comparable ones, the target, and what happened when."""
    points = trend_data.points
    values = [asdict(point) | {"week": point.week.isoformat()} for point in points]
    week = weeks_axis([point.week for point in points], trend_data.week_letter)
    amount = amounts(trend_data.unit, percent=trend_data.percent)
    # what comes later is drawn over what came before: peers lie behind the unit
    layers: list[Layer] = []
    if any(point.peer_low is not None for point in points):
        band = {"x": week, "y": {"field": "peer_low", **amount}, "y2": {"field": "peer_high"}}
        layers.append(layer("area", band, color=BAND))
    if any(point.peer is not None for point in points):
        middle = {"x": week, "y": {"field": "peer", **amount}}
        layers.append(layer("line", middle, color=QUIET, strokeWidth=1.5, strokeDash=[5, 4]))
    interval = {"x": week, "y": {"field": "low", **amount}, "y2": {"field": "high"}}
    layers.append(layer("rule", interval, color=OWN, strokeWidth=1, opacity=0.35))
    dots = {"filled": True, "color": OWN, "size": 14}
    layers.append(
        layer(
            "line",
            {"x": week, "y": {"field": "value", **amount}},
            color=OWN,
            strokeWidth=2.5,
            point=dots,
        )
    )
    layers += _target(trend_data, week, amount)
    layers += _events(trend_data.events, trend_data.days, week)
    layers += _since(trend_data, week)
    layers += _line_names(trend_data, week, amount)
    return spec(values, layers, width, height)


def _target(trend_data: Trend, week: Channel, amount: Channel) -> list[Layer]:
    if trend_data.aim is None:
        return []
    first_day, _last_day = trend_data.days
    labels = [{"week": first_day.isoformat(), "aim": trend_data.aim, "label": trend_data.aim_name}]
    height = {"field": "aim", **amount}
    return [
        layer("rule", {"y": height}, labels, color=AIM, strokeDash=TARGET_DASH, strokeWidth=1.5),
        text(labels, AIM, {"x": week, "y": height}, dx=2, dy=-7),
    ]


def _since(trend_data: Trend, week: Channel) -> list[Layer]:
    """The week since which an alert is open."""
    first_day, last_day = trend_data.days
    if trend_data.since is None or not first_day <= trend_data.since <= last_day:
        return []
    labels = [{"week": trend_data.since.isoformat(), "label": trend_data.since_name}]
    name = _name_beside(
        labels,
        trend_data.since,
        trend_data.days,
        week,
        MISS,
        gap=5,
        y={"expr": "height - 8"},
        fontWeight="bold",
    )
    return [layer("rule", {"x": week}, labels, color=MISS, strokeWidth=2), name]


def _events(
    events: Sequence[tuple[date, str]], days: tuple[date, date], week: Channel
) -> list[Layer]:
    """Dated events as rules with their names."""
    layers: list[Layer] = []
    first_day, last_day = days
    shown_events = sorted((day, name) for day, name in events if first_day <= day <= last_day)
    for number, (day, name) in enumerate(shown_events):
        labels = [{"week": day.isoformat(), "label": name}]
        layers.append(
            layer("rule", {"x": week}, labels, color=INK, strokeWidth=1, strokeDash=[2, 2])
        )
        height = 6 + 14 * (number % _LEVELS)
        layers.append(_name_beside(labels, day, days, week, INK, gap=4, y=height, limit=190))
    return layers


def _name_beside(
    labels: Values,
    day: date,
    days: tuple[date, date],
    week: Channel,
    colour: str,
    *,
    gap: int,
    **look: Any,
) -> Layer:
    """The name of a day, on the side of it where there is room."""
    first_day, last_day = days
    is_late = (day - first_day).days > (last_day - first_day).days * _LATE
    align, shift = ("right", -gap) if is_late else ("left", gap)
    return layer(
        "text",
        {"x": week, "text": {"field": "label"}},
        labels,
        color=colour,
        align=align,
        dx=shift,
        **look,
    )


class _LineEnd(NamedTuple):
    """Where a line ends, its name, and its colour."""

    value: float
    name: str
    colour: str


def _line_names(trend_data: Trend, week: Channel, amount: Channel) -> list[Layer]:
    """The names of the unit's own line and of its peers' at their ends."""
    ends: list[_LineEnd] = []
    for line_values, line_name, colour in (
        ([point.value for point in trend_data.points], trend_data.own, OWN),
        ([point.peer for point in trend_data.points], trend_data.peers, QUIET),
    ):
        shown_values = [line_value for line_value in line_values if line_value is not None]
        if shown_values and line_name:
            ends.append(_LineEnd(shown_values[-1], line_name, colour))
    _first_day, last_day = trend_data.days
    layers: list[Layer] = []
    for number, (end, shift) in enumerate(
        zip(ends, _shifts(ends, _closest(trend_data)), strict=True)
    ):
        labels = [{"week": last_day.isoformat(), "v": end.value, "label": end.name}]
        place = {"x": week, "y": {"field": "v", **amount}}
        layers.append(text(labels, end.colour, place, dx=7, dy=shift, bold=number == 0))
    return layers


def _closest(trend_data: Trend) -> float:
    """How close two lines may end before their names would cover each other."""
    if trend_data.percent:
        return 9.0
    # a name takes about a tenth of the height, whatever the axis ends at
    highest = [max(point.value or 0, point.high or 0) for point in trend_data.points]
    return 0.09 * max([1.0, *highest])


def _shifts(ends: Sequence[_LineEnd], closest: float) -> list[int]:
    """How far the names move apart, the one that ends higher up; of two at one height the first goes up."""
    is_crowded = len(ends) == 2 and abs(ends[0].value - ends[1].value) < closest
    if not is_crowded:
        return [0 for _ in ends]
    return [-8, 8] if ends[0].value >= ends[1].value else [8, -8]


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a whole over time: its name, its values (None where none is shown), and how it is told apart."""

    name: str
    values: Sequence[float | None]
    role: str


_LINES: Final = {
    "gained": (OWN, 2.5, [1, 0]),
    "lost": (AIM, 2.5, [7, 3]),
    "other": (QUIET, 1.2, [1, 0]),
}
"""Colour, width and dash by role: what gained most, what lost most, all others."""


def shares(
    weeks: Sequence[date],
    share_lines: Sequence[Line],
    events: Sequence[tuple[date, str]],
    week_letter: str,
    percent_sign: str,
) -> dict[str, Any]:
    """Parts of a whole over the weeks, each named at its end, and what happened when."""
    week = weeks_axis(weeks, week_letter)
    largest = max(
        (share for share_line in share_lines for share in share_line.values if share is not None),
        default=100.0,
    )
    # the next ten above the largest part: small parts would lie on each other on an axis to 100
    top = min(100, 10 * (int(largest) // 10 + 1))
    amount = {
        "type": "quantitative",
        "scale": {"domain": [0, top]},
        "axis": figure_axis(percent_sign),
    }
    encoding = {"x": week, "y": {"field": "v", **amount}}
    # events lie behind the lines, which cross them
    layers = _events(events, (weeks[0], weeks[-1]), week)
    ends: list[_LineEnd] = []
    for share_line in share_lines:
        colour, width, dash = _LINES[share_line.role]
        shown_shares = [
            (monday, share)
            for monday, share in zip(weeks, share_line.values, strict=True)
            if share is not None
        ]
        if not shown_shares:
            continue
        values = [{"week": monday.isoformat(), "v": share} for monday, share in shown_shares]
        layers.append(
            layer("line", encoding, values, color=colour, strokeWidth=width, strokeDash=dash)
        )
        ends.append(_LineEnd(shown_shares[-1][1], share_line.name, colour))
    height = float("inf")
    for line_end in sorted(ends, key=lambda line_end: -line_end.value):
        # names that would stand on each other are a line lower each
        height = min(line_end.value, height - top / 18)
        labels = [{"week": weeks[-1].isoformat(), "v": height, "label": line_end.name}]
        layers.append(text(labels, line_end.colour, encoding, dx=7))
    return spec([], layers, 860, 280)


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
    day = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"title": None, "format": "%Y-%m"},
    }
    amount = amounts(curve_data.percent_sign, percent=False)
    layers = [
        *_plan(curve_data, day, amount),
        *_outcome(curve_data, day, amount),
        *_forecast(curve_data, day, amount),
    ]
    return spec([], layers, 860, 250)


def _plan(curve_data: Curve, day: Channel, amount: Channel) -> list[Layer]:
    plan_start, due = curve_data.start, curve_data.due
    # a plan that ends as it begins has no line
    if plan_start is None or due is None or plan_start >= due:
        return []
    encoding = {"x": day, "y": {"field": "v", **amount}}
    plan_end = {"day": due.isoformat(), "v": 100.0}
    plan_line = [{"day": plan_start.isoformat(), "v": 0.0}, plan_end]
    return [
        layer("line", encoding, plan_line, color=AIM, strokeDash=TARGET_DASH, strokeWidth=1.5),
        text([plan_end | {"label": curve_data.names[0]}], AIM, encoding, "right", -4, -9),
    ]


def _outcome(curve_data: Curve, day: Channel, amount: Channel) -> list[Layer]:
    measured: Values = [
        {"day": measured_day.isoformat(), "v": value} for measured_day, value in curve_data.measured
    ]
    if not measured:
        return []
    encoding = {"x": day, "y": {"field": "v", **amount}}
    dots = {"filled": True, "color": OWN, "size": 22}
    return [
        layer("line", encoding, measured, color=OWN, strokeWidth=2.5, point=dots),
        text(
            [measured[-1] | {"label": curve_data.names[1]}],
            OWN,
            encoding,
            "right",
            -6,
            14,
            bold=True,
        ),
    ]


def _forecast(curve_data: Curve, day: Channel, amount: Channel) -> list[Layer]:
    if curve_data.expected is None or curve_data.due is None:
        return []
    values: Values = [
        {
            "day": curve_data.due.isoformat(),
            "v": curve_data.expected,
            "low": curve_data.low,
            "high": curve_data.high,
            "label": curve_data.names[2],
        }
    ]
    encoding = {"x": day, "y": {"field": "v", **amount}}
    interval = {"x": day, "y": {"field": "low", **amount}, "y2": {"field": "high"}}
    return [
        layer("rule", interval, values, color=MISS, strokeWidth=6, opacity=0.4),
        layer(
            "point", encoding, values, shape="diamond", filled=True, color=MISS, size=80, opacity=1
        ),
        text(values, MISS, encoding, "left", 8, 4, bold=True),
    ]
