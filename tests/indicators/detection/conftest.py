"""Small invented series for the tests of detection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

HEAD = "unit,peer_group,system,indicator,week,numerator,denominator,eligible,presence"
Writer = Callable[..., list[str]]


def iso_weeks(number: int) -> list[str]:
    """`number` ISO weeks from 2024-W02."""
    start = date.fromisocalendar(2024, 2, 1)
    days = [(start + timedelta(weeks=k)).isocalendar() for k in range(number)]
    return [f"{day.year}-W{day.week:02d}" for day in days]


def write_rows(
    *,
    number: int = 100,
    units: int = 12,
    size: int = 40,
    share: Callable[[int, int], float] = lambda _unit, _week: 0.8,
    presence: Callable[[int, int], float] = lambda _unit, _week: 0.95,
    seed: int = 1,
    indicator: str = "breadth",
    group: str = "g",
) -> list[str]:
    """CSV rows of one group of units U00, U01, ...: binomial use around `share`, gone with `presence`."""
    rng = np.random.default_rng(seed)
    lines = []
    for unit in range(units):
        for t, week in enumerate(iso_weeks(number)):
            at_work = presence(unit, t)
            n = max(round(size * at_work), 1)
            take_off = 1 / (1 + np.exp(-(t - 5) / 1.2))
            x = rng.binomial(n, min(max(share(unit, t) * take_off, 0.001), 0.999))
            lines.append(f"U{unit:02d},{group},desk,{indicator},{week},{x},{n},{size},{at_work:.3f}")
    return lines


@pytest.fixture
def rows() -> Writer:
    """The writer of CSV rows."""
    return write_rows


@pytest.fixture
def weeks() -> Callable[[int], list[str]]:
    """The calendar of the rows."""
    return iso_weeks


@pytest.fixture
def table() -> Callable[..., str]:
    """Rows under their header as one text."""

    def joined(lines: list[str], head: str = HEAD) -> str:
        return "\n".join([head, *lines]) + "\n"

    return joined
