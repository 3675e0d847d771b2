"""What an alert can be about, whom it concerns, and how much evidence opens and closes it. All lists are closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Family(StrEnum):
    """Matters that are one and the same to the person told: at most one alert each per unit and system."""

    USE = "use"
    ROLLOUT = "rollout"
    SUPPORT = "support"
    BENEFIT = "benefit"
    DECISION = "decision"
    ANCHORING = "anchoring"
    SOURCE = "source"
    PROGRAMME = "programme"


class Kind(StrEnum):
    """What was found. The last six are causes: they stand for many findings and concern no single unit."""

    LEVEL = "level"
    RELAPSE = "relapse"
    BEHIND_PLAN = "behind_plan"
    READY_NOT_USED = "ready_not_used"
    NOT_MOVED = "not_moved"
    ABANDONMENT = "abandonment"
    TRAINING_NEED = "training_need"
    BENEFIT_OFF_COURSE = "benefit_off_course"
    DECISION_STUCK = "decision_stuck"
    NOT_ANCHORED = "not_anchored"
    OUTAGE = "outage"
    STALE_SOURCE = "stale_source"
    ACCESS = "access"
    COMMON_CAUSE = "common_cause"
    REORGANISATION = "reorganisation"
    MANY_BEHIND_PLAN = "many_behind_plan"


class Role(StrEnum):
    """Who is told. There is no role for staff departments: alerts are no basis for judging people."""

    MANAGER = "manager"
    BENEFIT_OWNER = "benefit_owner"
    PROGRAMME_LEAD = "programme_lead"
    OPERATIONS = "operations"


class Inhibition(StrEnum):
    """Why a finding about a unit is held back."""

    OUTAGE = "outage"
    STALE_SOURCE = "stale_source"
    ACCESS = "access"
    COMMON_CAUSE = "common_cause"
    REORGANISATION = "reorganisation"
    DEVIATION = "deviation"
    DUE = "due"
    """The day that a forecast was about has passed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert opens with `hits` hits in the last `of` usable evaluations, and may close after `calm` calm ones."""

    hits: int
    of: int
    calm: int


def family(kind: Kind) -> Family:
    """The matter that a finding belongs to."""
    match kind:
        case Kind.LEVEL | Kind.RELAPSE | Kind.BEHIND_PLAN | Kind.READY_NOT_USED:
            return Family.USE
        case Kind.NOT_MOVED:
            return Family.ROLLOUT
        case Kind.ABANDONMENT | Kind.TRAINING_NEED:
            return Family.SUPPORT
        case Kind.BENEFIT_OFF_COURSE:
            return Family.BENEFIT
        case Kind.DECISION_STUCK:
            return Family.DECISION
        case Kind.NOT_ANCHORED:
            return Family.ANCHORING
        case Kind.OUTAGE | Kind.STALE_SOURCE | Kind.ACCESS | Kind.COMMON_CAUSE:
            return Family.SOURCE
        case Kind.REORGANISATION | Kind.MANY_BEHIND_PLAN:
            return Family.PROGRAMME
        case _:
            assert_never(kind)


def role(kind: Kind) -> Role:
    """Who is told first."""
    match kind:
        case (
            Kind.LEVEL
            | Kind.RELAPSE
            | Kind.BEHIND_PLAN
            | Kind.NOT_MOVED
            | Kind.ABANDONMENT
            | Kind.TRAINING_NEED
        ):
            return Role.MANAGER
        case Kind.READY_NOT_USED:
            return Role.BENEFIT_OWNER
        case Kind.BENEFIT_OFF_COURSE | Kind.DECISION_STUCK | Kind.NOT_ANCHORED:
            return Role.PROGRAMME_LEAD
        case Kind.REORGANISATION | Kind.MANY_BEHIND_PLAN:
            return Role.PROGRAMME_LEAD
        case Kind.OUTAGE | Kind.STALE_SOURCE | Kind.ACCESS | Kind.COMMON_CAUSE:
            return Role.OPERATIONS
        case _:
            assert_never(kind)


def rule(kind: Kind) -> Rule:
    """How much evidence opens and closes.

    Statistical findings need several weeks; official acts and faults of a source are facts the first time.
    """
    match kind:
        case Kind.LEVEL | Kind.READY_NOT_USED:
            return Rule(3, 4, 3)
        case (
            Kind.RELAPSE
            | Kind.BEHIND_PLAN
            | Kind.ABANDONMENT
            | Kind.TRAINING_NEED
            | Kind.BENEFIT_OFF_COURSE
        ):
            return Rule(2, 2, 3)
        case Kind.NOT_MOVED:
            return Rule(2, 2, 1)
        case Kind.DECISION_STUCK | Kind.NOT_ANCHORED | Kind.REORGANISATION | Kind.MANY_BEHIND_PLAN:
            return Rule(1, 1, 1)
        case Kind.OUTAGE | Kind.STALE_SOURCE | Kind.ACCESS | Kind.COMMON_CAUSE:
            return Rule(1, 1, 1)
        case _:
            assert_never(kind)


def cause(inhibition: Inhibition) -> Kind | None:
    """The cause alert that stands for what was held back; None where there is nothing to tell anybody."""
    match inhibition:
        case Inhibition.OUTAGE:
            return Kind.OUTAGE
        case Inhibition.STALE_SOURCE:
            return Kind.STALE_SOURCE
        case Inhibition.ACCESS:
            return Kind.ACCESS
        case Inhibition.COMMON_CAUSE:
            return Kind.COMMON_CAUSE
        case Inhibition.REORGANISATION:
            return Kind.REORGANISATION
        case Inhibition.DEVIATION | Inhibition.DUE:
            return None
        case _:
            assert_never(inhibition)
