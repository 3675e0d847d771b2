"""An alert, what it hears, and the states it may be in.

Days are local days of the organisation; weeks are their Mondays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nytta.insight.alerts.kinds import Family, Inhibition, Kind, Role, family


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

ENDED = frozenset({State.CLOSED, State.INVALID})

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OK: frozenset({State.OK, State.WATCHING, State.OPEN}),
    State.WATCHING: frozenset({State.OK, State.WATCHING, State.OPEN}),
    State.OPEN: LIVE | ENDED,
    State.ACKNOWLEDGED: LIVE - {State.OPEN, State.ESCALATED} | ENDED,
    State.IMPROVING: LIVE | ENDED,
    State.ESCALATED: LIVE - {State.OPEN} | ENDED,
    State.SNOOZED: LIVE | ENDED,
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
    DUE = "due"


class Feedback(StrEnum):
    """What the reader says of an alert: stämmer, stämmer inte, känt sedan tidigare."""

    RIGHT = "right"
    NOT_RIGHT = "not_right"
    KNOWN = "known"


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
    is held back. `also` are further indicators that say the same. `since` is the week from which on it has
    been so, as far back as is known; None where it is not known to be older than `week`.
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
    since: date | None = None

    @property
    def key(self) -> Key:
        """The key that the finding belongs to."""
        return Key(self.unit, self.system, family(self.kind))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took the alert, as a role, and what is going to be done.

    `action` is the id of a suggested action, never a text, in which somebody could be named; '' until one is planned.
    """

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

    `since` is the week from which on it has been so, by the first observation that spoke of it, `week` the last week
    heard, `confirmed` the last usable week that supported the alert. `hits` are the last usable evaluations, the newest
    last; `calm` counts calm ones in a row. `waiting` is the day from which an answer is awaited. `also` are further
    indicators of the same matter. Raises ValueError for combinations that mean nothing.
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
            (
                self.state is not State.WATCHING and self.opened is None,
                "an alert has a day of opening",
            ),
            (
                (self.state is State.SNOOZED) != (self.snooze is not None),
                "an alert waits until a day, or does not",
            ),
            (
                self.state is State.ACKNOWLEDGED and self.acknowledged is None,
                "somebody acknowledged",
            ),
            (self.state is State.ESCALATED and self.escalated is None, "an escalation has a day"),
            ((self.state in ENDED) != (self.closed is not None), "an end has a day"),
            ((self.state is State.CLOSED) != (self.closing is not None), "closing has a reason"),
            (
                (self.state is State.INVALID) != (self.invalid is not None),
                "what is not right has a reason",
            ),
            (family(self.kind) is not self.key.family, "kind and key are of one family"),
        ]
        for bad, complaint in wrong:
            if bad:
                raise ValueError(f"alert {self.id}: {complaint}")

    @property
    def id(self) -> str:
        """The same for one episode on every run: unit, system, family and the week it began in."""
        return f"{self.key.unit}/{self.key.system}/{self.key.family}/{self.since.isoformat()}"

    @property
    def live(self) -> bool:
        """Whether the alert counts as open."""
        return self.state in LIVE


def state(alert: Alert | None) -> State:
    """The state of a key: OK where there is no alert."""
    return State.OK if alert is None else alert.state
