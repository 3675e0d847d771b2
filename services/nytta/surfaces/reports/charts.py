"""Charts of a report as SVG: told apart by shape and place, never by colour alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import NamedTuple
from xml.sax.saxutils import escape

from nytta.surfaces.reports import figures

WIDTH = 660
_ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 19, 250, 88, 26, 40
_INK, _QUIET, _LINE, _NOW, _AHEAD, _MISS = (
    "#1c2430",
    "#5b6573",
    "#d5dae1",
    "#0b5cad",
    "#8fb8de",
    "#b3541e",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A benefit: where it is, and the interval of what will have come, all in percent of the promise."""

    label: str
    now: float | None
    low: float | None
    expected: float | None
    high: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Hours left lying in a place: for want of use, and although used."""

    label: str
    use: int
    effect: int
    text: str


def progress(
    benefit_rows: Sequence[Row], *, legend_words: tuple[str, str, str], font: str, language: str
) -> str:
    """Realised share of each benefit as a dot, its forecast as a bar with a tick, the promise as a line at 100 %.

    `legend_words` name the dot, the bar and the line.
    """
    dot_word, bar_word, line_word = legend_words
    height = _TOP + _ROW * len(benefit_rows) + _BOTTOM
    percent = _percent_axis(benefit_rows)
    svg_parts = [_open(height, font), *_percent_grid(percent, height, language)]
    svg_parts.append(_text(percent.at(100), _TOP - 12, line_word, "middle", _INK))
    for row_number, benefit_row in enumerate(benefit_rows):
        middle = _TOP + _ROW * row_number + _ROW / 2
        svg_parts += _progress_row(benefit_row, middle, percent)
    baseline = height - 5
    svg_parts.append(f'<circle cx="{_LEFT - 6}" cy="{baseline - 3.5}" r="4.2" fill="{_NOW}"/>')
    svg_parts.append(_text(_LEFT + 2, baseline, dot_word, "start", _QUIET))
    svg_parts.append(
        f'<rect x="{_LEFT + 148}" y="{baseline - 7.5}" width="20" height="8" fill="{_AHEAD}"/>'
    )
    svg_parts.append(_text(_LEFT + 173, baseline, bar_word, "start", _QUIET))
    return _closed(svg_parts)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Values from `least` to `most` on a stretch of the picture; what lies beyond is drawn at its end."""

    least: float
    most: float
    start: float
    length: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        visible = min(max(value, self.least), self.most)
        return self.start + self.length * (visible - self.least) / (self.most - self.least)


def _percent_axis(rows: Sequence[Row]) -> _Axis:
    """An axis that holds nought and somewhat more than the promise, and what lies beyond as far as it can be read."""
    highest = [value for row in rows for value in (row.now, row.high) if value is not None]
    lowest = [value for row in rows for value in (row.now, row.low) if value is not None]
    most = max([120.0, *highest])
    least = min([0.0, *lowest])
    # one benefit that came out ten times as large would press all others to the edge
    return _Axis(max(-50.0, least), min(200.0, most), _LEFT, WIDTH - _LEFT - _RIGHT)


def _percent_grid(percent: _Axis, height: float, language: str) -> Iterator[str]:
    """A line each 25 %, the one of the promise in ink, and a number at every second."""
    for tick in range(-50, 201, 25):
        if not percent.least <= tick <= percent.most:
            continue
        tick_position = percent.at(tick)
        colour, width = (_INK, 1.4) if tick == 100 else (_LINE, 0.8)
        yield (
            f'<line x1="{tick_position:.1f}" x2="{tick_position:.1f}" y1="{_TOP - 6}" y2="{height - _BOTTOM}" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )
        if tick % 50 == 0:
            yield _text(
                tick_position,
                height - _BOTTOM + 14,
                figures.percent(tick, language),
                "middle",
                _QUIET,
            )


def _progress_row(benefit_row: Row, middle: float, percent: _Axis) -> Iterator[str]:
    yield _label(middle + 4, benefit_row.label)
    if (
        benefit_row.low is not None
        and benefit_row.high is not None
        and benefit_row.expected is not None
    ):
        low, expected, high = map(
            percent.at, (benefit_row.low, benefit_row.expected, benefit_row.high)
        )
        # an interval of nothing is still seen
        width = max(1.5, high - low)
        yield f'<rect x="{low:.1f}" y="{middle - 4:.1f}" width="{width:.1f}" height="8" fill="{_AHEAD}"/>'
        yield (
            f'<line x1="{expected:.1f}" x2="{expected:.1f}" y1="{middle - 6:.1f}" '
            f'y2="{middle + 6:.1f}" stroke="{_INK}" stroke-width="1.4"/>'
        )
    if benefit_row.now is not None:
        now = percent.at(benefit_row.now)
        yield f'<circle cx="{now:.1f}" cy="{middle:.1f}" r="4.2" fill="{_NOW}" stroke="#fff"/>'
    yield _text(WIDTH - _RIGHT + 6, middle + 4, benefit_row.status, "start", _QUIET)


_STRIPES = (
    '<defs><pattern id="s" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="5" height="5" fill="#fff"/><rect width="2.4" height="5" fill="{_MISS}"/></pattern></defs>'
)


def missing(bars: Sequence[Bar], *, legend_words: tuple[str, str], font: str) -> str:
    """Hours left lying by place, the greatest stretch first: plain for want of use, striped although used."""
    use_word, effect_word = legend_words
    height = 22 + _ROW * len(bars) + 10
    most_hours = max([1, *(bar.use + bar.effect for bar in bars)])
    inner_width = WIDTH - _LEFT - 120
    svg_parts = [_open(height, font), _STRIPES]
    svg_parts.append(f'<rect x="{_LEFT}" y="2" width="12" height="9" fill="{_MISS}"/>')
    svg_parts.append(_text(_LEFT + 17, 11, use_word, "start", _QUIET))
    svg_parts.append(
        f'<rect x="{_LEFT + 165}" y="2" width="12" height="9" fill="url(#s)" stroke="{_MISS}"/>'
    )
    svg_parts.append(_text(_LEFT + 182, 11, effect_word, "start", _QUIET))
    for number, bar in enumerate(bars):
        top = 22 + _ROW * number
        use_width = inner_width * bar.use / most_hours
        effect_width = inner_width * bar.effect / most_hours
        effect_start = _LEFT + use_width
        svg_parts.append(_label(top + 12, bar.label))
        svg_parts.append(
            f'<rect x="{_LEFT}" y="{top + 3}" width="{use_width:.1f}" height="12" fill="{_MISS}"/>'
        )
        # stripes of less than a point would be read as a frame
        if effect_width >= 1:
            svg_parts.append(
                f'<rect x="{effect_start:.1f}" y="{top + 3}" width="{effect_width:.1f}" height="12" fill="url(#s)" '
                f'stroke="{_MISS}"/>'
            )
        svg_parts.append(_text(effect_start + effect_width + 6, top + 13, bar.text, "start", _INK))
    return _closed(svg_parts)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a funnel: share in percent and the least number behind it; named if it lies apart or is one's own."""

    label: str
    value: float
    n: int
    apart: bool = False
    mine: bool = False


def funnel(
    points: Sequence[Place],
    *,
    centre: float,
    limits: Sequence[tuple[int, float, float]],
    axis_words: tuple[str, str],
    font: str,
    language: str,
) -> str:
    """Shares (percent) of places against how many stand behind them, with the limits of chance (n, low, high).

    Numbers differ by powers of ten, so their axis is logarithmic. Places apart are diamonds, one's own a square.
    """
    axis_word, centre_word = axis_words
    height, left_edge, bottom = 230, 50, 44
    smallest = min([group_size for group_size, _, _ in limits] or [1])
    largest = max(
        [smallest + 1, *(point.n for point in points), *(group_size for group_size, _, _ in limits)]
    )
    inner_width, tall = WIDTH - left_edge - 20, height - bottom - 14

    def x(group_size: float) -> float:
        return left_edge + inner_width * log(max(group_size, smallest) / smallest) / log(
            largest / smallest
        )

    def y(value: float) -> float:
        return 14 + tall * (1 - min(max(value, 0), 100) / 100)

    svg_parts = [_open(height, font), *_share_grid(y, left_edge, WIDTH - 20, language)]
    for side in (1, 2):
        line = _joined((x(limit[0]), y(limit[side])) for limit in limits)
        svg_parts.append(
            f'<polyline points="{line}" fill="none" stroke="{_QUIET}" stroke-dasharray="5 3"/>'
        )
    svg_parts.append(_level(y(centre), left_edge, WIDTH - 20, _INK))
    for tick in (10, 30, 100, 300, 1000, 3000, 10_000):
        if smallest <= tick <= largest:
            number = figures.whole_number(tick, language)
            svg_parts.append(_text(x(tick), height - bottom + 16, number, "middle", _QUIET))
    # what has a name is drawn last, over the crowd
    labels = _Labels(turning=left_edge + inner_width * 0.7)
    for point in sorted(points, key=lambda place: (place.apart or place.mine, -place.value)):
        across, down = x(point.n), y(point.value)
        svg_parts.append(_mark(point, across, down))
        if point.apart or point.mine:
            svg_parts.append(labels.text(point.label, across, down))
    svg_parts.append(_text(left_edge, height - 6, axis_word, "start", _QUIET))
    svg_parts.append(_text(left_edge + 4, y(centre) - 5, centre_word, "start", _INK))
    return _closed(svg_parts)


def _mark(point: Place, across: float, down: float) -> str:
    """A place as a circle, as a diamond where it lies apart, as a square where it is one's own."""
    if not (point.apart or point.mine):
        return f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4" fill="{_NOW}" fill-opacity="0.7"/>'
    square, diamond = ("m-5 -5h10v10h-10z", _INK), ("m0 -6l6 6l-6 6l-6 -6z", _MISS)
    # that one's own place lies apart says more than that it is one's own
    shape, colour = diamond if point.apart else square
    return f'<path d="M{across:.1f} {down:.1f}{shape}" fill="{colour}" stroke="#fff" stroke-width="0.8"/>'


class _Labels:
    """Names beside points, none upon another; from `turning` on they stand to the left, where there is room."""

    def __init__(self, turning: float) -> None:
        self._turning = turning
        self._places: list[tuple[float, float]] = []

    def text(self, label_text: str, across: float, down: float) -> str:
        """The name of the point that lies there."""
        baseline = down + 4
        while self._is_taken(across, baseline):
            baseline += 13
        self._places.append((across, baseline))
        if across > self._turning:
            return _text(across - 10, baseline, _cut(label_text, 30), "end", _INK)
        return _text(across + 10, baseline, _cut(label_text, 30), "start", _INK)

    def _is_taken(self, across: float, baseline: float) -> bool:
        return any(
            abs(baseline - other_baseline) < 13 and abs(across - other_across) < 170
            for other_across, other_baseline in self._places
        )


def course(
    weeks: Sequence[tuple[date, float]],
    *,
    break_even: float | None,
    legend_words: tuple[str, str],
    labels: Sequence[str],
    font: str,
    language: str,
) -> str:
    """A share (percent) over time and the line from which it pays, as `legend_words` say; `labels` are of the weeks."""
    share_word, line_word = legend_words
    height, left_edge, bottom, right_margin = 170, 50, 26, 150
    inner_width, tall = WIDTH - left_edge - right_margin, height - bottom - 14
    first_day, last_day = weeks[0][0], weeks[-1][0]
    days = max(1, (last_day - first_day).days)

    def x(day: date) -> float:
        return left_edge + inner_width * (day - first_day).days / days

    def y(share: float) -> float:
        return 14 + tall * (1 - share / 100)

    svg_parts = [_open(height, font), *_share_grid(y, left_edge, left_edge + inner_width, language)]
    # six labels fit; they are counted from the end, because the last week is what a reader looks for
    label_step = max(1, -(-len(weeks) // 6))
    for (day, _), label in list(zip(weeks, labels, strict=True))[::-label_step]:
        svg_parts.append(_text(x(day), height - 6, label, "middle", _QUIET))
    if break_even is not None:
        svg_parts.append(
            f'<line x1="{left_edge}" x2="{left_edge + inner_width}" y1="{y(break_even):.1f}" y2="{y(break_even):.1f}" '
            f'stroke="{_MISS}" stroke-width="1.8" stroke-dasharray="9 4"/>'
        )
    places = [(x(day), y(share)) for day, share in weeks]
    svg_parts.append(
        f'<polyline points="{_joined(places)}" fill="none" stroke="{_NOW}" stroke-width="2.4"/>'
    )
    svg_parts += [
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.6" fill="{_NOW}"/>'
        for across, down in places
    ]
    ends = [_End(places[-1][1], share_word, _NOW)]
    if break_even is not None:
        ends.append(_End(y(break_even), line_word, _MISS))
    svg_parts += _end_words(ends, left_edge + inner_width + 8)
    return _closed(svg_parts)


class _End(NamedTuple):
    """Where a line ends, its name, and its colour."""

    down: float
    word: str
    colour: str


def _end_words(line_ends: Sequence[_End], across: float) -> Iterator[str]:
    """The names of one or two lines at their ends, moved apart where they would cover each other."""
    downs = [line_end.down for line_end in line_ends]
    is_crowded = len(line_ends) == 2 and max(downs) - min(downs) < 15
    shift = 8 if is_crowded else 0
    # of two at one height the first goes up: both at once would still cover each other
    highest = downs.index(min(downs))
    for end_number, line_end in enumerate(line_ends):
        moved = -shift if end_number == highest else shift
        yield _text(
            across, line_end.down + 4 + moved, _cut(line_end.word, 26), "start", line_end.colour
        )


def _share_grid(
    y: Callable[[float], float], left_edge: float, right_edge: float, language: str
) -> Iterator[str]:
    """A level line each quarter, with its percent at the left."""
    for tick in range(0, 101, 25):
        yield _level(y(tick), left_edge, right_edge, _LINE)
        yield _text(left_edge - 6, y(tick) + 4, figures.percent(tick, language), "end", _QUIET)


def _level(down: float, left_edge: float, right_edge: float, colour: str) -> str:
    return f'<line x1="{left_edge}" x2="{right_edge}" y1="{down:.1f}" y2="{down:.1f}" stroke="{colour}"/>'


def _joined(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in places)


def _closed(parts: Iterable[str]) -> str:
    return "".join(parts) + "</svg>"


def _open(height: float, font: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" font-family="{escape(font)}" font-size="12">'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _label(y: float, text: str) -> str:
    """What a row is of, at the left; a long one is set smaller, for fonts of screens are wide."""
    size = ' font-size="10.5"' if len(text) > 34 else ""
    return f'<text x="{_LEFT - 10}" y="{y:.1f}" text-anchor="end" fill="{_INK}"{size}>{escape(_cut(text, 42))}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
