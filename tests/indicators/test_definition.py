"""What an indicator counts and whom it protects, from the words of its definition."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nytta.indicators.definition import Definition, Protects, Side
from nytta.indicators.load import load
from nytta.registry import declarations

CATALOGUE = {d.id: d for d in load(declarations.schemas() / "indicators").definitions}


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        ("count()", "1"),
        ("countIf(channel IN ('web', 'app'))", "channel IN ('web', 'app')"),
        ("sum(handovers)", "(handovers) != 0"),
        ("sumIf(handovers, channel = 'a,b' OR steps > 1)", "(handovers) != 0 AND (channel = 'a,b' OR steps > 1)"),
        ("quantileExact(0.5)(steps)", "1"),
        ("countIf(steps > 1) + countIf(returns > 0)", "1"),
        ("round(sumIf(steps, returns > 0) / 1000)", "1"),
    ],
)
def test_a_record_counts_where_it_is_counted_or_adds(value: str, condition: str) -> None:
    side = Side.model_validate({"subject": "case", "period": {"at": "opened_at"}, "value": value})
    assert side.counted == condition


def test_of_persons_whose_number_is_an_estimate_the_eligible_ones_count() -> None:
    assert CATALOGUE["weekly-breadth"].denominator.counted == "eligible"


def test_whose_hand_a_measured_step_is() -> None:
    hands = {id_: d.hand_column for id_, d in CATALOGUE.items() if d.protects is Protects.HANDLING}
    assert hands == {
        "intended-use": "hand_intended",
        "fallback": "hand_route",
        "first-contact-resolution": "hand_resolved",
        **dict.fromkeys(("rework", "end-to-end", "lead-time", "handovers", "reassignment"), "hand"),
    }


def changed(id_: str, **fields: Any) -> dict[str, Any]:
    body = CATALOGUE[id_].model_dump(mode="json")
    return body | fields


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (changed("digital-intake", protects="staff"), "needs a side or a `population` of persons"),
        (changed("entitlement", protects="citizen"), "needs a side of cases or tickets"),
        (changed("pulse-staff", protects="citizen"), "needs a side of cases or tickets"),
        (changed("entitlement", protects="official-act"), "say whom it protects"),
        (changed("digital-intake", protects="official-act"), "say whom it protects"),
        (changed("digital-intake", hand="most"), "where handling is protected, and only there"),
        (changed("rework", hand=None), "where handling is protected, and only there"),
        (changed("rework", hand="step"), "needs a measured step"),
        (changed("rework", protects="public"), "protects"),
    ],
)
def test_a_class_that_an_indicator_cannot_have_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Definition.model_validate(body)
