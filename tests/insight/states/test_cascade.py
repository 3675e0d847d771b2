"""Gates, the gap between levels, and what followed training, on figures few enough to reckon by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.insight.states.cascade import Gate, after_training, gates, level_gap
from nytta.insight.states.combined import PublishedFigure, together

WEEKS = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(30)]


@pytest.mark.parametrize(
    ("anchored", "key_roles", "staff"),
    [
        ({"managers": PublishedFigure(80), "key-roles": PublishedFigure(79)}, Gate.OPEN, Gate.CLOSED),
        ({"managers": PublishedFigure(60), "key-roles": PublishedFigure(90)}, Gate.CLOSED, Gate.OPEN),
        (
            {"key-roles": PublishedFigure(90), "staff": PublishedFigure(10)},
            Gate.UNCLEAR,
            Gate.OPEN,
        ),  # too few managers here
    ],
)
def test_a_step_begins_when_the_one_before_it_has_arrived(
    anchored: dict[str, PublishedFigure], key_roles: Gate, staff: Gate
) -> None:
    assert gates(anchored) == {"managers": Gate.OPEN, "key-roles": key_roles, "staff": staff}


def test_the_gap_between_levels_has_an_interval_of_its_own() -> None:
    managers = {"desire": PublishedFigure(72, 69, 76), "ability": PublishedFigure(60)}
    staff = {"desire": PublishedFigure(54, 50, 57), "ability": PublishedFigure(50, 40, 60)}
    (gap,) = level_gap(managers, staff).values()  # where an interval is missing there is no gap
    # down by hypot(72 - 69, 57 - 54), up by hypot(76 - 72, 54 - 50)
    assert (gap.value, gap.low, gap.high) == pytest.approx((18, 18 - 18**0.5, 18 + 32**0.5))


FIGURES = st.integers(20, 100).flatmap(
    lambda v: st.tuples(st.integers(20, v), st.integers(v, 100)).map(lambda ends: PublishedFigure(v, *map(float, ends)))
)


@given(FIGURES, FIGURES)
def test_the_gap_turns_around_with_the_levels(one: PublishedFigure, other: PublishedFigure) -> None:
    there, back = level_gap({"x": one}, {"x": other})["x"], level_gap({"x": other}, {"x": one})["x"]
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def trained(turn: int | None) -> dict[date, float]:
    return {week: 70.0 if turn is not None and n >= turn else 5.0 for n, week in enumerate(WEEKS)}


def use(base: float, rise: float, turn: int) -> dict[date, float]:
    return {week: base + (rise if n >= turn else 0) for n, week in enumerate(WEEKS)}


def test_what_followed_training_is_more_than_what_came_to_all() -> None:
    """Use rises by 25 points where people were trained in week 10, and by 10 where nobody was."""
    shares = {f"t{n}": trained(10) for n in range(3)} | {f"o{n}": trained(None) for n in range(3)}
    figures = {f"t{n}": use(30, 25, 10) for n in range(3)} | {f"o{n}": use(20 + n, 10, 12) for n in range(3)}
    found = after_training(shares, figures, WEEKS[-1])
    assert found is not None
    assert found.value == pytest.approx(15)
    assert (found.trained, found.others) == (3, 3)
    assert after_training(shares, figures, WEEKS[17]) is None  # eight weeks after have not gone by
    assert after_training({u: s for u, s in shares.items() if u != "o0"}, figures, WEEKS[-1]) is None


def test_windows_together_are_their_means() -> None:
    assert together([PublishedFigure(10, 6, 16), PublishedFigure(20, 16, 28)]) == PublishedFigure(15, 11, 22)
    assert together([PublishedFigure(10), PublishedFigure(14)]) == PublishedFigure(12)
    assert together([]) is None
