"""What share of a benefit will have come by its due date, and in which word to say so.

The course of a realised share is a take-off of unknown ceiling, middle and pace, a level that wanders, a baseline that
was itself measured with an error, and the noise of weeks. For every take-off and size of noise on a grid the forecast
is exact (Gaussian process regression, Rasmussen and Williams 2006, sections 2.2 and 2.7; local level: Harvey 1989,
Forecasting, Structural Time Series Models, section 4.1); the grid is weighed by how likely it makes what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from nytta.registry.units import Names
from nytta.statistics import logistic

Array = NDArray[np.float64]

LAST = 4
"""Usable weeks before the due date whose mean is forecast."""

REACHED = 100.0
"""Realised share, in percent, from which a benefit counts as achieved."""

PARTLY = 50.0
"""Realised share, in percent, from which a benefit that is due and not achieved counts as partly achieved."""


class Status(StrEnum):
    """What is said of a benefit."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    TOO_EARLY = "too_early"
    ACHIEVED = "achieved"
    PARTLY = "partly_achieved"
    NOT_ACHIEVED = "not_achieved"


WORDS = {
    Status.ON_TRACK: Names("På väg", "I rute", "On track"),
    Status.AT_RISK: Names("Risk", "Risiko", "At risk"),
    Status.OFF_TRACK: Names("Avviker från plan", "Avviker fra plan", "Off track"),
    Status.TOO_EARLY: Names("För tidigt", "For tidlig", "Too early"),
    Status.ACHIEVED: Names("Uppnått", "Oppnådd", "Achieved"),
    Status.PARTLY: Names("Delvis uppnått", "Delvis oppnådd", "Partly achieved"),
    Status.NOT_ACHIEVED: Names("Ej uppnått", "Ikke oppnådd", "Not achieved"),
}
"""The status words in the three languages."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Every number the forecast uses. Shares in percent of the promised change, time in weeks.

    `ceiling` and `ceiling_spread` are mean and standard deviation of the level at which benefits come to rest, before
    anything is measured; `baseline_error` the standard deviation that an error of the baseline gives every value;
    `noises` and `drifts` standard deviations of one week and of one week's wandering. `lateness` is the e-folding time
    with which a later middle of the take-off is less likely from the outset. `unsteady` is what wanders more
    in the first week, because no take-off follows a curve exactly; it fades with e-folding time `settling`. The rest
    decides words: see `next_status`.
    """

    ceiling: float = 70.0
    ceiling_spread: float = 45.0
    baseline_error: float = 3.0
    middles: tuple[float, ...] = (-6.0, 1.0, 4.0, 8.0, 13.0, 19.0, 26.0, 36.0, 50.0)
    paces: tuple[float, ...] = (1.5, 3.0, 6.0, 10.0)
    skews: tuple[float, ...] = (0.4, 1.0)
    noises: tuple[float, ...] = (1.5, 3.0, 6.0, 12.0)
    drifts: tuple[float, ...] = (0.1, 0.3, 0.55, 1.0)
    lateness: float = 15.0
    unsteady: float = 2.5
    settling: float = 40.0
    interval: float = 0.80
    minimum_weeks: int = 8
    on: float = 0.80
    on_leave: float = 0.70
    off: float = 0.20
    off_leave: float = 0.30
    width: float = 40.0
    width_return: float = 50.0


@dataclass(frozen=True, slots=True)
class MeasuredBenefit:
    """One benefit as measured so far; week 0 is the week of its start.

    `first` and `length` are the first week and the number of weeks of each measured period, `realised` its realised
    share in percent (NaN where not usable), arrays of equal length. `due` are the weeks whose mean is forecast
    (`last_usable`). Periods may overlap. Raises ValueError where lengths differ, a week is negative, no week is due, or
    a usable period follows from others (the same weeks measured twice): keep the one that stands.
    """

    first: NDArray[np.int64]
    length: NDArray[np.int64]
    realised: Array
    due: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a course."""
        if not len(self.first) == len(self.length) == len(self.realised):
            raise ValueError(
                "first, length and realised must be equally long, one element per measured period"
            )
        if len(self.first) and (int(self.first.min()) < 0 or int(self.length.min()) < 1):
            raise ValueError(
                "a measured period begins in week 0 or later and lasts at least one week"
            )
        if not self.due or min(self.due) < 0:
            raise ValueError(
                "a forecast needs at least one week to look at, none of them before the start"
            )
        is_realised = np.isfinite(self.realised)
        starts, lengths = self.first[is_realised], self.length[is_realised]
        spans = sorted(zip(starts.tolist(), lengths.tolist(), strict=True))
        overlap = any(
            start + length > next_start for (start, length), (next_start, _) in pairwise(spans)
        )
        if overlap and np.linalg.matrix_rank(_weeks(starts, lengths)) < len(spans):
            raise ValueError(
                "a measured period follows from others; give each week's figure once, the one that stands"
            )

    @classmethod
    def weekly(cls, realised: Array, due_weeks: Sequence[int]) -> MeasuredBenefit:
        """A course measured every week from week 0 on."""
        weeks = np.arange(len(realised))
        return cls(
            weeks, np.ones(len(realised), np.int64), np.asarray(realised, float), tuple(due_weeks)
        )

    @property
    def complete(self) -> bool:
        """Whether every week that is due lies in a measured, usable period."""
        covered: set[int] = set()
        for start, length, value in zip(self.first, self.length, self.realised, strict=True):
            if np.isfinite(value):
                covered.update(range(int(start), int(start + length)))
        return covered >= set(self.due)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The realised share at the due date, in percent of the promised change.

    `expected` is the median; `low` and `high` bound the interval (80 % unless the parameters say otherwise);
    `probability` is that of reaching the target. `weeks` is how many usable weeks it rests on, `complete` whether
    every due week is measured: then it is no forecast but the result.
    """

    expected: float
    low: float
    high: float
    probability: float
    weeks: int
    complete: bool


def last_usable(due: int, usable: NDArray[np.bool_], *, week_count: int = LAST) -> tuple[int, ...]:
    """The last `week_count` usable weeks that are over before week `due`, in order; fewer where there are fewer.

    `usable` has one element per week from week 0, at least `due` of them; quiet weeks (holidays) are False. Raises
    ValueError where no week is usable.
    """
    usable_weeks = np.flatnonzero(usable[: max(due, 0)])[-week_count:]
    if len(usable) < due or not len(usable_weeks):
        raise ValueError(
            f"no usable week is known before week {due}; check the due date and the calendar"
        )
    return tuple(int(week) for week in usable_weeks)


def forecast(course: MeasuredBenefit, parameters: Parameters | None = None) -> Forecast | None:
    """Forecast the observed mean of the due weeks from what was measured; None with too few usable weeks.

    Observed, not underlying: the noise of the due weeks is part of the interval. Values measured late are simply not
    in `course` yet; a period of several weeks stands for the mean of its weeks.
    """
    parameters = parameters or Parameters()
    is_realised = np.isfinite(course.realised)
    if not is_realised.any():
        return None
    start, length, realised = (
        course.first[is_realised],
        course.length[is_realised],
        course.realised[is_realised],
    )
    week_count = max(int((start + length).max()), max(course.due) + 1)
    observed_weights = _weeks(start, length, week_count)
    weeks = int((observed_weights > 0).any(axis=0).sum())
    if weeks < parameters.minimum_weeks:
        return None
    due_weights = np.isin(np.arange(week_count), course.due) / len(set(course.due))
    takeoffs = _takeoffs(week_count, parameters)
    observed = _Observed(
        realised,
        observed_weights,
        due_weights,
        takeoffs.shapes_in(observed_weights),
        takeoffs.shapes_in(due_weights),
    )
    posteriors = [
        _posterior(observed, shared, parameters)
        for shared in _shared_variances(week_count, parameters)
    ]
    means = np.concatenate([posterior.mean for posterior in posteriors])
    variances = np.concatenate([posterior.variance for posterior in posteriors])
    log_weights = np.concatenate(
        [posterior.log_evidence + takeoffs.log_prior for posterior in posteriors]
    )
    spreads = np.sqrt(np.maximum(variances, 1e-6))
    weights = np.exp(log_weights - scipy.special.logsumexp(log_weights))
    tail = (1 - parameters.interval) / 2
    low, expected, high = (
        _quantile(weights, means, spreads, quantile) for quantile in (tail, 0.5, 1 - tail)
    )
    probability = float(weights @ scipy.special.ndtr((means - REACHED) / spreads))
    return Forecast(expected, low, high, probability, weeks, course.complete)


@dataclass(frozen=True, slots=True)
class _Takeoffs:
    """The ways in which a benefit may take off, one a column, as shares of the level at which it comes to rest."""

    shapes: Array
    """Weeks by ways."""
    log_prior: Array
    """How likely each is before anything is measured."""

    def shapes_in(self, weights: Array) -> Array:
        """The mean of each way over some weeks, which `weights` weigh."""
        return np.asarray(weights @ self.shapes)


def _takeoffs(week_count: int, parameters: Parameters) -> _Takeoffs:
    """Every combination of middle, pace and skew over `week_count` weeks."""
    grids = np.meshgrid(parameters.middles, parameters.paces, parameters.skews, indexing="ij")
    middle, pace, skew = (grid.ravel() for grid in grids)
    time = np.arange(week_count)
    # Richards 1959, J Exp Bot 10:290: quick at first and slow in the end where skew is below 1
    shapes = logistic(time[:, None], 1.0, middle, pace) ** skew
    return _Takeoffs(shapes, -np.maximum(middle, 0) / parameters.lateness)


def _shared_variances(week_count: int, parameters: Parameters) -> Iterator[Array]:
    """What one week shares with another beside the take-off: noise, wandering, the baseline's error; weeks by weeks."""
    fading = parameters.unsteady * np.exp(-np.arange(week_count) / parameters.settling)
    steps = np.stack([np.ones(week_count), fading**2])
    # two weeks share the steps up to the earlier one
    wander, unsteady = (np.minimum(walk[:, None], walk) for walk in np.cumsum(steps, axis=1))
    for noise in parameters.noises:
        for drift in parameters.drifts:
            yield (
                noise**2 * np.eye(week_count)
                + drift**2 * wander
                + unsteady
                + parameters.baseline_error**2
            )


@dataclass(frozen=True, slots=True)
class _Observed:
    """What was measured of a benefit, and what each take-off says of the same periods and of the due weeks."""

    realised: Array
    weights: Array
    due_weights: Array
    shapes: Array
    due_shapes: Array


class _Posterior(NamedTuple):
    """The mean of the due weeks under each take-off, and how well that explains what was measured."""

    mean: Array
    variance: Array
    log_evidence: Array


def _posterior(observed: _Observed, shared: Array, parameters: Parameters) -> _Posterior:
    """Gaussian regression on what weeks share, with a normal prior on the level at which the benefit comes to rest."""
    jitter = 1e-9 * np.eye(len(observed.realised))
    factor = scipy.linalg.cho_factor(
        observed.weights @ shared @ observed.weights.T + jitter, lower=True
    )
    cross = observed.weights @ shared @ observed.due_weights
    pull = scipy.linalg.cho_solve(factor, cross)
    solved = scipy.linalg.cho_solve(factor, observed.shapes)
    residual = observed.realised[:, None] - parameters.ceiling * observed.shapes
    information = (observed.shapes * solved).sum(0)
    evidence = (residual * solved).sum(0)
    prior = 1 / parameters.ceiling_spread**2
    precision = prior + information
    ceiling = parameters.ceiling + evidence / precision
    # what the measured periods do not say of the due weeks
    open_part = observed.due_shapes - pull @ observed.shapes
    mean = pull @ observed.realised + open_part * ceiling
    variance = (
        observed.due_weights @ shared @ observed.due_weights
        - pull @ cross
        + open_part**2 / precision
    )
    misfit = (residual * scipy.linalg.cho_solve(factor, residual)).sum(0) - evidence**2 / precision
    size = 2 * np.log(np.diag(factor[0])).sum() + np.log(precision / prior)
    return _Posterior(mean, variance, -(misfit + size) / 2)


def next_status(
    previous: Status | None, outlook: Forecast | None, parameters: Parameters | None = None
) -> Status:
    """The word for a benefit now, given the word it had (None at first) and its forecast.

    With every due week measured: achieved from 100 % on, partly from 50 %, else not achieved. Before: too early until
    the interval is narrower than `width` points, and again only when it is wider than `width_return`; on track from
    probability `on` until it is below `on_leave`; off track from `off` until it is above `off_leave`; else at risk. The
    gap between taking and leaving a word (hysteresis, Schmitt 1938, J Sci Instrum 15:24) keeps it from flickering.
    """
    parameters = parameters or Parameters()
    if outlook is None:
        return Status.TOO_EARLY
    if outlook.complete:
        # Hundredths of a percent: a result of exactly the target must not fail by the last bit.
        result = round(outlook.expected, 2)
        if result >= REACHED:
            return Status.ACHIEVED
        return Status.PARTLY if result >= PARTLY else Status.NOT_ACHIEVED
    was_judged = previous not in (None, Status.TOO_EARLY)
    widest = parameters.width_return if was_judged else parameters.width
    on_track_from = parameters.on_leave if previous is Status.ON_TRACK else parameters.on
    off_track_to = parameters.off_leave if previous is Status.OFF_TRACK else parameters.off
    if outlook.high - outlook.low >= widest:
        return Status.TOO_EARLY
    if outlook.probability >= on_track_from:
        return Status.ON_TRACK
    if outlook.probability <= off_track_to:
        return Status.OFF_TRACK
    return Status.AT_RISK


def _weeks(
    start: NDArray[np.int64], length: NDArray[np.int64], week_count: int | None = None
) -> Array:
    """The mean over each period as a matrix (periods, weeks from 0)."""
    time = np.arange(int((start + length).max()) if week_count is None else week_count)
    inside = (time >= start[:, None]) & (time < (start + length)[:, None])
    return np.asarray(inside / length[:, None])


def _quantile(weight: Array, mean: Array, spread: Array, quantile: float) -> float:
    """Quantile of a mixture of normals, by bisection."""
    lower, upper = float((mean - 8 * spread).min()), float((mean + 8 * spread).max())
    for _ in range(60):
        middle = (lower + upper) / 2
        if float(weight @ scipy.special.ndtr((middle - mean) / spread)) < quantile:
            lower = middle
        else:
            upper = middle
    return (lower + upper) / 2
