"""What the published rows of one week say, as observations: detection's verdicts, and rules on few figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from math import hypot, log, nan
from statistics import mean, median
from typing import Any

from nytta.indicators.detection import NotAssessed, Signal
from nytta.insight.alerts import rules
from nytta.insight.alerts.kinds import Inhibition, Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.insight.alerts.signals import held_back, observations
from nytta.insight.store.alerts import Evidence
from nytta.registry.dates import monday
from nytta.registry.programme import Decision, Plan
from nytta.registry.registry import Registry
from nytta.statistics import rise

ANCHORED = 80
"""Share of managers, in percent, that must have taken their step before the staff's begins."""

SETTLED = timedelta(weeks=8)
"""After go-live, a ready unit may be asked from here on why it does not use the system."""

_BREADTH, _INTENDED = "weekly-breadth", "intended-use"
_QUARTER = 13
_YEAR, _WINDOW, _FEWEST_WINDOWS = 52, 4, 8
_FEWEST_PEERS = 3
"""Comparable units below which their middle would say what one of them does."""


@dataclass(frozen=True)
class PublishedEvidence:
    """One organisation: what is published, and what the registry says."""

    root: str
    registry: Registry
    evidence: Evidence
    _places: dict[date, list[str]] = field(default_factory=dict, repr=False)
    _alike: dict[tuple[date, int], dict[str, list[str]]] = field(default_factory=dict, repr=False)

    # units

    def units(self, day: date) -> list[str]:
        """Units whose cases and tickets are spoken of, in tree order."""
        return [unit.id for unit, _ in self.registry.tree(day) if unit.root == self.root]

    def places(self, day: date) -> list[str]:
        """Units whose staff are spoken of: reporting groups stand for their members; in tree order."""
        if day in self._places:
            return self._places[day]
        groups = {group.units[0]: group.id for group in self.registry.groups if day in group.span}
        members = {member for group in self.registry.groups if day in group.span for member in group.units}
        places = []
        for unit, _ in self.registry.tree(day):
            if unit.root == self.root:
                places += [unit.id] if unit.id not in members else []
                places += [groups[unit.id]] if unit.id in groups else []
        return self._places.setdefault(day, places)

    def member(self, place: str) -> str:
        """The unit itself, or the first member of a reporting group."""
        return self.registry.members(place)[0]

    def peers(self, place: str, day: date) -> list[str]:
        """Comparable units and groups, without the unit itself; of a member of a group, units."""
        places = self.places(day)
        if place not in places:
            places = self.units(day)
        if (day, len(places)) not in self._alike:
            peer_groups: dict[str, list[str]] = {}
            for candidate in places:
                peer_groups.setdefault(self.registry.unit(self.member(candidate), day).peer_group, []).append(candidate)
            self._alike[day, len(places)] = peer_groups
        group = self.registry.unit(self.member(place), day).peer_group
        return [peer for peer in self._alike[day, len(places)].get(group, []) if group and peer != place]

    def live(self, system: str, place: str) -> date | None:
        """The day from which the unit, or every member of the group, is live."""
        return self.registry.live(system, place)

    def plan(self, system: str, indicator: str, place: str, day: date) -> Plan | None:
        """The plan in force for the unit, or for the group's first member."""
        return self.registry.plan(system, indicator, self.member(place), day)

    # figures

    def value(self, indicator: str, grain: str, unit: str, system: str, week: date) -> float | None:
        """A published value; None where none is shown."""
        row = self.evidence.values.get((indicator, grain, unit, system, week))
        return None if row is None else row["value"]

    def fact(self, fact: str, unit: str, system: str, week: date, part: str = "") -> dict[str, Any] | None:
        """One fact's row; None where none is shown."""
        rows = self.evidence.facts.get((fact, unit, system, week), [])
        return next((row for row in rows if part in ("", row["part"])), None)

    def systems(self, indicator: str) -> list[str]:
        """Systems with published figures of an indicator."""
        return sorted({key[3] for key in self.evidence.values if key[0] == indicator})

    def among_peers(self, indicator: str, grain: str, unit: str, system: str, week: date) -> list[float]:
        """Published values of comparable units."""
        values = [
            self.value(indicator, grain, peer, system, week) for peer in self.peers(unit, week + timedelta(days=6))
        ]
        return [value for value in values if value is not None]


def observe_week(published: PublishedEvidence, week: date) -> list[Observation]:
    """All observations of the week that begins on `week`, with what is held back by agreements."""
    evidence = published.evidence
    day = week + timedelta(days=6)
    signals = [
        _signal(row) for row in evidence.signals if row["opened"] <= week and not _rolling_out(published, row, day)
    ]
    missing = [
        NotAssessed(row["unit"], row["system"], row["indicator"], _label(row["week"]), row["reason"])
        for row in evidence.not_assessed
        if row["week"] == week
    ]
    week_observations = [
        *observations(signals, missing, week, published.root),
        *_not_moved(published, week),
        *_decisions(published, week),
        *_anchoring(published, week),
        *_readiness(published, week),
        *_support(published, week),
    ]
    week_observations = _without_past_forecasts(published, week_observations, week)
    week_observations = [_beside_its_figure(published, observation) for observation in week_observations]
    # nobody agrees for a whole organisation not to use what it has
    places = {
        (observation.unit, observation.system)
        for observation in week_observations
        if observation.unit != published.root
    }
    deviations = {
        (place, system)
        for place, system in places
        if published.registry.deviation(system, published.member(place), day) is not None
    }
    return held_back(week_observations, deviations=deviations)


def _without_past_forecasts(
    published: PublishedEvidence, week_observations: Iterable[Observation], week: date
) -> list[Observation]:
    """The observations, of which a forecast for a day that has passed is held back: it is none any more."""
    last_day = week + timedelta(days=6)
    dues = {
        (row["unit"], row["system"], row["indicator"]): row["due"]
        for row in published.evidence.signals
        if row["kind"] == Kind.BEHIND_PLAN and row["opened"] <= week and row["due"] is not None
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
    if observation.kind is not Kind.BEHIND_PLAN or observation.verdict not in (Verdict.MET, Verdict.HIT):
        return observation
    unit, system, week, indicator = observation.unit, observation.system, observation.week, observation.indicator
    value = published.value(indicator, "window", unit, system, week)
    plan = published.plan(system, indicator, unit, week + timedelta(days=6)) if value is not None else None
    if plan is None or value is None:
        return observation
    coming = next((target for target in plan.targets if target.date > week), plan.targets[-1])
    return replace(observation, verdict=Verdict.BETWEEN) if value >= coming.value / 10 else observation


def _rolling_out(published: PublishedEvidence, row: dict[str, Any], day: date) -> bool:
    """Whether a verdict on use says only that workplaces are still being delivered, of which enrolment tells."""
    if row["indicator"] != _BREADTH or row["unit"] == "*":
        return False
    try:
        plan = published.plan(row["system"], "enrolment", row["unit"], day)
    except KeyError:
        return False
    if plan is None:
        return False
    in_use = moved(published, row["unit"], row["system"], day - timedelta(days=6))
    return day < plan.targets[-1].date or (in_use is not None and in_use < rules.MOVED)


def _signal(row: dict[str, Any]) -> Signal:
    evidence = {"also": row["also"], "to": row["told"], "urgency": row["urgency"], "since": _label(row["since"])}
    closed = _label(row["closed"]) if row["closed"] else None
    return Signal(row["unit"], row["system"], row["indicator"], row["kind"], _label(row["opened"]), closed, evidence)


def _label(week: date) -> str:
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02d}"


def moved(published: PublishedEvidence, place: str, system: str, week: date) -> int | None:
    """Workplaces in use in percent of the planned ones; None where enrolment or activation is not shown.

    Activation counts clients enrolled two weeks ago and earlier.
    """
    enrolled = published.value("enrolment", "week", place, system, week - timedelta(weeks=2))
    activated = published.value("activation", "week", place, system, week)
    return None if enrolled is None or activated is None else round(enrolled * activated / 100)


def expected(plan: Plan, start: date, day: date) -> int:
    """What the plan expects on `day` in percent: straight from nothing at `start` through each target."""
    reached_on, reached = start, 0.0
    for target in plan.targets:
        if day < target.date:
            way = (day - reached_on).days / max((target.date - reached_on).days, 1)
            return round((reached + max(way, 0.0) * (target.value - reached)) / 10)
        reached_on, reached = target.date, target.value
    return round(reached / 10)


def _begun(published: PublishedEvidence, week: date, start: date, low: Callable[[date], bool | None]) -> date:
    """The first week of the run of low weeks that ends with `week`; the week of `start` where it was never better.

    `low` tells of a week whether it was, None where nothing is known of it.
    """
    earliest, asked_week = week, week
    first_day = max(monday(start), published.evidence.first)
    while asked_week > first_day:
        asked_week -= timedelta(weeks=1)
        is_low = low(asked_week)
        if is_low is False:
            return earliest
        earliest = asked_week if is_low else earliest
    return monday(start) if earliest <= start + SETTLED else earliest


def _not_moved(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for system in published.systems("enrolment"):
        for place in published.places(day):
            plan = published.plan(system, "enrolment", place, day)
            go_live = published.live(system, place)
            if place == published.root or plan is None or go_live is None or go_live > day:
                continue
            planned = expected(plan, plan.start or go_live, day - timedelta(weeks=2))
            activated = moved(published, place, system, week)
            verdict = Verdict.UNUSABLE if activated is None else rules.not_moved(activated, planned, live=True)
            urgency = max(0.0, (planned - (activated or 0)) / 100)
            since = None
            if verdict is Verdict.HIT:
                since = _begun(published, week, go_live, partial(_behind, published, place, system))
            yield Observation(place, system, Kind.NOT_MOVED, week, verdict, "enrolment", urgency=urgency, since=since)


def _behind(published: PublishedEvidence, place: str, system: str, week: date) -> bool | None:
    """Whether the unit had not moved in a week, whatever the plan asked by then; None where it is not known."""
    activated = moved(published, place, system, week)
    return None if activated is None else activated < rules.MOVED


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
    acts = [act for act in published.evidence.acts if act["decision"] == decision.id and act["day"] <= day]
    # a unit with an agreement not to use the system has nothing to acknowledge
    concerned = {unit for unit in decision.units if published.registry.deviation(decision.system, unit, day) is None}
    acknowledged = [act for act in acts if act["state"] == "acknowledged" and act["unit"] in concerned]
    executed = {act["unit"] for act in acts if act["state"] == "executed"}
    # whoever has executed it has acknowledged it, whether that was said or not
    confirmed = {act["unit"] for act in acknowledged} | (executed & concerned)
    levels = [act["level"] for act in acknowledged if act["level"]]
    is_reversed = any(act["state"] == "reversed" for act in acts)
    is_executed = bool(concerned) and concerned <= executed
    return Standing(
        acknowledged=len(confirmed),
        units=len(concerned),
        weeks=(day - decision.decided).days // 7,
        level=max(levels, default=decision.level),
        over=is_reversed or is_executed,
    )


def _decisions(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for decision in published.registry.decisions:
        units = [unit for unit in decision.units if _root(published.registry, unit, day) == published.root]
        if not units or decision.decided > day:
            continue
        current = standing(published, decision, day)
        verdict = (
            Verdict.OVER if current.over else rules.decision_stuck(current.acknowledged, current.units, current.weeks)
        )
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


def _root(registry: Registry, unit: str, day: date) -> str | None:
    try:
        return registry.unit(unit, day).root
    except KeyError:
        return None


def _anchoring(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    staff_starts = [
        milestone
        for milestone in published.registry.milestones
        if milestone.what == "step_started" and milestone.tier == "staff"
    ]
    systems = {milestone.system for milestone in staff_starts if _about(published, milestone.unit, day)}
    for system in sorted(systems):
        begun = min(milestone.date for milestone in staff_starts if milestone.system == system)
        shares_by_unit = _trained_managers(published, system, week)
        for unit in _lowest(published, published.root, set(shares_by_unit), day):
            managers = shares_by_unit.get(unit)
            verdict = rules.not_anchored(managers, ANCHORED, staff_started=begun <= day)
            yield Observation(unit, system, Kind.NOT_ANCHORED, week, verdict, since=monday(begun))


def _trained_managers(published: PublishedEvidence, system: str, week: date) -> dict[str, int]:
    """The share of managers who have taken their step, in whole percent, of each unit where it is shown."""
    return {
        row["unit"]: round(row["value"])
        for (fact, _, fact_system, fact_week), rows in published.evidence.facts.items()
        for row in rows
        if (fact, fact_system, fact_week, row["part"]) == ("trained", system, week, "manager")
        and row["value"] is not None
    }


def _about(published: PublishedEvidence, unit: str, day: date) -> bool:
    return unit == "" or _root(published.registry, unit, day) == published.root


def _lowest(published: PublishedEvidence, unit: str, shown_units: set[str], day: date) -> list[str]:
    """The lowest level at which every unit has a figure."""
    below = [candidate.id for candidate in published.registry.units_at(day).values() if candidate.parent == unit]
    if not below or not shown_units.issuperset(below):
        return [unit]
    return [descendant for child in below for descendant in _lowest(published, child, shown_units, day)]


def target_of_use(
    published: PublishedEvidence, place: str, system: str, day: date, indicator: str = _INTENDED
) -> int | None:
    """The intended share of use of a unit, or of a group's first member, in whole percent."""
    return published.registry.target_of_use(system, indicator, published.member(place), day)


def _readiness(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for fact, place, system, fact_week in list(published.evidence.facts):
        if (fact, fact_week) != ("ready", week) or place == published.root or place not in published.places(day):
            continue
        go_live = published.live(system, place)
        if go_live is None or day < go_live + SETTLED:
            continue
        observation = _ready_unit(published, place, system, week)
        if observation is None:
            continue
        if observation.verdict is Verdict.HIT:
            is_unused = partial(_unused, published, place, system, observation.indicator)
            observation = replace(observation, since=_begun(published, week, go_live, is_unused))
        yield observation


def _ready_unit(published: PublishedEvidence, place: str, system: str, week: date) -> Observation | None:
    """Whether a unit where people are ready uses the system as intended; None where no use with a target is shown."""
    ready = published.fact("ready", place, system, week)
    ready_share = None if ready is None else round(ready["value"])
    # Cases say more than persons; where too few hands stand behind them, persons speak.
    for indicator in (_INTENDED, _BREADTH):
        use_fact = published.fact("use", place, system, week, indicator)
        if use_fact is None:
            continue
        target = target_of_use(published, place, system, week + timedelta(days=6), indicator)
        if target is None:
            continue
        use_share = round(use_fact["value"])
        verdict = rules.ready_not_used(ready_share, use_share, target)
        urgency = round(max(0, target - use_share) / 100, 2)
        return Observation(place, system, Kind.READY_NOT_USED, week, verdict, indicator, urgency=urgency)
    return None


def _unused(published: PublishedEvidence, place: str, system: str, indicator: str, week: date) -> bool | None:
    """Whether use was far below its target in a week; None where it is not known."""
    use_fact = published.fact("use", place, system, week, indicator)
    target = target_of_use(published, place, system, week + timedelta(days=6), indicator)
    if use_fact is None or use_fact["value"] is None or target is None:
        return None
    return rules.ready_not_used(rules.READY, round(use_fact["value"]), target) is Verdict.HIT


def _support(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for system in published.systems("tickets-per-100"):
        for place in published.units(day):
            row = published.evidence.values.get(("tickets-per-100", "window", place, system, week))
            if place == published.root or row is None:
                continue
            since = _burdened(published, place, system, week)
            change = change_of_use(published, place, system, week, since)
            low, peers = _surest_burden(published, place, system, week)
            latest = _burden(published, place, system, week) or 0.0
            kind, verdict = rules.support(low, peers, change, latest)
            urgency = 0.0
            if peers is not None and low is not None:
                urgency = round(low / max(peers, 1) - 1, 2)
            urgency = min(max(urgency, 0.0), 1.0)
            yield Observation(place, system, kind, week, verdict, _BREADTH, urgency=urgency, since=since)


def _surest_burden(
    published: PublishedEvidence, place: str, system: str, week: date
) -> tuple[float | None, float | None]:
    """The low end of a unit's tickets per 100 persons, and what comparable units have; None where it is not known.

    What chance alone may have brought is no burden. One window tells at once of a great one; the windows of a quarter
    together, each with a chance of its own, of one that a single window cannot tell from chance.
    """
    burdens = [
        burden
        for windows in (1, _QUARTER // _WINDOW)
        if (burden := _low_burden(published, place, system, week, windows))
    ]
    return max(burdens, key=lambda burden: burden[0] / max(burden[1], 1), default=(None, None))


def _low_burden(
    published: PublishedEvidence, place: str, system: str, week: date, windows: int
) -> tuple[float, float] | None:
    """The low end of the mean of the last windows that do not overlap, and the mean of comparable units'."""
    values, below, peers = [], [], []
    for asked_week in (week - timedelta(weeks=_WINDOW * offset) for offset in range(windows)):
        row = published.evidence.values.get(("tickets-per-100", "window", place, system, asked_week))
        peer_values = published.among_peers("tickets-per-100", "window", place, system, asked_week)
        if row is not None and row["low"] is not None and len(peer_values) >= _FEWEST_PEERS:
            values.append(row["value"])
            below.append(row["value"] - row["low"])
            peers.append(median(peer_values))
        elif asked_week == week:
            return None
    return mean(values) - hypot(*below) / len(below), mean(peers)


def _burdened(published: PublishedEvidence, place: str, system: str, week: date) -> date | None:
    """The week in which the tickets of a unit began to rise and its use to change, by what is published of a year.

    Tickets against comparable units of the same weeks, for everybody asks less in summer; use week by week, quiet
    ones out. Weeks in which either is not known, or the system was still being taken into use, tell nothing of it.
    """
    go_live, calendar = published.live(system, place), published.registry.organisation(published.root).calendar
    weeks = [week - timedelta(weeks=offset) for offset in reversed(range(_YEAR))]
    # a system that is being taken into use is used more each week
    weeks = [asked_week for asked_week in weeks if go_live is None or asked_week >= go_live + SETTLED]
    tickets = [_burden(published, place, system, asked_week) for asked_week in weeks]
    uses = [
        None if calendar.is_quiet(asked_week) else published.value(_BREADTH, "week", place, system, asked_week)
        for asked_week in weeks
    ]
    known_uses = [use for use in uses if use is not None]
    if min(len(known_uses), len(weeks) - tickets.count(None)) < _FEWEST_WINDOWS:
        return None
    half = _FEWEST_WINDOWS // 2
    direction = -1.0 if mean(known_uses[-half:]) < mean(known_uses[:half]) else 1.0
    turned = [nan if use is None else direction * use for use in uses]
    burdens = [nan if burden is None else log(burden) for burden in tickets]
    return weeks[rise(burdens, turned, widths=(_WINDOW, 1))]


def _burden(published: PublishedEvidence, place: str, system: str, week: date) -> float | None:
    """Tickets per person over those of comparable units, in the window that ends with a week; None where unknown."""
    value = published.value("tickets-per-100", "window", place, system, week)
    peer_values = published.among_peers("tickets-per-100", "window", place, system, week)
    if not value or len(peer_values) < _FEWEST_PEERS or median(peer_values) <= 0:
        return None
    return value / median(peer_values)


def change_of_use(
    published: PublishedEvidence, place: str, system: str, week: date, begun: date | None = None
) -> int | None:
    """Change of weekly breadth in percent points: four published weeks against four, quiet ones out.

    Over a quarter, or since the week `begun` where that is longer ago.
    """
    calendar = published.registry.organisation(published.root).calendar

    def level(last_day: date, reach: int) -> float | None:
        weeks: Sequence[date] = [last_day - timedelta(weeks=offset) for offset in range(reach)]
        weekly_values = [
            published.value(_BREADTH, "week", place, system, week) for week in weeks if not calendar.is_quiet(week)
        ]
        published_values = [value for value in weekly_values if value is not None][:4]
        return mean(published_values) if len(published_values) == 4 else None

    quarter = week - timedelta(weeks=_QUARTER)
    compared_week = quarter if begun is None else min(quarter, begun - timedelta(weeks=1))
    # before a summer lie more quiet weeks than usual ones in two months
    current, earlier = level(week, 2 * _WINDOW), level(compared_week, _QUARTER)
    return None if current is None or earlier is None else round(current - earlier)
