"""The attack finds nothing behind the gate, and everything behind primary suppression alone."""

from __future__ import annotations

import pytest

from nytta.disclosure.rules import K
from tests.attack.algebra import Span
from tests.attack.attack import exact, reading
from tests.attack.published import Population, primary, publish
from tests.attack.world import world


@pytest.mark.parametrize("population", ["staff", "cases"])
def test_no_group_is_determined(population: Population) -> None:
    out = publish(world(3, units=9, weeks=12), population)
    report = exact(out)
    assert report.breaches == []
    assert report.targets > 20
    assert out.shown > 50


@pytest.mark.parametrize("population", ["staff", "cases"])
def test_primary_suppression_alone_is_broken(population: Population) -> None:
    report = exact(publish(world(3, units=9, weeks=12), population, primary))
    found = {breach.how.split()[0] for breach in report.breaches}
    assert {"hidden", "late", "solved"} <= found
    assert all(0 < breach.count < K for breach in report.breaches)


def test_readers_of_the_open_zone_are_left_in_doubt() -> None:
    report = reading(publish(world(3, units=9, weeks=12), "staff"), sample=24)
    assert report.targets > 5
    assert report.breaches == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(20, 26))
@pytest.mark.parametrize("population", ["staff", "cases"])
def test_half_a_year_of_larger_organisations(seed: int, population: Population) -> None:
    out = publish(world(seed, units=60 if population == "staff" else 14, weeks=26), population)
    assert exact(out).breaches + reading(out, seed=seed).breaches == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_publishing_once_tells_what_publishing_weekly_told() -> None:
    """Where nothing comes late, the ledger at the end does not depend on how often it was published."""
    place = world(5, units=10, weeks=16, late=False)
    weekly, once = publish(place, "cases"), publish(place, "cases", every=16)
    for grain, told in once.books[-1].items():
        assert (told.shown == weekly.books[-1][grain].shown).all()
        assert (told.ledger == weekly.books[-1][grain].ledger).all()


def test_a_span_solves_what_can_be_solved() -> None:
    counts = dict.fromkeys("abcd", 4)
    span = Span([{"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 1}, {"c": 1, "d": 1}], counts)
    assert span.gives({"a": 1})
    assert not span.gives({"b": 1})
    assert span.gives({"a": 1, "b": 1, "c": 1})
    assert not span.gives({"a": 1, "d": 1})
    assert 4 in {n for n, _ in span.solved()}
