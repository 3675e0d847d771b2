"""What the published rows of one week say, as observations: detection's verdicts, and rules on few figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from nytta.indicators.detection import NotAssessed, Signal
from nytta.insight.alerts import rules
from nytta.insight.alerts.evaluation.decisions import decision_observations, root_on
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.rollout import moved, rollout_observations
from nytta.insight.alerts.evaluation.since import SETTLED, first_low_week
from nytta.insight.alerts.evaluation.support import support_observations
from nytta.insight.alerts.kinds import Inhibition, Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.insight.alerts.signals import held_back, observations
from nytta.registry.dates import monday

ANCHORED = 80
"""Share of managers, in percent, that must have taken their step before the staff's begins."""
_BREADTH, _INTENDED = "weekly-breadth", "intended-use"


def observe_week(published: PublishedEvidence, week: date) -> list[Observation]:
    """All observations of the week that begins on `week`, with what is held back by agreements."""
    evidence = published.evidence
    day = week + timedelta(days=6)
    opened = [signal_row for signal_row in evidence.signals if signal_row["opened"] <= week]
    signals = [
        _signal(signal_row) for signal_row in opened if not _rolling_out(published, signal_row, day)
    ]
    not_assessed = [
        NotAssessed(
            row["unit"], row["system"], row["indicator"], _label(row["week"]), row["reason"]
        )
        for row in evidence.not_assessed
        if row["week"] == week
    ]
    week_observations = [
        *observations(signals, not_assessed, week, published.root),
        *rollout_observations(published, week),
        *decision_observations(published, week),
        *_anchoring(published, week),
        *_readiness(published, week),
        *support_observations(published, week),
    ]
    week_observations = _without_past_forecasts(published, week_observations, week)
    week_observations = [
        _beside_its_figure(published, observation) for observation in week_observations
    ]
    places = {(observation.unit, observation.system) for observation in week_observations}
    deviations = {
        (place, system)
        for place, system in places
        # nobody agrees for a whole organisation not to use what it has
        if place != published.root
        and published.registry.deviation(system, published.member(place), day) is not None
    }
    return held_back(week_observations, deviations=deviations)


def _without_past_forecasts(
    published: PublishedEvidence, week_observations: Iterable[Observation], week: date
) -> list[Observation]:
    """The observations, of which a forecast for a day that has passed is held back: it is none any more."""
    last_day = week + timedelta(days=6)
    dues = {
        (signal_row["unit"], signal_row["system"], signal_row["indicator"]): signal_row["due"]
        for signal_row in published.evidence.signals
        if signal_row["kind"] == Kind.BEHIND_PLAN
        and signal_row["opened"] <= week
        and signal_row["due"] is not None
    }
    current: list[Observation] = []
    for observation in week_observations:
        due = dues.get((observation.unit, observation.system, observation.indicator), date.max)
        if observation.kind is Kind.BEHIND_PLAN and due <= last_day:
            current.append(replace(observation, inhibition=Inhibition.DUE))
        else:
            current.append(observation)
    return current


def _beside_its_figure(published: PublishedEvidence, observation: Observation) -> Observation:
    """The observation; of a plan that the published figure has reached nobody hears that it will be missed.

    Every indicator of which plans are judged is the better the higher it is.
    """
    if observation.kind is not Kind.BEHIND_PLAN or observation.verdict not in (
        Verdict.MET,
        Verdict.HIT,
    ):
        return observation
    unit, system, week, indicator = (
        observation.unit,
        observation.system,
        observation.week,
        observation.indicator,
    )
    published_value = published.value(indicator, "window", unit, system, week)
    if published_value is None:
        return observation
    plan = published.plan(system, indicator, unit, week + timedelta(days=6))
    if plan is None:
        return observation
    coming = next((target for target in plan.targets if target.date > week), plan.targets[-1])
    # targets are in tenths of a percent
    return (
        replace(observation, verdict=Verdict.BETWEEN)
        if published_value >= coming.value / 10
        else observation
    )


def _rolling_out(published: PublishedEvidence, signal_row: dict[str, Any], day: date) -> bool:
    """Whether a verdict on use says only that workplaces are still being delivered, of which enrolment tells."""
    if signal_row["indicator"] != _BREADTH or signal_row["unit"] == "*":
        return False
    try:
        plan = published.plan(signal_row["system"], "enrolment", signal_row["unit"], day)
    except KeyError:
        return False
    if plan is None:
        return False
    if day < plan.targets[-1].date:
        return True
    in_use = moved(published, signal_row["unit"], signal_row["system"], day - timedelta(days=6))
    return in_use is not None and in_use < rules.MOVED


def _signal(signal_row: dict[str, Any]) -> Signal:
    evidence = {
        "also": signal_row["also"],
        "to": signal_row["told"],
        "urgency": signal_row["urgency"],
        "since": _label(signal_row["since"]),
    }
    closed = _label(signal_row["closed"]) if signal_row["closed"] else None
    return Signal(
        signal_row["unit"],
        signal_row["system"],
        signal_row["indicator"],
        signal_row["kind"],
        _label(signal_row["opened"]),
        closed,
        evidence,
    )


def _label(week: date) -> str:
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02d}"


def _anchoring(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    staff_starts = [
        milestone
        for milestone in published.registry.milestones
        if milestone.what == "step_started" and milestone.tier == "staff"
    ]
    systems = {
        milestone.system for milestone in staff_starts if _about(published, milestone.unit, day)
    }
    for system in sorted(systems):
        begun = min(milestone.date for milestone in staff_starts if milestone.system == system)
        shares_by_unit = _trained_managers(published, system, week)
        for unit in _lowest(published, published.root, set(shares_by_unit), day):
            managers = shares_by_unit.get(unit)
            verdict = rules.not_anchored(managers, ANCHORED, staff_started=begun <= day)
            yield Observation(unit, system, Kind.NOT_ANCHORED, week, verdict, since=monday(begun))


def _trained_managers(published: PublishedEvidence, system: str, week: date) -> dict[str, int]:
    """The share of managers who have taken their step, in whole percent, of each unit where it is shown."""
    shares: dict[str, int] = {}
    for (fact, _unit, fact_system, fact_week), fact_rows in published.evidence.facts.items():
        if (fact, fact_system, fact_week) != ("trained", system, week):
            continue
        for fact_row in fact_rows:
            if fact_row["part"] == "manager" and fact_row["value"] is not None:
                shares[fact_row["unit"]] = round(fact_row["value"])
    return shares


def _about(published: PublishedEvidence, unit: str, day: date) -> bool:
    return unit == "" or root_on(published.registry, unit, day) == published.root


def _lowest(published: PublishedEvidence, unit: str, shown_units: set[str], day: date) -> list[str]:
    """The lowest level at which every unit has a figure."""
    below = [
        candidate.id
        for candidate in published.registry.units_at(day).values()
        if candidate.parent == unit
    ]
    if not below or not shown_units.issuperset(below):
        return [unit]
    return [
        descendant for child in below for descendant in _lowest(published, child, shown_units, day)
    ]


def _readiness(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    places = set(published.places(day)) - {published.root}
    for fact, place, system, fact_week in list(published.evidence.facts):
        if (fact, fact_week) != ("ready", week) or place not in places:
            continue
        go_live = published.live(system, place)
        if go_live is None or day < go_live + SETTLED:
            continue
        observation = _ready_unit(published, place, system, week)
        if observation is None:
            continue
        if observation.verdict is Verdict.HIT:
            is_unused = partial(_unused, published, place, system, observation.indicator)
            observation = replace(
                observation, since=first_low_week(published, week, go_live, is_unused)
            )
        yield observation


def _ready_unit(
    published: PublishedEvidence, place: str, system: str, week: date
) -> Observation | None:
    """Whether a unit where people are ready uses the system as intended; None where no use with a target is shown."""
    ready = published.fact("ready", place, system, week)
    ready_share = None if ready is None else round(ready["value"])
    # cases say more than persons; where too few hands stand behind them, persons speak
    for indicator in (_INTENDED, _BREADTH):
        use_fact = published.fact("use", place, system, week, indicator)
        if use_fact is None:
            continue
        target = published.target_of_use(system, indicator, place, week + timedelta(days=6))
        if target is None:
            continue
        use_share = round(use_fact["value"])
        verdict = rules.ready_not_used(ready_share, use_share, target)
        urgency = round(max(0, target - use_share) / 100, 2)
        return Observation(
            place, system, Kind.READY_NOT_USED, week, verdict, indicator, urgency=urgency
        )
    return None


def _unused(
    published: PublishedEvidence, place: str, system: str, indicator: str, week: date
) -> bool | None:
    """Whether use was far below its target in a week; None where it is not known."""
    use_fact = published.fact("use", place, system, week, indicator)
    target = published.target_of_use(system, indicator, place, week + timedelta(days=6))
    if use_fact is None or use_fact["value"] is None or target is None:
        return None
    return rules.ready_not_used(rules.READY, round(use_fact["value"]), target) is Verdict.HIT
