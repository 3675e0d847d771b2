"""Units of few persons: blocks of weeks, one person who leaves, and how far their levels move by themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nytta.indicators.detection import Parameters, parse
from nytta.indicators.detection import detect as detect_with
from nytta.indicators.detection.gates import Reason, gate, without
from nytta.indicators.detection.noise import SPAN, STRETCH, Noise

Rows = Callable[..., list[str]]
Table = Callable[..., str]


def test_a_week_taken_out_stands_in_no_block(rows: Rows, table: Table) -> None:
    """Of nine at work in a week, four weeks make a block; one in which all fell together must not be among them."""
    text = table(rows(size=11, number=40, presence=lambda _u, _t: 0.8, share=lambda _u, t: 0.0 if t == 22 else 0.9))
    (panel,) = parse(text).panels
    raw = gate(panel, Parameters())
    common_weeks = np.arange(40) == 22
    gated = without(raw, common_weeks, Reason.COMMON_CAUSE, Parameters())
    assert (gated.reason[:, 22] == "common_cause").all()
    # All other weeks are in some block, but those that still wait for one.
    last = int(np.flatnonzero(gated.usable[0])[-1])
    other_weeks = (raw.week_n[0] > 0) & ~common_weeks & (np.arange(40) <= last)
    assert np.nansum(gated.count[0]) == raw.week_count[0, other_weeks].sum()
    assert np.nansum(gated.n[0]) == raw.week_n[0, other_weeks].sum()


def test_no_weeks_taken_out_change_nothing(rows: Rows, table: Table) -> None:
    (panel,) = parse(table(rows(size=11, number=30, presence=lambda _u, _t: 0.8))).panels
    raw = gate(panel, Parameters())
    assert without(raw, np.zeros(30, bool), Reason.COMMON_CAUSE, Parameters()) is raw


@pytest.mark.parametrize(("persons", "speaks"), [(1, False), (3, True)])
def test_one_person_is_no_relapse_of_a_unit(rows: Rows, table: Table, persons: int, speaks: bool) -> None:
    """Twelve who do the same every week, until so many of them stop: three are a fall, one is a person."""
    lines: list[str] = []
    for line in rows(size=12, number=110, presence=lambda _u, _t: 1.0):
        unit, group, system, indicator, week, _, n, *rest = line.split(",")
        week_place = len(lines) % 110
        used = 11 - (persons if unit == "U05" and week_place >= 70 else 0) - (week_place + int(unit[1:])) % 2
        taken_off = used if week_place > 8 else week_place
        lines.append(",".join([unit, group, system, indicator, week, str(taken_off), n, *rest]))
    fallen = {signal.unit for signal in detect_with(parse(table(lines))).signals if signal.kind == "relapse"}
    assert ("U05" in fallen) is speaks


def test_small_units_whose_levels_move_do_not_widen_those_of_large_ones() -> None:
    """Levels of units of twelve that wander, and of four hundred that stand still."""
    rng = np.random.default_rng(5)
    units = 200
    is_small = np.arange(units) < units // 2
    inverse = np.where(is_small, 1 / 48, 1 / 1600)
    level = np.cumsum(rng.normal(0, np.where(is_small, 0.02, 0.0), (80, units)), axis=0)
    value = level + rng.normal(0, np.sqrt(inverse), (80, units))
    noise = Noise(units, floor=0.1)
    everywhere = np.ones(units, bool)
    for week in range(SPAN + STRETCH - 1, 80):
        now, before = (value[last - STRETCH + 1 : last + 1].mean(0) for last in (week, week - SPAN))
        noise.learn_drift(now - before, value[week] - value[week - 1], inverse, inverse, np.ones(units), everywhere)
    small, large = noise.drift
    assert small == pytest.approx(0.02**2 * 48, rel=0.4)
    assert large < 0.006
