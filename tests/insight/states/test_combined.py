"""The two states that several published figures show together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.states.combined import Exploitation, PublishedFigure, State, exploitation, use_state

READY = {
    "enrolment": PublishedFigure(96, 94, 98),
    "activation": PublishedFigure(91, 85, 95),
    "entitlement": PublishedFigure(99, 97, 100),
}


@pytest.mark.parametrize(
    ("figures", "state"),
    [
        (READY | {"intended-use": PublishedFigure(20, 15, 26)}, State.READY_NOT_USED),
        (READY | {"intended-use": PublishedFigure(45, 38, 52)}, State.READY_NOT_USED),
        (READY | {"intended-use": PublishedFigure(55, 45, 65)}, State.UNCLEAR),  # chance could explain it
        (READY | {"intended-use": PublishedFigure(45, 5, 100)}, State.UNCLEAR),
        (READY | {"intended-use": PublishedFigure(80, 74, 85)}, State.IN_USE),
        (READY | {"weekly-breadth": PublishedFigure(30, 22, 40)}, State.READY_NOT_USED),
        (
            READY | {"weekly-breadth": PublishedFigure(90, 85, 94), "intended-use": PublishedFigure(10, 5, 16)},
            State.READY_NOT_USED,
        ),
        # as many may be ready as need be: that few were seen is chance, or noise
        (READY | {"ready": PublishedFigure(75, 40, 100), "intended-use": PublishedFigure(10, 5, 16)}, State.UNCLEAR),
        (READY | {"ready": PublishedFigure(75, 40, 100), "intended-use": PublishedFigure(80, 74, 85)}, State.UNCLEAR),
        (READY | {"ready": PublishedFigure(40, 5, 79), "intended-use": PublishedFigure(80, 74, 85)}, State.NOT_READY),
        (
            READY | {"activation": PublishedFigure(60, 50, 70), "intended-use": PublishedFigure(10, 5, 16)},
            State.NOT_READY,
        ),
        (
            {"entitlement": PublishedFigure(99, 97, 100), "intended-use": PublishedFigure(10, 5, 16)},
            State.READY_NOT_USED,
        ),
        ({"intended-use": PublishedFigure(10, 5, 16)}, State.UNCLEAR),  # nobody knows whether they could
        (READY, State.UNCLEAR),
    ],
)
def test_where_a_unit_stands(figures: dict[str, PublishedFigure], state: State) -> None:
    assert use_state(figures) is state


BEFORE = {"lead-time": PublishedFigure(24), "rework": PublishedFigure(21, 16, 27)}
FLAT = {
    "digital-intake": PublishedFigure(90, 85, 94),
    "lead-time": PublishedFigure(26),
    "rework": PublishedFigure(20, 15, 26),
}


@pytest.mark.parametrize(
    ("before", "now", "realised", "state"),
    [
        (BEFORE, FLAT, 0.15, Exploitation.NOT_EXPLOITED),
        (BEFORE, FLAT, None, Exploitation.NOT_EXPLOITED),
        (BEFORE, FLAT, 0.9, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"lead-time": PublishedFigure(16)}, 0.15, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"lead-time": PublishedFigure(22)}, 0.15, Exploitation.NOT_EXPLOITED),  # within ten percent
        (BEFORE, FLAT | {"rework": PublishedFigure(10, 6, 15)}, 0.15, Exploitation.EXPLOITED),
        (BEFORE, FLAT | {"digital-intake": PublishedFigure(60, 52, 68)}, 0.15, Exploitation.NOT_DIGITAL),
        ({}, FLAT, 0.15, Exploitation.UNCLEAR),
        ({"lead-time": PublishedFigure(24)}, FLAT, 0.15, Exploitation.NOT_EXPLOITED),  # rework was not shown before
        ({"lead-time": PublishedFigure(24)}, FLAT, None, Exploitation.UNCLEAR),
        (BEFORE, {}, 0.15, Exploitation.UNCLEAR),
    ],
)
def test_where_a_case_type_stands(
    before: dict[str, PublishedFigure], now: dict[str, PublishedFigure], realised: float | None, state: Exploitation
) -> None:
    assert exploitation(before, now, realised) is state


SHARES = st.integers(0, 100).flatmap(
    lambda v: st.tuples(st.integers(0, v), st.integers(v, 100)).map(lambda ends: PublishedFigure(v, *map(float, ends)))
)


@given(SHARES, SHARES)
def test_more_use_never_leads_back(one: PublishedFigure, other: PublishedFigure) -> None:
    order = [State.READY_NOT_USED, State.UNCLEAR, State.IN_USE]
    less, more = (READY | {"intended-use": figure} for figure in (one, other))
    if all(getattr(one, end) <= getattr(other, end) for end in ("value", "low", "high")):
        assert order.index(use_state(less)) <= order.index(use_state(more))


def test_use_is_held_against_its_target() -> None:
    use = READY | {"intended-use": PublishedFigure(34, 28, 41)}
    assert use_state(use, {"intended-use": 60}) is State.UNCLEAR
    assert use_state(use, {"intended-use": 80}) is State.READY_NOT_USED
    assert use_state(use, {"intended-use": 50}) is State.IN_USE
