"""Derived indicators: states that several published figures show together. No figure here is exact.

Two states, of decisions about digital work: *ready, not used* (people could, and do not) and *digital but not
exploited* (everything comes in digitally, and nothing got better by it). Both are judged on intervals, so that what
may be chance is told as unclear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import fmean

READY = 80.0
"""Percent of enrolment, activation and entitlement from which people could use the system."""

USED = 50.0
"""Percent of the target of intended use, or of weekly breadth where nobody says what is intended, from which it is in
use."""

DIGITAL = 80.0
"""Percent of cases that come in digitally from which a case type is digital."""

FLAT = 0.10
"""A lead time that changed by less than this share stayed as it was."""

UNREALISED = 0.25
"""Share of a benefit below which it is not realised."""

READINESS = ("enrolment", "activation", "entitlement", "ready")
"""What people need before they can use a system, `ready` being trained with access; those that are measured count."""

USE = ("intended-use", "weekly-breadth")
"""What shows use; the first that is published counts."""


class State(StrEnum):
    """Where a unit stands between what it could do and what it does."""

    NOT_READY = "not_ready"
    READY_NOT_USED = "ready_not_used"
    IN_USE = "in_use"
    UNCLEAR = "unclear"


class Exploitation(StrEnum):
    """Where a case type stands between being digital and being better for it."""

    NOT_DIGITAL = "not_digital"
    NOT_EXPLOITED = "digital_not_exploited"
    EXPLOITED = "digital_exploited"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Shown:
    """A published figure with its 95 % interval, in its unit of measure; a median has no interval."""

    value: float
    low: float | None = None
    high: float | None = None


def use_state(latest: Mapping[str, Shown], targets: Mapping[str, float] | None = None) -> State:
    """The state of one unit in one system by its latest published figures, by indicator.

    Not ready where a measured part of readiness lies below `READY`. Ready, not used where use lies below `USED` percent
    of its target with its whole interval; in use where the whole interval reaches it; unclear in between, and where no
    figure of readiness or of use is shown. `targets` are in percent, by indicator; without one it is everybody.
    """
    readiness = [latest[name] for name in READINESS if name in latest]
    if any(part.value < READY for part in readiness):
        return State.NOT_READY
    measured = next((name for name in USE if name in latest), None)
    if measured is None or not readiness:
        return State.UNCLEAR
    use, least = latest[measured], USED * (targets or {}).get(measured, 100.0) / 100
    if _top(use) < least:
        return State.READY_NOT_USED
    return State.IN_USE if _bottom(use) >= least else State.UNCLEAR


def exploitation(before: Mapping[str, Shown], now: Mapping[str, Shown], realised: float | None) -> Exploitation:
    """The state of one case type by its published figures before it went live and now, by indicator.

    Digital where `digital-intake` is at least `DIGITAL`. Then not exploited where lead time stayed within `FLAT` of
    what it was, rework is not lower (their intervals meet), and less than `UNREALISED` of its benefit is `realised`
    (0 to 1; None where no benefit is registered, which then does not count). Exploited where one of the three got
    better; unclear where a figure that is needed is not shown.
    """
    intake = now.get("digital-intake")
    if intake is None:
        return Exploitation.UNCLEAR
    if intake.value < DIGITAL:
        return Exploitation.NOT_DIGITAL
    faster = _faster(before.get("lead-time"), now.get("lead-time"))
    cleaner = _lower(before.get("rework"), now.get("rework"))
    paid = None if realised is None else realised >= UNREALISED
    if faster or cleaner or paid:
        return Exploitation.EXPLOITED
    return Exploitation.UNCLEAR if faster is None or cleaner is None else Exploitation.NOT_EXPLOITED


def together(windows: Sequence[Shown]) -> Shown | None:
    """Windows that do not overlap as one figure: their mean, its interval narrower by the root of their number."""
    if not windows:
        return None
    value, wide = fmean(each.value for each in windows), sqrt(len(windows))
    if any(each.low is None or each.high is None for each in windows):
        return Shown(value)
    return Shown(
        value,
        value - fmean(each.value - _bottom(each) for each in windows) / wide,
        value + fmean(_top(each) - each.value for each in windows) / wide,
    )


def _faster(before: Shown | None, now: Shown | None) -> bool | None:
    if before is None or now is None or before.value <= 0:
        return None
    return now.value < before.value * (1 - FLAT)


def _lower(before: Shown | None, now: Shown | None) -> bool | None:
    if before is None or now is None:
        return None
    return _top(now) < _bottom(before)


def _top(figure: Shown) -> float:
    return figure.value if figure.high is None else figure.high


def _bottom(figure: Shown) -> float:
    return figure.value if figure.low is None else figure.low
