"""The two states that several published figures show together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.indicators.states import Exploitation, Shown, State, exploitation, use_state

READY = {"enrolment": Shown(96, 94, 98), "activation": Shown(91, 85, 95), "entitlement": Shown(99, 97, 100)}


@pytest.mark.parametrize(
    ("figures", "state"),
    [
        (READY | {"intended-use": Shown(20, 15, 26)}, State.READY_NOT_USED),
        (READY | {"intended-use": Shown(45, 38, 52)}, State.READY_NOT_USED),
        (READY | {"intended-use": Shown(55, 45, 65)}, State.UNCLEAR),  # chance could explain it
        (READY | {"intended-use": Shown(45, 5, 100)}, State.UNCLEAR),
        (READY | {"intended-use": Shown(80, 74, 85)}, State.IN_USE),
        (READY | {"weekly-breadth": Shown(30, 22, 40)}, State.READY_NOT_USED),
        (READY | {"weekly-breadth": Shown(90, 85, 94), "intended-use": Shown(10, 5, 16)}, State.READY_NOT_USED),
        (READY | {"activation": Shown(60, 50, 70), "intended-use": Shown(10, 5, 16)}, State.NOT_READY),
        ({"entitlement": Shown(99, 97, 100), "intended-use": Shown(10, 5, 16)}, State.READY_NOT_USED),
        ({"intended-use": Shown(10, 5, 16)}, State.UNCLEAR),  # nobody knows whether they could
        (READY, State.UNCLEAR),
    ],
)
def test_where_a_unit_stands(figures: dict[str, Shown], state: State) -> None:
    assert use_state(figures) is state


BEFORE = {"lead-time": Shown(24), "rework": Shown(21, 16, 27)}
FLAT = {"digital-intake": Shown(90, 85, 94), "lead-time": Shown(26), "rework": Shown(20, 15, 26)}


@pytest.mark.parametrize(
    ("before", "now", "realised", "state"),
    [
        (BEFORE, FLAT, 0.15, Exploitation.NOT_EXPLOITED),
        (BEFORE, FLAT, None, Exploitation.NOT_EXPLOITED),
        (BEFORE, FLAT, 0.9, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"lead-time": Shown(16)}, 0.15, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"lead-time": Shown(22)}, 0.15, Exploitation.NOT_EXPLOITED),  # within ten percent
        (BEFORE, FLAT | {"rework": Shown(10, 6, 15)}, 0.15, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"digital-intake": Shown(60, 52, 68)}, 0.15, Exploitation.NOT_DIGITAL),
        ({}, FLAT, 0.15, Exploitation.UNCLEAR),
        ({"lead-time": Shown(24)}, FLAT, 0.15, Exploitation.NOT_EXPLOITED),  # rework was not shown before
        ({"lead-time": Shown(24)}, FLAT, None, Exploitation.UNCLEAR),
        (BEFORE, {}, 0.15, Exploitation.UNCLEAR),
    ],
)
def test_where_a_case_type_stands(
    before: dict[str, Shown], now: dict[str, Shown], realised: float | None, state: Exploitation
) -> None:
    assert exploitation(before, now, realised) is state


SHARES = st.integers(0, 100).flatmap(
    lambda v: st.tuples(st.integers(0, v), st.integers(v, 100)).map(lambda ends: Shown(v, *map(float, ends)))
)


@given(SHARES, SHARES)
def test_more_use_never_leads_back(one: Shown, other: Shown) -> None:
    order = [State.READY_NOT_USED, State.UNCLEAR, State.IN_USE]
    less, more = (READY | {"intended-use": figure} for figure in (one, other))
    if all(getattr(one, end) <= getattr(other, end) for end in ("value", "low", "high")):
        assert order.index(use_state(less)) <= order.index(use_state(more))


def test_use_is_held_against_its_target() -> None:
    use = READY | {"intended-use": Shown(34, 28, 41)}
    assert use_state(use, {"intended-use": 60}) is State.UNCLEAR
    assert use_state(use, {"intended-use": 80}) is State.READY_NOT_USED
    assert use_state(use, {"intended-use": 50}) is State.IN_USE
