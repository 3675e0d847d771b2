"""The chart in a message: published weeks of a unit, and the middle of comparable units, as a picture."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from statistics import median

import vl_convert

from nytta.insight.alerts.evaluation.observe import PublishedEvidence, moved
from nytta.insight.alerts.facts import Facts
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Alert

WEEKS = 52
"""So many weeks are drawn at most."""

_DRAWN = {Kind.LEVEL, Kind.RELAPSE, Kind.BEHIND_PLAN, Kind.READY_NOT_USED, Kind.ABANDONMENT, Kind.TRAINING_NEED}
_WORDS = {
    "sv": ("liknande enheter", "mål", "vecka", "Arbetsplatser i bruk av planerade"),
    "nb": ("lignende enheter", "mål", "uke", "Arbeidsplasser i bruk av planlagte"),
    "en": ("similar units", "target", "week", "Workplaces in use of those planned"),
}


def chart_of(published: PublishedEvidence, alert: Alert, facts: Facts, language: str) -> tuple[bytes, str]:
    """A PNG and its text twin; empty where there is nothing to draw."""
    if alert.kind not in _DRAWN and alert.kind is not Kind.NOT_MOVED:
        return b"", ""
    rollout, indicator = alert.kind is Kind.NOT_MOVED, alert.indicator
    peers_name, target_name, week_name, in_use = _WORDS.get(language, _WORDS["en"])
    own_name = facts.unit.text(language)
    grain = "window" if indicator == "intended-use" else "week"
    rows = []
    weeks = [alert.confirmed - timedelta(weeks=n) for n in reversed(range(WEEKS))]
    for week in weeks:
        unit, system = alert.key.unit, alert.key.system
        if rollout:
            own: float | None = moved(published, unit, system, week)
            them = [moved(published, peer, system, week) for peer in published.peers(unit, week + timedelta(days=6))]
            others = [float(share) for share in them if share is not None]
        else:
            own = published.value(indicator, grain, unit, system, week)
            others = published.among_peers(indicator, grain, unit, system, week)
            if own is None and (use := published.fact("use", unit, system, week, indicator)):
                own = use["value"]
        if own is not None:
            rows.append({"week": week.isoformat(), "share": own, "who": own_name})
        if len(others) >= 3:
            rows.append({"week": week.isoformat(), "share": round(median(others)), "who": peers_name})
    own_rows = [r for r in rows if r["who"] == own_name]
    if len(own_rows) < 2:
        return b"", ""
    spec = _spec(rows, own_name, peers_name, alert.since, facts, (target_name, week_name))
    defined = published.evidence.definitions.get(indicator)
    title = defined[f"title_{language}"] if defined and f"title_{language}" in defined else indicator
    title = in_use if rollout else title
    first, last = own_rows[0], own_rows[-1]
    said = f"{title}: {own_name} {first['share']:.0f} % ({week_name} {_number(first)}) – {last['share']:.0f} % "
    said += f"({week_name} {_number(last)})"
    theirs = [r for r in rows if r["who"] == peers_name]
    if theirs:
        said += f"; {peers_name} {theirs[-1]['share']:.0f} %"
    return vl_convert.vegalite_to_png(spec | {"title": title}, scale=1.5), said


def _number(row: dict[str, object]) -> int:
    return date.fromisoformat(str(row["week"])).isocalendar().week


def _spec(
    rows: list[dict[str, object]], own: str, peers: str, since: date, facts: Facts, words: tuple[str, str]
) -> dict[str, object]:
    """A Vega-Lite chart: told apart by dash and label, not by colour alone."""
    target_name, week_name = words
    label = f"'{week_name[0]} ' + utcFormat(datum.value, '%-V')"
    mondays = sorted({str(row["week"]) for row in rows})
    every = -(-len(mondays) // 9)
    ticks = [datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000 for day in mondays[::-every]]
    axis = {"labelExpr": label, "title": None, "values": ticks}
    scale = {"domain": [own, peers], "range": ["#0b5cad", "#595959"]}
    lines: dict[str, object] = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": axis},
            "y": {"field": "share", "type": "quantitative", "scale": {"domain": [0, 100]}, "axis": {"title": "%"}},
            "color": {"field": "who", "scale": scale, "legend": None},
            "strokeDash": {
                "field": "who",
                "scale": {"domain": [own, peers], "range": [[1, 0], [6, 4]]},
                "legend": None,
            },
        },
    }
    last = {row["who"]: row for row in sorted(rows, key=lambda row: str(row["week"]))}
    labels: dict[str, object] = {
        "data": {"values": list(last.values())},
        "mark": {"type": "text", "align": "right", "dy": -9, "fontSize": 12, "fontWeight": "bold"},
        "encoding": {
            "x": {"field": "week", "type": "temporal"},
            "y": {"field": "share", "type": "quantitative"},
            "text": {"field": "who"},
            "color": {"field": "who", "scale": scale, "legend": None},
        },
    }
    layers: list[dict[str, object]] = [
        {
            "data": {"values": [{"week": since.isoformat()}]},
            "mark": {"type": "rule", "strokeDash": [2, 3], "color": "#8a5a00"},
            "encoding": {"x": {"field": "week", "type": "temporal"}},
        },
        lines,
        labels,
    ]
    if facts.plan is not None:
        line = {"values": [{"share": facts.plan.target, "who": f"{target_name} {facts.plan.target} %"}]}
        y = {"field": "share", "type": "quantitative"}
        layers.append(
            {"data": line, "mark": {"type": "rule", "strokeDash": [8, 3], "color": "#2e7d32"}, "encoding": {"y": y}}
        )
        layers.append(
            {
                "data": line,
                "mark": {"type": "text", "align": "left", "x": 4, "dy": 9, "fontSize": 11, "color": "#2e7d32"},
                "encoding": {"y": y, "text": {"field": "who"}},
            }
        )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 520,
        "height": 200,
        "data": {"values": rows},
        "layer": layers,
        "config": {"font": "DejaVu Sans, Arial, sans-serif", "view": {"stroke": None}},
    }
