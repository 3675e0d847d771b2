"""CONTRIBUTING's recipes followed to the letter: an indicator in one file, a story in one file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta import demo
from nytta.indicators.load import derived, load, purposes
from nytta.indicators.page import page
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.ingest.events import Pseudonymiser, decode
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.load import load as load_registry
from tests.organisations import small_county
from tests.rows import NOW, event, table

INDICATOR = """
id: reopened
code: S6
version: 1
family: support
kind: share
title: {sv: "Återöppnade", nb: "Gjenåpnede", en: "Reopened"}
question:
  sv: "Hur stor del av de lösta ärendena öppnades igen?"
  nb: "Hvor stor andel av de løste sakene ble åpnet igjen?"
  en: "What share of the resolved tickets was opened again?"
pitfalls: {sv: "Få ärenden.", nb: "Få saker.", en: "Few tickets."}
direction: down
protects: citizen
numerator: {subject: ticket, period: {at: resolved_at}, value: countIf(reopened > 0)}
denominator: {subject: ticket, period: {at: resolved_at}, value: count()}
display: {window: 13}
purpose: support-need
"""

STORY = '''
"""An office begins to use a calendar."""

from nytta.demo.layout import Department, organisation
from nytta.demo.people import PeopleFeed
from nytta.demo.place import Milestone, Place, System
from nytta.demo.change import NoteFeed, milestone_notes
from nytta.demo.scene import scene
from nytta.demo.sessions import App, UseFeed
from nytta.demo.staff import acting, breadth, ramp, staff
from nytta.demo.world import Part

SYSTEM = "kalender"


def small_office(seed, span, scale):
    """The story."""
    home = organisation(seed, "kontoret", "Kontoret", "SE", (Department("a", "A", ("ett: Ett",)),), type="kontor")
    here, live = scene(seed, home, span, scale), span.at(0.25)
    people = [staff(here, unit) for unit in home.staffed]
    acts = [acting(here, one, ramp(span, live, 0.8), SYSTEM) for one in people]
    systems = {unit.id: [(SYSTEM, "medarbetare", span.monday(0))] for unit in home.staffed}
    stones = (Milestone("start", "live", span.monday(live), "Kalendern i drift", SYSTEM, home.id),)
    place = Place((home,), (System(SYSTEM, "Kalender", {home.id: span.monday(live)}),), stones)

    def feeds():
        return [
            NoteFeed(here, milestone_notes(stones)),
            PeopleFeed(here, people, systems),
            UseFeed(here, "kalender/bruk", App(SYSTEM, "kalender", ("bokning",), often=0.4), people, acts),
        ]

    series = [breadth(p, a, SYSTEM) for p, a in zip(people, acts, strict=True)]
    return Part(here.calendar, place, feeds, {"live": span.label(live), "series": {"weekly-breadth": series}})
'''


def test_an_indicator_in_one_file(tmp_path: Path, store: PrivateStore) -> None:
    (tmp_path / "reopened.yaml").write_text(INDICATOR, "utf-8")
    found = load(tmp_path, purposes(declarations.schemas() / "purposes.yaml"))
    assert found.problems == ()
    small_county(store.connection)
    save_definitions(store, found.definitions)
    events = [
        event(1, "ticket.opened", "02-02", "t1"),
        event(2, "ticket.resolved", "02-03", "t1"),
        event(3, "ticket.reopened", "02-03T15", "t1"),
        event(4, "ticket.resolved", "02-04", "t1"),  # while it is reopened, it is not resolved
        event(5, "ticket.resolved", "02-04", "t2"),
    ]
    store.write(table(events), [], seal=bytes, received_at=NOW)
    recompute(store, found.definitions)
    (row,) = read_values(store, ValueQuery("week", "reopened", "north"))
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 2, 0.5)
    assert "### `reopened` (S6)" in page(found.definitions, derived(declarations.schemas() / "derived.yaml"))


@pytest.fixture
def small_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], demo.World]:
    """The story's file beside the others, and its line in the table of stories."""
    path = tmp_path / "small_office.py"
    path.write_text(STORY, "utf-8")
    spec = importlib.util.spec_from_file_location("small_office", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(demo._PARTS, "small-office", module.small_office)
    monkeypatch.setattr(demo, "STORIES", (*demo.STORIES, "small-office"))
    return lambda: demo.simulate("small-office", 1, until="2026-W20", weeks=60)


def test_a_story_in_one_file(small_office: Callable[[], demo.World], tmp_path: Path) -> None:
    world = small_office()
    assert b"".join(world.batches()) == b"".join(small_office().batches())
    demo.write(world, tmp_path / "out")
    loaded = load_registry(tmp_path / "out" / "registry")
    assert loaded.registry is not None, loaded.problems
    assert [m.id for m in loaded.registry.milestones] == ["start"]
    lines = (tmp_path / "out" / "events.ndjson").read_bytes()
    read = decode(lines, received_at=datetime(2027, 1, 1, tzinfo=UTC), pseudonymise=Pseudonymiser("k1", bytes(32)))
    assert not read.rejects
    (series,) = world.truth["series"]["weekly-breadth"]
    assert series["numerator"][-1] > 0.5 * series["denominator"][-1]
