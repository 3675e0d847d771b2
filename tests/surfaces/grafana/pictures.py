"""Pictures of the dashboards, drawn from their JSON with the figures of a store: a look at layout, texts and shapes.

    python -m tests.surfaces.grafana.pictures DATA [--out var/pictures] [--choose system=artus]

No Grafana draws here: sizes, places and the two themes are Grafana's (`screen.py`), drawn plainly. A line shows where
a window of 1440 × 900 ends.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

import orjson
import vl_convert

from nytta.registry import declarations
from nytta.storage.client import embedded
from nytta.surfaces.grafana.boards import Board
from nytta.surfaces.grafana.catalogue import BOARDS
from nytta.surfaces.grafana.panels import AIM, BACKGROUNDS, DASHES, PALETTE, QUIET
from tests.surfaces.grafana import screen
from tests.surfaces.grafana.expander import ALL, Range
from tests.surfaces.grafana.filled import Answer, Filled

COLUMN = (screen.width(screen.COLUMNS) + screen.MARGIN) / screen.COLUMNS
LINE = screen.CELL + screen.MARGIN
TEXT = {"light": "#24292E", "dark": "#CCCCDC"}
GROUND = {"light": "#F4F5F5", "dark": "#111217"}
ROW = 36
"""Pixels of a row of a table."""
theme = "light"
"""The theme that is drawn; what draws reads it."""


def draw(board: dict[str, Any], store: Filled, chosen: dict[str, Sequence[str]]) -> str:
    """One dashboard as SVG, folded rows left folded."""
    bottom = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"])
    body = "".join(shape for panel in board["panels"] for shape in _panel(panel, store, chosen))
    choices = " · ".join(v["label"] for v in board["templating"].get("list", []) if v.get("hide") != 2)
    wide, end = screen.width(screen.COLUMNS), screen.fold(board) * LINE
    head = _text(8, 22, board["title"], 18, "bold") + _text(8, 42, choices, 12)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{bottom * LINE + 60}" '
        f'font-family="DejaVu Sans, sans-serif"><rect width="100%" height="100%" fill="{GROUND[theme]}"/>{head}'
        f'<g transform="translate(0,52)">{body}'
        f'<path d="M0,{end}H{wide}" stroke="{QUIET}" stroke-dasharray="4 6"/></g></svg>'
    )


def _panel(panel: dict[str, Any], store: Filled, chosen: dict[str, Sequence[str]]) -> Iterator[str]:
    at = panel["gridPos"]
    x, y = round(at["x"] * COLUMN), at["y"] * LINE
    w, h = screen.width(at["w"]), screen.height(at["h"])
    if panel["type"] == "row":
        title = panel["title"].replace("${latest}", "".join(chosen.get("latest", ())))
        yield _text(x + 4, y + 22, ("▸ " if panel["collapsed"] else "▾ ") + title, 14, "bold")
        return
    fill = f'fill="{BACKGROUNDS[theme]}" stroke="{QUIET}" stroke-opacity="0.4"'
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" {fill}/>'
    yield f'<svg x="{x}" y="{y}" width="{w}" height="{h}"><g>'
    yield _text(8, 18, panel["title"], 13, "bold")
    yield from _inside(panel, store, chosen, w, h)
    yield "</g></svg>"


def _inside(panel: dict[str, Any], store: Filled, chosen: dict[str, Sequence[str]], w: int, h: int) -> Iterator[str]:
    if panel["type"] == "text":
        yield from _wrapped(panel["options"]["content"], 8, 40, w)
        return
    target = panel["targets"][0]
    if "expr" in target:
        yield from _wrapped(f"Prometheus: {target['expr']}", 8, 42, w)
        return
    answer = store.ask(target["rawSql"], chosen, {"source": store.offered(_SOURCES, {})})
    if not answer.rows:
        yield from _wrapped(panel["fieldConfig"]["defaults"]["noValue"], 12, h // 2 + 8, w)
        return
    hidden = screen.overrides(panel, "custom.hidden")
    kept = [n for n, name in enumerate(answer.columns) if name not in hidden]
    columns = {name: kind for name, kind in answer.columns.items() if name not in hidden}
    answer = replace(answer, columns=columns, rows=[tuple(row[n] for n in kept) for row in answer.rows])
    said = {k: v["text"] for m in panel["fieldConfig"]["defaults"].get("mappings", []) for k, v in m["options"].items()}
    answer = replace(answer, rows=[tuple(said.get(v, v) if isinstance(v, str) else v for v in r) for r in answer.rows])
    kinds = {"stat": _stat, "timeseries": _lines, "bargauge": _bars, "table": _table}
    yield from kinds[panel["type"]](answer, panel, w, h)


def _wrapped(said: str, x: int, y: int, w: int) -> Iterator[str]:
    """A text in as many lines as it takes."""
    for number, line in enumerate(wrap(said, (w - 2 * x) // screen.LETTER)):
        yield _text(x, y + 18 * number, line, 12)


_SOURCES = "SELECT DISTINCT source FROM nytta.source_days ORDER BY source"


def _stat(answer: Answer, panel: dict[str, Any], w: int, h: int) -> Iterator[str]:
    width = w / len(answer.columns)
    for n, (name, value) in enumerate(zip(answer.columns, answer.rows[0], strict=True)):
        # Grafana makes a name as small as its column needs
        yield _text(int(8 + n * width), h - 50, name, min(12, int(1.5 * (width - 12) / len(name))))
        told = panel["fieldConfig"]["defaults"]["noValue"] if value is None else _said(value) + _unit(panel, name)
        yield _text(int(8 + n * width), h - 18, told, 12 if value is None else 24, "bold")


def _lines(answer: Answer, panel: dict[str, Any], w: int, h: int) -> Iterator[str]:
    series: dict[str, list[tuple[float, float]]] = {}
    for time, line, value in answer.rows:
        series.setdefault(line, []).append((time.timestamp(), float(value)))
    times = [t for name, points in series.items() for t, _ in points if name != AIM or len(series) == 1]
    low, high = min(times), max(*times, min(times) + 1)
    top = panel["fieldConfig"]["defaults"].get("max") or max(v for points in series.values() for _, v in points) or 1
    left, right, up, down = 44, w - 10, 30, h - 26 - 16 * len(series)
    yield _text(4, up + 6, f"{top:g}{_unit(panel)}", 10) + _text(4, down, "0", 10)
    yield f'<path d="M{left},{up}V{down}H{right}" stroke="#999" fill="none"/>'
    aim = series.pop(AIM, [])
    if aim:
        height = down - aim[0][1] / top * (down - up)
        yield f'<path d="M{left},{height:.0f}H{right}" stroke="{QUIET}" stroke-dasharray="20 10"/>'
        yield _text(right - 90, int(height) - 4, f"{AIM} {aim[0][1]:g}{_unit(panel)}", 10)
    for n, (name, points) in enumerate(sorted(series.items())):
        at = [
            (left + (t - low) / (high - low) * (right - left), down - v / top * (down - up)) for t, v in sorted(points)
        ]
        dash = " ".join(map(str, DASHES[n])) or "none"
        ways, before = "", None
        for (time, _), (x, y) in zip(sorted(points), at, strict=True):
            ways += f"{'M' if before is None or time - before > 32 * 86400 else 'L'}{x:.1f},{y:.1f}"
            before = time
        style = f'stroke="{PALETTE[n]}" stroke-dasharray="{dash}"'
        yield f'<path d="{ways}" fill="none" stroke-width="2" {style}/>'
        yield "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{PALETTE[n]}"/>' for x, y in at)
        yield f'<path d="M{left},{down + 18 + 16 * n}h24" stroke-width="2" {style}/>'
        yield _text(left + 30, down + 22 + 16 * n, f"{name}   {points[-1][1]:g}{_unit(panel)}", 11)


def _bars(answer: Answer, panel: dict[str, Any], w: int, h: int) -> Iterator[str]:
    most = panel["fieldConfig"]["defaults"].get("max") or max(float(v or 0) for _, v in answer.rows) or 1
    step = min(30, (h - 36) / len(answer.rows))
    for n, (name, value) in enumerate(answer.rows):
        y = int(36 + n * step)
        yield _text(8, y + 12, name, 11)
        long = (w - w // 3 - 90) * float(value or 0) / most
        yield f'<rect x="{w // 3}" y="{y}" height="{step * 0.7:.0f}" width="{long:.0f}" fill="{PALETTE[0]}"/>'
        yield _text(w - 80, y + 12, _said(value) + _unit(panel), 11)


def _table(answer: Answer, panel: dict[str, Any], w: int, h: int) -> Iterator[str]:
    places = screen.columns(panel, list(answer.columns))
    drawn = {
        o["matcher"]["options"]: p["value"]["type"]
        for o in panel["fieldConfig"].get("overrides", [])
        for p in o["properties"]
        if p["id"] == "custom.cellOptions"
    }
    left = 0
    for n, (name, width) in enumerate(places.items()):
        x, left = 8 + left, left + width
        letters = width // screen.LETTER
        yield _text(x, 46, name[:letters], 11, "bold")
        for m, row in enumerate(answer.rows[: (h - 2 * ROW) // ROW]):
            y = 46 + ROW * (m + 1)
            if drawn.get(name) == "gauge" and row[n] is not None:
                long = (width - 40) * min(float(row[n]), 100) / 100
                yield f'<rect x="{x + 26}" y="{y - 10}" height="10" width="{long:.0f}" fill="{PALETTE[0]}"/>'
            signed = drawn.get(name) == "color-text" and row[n] is not None
            colour = PALETTE[3 if float(row[n]) < 0 else 1] if signed else ""
            yield _text(x, y, _said(row[n])[:letters], 11, colour=colour)


def _unit(panel: dict[str, Any], column: str = "") -> str:
    unit = str(screen.overrides(panel, "unit").get(column, panel["fieldConfig"]["defaults"]["unit"]))
    return (
        f" {unit.removeprefix('suffix:')}" if unit.startswith("suffix:") else {"percent": " %", "s": " s"}.get(unit, "")
    )


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime | date):
        return value.isoformat()[:16]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(x: int, y: int, said: str, size: int, weight: str = "normal", colour: str = "") -> str:
    fill = colour or TEXT[theme]
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}">{escape(said)}</text>'


def opened(board: Board, store: Filled, place: Mapping[str, Sequence[str]] | None = None) -> dict[str, Sequence[str]]:
    """What a board shows when it is opened, or in a place: the first value of each variable that is not chosen."""
    chosen: dict[str, Sequence[str]] = {"period": ("window",), **(place or {})}
    for variable in board.variables:
        if not variable.multi and variable.name not in chosen:
            chosen[variable.name] = store.offered(variable.sql, chosen)[:1]
    return chosen


_DAYS = {"d": 1, "w": 7, "M": 30}


def times(board: dict[str, Any], now: datetime) -> Range:
    """The time that a board opens with, which ends now."""
    since = re.fullmatch(r"now-(\d+)(\w)", board["time"]["from"])
    assert since
    assert board["time"]["to"] == "now"
    return Range(now - timedelta(days=int(since[1]) * _DAYS[since[2]]), now)


def main() -> None:
    """Draw all of them, in both themes."""
    global theme
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="data folder of an installation; no service may run on it")
    parser.add_argument("--out", type=Path, default=Path("var/pictures"))
    parser.add_argument("--choose", default="", help="system whose place is drawn; else what a board opens with")
    given = parser.parse_args()
    filled = Filled(embedded(given.data / "store"))
    places = {p["system"][0]: p for p in filled.places()}
    given.out.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        name = board.uid.removeprefix("nytta-")
        rendered = orjson.loads((declarations.dashboards() / f"{name}.json").read_bytes())
        store = replace(filled, over=times(rendered, datetime.now(UTC)))
        chosen = {"unit": ALL, "case_type": ALL, "source": ALL, **opened(board, store, places.get(given.choose))}
        for theme in BACKGROUNDS:
            text = draw(rendered, store, chosen)
            (given.out / f"{name}-{theme}.svg").write_text(text, encoding="utf-8")
            (given.out / f"{name}-{theme}.png").write_bytes(vl_convert.svg_to_png(text))
            print(given.out / f"{name}-{theme}.png")


if __name__ == "__main__":
    main()
