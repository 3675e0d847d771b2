"""How far decisions have come: acknowledged and executed by the units that they concern, or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from nytta.insight.alerts import rules
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.registry.dates import monday
from nytta.registry.programme import Decision
from nytta.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a decision has come on a day."""

    acknowledged: int
    units: int
    weeks: int
    level: str
    over: bool


def standing(published: PublishedEvidence, decision: Decision, day: date) -> Standing:
    """A decision's acknowledgements among the units it concerns, its age, and the level it has come to."""
    decision_acts = [
        act
        for act in published.evidence.acts
        if act["decision"] == decision.id and act["day"] <= day
    ]
    # a unit with an agreement not to use the system has nothing to acknowledge
    concerned = {
        unit
        for unit in decision.units
        if published.registry.deviation(decision.system, unit, day) is None
    }
    acknowledged = [
        act for act in decision_acts if act["state"] == "acknowledged" and act["unit"] in concerned
    ]
    executed = {act["unit"] for act in decision_acts if act["state"] == "executed"}
    # whoever has executed it has acknowledged it, whether that was said or not
    confirmed = {act["unit"] for act in acknowledged} | (executed & concerned)
    levels = [act["level"] for act in acknowledged if act["level"]]
    is_reversed = any(act["state"] == "reversed" for act in decision_acts)
    is_executed = bool(concerned) and concerned <= executed
    return Standing(
        acknowledged=len(confirmed),
        units=len(concerned),
        weeks=(day - decision.decided).days // 7,
        level=max(levels, default=decision.level),
        over=is_reversed or is_executed,
    )


def decision_observations(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    """Whether each decision of the organisation is stuck."""
    day = week + timedelta(days=6)
    for decision in published.registry.decisions:
        units = [
            unit
            for unit in decision.units
            if root_on(published.registry, unit, day) == published.root
        ]
        if not units or decision.decided > day:
            continue
        current = standing(published, decision, day)
        if current.over:
            verdict = Verdict.OVER
        else:
            verdict = rules.decision_stuck(current.acknowledged, current.units, current.weeks)
        missing = (current.units - current.acknowledged) / max(current.units, 1)
        yield Observation(
            published.root,
            decision.system,
            Kind.DECISION_STUCK,
            week,
            verdict,
            decision.id,
            urgency=round(missing, 2),
            since=monday(decision.decided),
        )


def root_on(registry: Registry, unit: str, day: date) -> str | None:
    """The organisation of a unit on a day; None where the unit is not there."""
    try:
        return registry.unit(unit, day).root
    except KeyError:
        return None
