"""Who is enough behind a figure: bounds, days, and what a registry may say of it."""

from __future__ import annotations

from datetime import date

import pytest

from nytta.registry.load import read
from nytta.registry.protection import (
    CitizenRules,
    HandlingRules,
    Noise,
    Protection,
    StaffRules,
    in_force,
)
from tests.organisations import SMALL_COUNTY


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StaffRules(k=4), "k: 4 is refused: give 5 or more"),
        (lambda: StaffRules(k=12, group=11), "group: 11 is refused"),
        (lambda: HandlingRules(k=4), "k: 4 is refused: give 5 or more"),
        (lambda: CitizenRules(k=2), "k: 2 is refused: give 3 or more"),
        (lambda: CitizenRules(k=9, k_sensitive=8), "k_sensitive: 8 is refused"),
        (lambda: Noise(1, 1.0), "most: 1 is refused"),
        (lambda: Noise(3, 0.5), "variance: 0.5 is refused: give 1.0 or more"),
        (lambda: Noise(2, 3.0), "variance: 3.0 is refused"),
    ],
)
def test_less_than_an_installation_may_ask_for_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_rules_hold_from_their_day_on() -> None:
    first = Protection(staff=StaffRules(k=12), valid_from=date(2026, 1, 5))
    second = Protection(staff=StaffRules(k=11), valid_from=date(2027, 1, 4))
    both = (second, first)
    assert in_force(both, date(2026, 1, 4)) == Protection()
    assert in_force(both, date(2026, 1, 5)) == first
    assert in_force(both, date(2027, 1, 3)) == first
    assert in_force(both, date(2027, 1, 4)) == second


def test_a_fingerprint_follows_the_rules_alone() -> None:
    usual = Protection()
    assert usual.fingerprint == Protection(reference="D 1", valid_from=date(2026, 1, 5)).fingerprint
    assert usual.fingerprint != Protection(staff=StaffRules(k=11)).fingerprint
    assert usual.fingerprint != Protection(citizen=CitizenRules(noise=Noise(4, 2.0))).fingerprint


def said(text: str) -> dict[str, bytes]:
    organisation = SMALL_COUNTY["organisation.yaml"].replace(
        b"  - id: county\n", f"  - id: county\n    disclosure: {text}\n".encode()
    )
    return SMALL_COUNTY | {"organisation.yaml": organisation}


def test_what_a_registry_leaves_out_is_as_usual() -> None:
    text = (
        "{reference: DPIA 2026-14, from: 2027-01-01, citizen: {k: 6, noise: {most: 4, variance: 1.5}}, "
        "handling: {most_by_one: 55 %}, staff: {k: 12}}"
    )
    registry = read(said(text)).registry
    assert registry is not None
    [rules] = registry.organisations[0].disclosure
    assert rules == Protection(
        citizen=CitizenRules(k=6, noise=Noise(4, 1.5)),
        handling=HandlingRules(most_by_one=0.55),
        staff=StaffRules(k=12),
        reference="DPIA 2026-14",
        valid_from=date(2027, 1, 1),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{reference: D, from: 2027-01-01, staff: {k: 4}}", "k: 4 is refused: give 5 or more"),
        ("{reference: D, from: 2027-01-01, citizen: {k: 5, noise: {most: 1, variance: 1}}}", "most: 1 is refused"),
        ("{reference: D, from: 2027-01-01, handling: {k: 5, group: 20}}", "group"),
        ("{from: 2027-01-01}", "reference"),
        ("[{reference: A, from: 2027-01-01}, {reference: B, from: 2027-01-01}]", "2027-01-01"),
    ],
)
def test_rules_that_cannot_be_are_problems_that_say_what_to_change(text: str, message: str) -> None:
    loaded = read(said(text))
    assert loaded.registry is None
    assert any(message in str(problem) for problem in loaded.problems), loaded.problems
