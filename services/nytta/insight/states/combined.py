"""Derived indicators: states that several published figures show together. No figure here is exact.

Two states, of decisions about digital work: *ready, not used* (people could, and do not) and *digital but not
exploited* (everything comes in digitally, and nothing got better by it). Both are judged on intervals, so that what
may be chance is told as unclear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
class PublishedFigure:
    """A published figure with its 95 % interval, in its unit of measure; a median has no interval."""

    value: float
    low: float | None = None
    high: float | None = None


def use_state(
    latest: Mapping[str, PublishedFigure], targets: Mapping[str, float] | None = None
) -> State:
    """The state of one unit in one system by its latest published figures, by indicator.

    Not ready where the whole interval of a measured part of readiness lies below `READY`. Ready, not used where use
    lies below `USED` percent of its target, and the whole interval below the target; in use where the whole interval
    reaches `USED` percent of it; unclear in between, where a part of readiness may lie on either side, and where no
    figure of readiness or of use is shown. `targets` are in percent, by indicator; without one it is everybody.
    """
    readiness = [latest[indicator] for indicator in READINESS if indicator in latest]
    if any(_top(part) < READY for part in readiness):
        return State.NOT_READY
    measured = next((indicator for indicator in USE if indicator in latest), None)
    if measured is None or not readiness or any(part.value < READY for part in readiness):
        return State.UNCLEAR
    use_figure, target = latest[measured], (targets or {}).get(measured, 100.0)
    least = USED * target / 100
    if use_figure.value < least and _top(use_figure) < target:
        return State.READY_NOT_USED
    return State.IN_USE if _bottom(use_figure) >= least else State.UNCLEAR


def exploitation(
    earlier: Mapping[str, PublishedFigure],
    current: Mapping[str, PublishedFigure],
    realised: float | None,
) -> Exploitation:
    """The state of one case type by its published figures before it went live and now, by indicator.

    Digital where `digital-intake` is at least `DIGITAL`, not digital where its whole interval lies below it, unclear in
    between. Then three signs are looked at: lead time fell by `FLAT` or
    more, rework is lower (their intervals do not meet), `UNREALISED` of its benefit and more is `realised` (0 to 1).
    Exploited where one of them is there, not exploited where two are known and none is; unclear where fewer can be
    told: a figure is not shown, or no benefit is registered (None).
    """
    intake = current.get("digital-intake")
    if intake is None:
        return Exploitation.UNCLEAR
    if intake.value < DIGITAL:
        return Exploitation.NOT_DIGITAL if _top(intake) < DIGITAL else Exploitation.UNCLEAR
    signs = (
        _faster(earlier.get("lead-time"), current.get("lead-time")),
        _lower(earlier.get("rework"), current.get("rework")),
        None if realised is None else realised >= UNREALISED,
    )
    if any(signs):
        return Exploitation.EXPLOITED
    return Exploitation.NOT_EXPLOITED if signs.count(False) >= 2 else Exploitation.UNCLEAR


def together(windows: Sequence[PublishedFigure]) -> PublishedFigure | None:
    """Windows that do not overlap as one figure: the means of their values and ends, for the same people and hands
    stand behind them all; None without any."""
    if not windows:
        return None
    value = fmean(window.value for window in windows)
    if any(window.low is None or window.high is None for window in windows):
        return PublishedFigure(value)
    return PublishedFigure(value, fmean(map(_bottom, windows)), fmean(map(_top, windows)))


def _faster(earlier: PublishedFigure | None, current: PublishedFigure | None) -> bool | None:
    if earlier is None or current is None or earlier.value <= 0:
        return None
    return current.value < earlier.value * (1 - FLAT)


def _lower(earlier: PublishedFigure | None, current: PublishedFigure | None) -> bool | None:
    if earlier is None or current is None:
        return None
    return _top(current) < _bottom(earlier)


def _top(figure: PublishedFigure) -> float:
    return figure.value if figure.high is None else figure.high


def _bottom(figure: PublishedFigure) -> float:
    return figure.value if figure.low is None else figure.low
