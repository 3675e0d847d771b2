"""Precision: how coarsely a figure is shown that may be shown, and primary suppression for a figure alone.

A figure of staff needs at least `K` eligible persons; a figure of cases or citizens needs `K` cases handled by at least
three persons, none of whom handled over 60 %; official acts are not gated by size. Which figures may stand together is
decided beside (`ledger`). Of what protects somebody, an interval follows from the value as shown and from a band of the
denominator: it says nothing that these two do not say. Shares are whole percent, in steps of five where fewer than
`SMALL` stand behind them; a share with fewer than three on one side is a band, so that nobody's state follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nytta.disclosure.rules import HANDLERS, MOST_BY_ONE, K, Rules, Status
from nytta.statistics import byar, wilson

__all__ = ["HANDLERS", "MOST_BY_ONE", "Exact", "Gated", "K", "Rules", "Status", "gate"]

SMALL = 30
"""Below this many, shares come in steps of five percent."""

FEW = 3
"""Counts below this are never told apart, at either end of a share."""

CONFIDENCE = 0.95

_BANDS = (10, 30, 100, 300, 1000)
_NAMES = np.array(["<10", "10-29", "30-99", "100-299", "300-999", "1000+"], dtype="U8")
_ENDS = np.array([0, 0, 10, 5, 2, 1])
"""Percent at an end into which two of the fewest of each band fit, for bands from `SMALL` on."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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


def gate(
    exact: Exact,
    *,
    kind: str,
    protects: str,
    scale: float,
    minimum_denominator: int | Ints,
    shown: npt.NDArray[np.bool_] | None = None,
) -> Gated:
    """Pass exact figures of one indicator through the gate.

    `kind` is share, rate, median or count; `protects` staff, public or official-act; `scale` turns a rate's quotient
    into its unit of measure. `shown` is the decision over whole tables (`ledger`); without it each figure is judged
    alone, which is safe only for a figure that stands alone.
    """
    guarded = protects != "official-act"
    small = exact.size < SMALL if guarded else np.zeros(len(exact.size), bool)
    status = np.full(len(small), Status.OK.value, dtype="U16")
    status[small] = Status.ROUNDED.value
    value, low, high = _coarse(exact, kind, scale, small) if guarded else _plain(exact, kind, scale)
    if kind == "share" and guarded:
        n = np.maximum(exact.denominator, 1)
        edge = np.where(n < SMALL, np.maximum(10.0, 5 * np.ceil(40.0 / n)), _ENDS[np.digitize(n, _BANDS)])
        few = exact.numerator < FEW
        many = (exact.denominator - exact.numerator < FEW) & ~few
        status[few | many] = Status.BANDED.value
        value[few], low[few], high[few] = edge[few], 0.0, edge[few]
        value[many], low[many], high[many] = 100 - edge[many], 100 - edge[many], 100.0
    hidden = [
        (exact.denominator < minimum_denominator, Status.NOT_ENOUGH),
        (np.isnan(exact.value) | (exact.denominator == 0), Status.NO_DENOMINATOR),
        (~(_protected(exact, protects) if shown is None else shown), Status.SUPPRESSED),
        (exact.grouped, Status.GROUPED),
    ]
    for where, reason in hidden:
        status[where] = reason.value
        for figures in (value, low, high):
            figures[where] = np.nan
    band = _band(exact.size if guarded else exact.denominator)
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


def _plain(exact: Exact, kind: str, scale: float) -> tuple[Floats, Floats, Floats]:
    """Values and intervals of official acts: rounded, with the interval of the exact figures."""
    n = np.maximum(exact.denominator, 1).astype(float)
    low, high = _interval(kind, scale, exact.numerator.astype(float), n)
    return np.round(_percent(exact.value, kind)), np.floor(low + 1e-9), _below_all(np.ceil(high - 1e-9), kind)


def _coarse(exact: Exact, kind: str, scale: float, small: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Values and intervals at the precision that may be shown: shares in percent, others in their unit of measure.

    The interval is the widest of all figures that read the same in a group as small as the band allows.
    """
    step = np.where(small, 5.0, 1.0)
    value = step * np.round(_percent(exact.value, kind) / step)
    n = np.array([1, *_BANDS], dtype=float)[np.digitize(exact.denominator, _BANDS)]
    per = 100.0 if kind == "share" else scale
    least, most = (value - step / 2) * n / per, (value + step / 2) * n / per
    low, _ = _interval(kind, scale, np.maximum(least, 0.0), n)
    _, high = _interval(kind, scale, np.minimum(most, n) if kind == "share" else most, n)
    low, high = step * np.floor(low / step + 1e-9), step * np.ceil(high / step - 1e-9)
    return value, low, _below_all(high, kind)


def _interval(kind: str, scale: float, numerator: Floats, n: Floats) -> tuple[Floats, Floats]:
    if kind == "share":
        low, high = wilson(np.clip(np.nan_to_num(numerator), 0, n), n, confidence=CONFIDENCE)
        return 100 * low, 100 * high
    if kind == "rate":
        low, high = byar(np.nan_to_num(numerator), confidence=CONFIDENCE)
        return scale * low / n, scale * high / n
    nothing = np.full(len(n), np.nan)
    return nothing, nothing.copy()


def _percent(value: Floats, kind: str) -> Floats:
    return 100 * value if kind == "share" else value


def _below_all(high: Floats, kind: str) -> Floats:
    return np.minimum(high, 100.0) if kind == "share" else high


def _band(size: Ints) -> npt.NDArray[np.str_]:
    """A band instead of a count."""
    return _NAMES[np.digitize(size, _BANDS)]
