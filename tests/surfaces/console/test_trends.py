"""What a trend's sentence says of the way from an earlier figure to the last one."""

from __future__ import annotations

import pytest

from nytta.indicators.load import load
from nytta.registry import declarations
from nytta.surfaces.console.pages.trends import Figure, move

DEFINITIONS = {definition.id: definition for definition in load(declarations.schemas() / "indicators").definitions}


def figure(value: float, low: float | None = None, high: float | None = None) -> Figure:
    return {"value": value, "low": low, "high": high, "n_band": "30-99", "status": "published", "reason": ""}


@pytest.mark.parametrize(
    ("earlier", "current", "words"),
    [
        (figure(50, 45, 55), figure(52, 47, 57), "finding_same"),
        (figure(41, 35, 52), figure(50, 43, 57), "finding_unsure"),  # each end is near the other figure
        (figure(41, 20, 70), figure(60, 55, 65), "finding_unsure"),  # only one interval holds the other figure
        (figure(41, 38, 44), figure(50, 47, 53), "finding_up"),
        (figure(50, 47, 53), figure(41, 38, 44), "finding_down"),
    ],
)
def test_a_share_moved_where_the_interval_of_the_difference_leaves_out_none(
    earlier: Figure, current: Figure, words: str
) -> None:
    assert move(earlier, current, DEFINITIONS["digital-intake"]) == words


@pytest.mark.parametrize(
    ("earlier", "current", "words"),
    [
        (figure(0.7, 0.6, 0.8), figure(2.1, 1.9, 2.3), "finding_up"),  # three times as often, by 1.4
        (figure(0.7, 0.6, 0.8), figure(0.75, 0.6, 0.9), "finding_same"),
        (figure(0.7, 0.3, 1.4), figure(1.2, 0.6, 2.0), "finding_unsure"),
    ],
)
def test_a_count_is_the_same_within_a_tenth_of_itself(earlier: Figure, current: Figure, words: str) -> None:
    assert move(earlier, current, DEFINITIONS["reassignment"]) == words


def test_days_have_no_interval_and_are_taken_as_they_are() -> None:
    lead_time = DEFINITIONS["lead-time"]
    assert move(figure(30), figure(29), lead_time) == "finding_same"
    assert move(figure(30), figure(20), lead_time) == "finding_down"
    assert move(figure(0), figure(0), lead_time) == "finding_same"
