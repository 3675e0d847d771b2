"""What a completed case costs, over 52 weeks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from nytta.insight.benefits.transactions import YEAR, cost_per_case, yearly_cost
from nytta.registry.dates import Span
from nytta.registry.programme import Cost
from nytta.registry.units import Names

LAST = date(2026, 11, 29)
FIRST = LAST - YEAR + timedelta(days=1)


def cost(begin: date, end: date, amount: int) -> Cost:
    return Cost(Names.of("service"), "town", Span(begin, end), amount, "SEK", "cases", "service")


def test_a_years_cost_is_what_falls_into_its_days() -> None:
    twice_as_long = cost(FIRST - YEAR, LAST + timedelta(days=1), 200_000)
    assert yearly_cost([twice_as_long], LAST) == 100_000
    half = FIRST + YEAR / 2
    assert yearly_cost([cost(FIRST, half, 30_000), cost(half, LAST + timedelta(days=1), 40_000)], LAST) == 70_000


@pytest.mark.parametrize("gap", [FIRST, FIRST + timedelta(days=100), LAST])
def test_a_year_with_a_day_without_cost_has_none(gap: date) -> None:
    before, after = cost(FIRST, gap, 1), cost(gap + timedelta(days=1), LAST + timedelta(days=1), 1)
    assert yearly_cost([before, after], LAST) is None


@pytest.mark.parametrize(
    ("completed", "each"),
    # 1,234 cases count as 1,200, and 1,000,000 / 1,200 = 833 is said as 830
    [(1_234, 83_000), (1_249, 83_000), (9, None), (10, 100_000 * 100)],
)
def test_a_case_costs_two_digits_of_money_over_rounded_cases(completed: int, each: int | None) -> None:
    assert cost_per_case(1_000_000 * 100, completed) == each


def test_without_a_cost_no_case_has_one() -> None:
    assert cost_per_case(None, 1_000) is None
