"""The life of an alert: what an observation or the passing of days makes of it.

One alert per `Key` at a time: whoever keeps a mapping from key to alert cannot hold two. An observation is heard once:
a week that an alert has seen already changes nothing, so a repeated run is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import assert_never

from nytta.insight.alerts.kinds import Family, Inhibition, Kind, cause, rule
from nytta.insight.alerts.model import Alert, Closing, Key, Observation, State, Verdict

MINIMUM_LIFE = timedelta(weeks=2)
"""An alert closes no earlier than this after it opened."""

COOL_DOWN = timedelta(weeks=4)
"""After closing, a key stays silent this long; faults of a source, which operations hear of, begin anew at once."""

PERSISTENT = timedelta(weeks=26)
"""After this long an open alert is how things are; an alert called wrong keeps its key silent no longer than this."""

_CAUSES = frozenset({Family.SOURCE, Family.PROGRAMME})


def step(alert: Alert | None, observation: Observation, day: date) -> Alert | None:
    """The key's alert after an observation that was made on `day`.

    Raises ValueError for an observation of another key. A week that was heard before changes nothing but the days.
    """
    if alert is None:
        return _begin(observation, day)
    if alert.key != observation.key:
        raise ValueError(f"alert {alert.id} cannot hear of {observation.key}")
    if observation.week <= alert.week:
        return tick(alert, day)
    match alert.state:
        case State.WATCHING:
            return _watched(alert, observation, day)
        case State.OPEN | State.ACKNOWLEDGED | State.IMPROVING | State.ESCALATED | State.SNOOZED:
            return tick(_heard(alert, observation, day), day)
        case State.CLOSED | State.INVALID:
            return _ended(alert, observation, day)
        case State.OK:
            raise ValueError("a key that is ok has no alert")
        case _:
            assert_never(alert.state)


def tick(alert: Alert, day: date) -> Alert:
    """The alert after nothing but days have passed: snoozes end, recovered alerts close, old ones are persistent."""
    match alert.state:
        case State.WATCHING | State.CLOSED | State.INVALID:
            return alert
        case State.OPEN | State.ACKNOWLEDGED | State.IMPROVING | State.ESCALATED | State.SNOOZED:
            opened = alert.opened or day
            if alert.calm >= rule(alert.kind).calm and day >= opened + MINIMUM_LIFE:
                return _close(alert, Closing.RECOVERED, day)
            if alert.snooze is not None and day >= alert.snooze.until:
                alert = replace(_back(alert), waiting=day if alert.waiting else None)
            return replace(alert, persistent=day >= opened + PERSISTENT)
        case State.OK:
            raise ValueError("a key that is ok has no alert")
        case _:
            assert_never(alert.state)


def merge(observations: Iterable[Observation]) -> list[Observation]:
    """One observation per key and week: the gravest, with the other supporting indicators named in it.

    Something is calm only when nothing is beyond its threshold, and held back only when nothing else supports it.
    """
    groups: dict[tuple[Key, date], list[Observation]] = {}
    for observation in observations:
        groups.setdefault((observation.key, observation.week), []).append(observation)
    return [
        _gravest(groups[place]) for place in sorted(groups, key=lambda place: (place[1], place[0]))
    ]


def causes(
    observations: Sequence[Observation], root: str, week: date, book: Mapping[Key, Alert]
) -> list[Observation]:
    """The cause alerts of a week about the unit `root`: one per system and role told, for all that is held back.

    A cause in `book` that holds nothing back any more is calm. Causes that a detector found itself are in
    `observations`; they are returned with the others.
    """
    cause_observations = [
        observation
        for observation in observations
        if observation.unit == root and observation.key.family in _CAUSES
    ]
    for observation in observations:
        kind = cause(observation.inhibition) if observation.inhibition else None
        if kind is not None:
            cause_observations.append(
                Observation(
                    root, observation.system, kind, week, Verdict.MET, urgency=_gravity(kind)
                )
            )
    current_keys = {observation.key for observation in cause_observations}
    cause_observations += [
        Observation(root, key.system, alert.kind, week, Verdict.CALM)
        for key, alert in book.items()
        if key.family in _CAUSES and key.unit == root and key not in current_keys and alert.live
    ]
    return merge(cause_observations)


def observe(
    book: Mapping[Key, Alert], observations: Iterable[Observation], day: date
) -> dict[Key, Alert]:
    """The book after the observations of a day; alerts that nothing was heard of only grow older."""
    book_after = dict(book)
    for observation in merge(observations):
        alert = step(book_after.get(observation.key), observation, day)
        if alert is None:
            book_after.pop(observation.key, None)
        else:
            book_after[observation.key] = alert
    # Last, so that an alert does not close on the day that brings new evidence.
    return {key: tick(alert, day) for key, alert in book_after.items()}


def _begin(observation: Observation, day: date, ended: Alert | None = None) -> Alert | None:
    """A key without an alert hears something, or one whose last alert `ended`: what that spoke of is not said again."""
    if observation.inhibition is not None or observation.verdict not in (Verdict.MET, Verdict.HIT):
        return None
    since = observation.since or observation.week
    watched = Alert(
        observation.key,
        observation.kind,
        State.WATCHING,
        since=observation.week if ended is not None and since <= ended.week else since,
        week=observation.week,
        confirmed=observation.week,
        indicator=observation.indicator,
        also=observation.also,
        urgency=observation.urgency,
        hits=(True,),
    )
    return _opened(watched, observation, day)


def _opened(watched: Alert, observation: Observation, day: date) -> Alert:
    """Open what is watched, if the rule is met."""
    rule_met = observation.verdict is Verdict.MET or sum(watched.hits) >= rule(watched.kind).hits
    return replace(watched, state=State.OPEN, opened=day) if rule_met else watched


def _watched(alert: Alert, observation: Observation, day: date) -> Alert | None:
    if observation.inhibition in (Inhibition.DEVIATION, Inhibition.REORGANISATION, Inhibition.DUE):
        return None
    if observation.inhibition is not None or observation.verdict is Verdict.UNUSABLE:
        return replace(alert, week=observation.week, inhibited=observation.inhibition)
    supported = observation.verdict in (Verdict.MET, Verdict.HIT)
    kind = observation.kind if supported else alert.kind
    hits = (*alert.hits, supported)[-rule(kind).of :]
    if not any(hits):
        return None
    watched = replace(alert, week=observation.week, kind=kind, hits=hits, inhibited=None)
    if not supported:
        return watched
    return _opened(_supported(watched, observation), observation, day)


def _heard(alert: Alert, observation: Observation, day: date) -> Alert:
    """An open alert hears of its matter: evidence is brought up to date; nobody is told anew."""
    alert = replace(alert, week=observation.week, inhibited=observation.inhibition)
    if observation.inhibition is Inhibition.DEVIATION:
        return _close(alert, Closing.DEVIATION, day)
    if observation.inhibition is Inhibition.REORGANISATION:
        return _close(alert, Closing.REORGANISATION, day)
    if observation.inhibition is Inhibition.DUE and alert.kind is Kind.BEHIND_PLAN:
        return _close(alert, Closing.DUE, day)
    if observation.inhibition is not None:
        return alert
    match observation.verdict:
        case Verdict.UNUSABLE:
            return alert
        case Verdict.MET | Verdict.HIT:
            return _supported(
                _back(alert) if alert.state is State.IMPROVING else replace(alert, calm=0),
                observation,
            )
        case Verdict.BETWEEN:
            return replace(alert, calm=0)
        case Verdict.CALM | Verdict.OVER:
            enough = rule(alert.kind).calm
            calm = enough if observation.verdict is Verdict.OVER else min(alert.calm + 1, enough)
            alert = replace(alert, calm=calm)
            if alert.state is State.SNOOZED:
                return alert
            return replace(alert, state=State.IMPROVING, improving=alert.improving or day)
        case _:
            assert_never(observation.verdict)


def _supported(alert: Alert, observation: Observation) -> Alert:
    """The evidence of the latest week. Before anybody is told, the latest finding names the alert."""
    indicators = {*alert.also, *observation.also, alert.indicator, observation.indicator} - {""}
    named = observation if alert.told is None else None
    kind = named.kind if named else alert.kind
    indicator = (named.indicator if named else alert.indicator) or alert.indicator
    return replace(
        alert,
        confirmed=observation.week,
        kind=kind,
        indicator=indicator,
        also=tuple(sorted(indicators - {indicator})),
        urgency=observation.urgency,
    )


def _back(alert: Alert) -> Alert:
    """An improving or waiting alert returns to where its clicks had brought it."""
    calm = alert.calm if alert.state is State.SNOOZED else 0
    if calm:
        state = State.IMPROVING
    elif alert.acknowledged:
        state = State.ACKNOWLEDGED
    elif alert.escalated:
        state = State.ESCALATED
    else:
        state = State.OPEN
    return replace(alert, state=state, snooze=None, calm=calm, improving=None)


def _close(alert: Alert, closing: Closing, day: date) -> Alert:
    return replace(
        alert, state=State.CLOSED, closed=day, closing=closing, snooze=None, inhibited=None, hits=()
    )


def _ended(alert: Alert, observation: Observation, day: date) -> Alert:
    """A closed alert, or one called not right, hears of its matter: silence first, then a life of its own begins."""
    ended, previous = alert.closed or day, alert
    alert = replace(alert, week=observation.week)
    if alert.state is State.INVALID:
        # As long as the finding that was called wrong lasts, it is the same finding.
        calm = _calm_after(alert, observation)
        alert = replace(alert, calm=calm)
        if alert.calmed is None and calm >= rule(alert.kind).calm:
            alert = replace(alert, calmed=day)
        silent = day < ended + PERSISTENT and (
            alert.calmed is None or day < alert.calmed + COOL_DOWN
        )
    else:
        silent = day < ended + COOL_DOWN and alert.key.family is not Family.SOURCE
    if silent:
        return alert
    return _begin(observation, day, previous) or alert


def _calm_after(alert: Alert, observation: Observation) -> int:
    if observation.inhibition is not None or observation.verdict is Verdict.UNUSABLE:
        return alert.calm
    if observation.verdict is Verdict.OVER:
        return rule(alert.kind).calm
    return alert.calm + 1 if observation.verdict is Verdict.CALM else 0


_GRAVITY = (Verdict.MET, Verdict.HIT, Verdict.BETWEEN, Verdict.CALM, Verdict.OVER, Verdict.UNUSABLE)


def _gravest(observations: list[Observation]) -> Observation:
    decided = [
        observation
        for observation in observations
        if observation.inhibition in (Inhibition.DEVIATION, Inhibition.REORGANISATION)
    ]
    if decided:
        return min(
            decided,
            key=lambda observation: (
                list(Inhibition).index(observation.inhibition or Inhibition.OUTAGE),
                observation.kind,
            ),
        )
    effective = [
        observation for observation in observations if observation.inhibition is None
    ] or observations
    # That hours could be freed says more than the low level it rests on, and is said to whoever answers for them.
    effective.sort(
        key=lambda observation: (
            _GRAVITY.index(observation.verdict),
            observation.kind is not Kind.READY_NOT_USED,
            -observation.urgency,
            observation.kind,
            observation.indicator,
        )
    )
    gravest = effective[0]
    support = {
        observation.indicator
        for observation in effective
        if observation.verdict in (Verdict.MET, Verdict.HIT)
    } | set(gravest.also)
    return replace(gravest, also=tuple(sorted(support - {gravest.indicator, ""})))


def _gravity(kind: Kind) -> float:
    """Of several causes in one system, the one that explains the others comes first."""
    order = (Kind.COMMON_CAUSE, Kind.ACCESS, Kind.STALE_SOURCE, Kind.OUTAGE)
    return float(order.index(kind)) if kind in order else 0.0
