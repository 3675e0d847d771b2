"""Invented courses of realised shares, drawn from other curves than the forecast assumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nytta.insight.benefits.forecast import MeasuredBenefit, Status, forecast, last_usable, next_status

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Invented:
    """A benefit over all its weeks, observed in percent (NaN in quiet weeks), and the weeks that are due."""

    observed: Array
    due: tuple[int, ...]
    period: int

    @property
    def weeks(self) -> int:
        """Weeks from start to due date."""
        return len(self.observed)

    @property
    def result(self) -> float:
        """The observed mean of the due weeks."""
        return float(self.observed[list(self.due)].mean())

    def until(self, week: int) -> MeasuredBenefit:
        """What is measured when `week` begins: every week, or the mean of each whole period."""
        if self.period == 1:
            return MeasuredBenefit.weekly(self.observed[:week], self.due)
        first, length, value = [], [], []
        for start in range(0, week - self.period + 1, self.period):
            part = self.observed[start : start + self.period]
            if np.isfinite(part).all():
                first.append(start)
                length.append(self.period)
                value.append(float(part.mean()))
        return MeasuredBenefit(np.array(first, int), np.array(length, int), np.array(value), self.due)


def invent(rng: np.random.Generator, *, period: int | None = None) -> Invented:
    """One benefit: of a kind of take-off, a level, relapses now and then, wandering, related noise, holidays."""
    weeks = int(rng.integers(44, 121))
    t = np.arange(weeks, dtype=float)
    level = rng.choice([rng.normal(30, 15), rng.normal(80, 15), rng.normal(112, 12)], p=[0.3, 0.45, 0.25])
    begin = rng.uniform(0, 6) if rng.random() < 0.93 else rng.uniform(0.2, 0.5) * weeks
    take = rng.uniform(0.08, 0.35) * weeks
    age = np.maximum(t - begin, 0)
    match rng.integers(4):
        case 0:  # in steps, as groups are trained one after the other
            curve = np.minimum(np.floor(age / (take / 4)) / 4, 1.0)
        case 1:
            curve = np.minimum(age / take, 1.0)
        case 2:  # Gompertz
            curve = np.exp(-4 * np.exp(-5 * age / take)) * (age > 0)
        case _:
            curve = 1 - np.exp(-3 * age / take)
    course = level * curve
    if rng.random() < 0.08:
        course = np.where(t >= rng.uniform(0.3, 1.0) * weeks, course - rng.uniform(10, 35), course)
    course += rng.uniform(0.1, 0.9) * np.cumsum(rng.normal(size=weeks)) + rng.normal(0, 3)
    noise, related = rng.uniform(2, 8), rng.uniform(0, 0.4)
    errors = rng.standard_t(8, size=weeks) * noise
    for week in range(1, weeks):
        errors[week] = related * errors[week - 1] + np.sqrt(1 - related**2) * errors[week]
    observed = course + errors
    calendar = (np.arange(weeks) + int(rng.integers(52))) % 52
    usable = ~np.isin(calendar, [27, 28, 29, 30, 31, 51, 0])
    observed[~usable] = np.nan
    return Invented(observed, last_usable(weeks, usable), period or int(rng.choice([1, 1, 4])))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How forecasts at half-time did: what the interval held, median error in points, and words that were wrong."""

    coverage: float
    median_error: float
    on_track_of_misses: float
    on_track_of_hits: float
    too_early: float


def judge(seed: int, benefits: int) -> Verdict:
    """Forecast invented benefits at half-time, after words said at 40 and 45 percent of the way."""
    rng = np.random.default_rng(seed)
    inside, errors, missed, words = [], [], [], []
    for _ in range(benefits):
        benefit = invent(rng)
        word, seen = None, None
        for part in (0.4, 0.45, 0.5):
            seen = forecast(benefit.until(int(part * benefit.weeks)))
            word = next_status(word, seen)
        assert seen is not None
        inside.append(seen.low <= benefit.result <= seen.high)
        errors.append(abs(seen.expected - benefit.result))
        missed.append(benefit.result < 100)
        words.append(word)
    on_track = np.array([word is Status.ON_TRACK for word in words])
    miss = np.array(missed)
    return Verdict(
        float(np.mean(inside)),
        float(np.median(errors)),
        float(on_track[miss].mean()),
        float(on_track[~miss].mean()),
        float(np.mean([word is Status.TOO_EARLY for word in words])),
    )
