"""Charts of a report as SVG: told apart by shape and place, never by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from xml.sax.saxutils import escape

WIDTH = 660
_ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 19, 250, 88, 26, 40
_INK, _QUIET, _LINE, _NOW, _AHEAD, _MISS = "#1c2430", "#5b6573", "#d5dae1", "#0b5cad", "#8fb8de", "#b3541e"


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


def progress(rows: Sequence[Row], *, words: tuple[str, str, str], font: str) -> str:
    """Realised share of each benefit as a dot, its forecast as a bar with a tick, the promise as a line at 100 %.

    `words` name the dot, the bar and the line.
    """
    height = _TOP + _ROW * len(rows) + _BOTTOM
    most = max([120.0, *(value for row in rows for value in (row.now, row.high) if value is not None)])
    least = min([0.0, *(value for row in rows for value in (row.now, row.low) if value is not None)])
    least, most = max(-50.0, least), min(200.0, most)
    inside = WIDTH - _LEFT - _RIGHT

    def x(value: float) -> float:
        return _LEFT + inside * (min(max(value, least), most) - least) / (most - least)

    parts = [_open(height, font)]
    for tick in range(-50, 201, 25):
        if least <= tick <= most:
            strong = tick == 100
            parts.append(
                f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP - 6}" y2="{height - _BOTTOM}" '
                f'stroke="{_INK if strong else _LINE}" stroke-width="{1.4 if strong else 0.8}"/>'
            )
            if tick % 50 == 0:
                parts.append(
                    _text(x(tick), height - _BOTTOM + 14, f"{tick}".replace("-", "−") + " %", "middle", _QUIET)
                )
    parts.append(_text(x(100), _TOP - 12, words[2], "middle", _INK))
    for number, row in enumerate(rows):
        middle = _TOP + _ROW * number + _ROW / 2
        parts.append(_label(middle + 4, row.label))
        if row.low is not None and row.high is not None and row.expected is not None:
            parts.append(
                f'<rect x="{x(row.low):.1f}" y="{middle - 4:.1f}" width="{max(1.5, x(row.high) - x(row.low)):.1f}" '
                f'height="8" fill="{_AHEAD}"/>'
                f'<line x1="{x(row.expected):.1f}" x2="{x(row.expected):.1f}" y1="{middle - 6:.1f}" '
                f'y2="{middle + 6:.1f}" stroke="{_INK}" stroke-width="1.4"/>'
            )
        if row.now is not None:
            parts.append(f'<circle cx="{x(row.now):.1f}" cy="{middle:.1f}" r="4.2" fill="{_NOW}" stroke="#fff"/>')
        parts.append(_text(WIDTH - _RIGHT + 6, middle + 4, row.status, "start", _QUIET))
    y = height - 5
    parts.append(f'<circle cx="{_LEFT - 6}" cy="{y - 3.5}" r="4.2" fill="{_NOW}"/>')
    parts.append(_text(_LEFT + 2, y, words[0], "start", _QUIET))
    parts.append(f'<rect x="{_LEFT + 148}" y="{y - 7.5}" width="20" height="8" fill="{_AHEAD}"/>')
    parts.append(_text(_LEFT + 173, y, words[1], "start", _QUIET))
    return "".join(parts) + "</svg>"


def missing(bars: Sequence[Bar], *, words: tuple[str, str], font: str) -> str:
    """Hours left lying by place, the greatest stretch first: plain for want of use, striped although used."""
    height = 22 + _ROW * len(bars) + 10
    most = max([1, *(bar.use + bar.effect for bar in bars)])
    inside = WIDTH - _LEFT - 120
    parts = [_open(height, font)]
    parts.append(
        '<defs><pattern id="s" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="#fff"/><rect width="2.4" height="5" fill="{_MISS}"/></pattern></defs>'
    )
    parts.append(f'<rect x="{_LEFT}" y="2" width="12" height="9" fill="{_MISS}"/>')
    parts.append(_text(_LEFT + 17, 11, words[0], "start", _QUIET))
    parts.append(f'<rect x="{_LEFT + 165}" y="2" width="12" height="9" fill="url(#s)" stroke="{_MISS}"/>')
    parts.append(_text(_LEFT + 182, 11, words[1], "start", _QUIET))
    for number, bar in enumerate(bars):
        top = 22 + _ROW * number
        use_width, effect = (inside * hours / most for hours in (bar.use, bar.effect))
        parts.append(_label(top + 12, bar.label))
        parts.append(f'<rect x="{_LEFT}" y="{top + 3}" width="{use_width:.1f}" height="12" fill="{_MISS}"/>')
        if effect >= 1:
            parts.append(
                f'<rect x="{_LEFT + use_width:.1f}" y="{top + 3}" width="{effect:.1f}" height="12" fill="url(#s)" '
                f'stroke="{_MISS}"/>'
            )
        parts.append(_text(_LEFT + use_width + effect + 6, top + 13, bar.text, "start", _INK))
    return "".join(parts) + "</svg>"


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
    words: tuple[str, str],
    font: str,
) -> str:
    """Shares (percent) of places against how many stand behind them, with the limits of chance (n, low, high).

    Numbers differ by powers of ten, so their axis is logarithmic. Places apart are diamonds, one's own a square.
    """
    height, left, bottom = 230, 50, 44
    least = min([size for size, _, _ in limits] or [1])
    most = max([least + 1, *(point.n for point in points), *(size for size, _, _ in limits)])
    inside, tall = WIDTH - left - 20, height - bottom - 14

    def x(size: float) -> float:
        return left + inside * log(max(size, least) / least) / log(most / least)

    def y(value: float) -> float:
        return 14 + tall * (1 - min(max(value, 0), 100) / 100)

    parts = [_open(height, font)]
    for tick in range(0, 101, 25):
        parts.append(f'<line x1="{left}" x2="{WIDTH - 20}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="{_LINE}"/>')
        parts.append(_text(left - 6, y(tick) + 4, f"{tick} %", "end", _QUIET))
    for side in (1, 2):
        line = " ".join(f"{x(limit[0]):.1f},{y(limit[side]):.1f}" for limit in limits)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{_QUIET}" stroke-dasharray="5 3"/>')
    parts.append(f'<line x1="{left}" x2="{WIDTH - 20}" y1="{y(centre):.1f}" y2="{y(centre):.1f}" stroke="{_INK}"/>')
    for tick in (10, 30, 100, 300, 1000, 3000, 10_000):
        if least <= tick <= most:
            parts.append(_text(x(tick), height - bottom + 16, f"{tick:,}".replace(",", "\u00a0"), "middle", _QUIET))
    labelled: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda place: (place.apart or place.mine, -place.value)):
        across, height_up = x(point.n), y(point.value)
        if not (point.apart or point.mine):
            parts.append(f'<circle cx="{across:.1f}" cy="{height_up:.1f}" r="4" fill="{_NOW}" fill-opacity="0.7"/>')
            continue
        shape, fill = (
            ("m-5 -5h10v10h-10z", _INK) if point.mine and not point.apart else ("m0 -6l6 6l-6 6l-6 -6z", _MISS)
        )
        parts.append(f'<path d="M{across:.1f} {height_up:.1f}{shape}" fill="{fill}" stroke="#fff" stroke-width="0.8"/>')
        below = height_up + 4
        while any(abs(below - other) < 13 and abs(across - label_across) < 170 for label_across, other in labelled):
            below += 13
        labelled.append((across, below))
        right = across > left + inside * 0.7
        parts.append(
            _text(across + (-10 if right else 10), below, _cut(point.label, 30), "end" if right else "start", _INK)
        )
    parts.append(_text(left, height - 6, words[0], "start", _QUIET))
    parts.append(_text(left + 4, y(centre) - 5, words[1], "start", _INK))
    return "".join(parts) + "</svg>"


def course(
    weeks: Sequence[tuple[date, float]], *, line: float | None, words: tuple[str, str], labels: Sequence[str], font: str
) -> str:
    """A share (percent) over time and the line from which it pays. `words` name both, `labels` are of the weeks."""
    height, left, bottom, right = 170, 50, 26, 150
    inside, tall = WIDTH - left - right, height - bottom - 14
    first_day, days = weeks[0][0], max(1, (weeks[-1][0] - weeks[0][0]).days)

    def x(day: date) -> float:
        return left + inside * (day - first_day).days / days

    def y(value: float) -> float:
        return 14 + tall * (1 - value / 100)

    parts = [_open(height, font)]
    for tick in range(0, 101, 25):
        parts.append(f'<line x1="{left}" x2="{left + inside}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="{_LINE}"/>')
        parts.append(_text(left - 6, y(tick) + 4, f"{tick} %", "end", _QUIET))
    label_step = max(1, -(-len(weeks) // 6))
    for (day, _), label in list(zip(weeks, labels, strict=True))[::-label_step]:
        parts.append(_text(x(day), height - 6, label, "middle", _QUIET))
    if line is not None:
        parts.append(
            f'<line x1="{left}" x2="{left + inside}" y1="{y(line):.1f}" y2="{y(line):.1f}" stroke="{_MISS}" '
            'stroke-width="1.8" stroke-dasharray="9 4"/>'
        )
    drawn = " ".join(f"{x(day):.1f},{y(value):.1f}" for day, value in weeks)
    parts.append(f'<polyline points="{drawn}" fill="none" stroke="{_NOW}" stroke-width="2.4"/>')
    parts += [f'<circle cx="{x(day):.1f}" cy="{y(value):.1f}" r="2.6" fill="{_NOW}"/>' for day, value in weeks]
    line_ends = [(y(weeks[-1][1]), words[0], _NOW), *([(y(line), words[1], _MISS)] if line is not None else [])]
    shift = 8 if len(line_ends) == 2 and abs(line_ends[0][0] - line_ends[1][0]) < 15 else 0
    for number, (height_at_end, word, colour) in enumerate(line_ends):
        above = (height_at_end <= line_ends[1 - number][0]) if len(line_ends) == 2 else True
        parts.append(
            _text(left + inside + 8, height_at_end + 4 + (-shift if above else shift), _cut(word, 26), "start", colour)
        )
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
