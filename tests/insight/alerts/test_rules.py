"""Where the lines lie that the stories' alerts are drawn by."""

from __future__ import annotations

import pytest

from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Verdict
from nytta.insight.alerts.rules import decision_stuck, not_anchored, not_moved, ready_not_used, support

H, B, C, U = Verdict.HIT, Verdict.BETWEEN, Verdict.CALM, Verdict.UNUSABLE


@pytest.mark.parametrize(
    ("activated", "planned", "live", "expected"),
    [(59, 100, True, H), (60, 100, True, C), (0, 100, False, U), (0, 0, True, U), (0, 1, True, H)],
)
def test_not_moved(activated: int, planned: int, live: bool, expected: Verdict) -> None:
    assert not_moved(activated, planned, live=live) is expected


@pytest.mark.parametrize(
    ("acknowledged", "units", "weeks", "expected"),
    [(3, 11, 9, H), (3, 11, 4, B), (3, 11, 5, H), (11, 11, 30, C), (0, 0, 9, U)],
)
def test_decision_stuck(acknowledged: int, units: int, weeks: int, expected: Verdict) -> None:
    assert decision_stuck(acknowledged, units, weeks) is expected


@pytest.mark.parametrize(
    ("ready", "use", "expected"),
    [(80, 39, H), (79, 39, B), (80, 40, C), (None, 10, U), (90, None, U), (20, 70, C)],
)
def test_ready_not_used(ready: int | None, use: int | None, expected: Verdict) -> None:
    assert ready_not_used(ready, use, 80) is expected


@pytest.mark.parametrize(
    ("low", "peers", "change", "latest", "expected"),
    [
        (40.0, 30.0, -10, 2.0, (Kind.ABANDONMENT, H)),
        (40.0, 30.0, 10, 1.0, (Kind.TRAINING_NEED, H)),
        (40.0, 30.0, -9, 2.0, (Kind.ABANDONMENT, B)),
        (39.0, 30.0, -30, 1.3, (Kind.ABANDONMENT, C)),
        (39.0, 30.0, -30, 1.4, (Kind.ABANDONMENT, B)),
        (None, 30.0, -30, 2.0, (Kind.ABANDONMENT, U)),
        (40.0, 0.0, 30, 2.0, (Kind.TRAINING_NEED, U)),
    ],
)
def test_support(
    low: float | None, peers: float | None, change: int, latest: float, expected: tuple[Kind, Verdict]
) -> None:
    assert support(low, peers, change, latest) == expected


@pytest.mark.parametrize(
    ("managers", "started", "expected"), [(79, True, H), (79, False, B), (80, True, C), (None, True, U)]
)
def test_not_anchored(managers: int | None, started: bool, expected: Verdict) -> None:
    assert not_anchored(managers, 80, staff_started=started) is expected
