"""What of a benefit has come: realised share, freed and unrealised hours, where the gap lies, and plan coverage.

Figures of benefits are in thousandths of their unit of measure, shares of work in whole percent as published, minutes
in milliseconds, hours in thousandths of an hour: all whole numbers. Realised shares are percent of the promised change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nytta.registry.dates import Span
from nytta.registry.programme import PLANNED, Benefit

Array = NDArray[np.float64]

BASELINE_WEEKS = 13
"""Fewest weeks of a baseline; on fewer, one bad month passes for an effect (regression to the mean)."""

_HOUR = 3_600_000  # milliseconds


class Flag(StrEnum):
    """Why a realised share must be read with care."""

    AFTER_GO_LIVE = "baseline_after_go_live"
    SHORT = "baseline_short"
    UNDATED = "baseline_undated"
    OTHER_WEEKS = "baseline_other_weeks"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The level before the change, in thousandths of the unit of measure.

    `value` is the mean over `span` (None where nobody said when it was measured). `by_week` holds the level of single
    ISO weeks by their number, where the old system's figures have them.
    """

    value: int
    span: Span | None = None
    by_week: Mapping[int, int] = field(default_factory=dict)

    def at(self, weeks: Sequence[date]) -> Array:
        """The level to compare each week (any day of it) with, in thousandths: that of the same ISO week.

        Week 53 is compared with week 52 where the baseline has no week 53. Without a figure for the week it is the
        mean.
        """
        levels = (self._of(week) for week in weeks)
        return np.array([self.value if level is None else level for level in levels], float)

    def flags(self, go_live: date | None = None) -> tuple[Flag, ...]:
        """What is wrong with it: measured after `go_live` in part, on fewer than 13 weeks, or on no known days."""
        if self.span is None:
            return (Flag.UNDATED,)
        flags = []
        if go_live is not None and self.span.valid_to > go_live:
            flags.append(Flag.AFTER_GO_LIVE)
        if (self.span.valid_to - self.span.valid_from).days < 7 * BASELINE_WEEKS:
            flags.append(Flag.SHORT)
        return tuple(flags)

    def covers(self, weeks: Iterable[date]) -> bool:
        """Whether it has a figure of its own for each of the weeks."""
        return all(self._of(week) is not None for week in weeks)

    def _of(self, day: date) -> int | None:
        number = day.isocalendar().week
        return self.by_week.get(number, self.by_week.get(52) if number == 53 else None)


@dataclass(frozen=True, slots=True)
class Realised:
    """Realised share of each week in percent (NaN where nothing was measured), and what to read with care."""

    percent: Array
    flags: tuple[Flag, ...]


def realised_share(
    level_now: ArrayLike, level_before: ArrayLike, baseline: int, target: int
) -> Array:
    """B2: 100 · (x_t − x_0) / (x* − x_0), in percent; arguments in the same unit, arrays broadcast.

    `level_now` is x_t and `level_before` is x_0 in the same ISO weeks; the promised change is the plan's, `target` −
    `baseline`.
    The sign of the promise cancels, so a decrease counts like an increase; values over 100 and under 0 stay as they
    are. Raises ValueError where the target equals the baseline. Source: DFØ, Gevinstrealisering (compare with the
    zero point).
    """
    if target == baseline:
        raise ValueError(
            f"the target equals the baseline ({baseline}); a benefit is a change, so they must differ"
        )
    return np.asarray(
        100.0
        * (np.asarray(level_now, float) - np.asarray(level_before, float))
        / (target - baseline)
    )


def realised(
    weeks: Sequence[date],
    values: ArrayLike,
    baseline: Baseline,
    target: int,
    *,
    go_live: date | None = None,
) -> Realised:
    """B2 of each week. `weeks` are days in the ISO weeks, `values` what was measured in thousandths, NaN for none."""
    measured = np.asarray(values, float)
    if measured.shape != (len(weeks),):
        raise ValueError(f"{len(weeks)} weeks need as many values, not {measured.shape}")
    flags = baseline.flags(go_live)
    usable = [week for week, value in zip(weeks, measured, strict=True) if np.isfinite(value)]
    if baseline.by_week and not baseline.covers(usable):
        flags += (Flag.OTHER_WEEKS,)
    return Realised(realised_share(measured, baseline.at(weeks), baseline.value, target), flags)


def freed_hours(
    share: ArrayLike, share_before: ArrayLike, volume: ArrayLike, saved: ArrayLike
) -> Array:
    """B4: max(0, s_t − s_0) · V · Δmin / 60, in thousandths of an hour per year; arrays broadcast.

    `share` and `share_before` are published shares in whole percent (NaN where none is published; the result is then
    NaN),
    `volume` cases of the trailing 52 weeks, `saved` milliseconds less per case the new way. Negative where the new way
    takes longer. Raises ValueError for a share that is no whole percent between 0 and 100: only what anybody may see
    goes in, so that nothing finer can be worked out. Source: KS, Gevinstrealisering (avoided tasks · unit time).
    """
    return _hours(share, share_before, volume, saved)


def unrealised_hours(
    share: ArrayLike, target: ArrayLike, volume: ArrayLike, saved: ArrayLike
) -> Array:
    """B5: max(0, s* − s_t) · V · Δmin / 60, in thousandths of an hour per year, never negative.

    Arguments as in `freed_hours`; `target` in whole percent. Add up over units, but not over benefits on the same
    cases.
    """
    return np.asarray(np.maximum(_hours(target, share, volume, saved), 0.0))


@dataclass(frozen=True, slots=True)
class Leakage:
    """Where the gap to the promise lies (B8), in points of the promised change.

    `expected` is the realised share that the use so far should have brought; `use` what is missing because the new way
    is not used, `effect` what is missing although it is. `use` + `effect` is the gap, 100 − realised; a negative part
    is more than planned.
    """

    expected: float
    use: float
    effect: float


def leakage(realised: float, use_now: float, use_before: float, use_target: float) -> Leakage:
    """B8: expected = x_0 + (x* − x_0)(U − U_0)/(U* − U_0); the gap is split at it.

    `realised` in percent of the promised change, the use figures in one unit of their own. Raises ValueError where use
    was not to change. Source: Prosci (utilisation · proficiency).
    """
    if use_target == use_before:
        raise ValueError(
            f"the target of use equals its level before ({use_before}); use and effect cannot be parted"
        )
    expected = 100.0 * (use_now - use_before) / (use_target - use_before)
    return Leakage(expected, 100.0 - expected, expected - realised)


def break_even_share(parallel: int, volume: int, saved: int) -> int | None:
    """The digital share, in whole percent, from which running both ways pays.

    `parallel` is what the second way costs a year whether used or not, `saved` what one digital case saves, in the
    same unit (öre, or milliseconds of work), `volume` cases a year over all ways. Below the share the second way costs
    more than it saves. None where no share pays. Source: the usual break-even quantity, fixed cost / margin per unit;
    Stelacon finds 20–25 % in Swedish municipalities.
    """
    if parallel < 0 or volume < 0:
        raise ValueError("neither the cost of parallel processes nor the volume can be negative")
    if parallel == 0:
        return 0
    if saved <= 0 or volume == 0 or parallel > volume * saved:
        return None
    return -(-100 * parallel // (volume * saved))


@dataclass(frozen=True, slots=True)
class Coverage:
    """B1: how many benefits are planned, of how many, and what the others lack (benefit id to names of fields)."""

    planned: int
    all: int
    missing: Mapping[str, tuple[str, ...]]

    @property
    def percent(self) -> float | None:
        """Planned of all, in percent; None where there are no benefits."""
        return 100.0 * self.planned / self.all if self.all else None


def plan_coverage(benefits: Iterable[Benefit]) -> Coverage:
    """B1: benefits with owner in the line, baseline, target, due date and method, of all benefits.

    Source: DFØ (each benefit has an owner with management responsibility in the line, and a zero point).
    """
    all_benefits = list(benefits)
    missing = {
        benefit.id: tuple(name for name in PLANNED if getattr(benefit, name) in (None, ""))
        for benefit in all_benefits
        if not benefit.planned
    }
    return Coverage(len(all_benefits) - len(missing), len(all_benefits), missing)


def _hours(more: ArrayLike, less: ArrayLike, volume: ArrayLike, saved: ArrayLike) -> Array:
    high, low = _published(more), _published(less)
    cases, saved_minutes = np.asarray(volume, np.int64), np.asarray(saved, np.int64)
    if (cases < 0).any():
        raise ValueError("a volume of cases cannot be negative")
    is_known = np.isfinite(high) & np.isfinite(low)
    points = np.where(is_known, np.maximum(high - low, 0), 0).astype(np.int64)
    # Whole numbers until the last step, rounded half up: the same on every machine.
    hours = (points * cases * saved_minutes * 20 + _HOUR) // (2 * _HOUR)
    return np.where(is_known, hours, np.nan)


def _published(share: ArrayLike) -> Array:
    percent = np.asarray(share, float)
    known_percent = percent[np.isfinite(percent)]
    if (
        (known_percent != np.round(known_percent)) | (known_percent < 0) | (known_percent > 100)
    ).any():
        raise ValueError("shares must be published ones: whole percent between 0 and 100")
    return percent
