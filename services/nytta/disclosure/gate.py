"""The gate: who must stand behind a figure, by how much it is changed, and how coarsely it is told.

Four classes of acts are protected each by their own rule (`registry.protection`). What passes its rule is told with the
noise of its set of records (`perturbation`), in whole percent from `WHOLE` behind it and in steps of five below, with
an interval that contains both sampling and noise. An interval follows from the value as told and from a band of the
denominator: it says nothing that these two do not say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from nytta.disclosure.perturbation import Ints, Sums, cell_keys, perturbed, perturbed_counts
from nytta.disclosure.rules import Reason, Status
from nytta.indicators.definition import Definition, Kind, Protects
from nytta.registry.protection import Noise, Protection
from nytta.statistics import byar, wilson

WHOLE = 100
"""From so many on, shares are told in whole percent; in steps of five below."""

REQUESTERS = 5
"""Fewest employees who asked behind a figure of employees' tickets."""

REGISTER_HANDLERS = 3
"""Fewest persons of the register who work in a system, where its source names no handlers."""

CONFIDENCE = 0.95
"""Of the intervals."""

_SIGMAS = 1.96
"""Standard deviations of the noise on either side, at the same confidence."""

_EDGES = (10, 30, 100, 300, 1000)
BANDS = np.array(["<10", "10-29", "30-99", "100-299", "300-999", "1000+"], dtype="U8")

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Measure:
    """What the gate needs to know of an indicator.

    Indicators of one `family` tell the same of the same records. `scale` turns a rate's quotient into its unit of
    measure. `known` is the least share of the population that the denominator must hold, `minimum` the least that the
    indicator itself asks for. `per_head` marks cases that are told per person of the unit.
    """

    kind: Kind
    protects: Protects
    family: str
    scale: float = 1.0
    known: float = 0.0
    minimum: int = 1
    per_head: bool = False

    @classmethod
    def of(cls, definition: Definition) -> Measure:
        """The measure of an indicator."""
        return cls(
            definition.kind,
            definition.protects,
            definition.family,
            definition.scale,
            definition.known,
            definition.minimum_denominator,
            definition.handled is not None and definition.handled is not definition.denominator,
        )

    def of_month(self, last_day: date) -> Measure:
        """The same measure with a noise of its own in the month of `last_day`, for what is told once a month.

        In a unit where hardly anything changes, a figure that moves only with its records would tell of who changed.
        """
        return replace(self, family=f"{self.family} {last_day:%Y-%m}")


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact figures of one indicator, one element per cell (arrays of equal length n).

    `cases` and `persons` are those behind the figure, `handlers` who handled the cases, `most_by_one` the cases of the
    busiest, `requesters` who asked. `register` counts the unit's persons in the register, `register_handlers` those of
    the organisation who work in the system. The sums of record keys are those of `perturbation`. `grouped` marks units
    in a reporting group, `sensitive` case types that need more, `of_employees` tickets of systems whose requesters are
    employees.
    """

    numerator: Ints
    denominator: Ints
    cases: Ints
    persons: Ints
    numerator_keys: Sums
    denominator_keys: Sums
    handlers: Ints
    most_by_one: Ints
    requesters: Ints
    register: Ints
    register_handlers: Ints
    grouped: Bools
    sensitive: Bools
    of_employees: Bools

    def __getitem__(self, selection: Bools) -> Exact:
        """The chosen cells."""
        return Exact(*(getattr(self, name)[selection] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Gated:
    """What may be shown, one element per cell: value and 95 % interval (NaN where there is none), band of n, status.

    `reason` says why a value is not shown, '' where it is.
    """

    value: Floats
    low: Floats
    high: Floats
    n_band: Texts
    status: Texts
    reason: Texts


def gate(exact: Exact, measure: Measure, rules: Protection, secret: bytes) -> Gated:
    """Pass exact figures of one indicator through the gate, under the rules of their organisation and period.

    `secret` is that of the root unit: it alone, with the sets of records, decides the noise.
    """
    reason = reasons(exact, measure, rules)
    behind = _behind(exact, measure)
    fewest_known = np.ceil(measure.known * _population(exact, measure))
    is_known = exact.denominator >= fewest_known
    is_publishable = (
        (reason == "") & (exact.denominator > 0) & (behind >= measure.minimum) & is_known
    )
    # per head, the unit's persons are the denominator: the precision follows them, not the cases
    size = exact.denominator if measure.per_head else behind
    shown_size = size[is_publishable]
    # only what may be shown is worked out: of a refused cell no figure exists beyond this line
    value, low, high = _told(exact[is_publishable], measure, rules, secret, shown_size)
    nothing = np.full(len(reason), np.nan)
    gated = Gated(
        value=nothing,
        low=nothing.copy(),
        high=nothing.copy(),
        n_band=np.full(len(reason), "", dtype="U8"),
        status=np.full(len(reason), Status.NOT_ENOUGH.value, dtype="U16"),
        reason=reason,
    )
    gated.value[is_publishable] = value
    gated.low[is_publishable] = low
    gated.high[is_publishable] = high
    gated.n_band[is_publishable] = BANDS[np.digitize(shown_size, _EDGES)]
    is_coarse = (shown_size < WHOLE) & (measure.protects is not Protects.OFFICIAL_ACT)
    gated.status[is_publishable] = np.where(is_coarse, Status.ROUNDED.value, Status.OK.value)
    gated.status[(reason == "") & (exact.denominator == 0)] = Status.NO_DENOMINATOR.value
    gated.status[reason != ""] = Status.SUPPRESSED.value
    # a small unit of a reporting group is told of by its group: its reader is sent there
    counts_staff = measure.protects in (Protects.STAFF, Protects.OFFICIAL_ACT)
    is_too_small = (reason == Reason.FEW_PERSONS) & counts_staff
    gated.status[is_too_small & exact.grouped] = Status.GROUPED.value
    return gated


def reasons(exact: Exact, measure: Measure, rules: Protection) -> Texts:
    """Why each cell is not shown by the rule of its class; '' where it may be."""
    cell_reasons = np.full(len(exact.cases), "", dtype="U16")
    # written last to first, so that the first reason that holds is the one that stays
    for reason, cells in reversed(_refused(exact, measure, rules)):
        cell_reasons[cells] = reason.value
    return cell_reasons


def _refused(exact: Exact, measure: Measure, rules: Protection) -> list[tuple[Reason, Bools]]:
    """Reasons with the cells that each holds for; the first one of a cell counts."""
    behind = _behind(exact, measure)
    match measure.protects:
        case Protects.CITIZEN:
            threshold = np.where(exact.sensitive, rules.citizen.k_sensitive, rules.citizen.k)
            # employees who ask are protected as staff too: the stricter threshold holds
            threshold = np.where(
                exact.of_employees, np.maximum(threshold, rules.staff.k), threshold
            )
            # told per person, a figure of few tells of them, however many cases there are
            has_few_heads = (exact.persons < rules.staff.k) & measure.per_head
            return [
                (Reason.FEW_CASES, behind < threshold),
                (Reason.FEW_PERSONS, has_few_heads | _few_requesters(exact, rules)),
            ]
        case Protects.HANDLING:
            has_handlers = exact.handlers > 0
            has_few_handlers = has_handlers & (exact.handlers < rules.handling.persons)
            # a source that names no handlers: the register must show that it was not one person alone
            has_register = exact.register_handlers >= REGISTER_HANDLERS
            needs_handlers = rules.handling.persons > 0
            most_by_one = rules.handling.most_by_one * exact.cases
            return [
                (Reason.FEW_CASES, behind < rules.handling.k),
                (Reason.FEW_PERSONS, has_few_handlers | _few_requesters(exact, rules)),
                (Reason.ONE_HANDLER, exact.most_by_one > most_by_one),
                (Reason.NO_HANDLERS, ~has_handlers & ~has_register & needs_handlers),
            ]
        case Protects.STAFF:
            return [(Reason.FEW_PERSONS, behind < rules.staff.k)]
        case Protects.OFFICIAL_ACT:
            return [(Reason.FEW_PERSONS, exact.grouped & (behind < rules.staff.k))]


def _few_requesters(exact: Exact, rules: Protection) -> Bools:
    """Employees' tickets by too few of them, or of too small a unit where nobody is named."""
    has_requesters = exact.requesters > 0
    are_few = np.where(
        has_requesters, exact.requesters < REQUESTERS, exact.register < rules.staff.k
    )
    return np.asarray(exact.of_employees & are_few)


def _population(exact: Exact, measure: Measure) -> Ints:
    """The number that the class of the indicator protects."""
    match measure.protects:
        case Protects.STAFF:
            return exact.persons
        case Protects.OFFICIAL_ACT:
            return exact.denominator
        case _:
            return exact.cases


def _behind(exact: Exact, measure: Measure) -> Ints:
    """How many stand behind each figure: of its population, and of its denominator where that counts fewer."""
    population = _population(exact, measure)
    return population if measure.per_head else np.minimum(population, exact.denominator)


def _noise(measure: Measure, rules: Protection) -> Noise | None:
    """The noise of a class; None for official acts, and for medians, which no count could be added to."""
    if measure.kind is Kind.MEDIAN:
        return None
    match measure.protects:
        case Protects.CITIZEN:
            return rules.citizen.noise
        case Protects.HANDLING:
            return rules.handling.noise
        case Protects.STAFF:
            return rules.staff.noise
        case Protects.OFFICIAL_ACT:
            return None


def _told(
    exact: Exact, measure: Measure, rules: Protection, secret: bytes, size: Ints
) -> tuple[Floats, Floats, Floats]:
    """Values and intervals, with noise, at the precision that may be told."""
    noise = _noise(measure, rules)
    numerator = _with_noise(exact, measure, secret, noise)
    # a count and a median are not divided by those that they are of
    is_undivided = measure.kind in {Kind.COUNT, Kind.MEDIAN}
    per = np.ones(len(size)) if is_undivided else exact.denominator
    scale = 100.0 if measure.kind is Kind.SHARE else measure.scale
    if measure.protects is Protects.OFFICIAL_ACT:
        # official acts are told as they are: neither noise nor steps, whole numbers alone
        value = np.asarray(scale * numerator / per, dtype=np.float64)
        low, high = _interval(measure.kind, scale, numerator.astype(float), per.astype(float))
        # outwards; 1e-9 keeps a whole end from being moved by a rounding error
        return np.round(value), np.floor(low + 1e-9), np.ceil(high - 1e-9)
    step = _steps(measure, size)
    steps = np.floor(scale * numerator / per / step + 0.5)
    value = np.asarray(step * steps, dtype=np.float64)
    low, high = _coarse_interval(measure, scale, value, step, exact.denominator, noise)
    return value, low, high


def _with_noise(exact: Exact, measure: Measure, secret: bytes, noise: Noise | None) -> Ints:
    """Numerators with the noise of their sets of records."""
    if noise is None:
        return exact.numerator
    if measure.kind is Kind.SHARE:
        return _perturbed_shares(exact, measure.family, secret, noise)
    keys = cell_keys(exact.numerator_keys, exact.denominator_keys, measure.family, secret)
    return perturbed_counts(exact.numerator, keys, noise)


def _perturbed_shares(exact: Exact, family: str, secret: bytes, noise: Noise) -> Ints:
    """Numerators of shares with noise, which follows the smaller of the two sides.

    So a share and its opposite, told of the same records, have one noise between them and add up to a hundred; two
    would tell the same twice.
    """
    remainder = exact.denominator - exact.numerator
    # sums of keys are modulo 2⁶⁴, and so is their difference: the keys of those who do not count
    remainder_keys = exact.denominator_keys - exact.numerator_keys
    # of two equal sides the one with the smaller keys, whichever of the two shares is asked
    is_even = remainder == exact.numerator
    is_turned = (remainder < exact.numerator) | (is_even & (remainder_keys < exact.numerator_keys))
    smaller = np.where(is_turned, remainder, exact.numerator)
    smaller_keys = np.where(is_turned, remainder_keys, exact.numerator_keys)
    keys = cell_keys(smaller_keys, exact.denominator_keys, family, secret)
    noisy = perturbed(smaller, exact.denominator, keys, noise)
    return np.where(is_turned, exact.denominator - noisy, noisy)


def _steps(measure: Measure, size: Ints) -> Floats:
    """Steps of values in their unit of measure: one and five of a hundred, a tenth and a half of ones, whole days."""
    if measure.kind in {Kind.COUNT, Kind.MEDIAN}:
        return np.ones(len(size))
    steps = np.where(size < WHOLE, 5.0, 1.0)
    return steps / 10 if measure.kind is Kind.RATE and measure.scale == 1 else steps


def _coarse_interval(
    measure: Measure,
    scale: float,
    value: Floats,
    step: Floats,
    denominator: Ints,
    noise: Noise | None,
) -> tuple[Floats, Floats]:
    """The widest interval of all figures that read the same in a set as small as its band allows, widened by the noise.

    Half-widths of sampling and noise add up in quadrature: the two are independent.
    """
    is_share = measure.kind is Kind.SHARE
    # the smallest denominator of the band, so that the interval tells no more of it than the band does
    size = np.array([3, *_EDGES], dtype=float)[np.digitize(denominator, _EDGES)]
    least = np.maximum((value - step / 2) * size / scale, 0.0)
    most = (value + step / 2) * size / scale
    most = np.minimum(most, size) if is_share else most
    sampling_low, _ = _interval(measure.kind, scale, least, size)
    _, sampling_high = _interval(measure.kind, scale, most, size)
    noise_width = 0.0 if noise is None else _SIGMAS * np.sqrt(noise.variance) * scale / size
    low = np.maximum(value - np.hypot(value - sampling_low, noise_width), 0.0)
    high = value + np.hypot(sampling_high - value, noise_width)
    # outwards to whole steps; 1e-9 keeps an end that lies on a step from being moved by a rounding error
    low = step * np.floor(low / step + 1e-9)
    high = step * np.ceil(high / step - 1e-9)
    return low, np.minimum(high, 100.0) if is_share else high


def _interval(kind: Kind, scale: float, numerator: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """The interval of sampling, at `CONFIDENCE`; NaN for counts and medians, which are no sample."""
    if kind is Kind.SHARE:
        low, high = wilson(np.clip(numerator, 0, trials), trials, confidence=CONFIDENCE)
        return scale * low, scale * high
    if kind is Kind.RATE:
        low, high = byar(numerator, confidence=CONFIDENCE)
        return scale * low / trials, scale * high / trials
    nothing = np.full(len(trials), np.nan)
    return nothing, nothing.copy()
