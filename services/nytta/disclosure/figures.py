"""Figures of a series as arrays, as they go into a publication and come out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from nytta.disclosure.tree import Bools, Ints

Grain = Literal["week", "month", "window"]
GRAINS: tuple[Grain, ...] = ("week", "month", "window")

NUMERATOR, DENOMINATOR, SIZE = 0, 1, 2
"""Places in the last axis of figures."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nature:
    """How an indicator's figures behave.

    `staff`: its population are persons, else cases. `adds`: figures add up over units and weeks. `flows`: at least the
    numerator adds up over weeks. `heads`: the numerator counts members of the population, each once. `middles`: it is
    no number that can be added at all (medians).
    """

    staff: bool
    adds: bool
    flows: bool
    heads: bool
    middles: bool
    window_weeks: int


@dataclass(frozen=True, eq=False)
class Figures:
    """Figures of all published periods of one grain; arrays of shape (periods, units, columns[, parts, 3]).

    Units and columns are those of `Series`. The last axis is numerator, denominator, size. `there` marks rows that the
    live figures have; `told` is the ledger of the last publication where `known`, `shown` what it showed, and `changed`
    the day of the publication week (its first open week) in which the period's ledger last changed, 0 for never
    (shape: periods).
    """

    periods: tuple[date, ...]
    live: Ints
    handlers: Ints
    most: Ints
    there: Bools
    told: Ints
    known: Bools
    shown: Bools
    changed: Ints
    restated: Bools
    """Parts (units' own, in their columns) that took over late data after they had been shown in a figure."""


@dataclass(frozen=True, eq=False)
class Series:
    """One indicator, organisation and system; `columns` are case types, '*' (all of them) first."""

    units: tuple[str, ...]
    columns: tuple[str, ...]
    grains: dict[Grain, Figures]


@dataclass(frozen=True, eq=False)
class Told:
    """What a publication makes of the figures of one grain; shapes as in `Figures`.

    `held` marks cells that late data wait for. `smallest` is the size that a figure's precision goes by.
    """

    ledger: Ints
    shown: Bools
    held: Bools
    smallest: Ints
    changed: Ints
    restated: Bools


def columns_of(case_types: Sequence[str]) -> tuple[str, ...]:
    """Columns of a series: all case types together first."""
    return ("*", *sorted(set(case_types) - {"*"}))
