"""The chart in a message: published weeks of a unit, and the middle of comparable units, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from statistics import median
from typing import NamedTuple

from nytta.insight import pictures
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.rollout import moved
from nytta.insight.alerts.facts import Facts
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Alert

WEEKS = 52
"""So many weeks are drawn at most."""

_FEWEST_PEERS = 3
"""Comparable units below which their middle would say what one of them does."""

_DRAWN = {
    Kind.LEVEL,
    Kind.RELAPSE,
    Kind.BEHIND_PLAN,
    Kind.READY_NOT_USED,
    Kind.ABANDONMENT,
    Kind.TRAINING_NEED,
}
_WORDS = {
    "sv": ("liknande enheter", "mål", "vecka", "Arbetsplatser i bruk av planerade"),
    "nb": ("lignende enheter", "mål", "uke", "Arbeidsplasser i bruk av planlagte"),
    "en": ("similar units", "target", "week", "Workplaces in use of those planned"),
}


def chart_of(
    published: PublishedEvidence, alert: Alert, facts: Facts, language: str
) -> tuple[bytes, str]:
    """A PNG and its text twin; empty where there is nothing to draw."""
    if alert.kind not in _DRAWN and alert.kind is not Kind.NOT_MOVED:
        return b"", ""
    peers_name, target_name, week_name, in_use = _WORDS.get(language, _WORDS["en"])
    percent = "\u00a0%" if language in ("sv", "nb") else "%"
    own_name = facts.unit.text(language)
    chart_rows = []
    for week in (alert.confirmed - timedelta(weeks=number) for number in reversed(range(WEEKS))):
        shares = _shares(published, alert, week)
        if shares.own is not None:
            chart_rows.append({"week": week.isoformat(), "share": shares.own, "who": own_name})
        if len(shares.peers) >= _FEWEST_PEERS:
            chart_rows.append(
                {"week": week.isoformat(), "share": round(median(shares.peers)), "who": peers_name}
            )
    own_rows = [chart_row for chart_row in chart_rows if chart_row["who"] == own_name]
    if len(own_rows) < 2:
        return b"", ""
    title = in_use if alert.kind is Kind.NOT_MOVED else _title(published, alert.indicator, language)
    start, end = own_rows[0], own_rows[-1]
    sentence = f"{title}: {own_name} {start['share']:.0f}{percent} ({week_name} {_number(start)})"
    sentence += f" – {end['share']:.0f}{percent} ({week_name} {_number(end)})"
    peer_rows = [chart_row for chart_row in chart_rows if chart_row["who"] == peers_name]
    if peer_rows:
        sentence += f"; {peers_name} {peer_rows[-1]['share']:.0f}{percent}"
    spec = _spec(
        chart_rows, own_name, peers_name, alert.since, facts, (target_name, week_name, percent)
    )
    return pictures.png(spec | {"title": title}, scale=1.5), sentence


class _Shares(NamedTuple):
    """The share of a unit in a week, and those of comparable units."""

    own: float | None
    peers: Sequence[float]


def _shares(published: PublishedEvidence, alert: Alert, week: date) -> _Shares:
    unit, system, indicator = alert.key.unit, alert.key.system, alert.indicator
    if alert.kind is Kind.NOT_MOVED:
        peers = published.peers(unit, week + timedelta(days=6))
        moves = [moved(published, peer, system, week) for peer in peers]
        return _Shares(
            moved(published, unit, system, week),
            [float(move) for move in moves if move is not None],
        )
    grain = "window" if indicator == "intended-use" else "week"
    own_share = published.value(indicator, grain, unit, system, week)
    # where the figure itself is not shown, the fact that the alert rests on may be
    if own_share is None and (use_fact := published.fact("use", unit, system, week, indicator)):
        own_share = use_fact["value"]
    return _Shares(own_share, published.among_peers(indicator, grain, unit, system, week))


def _title(published: PublishedEvidence, indicator: str, language: str) -> str:
    definition = published.evidence.definitions.get(indicator, {})
    return str(definition.get(f"title_{language}", indicator))


def _number(chart_row: dict[str, object]) -> int:
    return date.fromisoformat(str(chart_row["week"])).isocalendar().week


def _spec(
    chart_rows: list[dict[str, object]],
    own_name: str,
    peers_name: str,
    since: date,
    facts: Facts,
    words: tuple[str, str, str],
) -> dict[str, object]:
    """A Vega-Lite chart: told apart by dash and label, not by colour alone."""
    target_name, week_name, percent = words
    names = [own_name, peers_name]
    colour = {
        "field": "who",
        "scale": {"domain": names, "range": ["#0b5cad", "#595959"]},
        "legend": None,
    }
    dash = {"field": "who", "scale": {"domain": names, "range": [[1, 0], [6, 4]]}, "legend": None}
    week_axis = _week_axis(chart_rows, week_name)
    share_scale = {"scale": {"domain": [0, 100]}, "axis": {"title": "%"}}
    line_layer: dict[str, object] = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": week_axis},
            "y": {"field": "share", "type": "quantitative", **share_scale},
            "color": colour,
            "strokeDash": dash,
        },
    }
    layers: list[dict[str, object]] = [
        {
            "data": {"values": [{"week": since.isoformat()}]},
            "mark": {"type": "rule", "strokeDash": [2, 3], "color": "#8a5a00"},
            "encoding": {"x": {"field": "week", "type": "temporal"}},
        },
        line_layer,
        _names_of_lines(chart_rows, colour),
    ]
    if facts.plan is not None:
        layers += _target(facts.plan.target, f"{target_name} {facts.plan.target}{percent}")
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 520,
        "height": 200,
        "data": {"values": chart_rows},
        "layer": layers,
        "config": {"font": "DejaVu Sans, Arial, sans-serif", "view": {"stroke": None}},
    }


def _names_of_lines(chart_rows: list[dict[str, object]], colour: object) -> dict[str, object]:
    """The name of each line at its last week, so that no legend has to be compared with it."""
    in_order = sorted(chart_rows, key=lambda chart_row: str(chart_row["week"]))
    last_rows = {chart_row["who"]: chart_row for chart_row in in_order}
    return {
        "data": {"values": list(last_rows.values())},
        "mark": {"type": "text", "align": "right", "dy": -9, "fontSize": 12, "fontWeight": "bold"},
        "encoding": {
            "x": {"field": "week", "type": "temporal"},
            "y": {"field": "share", "type": "quantitative"},
            "text": {"field": "who"},
            "color": colour,
        },
    }


def _week_axis(chart_rows: list[dict[str, object]], week_name: str) -> dict[str, object]:
    """Nine weeks at most, counted from the end, because the last week is what a reader looks for."""
    mondays = sorted({str(chart_row["week"]) for chart_row in chart_rows})
    step = ceil(len(mondays) / 9)
    ticks = [
        datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000 for day in mondays[::-step]
    ]
    label = f"'{week_name[0]} ' + utcFormat(datum.value, '%-V')"
    return {"labelExpr": label, "title": None, "values": ticks}


def _target(share: int, name: str) -> list[dict[str, object]]:
    """The line of a plan's target, with its name."""
    target_data = {"values": [{"share": share, "who": name}]}
    height = {"field": "share", "type": "quantitative"}
    colour = "#2e7d32"
    return [
        {
            "data": target_data,
            "mark": {"type": "rule", "strokeDash": [8, 3], "color": colour},
            "encoding": {"y": height},
        },
        {
            "data": target_data,
            "mark": {
                "type": "text",
                "align": "left",
                "x": 4,
                "dy": 9,
                "fontSize": 11,
                "color": colour,
            },
            "encoding": {"y": height, "text": {"field": "who"}},
        },
    ]
