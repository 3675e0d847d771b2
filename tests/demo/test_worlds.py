"""Every story: the same at every call, wholly acceptable to the service, with the small units it promises."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from nytta.demo import STORIES, World, simulate, write
from nytta.ingest.events import Pseudonymiser, decode
from nytta.registry.declarations import schemas
from nytta.registry.load import load, read

from .conftest import SEED, UNTIL

Worlds = Callable[[str], World]
SINGLE = STORIES[:-1]


def digest(world: World) -> str:
    """One digest of everything a world says."""
    found = hashlib.sha256(orjson.dumps([world.registry_files, world.truth]))
    for chunk in world.batches():
        found.update(chunk)
    return found.hexdigest()


@pytest.mark.parametrize("story", SINGLE)
def test_a_world_is_the_same_at_every_call_and_another_with_another_seed(story: str) -> None:
    one = simulate(story, 7, until=UNTIL, scale=0.2)
    assert digest(one) == digest(one) == digest(simulate(story, 7, until=UNTIL, scale=0.2))
    assert digest(one) != digest(simulate(story, 8, until=UNTIL, scale=0.2))


@pytest.mark.slow
def test_a_world_is_the_same_in_another_process() -> None:
    program = (
        "import hashlib; from nytta.demo import simulate; "
        f"world = simulate('all', 7, until='{UNTIL}', scale=0.2); "
        "print(hashlib.sha256(b''.join(world.batches())).hexdigest())"
    )
    environment = {"PYTHONPATH": "services", "PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=environment,
        text=True,
    )
    here = hashlib.sha256(b"".join(simulate("all", 7, until=UNTIL, scale=0.2).batches())).hexdigest()
    assert ran.stdout.strip() == here


@pytest.mark.slow
def test_a_story_sends_the_same_events_alone_and_among_others() -> None:
    together = b"".join(simulate("all", 7, until=UNTIL, scale=0.2).batches()).splitlines()
    alone = [b"".join(simulate(s, 7, until=UNTIL, scale=0.2).batches()).splitlines() for s in SINGLE]
    assert sorted(together) == sorted(chain.from_iterable(alone))


@pytest.mark.slow
@pytest.mark.parametrize("story", SINGLE)
def test_every_event_is_accepted(story: str, world: Worlds) -> None:
    received = datetime(2026, 11, 2, 12, tzinfo=UTC)
    key = Pseudonymiser("test-1", b"a key of thirty-two bytes, no less")
    for chunk in world(story).batches():
        batch = decode(chunk, received_at=received, pseudonymise=key)
        assert not batch.rejects
        assert len(batch) == chunk.count(b"\n")


@pytest.mark.parametrize("story", STORIES)
def test_the_registry_loads_without_a_problem(story: str, world: Worlds) -> None:
    declared = [yaml.safe_load(path.read_text("utf-8")) for path in (schemas() / "indicators").glob("*.yaml")]
    files = {name: text.encode() for name, text in world(story).registry_files.items()}
    loaded = read(files, {d["id"] for d in declared}, {d["purpose"] for d in declared})
    assert loaded.problems == ()
    assert loaded.registry is not None
    for organisation in loaded.registry.organisations:
        for definition in declared:
            assert loaded.registry.approved(definition["purpose"], organisation.id, date(2026, 1, 1))


def test_the_county_has_sixty_units_of_which_two_in_five_are_small(world: Worlds) -> None:
    place = world("all").place
    staffed = [unit for home in place.organisations for unit in home.staffed]
    assert [home.country for home in place.organisations].count("NO") == 1
    assert len(place.organisations) == 5
    assert len(staffed) == 60
    assert sum(unit.small for unit in staffed) == 24
    assert len({unit.id for unit in staffed}) == 60
    assert all(unit.staff >= 12 for unit in staffed if not unit.small)


@pytest.mark.parametrize("seed", range(1, 6))
def test_small_units_form_groups_of_siblings_with_fifteen_persons(seed: int) -> None:
    for home in simulate("all", seed, until=UNTIL).place.organisations:
        grouped = [unit for group in home.groups for unit in group.units]
        assert sorted(grouped) == sorted(unit.id for unit in home.staffed if unit.small)
        for group in home.groups:
            units = [home.unit(unit) for unit in group.units]
            assert sum(unit.staff for unit in units) >= 15
            assert len({unit.parent for unit in units}) == 1


@pytest.mark.parametrize("story", SINGLE)
def test_milestones_stand_in_the_registry_and_among_the_events(
    story: str, world: Worlds, events: Callable[[str], list[dict[str, Any]]]
) -> None:
    written = yaml.safe_load(world(story).registry_files["programme.yaml"])["milestones"]
    sent = [event for event in events(story) if event["type"] == "nytta.change.milestone.v1"]
    assert written
    assert sorted((m["id"], m["what"], str(m["date"])) for m in written) == sorted(
        (e["data"]["milestone"], e["data"]["what"], e["time"][:10]) for e in sent
    )
    assert any(m["what"] in {"live", "steering_changed", "step_started"} for m in written)


def test_files_are_written_and_load(tmp_path: Path) -> None:
    world = simulate("anchoring", SEED, until=UNTIL, scale=0.2)
    count = write(world, tmp_path)
    lines = (tmp_path / "events.ndjson").read_bytes().splitlines()
    assert count == len(lines)
    assert b"\n".join(lines) + b"\n" == b"".join(world.batches())
    assert orjson.loads((tmp_path / "truth.json").read_bytes()) == world.truth
    assert load(tmp_path / "registry").problems == ()


def test_scale_multiplies_what_is_registered_and_not_persons() -> None:
    small, large = (simulate("case-system", 1, until=UNTIL, scale=scale) for scale in (0.5, 2.0))
    cases = [sum(sum(s["denominator"]) for s in w.truth["series"]["digital-intake"]) for w in (small, large)]
    assert cases[1] == pytest.approx(4 * cases[0], rel=0.05)
    assert small.truth["series"]["weekly-breadth"] == large.truth["series"]["weekly-breadth"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fairy-tale", 1, UNTIL, 80, 1.0), "there is no story"),
        (("all", 1, "2026-W60", 80, 1.0), "is no week"),
        (("all", 1, "2026-02-30", 80, 1.0), "is no week"),
        (("all", 1, UNTIL, 20, 1.0), "too few"),
        (("all", 1, UNTIL, 80, 0.0), "scale"),
        (("all", 1, UNTIL, 80, float("nan")), "scale"),
    ],
)
def test_what_makes_no_world_is_refused(arguments: tuple[str, int, str, int, float], message: str) -> None:
    story, seed, until, weeks, scale = arguments
    with pytest.raises(ValueError, match=message):
        simulate(story, seed, until=until, weeks=weeks, scale=scale)


@pytest.mark.parametrize("weeks", [60, 120])
def test_a_world_may_be_shorter_or_longer(weeks: int) -> None:
    world = simulate("all", 1, until=date(2026, 3, 1), weeks=weeks, scale=0.1)
    assert len(world.truth["weeks"]) == weeks
    assert world.truth["weeks"][-1] == "2026-W09"
    files = {name: text.encode() for name, text in world.registry_files.items()}
    assert read(files).problems == ()
    assert sum(1 for _ in world.batches()) == weeks
