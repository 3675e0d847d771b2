"""Which places a page lists: all of a few, else a branch, from which every other place is reached by links."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.store.alerts import Evidence
from nytta.registry.registry import Registry
from nytta.registry.units import Names
from nytta.surfaces.console.branches import MOST, Branch, Way, branch, every_place, page_of
from nytta.surfaces.console.parts import Link, Refused, Speaker
from nytta.surfaces.console.readings import Reading
from tests.insight.alerts.evaluation.conftest import WEEKS, town, week
from tests.support.published import published_rows

_SAY = Speaker("en")


def grown(parents: Mapping[str, str]) -> Registry:
    """The town with these units more, by the unit above each; unit `x1` is called Unit x1."""
    registry = town()
    like = next(unit for unit in registry.units if unit.id == "u02")
    more = [replace(like, id=unit, names=Names.of(f"Unit {unit}"), parent=above) for unit, above in parents.items()]
    return replace(registry, units=(*registry.units, *more))


def reading_of(registry: Registry) -> Reading:
    """A reading in which nothing is published."""
    evidence = Evidence([], [], published_rows({}), {}, [], {})
    published = PublishedEvidence("town", registry, evidence)
    return Reading("town", published, week(WEEKS - 1), (), None, (), (), (), {}, ())


def shown(reading: Reading, places: Sequence[str], opens: str = "under", **asked: str) -> Branch:
    """What a page lists that is asked for so."""
    return branch(reading, "en", places, Way("/", {"organisation": "town"}, asked, opens))


def links_of(page: Branch) -> list[str]:
    """The addresses that a page offers."""
    assert page.guide
    ways = [*page.links.values(), page.guide.previous, page.guide.next, *(link.href for link in page.guide.above)]
    return [way for way in ways if way]


def asked_by(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items() if name != "organisation"}


def clicks(reading: Reading, places: Sequence[str]) -> dict[str, int]:
    """By how many links from the first page each place is reached."""
    reached: dict[str, int] = {}
    asked: list[dict[str, str]] = [{}]
    seen: set[str] = set()
    distance = 0
    while asked:
        following: list[dict[str, str]] = []
        for query in asked:
            page = shown(reading, places, **query)
            assert len(page.places) <= MOST + 1
            for place in page.places:
                reached.setdefault(place, distance)
            fresh = [address for address in links_of(page) if address not in seen]
            seen.update(fresh)
            following += [asked_by(address) for address in fresh]
        asked, distance = following, distance + 1
    return reached


def places_of(reading: Reading) -> list[str]:
    """Every place of the organisation, in tree order."""
    return reading.published.places(reading.day)


def flat(number: int) -> dict[str, str]:
    """So many units directly below the organisation."""
    return {f"x{n}": "town" for n in range(number)}


def deep(number: int, width: int) -> dict[str, str]:
    """So many units, `width` below each."""
    return {f"x{n}": "town" if n < width else f"x{(n - width) // width}" for n in range(number)}


def chance(number: int, seed: int) -> dict[str, str]:
    """So many units, each below one that came before it."""
    drawn = random.Random(seed)
    parents: dict[str, str] = {}
    for n in range(number):
        parents[f"x{n}"] = drawn.choice(["town", *parents])
    return parents


def test_a_few_places_are_all_listed() -> None:
    reading = reading_of(grown(flat(MOST - len(places_of(reading_of(town()))))))
    places = places_of(reading)
    assert len(places) == MOST
    assert shown(reading, places) == every_place(places)
    assert shown(reading, places, under="x1", find="nothing", page="x") == every_place(places)


@pytest.mark.parametrize(
    ("parents", "most"),
    [
        (flat(2_000), 20),
        (deep(2_000, 12), 3),
        (deep(400, 1), 4),
        *((chance(700, seed), 20) for seed in range(5)),
    ],
    ids=["flat", "deep", "chain", *(f"chance {seed}" for seed in range(5))],
)
def test_every_place_is_reached_by_links(parents: Mapping[str, str], most: int) -> None:
    reading = reading_of(grown(parents))
    places = places_of(reading)
    reached = clicks(reading, places)
    assert set(reached) == {*places}
    assert max(reached.values()) <= most
    found = shown(reading, places, find="unit x699" if "x699" in places else "unit x399")
    assert len(found.places) >= 1


@pytest.mark.parametrize("parents", [flat(300), deep(300, 7), chance(300, 9)], ids=["flat", "deep", "chance"])
def test_what_is_said_is_what_is_listed(parents: Mapping[str, str]) -> None:
    reading = reading_of(grown(parents))
    places = places_of(reading)
    opened = [place for place in places if any(above == place for above in {**parents, "small": "town"}.values())]
    for place in opened:
        page = shown(reading, places, under=place)
        assert page.guide
        below = {
            other
            for other in places
            if place in {unit.id for unit in reading.registry.ancestors(reading.published.member(other), reading.day)}
        }
        name = reading.unit_names(place).text("en")
        assert page.guide.sentence == (
            f"The lists hold {name} and {len(page.places) - 1} of {len(below)} units and groups below."
        )
        assert {*page.places} <= below | {place}
        assert list(page.places) == [other for other in places if other in page.places]
        if page.guide.pages == 1:
            unlisted = {other for group in page.unlisted.values() for other in group}
            assert unlisted == below - {*page.places}
        for other, link in ((other, page.below(other, _SAY)) for other in page.places):
            assert (link is None) == (other not in page.unlisted)
            assert link is None or link.text == f"{len(page.unlisted[other])} below"


def test_a_unit_without_any_below_is_shown_among_those_beside_it() -> None:
    reading = reading_of(grown(flat(500)))
    page = shown(reading, places_of(reading), under="x450")
    assert "x450" in page.places
    assert page.guide
    assert page.guide.page == 5
    assert asked_by(page.guide.previous) == {"under": "x450", "page": "4"}
    assert "x450" not in shown(reading, places_of(reading), **asked_by(page.guide.previous)).places


def test_a_name_is_found_on_pages() -> None:
    reading = reading_of(grown(flat(1_200)))
    places = places_of(reading)
    wanted = [place for place in places if "x1" in place]
    listed: list[str] = []
    asked: dict[str, str] = {"find": "UNIT X1"}
    while asked:
        page = shown(reading, places, **asked)
        assert page.guide
        assert f" of {len(wanted)} " in page.guide.sentence
        assert page.guide.find == "UNIT X1"
        listed += page.places
        asked = asked_by(page.guide.next) if page.guide.next else {}
    assert listed == wanted
    nothing = shown(reading, places, find="nobody")
    assert nothing.places == ()
    assert nothing.guide
    assert nothing.guide.sentence == "No unit or group has “nobody” in its name."


def test_of_two_branches_that_are_seen_both_are_listed() -> None:
    """Somebody with two departments sees neither the organisation above them nor others beside them."""
    parents = {"a": "town", "b": "town", "c": "town"}
    parents |= {f"x{n}": "abc"[n % 3] for n in range(300)} | {f"y{n}": f"x{n}" for n in range(30)}
    reading = reading_of(grown(parents))
    own = {"a", *(unit.id for unit in reading.registry.descendants("a", reading.day))}
    own |= {unit.id for unit in reading.registry.descendants("b", reading.day)}
    places = [place for place in places_of(reading) if place in own]
    assert set(clicks(reading, places)) == own
    page = shown(reading, places)
    assert page.guide
    assert page.guide.sentence.startswith(f"The lists hold {len(page.places)} of {len(places)} units")
    with pytest.raises(Refused) as refused:
        shown(reading, places, under="c")
    assert refused.value.status == 404


def test_a_group_stands_among_the_units_beside_its_members() -> None:
    parents = flat(50) | {f"y{n}": "tiny" for n in range(60)}
    reading = reading_of(grown(parents))
    places = places_of(reading)
    page = shown(reading, places)
    assert "small" in page.places
    assert {*page.unlisted["small"]} == {f"y{n}" for n in range(60)}
    assert {*shown(reading, places, under="small").places} == {"small", *page.unlisted["small"]}


@pytest.mark.parametrize(("asked", "status"), [({"under": "nowhere"}, 404), ({"page": "x"}, 400)])
def test_what_is_not_there_is_refused(asked: dict[str, str], status: int) -> None:
    reading = reading_of(grown(flat(300)))
    with pytest.raises(Refused) as refused:
        shown(reading, places_of(reading), **asked)
    assert refused.value.status == status


def test_a_list_of_links_has_pages() -> None:
    links = [Link(f"Unit {n}", f"/units/x{n}") for n in range(250)]

    def page(**asked: str) -> Any:
        return page_of(links, _SAY, Way("/units/town", {"organisation": "town"}, asked))

    listed = [link for number in ("1", "2", "3") for link in page(page=number)[0]]
    assert listed == links
    _, guide = page(page="3")
    assert guide.sentence == "The list holds 50 of 250 units."
    assert (guide.previous, guide.next) == ("/units/town?organisation=town&page=2#units", "")
    assert page(page="99")[0] == page(page="3")[0]
    assert page_of(links[:MOST], _SAY, Way("/units/town", {}, {})) == (tuple(links[:MOST]), None)
