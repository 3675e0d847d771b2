"""What is said beside published figures: a burden on support since when, and no forecast against a figure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from nytta.insight.alerts.evaluation.observe import observe_week
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Observation, Verdict
from nytta.insight.store.alerts import Evidence
from tests.support.published import published_rows

from .conftest import WEEKS, town, week

LAST = WEEKS - 1


def observed(times: np.ndarray[Any, Any], use: np.ndarray[Any, Any], width: float) -> Observation:
    """What is said of u00 in the last week, whose tickets are `times` those of all others week by week.

    Peers have 100 tickets per 100 persons; windows of four weeks have an interval of `width` to either side.
    """
    values: dict[Any, dict[str, Any]] = {}
    for number in range(4, WEEKS):
        for unit in (f"u{n:02d}" for n in range(12)):
            value = 100 * float(times[number - 3 : number + 1].mean()) if unit == "u00" else 100.0
            window = {"value": value, "low": value - width, "high": value + width}
            values["tickets-per-100", "window", unit, "arken", week(number)] = window
            breadth = float(use[number]) if unit == "u00" else 80.0
            values["weekly-breadth", "week", unit, "arken", week(number)] = {"value": breadth}
    evidence = Evidence([], [], published_rows(values), {}, [], {})
    kinds = (Kind.ABANDONMENT, Kind.TRAINING_NEED)
    (found,) = [
        observation
        for observation in observe_week(PublishedEvidence("town", town(), evidence), week(LAST))
        if observation.unit == "u00" and observation.kind in kinds
    ]
    return found


def slide(first: float, last: float, begins: int, length: int) -> np.ndarray[Any, Any]:
    """From one level to another over `length` weeks, from the week `begins` on."""
    return first + (last - first) * np.clip((np.arange(WEEKS) - begins) / length, 0, 1)


@pytest.mark.parametrize(("use", "kind"), [((88, 40), Kind.ABANDONMENT), ((50, 90), Kind.TRAINING_NEED)])
@pytest.mark.parametrize("begins", [30, 40])
def test_a_burden_is_told_since_the_week_in_which_it_began(use: tuple[int, int], kind: Kind, begins: int) -> None:
    found = observed(slide(1, 2.2, begins, 6), slide(*use, begins, 10), width=60)
    assert (found.kind, found.verdict) == (kind, Verdict.HIT)
    assert found.since is not None
    assert abs(found.since - week(begins)) <= timedelta(weeks=1)


@pytest.mark.parametrize(
    ("last", "width", "verdict"),
    [
        (1.6, 20, Verdict.HIT),
        # one window may be so by chance, three are not
        (1.6, 45, Verdict.HIT),
        (1.6, 60, Verdict.BETWEEN),
        (1.2, 20, Verdict.CALM),
    ],
)
def test_windows_of_a_quarter_tell_what_one_cannot(last: float, width: float, verdict: Verdict) -> None:
    found = observed(slide(1, last, 30, 6), slide(88, 40, 30, 10), width)
    assert found.verdict is verdict


def test_a_burden_that_is_gone_is_calm_in_the_end() -> None:
    times = np.concatenate([slide(1, 2.2, 20, 6)[:-16], np.ones(16)])
    assert observed(times, slide(88, 40, 20, 10), width=60).verdict is Verdict.CALM


PLAN = """
plans:
  - {unit: town, system: arken, indicator: weekly-breadth, start: 2025-01-06, targets: [{date: 2026-12-01, value: 0.7}]}
"""


@pytest.mark.parametrize(("shown", "verdict"), [(65.0, Verdict.MET), (70.0, Verdict.BETWEEN)])
def test_nobody_hears_that_a_target_will_be_missed_beside_a_figure_that_has_reached_it(
    shown: float, verdict: Verdict
) -> None:
    signal: dict[str, Any] = {
        "unit": "u00",
        "system": "arken",
        "indicator": "weekly-breadth",
        "kind": "behind_plan",
        "also": [],
    }
    signal |= {"told": "", "urgency": 0.5, "since": week(LAST), "opened": week(LAST), "closed": None, "due": None}
    values: dict[Any, dict[str, Any]] = {("weekly-breadth", "window", "u00", "arken", week(LAST)): {"value": shown}}
    published = PublishedEvidence(
        "town", town(programme=PLAN), Evidence([signal], [], published_rows(values), {}, [], {})
    )
    (found,) = [seen for seen in observe_week(published, week(LAST)) if seen.kind is Kind.BEHIND_PLAN]
    assert found.verdict is verdict
