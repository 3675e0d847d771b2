"""What is missing for an indicator is said; what is there is enough."""

from __future__ import annotations

import pytest

from nytta.indicators.load import load
from nytta.indicators.subjects import SUBJECTS
from nytta.indicators.supports import support
from nytta.registry import declarations

DEFINITIONS = {d.id: d for d in load(declarations.schemas() / "indicators").definitions}
CASES = {"case": 1.0, "case.opened": 1.0, "case.closed": 1.0, "case:channel": 0.4, "case:actor": 0.9}


@pytest.mark.parametrize(
    ("indicator", "evidence", "missing"),
    [
        ("digital-intake", CASES, ()),
        ("lead-time", CASES, ()),
        ("rework", CASES, ("case.returned",)),
        ("digital-intake", {"case": 1.0}, ("channel of case",)),
        ("intended-use", CASES, ("intended of case or steps that mean intended use in the registry",)),
        ("intended-use", CASES | {"registry:intended": 1.0}, ()),
        ("weekly-breadth", CASES, ("people.*",)),
        ("weekly-breadth", CASES | {"people.eligibility": 1.0}, ()),
        ("entitlement", {"people": 1.0, "people.eligibility": 1.0}, ("access of people.eligibility",)),
        ("entitlement", {"people": 1.0, "people.eligibility": 1.0, "people.eligibility:access": 0.1}, ()),
        ("habit", CASES | {"people": 1.0, "people.eligibility": 1.0}, ()),
        ("self-service", {"ticket": 1.0}, ("ticket.selfservice",)),
        ("reassignment", {}, ("ticket.*",)),
        ("tickets-per-100", {"people.eligibility": 1.0}, ("ticket.*",)),
        ("end-to-end", CASES | {"case.step:mode": 0.94}, ("end_to_end of case.closed on more than 94%",)),
        ("end-to-end", CASES | {"case.step:mode": 0.95}, ()),
        ("enrolment", {"platform": 1.0, "platform.enrolled": 1.0}, ("planned workplaces in the registry",)),
        (
            "pulse-managers",
            {"change.pulse": 1.0, "change.pulse:tier": 1.0},
            ("people.*",),
        ),
    ],
)
def test_what_is_missing(indicator: str, evidence: dict[str, float], missing: tuple[str, ...]) -> None:
    assert sorted(support(DEFINITIONS[indicator], evidence).missing) == sorted(missing)


def test_nothing_supports_nothing_and_every_need_is_of_a_column() -> None:
    assert all(support(d, {}).missing for d in DEFINITIONS.values())
    for subject in SUBJECTS.values():
        assert subject.needs.keys() <= subject.columns.keys()
