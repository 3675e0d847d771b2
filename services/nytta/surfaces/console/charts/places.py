"""Charts of places beside each other: with their intervals, in a funnel, by what they lack, by two scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from nytta.surfaces.console.charts.grammar import (
    AIM,
    BAND,
    INK,
    LINE,
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
    names_axis,
    spec,
    text,
)

_NAMED: Final = 75
"""Places that score at least this on both sides crowd in a corner and are named in the table alone."""


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
    dot_rows: Sequence[Dot],
    *,
    middle: float | None = None,
    middle_name: str = "",
    unit: str = "",
    percent: bool = True,
) -> dict[str, Any]:
    """Places in their own order, each with its interval; a line where the whole stands."""
    name_axis, amount = (
        names_axis([dot_row.name for dot_row in dot_rows]),
        amounts(unit, percent=percent),
    )
    layers: list[Layer] = []
    if middle is not None:
        # above the first place, where no dot can lie under the name
        labels = [{"middle": middle, "label": middle_name}]
        across = {"field": "middle", **amount}
        named = {"x": across, "text": {"field": "label"}}
        layers.append(
            layer("rule", {"x": across}, labels, color=AIM, strokeDash=TARGET_DASH, strokeWidth=1.5)
        )
        layers.append(layer("text", named, labels, color=AIM, align="left", dx=5, y=-7))
    interval = {"y": name_axis, "x": {"field": "low", **amount}, "x2": {"field": "high"}}
    layers.append(layer("rule", interval, color=OWN, strokeWidth=6, opacity=0.25))
    # told apart by shape, for whoever sees no colours
    shapes = {"domain": [False, True], "range": ["circle", "diamond"]}
    encoding = {
        "y": name_axis,
        "x": {"field": "value", **amount},
        "shape": {"field": "mine", "scale": shapes, "legend": None},
    }
    layers.append(layer("point", encoding, filled=True, color=OWN, size=60, opacity=1))
    note = {"y": name_axis, "x": {"value": 0}, "text": {"field": "note"}}
    layers.append(layer("text", note, color=QUIET, align="left", dx=4))
    return spec([asdict(dot_row) for dot_row in dot_rows], layers, 640, {"step": 21})


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a funnel: share in percent and the least number behind it.

    Where it lies apart or is one's own it is marked, and `named` if there is room.
    """

    name: str
    value: float
    n: int
    apart: bool = False
    mine: bool = False
    named: bool = True

    @property
    def kind(self) -> str:
        """How it is drawn: that one's own place lies apart says more than that it is one's own."""
        if self.apart:
            return "apart"
        return "mine" if self.mine else "usual"


class _Look(NamedTuple):
    shape: str
    colour: str
    size: int


_LOOKS: Final = {
    "usual": _Look("circle", OWN, 45),
    "mine": _Look("square", INK, 75),
    "apart": _Look("diamond", MISS, 95),
}
"""How places of a funnel are drawn, the usual ones first, under the others."""


def funnel(
    places: Sequence[Place],
    centre: float,
    limits: Sequence[tuple[int, float, float]],
    axis_words: tuple[str, str],
    percent_sign: str,
) -> dict[str, Any]:
    """Shares against how many stand behind them, with what chance gives (n, low, high).

    `axis_words` name the axis and the centre.
    """
    axis_name, centre_name = axis_words
    smallest, largest = limits[0][0], max(limits[-1][0], *(place.n for place in places))
    # numbers differ by powers of ten
    size_axis: Channel = {
        "field": "n",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [smallest, largest], "nice": False},
        "axis": {
            "title": axis_name,
            "values": _ticks(smallest, largest),
            "grid": False,
            "format": "d",
        },
    }
    share = amounts(percent_sign, percent=True)
    encoding = {"x": size_axis, "y": {"field": "v", **share}}
    bounds: Values = [{"n": number, "low": low, "high": high} for number, low, high in limits]
    band = {"x": size_axis, "y": {"field": "low", **share}, "y2": {"field": "high"}}
    edge = {"color": QUIET, "strokeDash": [5, 4], "strokeWidth": 1}
    label: Values = [{"n": smallest, "v": centre, "label": centre_name}]
    layers = [
        layer("area", band, bounds, color=BAND, line=edge),
        layer("rule", {"y": encoding["y"]}, label, color=QUIET),
        text(label, QUIET, encoding, "left", 4, -8),
    ]
    for kind, look in _LOOKS.items():
        points = layer(
            "point",
            encoding,
            filled=True,
            shape=look.shape,
            color=look.colour,
            size=look.size,
            opacity=0.9,
        )
        layers.append({"transform": [{"filter": {"field": "kind", "equal": kind}}], **points})
    named = [place for place in places if place.kind != "usual" and place.named]
    # where numbers grow to the right, names of the last third stand to the left, where there is room
    turning = smallest * (largest / smallest) ** 0.7
    layers += _names(named, turning, encoding)
    values: Values = [
        {
            "n": shown.n,
            "v": shown.value,
            "name": "" if shown.kind == "usual" else shown.name,
            "kind": shown.kind,
        }
        for shown in places
    ]
    return spec(values, layers, 780, 250)


def _ticks(smallest: int, largest: int) -> list[int]:
    return [tick for tick in (10, 30, 100, 300, 1000, 3000, 10_000) if smallest <= tick <= largest]


def _names(
    places: Iterable[Place], turning: float, encoding: dict[str, Channel]
) -> Iterable[Layer]:
    """Names beside points; those of places that lie close to each other are put below one another."""
    labelled: list[tuple[int, float]] = []
    for place in sorted(places, key=lambda place: -place.value):
        height = place.value
        while any(_covers(place.n, height, *other) for other in labelled):
            height -= _NAME_HEIGHT
        labelled.append((place.n, height))
        values = [{"n": place.n, "v": place.value, "label": place.name}]
        align, shift = ("right", -10) if place.n > turning else ("left", 10)
        drop = round((place.value - height) * 2.5)
        yield text(values, INK, encoding, align, shift, drop)


_NAME_HEIGHT: Final = 6
"""Percent that a name takes of the height."""


def _covers(number: int, height: float, other_number: int, other_height: float) -> bool:
    is_beside = max(number, other_number) < 4 * min(number, other_number)
    return is_beside and abs(height - other_height) < _NAME_HEIGHT


def split(
    part_rows: Sequence[tuple[str, float, float, str]], names: tuple[str, str], unit: str
) -> dict[str, Any]:
    """What is missing per place: for want of use (plain), and although it is used (outlined), with a label each."""
    use_name, effect_name = names
    values: Values = []
    ends: Values = []
    for row_name, use_hours, effect_hours, label in part_rows:
        hours = use_hours + effect_hours
        values.append({"name": row_name, "from": 0.0, "to": use_hours, "part": use_name})
        values.append({"name": row_name, "from": use_hours, "to": hours, "part": effect_name})
        ends.append({"name": row_name, "to": hours, "label": f"{label}{unit}"})
    name_axis = names_axis([row_name for row_name, *_ in part_rows])
    amount = {"field": "from", "type": "quantitative", "axis": figure_axis(unit)}

    def bars(part: str, fill: str) -> Layer:
        extent = {"y": name_axis, "x": amount, "x2": {"field": "to"}}
        drawn = layer("bar", extent, color=fill, stroke=MISS, strokeWidth=1.2, height=12)
        return {"transform": [{"filter": {"field": "part", "equal": part}}], **drawn}

    # without a scale of its own the label takes that of the bars
    bar_end = {"y": name_axis, "x": {"field": "to", "type": "quantitative"}}
    layers = [
        bars(use_name, MISS),
        bars(effect_name, "var(--paper)"),
        text(ends, INK, bar_end, "left", 6, 0),
    ]
    return spec(values, layers, 620, {"step": 24})


_CORNERS: Final = ((2, 3, "left"), (98, 3, "right"), (2, 97, "left"), (98, 97, "right"))
"""Where the names of the corners stand, from lower left on."""


def quadrant(
    points: Sequence[tuple[str, float, float]], words: tuple[str, str, str, str, str, str]
) -> dict[str, Any]:
    """Places by two scores of 0 to 100; `words` name the axes (across, up) and the corners from lower left on."""
    across_name, upward_name, *corner_names = words
    encoding = {"x": _score("x", across_name), "y": _score("y", upward_name)}
    corners: list[Layer] = []
    for (across, upward, align), name in zip(_CORNERS, corner_names, strict=True):
        corners.append(text([{"x": across, "y": upward, "label": name}], QUIET, encoding, align))
    named = _apart(
        [(name, across, upward) for name, across, upward in points if min(across, upward) < _NAMED]
    )
    layers = [
        layer("rule", {"x": encoding["x"]}, [{"x": 50}], color=LINE),
        layer("rule", {"y": encoding["y"]}, [{"y": 50}], color=LINE),
        *corners,
        layer("point", encoding, filled=True, color=OWN, size=50, opacity=1),
        text(named, INK, encoding, "left", 6),
    ]
    values = [{"x": across, "y": upward} for _name, across, upward in points]
    return spec(values, layers, 620, 340)


def _score(channel: str, title: str) -> Channel:
    axis = {"title": title, "tickCount": 4}
    return {"field": channel, "type": "quantitative", "scale": {"domain": [0, 100]}, "axis": axis}


def _apart(points: Sequence[tuple[str, float, float]]) -> Values:
    """Names beside points of 0 to 100 by 0 to 100; of two that would stand on each other the lower is a line down."""
    placed_labels: Values = []
    for name, across, upward in sorted(points, key=lambda point: -point[2]):
        lowest = min(
            (other["y"] for other in placed_labels if abs(other["x"] - across) < 30), default=105.0
        )
        placed_labels.append({"label": name, "x": across, "y": min(upward, lowest - 5)})
    return placed_labels
