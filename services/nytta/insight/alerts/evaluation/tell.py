"""What is known about one alert on the day of its message: published figures and the registry, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import ceil
from typing import Any
from urllib.parse import quote

from nytta.disclosure.published.peers import peer_band
from nytta.insight.alerts.evaluation.decisions import standing
from nytta.insight.alerts.evaluation.observe import ANCHORED
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.rollout import moved
from nytta.insight.alerts.facts import Burden, Decided, Facts, Figure, Loss, Peers, Plan
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Alert
from nytta.registry.dates import monday
from nytta.registry.units import Names

_NOWHERE = Names("", "", "")
_EVERY_SYSTEM = Names("Alla system", "Alle systemer", "All systems")
_WORKPLACES = Names(
    "Planerade arbetsplatser som är i bruk",
    "Planlagte arbeidsplasser som er i bruk",
    "Planned workplaces in use",
)
"""What a rollout is measured by: enrolment and activation together, and so no indicator by itself."""
_DETECTED = {Kind.LEVEL, Kind.RELAPSE, Kind.BEHIND_PLAN}
_FROM_THE_START = {Kind.LEVEL, Kind.READY_NOT_USED, Kind.NOT_MOVED}
"""Kinds that may hold from going live on."""

_OPEN_YEAR = timedelta(days=364)


def facts_of(published: PublishedEvidence, alert: Alert, day: date, address: str) -> Facts:
    """The facts of an alert on `day`; `address` is where the console is reached ('' where there is none)."""
    fields: dict[str, Any] = {
        "first": alert.confirmed,
        "last": alert.confirmed,
        "unit": published.registry.place_names(alert.key.unit, day),
        "system": _names_of_system(published, alert.key.system),
        "chart": _page(address, alert.key.unit),
        "suggestions": published.registry.suggested(alert.kind.value, alert.key.system),
    }
    fields |= _definition(published, alert)
    # what the kind itself knows comes last: a decision has a name of its own in place of an indicator's
    fields |= _of_kind(published, alert, day)
    fields |= _begun(published, alert)
    return Facts(**fields)


def _of_kind(published: PublishedEvidence, alert: Alert, day: date) -> dict[str, Any]:
    """What is known of an alert of its kind."""
    match alert.kind:
        case Kind.LEVEL | Kind.RELAPSE | Kind.BEHIND_PLAN:
            return _detected(published, alert)
        case Kind.READY_NOT_USED:
            return _ready(published, alert, day)
        case Kind.NOT_MOVED:
            return _rollout(published, alert, day)
        case Kind.DECISION_STUCK:
            return _decision(published, alert)
        case Kind.NOT_ANCHORED:
            return _anchored(published, alert)
        case Kind.ABANDONMENT | Kind.TRAINING_NEED:
            return _burden(published, alert)
        case _:
            return _cause(published, alert)


def _page(address: str, unit: str) -> str:
    """The unit's page of the console; '' where there is none."""
    if not address:
        return ""
    # ids of units are the body's own, and may hold what an address gives a meaning
    return f"{address.rstrip('/')}/units/{quote(unit, safe='')}"


def _definition(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    """Title, question and version of the alert's indicator; the system's name where it rests on none."""
    definition_row = published.evidence.definitions.get(alert.indicator)
    if definition_row is None:
        name = _names_of_system(published, alert.key.system)
        return {"indicator": name, "definition": name, "version": 1}
    return {
        "indicator": _three(definition_row, "title"),
        "definition": _three(definition_row, "question"),
        "version": definition_row["version"],
    }


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


def _names_of_system(published: PublishedEvidence, system: str) -> Names:
    if system == "*":
        return _EVERY_SYSTEM
    return published.registry.system_names(system)


def _three(definition_row: dict[str, Any], prefix: str) -> Names:
    return Names(
        definition_row[f"{prefix}_sv"],
        definition_row[f"{prefix}_nb"],
        definition_row[f"{prefix}_en"],
    )


def _figure(row: dict[str, Any] | None) -> Figure | None:
    if row is None or row["value"] is None or row["low"] is None or row["high"] is None:
        return None
    return Figure(round(row["value"]), round(row["low"]), round(row["high"]), row["n_band"])


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _peers(values: Sequence[float]) -> Peers | None:
    band = peer_band(values)
    return (
        None
        if band.middle is None
        else Peers(round(band.middle), _whole(band.low), _whole(band.high))
    )


def _detected(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    """From the latest signal of the alert's kind and indicator."""
    key = alert.key
    series_place = (key.unit, key.system, alert.indicator, alert.kind.value)
    signal_rows = [
        signal_row
        for signal_row in published.evidence.signals
        if (signal_row["unit"], signal_row["system"], signal_row["indicator"], signal_row["kind"])
        == series_place
    ]
    if not signal_rows:
        return {}
    signal_row = signal_rows[-1]
    fields: dict[str, Any] = {
        "first": signal_row["first"],
        "last": signal_row["last"],
        "figure": _figure(signal_row),
    }
    fields["before"] = _whole(signal_row["before"])
    fields |= _evidence_for_advice(published, key.unit, key.system, signal_row["last"])
    # the same peers as on the unit's page; the signal's own, of detection, where too few are published
    peer_values = published.among_peers(
        alert.indicator, "window", key.unit, key.system, signal_row["last"]
    )
    if peers := _peers(peer_values):
        fields["peers"] = peers
    elif signal_row["peer"] is not None:
        fields["peers"] = Peers(
            round(signal_row["peer"]),
            _whole(signal_row["peer_low"]),
            _whole(signal_row["peer_high"]),
        )
    if (
        alert.kind is Kind.BEHIND_PLAN
        and signal_row["target"] is not None
        and signal_row["due"] is not None
    ):
        fields["plan"] = Plan(
            round(signal_row["target"]), _due(published, alert, signal_row["due"])
        )
    return fields | _loss(published, alert)


def _evidence_for_advice(
    published: PublishedEvidence, unit: str, system: str, week: date
) -> dict[str, Any]:
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
    members = published.registry.members(unit)
    benefits = [
        benefit
        for benefit in published.registry.benefits
        if benefit.unit in members and benefit.system == system
    ]
    hours_facts = published.unrealised_hours(members, system)
    if not benefits or not hours_facts:
        return {}
    # of each member the same week: hours of different weeks do not add up
    week = max(hours_fact["week"] for hours_fact in hours_facts)
    hours = sum(
        hours_fact["value"] or 0 for hours_fact in hours_facts if hours_fact["week"] == week
    )
    if not hours:
        return {}
    year_ends = week + timedelta(days=6) + _OPEN_YEAR
    return {"loss": Loss(benefits[0].names, round(hours), year_ends)}


def _ready(published: PublishedEvidence, alert: Alert, day: date) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    use_fact = published.fact("use", unit, system, week, alert.indicator)
    fields: dict[str, Any] = {"first": week - timedelta(weeks=3), "figure": _figure(use_fact)}
    fields |= _evidence_for_advice(published, unit, system, week)
    peer_rows = [
        published.fact("use", peer, system, week, alert.indicator)
        for peer in published.peers(unit, day)
    ]
    if peers := _peers([peer_row["value"] for peer_row in peer_rows if peer_row is not None]):
        fields["peers"] = peers
    plan = published.plan(system, alert.indicator, unit, day)
    target = published.target_of_use(system, alert.indicator, unit, day)
    if plan is not None and target is not None:
        fields["plan"] = Plan(target, plan.targets[-1].date)
    return fields | _loss(published, alert)


def _rollout(published: PublishedEvidence, alert: Alert, day: date) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    share = moved(published, unit, system, week)
    enrolment = published.evidence.values.get(("enrolment", "week", unit, system, week))
    fields: dict[str, Any] = {"indicator": _WORKPLACES, "definition": _WORKPLACES}
    if share is not None and enrolment is not None:
        # workplaces are counted, not sampled: there is no interval to tell
        fields["figure"] = Figure(share, share, share, enrolment["n_band"])
    plan = published.plan(system, "enrolment", unit, day)
    if plan is not None:
        coming = next((target for target in plan.targets if target.date > day), plan.targets[-1])
        fields["plan"] = Plan(round(coming.value / 10), coming.date)
    legacy_rows = published.evidence.facts.get(("legacy", unit, system, week), [])
    return fields | {"legacy": ", ".join(legacy_row["part"] for legacy_row in legacy_rows)}


def _decision(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    decision = next(
        (decision for decision in published.registry.decisions if decision.id == alert.indicator),
        None,
    )
    if decision is None:
        return {}
    current = standing(published, decision, alert.confirmed + timedelta(days=6))
    decided = Decided(
        decision.names, current.acknowledged, current.units, current.weeks, current.level
    )
    return {"decided": decided, "indicator": decision.names, "definition": decision.names}


def _anchored(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    unit, system = alert.key.unit, alert.key.system
    trained_fact = published.fact("trained", unit, system, alert.confirmed, "manager")
    staff_days = [
        milestone.date
        for milestone in published.registry.milestones
        if (milestone.system, milestone.tier) == (system, "staff")
    ]
    due = min(staff_days, default=alert.confirmed)
    return {"figure": _figure(trained_fact), "plan": Plan(ANCHORED, due)}


def _burden(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    unit, system, week = alert.key.unit, alert.key.system, alert.confirmed
    published_row = published.evidence.values.get((alert.indicator, "window", unit, system, week))
    fields: dict[str, Any] = {"figure": _figure(published_row)}
    tickets = published.value("tickets-per-100", "window", unit, system, week)
    if tickets is not None:
        peer_values = published.among_peers("tickets-per-100", "window", unit, system, week)
        fields["burden"] = Burden(round(tickets), _whole(peer_band(peer_values).middle))
    return fields


def _cause(published: PublishedEvidence, alert: Alert) -> dict[str, Any]:
    # the common cause is detection's verdict on all units of a system, which it writes under '*'
    shares = [
        signal_row["scope"]
        for signal_row in published.evidence.signals
        if (signal_row["unit"], signal_row["system"]) == ("*", alert.key.system)
        and signal_row["opened"] >= alert.since
        and signal_row["scope"]
    ]
    return {"first": alert.since, "scope": _whole(max(shares, default=None))}
