"""What is known about one alert on the day of its message: published figures and the registry, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import ceil
from typing import Any
from urllib.parse import quote

from nytta.disclosure.published.peers import peer_band
from nytta.insight.alerts.evaluation.observe import ANCHORED, PublishedEvidence, moved, standing, target_of_use
from nytta.insight.alerts.facts import Burden, Decided, Facts, Figure, Loss, Peers, Plan
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Alert
from nytta.registry.dates import monday
from nytta.registry.units import Names

_NOWHERE = Names("", "", "")
_EVERY_SYSTEM = Names("Alla system", "Alle systemer", "All systems")
_DETECTED = {Kind.LEVEL, Kind.RELAPSE, Kind.BEHIND_PLAN}
_FROM_THE_START = {Kind.LEVEL, Kind.READY_NOT_USED, Kind.NOT_MOVED}
"""Kinds that may hold from going live on."""

_OPEN_YEAR = timedelta(days=364)


def facts_of(published: PublishedEvidence, alert: Alert, day: date, address: str) -> Facts:
    """The facts of an alert on `day`; `address` is where the console is reached ('' where there is none)."""
    unit, system = alert.key.unit, alert.key.system
    week = alert.confirmed
    fields: dict[str, Any] = {"first": week, "last": week}
    indicator = alert.indicator
    match alert.kind:
        case Kind.LEVEL | Kind.RELAPSE | Kind.BEHIND_PLAN:
            fields |= _detected(published, alert)
        case Kind.READY_NOT_USED:
            fields |= _ready(published, alert, day)
        case Kind.NOT_MOVED:
            fields |= _rollout(published, alert, day)
        case Kind.DECISION_STUCK:
            fields |= _decision(published, alert)
        case Kind.NOT_ANCHORED:
            fields |= _anchored(published, alert)
        case Kind.ABANDONMENT | Kind.TRAINING_NEED:
            fields |= _burden(published, alert)
        case _:
            fields |= _cause(published, alert)
    defined = published.evidence.definitions.get(indicator)
    fields |= _begun(published, alert)
    page = f"{address.rstrip('/')}/units/{quote(unit, safe='')}" if address else ""
    name = _three(defined, "title") if defined else _names_of_system(published, system)
    return Facts(
        **{
            "unit": _names_of_unit(published, unit, day),
            "system": _names_of_system(published, system),
            "indicator": name,
            "definition": _three(defined, "question") if defined else name,
            "version": defined["version"] if defined else 1,
            "chart": page,
            "suggestions": published.registry.suggested(alert.kind.value, system),
            **fields,
        }
    )


def _begun(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    """Going live, where it has been so ever since, and how often chance finds what was found."""
    fields: dict[str, Any] = {}
    if alert.kind in _FROM_THE_START:
        go_live = published.live(alert.key.system, alert.key.unit)
        fields["live"] = go_live if go_live is not None and monday(go_live) == alert.since else None
    if alert.kind in (Kind.LEVEL, Kind.RELAPSE):
        budget = published.registry.organisation(published.root).false_per_unit_year
        fields["chance"] = max(1, ceil(100 * budget))
    return fields


def _names_of_unit(published: PublishedEvidence, unit: str, day: date) -> Names:
    group = next((group for group in published.registry.groups if group.id == unit), None)
    if group is not None:
        return group.names
    versions = [version for version in published.registry.units if version.id == unit]
    return next(
        (version.names for version in versions if day in version.span),
        versions[-1].names if versions else Names.of(unit),
    )


def _names_of_system(published: PublishedEvidence, system: str) -> Names:
    if system == "*":
        return _EVERY_SYSTEM
    registered = published.registry.system(system)
    return registered.names if registered else Names.of(system)


def _three(row: dict[str, Any], prefix: str) -> Names:
    return Names(row[f"{prefix}_sv"], row[f"{prefix}_nb"], row[f"{prefix}_en"])


def _figure(row: dict[str, Any] | None) -> Figure | None:
    if row is None or row["value"] is None or row["low"] is None or row["high"] is None:
        return None
    return Figure(round(row["value"]), round(row["low"]), round(row["high"]), row["n_band"])


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _peers(values: Sequence[float]) -> Peers | None:
    band = peer_band(values)
    return None if band.middle is None else Peers(round(band.middle), _whole(band.low), _whole(band.high))


def _detected(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    """From the latest signal of the alert's kind and indicator."""
    key = alert.key
    rows = [
        row
        for row in published.evidence.signals
        if (row["unit"], row["system"], row["indicator"], row["kind"])
        == (key.unit, key.system, alert.indicator, alert.kind.value)
    ]
    if not rows:
        return {}
    row = rows[-1]
    fields: dict[str, Any] = {"first": row["first"], "last": row["last"], "figure": _figure(row)}
    fields["before"] = _whole(row["before"])
    fields |= _evidence_for_advice(published, key.unit, key.system, row["last"])
    # the same peers as on the unit's page; the signal's own, of detection, where too few are published
    peer_values = published.among_peers(alert.indicator, "window", key.unit, key.system, row["last"])
    if peers := _peers(peer_values):
        fields["peers"] = peers
    elif row["peer"] is not None:
        fields["peers"] = Peers(round(row["peer"]), _whole(row["peer_low"]), _whole(row["peer_high"]))
    if alert.kind is Kind.BEHIND_PLAN and row["target"] is not None and row["due"] is not None:
        fields["plan"] = Plan(round(row["target"]), _due(published, alert, row["due"]))
    return fields | _loss(published, alert)


def _evidence_for_advice(published: PublishedEvidence, unit: str, system: str, week: date) -> dict[str, Any]:
    """How many are ready to use the system, and how much still goes by paper, as far as it is shown."""
    ready = published.fact("ready", unit, system, week)
    paper = published.value("fallback", "window", unit, system, week)
    return {"ready": _whole(ready["value"]) if ready else None, "paper": _whole(paper)}


def _due(published: PublishedEvidence, alert: Alert, week: date) -> date:
    """The plan's own day in the week that detection knows."""
    plan = published.plan(alert.key.system, alert.indicator, alert.key.unit, week)
    days = [target.date for target in plan.targets] if plan else []
    return next((day for day in days if week <= day < week + timedelta(weeks=1)), week)


def _loss(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    """Hours that a year is missed by, of the benefits of the unit, or of the members of the group, and system."""
    unit, system = alert.key.unit, alert.key.system
    members = next((group.units for group in published.registry.groups if group.id == unit), (unit,))
    rows = [
        row
        for (fact, place, fact_system, _), facts in published.evidence.facts.items()
        for row in facts
        if (fact, fact_system) == ("unrealised_hours", system) and place in members
    ]
    benefits = [
        benefit for benefit in published.registry.benefits if benefit.unit in members and benefit.system == system
    ]
    week = max((row["week"] for row in rows), default=None)
    hours = sum(row["value"] or 0 for row in rows if row["week"] == week)
    if week is None or not benefits or not hours:
        return {}
    return {"loss": Loss(benefits[0].names, round(hours), week + timedelta(days=6) + _OPEN_YEAR)}


def _ready(published: PublishedEvidence, alert: Alert, day: date) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    use_fact = published.fact("use", unit, system, week, alert.indicator)
    fields: dict[str, Any] = {"first": week - timedelta(weeks=3), "figure": _figure(use_fact)}
    fields |= _evidence_for_advice(published, unit, system, week)
    rows = [published.fact("use", peer, system, week, alert.indicator) for peer in published.peers(unit, day)]
    if peers := _peers([row["value"] for row in rows if row is not None]):
        fields["peers"] = peers
    plan = published.plan(system, alert.indicator, unit, day)
    target = target_of_use(published, unit, system, day, alert.indicator)
    if plan is not None and target is not None:
        fields["plan"] = Plan(target, plan.targets[-1].date)
    return fields | _loss(published, alert)


def _rollout(published: PublishedEvidence, alert: Alert, day: date) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    share, row = (
        moved(published, unit, system, week),
        published.evidence.values.get(("enrolment", "week", unit, system, week)),
    )
    fields: dict[str, Any] = {}
    if share is not None and row is not None:
        fields["figure"] = Figure(share, share, share, row["n_band"])
    plan = published.plan(system, "enrolment", unit, day)
    if plan is not None:
        coming = next((target for target in plan.targets if target.date > day), plan.targets[-1])
        fields["plan"] = Plan(round(coming.value / 10), coming.date)
    apps = [row["part"] for row in published.evidence.facts.get(("legacy", unit, system, week), [])]
    return fields | {"legacy": ", ".join(apps)}


def _decision(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    decision = next((decision for decision in published.registry.decisions if decision.id == alert.indicator), None)
    if decision is None:
        return {}
    current = standing(published, decision, alert.confirmed + timedelta(days=6))
    fields: dict[str, Any] = {
        "decided": Decided(decision.names, current.acknowledged, current.units, current.weeks, current.level)
    }
    return fields | {"indicator": decision.names, "definition": decision.names}


def _anchored(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    unit, system = alert.key.unit, alert.key.system
    row = published.fact("trained", unit, system, alert.confirmed, "manager")
    stones = [
        milestone.date
        for milestone in published.registry.milestones
        if (milestone.system, milestone.tier) == (system, "staff")
    ]
    return {"figure": _figure(row), "plan": Plan(ANCHORED, min(stones, default=alert.confirmed))}


def _burden(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    tickets = published.value("tickets-per-100", "window", unit, system, week)
    peer_values = published.among_peers("tickets-per-100", "window", unit, system, week)
    fields: dict[str, Any] = {
        "figure": _figure(published.evidence.values.get((alert.indicator, "window", unit, system, week)))
    }
    if tickets is not None:
        fields["burden"] = Burden(round(tickets), _whole(peer_band(peer_values).middle))
    return fields


def _cause(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    shares = [
        row["scope"]
        for row in published.evidence.signals
        if row["unit"] == "*" and row["system"] == alert.key.system and row["opened"] >= alert.since and row["scope"]
    ]
    return {"first": alert.since, "scope": _whole(max(shares, default=None))}
