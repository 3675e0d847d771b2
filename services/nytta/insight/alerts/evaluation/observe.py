"""What the published rows of one week say, as observations: detection's verdicts, and rules on few figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
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
_YEAR, _FEWEST_WINDOWS = 52, 8


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
        groups = {g.units[0]: g.id for g in self.registry.groups if day in g.span}
        members = {u for g in self.registry.groups if day in g.span for u in g.units}
        found = []
        for unit, _ in self.registry.tree(day):
            if unit.root == self.root:
                found += [unit.id] if unit.id not in members else []
                found += [groups[unit.id]] if unit.id in groups else []
        return self._places.setdefault(day, found)

    def member(self, place: str) -> str:
        """The unit itself, or the first member of a reporting group."""
        return self.registry.members(place)[0]

    def peers(self, place: str, day: date) -> list[str]:
        """Comparable units and groups, without the unit itself; of a member of a group, units."""
        places = self.places(day)
        if place not in places:
            places = self.units(day)
        if (day, len(places)) not in self._alike:
            alike: dict[str, list[str]] = {}
            for other in places:
                alike.setdefault(self.registry.unit(self.member(other), day).peer_group, []).append(other)
            self._alike[day, len(places)] = alike
        group = self.registry.unit(self.member(place), day).peer_group
        return [p for p in self._alike[day, len(places)].get(group, []) if group and p != place]

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
        found = [self.value(indicator, grain, p, system, week) for p in self.peers(unit, week + timedelta(days=6))]
        return [v for v in found if v is not None]


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
    seen = [
        *observations(signals, missing, week, published.root),
        *_not_moved(published, week),
        *_decisions(published, week),
        *_anchoring(published, week),
        *_readiness(published, week),
        *_support(published, week),
    ]
    dues = {
        (row["unit"], row["system"], row["indicator"]): row["due"]
        for row in evidence.signals
        if row["kind"] == Kind.BEHIND_PLAN and row["opened"] <= week and row["due"] is not None
    }
    # a forecast for a day that has passed is none
    seen = [
        replace(each, inhibition=Inhibition.DUE)
        if each.kind is Kind.BEHIND_PLAN and dues.get((each.unit, each.system, each.indicator), date.max) <= day
        else each
        for each in seen
    ]
    deviations = set()
    for each in seen:
        unit = published.member(each.unit)
        if each.unit != published.root and published.registry.deviation(each.system, unit, day):
            deviations.add((each.unit, each.system))
    return held_back(seen, deviations=deviations)


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


def expected(plan: Plan, begin: date, day: date) -> int:
    """What the plan expects on `day` in percent: straight from nothing at `begin` through each target."""
    before, reached = begin, 0.0
    for target in plan.targets:
        if day < target.date:
            way = (day - before).days / max((target.date - before).days, 1)
            return round((reached + max(way, 0.0) * (target.value - reached)) / 10)
        before, reached = target.date, target.value
    return round(reached / 10)


def _begun(published: PublishedEvidence, week: date, begin: date, low: Callable[[date], bool | None]) -> date:
    """The first week of the run of low weeks that ends with `week`; the week of `begin` where it was never better.

    `low` tells of a week whether it was, None where nothing is known of it.
    """
    earliest, asked = week, week
    first = max(monday(begin), published.evidence.first)
    while asked > first:
        asked -= timedelta(weeks=1)
        known = low(asked)
        if known is False:
            return earliest
        earliest = asked if known else earliest
    return monday(begin) if earliest <= begin + SETTLED else earliest


def _not_moved(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for system in published.systems("enrolment"):
        for place in published.places(day):
            plan = published.plan(system, "enrolment", place, day)
            live = published.live(system, place)
            if place == published.root or plan is None or live is None or live > day:
                continue
            planned = expected(plan, plan.start or live, day - timedelta(weeks=2))
            activated = moved(published, place, system, week)
            verdict = Verdict.UNUSABLE if activated is None else rules.not_moved(activated, planned, live=True)
            urgency = max(0.0, (planned - (activated or 0)) / 100)
            since = None
            if verdict is Verdict.HIT:
                since = _begun(published, week, live, partial(_behind, published, place, system))
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
    acts = [a for a in published.evidence.acts if a["decision"] == decision.id and a["day"] <= day]
    concerned = {u for u in decision.units if published.registry.deviation(decision.system, u, day) is None}
    told = [a for a in acts if a["state"] in ("acknowledged", "executed") and a["unit"] in concerned]
    levels = [a["level"] for a in told if a["state"] == "acknowledged" and a["level"]]
    executed = {a["unit"] for a in acts if a["state"] == "executed"}
    over = any(a["state"] == "reversed" for a in acts) or (bool(concerned) and concerned <= executed)
    weeks = (day - decision.decided).days // 7
    return Standing(len({a["unit"] for a in told}), len(concerned), weeks, max(levels, default=decision.level), over)


def _decisions(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for decision in published.registry.decisions:
        units = [u for u in decision.units if _root(published.registry, u, day) == published.root]
        if not units or decision.decided > day:
            continue
        now = standing(published, decision, day)
        verdict = Verdict.OVER if now.over else rules.decision_stuck(now.acknowledged, now.units, now.weeks)
        missing = (now.units - now.acknowledged) / max(now.units, 1)
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
    stones = [m for m in published.registry.milestones if m.what == "step_started" and m.tier]
    for system in sorted({m.system for m in stones if m.tier == "staff" and _about(published, m.unit, day)}):
        begun = min((m.date for m in stones if m.system == system and m.tier == "staff"), default=day)
        shown = {
            r["unit"]: r
            for (fact, _, of, at), rows in published.evidence.facts.items()
            for r in rows
            if (fact, of, at, r["part"]) == ("trained", system, week, "manager")
        }
        for unit in _lowest(published, published.root, set(shown), day):
            row = shown.get(unit)
            managers = None if row is None else round(row["value"])
            verdict = rules.not_anchored(managers, ANCHORED, staff_started=begun <= day)
            yield Observation(unit, system, Kind.NOT_ANCHORED, week, verdict, since=monday(begun))


def _about(published: PublishedEvidence, unit: str, day: date) -> bool:
    return unit == "" or _root(published.registry, unit, day) == published.root


def _lowest(published: PublishedEvidence, unit: str, shown: set[str], day: date) -> list[str]:
    """The lowest level at which every unit has a figure."""
    below = [u.id for u in published.registry.units_at(day).values() if u.parent == unit]
    if not below or not shown.issuperset(below):
        return [unit]
    return [each for child in below for each in _lowest(published, child, shown, day)]


def target_of_use(
    published: PublishedEvidence, place: str, system: str, day: date, indicator: str = _INTENDED
) -> int | None:
    """The intended share of use of a unit, or of a group's first member, in whole percent."""
    return published.registry.target_of_use(system, indicator, published.member(place), day)


def _readiness(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for fact, place, system, at in list(published.evidence.facts):
        if (fact, at) != ("ready", week) or place == published.root or place not in published.places(day):
            continue
        live = published.live(system, place)
        if live is None or day < live + SETTLED:
            continue
        # Cases say more than persons; where too few hands stand behind them, persons speak.
        for indicator in (_INTENDED, _BREADTH):
            use, target = published.fact("use", place, system, week, indicator), None
            if use is not None:
                target = target_of_use(published, place, system, day, indicator)
            if use is None or target is None:
                continue
            ready = published.fact("ready", place, system, week)
            share = round(use["value"])
            verdict = rules.ready_not_used(None if ready is None else round(ready["value"]), share, target)
            urgency = round(max(0, target - share) / 100, 2)
            since = None
            if verdict is Verdict.HIT:
                since = _begun(published, week, live, partial(_unused, published, place, system, indicator))
            yield Observation(
                place, system, Kind.READY_NOT_USED, week, verdict, indicator, urgency=urgency, since=since
            )
            break


def _unused(published: PublishedEvidence, place: str, system: str, indicator: str, week: date) -> bool | None:
    """Whether use was far below its target in a week; None where it is not known."""
    use = published.fact("use", place, system, week, indicator)
    target = target_of_use(published, place, system, week + timedelta(days=6), indicator)
    if use is None or use["value"] is None or target is None:
        return None
    return rules.ready_not_used(rules.READY, round(use["value"]), target) is Verdict.HIT


def _support(published: PublishedEvidence, week: date) -> Iterable[Observation]:
    day = week + timedelta(days=6)
    for system in published.systems("tickets-per-100"):
        for place in published.units(day):
            row = published.evidence.values.get(("tickets-per-100", "window", place, system, week))
            if place == published.root or row is None:
                continue
            others = published.among_peers("tickets-per-100", "window", place, system, week)
            peers = median(others) if len(others) >= 3 else None
            since = _burdened(published, place, system, week)
            change = change_of_use(published, place, system, week, since)
            kind, verdict = rules.support(row["low"], peers, change)
            urgency = 0.0 if peers is None or row["low"] is None else max(0.0, round(row["low"] / max(peers, 1) - 1, 2))
            yield Observation(place, system, kind, week, verdict, _BREADTH, urgency=min(urgency, 1.0), since=since)


def _burdened(published: PublishedEvidence, place: str, system: str, week: date) -> date | None:
    """The week in which the tickets of a unit began to rise, by the published windows of the last year.

    Against comparable units of the same weeks, for everybody asks less in summer.
    """
    known: list[tuple[date, float]] = []
    for asked in (week - timedelta(weeks=n) for n in reversed(range(_YEAR))):
        value = published.value("tickets-per-100", "window", place, system, asked)
        others = published.among_peers("tickets-per-100", "window", place, system, asked)
        if value is not None and len(others) >= 3 and median(others) > 0:
            known.append((asked, value / median(others)))
    if len(known) < _FEWEST_WINDOWS:
        return None
    return known[rise([ratio for _, ratio in known])][0]


def change_of_use(
    published: PublishedEvidence, place: str, system: str, week: date, begun: date | None = None
) -> int | None:
    """Change of weekly breadth in percent points: four published weeks against four, quiet ones out.

    Over a quarter, or since the week `begun` where that is longer ago.
    """
    calendar = published.registry.organisation(published.root).calendar

    def level(last: date) -> float | None:
        weeks: Sequence[date] = [last - timedelta(weeks=n) for n in range(8)]
        kept = [published.value(_BREADTH, "week", place, system, w) for w in weeks if not calendar.is_quiet(w)]
        known = [v for v in kept if v is not None][:4]
        return mean(known) if len(known) == 4 else None

    quarter = week - timedelta(weeks=_QUARTER)
    now, before = level(week), level(quarter if begun is None else min(quarter, begun - timedelta(weeks=1)))
    return None if now is None or before is None else round(now - before)
