"""Primary suppression and precision: which exact figures may be shown, and how coarsely.

Rules: a figure of staff needs at least `K` eligible persons; a figure of cases or citizens needs `K` cases handled by
at least three persons, none of whom handled over 60 %; official acts are not gated by size. Shares are whole percent,
in steps of five where fewer than `SMALL` stand behind them; there, values next to an end are bands. Intervals are
rounded outward; counts are bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from nytta.statistics import byar, wilson

K = 10
"""Fewest persons, or cases, behind a published figure."""

HANDLERS = 3
"""Fewest persons who handled the cases behind a published figure."""

MOST_BY_ONE = 0.6
"""Largest share of the cases that one person may have handled."""

SMALL = 30
"""Below this many, shares come in steps of five percent and their ends as bands."""

FEW = 3
"""Counts below this are never told apart where fewer than `SMALL` stand behind a share."""

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Status(StrEnum):
    """What a published value is, or why there is none."""

    OK = "ok"
    ROUNDED = "rounded"
    BANDED = "banded"
    SUPPRESSED = "suppressed"
    GROUPED = "grouped"
    NOT_ENOUGH = "not_enough"
    STALE = "stale"
    SEALED = "sealed"
    NOT_APPROVED = "not_approved"
    NO_DENOMINATOR = "no_denominator"
    REVISED_PENDING = "revised_pending"


@dataclass(frozen=True, slots=True)
class Exact:
    """Exact figures of one indicator, one element per cell (arrays of equal length n).

    `value` is the dividing view's (share of 0 to 1, rate, days), NaN where it has none. `size` is the number behind a
    figure that its population protects: eligible persons (the fewest of any week shown) or cases. `grouped` marks
    units that are shown through their reporting group.
    """

    value: Floats
    numerator: Ints
    denominator: Ints
    size: Ints
    handlers: Ints
    most_by_one: Ints
    grouped: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gated:
    """What may be shown, one element per cell: value and 95 % interval (NaN where there is none), band of n, status.

    A banded value is the band's inner edge ("at most 10", "at least 90"); its interval is the band.
    """

    value: Floats
    low: Floats
    high: Floats
    n_band: npt.NDArray[np.str_]
    status: npt.NDArray[np.str_]


def gate(exact: Exact, *, kind: str, protects: str, scale: float, minimum_denominator: int) -> Gated:
    """Pass exact figures of one indicator through the gate.

    `kind` is share, rate, median or count; `protects` staff, public or official-act; `scale` turns a rate's quotient
    into its unit of measure.
    """
    small = exact.size < SMALL if protects != "official-act" else np.zeros(len(exact.size), bool)
    status = np.full(len(small), Status.OK.value, dtype="U16")
    status[small] = Status.ROUNDED.value
    value, low, high = _coarse(exact, kind, scale, small)
    if kind == "share":
        edge = np.maximum(10.0, 5 * np.ceil(40.0 / np.maximum(exact.denominator, 1)))
        few = small & (exact.numerator < FEW)
        many = small & (exact.denominator - exact.numerator < FEW) & ~few
        status[few | many] = Status.BANDED.value
        value[few], low[few], high[few] = edge[few], 0.0, edge[few]
        value[many], low[many], high[many] = 100 - edge[many], 100 - edge[many], 100.0
    hidden = [
        (exact.denominator < minimum_denominator, Status.NOT_ENOUGH),
        (np.isnan(exact.value) | (exact.denominator == 0), Status.NO_DENOMINATOR),
        (~_protected(exact, protects), Status.SUPPRESSED),
        (exact.grouped, Status.GROUPED),
    ]
    for where, reason in hidden:
        status[where] = reason.value
        for figures in (value, low, high):
            figures[where] = np.nan
    band = _band(exact.size if protects != "official-act" else exact.denominator)
    band[np.isnan(value)] = ""
    return Gated(value, low, high, band, status)


def _protected(exact: Exact, protects: str) -> npt.NDArray[np.bool_]:
    """Whether enough stand behind each figure."""
    match protects:
        case "staff":
            return exact.size >= K
        case "public":
            spread = exact.most_by_one <= MOST_BY_ONE * exact.size
            return (exact.size >= K) & (exact.handlers >= HANDLERS) & spread
        case "official-act":
            return np.ones(len(exact.size), bool)
        case _:
            raise ValueError(f"population '{protects}' is unknown; use staff, public or official-act")


def _coarse(exact: Exact, kind: str, scale: float, small: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Values and intervals at the precision that may be shown: shares in percent, others in their unit of measure."""
    n = np.maximum(exact.denominator, 1).astype(float)
    step = np.where(small, 5.0, 1.0)
    if kind == "share":
        shown = 100 * exact.value
        a, b = wilson(np.minimum(exact.numerator, n), n, confidence=CONFIDENCE)
        low, high = 100 * a, 100 * b
    elif kind == "rate":
        shown = exact.value
        a, b = byar(exact.numerator.astype(float), confidence=CONFIDENCE)
        low, high = scale * a / n, scale * b / n
    else:
        shown = exact.value
        low = high = np.full(len(n), np.nan)
    value = step * np.round(shown / step)
    low, high = step * np.floor(low / step + 1e-9), step * np.ceil(high / step - 1e-9)
    return value, low, (np.minimum(high, 100.0) if kind == "share" else high)


def _band(size: Ints) -> npt.NDArray[np.str_]:
    """A band instead of a count."""
    names = np.array(["<10", "10-29", "30-99", "100-299", "300-999", "1000+"], dtype="U8")
    return names[np.digitize(size, [10, 30, 100, 300, 1000])]
