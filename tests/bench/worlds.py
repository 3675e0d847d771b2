"""Invented organisations for judging lag detectors: units, people with habits, absence, faults.

One world is three indicators over the same units and weeks. Every random number comes from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

FAULTS = ("never_took_off", "relapse", "drift")


@dataclass(frozen=True)
class Settings:
    """What a world is like; the default is the benchmark's."""

    units: int = 400
    weeks: int = 156
    indicators: int = 3
    start: date = date(2023, 3, 6)
    faulty: float = 0.10
    outage_week: int | None = 90
    unit_noise: float = 0.15
    common_noise: float = 0.10
    absence_waves: float = 0.008
    turnover: float = 0.001
    one_indicator: bool = False
    small_groups: float = 0.12
    small_units: float = 0.0
    staggered: int = 0
    seasonal: float = 0.0
    habit: tuple[float, ...] = (0.75, 0.85, 0.93)
    #: Degrees of freedom of the noise of a unit's week; 0 is normal. Its scale stays `unit_noise`.
    tails: int = 0
    #: Fewest and most persons of a unit, evenly on the logarithm; empty is log-normal around 28.
    sizes: tuple[int, int] | tuple[()] = ()
    #: Shapes of the beta distributions that a unit's ceiling comes from, one of them by lot.
    ceilings: tuple[tuple[float, float], ...] = ((24.0, 6.0),)
    #: By how much a share falls in a relapse.
    fall: float = 0.18
    #: Cases instead of persons: how many a handler has in a week, and the logit spread of handlers' weeks.
    cases: float = 0.0
    handler_noise: float = 0.0


@dataclass(frozen=True)
class Fault:
    """What was done to a unit, on which indicator (-1: on all) and from which week."""

    unit: int
    indicator: int
    kind: str
    onset: int


@dataclass(frozen=True)
class World:
    """Counts (indicator, unit, week), people and presence (unit, week), peer groups and the faults."""

    settings: Settings
    weeks: tuple[str, ...]
    numerator: NDArray[np.int64]
    denominator: NDArray[np.int64]
    eligible: NDArray[np.int64]
    presence: Array
    group: NDArray[np.int64]
    live: NDArray[np.int64]
    faults: tuple[Fault, ...]


def iso_weeks(start: date, number: int) -> tuple[str, ...]:
    """`number` ISO weeks from the one that holds `start`, as 2026-W07."""
    days = (start + timedelta(weeks=k) for k in range(number))
    return tuple(f"{d.isocalendar().year}-W{d.isocalendar().week:02d}" for d in days)


def easter(year: int) -> date:
    """Easter Sunday (Butcher's algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def calendar_presence(weeks: tuple[str, ...]) -> Array:
    """The share of staff at work in a Nordic week: July, Christmas, Easter and the school breaks."""
    out = np.full(len(weeks), 0.95)
    for k, week in enumerate(weeks):
        year, number = int(week[:4]), int(week[6:])
        holy = easter(year).isocalendar().week
        if 27 <= number <= 32:
            out[k] = 0.33
        elif number in (52, 53, 1):
            out[k] = 0.35
        elif number in (holy, holy + 1):
            out[k] = 0.60 if number == holy else 0.75
        elif number in (8, 9, 44):
            out[k] = 0.80
    return out


def _groups(settings: Settings, rng: np.random.Generator) -> NDArray[np.int64]:
    """Peer groups: most units in groups of 15 to 80, a share of them in groups of 1 to 7."""
    out, group = np.zeros(settings.units, np.int64), 0
    place, small_until = 0, int(settings.units * settings.small_groups)
    while place < settings.units:
        size = int(rng.integers(1, 8)) if place < small_until else int(rng.integers(15, 81))
        out[place : place + size] = group
        place, group = place + size, group + 1
    if (out == group - 1).sum() < 8 and group > 1:
        out[out == group - 1] = group - 2
    return rng.permutation(out)


def make(seed: int, settings: Settings | None = None) -> World:
    """One world. Persons have a lasting habit (a latent trait), weeks are drawn around it."""
    s = settings or Settings()
    rng = np.random.default_rng([seed, 20])
    weeks = iso_weeks(s.start, s.weeks)
    size = np.clip(np.round(np.exp(rng.normal(np.log(28), 0.9, s.units))), 5, 400).astype(np.int64)
    if s.small_units:
        few = rng.random(s.units) < s.small_units
        size[few] = rng.integers(5, 10, few.sum())
    if s.sizes:
        low, high = np.log(s.sizes)
        size = np.round(np.exp(rng.uniform(float(low), float(high), s.units))).astype(np.int64)
    group = _groups(s, rng)
    live = rng.integers(0, s.staggered + 1, s.units)

    presence = np.repeat(calendar_presence(weeks)[None], s.units, 0)
    for unit, week in np.argwhere(rng.random((s.units, s.weeks)) < s.absence_waves):
        presence[unit, week : week + int(rng.integers(1, 5))] *= rng.uniform(0.4, 0.8)
    presence = np.clip(presence * np.exp(rng.normal(0, 0.03, presence.shape)), 0.05, 1.0)

    faults: list[Fault] = []
    chosen = rng.permutation(s.units)[: round(s.units * s.faulty)]
    for k, unit in enumerate(chosen):
        onset = 0 if k % 3 == 0 else int(rng.integers(52, s.weeks - 30))
        where = int(rng.integers(s.indicators))
        faults.append(Fault(int(unit), where if s.one_indicator else -1, FAULTS[k % 3], onset))

    shape = (s.indicators, s.units, s.weeks)
    age = np.arange(s.weeks)[None, :] - live[:, None]
    share = np.empty(shape)
    for j in range(s.indicators):
        shapes = np.array(s.ceilings)
        shape_of = rng.integers(len(shapes), size=s.units) if len(shapes) > 1 else np.zeros(s.units, np.int64)
        ceiling = rng.beta(*shapes[shape_of].T)[:, None]
        middle = rng.normal(8, 2.5, s.units)[:, None]
        pace = rng.uniform(1.2, 2.5, s.units)[:, None]
        logit = special.logit(np.clip(ceiling, 1e-3, 0.995))
        noise = rng.standard_t(s.tails, shape[1:]) if s.tails else rng.normal(0, 1, shape[1:])
        logit = logit + s.unit_noise * noise + rng.normal(0, s.common_noise, s.weeks)
        if s.seasonal:
            wave = np.cos(2 * np.pi * (np.arange(s.weeks) - rng.integers(52, size=s.units)[:, None]) / 52)
            logit = logit - s.seasonal * np.maximum(wave, 0)
        share[j] = special.expit(logit) * special.expit((age - middle) / pace)
    share[:, age < 0] = 0.0
    if s.outage_week is not None:
        share[:, :, s.outage_week] *= 0.15
    for fault in faults:
        rows = share[:, fault.unit] if fault.indicator < 0 else share[fault.indicator, fault.unit][None]
        if fault.kind == "never_took_off":
            rows *= 0.55
        elif fault.kind == "relapse":
            rows[:, fault.onset :] -= s.fall
        else:
            rows[:, fault.onset :] -= 0.01 * np.minimum(np.arange(s.weeks - fault.onset) + 1, 40)
    share = np.clip(share, 0.01, 0.99)
    share[:, age < 0] = 0.0

    numerator, denominator = (_cases if s.cases else _persons)(s, rng, share, presence, size)
    gone = np.broadcast_to(age < 0, shape)
    numerator[gone], denominator[gone] = 0, 0
    return World(
        s,
        weeks,
        numerator,
        denominator,
        np.repeat(size[:, None], s.weeks, 1),
        presence,
        group,
        live,
        tuple(faults),
    )


def _persons(
    s: Settings, rng: np.random.Generator, share: Array, presence: Array, size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Persons who use the system, of those at work: of lasting habits, with fresh draws of each week around them."""
    numerator, denominator = np.zeros(share.shape, np.int64), np.zeros(share.shape, np.int64)
    person_unit = np.repeat(np.arange(s.units), size)
    persons, edges = len(person_unit), np.concatenate([[0], np.cumsum(size)[:-1]])
    cut = special.ndtri(np.clip(share, 1e-9, 1 - 1e-9))
    trait = rng.normal(size=(s.indicators, persons)).astype(np.float32)
    for t in range(s.weeks):
        here = rng.random(persons, dtype=np.float32) < presence[person_unit, t]
        replaced = rng.random(persons, dtype=np.float32) < s.turnover
        for j in range(s.indicators):
            fresh = rng.standard_normal(int(replaced.sum()), dtype=np.float32)
            trait[j, replaced] = fresh
            rho = s.habit[j % len(s.habit)]
            noise = rng.standard_normal(persons, dtype=np.float32)
            uses = np.sqrt(rho) * trait[j] + np.sqrt(1 - rho) * noise < cut[j, person_unit, t]
            numerator[j, :, t] = np.add.reduceat((uses & here).astype(np.int64), edges)
            denominator[j, :, t] = np.add.reduceat(here.astype(np.int64), edges)
    return numerator, denominator


def _cases(
    s: Settings, rng: np.random.Generator, share: Array, presence: Array, size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cases of handlers, each of whom does a week's cases much alike: cases of one handler are not independent."""
    numerator, denominator = np.zeros(share.shape, np.int64), np.zeros(share.shape, np.int64)
    handler_unit = np.repeat(np.arange(s.units), size)
    edges = np.concatenate([[0], np.cumsum(size)[:-1]])
    logit = special.logit(share)
    for t in range(s.weeks):
        here = rng.random(len(handler_unit)) < presence[handler_unit, t]
        for j in range(s.indicators):
            number = rng.poisson(s.cases, len(handler_unit)) * here
            own = special.expit(logit[j, handler_unit, t] + rng.normal(0, s.handler_noise, len(handler_unit)))
            numerator[j, :, t] = np.add.reduceat(rng.binomial(number, own), edges)
            denominator[j, :, t] = np.add.reduceat(number, edges)
    return numerator, denominator
