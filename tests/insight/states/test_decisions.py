"""Follow-through and age of decisions, reckoned by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nytta.insight.states.decisions import Act, Ages, Followed, ageing, follow_through
from nytta.registry.programme import Decision
from nytta.registry.units import Names

TAKEN = date(2026, 1, 5)
DECISION = Decision("d1", Names.of("Decision"), TAKEN, "1", TAKEN + timedelta(days=60), ("a", "b", "c", "d"))


def act(unit: str, state: str, days: int, decision: str = "d1") -> Act:
    return Act(decision, unit, state, TAKEN + timedelta(days=days))


ACTS = [
    act("a", "acknowledged", 3),
    act("b", "executed", 14),  # who executed has received
    act("c", "acknowledged", 15),  # a day late
    act("c", "executed", 61),
    act("x", "acknowledged", 2),  # not concerned
    act("d", "acknowledged", 1, "d2"),  # another decision
]


def standing(days: int, acts: list[Act] = ACTS) -> Followed | None:
    return follow_through(DECISION, acts, DECISION.units, TAKEN + timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "received", "executed", "weeks"),
    [(13, None, None, 1), (14, 50, None, 2), (60, 50, 25, 8), (90, 50, 25, 12)],
)
def test_received_after_a_fortnight_and_executed_by_the_due_date(
    days: int, received: float | None, executed: float | None, weeks: int
) -> None:
    assert standing(days) == Followed("d1", "1", 4, received, executed, weeks)


def test_a_decision_is_open_until_all_have_executed_it_or_it_is_taken_back() -> None:
    done = [act(unit, "executed", 20) for unit in DECISION.units]
    assert [standing(days, done).weeks for days in (19, 20)] == [2, None]  # type: ignore[union-attr]
    back = [act("a", "made", 0), act("a", "reversed", 30), act("a", "made", 40)]
    assert [standing(days, back).weeks for days in (29, 30, 40)] == [4, None, 5]  # type: ignore[union-attr]


def test_before_it_was_taken_and_where_it_concerns_nobody_there_is_nothing() -> None:
    assert standing(-1) is None
    assert follow_through(DECISION, ACTS, (), TAKEN) is None


def test_ages_of_open_decisions_by_level() -> None:
    found = [Followed(f"d{n}", "1", 3, None, None, weeks) for n, weeks in enumerate([2, 4, 10, None])]
    assert ageing([*found, Followed("e", "2", 1, None, None, 7)]) == {"1": Ages(3, 4.0, 8.2), "2": Ages(1, 7.0, 7.0)}
