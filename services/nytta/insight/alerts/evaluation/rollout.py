"""How far a rollout has come against its plan: workplaces that are planned, delivered and in use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from typing import Final

from nytta.insight.alerts import rules
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.since import first_low_week
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.registry.programme import Plan

WEEKLY: Final = ("enrolment", "activation")
"""Indicators of which what is told of alerts rests on single weeks; all else rests on windows."""


def moved(published: PublishedEvidence, place: str, system: str, week: date) -> int | None:
    """Workplaces in use in percent of the planned ones; None where enrolment or activation is not shown.

    Activation counts clients enrolled two weeks ago and earlier.
    """
    delivered, used = WEEKLY
    enrolled = published.value(delivered, "week", place, system, week - timedelta(weeks=2))
    activated = published.value(used, "week", place, system, week)
    if enrolled is None or activated is None:
        return None
    return round(enrolled * activated / 100)


def expected(plan: Plan, start: date, day: date) -> int:
    """What the plan expects on `day` in percent: straight from nothing at `start` through each target."""
    reached_on, reached = start, 0.0
    for target in plan.targets:
        if day < target.date:
            days = max((target.date - reached_on).days, 1)
            passed = max((day - reached_on).days / days, 0.0)
            # targets are in tenths of a percent
            return round((reached + passed * (target.value - reached)) / 10)
        reached_on, reached = target.date, target.value
    return round(reached / 10)


def rollout_observations(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    """Whether each unit with a plan of workplaces has moved to them, as far as the plan asks by now."""
    day = week + timedelta(days=6)
    for system in published.systems("enrolment"):
        for place in published.places(day):
            plan = published.plan(system, "enrolment", place, day)
            go_live = published.live(system, place)
            if place == published.root or plan is None or go_live is None or go_live > day:
                continue
            # activation counts clients enrolled two weeks ago
            planned = expected(plan, plan.start or go_live, day - timedelta(weeks=2))
            activated = moved(published, place, system, week)
            verdict = (
                Verdict.UNUSABLE
                if activated is None
                else rules.not_moved(activated, planned, live=True)
            )
            urgency = max(0.0, (planned - (activated or 0)) / 100)
            since = None
            if verdict is Verdict.HIT:
                since = first_low_week(
                    published, week, go_live, partial(_behind, published, place, system)
                )
            yield Observation(
                place,
                system,
                Kind.NOT_MOVED,
                week,
                verdict,
                "enrolment",
                urgency=urgency,
                since=since,
            )


def _behind(published: PublishedEvidence, place: str, system: str, week: date) -> bool | None:
    """Whether the unit had not moved in a week, whatever the plan asked by then; None where it is not known."""
    activated = moved(published, place, system, week)
    return None if activated is None else activated < rules.MOVED
