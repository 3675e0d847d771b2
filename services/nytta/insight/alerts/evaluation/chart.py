"""The chart in a message: published weeks of a unit, and the middle of comparable units, as a picture."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from statistics import median

from nytta.insight import pictures
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.rollout import moved
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
    percent = "\u00a0%" if language in ("sv", "nb") else "%"
    own_name = facts.unit.text(language)
    grain = "window" if indicator == "intended-use" else "week"
    rows = []
    weeks = [alert.confirmed - timedelta(weeks=number) for number in reversed(range(WEEKS))]
    for week in weeks:
        unit, system = alert.key.unit, alert.key.system
        if rollout:
            own_share: float | None = moved(published, unit, system, week)
            peer_changes = [
                moved(published, peer, system, week) for peer in published.peers(unit, week + timedelta(days=6))
            ]
            peer_shares = [float(share) for share in peer_changes if share is not None]
        else:
            own_share = published.value(indicator, grain, unit, system, week)
            peer_shares = published.among_peers(indicator, grain, unit, system, week)
            if own_share is None and (use_fact := published.fact("use", unit, system, week, indicator)):
                own_share = use_fact["value"]
        if own_share is not None:
            rows.append({"week": week.isoformat(), "share": own_share, "who": own_name})
        if len(peer_shares) >= 3:
            rows.append({"week": week.isoformat(), "share": round(median(peer_shares)), "who": peers_name})
    own_rows = [row for row in rows if row["who"] == own_name]
    if len(own_rows) < 2:
        return b"", ""
    spec = _spec(rows, own_name, peers_name, alert.since, facts, (target_name, week_name, percent))
    defined = published.evidence.definitions.get(indicator)
    title = defined[f"title_{language}"] if defined and f"title_{language}" in defined else indicator
    title = in_use if rollout else title
    start, end = own_rows[0], own_rows[-1]
    sentence = f"{title}: {own_name} {start['share']:.0f}{percent} ({week_name} {_number(start)})"
    sentence += f" – {end['share']:.0f}{percent} ({week_name} {_number(end)})"
    peer_rows = [row for row in rows if row["who"] == peers_name]
    if peer_rows:
        sentence += f"; {peers_name} {peer_rows[-1]['share']:.0f}{percent}"
    return pictures.png(spec | {"title": title}, scale=1.5), sentence


def _number(row: dict[str, object]) -> int:
    return date.fromisoformat(str(row["week"])).isocalendar().week


def _spec(
    rows: list[dict[str, object]], own_name: str, peers: str, since: date, facts: Facts, words: tuple[str, str, str]
) -> dict[str, object]:
    """A Vega-Lite chart: told apart by dash and label, not by colour alone."""
    target_name, week_name, percent = words
    label = f"'{week_name[0]} ' + utcFormat(datum.value, '%-V')"
    mondays = sorted({str(row["week"]) for row in rows})
    week_step = -(-len(mondays) // 9)
    ticks = [datetime.fromisoformat(f"{day}T00:00+00:00").timestamp() * 1000 for day in mondays[::-week_step]]
    axis = {"labelExpr": label, "title": None, "values": ticks}
    scale = {"domain": [own_name, peers], "range": ["#0b5cad", "#595959"]}
    lines: dict[str, object] = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": axis},
            "y": {"field": "share", "type": "quantitative", "scale": {"domain": [0, 100]}, "axis": {"title": "%"}},
            "color": {"field": "who", "scale": scale, "legend": None},
            "strokeDash": {
                "field": "who",
                "scale": {"domain": [own_name, peers], "range": [[1, 0], [6, 4]]},
                "legend": None,
            },
        },
    }
    last_rows = {row["who"]: row for row in sorted(rows, key=lambda row: str(row["week"]))}
    labels: dict[str, object] = {
        "data": {"values": list(last_rows.values())},
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
        line = {"values": [{"share": facts.plan.target, "who": f"{target_name} {facts.plan.target}{percent}"}]}
        share_axis = {"field": "share", "type": "quantitative"}
        layers.append(
            {
                "data": line,
                "mark": {"type": "rule", "strokeDash": [8, 3], "color": "#2e7d32"},
                "encoding": {"y": share_axis},
            }
        )
        layers.append(
            {
                "data": line,
                "mark": {"type": "text", "align": "left", "x": 4, "dy": 9, "fontSize": 11, "color": "#2e7d32"},
                "encoding": {"y": share_axis, "text": {"field": "who"}},
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
