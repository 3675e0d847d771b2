"""When a finding is a hit that rests on few published figures instead of on a detector. Shares are whole percent."""

from __future__ import annotations

from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Verdict

MOVED = 60
"""Share of the planned workplaces below which a unit has not moved."""

STUCK_WEEKS = 4
"""A decision that not all have acknowledged after more weeks than this is stuck."""

READY = 80
"""A unit is ready from this share of trained and entitled persons on."""

USED = 50
"""A ready unit does not use the system below this share of its target."""

BURDEN = 1.3
"""Tickets per person over comparable units' from which the burden is high."""

TREND = 10
"""Change of use in percent points that counts as falling or rising."""


def not_moved(activated: int, planned: int, *, live: bool) -> Verdict:
    """Workplaces in use against those planned by now, in a unit where the platform is live or not."""
    if not live or planned <= 0:
        return Verdict.UNUSABLE
    return Verdict.HIT if 100 * activated < MOVED * planned else Verdict.CALM


def decision_stuck(acknowledged: int, units: int, weeks: int) -> Verdict:
    """A decision by its acknowledgements, the units concerned and its age."""
    if units <= 0:
        return Verdict.UNUSABLE
    if acknowledged >= units:
        return Verdict.CALM
    return Verdict.HIT if weeks > STUCK_WEEKS else Verdict.BETWEEN


def ready_not_used(ready: int | None, use_share: int | None, target: int) -> Verdict:
    """Readiness and use of a unit, None where the gate shows none, against the target of use."""
    if ready is None or use_share is None or target <= 0:
        return Verdict.UNUSABLE
    low = 100 * use_share < USED * target
    if ready >= READY and low:
        return Verdict.HIT
    return Verdict.BETWEEN if low else Verdict.CALM


def support(
    low_burden: float | None, peer_burden: float | None, change: int | None, latest: float
) -> tuple[Kind, Verdict]:
    """What a unit's support says: `low_burden` is the lower limit of its tickets per 100 persons, `peer_burden` the
    median of comparable units, `change` that of use over the last quarter in percent points; None where there is none.
    `latest` are its latest tickets over theirs.

    High and falling means abandonment, high and rising a need of training; high alone says neither, and what is high
    but may be so by chance is not calm.
    """
    kind = Kind.ABANDONMENT if (change or 0) < 0 else Kind.TRAINING_NEED
    if low_burden is None or peer_burden is None or change is None or peer_burden <= 0:
        return kind, Verdict.UNUSABLE
    if low_burden <= BURDEN * peer_burden:
        return kind, Verdict.CALM if latest <= BURDEN else Verdict.BETWEEN
    return kind, Verdict.HIT if abs(change) >= TREND else Verdict.BETWEEN


def not_anchored(managers: int | None, target: int, *, staff_started: bool) -> Verdict:
    """Managers who have taken their step, None where too few for a figure, once the staff's step has started or not."""
    if managers is None:
        return Verdict.UNUSABLE
    if managers >= target:
        return Verdict.CALM
    return Verdict.HIT if staff_started else Verdict.BETWEEN
