"""How coarsely numbers of cases, and hours that follow from them, may be said."""

from __future__ import annotations

from math import floor, log10

from nytta.disclosure.rules import K


def rounded_cases(cases: int) -> int | None:
    """Cases of a year as they may be worked with: two significant digits, never finer than ten; None for too few."""
    if cases < K:
        return None
    exponent = max(1, floor(log10(cases)) - 1)
    return _half_up(cases, _power(exponent))


def two_digits(figure: float) -> int:
    """A figure rounded half up to two significant digits; 0 stays 0. Figures below ten are rounded to whole ones."""
    rounded = floor(figure + 0.5)
    if rounded <= 0:
        return 0
    exponent = max(0, floor(log10(rounded)) - 1)
    return _half_up(rounded, _power(exponent))


def _power(exponent: int) -> int:
    return int(10**exponent)


def _half_up(figure: int, step: int) -> int:
    # In whole numbers: round() takes a half to the even side.
    return (2 * figure + step) // (2 * step) * step
