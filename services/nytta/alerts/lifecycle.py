"""The life of an alert: what an observation, a click or the passing of days makes of it.

One alert per `Key` at a time: whoever keeps a mapping from key to alert cannot hold two. Days are local days of the
organisation; weeks are their Mondays. An observation is heard once: a week that an alert has seen already changes
nothing, so a repeated run is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import assert_never

from nytta.alerts.kinds import Family, Inhibition, Kind, Role, cause, family, rule

MINIMUM_LIFE = timedelta(weeks=2)
"""An alert closes no earlier than this after it opened."""

COOL_DOWN = timedelta(weeks=4)
"""After closing, a key stays silent this long."""

PERSISTENT = timedelta(weeks=26)
"""After this long an open alert is how things are; an alert called wrong keeps its key silent no longer than this."""

LONGEST_SNOOZE = timedelta(days=28)


class State(StrEnum):
    """Where an alert stands. OK is the state of a key without an alert."""

    OK = "ok"
    WATCHING = "watching"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IMPROVING = "improving"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    INVALID = "invalid"


LIVE = frozenset({State.OPEN, State.ACKNOWLEDGED, State.IMPROVING, State.ESCALATED, State.SNOOZED})
"""States in which an alert is open in the sense of everybody who counts open alerts."""

_CAUSES = frozenset({Family.SOURCE, Family.PROGRAMME})

_ENDED = frozenset({State.CLOSED, State.INVALID})

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OK: frozenset({State.OK, State.WATCHING, State.OPEN}),
    State.WATCHING: frozenset({State.OK, State.WATCHING, State.OPEN}),
    State.OPEN: LIVE | _ENDED,
    State.ACKNOWLEDGED: LIVE - {State.OPEN, State.ESCALATED} | _ENDED,
    State.IMPROVING: LIVE | _ENDED,
    State.ESCALATED: LIVE - {State.OPEN} | _ENDED,
    State.SNOOZED: LIVE | _ENDED,
    State.CLOSED: frozenset({State.CLOSED, State.INVALID, State.WATCHING, State.OPEN}),
    State.INVALID: frozenset({State.INVALID, State.WATCHING, State.OPEN}),
}
"""Which state may follow which in one step."""


class Verdict(StrEnum):
    """What one evaluation says about one key."""

    MET = "met"
    """The detector's own rule is met: the signal is open."""
    HIT = "hit"
    """One evaluation beyond the threshold; the rule counts them."""
    BETWEEN = "between"
    """Neither beyond the threshold nor calm."""
    CALM = "calm"
    """The condition for closing holds in this evaluation."""
    OVER = "over"
    """The detector's own closing rule is met, or the plan is."""
    UNUSABLE = "unusable"
    """Not assessed: the state is carried."""


class SnoozeReason(StrEnum):
    """Why a manager waits. Codes instead of text, so that nobody is named."""

    ACTION_UNDER_WAY = "action_under_way"
    TRAINING_BOOKED = "training_booked"
    WAITING_FOR_FIX = "waiting_for_fix"
    STAFFING = "staffing"
    REORGANISATION = "reorganisation"
    OTHER = "other"


class InvalidReason(StrEnum):
    """Why an alert is not right."""

    WRONG_PEOPLE = "wrong_people"
    WRONG_UNIT = "wrong_unit"
    OTHER_WAY = "other_way"
    NO_SUCH_CASES = "no_such_cases"
    ACCESS_PROBLEM = "access_problem"
    SYSTEM_FAULT = "system_fault"
    DATA_MISSING = "data_missing"
    ABSENCE = "absence"
    AGREED_DEVIATION = "agreed_deviation"
    OTHER = "other"


class Closing(StrEnum):
    """Why an alert closed."""

    RECOVERED = "recovered"
    DEVIATION = "deviation"
    REORGANISATION = "reorganisation"


class Feedback(StrEnum):
    """What the reader says of an alert: stämmer, stämmer inte, känt sedan tidigare."""

    RIGHT = "right"
    NOT_RIGHT = "not_right"
    KNOWN = "known"


class ClickError(ValueError):
    """A click that cannot be carried out; the text says what to do instead."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What there is at most one open alert about. `system` is '' where the matter belongs to no system."""

    unit: str
    system: str
    family: Family


@dataclass(frozen=True, slots=True)
class Observation:
    """One evaluation of one kind of finding, resting on data up to and with the week that begins on `week`.

    `urgency` orders findings of one unit, larger first; its unit is the detector's. `inhibition` says why the finding
    is held back. `also` are further indicators that say the same.
    """

    unit: str
    system: str
    kind: Kind
    week: date
    verdict: Verdict
    indicator: str = ""
    inhibition: Inhibition | None = None
    urgency: float = 0.0
    also: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The key that the finding belongs to."""
        return Key(self.unit, self.system, family(self.kind))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took the alert, as a role, and what is going to be done; `action` is '' until one is planned."""

    by: Role
    on: date
    action: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until which day (that day no more) an alert waits, and why."""

    by: Role
    on: date
    until: date
    reason: SnoozeReason


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of one key. Every day is a local day; None where it has not come.

    `since` is the week of the first hit, `week` the last week heard, `confirmed` the last usable week that supported
    the alert. `hits` are the last usable evaluations, the newest last; `calm` counts calm ones in a row. `waiting` is
    the day from which an answer is awaited. `also` are further indicators of the same matter. Raises ValueError for
    combinations that mean nothing.
    """

    key: Key
    kind: Kind
    state: State
    since: date
    week: date
    confirmed: date
    indicator: str = ""
    also: tuple[str, ...] = ()
    urgency: float = 0.0
    hits: tuple[bool, ...] = ()
    calm: int = 0
    opened: date | None = None
    told: date | None = None
    waiting: date | None = None
    reminded: date | None = None
    escalated: date | None = None
    reviewed: date | None = None
    acknowledged: Acknowledgement | None = None
    snooze: Snooze | None = None
    snoozes: int = 0
    inhibited: Inhibition | None = None
    persistent: bool = False
    improving: date | None = None
    calmed: date | None = None
    closed: date | None = None
    closing: Closing | None = None
    recovery_told: date | None = None
    feedback: Feedback | None = None
    judged: date | None = None
    invalid: InvalidReason | None = None

    def __post_init__(self) -> None:
        wrong = [
            (self.state is State.OK, "a key that is ok has no alert"),
            (self.state is State.WATCHING and self.opened is not None, "a watched key is not open"),
            (self.state is not State.WATCHING and self.opened is None, "an alert has a day of opening"),
            ((self.state is State.SNOOZED) != (self.snooze is not None), "an alert waits until a day, or does not"),
            (self.state is State.ACKNOWLEDGED and self.acknowledged is None, "somebody acknowledged"),
            (self.state is State.ESCALATED and self.escalated is None, "an escalation has a day"),
            ((self.state in _ENDED) != (self.closed is not None), "an end has a day"),
            ((self.state is State.CLOSED) != (self.closing is not None), "closing has a reason"),
            ((self.state is State.INVALID) != (self.invalid is not None), "what is not right has a reason"),
            (family(self.kind) is not self.key.family, "kind and key are of one family"),
        ]
        for bad, why in wrong:
            if bad:
                raise ValueError(f"alert {self.id}: {why}")

    @property
    def id(self) -> str:
        """The same for one episode on every run: unit, system, family and week of the first hit."""
        return f"{self.key.unit}/{self.key.system}/{self.key.family}/{self.since.isoformat()}"

    @property
    def live(self) -> bool:
        """Whether the alert counts as open."""
        return self.state in LIVE


def state(alert: Alert | None) -> State:
    """The state of a key: OK where there is no alert."""
    return State.OK if alert is None else alert.state


def step(alert: Alert | None, seen: Observation, day: date) -> Alert | None:
    """The key's alert after an observation that was made on `day`.

    Raises ValueError for an observation of another key. A week that was heard before changes nothing but the days.
    """
    if alert is None:
        return _begin(seen, day)
    if alert.key != seen.key:
        raise ValueError(f"alert {alert.id} cannot hear of {seen.key}")
    if seen.week <= alert.week:
        return tick(alert, day)
    match alert.state:
        case State.WATCHING:
            return _watched(alert, seen, day)
        case State.OPEN | State.ACKNOWLEDGED | State.IMPROVING | State.ESCALATED | State.SNOOZED:
            return tick(_heard(alert, seen, day), day)
        case State.CLOSED | State.INVALID:
            return _ended(alert, seen, day)
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


def merge(seen: Iterable[Observation]) -> list[Observation]:
    """One observation per key and week: the gravest, with the other supporting indicators named in it.

    Something is calm only when nothing is beyond its threshold, and held back only when nothing else supports it.
    """
    groups: dict[tuple[Key, date], list[Observation]] = {}
    for each in seen:
        groups.setdefault((each.key, each.week), []).append(each)
    return [_gravest(groups[place]) for place in sorted(groups, key=lambda place: (place[1], place[0]))]


def causes(seen: Sequence[Observation], root: str, week: date, book: Mapping[Key, Alert]) -> list[Observation]:
    """The cause alerts of a week about the unit `root`: one per system and role told, for all that is held back.

    A cause in `book` that holds nothing back any more is calm. Causes that a detector found itself are in `seen`; they
    are returned with the others.
    """
    found = [each for each in seen if each.unit == root and each.key.family in _CAUSES]
    for each in seen:
        kind = cause(each.inhibition) if each.inhibition else None
        if kind is not None:
            found.append(Observation(root, each.system, kind, week, Verdict.MET, urgency=_gravity(kind)))
    now = {each.key for each in found}
    found += [
        Observation(root, key.system, alert.kind, week, Verdict.CALM)
        for key, alert in book.items()
        if key.family in _CAUSES and key.unit == root and key not in now and alert.live
    ]
    return merge(found)


def observe(book: Mapping[Key, Alert], seen: Iterable[Observation], day: date) -> dict[Key, Alert]:
    """The book after the observations of a day; alerts that nothing was heard of only grow older."""
    after = dict(book)
    for each in merge(seen):
        alert = step(after.get(each.key), each, day)
        if alert is None:
            after.pop(each.key, None)
        else:
            after[each.key] = alert
    # Last, so that an alert does not close on the day that brings new evidence.
    return {key: tick(alert, day) for key, alert in after.items()}


def tell(alert: Alert, day: date) -> Alert:
    """The addressee has been told; from now on an answer is awaited."""
    _need(alert, LIVE, "be told of")
    return replace(alert, told=day, waiting=day)


def remind(alert: Alert, day: date) -> Alert:
    """The addressee has been reminded."""
    _need(alert, {State.OPEN}, "be reminded of")
    return replace(alert, reminded=day)


def escalate(alert: Alert, day: date) -> Alert:
    """The programme lead has been told that nobody answered."""
    _need(alert, {State.OPEN}, "be escalated")
    return replace(alert, state=State.ESCALATED, escalated=day)


def review(alert: Alert, day: date) -> Alert:
    """The alert has been put on the programme lead's review list."""
    _need(alert, LIVE, "be reviewed")
    return replace(alert, reviewed=day)


def tell_recovery(alert: Alert, day: date) -> Alert:
    """The addressee has been told that it is over."""
    _need(alert, {State.CLOSED}, "be told of as over")
    return replace(alert, recovery_told=day)


def acknowledge(alert: Alert, by: Role, day: date, *, action: str = "", due: date | None = None) -> Alert:
    """Somebody takes the alert, with or without an action; a later click adds or changes the action.

    Ends a snooze. ClickError where the alert is not open.
    """
    _need(alert, LIVE, "be acknowledged")
    first = alert.acknowledged
    taken = Acknowledgement(
        first.by if first else by,
        first.on if first else day,
        action or (first.action if first else ""),
        due or (first.due if first else None),
    )
    after = State.IMPROVING if alert.state is State.IMPROVING else State.ACKNOWLEDGED
    return replace(alert, state=after, acknowledged=taken, snooze=None)


def snooze(alert: Alert, by: Role, day: date, *, until: date, reason: SnoozeReason) -> Alert:
    """The alert waits, for at most 28 days. ClickError where it is not open or the day is out of bounds."""
    _need(alert, LIVE, "wait")
    if not day < until <= day + LONGEST_SNOOZE:
        last = day + LONGEST_SNOOZE
        raise ClickError(f"alert {alert.id} cannot wait until {until}; choose a day after {day}, at the latest {last}")
    return replace(
        alert, state=State.SNOOZED, snooze=Snooze(by, day, until, reason), snoozes=alert.snoozes + 1, improving=None
    )


def judge(alert: Alert, feedback: Feedback, day: date, *, reason: InvalidReason | None = None) -> Alert:
    """The reader says whether the alert is right. "Not right" needs a reason and ends the alert.

    ClickError where the reason lacks or the alert is only watched; an alert that closed can still be judged.
    """
    if alert.state is State.WATCHING:
        raise ClickError(f"alert {alert.id} is not open: there is nothing to judge")
    if alert.state is State.INVALID:
        raise ClickError(f"alert {alert.id} was called not right already")
    if feedback is not Feedback.NOT_RIGHT:
        return replace(alert, feedback=feedback, judged=day)
    if reason is None:
        raise ClickError(f"alert {alert.id}: say why it is not right; one of {', '.join(InvalidReason)}")
    return replace(
        alert,
        state=State.INVALID,
        feedback=feedback,
        judged=day,
        invalid=reason,
        snooze=None,
        closed=alert.closed or day,
        closing=None,
    )


def _begin(seen: Observation, day: date) -> Alert | None:
    """A key without an alert hears something."""
    if seen.inhibition is not None or seen.verdict not in (Verdict.MET, Verdict.HIT):
        return None
    watched = Alert(
        seen.key,
        seen.kind,
        State.WATCHING,
        since=seen.week,
        week=seen.week,
        confirmed=seen.week,
        indicator=seen.indicator,
        also=seen.also,
        urgency=seen.urgency,
        hits=(True,),
    )
    return _opened(watched, seen, day)


def _opened(watched: Alert, seen: Observation, day: date) -> Alert:
    """Open what is watched, if the rule is met."""
    met = seen.verdict is Verdict.MET or sum(watched.hits) >= rule(watched.kind).hits
    return replace(watched, state=State.OPEN, opened=day) if met else watched


def _watched(alert: Alert, seen: Observation, day: date) -> Alert | None:
    if seen.inhibition in (Inhibition.DEVIATION, Inhibition.REORGANISATION):
        return None
    if seen.inhibition is not None or seen.verdict is Verdict.UNUSABLE:
        return replace(alert, week=seen.week, inhibited=seen.inhibition)
    supported = seen.verdict in (Verdict.MET, Verdict.HIT)
    kind = seen.kind if supported else alert.kind
    hits = (*alert.hits, supported)[-rule(kind).of :]
    if not any(hits):
        return None
    heard = replace(alert, week=seen.week, kind=kind, hits=hits, inhibited=None)
    if not supported:
        return heard
    return _opened(_supported(heard, seen), seen, day)


def _heard(alert: Alert, seen: Observation, day: date) -> Alert:
    """An open alert hears of its matter: evidence is brought up to date; nobody is told anew."""
    alert = replace(alert, week=seen.week, inhibited=seen.inhibition)
    if seen.inhibition is Inhibition.DEVIATION:
        return _close(alert, Closing.DEVIATION, day)
    if seen.inhibition is Inhibition.REORGANISATION:
        return _close(alert, Closing.REORGANISATION, day)
    if seen.inhibition is not None:
        return alert
    match seen.verdict:
        case Verdict.UNUSABLE:
            return alert
        case Verdict.MET | Verdict.HIT:
            return _supported(_back(alert) if alert.state is State.IMPROVING else replace(alert, calm=0), seen)
        case Verdict.BETWEEN:
            return replace(alert, calm=0)
        case Verdict.CALM | Verdict.OVER:
            enough = rule(alert.kind).calm
            calm = enough if seen.verdict is Verdict.OVER else min(alert.calm + 1, enough)
            alert = replace(alert, calm=calm)
            if alert.state is State.SNOOZED:
                return alert
            return replace(alert, state=State.IMPROVING, improving=alert.improving or day)
        case _:
            assert_never(seen.verdict)


def _supported(alert: Alert, seen: Observation) -> Alert:
    """The evidence of the latest week. Before anybody is told, the latest finding names the alert."""
    others = {*alert.also, *seen.also, alert.indicator, seen.indicator} - {""}
    named = seen if alert.told is None else None
    kind = named.kind if named else alert.kind
    indicator = (named.indicator if named else alert.indicator) or alert.indicator
    return replace(
        alert,
        confirmed=seen.week,
        kind=kind,
        indicator=indicator,
        also=tuple(sorted(others - {indicator})),
        urgency=seen.urgency,
    )


def _back(alert: Alert) -> Alert:
    """An improving or waiting alert returns to where its clicks had brought it."""
    calm = alert.calm if alert.state is State.SNOOZED else 0
    if calm:
        after = State.IMPROVING
    elif alert.acknowledged:
        after = State.ACKNOWLEDGED
    elif alert.escalated:
        after = State.ESCALATED
    else:
        after = State.OPEN
    return replace(alert, state=after, snooze=None, calm=calm, improving=None)


def _close(alert: Alert, closing: Closing, day: date) -> Alert:
    return replace(alert, state=State.CLOSED, closed=day, closing=closing, snooze=None, inhibited=None, hits=())


def _ended(alert: Alert, seen: Observation, day: date) -> Alert:
    """A closed alert, or one called not right, hears of its matter: silence first, then a life of its own begins."""
    ended = alert.closed or day
    alert = replace(alert, week=seen.week)
    if alert.state is State.INVALID:
        # As long as the finding that was called wrong lasts, it is the same finding.
        calm = _calm_after(alert, seen)
        alert = replace(alert, calm=calm)
        if alert.calmed is None and calm >= rule(alert.kind).calm:
            alert = replace(alert, calmed=day)
        silent = day < ended + PERSISTENT and (alert.calmed is None or day < alert.calmed + COOL_DOWN)
    else:
        silent = day < ended + COOL_DOWN
    if silent:
        return alert
    return _begin(seen, day) or alert


def _calm_after(alert: Alert, seen: Observation) -> int:
    if seen.inhibition is not None or seen.verdict is Verdict.UNUSABLE:
        return alert.calm
    if seen.verdict is Verdict.OVER:
        return rule(alert.kind).calm
    return alert.calm + 1 if seen.verdict is Verdict.CALM else 0


_GRAVITY = (Verdict.MET, Verdict.HIT, Verdict.BETWEEN, Verdict.CALM, Verdict.OVER, Verdict.UNUSABLE)


def _gravest(seen: list[Observation]) -> Observation:
    decided = [each for each in seen if each.inhibition in (Inhibition.DEVIATION, Inhibition.REORGANISATION)]
    if decided:
        return min(decided, key=lambda each: (list(Inhibition).index(each.inhibition or Inhibition.OUTAGE), each.kind))
    heard = [each for each in seen if each.inhibition is None] or seen
    # That hours could be freed says more than the low level it rests on, and is said to whoever answers for them.
    heard.sort(
        key=lambda each: (
            _GRAVITY.index(each.verdict),
            each.kind is not Kind.READY_NOT_USED,
            -each.urgency,
            each.kind,
            each.indicator,
        )
    )
    first = heard[0]
    support = {each.indicator for each in heard if each.verdict in (Verdict.MET, Verdict.HIT)} | set(first.also)
    return replace(first, also=tuple(sorted(support - {first.indicator, ""})))


def _gravity(kind: Kind) -> float:
    """Of several causes in one system, the one that explains the others comes first."""
    order = (Kind.COMMON_CAUSE, Kind.ACCESS, Kind.STALE_SOURCE, Kind.OUTAGE)
    return float(order.index(kind)) if kind in order else 0.0


def _need(alert: Alert, states: Iterable[State], what: str) -> None:
    if alert.state not in states:
        raise ClickError(f"alert {alert.id} is {alert.state} and cannot {what}")
